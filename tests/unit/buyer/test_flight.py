"""Flights that change, end early, or are delivered in full (rules 67 to 69, 88, 96, 111)."""

from __future__ import annotations

from typing import Any

from sandbox.core.time import HOUR_MS, parse_instant
from tests.unit.buyer.conftest import MakePlatform, Platform, banners
from tests.unit.buyer.test_campaigns import get, ready, refuse, update
from tests.unit.buyer.test_execution import execute, statuses
from tests.unit.buyer.test_media_buys import MANUAL_UPDATES, buys_of


def delivering(platform: Platform, **fields: Any) -> str:
    """An executed campaign with creatives."""
    campaign, _ = ready(platform, **fields)
    banners(platform, campaign)
    assert execute(platform, campaign)["success"]
    return campaign


def busy_hours(platform: Platform) -> list[int]:
    """The hours in which something was delivered, in ms."""
    platform.world.market.settle()
    rows = platform.world.trace.of("delivery")
    return sorted({parse_instant(row.data["hour"]) for row in rows if row.data.get("impressions")})


def test_a_longer_flight_reaches_the_agents(platform: Platform) -> None:  # rules 88, 96
    campaign, _ = ready(platform)
    execute(platform, campaign)
    made = update(platform, campaign, flightDates={"endDate": "2026-06-20T00:00:00Z"})
    for buy in made["mediaBuys"]:
        assert buy["endTime"] == "2026-06-20T00:00:00Z"
        assert all(package["endTime"] == "2026-06-20T00:00:00Z" for package in buy["packages"])
    assert [m["end_time"] for m in platform.messages("update_media_buy")] == ["2026-06-20T00:00:00Z"] * 3


def test_a_buy_with_dates_of_its_own_keeps_them_while_they_fit(platform: Platform) -> None:  # rule 88
    campaign, _ = ready(platform)
    execute(platform, campaign)
    buys = buys_of(platform, campaign)
    own = {"mediaBuyId": buys["harbor"]["mediaBuyId"], "end_time": "2026-05-20T00:00:00Z"}
    update(platform, campaign, mediaBuys=[own])
    update(platform, campaign, flightDates={"endDate": "2026-06-20T00:00:00Z"})
    assert buys_of(platform, campaign)["harbor"]["endTime"] == "2026-05-20T00:00:00Z"
    update(platform, campaign, flightDates={"endDate": "2026-05-10T00:00:00Z"})
    assert {buy["endTime"] for buy in get(platform, campaign)["mediaBuys"]} == {"2026-05-10T00:00:00Z"}


def test_a_longer_flight_waits_for_an_agent_that_thinks_it_over(make_platform: MakePlatform) -> None:  # rule 89
    platform = make_platform(sellers={"harbor": MANUAL_UPDATES})
    campaign, _ = ready(platform)
    execute(platform, campaign)
    update(platform, campaign, flightDates={"endDate": "2026-06-20T00:00:00Z"})
    ends = {b["status"]: b["endTime"] for b in get(platform, campaign)["mediaBuys"] if b["salesAgentId"] == "harbor"}
    assert ends == {"ACTIVE": "2026-06-01T00:00:00Z", "PENDING_APPROVAL": "2026-06-20T00:00:00Z"}
    platform.do("harbor", "approve")
    assert buys_of(platform, campaign)["harbor"]["endTime"] == "2026-06-20T00:00:00Z"


def test_a_flight_does_not_shrink_below_its_periods(platform: Platform) -> None:  # rule 104
    periods = {
        "mode": "weight",
        "periods": [{"label": "Only", "start": "2026-05-03", "end": "2026-05-25", "weight": 1}],
    }
    campaign, _ = ready(platform, pacingPeriods=periods)
    error = refuse(platform, campaign, flightDates={"endDate": "2026-05-20T00:00:00Z"})
    assert error["field"] == "pacingPeriods.periods[0]"


def test_the_start_of_a_flight_is_fixed_once_it_was_executed(platform: Platform) -> None:
    campaign, _ = ready(platform)
    execute(platform, campaign)
    error = refuse(platform, campaign, flightDates={"startDate": "2026-05-03T00:00:00Z"})
    assert (error["code"], error["field"]) == ("INVALID_STATE", "flightDates.startDate")


def test_asap_is_not_before_the_campaign_starts(platform: Platform) -> None:  # rule 88
    campaign, _ = ready(platform)
    buy = buys_of(platform, campaign)["harbor"]["mediaBuyId"]
    update(platform, campaign, mediaBuys=[{"mediaBuyId": buy, "start_time": "asap"}])
    assert buys_of(platform, campaign)["harbor"]["startTime"] == "2026-05-02T00:00:00Z"
    execute(platform, campaign)
    update(platform, campaign, mediaBuys=[{"mediaBuyId": buy, "start_time": "asap"}])
    assert buys_of(platform, campaign)["harbor"]["startTime"] == "2026-05-02T00:00:00Z"


def test_nothing_is_delivered_while_a_campaign_is_paused(platform: Platform) -> None:  # rules 67, 68, 111
    campaign = delivering(platform)
    platform.until("2026-05-03T12:00:00Z")
    platform.call("pause_campaign", path={"campaignId": campaign})
    assert all(p["paused"] for buy in get(platform, campaign)["mediaBuys"] for p in buy["packages"])
    platform.until("2026-05-04T12:00:00Z")
    assert all(p["paused"] for buy in get(platform, campaign)["mediaBuys"] for p in buy["packages"])
    platform.call("reactivate_campaign", path={"campaignId": campaign})
    platform.until("2026-05-05T00:00:00Z")
    pause, again = parse_instant("2026-05-03T13:00:00Z"), parse_instant("2026-05-04T12:00:00Z")
    hours = busy_hours(platform)
    assert not [hour for hour in hours if pause <= hour < again]
    assert max(hours) >= again + HOUR_MS
    assert not any(p["paused"] for buy in get(platform, campaign)["mediaBuys"] for p in buy["packages"])


def test_a_pause_that_an_agent_has_to_approve_comes_with_its_webhook(make_platform: MakePlatform) -> None:  # rule 82
    platform = make_platform(buyer={"poll_interval": None}, sellers={"harbor": MANUAL_UPDATES})
    campaign, _ = ready(platform)
    execute(platform, campaign)
    platform.call("pause_campaign", path={"campaignId": campaign})
    assert statuses(platform, campaign) == {"northstar": "PAUSED", "harbor": "ACTIVE", "summit": "PAUSED"}
    assert "approve" in buys_of(platform, campaign)["harbor"]["message"]
    platform.do("harbor", "approve")
    assert statuses(platform, campaign)["harbor"] == "PAUSED"


def test_full_delivery_completes_a_campaign_that_can_be_launched_again(platform: Platform) -> None:  # rules 66, 69, 72
    campaign = delivering(platform, budget={"total": 20, "pacing": "asap"})
    platform.advance("4d")
    shown = get(platform, campaign)
    assert shown["status"] == "COMPLETED"
    assert set(statuses(platform, campaign).values()) == {"COMPLETED"}
    update(platform, campaign, budget={"total": 40})
    answer = execute(platform, campaign)
    assert (answer["previousStatus"], answer["newStatus"], answer["success"]) == ("COMPLETED", "ACTIVE", True)
    assert sorted(buy["status"] for buy in get(platform, campaign)["mediaBuys"]) == ["ACTIVE"] * 3 + ["COMPLETED"] * 3


def test_a_media_budget_and_a_daily_cap_hold_over_all_agents(platform: Platform) -> None:  # rule 56
    delivering(platform, budget={"total": 100, "dailyCap": 10, "pacing": "asap"})
    days: dict[str, int] = {}
    platform.until("2026-05-06T00:00:00Z")
    platform.world.market.settle()
    for row in platform.world.trace.of("delivery"):
        day = row.data["hour"][:10]
        days[day] = days.get(day, 0) + row.data["spend_micros"]
    assert len(days) == 4
    assert all(0 < spent <= 10_000_000 for spent in days.values())


def test_packages_get_no_more_than_the_media_budget_leaves(platform: Platform) -> None:  # rules 56, 58
    campaign, _ = ready(platform)
    execute(platform, campaign)
    buy = buys_of(platform, campaign)["harbor"]
    more = {
        "mediaBuyId": buy["mediaBuyId"],
        "packages": [{"packageId": buy["packages"][0]["packageId"], "budget": 3000}],
    }
    assert refuse(platform, campaign, mediaBuys=[more])["code"] == "VALIDATION_ERROR"
    made = update(platform, campaign, budget={"total": 20_000}, mediaBuys=[more])
    assert made["unallocatedBudget"] == 18_400 - (9_200 - 1_840 + 3_000)
