"""Optimisation suggestions from their making to what becomes of them (rules 8, 13, 35, 46 and 174 to 176)."""

from __future__ import annotations

from typing import Any

import pytest

from agents.buyer.records import Delivered
from sandbox.core.time import DAY_MS
from tests.unit.buyer.conftest import PUBLISHERS, MakePlatform
from tests.unit.buyer.optimised import OFTEN_CLICKED, Flight, steps, suggested


@pytest.fixture
def running(make_platform: MakePlatform) -> Flight:
    return suggested(make_platform)


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
