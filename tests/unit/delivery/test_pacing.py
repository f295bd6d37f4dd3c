"""Every strategy spends the budget, keeps its plan as well as it can, and passes no limit."""

from dataclasses import replace
from math import pi, sin
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.core.time import DAY_MS, HOUR_MS, parse_instant
from sandbox.delivery import Competition, CreativeWeight, Engine, Line, Placement, Population, Price
from sandbox.delivery.pacing import PACING, Pace, Stretch
from sandbox.delivery.pacing.course import LEAD

START_MS = parse_instant("2026-05-04")
DAYS = 7
CURVE = tuple(1.0 + 0.8 * sin(2.0 * pi * hour / 24) for hour in range(24))
UNITS = 6000
FIXED, BID = Price("cpm", 5_000_000), Price("cpm", 500_000, False, 5_000_000)
BUDGET = UNITS * 5_000
FEEDBACK = ["throttling", "adaptive", "adaptive_bids", "pid"]
BY_RATE = ["throttling", "adaptive", "pid"]
ERROR = {
    "even": 0.002,
    "front_loaded": 0.005,
    "throttling": 0.03,
    "adaptive": 0.02,
    "adaptive_bids": 0.04,
    "pid": 0.015,
}
"""Root of the mean squared distance from the plan, over the budget, on a week with a curve of the day."""


def make(pacing: str, supply: float = 12.0, price: Price = FIXED, seed: int = 1, **terms: Any) -> Engine:
    """A week in which ``supply`` times as much is on offer as the budget buys."""
    rivals = None if price.fixed else Competition(2_500_000, 0.6)
    place = Placement("p", "n", "n.com", "display", round(UNITS * supply / DAYS), hour_shape=CURVE, competition=rivals)
    engine = Engine(seed, START_MS, Population(5000, 0.8), [place])
    line = Line("line", "buy", "s", ("p",), START_MS, START_MS + DAYS * DAY_MS, BUDGET, price, pacing=pacing)
    engine.add_line(replace(line, **({"creatives": (CreativeWeight("x"),)} | terms)), START_MS)
    return engine


def hours(engine: Engine, count: int = 24 * DAYS) -> np.ndarray:
    """Cumulative spend, as a share of the budget, at the end of each hour."""
    spent = []
    for _ in range(count):
        engine.advance(engine.now_ms + HOUR_MS)
        spent.append(engine.totals("line").spend_micros / BUDGET)
    assert engine.audit() == []
    return np.array(spent)


def plan(pacing: str) -> np.ndarray:
    elapsed = np.arange(1, 24 * DAYS + 1) / (24 * DAYS)
    return 1.0 - (1.0 - elapsed) ** 2 if pacing == "front_loaded" else elapsed


def rmse(spent: np.ndarray, pacing: str) -> float:
    return float(np.sqrt(((spent - plan(pacing)) ** 2).mean()))


@pytest.mark.parametrize("supply", [6.0, 40.0])
@pytest.mark.parametrize("pacing", list(PACING))
def test_all_of_the_budget_is_spent_and_not_a_micro_more(pacing: str, supply: float) -> None:
    price = BID if pacing == "adaptive_bids" else FIXED
    assert 0.999 <= hours(make(pacing, supply, price))[-1] <= 1.0


@pytest.mark.parametrize("pacing", list(ERROR))
def test_spend_keeps_near_the_plan(pacing: str) -> None:
    price = BID if pacing == "adaptive_bids" else FIXED
    assert rmse(hours(make(pacing, price=price)), pacing) < ERROR[pacing]


def test_asap_takes_every_opportunity_until_the_budget_is_spent() -> None:
    engine = make("asap", supply=14.0)
    hours(engine, 4)
    assert engine.totals("line").impressions == engine.opportunities
    assert hours(engine, 20)[-1] == 1.0


@pytest.mark.parametrize("pacing", FEEDBACK)
def test_where_supply_is_short_everything_is_bought(pacing: str) -> None:
    price = BID if pacing == "adaptive_bids" else FIXED
    scarce, greedy = (hours(make(name, 0.5, price))[-1] for name in (pacing, "asap"))
    assert scarce > 0.85 * greedy


@pytest.mark.parametrize("pacing", FEEDBACK)
def test_a_daily_cap_holds_and_is_used_up_though_it_is_the_limit(pacing: str) -> None:
    price, cap = BID if pacing == "adaptive_bids" else FIXED, BUDGET // 10
    spent = hours(make(pacing, 20.0, price, daily_cap_micros=cap)) * BUDGET
    by_day = np.diff([0.0, *spent[23::24]])
    assert (by_day <= cap).all()
    assert (by_day > 0.99 * cap).all()


@pytest.mark.parametrize("pacing", FEEDBACK)
def test_a_cap_that_is_lifted_late_in_the_day_does_not_empty_the_budget_in_the_night(pacing: str) -> None:
    engine = make(pacing, 20.0, BID if pacing == "adaptive_bids" else FIXED, daily_cap_micros=BUDGET // 14)
    before = hours(engine, 22)[-1]
    engine.change_line("line", START_MS + 22 * HOUR_MS + HOUR_MS // 2, daily_cap_micros=None)
    engine.advance(START_MS + DAY_MS)
    assert engine.totals("line").spend_micros / BUDGET - before < 2 / 14


@pytest.mark.parametrize("pacing", BY_RATE)
def test_a_rate_of_participation_leaves_prices_as_they_are_and_shaded_bids_lower_them(pacing: str) -> None:
    def mean_price(name: str) -> float:
        engine = make(name, 30.0, BID)
        hours(engine)
        totals = engine.totals("line")
        return totals.spend_micros / totals.impressions

    greedy = mean_price("asap")
    assert mean_price(pacing) == pytest.approx(greedy, rel=0.05)
    assert mean_price("adaptive_bids") < 0.75 * greedy


@pytest.mark.parametrize("pacing", BY_RATE)
def test_a_goal_of_impressions_is_paced_and_met(pacing: str) -> None:
    engine = make(pacing, 20.0, Price("flat_rate", BUDGET), impressions_goal=4000)
    engine.advance(START_MS + DAYS * DAY_MS // 2)
    assert engine.totals("line").impressions == pytest.approx(2000, abs=200)
    engine.advance(START_MS + DAYS * DAY_MS)
    assert engine.totals("line").impressions == 4000


@pytest.mark.parametrize("pacing", FEEDBACK)
def test_after_a_pause_the_rest_is_spread_over_the_rest(pacing: str) -> None:
    engine = make(pacing, 30.0, BID if pacing == "adaptive_bids" else FIXED)
    hours(engine, 48)
    engine.change_line("line", START_MS + 2 * DAY_MS, active=False)
    engine.advance(START_MS + 4 * DAY_MS)
    engine.change_line("line", START_MS + 4 * DAY_MS, active=True)
    spent = hours(engine, 72)
    assert spent[23] - spent[0] < 0.35  # a day of three has a quarter of the budget
    assert spent[-1] >= 0.999


def test_the_integral_of_the_controller_does_not_wind_up_in_a_famine() -> None:
    """Three days on which nothing can be bought, then plenty: what is missed comes back, without a flood after it."""
    engine = make("pid", 30.0)
    hours(engine, 24)
    engine.change_line("line", START_MS + DAY_MS, price=Price("cpm", 5_000_000, False, 1_000))
    engine.advance(START_MS + 3 * DAY_MS)
    engine.change_line("line", START_MS + 3 * DAY_MS, price=FIXED)
    spent = hours(engine, 96)
    ahead = spent[:-1] - plan("pid")[72:-1]
    assert ahead.max() < LEAD + 0.02
    assert spent[-1] >= 0.999


@pytest.mark.parametrize("pacing", FEEDBACK)
def test_changes_that_change_nothing_do_not_move_the_rate(pacing: str) -> None:
    quiet, busy = make(pacing), make(pacing)
    busy.advance(START_MS + 30 * HOUR_MS)
    for _ in range(50):
        busy.change_line("line", START_MS + 30 * HOUR_MS, active=True)
    for engine in (quiet, busy):
        engine.advance(START_MS + 3 * DAY_MS)
    assert busy.totals("line") == quiet.totals("line")


amounts = st.integers(0, 10**12)


@given(st.sampled_from(FEEDBACK), amounts, st.lists(st.tuples(st.floats(0, 1), st.booleans()), max_size=40), st.data())
def test_a_pace_never_asks_for_more_than_there_is(
    pacing: str, total: int, days: list[tuple[float, bool]], data: st.DataObject
) -> None:
    """Whatever the line spends, limits do not pass the total, and rates are parts of one."""
    strategy, memory, used = PACING.get(pacing), {}, 0
    end_ms = START_MS + len(days) * HOUR_MS
    for hour, (part, capped) in enumerate(days):
        now_ms = START_MS + hour * HOUR_MS
        left = data.draw(st.integers(0, total)) if capped else None
        day_end_ms = now_ms - now_ms % DAY_MS + DAY_MS
        stretch = Stretch(now_ms, now_ms + HOUR_MS, START_MS, end_ms, total, used, used, 1.0, day_end_ms, left, memory)
        pace = strategy(stretch)
        assert isinstance(pace, Pace)
        assert pace.at <= pace.end <= total + 1e-6 * total
        assert 0.0 < pace.participation <= 1.0
        assert 0.0 < pace.bid_factor <= 1.0
        room = min(total, pace.end) - used if left is None else min(min(total, pace.end) - used, left)
        used += int(max(0, room) * part)
