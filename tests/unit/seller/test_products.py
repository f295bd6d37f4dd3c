"""get_products: briefs, wholesale, filters, refinement, property lists (get_products.mdx, refinement.mdx)."""

from __future__ import annotations

from typing import Any

import pytest

from agents.seller.policy.matching import match_brief, read_brief
from sandbox.core.errors import AdcpError
from sandbox.kernel.actor import Actor
from sandbox.kernel.endpoint import Endpoint, Operation
from sandbox.kernel.faults import Fault
from sandbox.protocol.dialect import AdcpDialect
from tests.unit.seller.conftest import Opener, Stage, format_ref

FOUR = {
    "placements": [
        {"channel": "ctv", "daily_opportunities": 2_000},
        {"channel": "olv", "daily_opportunities": 2_000, "countries": ["US", "CA"]},
        {"channel": "display", "daily_opportunities": 2_000},
        {"channel": "podcast", "daily_opportunities": 2_000, "countries": ["DE"]},
    ]
}


def found(world: Stage, **request: Any) -> list[str]:
    """The ids of the products that an answer has."""
    return [product["product_id"] for product in world.call("get_products", **request)["products"]]


def by_brief(world: Stage, brief: str, **filters: Any) -> list[str]:
    more = {"filters": filters} if filters else {}
    return found(world, buying_mode="brief", brief=brief, **more)


def test_one_product_is_made_of_each_placement_with_prices_and_a_forecast(stage: Opener) -> None:
    world = stage(FOUR)
    products = world.call("get_products", buying_mode="wholesale")["products"]
    assert [p["product_id"] for p in products] == ["daily_ctv", "daily_olv", "daily_display", "daily_podcast"]
    tv, display = products[0], products[2]
    assert (tv["delivery_type"], display["delivery_type"]) == ("guaranteed", "non_guaranteed")
    assert [option["pricing_option_id"] for option in display["pricing_options"]] == ["cpm_fixed", "cpm_auction"]
    [point] = tv["forecast"]["points"]
    assert point["metrics"]["impressions"]["mid"] == pytest.approx(60_000, rel=0.02)  # 30 days of 2,000


def test_a_brief_finds_the_channels_that_it_names_and_says_why(stage: Opener) -> None:
    world = stage(FOUR)
    assert by_brief(world, "Podcasts in Germany") == ["daily_podcast"]
    assert by_brief(world, "Premium video for tech-savvy professionals") == ["daily_ctv", "daily_olv"]
    [product] = world.call("get_products", buying_mode="brief", brief="podcast for news fans")["products"]
    assert "it runs on podcast" in product["brief_relevance"]
    assert "news" in product["brief_relevance"]


def test_a_country_of_the_brief_is_a_condition(stage: Opener) -> None:
    world = stage(FOUR)
    assert by_brief(world, "reach people in Canada") == ["daily_olv"]
    assert by_brief(world, "reach people in Japan") == []
    assert len(by_brief(world, "come and talk to us")) == 4  # the pronoun is no country


def test_a_brief_without_known_words_finds_everything_in_the_catalogues_order(stage: Opener) -> None:
    world = stage(FOUR)
    assert by_brief(world, "sell more shoes") == found(world, buying_mode="wholesale")


def test_a_channel_that_is_ruled_out_is_not_asked_for() -> None:
    assert read_brief("video, no display and less social").channels == {"olv", "ctv"}


def test_synonyms_and_plurals_count_as_the_topic(stage: Opener) -> None:
    product = stage(FOUR).seller.products["daily_ctv"]
    plain, related = (match_brief(read_brief(text), product) for text in ("shoes", "journalism and newspapers"))
    assert related.score > plain.score == 0


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"channels": ["display", "podcast"]}, ["daily_display", "daily_podcast"]),
        ({"countries": ["CA"]}, ["daily_olv"]),
        ({"delivery_type": "non_guaranteed"}, ["daily_olv", "daily_display"]),
        ({"is_fixed_price": False}, ["daily_olv", "daily_display"]),
        ({"format_ids": [format_ref("audio_standard_30s")]}, ["daily_podcast"]),
        ({"pricing_currencies": ["EUR"]}, []),
        ({"min_exposures": 100_000}, []),
        ({"budget_range": {"max": 10, "currency": "USD"}}, []),
        ({"regions": ["US-CA"]}, []),
        ({"exclusivity": "exclusive"}, []),
        ({"required_features": {"catalog_management": True}}, []),
        ({"channels": ["display"], "countries": ["DE"]}, []),
    ],
)
def test_filters_leave_exactly_what_passes_all_of_them(
    stage: Opener, filters: dict[str, Any], expected: list[str]
) -> None:
    world = stage(FOUR, min_budget=50)
    answer = world.call("get_products", buying_mode="wholesale", filters=filters)
    assert [product["product_id"] for product in answer["products"]] == expected
    excluded = answer["filter_diagnostics"]["excluded_by"]
    assert sum(entry["count"] for entry in excluded.values()) == 4 - len(expected)


def test_the_mode_decides_which_fields_a_request_must_have(stage: Opener) -> None:
    world = stage(FOUR)
    seller = world.seller
    from agents.seller.products import _check_mode

    for mode, request in (("brief", {}), ("refine", {}), ("wholesale", {"brief": "x"}), ("brief", {"refine": [1]})):
        with pytest.raises(AdcpError, match="INVALID_REQUEST"):
            _check_mode(mode, request)
    assert seller.products


def test_fields_limit_the_optional_ones(stage: Opener) -> None:
    world = stage(FOUR)
    fields = ["product_id", "name", "channels"]
    product = world.call("get_products", buying_mode="wholesale", fields=fields)["products"][0]
    assert "channels" in product
    assert "forecast" not in product
    assert "placements" not in product


# -- refinement --------------------------------------------------------------------------------------------


def refine(world: Stage, *entries: dict[str, Any]) -> dict[str, Any]:
    return world.call("get_products", buying_mode="refine", refine=list(entries))


def product(product_id: str, action: str = "include") -> dict[str, Any]:
    return {"scope": "product", "product_id": product_id, "action": action}


def test_omitting_leaves_the_rest(stage: Opener) -> None:
    answer = refine(stage(FOUR), product("daily_ctv", "omit"))
    assert [p["product_id"] for p in answer["products"]] == ["daily_olv", "daily_display", "daily_podcast"]


def test_including_and_more_like_this_give_those_and_their_kin(stage: Opener) -> None:
    answer = refine(stage(FOUR), product("daily_display"), product("daily_ctv", "more_like_this"))
    ids = [p["product_id"] for p in answer["products"]]
    assert ids[:2] == ["daily_display", "daily_ctv"]
    assert "daily_podcast" in ids  # guaranteed and on the same topics, as the television product is


def test_what_was_done_is_told_for_each_request_in_its_order(stage: Opener) -> None:
    wish = {"scope": "request", "ask": "more podcast"}
    answer = refine(stage(FOUR), product("none"), wish, product("daily_olv", "omit"))
    applied = answer["refinement_applied"]
    assert [entry["scope"] for entry in applied] == ["product", "request", "product"]
    assert [entry["status"] for entry in applied] == ["unable", "applied", "applied"]
    assert [p["product_id"] for p in answer["products"]] == ["daily_podcast"]


def test_too_many_and_doubled_refinements_are_refused(stage: Opener) -> None:
    world = stage(FOUR)
    wishes = [{"scope": "request", "ask": f"wish {n}"} for n in range(26)]
    assert world.error("get_products", buying_mode="refine", refine=wishes)["code"] == "INVALID_REQUEST"
    twice = [product("daily_ctv"), product("daily_ctv", "omit")]
    assert world.error("get_products", buying_mode="refine", refine=twice)["code"] == "INVALID_REQUEST"


# -- property lists ----------------------------------------------------------------------------------------


class ListKeeper(Actor):
    """An agent with one property list."""

    role = "governance"

    def __init__(self, world: Any, actor_id: str, domains: list[str]) -> None:
        super().__init__(world, actor_id)
        self.domains = domains
        self.endpoint = Endpoint(self, AdcpDialect(), [Operation("get_property_list", self._get)])

    def _get(self, ctx: Any, request: dict[str, Any]) -> dict[str, Any]:
        if request["list_id"] != "pl_1":
            raise AdcpError("REFERENCE_NOT_FOUND", "no such list", field="list_id")
        return {
            "status": "completed",
            "list": {"list_id": "pl_1", "name": "ours"},
            "identifiers": [{"type": "domain", "value": domain} for domain in self.domains],
            "resolved_at": "2026-05-01T00:00:00Z",
        }


def keep_list(world: Stage, *domains: str) -> dict[str, str]:
    keeper = ListKeeper(world.world, "lists", list(domains))
    world.world.add(keeper)
    world.world.ecosystem.link("lists", "seller", "authorised_for")
    return {"agent_url": world.world.network.url("lists"), "list_id": "pl_1"}


def test_a_property_list_restricts_products_to_its_domains(stage: Opener) -> None:
    world = stage(FOUR)
    ours = keep_list(world, "daily.example")
    answer = world.call("get_products", buying_mode="wholesale", property_list=ours)
    assert answer["property_list_applied"] is True
    assert len(answer["products"]) == 4


def test_a_property_list_without_our_domains_leaves_nothing_and_can_not_be_bought_on(stage: Opener) -> None:
    world = stage(FOUR)
    other = keep_list(world, "daily.example.org", "notdaily.example")
    assert found(world, buying_mode="wholesale", property_list=other) == []
    overlay = {"targeting_overlay": {"property_list": other}}
    error = world.error("create_media_buy", **world.order(package=overlay))
    assert error["field"] == "packages[0].targeting_overlay.property_list"


def test_a_property_list_in_an_overlay_reaches_the_line(stage: Opener) -> None:
    world = stage(FOUR)
    overlay = {"targeting_overlay": {"property_list": keep_list(world, "example")}}
    package = world.buy(package=overlay)["packages"][0]["package_id"]
    assert world.world.market.line(package).targeting.properties == ("daily.example",)


def test_unknown_lists_and_unreachable_keepers_are_told_apart(stage: Opener) -> None:
    world = stage(FOUR)
    ours = keep_list(world, "daily.example")
    absent = world.error("get_products", buying_mode="wholesale", property_list=ours | {"list_id": "pl_2"})
    assert absent["code"] == "REFERENCE_NOT_FOUND"
    world.world.network.set_down("lists", True)
    assert world.error("get_products", buying_mode="wholesale", property_list=ours)["code"] == "SERVICE_UNAVAILABLE"


def test_a_list_that_can_not_be_read_is_not_taken_for_an_empty_one(stage: Opener) -> None:
    world = stage()
    ours = keep_list(world, "daily.example")
    world.world.network.faults.rules.append(Fault("invalid_answer", to="lists", count=12))
    for _ in range(12):
        error = world.error("get_products", buying_mode="wholesale", property_list=ours)
        assert (error["code"], error["field"]) == ("SERVICE_UNAVAILABLE", "property_list")
        assert "breaks its schema" in error["message"]
    assert world.call("get_products", buying_mode="wholesale", property_list=ours)["products"]
