"""Optimisation suggestions from their making to what becomes of them (rules 8, 13, 35, 46 and 174 to 176)."""

from __future__ import annotations

from typing import Any

import pytest

from agents.buyer.records import Campaign, Delivered, Suggestion
from sandbox.core.time import DAY_MS
from sandbox.domain.lifecycles import LIFECYCLES
from tests.unit.buyer.conftest import PUBLISHERS, MakePlatform, Platform
from tests.unit.buyer.test_creatives import banner, spot

CLICKS = {"kind": "metric", "metric": "clicks", "target": {"kind": "cost_per", "value": 3}}
OFTEN_CLICKED = {
    **PUBLISHERS,
    "tribune": {**PUBLISHERS["tribune"], "placements": [{"channel": "display", "click_rate": 0.01}]},
}


class Flight:
    """A running campaign with two display products; on that of tribune people click most."""

    def __init__(self, platform: Platform, *products: str, **fields: Any) -> None:
        self.platform = platform
        advertiser = platform.advertiser()
        sources = {"account": {"account_id": advertiser}, "event_sources": [{"event_source_id": "web"}]}
        platform.call("sync_event_sources", sources, {"advertiserId": advertiser})
        found = platform.discover(advertiser)
        platform.select(found, *(products or ("herald_display", "tribune_display")))
        goals = {"performanceConfig": {"optimizationGoals": [CLICKS]}}
        wanted = {"budget": {"total": 2_000, "currency": "USD"}, **goals, **fields}
        wanted = {name: value for name, value in wanted.items() if value is not None}
        campaign = platform.campaign(advertiser, discoveryId=found["discoveryId"], **wanted)
        self.path = {"campaignId": campaign}
        for body in (banner(), spot()):
            platform.call("create_creative", body, self.path)
        platform.call("execute_campaign", {}, self.path)

    @property
    def campaign(self) -> Campaign:
        return self.platform.buyer.campaigns[self.path["campaignId"]]

    def budgets(self) -> dict[str, int]:
        """What each sales agent's packages have, in micros."""
        live = [buy for buy in self.campaign.media_buys if buy.status == "ACTIVE"]
        return {buy.seller_id: sum(p.budget_micros for p in buy.packages) for buy in live}

    def made(self, status: str | None = None) -> list[Suggestion]:
        found = [s for s in self.platform.buyer.suggestions.values() if status in (None, s.status)]
        return [s for s in found if s.campaign_id == self.path["campaignId"]]

    def of(self, seller: str) -> Suggestion:
        """The newest suggestion for the media buy with a sales agent."""
        buys = {buy.media_buy_id for buy in self.campaign.media_buys if buy.seller_id == seller}
        return [s for s in self.made() if s.media_buy_id in buys][-1]

    def decide(self, suggestion: Suggestion, how: str = "approve", body: Any = None) -> dict[str, Any]:
        path = {"suggestionId": suggestion.suggestion_id}
        return self.platform.call(f"{how}_optimization_suggestion", body, path)

    def get(self, suggestion: Suggestion) -> dict[str, Any]:
        return self.platform.call("get_optimization_suggestion", path={"suggestionId": suggestion.suggestion_id})


def steps(platform: Platform, suggestion: Suggestion) -> list[str]:
    """The statuses that a suggestion went through."""
    return [e.data["new"] for e in platform.events("status", entity="suggestion", id=suggestion.suggestion_id)]


@pytest.fixture
def running(make_platform: MakePlatform) -> Flight:
    """A MANUAL campaign, the default, after its first suggestions; there is a run every other day."""
    platform = make_platform(publishers=OFTEN_CLICKED, buyer={"optimization": {"interval": "2d"}})
    flight = Flight(platform)
    platform.advance("3d4h")
    assert len(flight.made("HIL_WAITING")) == 2
    return flight


# -- by itself -------------------------------------------------------------------------------------------------


def test_auto_moves_the_budget_and_loses_nothing(make_platform: MakePlatform) -> None:  # rules 46 and 176
    platform = make_platform(publishers=OFTEN_CLICKED)
    flight = Flight(platform, optimizationApplyMode="AUTO")
    before = flight.budgets()
    platform.advance("6d")
    after = flight.budgets()
    assert sum(after.values()) == sum(before.values())
    assert after["summit"] > 1.4 * before["summit"]
    assert {s.status for s in flight.made()} == {"APPLIED"}
    assert steps(platform, flight.made()[0]) == ["CREATED", "INGESTED", "APPLIED"]
    live = [buy for buy in flight.campaign.media_buys if buy.seller_id == "summit"]
    assert "optimisation run_" in live[0].history[-2]["why"]  # rule 95
    assert platform.messages("update_media_buy", "summit")


def test_money_is_taken_before_it_is_given(make_platform: MakePlatform) -> None:  # rule 56
    platform = make_platform(publishers=OFTEN_CLICKED)
    Flight(platform, optimizationApplyMode="AUTO")
    platform.advance("2d4h")
    assert [e.data["to"] for e in platform.events("call", operation="update_media_buy")] == ["northstar", "summit"]


def test_the_advertisers_mode_counts_where_the_campaign_has_none(make_platform: MakePlatform) -> None:  # rule 35
    platform = make_platform(publishers=OFTEN_CLICKED)
    flight = Flight(platform)
    platform.buyer.advertisers["1"].apply_mode = "AUTO"
    platform.advance("2d4h")
    assert len(flight.made("APPLIED")) == 2


@pytest.mark.parametrize(
    ("fields", "settings"),
    [
        ({"performanceConfig": None}, {}),  # rule 176: no goals
        ({"campaignType": "ROUTED"}, {}),  # rule 46
        ({"performanceConfig": {"optimizationGoals": [{"kind": "metric", "metric": "attention_score"}]}}, {}),
        ({}, {"interval": None}),
        ({}, {"evidence": 100_000}),
    ],
    ids=["no goals", "routed", "not measurable", "switched off", "too little evidence"],
)
def test_some_campaigns_are_left_alone(
    make_platform: MakePlatform, fields: dict[str, Any], settings: dict[str, Any]
) -> None:
    platform = make_platform(publishers=OFTEN_CLICKED, buyer={"optimization": settings})
    flight = Flight(platform, **fields)
    platform.advance("4d")
    assert flight.made() == []
    assert platform.messages("update_media_buy") == []


@pytest.mark.parametrize(
    ("goal", "placement", "products"),
    [
        (
            {"kind": "event", "eventSources": [{"eventSourceId": "web", "eventType": "purchase"}],
             "target": {"kind": "cost_per", "value": 25}},
            {"channel": "display", "conversion_rate": 0.01},
            ("herald_display", "tribune_display"),
        ),
        (
            {"kind": "metric", "metric": "views", "target": {"kind": "cost_per", "value": 0.1}},
            {"channel": "olv", "view_rate": 0.95},
            ("herald_olv", "tribune_olv"),
        ),
        (
            {"kind": "metric", "metric": "completed_views", "target": {"kind": "threshold_rate", "value": 0.75}},
            {"channel": "olv", "view_rate": 0.9, "completion_rate": 0.9},
            ("herald_olv", "tribune_olv"),
        ),
    ],
    ids=["cost per event", "cost per view", "threshold rate"],
)  # fmt: skip
def test_money_follows_the_goal(  # rules 53 and 54
    make_platform: MakePlatform, goal: dict[str, Any], placement: dict[str, Any], products: tuple[str, str]
) -> None:
    publishers = {**PUBLISHERS, "tribune": {**PUBLISHERS["tribune"], "placements": [placement]}}
    platform = make_platform(publishers=publishers)
    flight = Flight(platform, *products, optimizationApplyMode="AUTO", performanceConfig={"optimizationGoals": [goal]})
    before = flight.budgets()
    platform.advance("5d")
    after = flight.budgets()
    assert sum(after.values()) == sum(before.values())
    assert after["summit"] > 1.1 * before["summit"]


def test_the_same_seed_suggests_the_same(make_platform: MakePlatform) -> None:
    def suggested(seed: int) -> list[tuple[str, float, list[Any]]]:
        platform = make_platform(publishers=OFTEN_CLICKED, seed=seed)
        flight = Flight(platform, optimizationApplyMode="AUTO")
        platform.advance("4d")
        return [(s.suggestion_id, s.scaling_factor, s.adjustments) for s in flight.made()]

    assert suggested(3) == suggested(3) != suggested(4)


def test_packages_of_different_periods_share_no_money(make_platform: MakePlatform) -> None:  # rule 102
    periods = {
        "mode": "weight",
        "periods": [
            {"label": "one", "start": "2026-05-02", "end": "2026-05-10", "weight": 1},
            {"label": "two", "start": "2026-05-12", "end": "2026-05-30", "weight": 1},
        ],
    }
    platform = make_platform(publishers=OFTEN_CLICKED)
    flight = Flight(platform, optimizationApplyMode="AUTO", pacingPeriods=periods)

    def split() -> dict[str | None, int]:
        found: dict[str | None, int] = {}
        for buy in flight.campaign.media_buys:
            for package in buy.packages:
                found[package.period] = found.get(package.period, 0) + package.budget_micros
        return found

    before = split()
    platform.until("2026-05-18T12:00:00Z")
    assert len(flight.made("APPLIED")) >= 4
    assert split() == before


# -- waiting for a person --------------------------------------------------------------------------------------


def test_an_approved_suggestion_is_applied(running: Flight) -> None:  # rule 175
    before, chosen = running.budgets(), running.of("northstar")
    assert running.decide(chosen) == {"suggestionId": chosen.suggestion_id, "status": "HIL_APPROVED"}
    running.platform.advance("1h")
    assert steps(running.platform, chosen) == ["CREATED", "INGESTED", "HIL_WAITING", "HIL_APPROVED", "APPLIED"]
    assert running.budgets()["northstar"] == before["northstar"] + chosen.growth_micros
    assert chosen.growth_micros < 0


def test_an_increase_needs_money_that_is_free(running: Flight) -> None:  # rule 56
    chosen, before = running.of("summit"), running.budgets()
    running.decide(chosen)
    running.platform.advance("1h")
    shown = running.get(chosen)
    assert (shown["status"], running.budgets()) == ("APPLIED_FAIL", before)
    assert "no money is free" in shown["statusError"]


def test_both_halves_move_the_money(running: Flight) -> None:
    before = running.budgets()
    for seller in ("northstar", "summit"):
        running.decide(running.of(seller))
        running.platform.advance("1h")
    assert len(running.made("APPLIED")) == 2
    assert sum(running.budgets().values()) == sum(before.values())
    assert running.budgets()["summit"] > before["summit"]


@pytest.mark.parametrize("body", [None, {}, {"reason": "Not aligned with the strategy"}])
def test_a_rejection_needs_no_reason(running: Flight, body: Any) -> None:  # rule 175
    chosen, before = running.of("summit"), running.budgets()
    assert running.decide(chosen, "reject", body)["status"] == "HIL_REJECTED"
    running.platform.advance("1h")
    assert running.get(chosen)["statusReason"] == (body or {}).get("reason", "rejected")
    assert running.budgets() == before


@pytest.mark.parametrize("first", ["approve", "reject"])
@pytest.mark.parametrize("second", ["approve", "reject"])
def test_only_waiting_ones_can_be_decided(running: Flight, first: str, second: str) -> None:  # rule 175, C26
    chosen = running.of("northstar")
    running.decide(chosen, first)
    path = {"suggestionId": chosen.suggestion_id}
    reply = running.platform.reply(f"{second}_optimization_suggestion", None, path)
    assert (reply.status, reply.body["error"]["code"]) == (409, "CONFLICT")


def test_a_newer_run_lets_the_old_ones_expire(running: Flight) -> None:
    old = running.made()
    running.platform.advance("2d")
    assert [s.status for s in old] == ["EXPIRED", "EXPIRED"]
    assert len(running.made("HIL_WAITING")) == 2


def test_nobody_decides_in_time(make_platform: MakePlatform) -> None:
    platform = make_platform(
        publishers=OFTEN_CLICKED, buyer={"optimization": {"interval": "20d", "suggestion_ttl": "3d"}}
    )
    flight = Flight(platform)
    platform.advance("21d4h")
    assert len(flight.made("HIL_WAITING")) == 2
    platform.advance("3d")
    assert len(flight.made("EXPIRED")) == 2
    assert flight.get(flight.made()[0])["statusReason"] == "nobody decided in time"


def test_nothing_is_applied_while_the_campaign_rests(running: Flight) -> None:  # rule 67
    running.platform.call("pause_campaign", {}, running.path)
    chosen = running.of("northstar")
    running.decide(chosen)
    assert running.get(chosen)["statusError"] == "the campaign is PAUSED"
    assert chosen.status == "APPLIED_FAIL"


def test_money_spent_in_the_meantime_is_not_taken_back(running: Flight) -> None:
    chosen = running.of("northstar")
    live = next(buy for buy in running.campaign.media_buys if buy.seller_id == "northstar")
    day = running.platform.buyer.reported_until[live.media_buy_id] - DAY_MS
    key = (live.media_buy_id, live.packages[0].package_id, day)
    running.platform.buyer.delivered[key] = Delivered(spend_micros=live.packages[0].budget_micros)
    running.decide(chosen)
    running.platform.advance("10m")
    assert chosen.status == "APPLIED_FAIL"
    assert "nothing of it is possible" in str(chosen.error)


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
