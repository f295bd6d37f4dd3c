"""Pacing periods once the flight has begun: what is over, what is cut, what is appended (rules 88, 101 to 103)."""

from __future__ import annotations

from typing import Any

import pytest

from agents.buyer.pacing_periods import within
from tests.unit.buyer.conftest import MakePlatform, Platform
from tests.unit.buyer.test_campaigns import get, ready, refuse, update
from tests.unit.buyer.test_execution import execute
from tests.unit.buyer.test_media_buys import buys_of

FIRST = ("First", "2026-05-02", "2026-05-08", 1)
SECOND = ("Second", "2026-05-12", "2026-05-20", 3)
THIRD = ("Third", "2026-05-24", "2026-05-28", 2)


def weights(*periods: tuple[str, str, str, float]) -> dict[str, Any]:
    keys = ("label", "start", "end", "weight")
    return {"mode": "weight", "periods": [dict(zip(keys, period, strict=True)) for period in periods]}


def budgets(*periods: tuple[str, str, str, float]) -> dict[str, Any]:
    keys = ("label", "start", "end", "budget")
    return {"mode": "budget", "periods": [dict(zip(keys, period, strict=True)) for period in periods]}


def packages(platform: Platform, campaign: str) -> dict[str, list[dict[str, Any]]]:
    """The packages of each product, in order of their periods."""
    found: dict[str, list[dict[str, Any]]] = {}
    for buy in get(platform, campaign)["mediaBuys"]:
        for package in buy["packages"]:
            found.setdefault(package["productId"], []).append(package)
    return found


def test_a_period_belongs_to_a_span_if_they_share_an_instant() -> None:
    periods = [{"start_ms": 10, "end_ms": 20}, {"start_ms": 20, "end_ms": 30}]
    assert within(periods, 0, 10) == []
    assert within(periods, 19, 20) == periods[:1]
    assert within(periods, 19, 21) == periods


@pytest.mark.parametrize(
    "periods",
    [weights(SECOND), weights(FIRST), weights((*FIRST[:3], 9), SECOND), weights(THIRD, FIRST), budgets(FIRST, SECOND)],
    ids=["first gone", "second gone", "other weight", "other order", "other mode"],
)
def test_after_execution_the_split_is_locked(platform: Platform, periods: dict[str, Any]) -> None:  # rule 102, C11
    campaign, _ = ready(platform, pacingPeriods=weights(FIRST, SECOND))
    execute(platform, campaign)
    before = get(platform, campaign)
    assert refuse(platform, campaign, name="Other", pacingPeriods=periods)["code"] in (
        "INVALID_STATE",
        "VALIDATION_ERROR",
    )
    assert get(platform, campaign) == before


def test_a_campaign_that_ran_without_periods_gets_none(platform: Platform) -> None:  # rule 102
    campaign, _ = ready(platform)
    execute(platform, campaign)
    assert refuse(platform, campaign, pacingPeriods=weights(FIRST))["code"] == "INVALID_STATE"


def test_appended_periods_reach_the_running_buys(platform: Platform) -> None:  # rule 103
    campaign, _ = ready(platform, pacingPeriods=weights(FIRST, SECOND))
    execute(platform, campaign)
    made = update(platform, campaign, budget={"total": 20_000}, pacingPeriods=weights(FIRST, SECOND, THIRD))
    told = made["pacingCascadeResult"]
    assert told["appendedPeriods"] == ["Third"]
    assert [row["outcome"] for row in told["mediaBuys"]] == ["added", "added", "added"]
    for rows in packages(platform, campaign).values():
        assert [row["period"] for row in rows] == ["First", "Second", "Third"]
        assert rows[2]["budget"] == pytest.approx(1840 * 2 / 4)  # as much for each unit of weight as before
        assert rows[2]["packageId"]
    told_packages = platform.messages("update_media_buy", to="summit")[0]["new_packages"]
    assert [package["start_time"] for package in told_packages] == ["2026-05-24T00:00:00Z"]


def test_an_agent_that_thinks_it_over_adds_the_packages_later(make_platform: MakePlatform) -> None:  # rule 103
    platform = make_platform(buyer={"poll_interval": None}, sellers={"summit": {"updates": {"mode": "manual"}}})
    campaign, _ = ready(platform, pacingPeriods=weights(FIRST, SECOND))
    execute(platform, campaign)
    made = update(platform, campaign, budget={"total": 20_000}, pacingPeriods=weights(FIRST, SECOND, THIRD))
    outcomes = {row["salesAgentId"]: row["outcome"] for row in made["pacingCascadeResult"]["mediaBuys"]}
    assert outcomes == {"northstar": "added", "harbor": "added", "summit": "pending_approval"}
    assert len(buys_of(platform, campaign)["summit"]["packages"]) == 2
    platform.do("summit", "approve")
    rows = buys_of(platform, campaign)["summit"]["packages"]
    assert [row["period"] for row in rows] == ["First", "Second", "Third"]


def test_periods_that_are_over_at_execution_get_no_package(platform: Platform) -> None:  # rule 101
    campaign, _ = ready(platform, pacingPeriods=weights(FIRST, SECOND))
    platform.until("2026-05-15T00:00:00Z")
    assert execute(platform, campaign)["success"]
    for rows in packages(platform, campaign).values():
        assert [(row["period"], row["budget"]) for row in rows] == [("Second", 1840)]
    platform.until("2026-05-22T00:00:00Z")


def test_without_a_period_left_there_is_nothing_to_execute(platform: Platform) -> None:
    campaign, _ = ready(platform, pacingPeriods=weights(FIRST))
    platform.until("2026-05-10T00:00:00Z")
    error = platform.error("execute_campaign", {}, {"campaignId": campaign})
    assert (error["code"], error["field"]) == ("VALIDATION_ERROR", "pacingPeriods")
    assert get(platform, campaign)["status"] == "DRAFT"


def test_dates_of_a_buy_cut_its_periods(platform: Platform) -> None:  # rule 88
    campaign, _ = ready(platform, pacingPeriods=weights(FIRST, SECOND))
    buy = buys_of(platform, campaign)["summit"]
    update(platform, campaign, mediaBuys=[{"mediaBuyId": buy["mediaBuyId"], "start_time": "2026-05-14T00:00:00Z"}])
    assert execute(platform, campaign)["success"]
    rows = buys_of(platform, campaign)["summit"]["packages"]
    assert [(row["period"], row["startTime"], row["budget"]) for row in rows] == [
        ("Second", "2026-05-14T00:00:00Z", 1840)
    ]
