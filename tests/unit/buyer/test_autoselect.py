"""auto_select_products through the door (rules 46, 129 and 130)."""

from __future__ import annotations

from typing import Any

from tests.unit.buyer.conftest import MakePlatform, Platform

GOALS = {"optimizationGoals": [{"kind": "metric", "metric": "clicks"}]}


def campaign(platform: Platform, **fields: Any) -> dict[str, str]:
    constraints = {"channels": ["display", "olv", "ctv"]}
    body = {"performanceConfig": GOALS, "constraints": constraints, **fields}
    return {"campaignId": platform.campaign(platform.advertiser(), **body)}


def select(platform: Platform, path: dict[str, str], **body: Any) -> dict[str, Any]:
    return platform.call("auto_select_products", body, path)


def test_products_are_chosen_and_the_media_budget_is_shared_out(platform: Platform) -> None:  # rules 56 and 129
    path = campaign(platform)
    answer = platform.call("auto_select_products", path=path)  # C4: the body may be left out
    rows, budget = answer["selectedProducts"], answer["budgetContext"]
    assert answer["productCount"] == len(rows) == 5
    assert set(rows[0]) >= {"productId", "salesAgentId", "budget", "cpm", "pricingOptionId", "groupId", "groupName"}
    assert answer["selectionMethod"] == "scoring"
    assert answer["selectionRationale"]
    total = round(sum(row["budget"] for row in rows), 6)
    assert (budget["campaignBudget"], budget["totalAllocated"], budget["currency"]) == (10_000, total, "USD")
    assert budget["remainingBudget"] == round(10_000 - total, 6)
    assert total <= 9_200
    assert answer["testBudgetPerProduct"] > 0


def test_what_is_selected_replaces_what_was(platform: Platform) -> None:  # rule 129
    path = campaign(platform)
    first = select(platform, path)
    second = select(platform, path, maxProducts=2)
    assert first["productCount"] > second["productCount"] == 2
    listed = platform.call("list_discovery_products", path={"discoveryId": second["discoveryId"]})
    assert [r["productId"] for r in listed["products"]] == [r["productId"] for r in second["selectedProducts"]]
    platform.call("execute_campaign", {}, path)
    bought = [p["product_id"] for m in platform.messages("create_media_buy") for p in m["packages"]]
    assert sorted(bought) == sorted(r["productId"] for r in second["selectedProducts"])


def test_the_least_budget_is_a_floor(platform: Platform) -> None:  # rule 130
    answer = select(platform, campaign(platform), minBudgetPerProduct=4_000)
    assert answer["productCount"] == 2
    assert all(row["budget"] >= 4_000 for row in answer["selectedProducts"])


def test_a_floor_that_the_budget_cannot_pay_selects_nothing(platform: Platform) -> None:  # rule 130
    path = campaign(platform)
    first = select(platform, path)
    error = platform.error("auto_select_products", {"minBudgetPerProduct": 20_000}, path)
    assert (error["code"], error["field"]) == ("VALIDATION_ERROR", "minBudgetPerProduct")
    listed = platform.call("list_discovery_products", path={"discoveryId": first["discoveryId"]})
    assert listed["totalProducts"] == first["productCount"]


def test_a_refinement_comes_before_the_choice(platform: Platform) -> None:  # rule 130
    item = {"scope": "product", "id": "herald_olv", "action": "omit"}
    answer = select(platform, campaign(platform), refine=[item])
    assert "herald_olv" not in [row["productId"] for row in answer["selectedProducts"]]
    assert platform.messages("get_products")[-1]["buying_mode"] == "refine"


def test_goals_are_needed(platform: Platform) -> None:  # rule 129
    advertiser = platform.advertiser()
    path = {"campaignId": platform.campaign(advertiser)}
    platform.discover(advertiser, campaignId=path["campaignId"])
    error = platform.error("auto_select_products", path=path)
    assert (error["code"], error["field"]) == ("VALIDATION_ERROR", "performanceConfig")


def test_discovered_products_are_needed(platform: Platform) -> None:  # rule 129
    path = {"campaignId": platform.campaign(platform.advertiser(), performanceConfig=GOALS)}
    error = platform.error("auto_select_products", path=path)
    assert (error["code"], error["field"]) == ("VALIDATION_ERROR", "discoveryId")


def test_a_routed_campaign_selects_by_hand(platform: Platform) -> None:  # rule 46
    path = campaign(platform, campaignType="ROUTED")
    assert platform.error("auto_select_products", path=path)["code"] == "INVALID_STATE"


def test_a_bid_is_made_where_the_price_is_not_fixed(make_platform: MakePlatform) -> None:  # rule 124
    products = [{"id": "auction", "channels": ["display"], "pricing": [{"model": "cpm", "floor": 2}]}]
    platform = make_platform(sellers={"northstar": {"products": products}}, buyer={"sellers": ["northstar"]})
    row = select(platform, campaign(platform))["selectedProducts"][0]
    assert row["bidPrice"] >= 2


def test_conversions_make_measurability_count(platform: Platform) -> None:  # rule 129
    advertiser = platform.advertiser()
    body = {"account": {"account_id": advertiser}, "event_sources": [{"event_source_id": "pixel"}]}
    platform.call("sync_event_sources", body, {"advertiserId": advertiser})
    goal = {"kind": "event", "eventSources": [{"eventSourceId": "pixel", "eventType": "purchase"}]}
    path = {
        "campaignId": platform.campaign(
            advertiser,
            performanceConfig={"optimizationGoals": [goal]},
            constraints={"channels": ["display"]},
        )
    }
    assert select(platform, path)["selectionMethod"] == "measurability"


def test_products_that_run_already_are_not_chosen_again(platform: Platform) -> None:  # rule 72
    path = campaign(platform)
    first = select(platform, path, maxProducts=1)
    platform.call("execute_campaign", {}, path)
    platform.call("update_campaign", {"budget": {"total": 30_000}}, path)
    second = select(platform, path)
    chosen = [row["productId"] for row in second["selectedProducts"]]
    assert first["selectedProducts"][0]["productId"] not in chosen
    assert second["budgetContext"]["totalAllocated"] <= 27_600 - first["budgetContext"]["totalAllocated"]
