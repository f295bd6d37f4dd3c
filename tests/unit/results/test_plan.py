"""The plan that spend is measured against."""

from typing import Any

import pytest

from sandbox.core.time import DAY_MS, iso
from sandbox.kernel.trace import Event, Trace
from sandbox.results.plan import even_plans

BUDGET = 10_000_000


def term(trace: Trace, day: float, *, active: bool = True, budget: int = BUDGET, end: int = 10) -> None:
    """A line event at a day; the flight is from day 0 to day ``end``."""
    data: dict[str, Any] = {
        "line_id": "line",
        "budget_micros": budget,
        "start": iso(0),
        "end": iso(end * DAY_MS),
        "active": active,
    }
    trace.emit(int(day * DAY_MS), "line", "seller", data)


def planned(events: list[Event], day: float, until: int = 12) -> float:
    """What the plan wants by a day, in units."""
    knots = even_plans(events, until * DAY_MS)["line"]
    import numpy as np

    return float(np.interp(day * DAY_MS, *zip(*knots, strict=True))) / 1e6


@pytest.fixture
def trace() -> Trace:
    return Trace()


def test_a_plan_is_a_straight_line_over_the_flight(trace: Trace) -> None:
    term(trace, -1, active=False)
    term(trace, 0)
    assert [planned(trace.events, day) for day in (0, 5, 10, 12)] == [0, 5, 10, 10]


def test_a_plan_stands_still_in_a_pause_and_makes_up_for_it_afterwards(trace: Trace) -> None:
    term(trace, 0)
    term(trace, 2, active=False)
    term(trace, 4)
    assert [planned(trace.events, day) for day in (2, 4, 7, 10)] == pytest.approx([2, 2, 6, 10])


def test_a_late_start_leaves_less_time_for_the_same_budget(trace: Trace) -> None:
    term(trace, 5)
    assert [planned(trace.events, day) for day in (5, 7.5, 10)] == [0, 5, 10]


def test_a_change_of_budget_counts_from_its_moment_on(trace: Trace) -> None:
    term(trace, 0)
    term(trace, 5, budget=20_000_000)
    assert [planned(trace.events, day) for day in (5, 7.5, 10)] == [5, 12.5, 20]


def test_a_budget_cut_below_the_plan_stops_it_where_it_is(trace: Trace) -> None:
    term(trace, 0)
    term(trace, 5, budget=3_000_000)
    assert [planned(trace.events, day) for day in (5, 10)] == [5, 5]


def test_a_shorter_flight_is_planned_faster(trace: Trace) -> None:
    term(trace, 0)
    term(trace, 5, end=7)
    assert [planned(trace.events, day) for day in (5, 6, 7, 9)] == [5, 7.5, 10, 10]


def test_a_line_that_is_done_early_keeps_its_plan_and_one_that_is_canceled_does_not(trace: Trace) -> None:
    term(trace, 0)
    term(trace, 3, active=False)
    assert planned(trace.events, 10) == 3
    done = Trace()
    term(done, 0)
    done.emit(2 * DAY_MS, "delivery", "seller", {"line_id": "line", "spend_micros": BUDGET})
    term(done, 3, active=False)
    assert planned(done.events, 10) == 10


def test_a_plan_ends_with_the_run(trace: Trace) -> None:
    term(trace, 0)
    assert even_plans(trace.events, 4 * DAY_MS)["line"][-1] == (4 * DAY_MS, 4_000_000)
