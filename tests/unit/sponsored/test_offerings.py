"""Capabilities, offerings and stock of sponsored-intelligence agents (tasks/si_get_offering.mdx)."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from agents.sponsored import SponsoredConfig, generate
from agents.sponsored.catalog import Product, money, offerings_of
from agents.sponsored.config import ProductConfig
from sandbox.core.errors import InputError
from tests.unit.sponsored.stage import ANONYMOUS, SHOES, SOCKS, VERSIONS, agent

# -- capabilities --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", VERSIONS)
def test_capabilities_say_how_a_session_is_held_and_that_it_is_experimental(version: str) -> None:
    found = agent(version).call("get_adcp_capabilities")
    assert found["supported_protocols"] == ["sponsored_intelligence"]
    assert found["experimental_features"] == ["sponsored_intelligence.core"]
    block = found["sponsored_intelligence"]
    assert block["endpoint"]["preferred"] == "mcp"
    assert block["capabilities"]["commerce"] == {"acp_checkout": True}
    assert ("specialisms" in found and found["specialisms"] == ["sponsored-intelligence"]) == (version != "3.0")


def test_an_agent_without_checkout_claims_none() -> None:
    found = agent(checkout_url=None).call("get_adcp_capabilities")["sponsored_intelligence"]
    assert found["capabilities"]["commerce"] == {"acp_checkout": False}


# -- offerings -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", VERSIONS)
def test_an_offering_comes_with_price_availability_and_a_token(version: str) -> None:
    stage = agent(version)
    found = stage.call("si_get_offering", offering_id="trail_sale", context={"trace": "t-1"})
    assert found["available"] is True
    assert found["offering_id"] == found["offering"]["offering_id"] == "trail_sale"
    assert found["offering"]["price_hint"] == "from $89"
    assert found["offering"]["expires_at"] == "2026-05-20T00:00:00Z"
    assert found["offering"]["availability_status"] == "limited"
    assert found["ttl_seconds"] == 3600
    assert found["offering_token"]
    assert "matching_products" not in found
    assert found["context"] == {"trace": "t-1"}


def test_products_match_the_intent_and_name_the_variant_that_it_asks_for() -> None:
    stage = agent()
    ask = {"offering_id": "trail_sale", "include_products": True}
    found = stage.call("si_get_offering", **ask, intent="running shoe, size 14")
    assert [row["product_id"] for row in found["matching_products"]] == ["pace", "mud"]
    first = found["matching_products"][0]
    assert (first["price"], first["original_price"]) == ("$89", "$130")
    assert (first["availability_summary"], first["availability_status"]) == ("Size 14 2 left", "limited")
    assert found["matching_products"][1]["availability_status"] == "sold_out"
    assert found["sponsored_context"]["context_use"] == "comparison_set"
    few = stage.call("si_get_offering", **ask, product_limit=1)
    assert (len(few["matching_products"]), few["total_matching"]) == (1, 3)
    none = stage.call("si_get_offering", **ask, intent="cello strings")
    assert (none["matching_products"], none["total_matching"]) == ([], 0)


@pytest.mark.parametrize("intent", ["shoes for jane@acme.example", "call me at +1 (555) 010-9999"])
def test_offerings_are_looked_up_without_personal_data(intent: str) -> None:
    error = agent().error("si_get_offering", offering_id="trail_sale", intent=intent)
    assert (error["code"], error["field"]) == ("INVALID_REQUEST", "intent")


def test_an_offering_that_is_over_says_why_and_names_others() -> None:
    stage = agent()
    stage.run("19d")
    found = stage.call("si_get_offering", offering_id="trail_sale")
    assert (found["available"], found["unavailable_reason"]) == (False, "expired")
    assert found["alternative_offering_ids"] == ["socks"]
    assert "offering_token" not in found
    stage.do("end_offering", offering="socks")
    assert stage.call("si_get_offering", offering_id="socks")["unavailable_reason"] == "inactive"


def test_an_offering_is_sold_out_when_all_its_products_are() -> None:
    stage = agent(offerings=[{**SHOES, "products": [SHOES["products"][2]]}])
    assert stage.call("si_get_offering", offering_id="trail_sale")["unavailable_reason"] == "sold_out"


def test_a_token_holds_no_longer_than_its_offering() -> None:
    stage = agent(offering_ttl="30d")
    found = stage.call("si_get_offering", offering_id="trail_sale")
    assert 19 * 86_400 - 2 <= found["ttl_seconds"] <= 19 * 86_400


def test_an_unknown_offering_is_not_found() -> None:
    assert agent().error("si_get_offering", offering_id="nothing")["code"] == "REFERENCE_NOT_FOUND"
    error = agent().error("si_initiate_session", intent="Hi", identity=ANONYMOUS, offering_id="nothing")
    assert error["code"] == "REFERENCE_NOT_FOUND"


# -- settings, stock and money -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"brand": "not a domain"}, "brand"),
        ({"offerings": []}, "offerings"),
        ({"offerings": [SHOES, SHOES]}, "two offerings have the same id"),
        ({"offerings": [SHOES, {**SHOES, "id": "other"}]}, "two products have the same id"),
        ({"checkout_url": "http://acme.example"}, "checkout_url"),
        ({"session_timeout": 0}, "session_timeout"),
        ({"offerings": [{"id": "a", "title": "A", "expires": "someday"}]}, "expires"),
    ],
)
def test_settings_that_are_wrong_are_named(change: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        SponsoredConfig(**{"brand": "acme.example", "offerings": [SHOES], **change})


def test_a_product_with_variants_has_no_stock_of_its_own() -> None:
    with pytest.raises(ValidationError, match="leave stock out"):
        ProductConfig(id="a", name="A", price=1, stock=1, variants=[{"id": "b", "name": "B"}])


@pytest.mark.parametrize("given", [{"product": "none", "units": 1}, {"product": "peak", "units": -1}])
def test_a_stock_that_can_t_be_is_refused(given: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        agent().do("set_stock", **given)


def test_invented_agents_are_valid_and_follow_from_the_seed() -> None:
    made = generate(Random(3), 4)
    assert made == generate(Random(3), 4)
    assert all(SponsoredConfig(**one).offerings[0].products for one in made)


@given(st.integers(0, 10**12))
def test_a_price_is_told_to_the_cent_and_reads_back_the_same(cents: int) -> None:
    shown = money(cents * 10_000, "USD")
    assert round(float(shown.removeprefix("$").replace(",", "")) * 100) == cents


@given(st.lists(st.one_of(st.none(), st.integers(0, 50)), min_size=1, max_size=5), st.integers(0, 10))
def test_the_stock_of_a_product_is_that_of_its_variants(stocks: list[int | None], low: int) -> None:
    variants = [{"id": f"v{n}", "name": f"V {n}", "stock": stock} for n, stock in enumerate(stocks)]
    product = Product(ProductConfig(id="p", name="P", price=1, variants=variants), "o", low)
    assert product.left() == (None if None in stocks else sum(s for s in stocks if s is not None))
    assert (product.status() == "sold_out") == all(stock == 0 for stock in stocks)
    assert (product.status() == "available") == (
        0 not in stocks and (None in stocks or sum(filter(None, stocks)) > low)
    )


def test_offerings_of_a_config_are_kept_by_id() -> None:
    config = SponsoredConfig(brand="acme.example", offerings=[SHOES, SOCKS])
    made = offerings_of(config.offerings, 3)
    assert list(made) == ["trail_sale", "socks"]
    assert list(made["trail_sale"].products) == ["pace", "peak", "mud"]
