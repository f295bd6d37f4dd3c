"""The compact tools of 3.2: where they are, the feed, direct purchases and controls (task-reference/*.mdx)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.seller import compact_story
from tests.unit.seller.compact_calls import (
    BRIEF,
    bought,
    control,
    not_controlled,
)
from tests.unit.seller.compact_story import ACCOUNT, Json, accepted, finalized, refined, requested, verified
from tests.unit.seller.conftest import Opener, Stage, creative


@pytest.fixture
def world(stage: Opener) -> Stage:
    return stage(version="3.2")


# -- which tools there are -------------------------------------------------------------------------------


def test_a_whole_lifecycle_through_the_compact_tools(world: Stage) -> None:
    compact_story.negotiate_and_control(world.call, BRIEF)


def test_the_tools_are_claimed_at_3_2_only(stage: Opener) -> None:
    for version, there in (("3.0", False), ("3.1", False), ("3.2", True)):
        claims = stage(version=version).call("get_adcp_capabilities")["media_buy"]
        assert ("lifecycle_tools" in claims) is there
        assert ("proposal_refinement" in claims) is there


def test_a_compact_tool_is_an_unknown_tool_in_earlier_releases(stage: Opener) -> None:
    for version in ("3.0", "3.1"):
        world = stage(version=version)
        error = world.error("list_products") if version == "3.1" else None
        if error is not None:
            assert (error["code"], error["field"]) == ("UNSUPPORTED_FEATURE", "adcp_version")
    old = stage(version="3.1", adcp_versions=["3.0", "3.1"])
    assert old.error("list_products")["code"] == "UNSUPPORTED_FEATURE"
    assert "list_products" not in old.seller.endpoint.operations  # type: ignore[union-attr]


def test_a_request_that_names_no_release_is_served_in_the_first_that_has_the_tool(world: Stage) -> None:
    world.version = "3.0"  # sends adcp_major_version only
    assert world.call("list_products")["outcome"] == "listed"


def test_an_agent_may_do_without_the_tools_or_without_proposals(stage: Opener) -> None:
    plain = stage(version="3.2", lifecycle_tools=False)
    assert "lifecycle_tools" not in plain.call("get_adcp_capabilities")["media_buy"]
    assert plain.error("list_products")["code"] == "UNSUPPORTED_FEATURE"
    shop = stage(version="3.2", proposals=False)
    tools = shop.call("get_adcp_capabilities")["media_buy"]["lifecycle_tools"]
    assert tools == ["list_products", "buy_products", "control_media_buy"]


# -- list_products ---------------------------------------------------------------------------------------


def test_the_feed_has_pages_and_a_version_that_stays_until_something_changes(world: Stage) -> None:
    first = world.call("list_products", max_results=1)
    second = world.call("list_products", max_results=1, cursor=first["next_cursor"])
    assert [row["product_id"] for page in (first, second) for row in page["products"]] == ["daily_ctv", "daily_display"]
    assert "next_cursor" not in second
    known = {"if_feed_version": first["feed_version"], "if_pricing_version": first["pricing_version"]}
    assert "products" not in world.call("list_products", **known)
    assert world.call("list_products", **known, fields=["forecast"])["products"][0]["forecast"]["points"]
    world.do("sell_out", product="daily_display")
    changed = world.call("list_products", **known)
    assert changed["outcome"] == "listed"
    assert changed["feed_version"] != first["feed_version"]
    assert [row["product_id"] for row in changed["products"]] == ["daily_ctv"]


def test_criteria_choose_and_fields_project(world: Stage) -> None:
    criteria = {"offer_filters": {"channels": ["display"]}, "targeting_overlay": {"geo_countries": ["US"]}}
    rows = world.call("list_products", criteria=criteria, fields=["pricing_options"])["products"]
    assert [list(row) for row in rows] == [["product_id", "name", "pricing_options"]]
    assert world.call("list_products", criteria={"product_ids": ["nothing"]})["products"] == []
    assert world.call("list_products", criteria={"required_overlay_support": {"language": True}})["products"] == []
    assert (
        world.call("list_products", criteria={"offer_filters": {"format_kinds": ["image"]}})["products"][0][
            "product_id"
        ]
        == "daily_display"
    )
    error = world.error("list_products", criteria={"targeting_overlay": {"language": ["en"]}})
    assert error["field"] == "criteria.targeting_overlay.language"


# -- buy_products and control_media_buy ------------------------------------------------------------------


def test_a_direct_purchase_has_accepted_terms_like_a_negotiated_one(world: Stage) -> None:
    made = bought(world)
    proposal = verified(made["accepted_proposal"], "accepted")
    assert proposal["commercial_terms"]["purchases"][0]["pricing"]["fixed_price"] == 32
    assert world.read(made["media_buy_id"])["accepted_proposal_terms_digest"] == proposal["terms_digest"]


def test_budgets_may_be_left_to_the_total_and_must_add_up(world: Stage) -> None:
    rows: list[Json] = [
        {"product_id": "daily_ctv", "pricing_option_id": "cpm_fixed", "budget": 50},
        {"product_id": "daily_display", "pricing_option_id": "cpm_fixed"},
        {"product_id": "daily_display", "pricing_option_id": "cpm_auction", "bidding": {"max_bid": 9}},
    ]
    made = bought(world, *rows, total_budget={"amount": 150.01, "currency": "USD"})
    budgets = [p.budget_micros for p in world.seller.media_buys[made["media_buy_id"]].packages.values()]
    assert budgets == [50_000_000, 50_005_000, 50_005_000]
    feed = world.call("list_products")["feed_version"]
    told: Json = {"account": ACCOUNT, "feed_version": feed, "start_time": "asap", "end_time": "2026-05-13T00:00:00Z"}
    short: Json = {"total_budget": {"amount": 40, "currency": "USD"}, "purchases": rows}
    assert world.error("buy_products", **told, **short)["field"] == "total_budget"
    assert world.error("buy_products", **told, purchases=rows)["field"] == "purchases[1].budget"


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"feed_version": "feed_old"}, "CONFLICT", "feed_version"),
        ({"pricing_version": "prices_old"}, "CONFLICT", "pricing_version"),
        ({"budget_cap_timezone": "America/New_York"}, "UNSUPPORTED_FEATURE", "budget_cap_timezone"),
        ({"bidding": {"roas": {"value": 4, "strength": "floor"}}}, "UNSUPPORTED_FEATURE", "purchases[0].bidding.roas"),
    ],
)
def test_a_purchase_that_can_not_be_honoured_is_refused_before_anything_is_bought(
    world: Stage, changes: Json, code: str, field: str
) -> None:
    row = {"product_id": "daily_ctv", "pricing_option_id": "cpm_fixed", "budget": 200}
    told: Json = {"account": ACCOUNT, "feed_version": world.call("list_products")["feed_version"], "purchases": [row]}
    told |= {"start_time": "asap", "end_time": "2026-05-13T00:00:00Z"} | changes
    error = world.error("buy_products", **told)
    assert (error["code"], error["field"]) == (code, field)
    assert not world.seller.media_buys


def test_an_old_price_is_a_new_quote(world: Stage) -> None:
    row = {"product_id": "daily_ctv", "pricing_option_id": "cpm_fixed", "budget": 200}
    row |= {"pricing": {"pricing_option_id": "cpm_fixed", "pricing_model": "cpm", "currency": "USD", "fixed_price": 1}}
    told: Json = {"account": ACCOUNT, "feed_version": world.call("list_products")["feed_version"], "purchases": [row]}
    error = world.error("buy_products", **told, start_time="asap", end_time="2026-05-13T00:00:00Z")
    assert (error["code"], error["field"]) == ("REQUOTE_REQUIRED", "purchases[0].pricing")


def test_controls_need_the_present_revision(world: Stage) -> None:
    made = bought(world)
    control(world, made, name="Autumn")
    assert not_controlled(world, made, paused=True, revision=1)["code"] == "CONFLICT"
    assert world.read(made["media_buy_id"])["name"] == "Autumn"


def test_controls_stay_within_the_accepted_terms(world: Stage) -> None:
    row = {"product_id": "daily_ctv", "pricing_option_id": "cpm_fixed", "budget": 200}
    made = bought(world, {**row, "targeting_overlay": {"geo_countries": ["US", "CA"]}})
    package = {"package_id": made["purchase_bindings"][0]["package_id"]}
    wider = {"packages": [{**package, "targeting_overlay": {"geo_countries": ["US", "CA", "MX"]}}]}
    for changes in (
        wider,
        {"total_budget": {"amount": 201, "currency": "USD"}},
        {"packages": [{**package, "budget": 201}]},
    ):
        error = not_controlled(world, made, **changes)
        assert error["code"] == "REQUOTE_REQUIRED"
        assert error["details"]["accepted_proposal_id"] == made["accepted_proposal"]["proposal_id"]
    cleared = {"packages": [{**package, "targeting_overlay": {"geo_countries": None}}]}
    assert not_controlled(world, made, **cleared)["code"] == "REQUOTE_REQUIRED"
    control(world, made, packages=[{**package, "targeting_overlay": {"geo_countries": ["US"]}}])
    control(world, made, total_budget={"amount": 120, "currency": "USD"})
    assert world.read(made["media_buy_id"])["packages"][0]["budget"] == 120
    assert not_controlled(world, made, packages=[{**package, "budget": None}])["code"] == "UNSUPPORTED_FEATURE"


def test_a_cancellation_that_is_no_right_is_negotiated(stage: Opener) -> None:
    world = stage(version="3.2", cancellable=False)
    made = bought(world)
    assert not_controlled(world, made, canceled=True)["code"] == "NOT_CANCELLABLE"
    assert {"task": "refine_proposals", "action": "cancel", "mode": "self_serve"} in made["available_actions"]
    [ending] = refined(world.call, made["accepted_proposal"], change_kind="cancellation")["proposals"]
    assert ending["proposal_kind"] == "media_buy_cancellation"
    assert accepted(world.call, finalized(world.call, ending))["media_buy_status"] == "canceled"


def test_controls_that_a_person_decides_wait_and_are_answered_in_their_own_form(stage: Opener) -> None:
    world = stage(version="3.2", updates="manual")
    made = bought(world)
    answer = control_task(world, made, total_budget={"amount": 100, "currency": "USD"})
    world.do("approve")
    result = world.call("get_task_status", task_id=answer["task_id"], include_result=True)["result"]
    assert result["affected_package_ids"] == [made["purchase_bindings"][0]["package_id"]]
    modes = {row["action"]: row["mode"] for row in result["available_actions"]}
    assert modes["pause"] == "self_serve"


def control_task(world: Stage, buy: Json, **changes: Any) -> Json:
    told = {"account": ACCOUNT, "media_buy_id": buy["media_buy_id"], "revision": buy["revision"]}
    answer = world.call("control_media_buy", **told, **changes)
    assert answer["status"] == "submitted"
    return answer


def test_daily_and_frequency_caps_of_the_whole_buy_hold_over_all_packages(world: Stage) -> None:
    rows: list[Json] = [
        {"product_id": p, "pricing_option_id": "cpm_fixed", "budget": 400} for p in ("daily_ctv", "daily_display")
    ]
    cap = {"max_impressions": 1, "per": "individuals", "window": {"interval": 1, "unit": "campaign"}}
    made = bought(world, *rows, start_time="asap", pacing="asap", daily_budget_cap=5, frequency_cap=cap)
    ids = [row["package_id"] for row in made["purchase_bindings"]]
    for package_id, format_id in zip(ids, ("video_standard_30s", "display_300x250_image"), strict=True):
        spot = creative(f"spot-{format_id}", format_id)
        update = {"package_id": package_id, "creatives": [spot]}
        world.call("update_media_buy", account=ACCOUNT, media_buy_id=made["media_buy_id"], packages=[update])
    world.run("2026-05-04")
    spent = [world.world.market.totals(package_id).spend_micros for package_id in ids]
    reach, frequency = world.world.market.reach(ids, 0, world.world.now)
    assert sum(spent) <= 3 * 5_000_000
    assert sum(spent) > 5_000_000
    assert frequency == 1.0
    assert reach > 0
    buy = world.read(made["media_buy_id"])
    assert (buy["daily_budget_cap"], buy["budget_cap_timezone"], buy["frequency_cap"]) == (5, "UTC", cap)


def test_a_retry_brings_the_same_answer_once_more_and_buys_nothing(world: Stage) -> None:
    held = finalized(world.call, requested(world.call, BRIEF))
    told: Json = {"account": ACCOUNT, "proposal_id": held["proposal_id"], "proposal_terms_digest": held["terms_digest"]}
    first = world.call("accept_proposal", **told, idempotency_key="the-same-key-twice")
    again = world.call("accept_proposal", **told, idempotency_key="the-same-key-twice")
    assert again == {**first, "replayed": True}
    assert len(world.seller.media_buys) == 1
