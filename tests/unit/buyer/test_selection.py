"""Selecting products (rules 124 to 126)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.buyer.conftest import MakePlatform, Platform

AUCTION = {"northstar": {"rate_card": {}, "products": [
    {"id": "fixed", "channels": ["display"], "pricing": [{"model": "cpm", "price": 5}]},
    {"id": "auction", "channels": ["display"], "pricing": [{"model": "cpm", "floor": 2}]},
    {"id": "both", "channels": ["display"], "pricing": [
        {"model": "cpm", "price": 5, "id": "set"}, {"model": "cpm", "floor": 2, "id": "bid"},
    ]},
]}}  # fmt: skip


def row(product: str, **fields: Any) -> dict[str, Any]:
    return {
        "productId": product,
        "salesAgentId": "northstar",
        "groupId": "group-0",
        "groupName": "Northstar Media",
        **fields,
    }


def session(make_platform: MakePlatform, budget: float | None = 1000) -> tuple[Platform, dict[str, str]]:
    platform = make_platform(sellers=AUCTION)
    fields = {} if budget is None else {"budget": budget}
    found = platform.discover(platform.advertiser(), salesAgentIds=["northstar"], **fields)
    return platform, {"discoveryId": found["discoveryId"]}


def test_a_bid_is_needed_where_the_price_is_not_fixed(make_platform: MakePlatform) -> None:  # rule 124
    platform, path = session(make_platform)
    error = platform.error("add_discovery_products", {"products": [row("fixed"), row("auction")]}, path)
    assert (error["code"], error["field"]) == ("VALIDATION_ERROR", "products[1].bidPrice")
    assert platform.call("list_discovery_products", path=path)["totalProducts"] == 0
    low = platform.error("add_discovery_products", {"products": [row("auction", bidPrice=1.99)]}, path)
    assert low["field"] == "products[0].bidPrice"
    added = platform.call("add_discovery_products", {"products": [row("auction", bidPrice=2)]}, path)
    assert added["products"][0]["bidPrice"] == 2


def test_a_fixed_price_takes_no_bid(make_platform: MakePlatform) -> None:  # rule 124
    platform, path = session(make_platform)
    added = platform.call("add_discovery_products", {"products": [row("fixed", bidPrice=9)]}, path)
    assert added["products"][0]["bidPrice"] is None


def test_the_pricing_option_decides_whether_a_bid_is_needed(make_platform: MakePlatform) -> None:  # C19
    platform, path = session(make_platform)
    body = {"products": [row("both", pricingOptionId="bid")]}
    assert platform.error("add_discovery_products", body, path)["field"] == "products[0].bidPrice"
    assert platform.call("add_discovery_products", {"products": [row("both")]}, path)["totalProducts"] == 1
    wrong = {"products": [row("both", pricingOptionId="other")]}
    assert platform.error("add_discovery_products", wrong, path)["field"] == "products[0].pricingOptionId"


@pytest.mark.parametrize("field", ["productId", "salesAgentId", "groupId", "groupName"])
def test_four_fields_are_required(make_platform: MakePlatform, field: str) -> None:  # rule 125
    platform, path = session(make_platform)
    wanted = row("fixed")
    del wanted[field]
    error = platform.error("add_discovery_products", {"products": [wanted]}, path)
    assert (error["code"], error["field"]) == ("VALIDATION_ERROR", f"products[0].{field}")


def test_a_product_that_was_not_offered_is_refused(make_platform: MakePlatform) -> None:
    platform, path = session(make_platform)
    error = platform.error("add_discovery_products", {"products": [row("made_up")]}, path)
    assert error["field"] == "products[0].productId"
    other = {"products": [{**row("fixed"), "salesAgentId": "harbor"}]}
    assert platform.error("add_discovery_products", other, path)["code"] == "VALIDATION_ERROR"


def test_adding_gives_the_whole_selection_and_what_is_left(make_platform: MakePlatform) -> None:  # 125, 126
    platform, path = session(make_platform)
    platform.call("add_discovery_products", {"products": [row("fixed", budget=300)]}, path)
    platform.advance("1h")
    added = platform.call("add_discovery_products", {"products": [row("both", budget=250.5)]}, path)
    assert [r["productId"] for r in added["products"]] == ["fixed", "both"]
    assert added["products"][0]["selectedAt"] < added["products"][1]["selectedAt"]
    assert added["products"][1]["groupName"] == "Northstar Media"
    assert added["budgetContext"] == {"sessionBudget": 1000, "allocatedBudget": 550.5, "remainingBudget": 449.5}
    assert platform.call("list_discovery_products", path=path) == added


def test_adding_again_changes_the_selection(make_platform: MakePlatform) -> None:  # rule 126
    platform, path = session(make_platform)
    platform.call("add_discovery_products", {"products": [row("fixed", budget=300)]}, path)
    added = platform.call("add_discovery_products", {"products": [row("fixed", budget=1200)]}, path)
    assert added["totalProducts"] == 1
    assert added["budgetContext"]["remainingBudget"] == -200


def test_a_session_without_a_budget_has_nothing_left_to_tell(make_platform: MakePlatform) -> None:  # rule 126
    platform, path = session(make_platform, budget=None)
    added = platform.call("add_discovery_products", {"products": [row("fixed", budget=300)]}, path)
    assert added["budgetContext"] == {"sessionBudget": None, "allocatedBudget": 300, "remainingBudget": None}


def test_products_are_removed_together_or_not_at_all(make_platform: MakePlatform) -> None:
    platform, path = session(make_platform)
    platform.call("add_discovery_products", {"products": [row("fixed"), row("both")]}, path)
    body = {"productIds": ["fixed", "auction"]}
    error = platform.error("remove_discovery_products", body, path)
    assert (error["code"], error["field"]) == ("NOT_FOUND", "productIds[1]")
    left = platform.call("remove_discovery_products", {"productIds": ["fixed"]}, path)
    assert [r["productId"] for r in left["products"]] == ["both"]


def test_what_is_removed_leaves_the_draft_too(make_platform: MakePlatform) -> None:  # rules 72 and 74
    platform, path = session(make_platform)
    platform.call("add_discovery_products", {"products": [row("fixed"), row("both")]}, path)
    campaign = platform.campaign("1", discoveryId=path["discoveryId"])
    platform.call("add_discovery_products", {"products": [row("both", budget=77)]}, path)
    platform.call("remove_discovery_products", {"productIds": ["fixed"]}, path)
    platform.call("execute_campaign", {}, {"campaignId": campaign})
    packages = platform.messages("create_media_buy")[0]["packages"]
    assert [(p["product_id"], p["budget"]) for p in packages] == [("both", 77)]


def test_a_draft_without_products_is_archived(make_platform: MakePlatform) -> None:
    platform, path = session(make_platform)
    platform.call("add_discovery_products", {"products": [row("fixed")]}, path)
    campaign = {"campaignId": platform.campaign("1", discoveryId=path["discoveryId"])}
    platform.call("remove_discovery_products", {"productIds": ["fixed"]}, path)
    assert [b["status"] for b in platform.call("get_campaign", path=campaign)["mediaBuyRefs"]] == ["ARCHIVED"]
