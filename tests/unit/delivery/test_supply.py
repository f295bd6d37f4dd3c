"""Traffic, people and the counter-based numbers that they are made of."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.core.time import DAY_MS, HOUR_MS, WEEK_MS
from sandbox.delivery import Placement, Population, Targeting
from sandbox.delivery.accrual import Accrual
from sandbox.delivery.hashing import mix, poisson, unit
from sandbox.delivery.people import People, activity
from sandbox.delivery.supply import Stream, hour_traffic, share
from sandbox.delivery.tables import TICK_MS
from sandbox.delivery.traffic import alias_table
from tests.unit.delivery.test_engine import START_MS, engine, finish, line

EVERYBODY = People(3, Population(1000))
EVENING = tuple(4.0 if 18 <= hour < 22 else 1.0 for hour in range(24))
SITE = Placement("p", "pub", "site.example", "display", 48_000, hour_shape=EVENING, week_shape=(1, 1, 1, 1, 1, 2, 3))


@pytest.mark.parametrize("mean", [0.05, 1.0, 7.5, 29.0, 31.0, 400.0])
def test_counts_have_the_mean_and_the_variance_of_poisson(mean: float) -> None:
    counts = np.array([poisson(mean, mix(5, n)) for n in range(4000)])
    assert counts.mean() == pytest.approx(mean, abs=5 * (mean / 4000) ** 0.5)
    assert counts.var() == pytest.approx(mean, rel=0.15)


def test_the_hash_has_its_published_values() -> None:
    assert [mix(0, n) for n in range(2)] == [0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4]


def test_times_are_uniform_in_the_hour_and_in_order() -> None:
    stream = Stream(3, replace(SITE, daily_opportunities=10**6), START_MS)
    after = hour_traffic(START_MS, [stream], [0], EVERYBODY)["tick"] * TICK_MS
    assert (np.diff(after) >= 0).all()
    quarters = np.bincount(after // (HOUR_MS // 4), minlength=4) / len(after)
    assert quarters == pytest.approx([0.25] * 4, abs=0.01)
    assert after.max() < HOUR_MS


def test_opportunities_of_one_millisecond_come_in_order_of_placement_and_number() -> None:
    busy = replace(SITE, daily_opportunities=40_000_000)
    hour = hour_traffic(
        START_MS, [Stream(3, busy, 0), Stream(3, replace(busy, placement_id="other"), 0)], [0, 1], EVERYBODY
    )
    ties = np.diff(hour["tick"]) == 0
    assert ties.sum() > 1000
    place, number = np.diff(hour["place"])[ties], np.diff(hour["number"])[ties]
    assert ((place > 0) | ((place == 0) & (number > 0))).all()


def test_traffic_of_a_placement_does_not_depend_on_the_others() -> None:
    streams = [Stream(3, SITE, 0), Stream(3, replace(SITE, placement_id="other"), 0)]
    alone, both = (hour_traffic(START_MS, streams, places, EVERYBODY) for places in ([0], [0, 1]))
    assert list(both["tick"][both["place"] == 0]) == list(alone["tick"])
    assert list(both["number"][both["place"] == 0]) == list(alone["number"])


def test_expectation_is_additive_and_whole_weeks_are_seven_days() -> None:
    stream = Stream(1, SITE, 0)
    assert stream.expected(START_MS, START_MS + WEEK_MS) == pytest.approx(7 * 48_000)
    assert stream.expected(START_MS, START_MS + 12 * WEEK_MS) == pytest.approx(84 * 48_000)
    cut_ms = START_MS + 3 * DAY_MS + 12_345_678
    parts = stream.expected(START_MS, cut_ms) + stream.expected(cut_ms, START_MS + WEEK_MS)
    assert parts == pytest.approx(7 * 48_000)
    evening = stream.expected(START_MS + 18 * HOUR_MS, START_MS + 19 * HOUR_MS)
    assert evening == pytest.approx(4 * stream.expected(START_MS + 17 * HOUR_MS, START_MS + 18 * HOUR_MS))


def test_a_placement_has_traffic_from_its_start_to_its_end_only() -> None:
    first_ms, end_ms = START_MS + 90 * 60_000, START_MS + 5 * HOUR_MS + 1
    short = replace(SITE, placement_id="news-top", start_ms=first_ms, end_ms=end_ms)
    made = engine(line(placement_ids=("news-top",), pacing="asap", budget_micros=10**12), placements=(short,))
    times = finish(made, 1).exposures().time_ms
    assert first_ms <= times.min() < first_ms + 60_000
    assert end_ms - 60_000 < times.max() < end_ms
    assert made.opportunities == len(times)
    expected = made.forecast(["news-top"], Targeting(), START_MS, START_MS + DAY_MS)
    assert len(times) == pytest.approx(expected, rel=0.05)


def test_a_share_is_what_the_targeting_lets_through() -> None:
    mixed = replace(SITE, countries={"US": 3.0, "CA": 1.0}, devices={"mobile": 0.6, "desktop": 0.4})
    assert share(mixed, Targeting(countries_exclude=("CA",), devices=("mobile",)), {}) == pytest.approx(0.45)
    assert share(mixed, Targeting(properties=("elsewhere",)), {}) == 0.0


def test_users_are_drawn_by_their_activity() -> None:
    population = Population(200, 0.8)
    weights = activity(11, population)
    assert weights is not None
    taker = line(pacing="asap", budget_micros=10**12, placement_ids=("news-top",))
    made = engine(placements=(replace(SITE, placement_id="news-top", daily_opportunities=400_000),))
    made = type(made)(11, START_MS, population, [replace(SITE, placement_id="news-top", daily_opportunities=400_000)])
    made.add_line(taker, START_MS)
    seen = np.bincount(finish(made, 1).exposures().user, minlength=200)
    assert np.corrcoef(seen, weights)[0, 1] > 0.995
    assert seen / seen.sum() * 200 == pytest.approx(weights, abs=0.25)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(0.001, 100), min_size=1, max_size=40))
def test_an_alias_table_gives_every_user_its_share(weights: list[float]) -> None:
    scaled = np.array(weights) * (len(weights) / sum(weights))
    accept, alias = alias_table(scaled)
    given_to = accept.copy()
    np.add.at(given_to, alias, 1.0 - accept)
    assert given_to == pytest.approx(scaled, abs=1e-9)


def test_a_tiny_audience_is_never_left() -> None:
    made = engine(
        line(pacing="asap", budget_micros=10**12, placement_ids=("news-top",)),
        users=20_000,
        placements=(replace(SITE, placement_id="news-top", audience=0.0005),),
    )
    reached = set(finish(made, 0.1).exposures().user.tolist())
    made.advance(START_MS + DAY_MS)
    assert 1 <= len(reached) <= 25
    assert set(made.exposures().user.tolist()) == reached


def test_publishers_have_audiences_of_their_own_and_their_placements_share_it() -> None:
    half = replace(SITE, placement_id="news-top", audience=0.5)
    placements = (half, replace(half, placement_id="same"), replace(half, placement_id="film-mid", publisher_id="x"))
    made = engine(placements=placements, users=1000)
    for placement in placements:
        one = line(placement.placement_id, placement_ids=(placement.placement_id,), pacing="asap", budget_micros=10**12)
        made.add_line(one, START_MS)
    finish(made, 1)
    first, same, other = (set(made.exposures().user[made.exposures().line == n].tolist()) for n in range(3))
    assert len(first ^ same) <= 4
    assert len(first & other) == pytest.approx(250, abs=50)


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 10**9), st.integers(1, 10**6), st.lists(st.integers(0, 10**6), max_size=20))
def test_an_accrual_comes_to_its_rate_however_it_is_cut(rate: int, length: int, cuts: list[int]) -> None:
    accrual = Accrual.of(rate, 0, length, 0)
    charged = at_ms = 0
    for cut in [*sorted(c % length for c in cuts), length]:
        accrual.open(at_ms, cut, rate)
        charged += accrual.charge(cut)
        accrual.close()
        at_ms = cut
        assert charged == rate * cut // length
    assert charged == rate


def test_units_fill_the_interval_from_zero_to_below_one() -> None:
    assert unit(0) == 0.0
    assert unit((1 << 64) - 1) == 1.0 - 2.0**-53


def test_an_engine_without_lines_never_loads_the_compiler() -> None:
    script = (
        "import sys; from sandbox.delivery import Engine, Placement, Population, Targeting\n"
        "made = Engine(1, 0, Population(100, 1.0), [Placement('p', 'pub', 'site', 'display', 10**5)])\n"
        "made.advance(10**8); made.forecast(['p'], Targeting(), 0, 10**8); made.audit()\n"
        "assert 'numba' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)
