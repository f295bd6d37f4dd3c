"""Optimisation suggestions: what sales agents make of them, and how they are read (rules 8, 13, 89 and 174)."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.domain.lifecycles import LIFECYCLES
from tests.unit.buyer.conftest import MakePlatform
from tests.unit.buyer.optimised import OFTEN_CLICKED, Flight, suggested


@pytest.fixture
def running(make_platform: MakePlatform) -> Flight:
    return suggested(make_platform)


# -- the sales agent decides -----------------------------------------------------------------------------------


def test_a_seller_that_refuses_fails_the_suggestion(make_platform: MakePlatform) -> None:
    refusing = {"northstar": {"updates": {"probability_of_rejection": 1.0}}}
    platform = make_platform(publishers=OFTEN_CLICKED, sellers=refusing)
    flight = Flight(platform, optimizationApplyMode="AUTO")
    before = flight.budgets()
    platform.advance("2d4h")
    assert flight.of("northstar").status == "APPLIED_FAIL"
    assert flight.get(flight.of("northstar"))["statusError"]
    assert flight.of("summit").status == "APPLIED_FAIL", "what was not taken can't be given"
    assert flight.budgets() == before


def test_what_a_seller_did_not_take_is_placed_again_by_the_next_run(make_platform: MakePlatform) -> None:
    platform = make_platform(publishers=OFTEN_CLICKED)
    flight = Flight(platform, optimizationApplyMode="AUTO", budget={"total": 2_000, "currency": "USD"})
    before = flight.budgets()
    platform.advance("2d2h")
    platform.do("summit", "go_down")
    platform.advance("2h")
    assert flight.of("northstar").status == "APPLIED"
    assert flight.of("summit").status == "APPLIED_FAIL"
    assert sum(flight.budgets().values()) < sum(before.values())
    platform.do("summit", "come_back")
    platform.advance("2d")
    assert sum(flight.budgets().values()) == sum(before.values())


def test_a_seller_may_take_its_time(make_platform: MakePlatform) -> None:  # rule 89
    slow = {"northstar": {"updates": {"mode": "manual", "delay": "30h"}}}
    platform = make_platform(publishers=OFTEN_CLICKED, sellers=slow)
    flight = Flight(platform, optimizationApplyMode="AUTO")
    before = flight.budgets()
    platform.advance("2d4h")
    first = flight.made()
    assert [s.status for s in first] == ["INGESTED", "INGESTED"]
    platform.advance("26h")
    assert flight.made() == first, "there is no further run while one is being applied"
    assert flight.budgets() == before
    platform.advance("6h")
    assert [s.status for s in first] == ["APPLIED", "APPLIED"]
    assert sum(flight.budgets().values()) == sum(before.values())


def test_a_seller_that_refuses_later_fails_it_too(make_platform: MakePlatform) -> None:
    slow = {"northstar": {"updates": {"mode": "manual", "delay": "5h", "probability_of_rejection": 1.0}}}
    platform = make_platform(publishers=OFTEN_CLICKED, sellers=slow)
    flight = Flight(platform, optimizationApplyMode="AUTO")
    platform.advance("2d12h")
    assert [s.status for s in flight.made()] == ["APPLIED_FAIL", "APPLIED_FAIL"]


# -- the interface ---------------------------------------------------------------------------------------------


def test_a_suggestion_shows_what_it_wants_and_why(running: Flight) -> None:
    shown = running.get(running.of("summit"))
    assert set(shown) == {
        "suggestionId", "optimizerRunId", "campaignId", "mediaBuyId", "suggestionTimestamp", "modelVersion",
        "campaignSummary", "optimizationMetric", "mediaBuyScalingFactor", "mediaBuyScalingRationale",
        "productAdjustments", "bidAdjustments", "createdAt", "status", "statusReason", "statusError", "statusUpdatedAt",
    }  # fmt: skip
    assert shown["campaignSummary"] == {"name": "Spring"}
    assert shown["optimizationMetric"] == "clicks"
    assert 1 < shown["mediaBuyScalingFactor"] < 1.25
    assert shown["mediaBuyScalingRationale"].startswith("Scale up by ")
    (adjustment,) = shown["productAdjustments"]
    assert (adjustment["productId"], adjustment["action"]) == ("tribune_display", "increase")
    assert "a click costs" in adjustment["reason"]
    assert adjustment["budgetChange"] > 0


def test_the_list_is_filtered_and_paged(running: Flight) -> None:  # rule 8
    def listed(**params: str) -> dict[str, Any]:
        return running.platform.call("list_optimization_suggestions", params=params)

    chosen = running.of("summit")
    assert set(listed()["suggestions"][0]) == {
        "suggestionId", "campaignId", "mediaBuyId", "optimizationMetric", "status", "productAdjustmentCount",
        "bidAdjustmentCount", "createdAt", "statusUpdatedAt",
    }  # fmt: skip
    assert listed()["totalCount"] == 2
    assert listed(limit="1")["hasMore"]
    assert not listed(limit="1", offset="1")["hasMore"]
    assert [row["suggestionId"] for row in listed(mediaBuyId=chosen.media_buy_id)["suggestions"]] == [
        chosen.suggestion_id
    ]
    assert listed(campaignId="cmp_other")["totalCount"] == 0
    assert listed(status="HIL_WAITING", campaignId=running.path["campaignId"])["totalCount"] == 2
    assert listed(status="APPLIED")["totalCount"] == 0
    for params in ({"limit": "101"}, {"status": "LATER"}, {"limit": "0"}):
        assert running.platform.error("list_optimization_suggestions", params=params)["code"] == "VALIDATION_ERROR"


def test_customers_do_not_see_each_others_suggestions(make_platform: MakePlatform) -> None:  # rule 13
    customers = [{"name": "Acme", "principal": "acme"}, {"name": "Other", "principal": "other"}]
    platform = make_platform(publishers=OFTEN_CLICKED, buyer={"customers": customers})
    flight = Flight(platform)
    platform.advance("2d4h")
    assert platform.call("list_optimization_suggestions", customer="other")["totalCount"] == 0
    path = {"suggestionId": flight.of("summit").suggestion_id}
    for operation in ("get", "approve", "reject"):
        error = platform.error(f"{operation}_optimization_suggestion", None, path, customer="other")
        assert error["code"] == "NOT_FOUND"


def test_bids_of_auction_packages_follow_their_worth(make_platform: MakePlatform) -> None:
    goal = {"kind": "metric", "metric": "clicks", "target": {"kind": "cost_per", "value": 0.3}}
    prices = [{"model": "cpm", "floor": 1.6}]
    product = {"id": "herald_display", "channels": ["display"], "pricing": prices}
    auction = {"northstar": {"guaranteed": False, "products": [product]}}
    platform = make_platform(publishers=OFTEN_CLICKED, sellers=auction)
    flight = Flight(platform, optimizationApplyMode="AUTO", performanceConfig={"optimizationGoals": [goal]})
    live = next(buy for buy in flight.campaign.media_buys if buy.seller_id == "northstar")
    before = live.packages[0].bid_micros
    platform.advance("2d4h")
    (adjustment,) = flight.get(flight.of("northstar"))["bidAdjustments"]
    assert adjustment["bidChange"] < 0
    live = next(buy for buy in flight.campaign.media_buys if buy.seller_id == "northstar")
    assert before is not None
    assert live.packages[0].bid_micros == pytest.approx(0.8 * before)


def test_every_status_of_the_rule_is_in_the_lifecycle() -> None:  # rule 174
    names = "CREATED CREATED_FAILED INGESTED INGESTED_FAIL HIL_WAITING HIL_APPROVED HIL_REJECTED APPLIED"
    assert set(LIFECYCLES["suggestion"].states) == {*names.split(), "APPLIED_FAIL", "REJECTED", "EXPIRED"}
