"""Pacing periods, from the split of budgets to periods appended in flight (rules 99 to 104, conflict C11)."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.buyer.pacing_periods import shares
from sandbox.core.money import micros
from tests.unit.buyer.conftest import MakePlatform, Platform
from tests.unit.buyer.test_campaigns import get, ready, refuse, update
from tests.unit.buyer.test_execution import execute
from tests.unit.buyer.test_media_buys import buys_of

FIRST = {"label": "First", "start": "2026-05-02", "end": "2026-05-11", "weight": 1}
SECOND = {"label": "Second", "start": "2026-05-12", "end": "2026-05-21", "weight": 3}
THIRD = {"label": "Third", "start": "2026-05-25", "end": "2026-05-30", "weight": 2}


def weights(*periods: dict[str, Any]) -> dict[str, Any]:
    return {"mode": "weight", "periods": list(periods)}


@given(
    st.integers(min_value=1, max_value=10**13),
    st.lists(st.floats(min_value=0.01, max_value=100), min_size=1, max_size=12),
)
def test_the_parts_of_a_product_add_up_to_its_budget(budget: int, parts: list[float]) -> None:  # rule 101
    periods = [{"share": part} for part in parts]
    assert sum(shares(budget, periods)) == budget


def test_each_product_becomes_one_package_for_each_period(platform: Platform) -> None:  # rules 78, 99, 101, 104
    campaign, _ = ready(platform, pacingPeriods=weights(FIRST, SECOND))
    execute(platform, campaign)
    for buy in get(platform, campaign)["mediaBuys"]:
        by_product: dict[str, dict[str, float]] = {}
        for package in buy["packages"]:
            by_product.setdefault(package["productId"], {})[package["period"]] = package["budget"]
            assert (package["startTime"], package["endTime"]) == {
                "First": ("2026-05-02T00:00:00Z", "2026-05-12T00:00:00Z"),
                "Second": ("2026-05-12T00:00:00Z", "2026-05-22T00:00:00Z"),
            }[package["period"]]
        for budgets in by_product.values():
            assert abs(budgets["Second"] - 3 * budgets["First"]) < 0.01
    assert sum(
        micros(package["budget"]) for buy in get(platform, campaign)["mediaBuys"] for package in buy["packages"]
    ) == micros(9200)


def test_budgets_of_periods_set_the_proportions(platform: Platform) -> None:  # rule 99
    periods = {
        "mode": "budget",
        "periods": [{**FIRST, "budget": 600} | {"weight": None}, {**SECOND, "budget": 200} | {"weight": None}],
    }
    campaign, _ = ready(platform, pacingPeriods=periods)
    execute(platform, campaign)
    packages = [p for buy in get(platform, campaign)["mediaBuys"] for p in buy["packages"]]
    total = {label: sum(p["budget"] for p in packages if p["period"] == label) for label in ("First", "Second")}
    assert total == {"First": pytest.approx(6900), "Second": pytest.approx(2300)}


@pytest.mark.parametrize(
    ("periods", "words"),
    [
        (weights(FIRST, {**SECOND, "start": "2026-05-10"}), "begins before"),
        (weights({**FIRST, "end": "2026-05-01"}), "ends before"),
        (weights(FIRST, {**SECOND, "label": "First"}), "same label"),
        (weights({**FIRST, "start": "2026-04-01"}), "within the flight"),
        ({"mode": "budget", "periods": [FIRST]}, "budget"),
        (weights({**FIRST, "weight": 0}), "greater than 0"),
        (weights(), "at least 1"),
    ],
)
def test_periods_that_make_no_schedule_are_refused(platform: Platform, periods: Any, words: str) -> None:  # rule 104
    advertiser = platform.advertiser()
    campaign = platform.campaign(advertiser)
    error = refuse(platform, campaign, pacingPeriods=periods)
    assert error["code"] == "VALIDATION_ERROR"
    assert words in error["message"]
    assert error["field"].startswith("pacingPeriods")


def test_a_draft_may_change_all_of_its_periods(platform: Platform) -> None:  # rule 102
    campaign, _ = ready(platform, pacingPeriods=weights(FIRST))
    made = update(platform, campaign, pacingPeriods=weights(SECOND, THIRD))
    assert [period["label"] for period in made["pacingPeriods"]["periods"]] == ["Second", "Third"]


@pytest.mark.parametrize(
    "periods",
    [weights(SECOND), weights({**FIRST, "weight": 2}), weights(THIRD, FIRST), weights({**FIRST, "label": "x"})],
)
def test_after_the_launch_the_split_is_locked(platform: Platform, periods: Any) -> None:  # rule 102
    campaign, _ = ready(platform, pacingPeriods=weights(FIRST))
    execute(platform, campaign)
    error = refuse(platform, campaign, pacingPeriods=periods)
    assert (error["code"] in ("INVALID_STATE", "VALIDATION_ERROR"), error["field"][:13]) == (True, "pacingPeriods")


def appendable(make_platform: MakePlatform, **settings: Any) -> tuple[Platform, str]:
    """A campaign that runs with one period, and with money left for another."""
    platform = make_platform(**settings)
    advertiser = platform.advertiser()
    found = platform.discover(advertiser, brief="news", salesAgentIds=["summit"])
    platform.select(found, budget=1000)
    campaign = platform.campaign(advertiser, discoveryId=found["discoveryId"], pacingPeriods=weights(FIRST))
    execute(platform, campaign)
    return platform, campaign


def test_an_appended_period_gets_packages_on_live_buys(make_platform: MakePlatform) -> None:  # rule 103
    platform, campaign = appendable(make_platform)
    made = update(platform, campaign, pacingPeriods=weights(FIRST, SECOND))
    rows = made["pacingCascadeResult"]["mediaBuys"]
    assert [row["outcome"] for row in rows] == ["added"]
    packages = {p["period"]: p for p in buys_of(platform, campaign)["summit"]["packages"]}
    assert packages["Second"]["budget"] == 3000
    assert packages["Second"]["packageId"] in rows[0]["packageIds"]
    sent = platform.messages("update_media_buy", to="summit")[-1]["new_packages"]
    assert [(p["budget"], p["start_time"]) for p in sent] == [(3000, "2026-05-12T00:00:00Z")]


def test_an_appended_period_that_costs_too_much_is_refused_whole(make_platform: MakePlatform) -> None:  # rule 103
    platform, campaign = appendable(make_platform)
    error = refuse(platform, campaign, name="never", pacingPeriods=weights(FIRST, {**SECOND, "weight": 30}))
    assert error["field"] == "pacingPeriods"
    assert get(platform, campaign)["name"] == "Spring"
    assert len(buys_of(platform, campaign)["summit"]["packages"]) == 1


def test_an_agent_that_does_not_answer_is_told_in_the_cascade(make_platform: MakePlatform) -> None:  # rule 103
    platform, campaign = appendable(make_platform)
    platform.world.actors["summit"].go_down()
    made = update(platform, campaign, pacingPeriods=weights(FIRST, SECOND))
    assert [row["outcome"] for row in made["pacingCascadeResult"]["mediaBuys"]] == ["failed"]


def test_a_gap_between_periods_is_a_pause(platform: Platform) -> None:  # rule 100
    campaign, _ = ready(platform, pacingPeriods=weights(FIRST, THIRD))
    execute(platform, campaign)
    packages = [p for buy in get(platform, campaign)["mediaBuys"] for p in buy["packages"]]
    covered = {(p["startTime"], p["endTime"]) for p in packages}
    assert covered == {
        ("2026-05-02T00:00:00Z", "2026-05-12T00:00:00Z"),
        ("2026-05-25T00:00:00Z", "2026-05-31T00:00:00Z"),
    }
