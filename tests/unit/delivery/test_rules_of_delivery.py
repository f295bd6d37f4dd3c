"""Who is served first, how spend is paced, and what a change or a limit does at its edge."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from sandbox.core.errors import InputError
from sandbox.core.time import DAY_MS, HOUR_MS, MINUTE_MS
from sandbox.delivery import Cap, Competition, CreativeWeight, Price
from tests.unit.delivery.test_engine import FILM, NEWS, START_MS, USERS, engine, finish, line

BUSY = replace(NEWS, daily_opportunities=24_000)


def spent(made: Any, line_id: str = "one") -> int:
    return int(made.totals(line_id).spend_micros)


# -- order -----------------------------------------------------------------------------------------------


def test_lines_of_equal_rank_take_turns_by_which_is_due_first() -> None:
    made = engine(line("one"), line("two"), line("three"))
    finish(made, 1)
    served = made.exposures().line
    assert [spent(made, name) for name in ("one", "two", "three")] == pytest.approx([5_000_000] * 3, abs=20_000)
    assert max(np.diff(np.flatnonzero(served == 2))) <= 9


def test_asap_goes_before_even_at_the_same_price() -> None:
    made = finish(engine(line("even"), line("asap", pacing="asap")), 0.1)
    assert spent(made, "asap") > 5 * spent(made, "even")


def test_among_asap_lines_of_one_price_and_start_the_first_one_is_first() -> None:
    made = finish(engine(line("one", pacing="asap"), line("two", pacing="asap")), 0.1)
    assert spent(made, "two") == 0 < spent(made)


def test_an_opportunity_that_the_best_line_cannot_take_goes_to_the_next() -> None:
    made = engine(line("rich", price=Price("cpm", 20_000_000), pacing="asap"), line("poor", pacing="asap"))
    made.set_caps("package", "rich", [Cap(1)], START_MS)
    finish(made, 1)
    assert made.totals("rich").impressions == USERS
    assert made.totals("poor").impressions == 1000


# -- pacing ----------------------------------------------------------------------------------------------


def test_even_is_never_ahead_of_its_plan_by_more_than_half_a_charge() -> None:
    made = engine(line(end_ms=START_MS + DAY_MS), placements=(BUSY, FILM))
    finish(made, 1)
    log = made.exposures()
    plan = 10_000_000 * (log.time_ms - START_MS) / DAY_MS
    assert (np.cumsum(log.charge_micros) - plan).max() <= 0.5 * 10_000 + 1
    assert spent(made) == 10_000_000


@pytest.mark.parametrize("budget", [10_000, 70_000, 990_000, 9_999_999])
def test_even_uses_its_budget_where_supply_allows(budget: int) -> None:
    made = finish(engine(line(budget_micros=budget, price=Price("cpm", 9_990)), placements=(BUSY, FILM)))
    assert spent(made) >= 0.999 * min(budget, made.opportunities * 9.99)


def test_changes_that_come_often_do_not_hold_a_line_up() -> None:
    made = engine(line(budget_micros=480_000))
    for minute in range(0, 2 * 24 * 60, 7):
        made.change_line("one", START_MS + minute * MINUTE_MS, priority=1 + minute % 2)
    finish(made)
    assert spent(made) == 480_000


def test_even_spreads_a_daily_cap_over_its_day() -> None:
    made = engine(line(budget_micros=10**8, daily_cap_micros=2_400_000), placements=(BUSY, FILM))
    halves = []
    for half in range(1, 5):
        before = spent(made)
        halves.append(spent(finish(made, half / 2)) - before)
    assert halves == pytest.approx([1_200_000] * 4, abs=20_000)


def test_front_loaded_is_ahead_of_even_at_every_hour() -> None:
    made = engine(line("even", placement_ids=("film-mid",)), line("front", pacing="front_loaded"))
    for hour in range(1, 48):
        finish(made, hour / 24)
        assert spent(made, "front") > spent(made, "even")


def test_an_impressions_goal_is_paced_evenly_and_never_passed() -> None:
    made = engine(line(impressions_goal=400, budget_micros=10**9))
    finish(made, 1)
    assert made.totals("one").impressions == pytest.approx(200, abs=2)
    finish(made)
    assert made.totals("one").impressions == 400
    assert made.exhausted() == ["one"]


def test_a_flat_rate_with_a_goal_is_paced_by_impressions() -> None:
    made = engine(line(price=Price("flat_rate", 5_000_000), impressions_goal=400))
    finish(made, 1)
    assert made.totals("one").impressions == pytest.approx(200, abs=2)
    assert spent(made) == 2_500_000


def test_an_unknown_strategy_is_a_mistake_of_the_user() -> None:
    with pytest.raises(InputError, match="unknown pacing strategy 'evn'"):
        engine(line(pacing="evn"))


# -- money -----------------------------------------------------------------------------------------------


def test_n_impressions_cost_the_floor_of_n_times_the_rate_over_a_thousand() -> None:
    rate = 7_654_321
    made = finish(engine(line(price=Price("cpm", rate), pacing="asap")), 0.4)
    charges = made.exposures().charge_micros
    assert list(np.cumsum(charges)) == [n * rate // 1000 for n in range(1, len(charges) + 1)]


def test_a_line_that_cannot_pay_for_its_outcome_does_not_serve() -> None:
    made = finish(engine(line(price=Price("cpc", 300_000), budget_micros=299_999, pacing="asap")))
    assert made.totals("one").impressions == 0
    assert made.exhausted() == ["one"]


def test_a_bidder_stops_when_its_budget_cannot_cover_its_bid() -> None:
    contested = replace(NEWS, competition=Competition(6_000_000, 0.5))
    bidder = line(
        price=Price("cpm", 0, False, 9_000_000), placement_ids=("news-top",), pacing="asap", budget_micros=1_000_000
    )
    made = finish(engine(bidder, placements=(contested,)))
    assert 1_000_000 - 9_000 < spent(made) <= 1_000_000
    assert made.exhausted() == ["one"]


def test_a_conversion_rate_of_the_line_replaces_that_of_the_placement() -> None:
    surely = {"conversion_rate": 1.0, "conversion_delay_ms": 0, "pacing": "asap"}
    made = finish(engine(line(price=Price("cpa", 10_000), **surely), line("two")), 0.2)
    touched = made.exposures().outcome[made.exposures().line == 0] & 0b11 != 0  # viewable or clicked
    assert made.totals("one").conversions == touched.sum() > 0
    assert made.totals("two").conversions == 0


def test_a_flat_rate_that_its_budget_cannot_pay_stops_when_the_money_is_used_up() -> None:
    made = finish(engine(line(price=Price("flat_rate", 8_000_000), budget_micros=3_000_000)))
    assert spent(made) == 3_000_000
    assert made.exposures().time_ms.max() < START_MS + round(0.75 * DAY_MS)
    assert made.exhausted() == ["one"]


def test_flat_rates_and_impressions_share_a_budget_group() -> None:
    made = engine(
        line("flat", price=Price("flat_rate", 8_000_000), group_ids=("pot",), placement_ids=("film-mid",)),
        line("cpm", pacing="asap", group_ids=("pot",), placement_ids=("news-top",), budget_micros=10**9),
    )
    made.set_budget_group("pot", 9_000_000, None, START_MS)
    finish(made)
    assert 0 < spent(made, "flat") < 8_000_000
    assert spent(made, "flat") + spent(made, "cpm") == pytest.approx(9_000_000, abs=10_000)
    assert spent(made, "flat") + spent(made, "cpm") <= 9_000_000


def test_a_price_change_in_flight_keeps_sums_exact() -> None:
    made = engine(line(price=Price("cpm", 3_333), pacing="asap"))
    finish(made, 0.2)
    made.change_line("one", made.now_ms, price=Price("cpm", 7_777))
    finish(made, 0.4)
    first = (made.exposures().time_ms < START_MS + round(0.2 * DAY_MS)).sum()
    rest = made.totals("one").impressions - first
    assert spent(made) == (first * 3_333 + rest * 7_777) // 1000
    assert made.audit() == []


# -- edges -----------------------------------------------------------------------------------------------


def test_the_flight_is_half_open_to_the_millisecond() -> None:
    free = finish(engine(line(pacing="asap", budget_micros=10**9)), 1).exposures().time_ms
    first_ms, end_ms = int(free[100]), int(free[900])
    made = finish(engine(line(pacing="asap", budget_micros=10**9, start_ms=first_ms, end_ms=end_ms)))
    assert made.exposures().time_ms[0] == first_ms
    assert made.exposures().time_ms[-1] == max(free[free < end_ms])


def test_a_slot_is_free_again_exactly_one_window_after_its_impression() -> None:
    free = finish(engine(line(pacing="asap", budget_micros=10**9), users=1), 1).exposures().time_ms
    window_ms = int(free[50] - free[0])
    for extra_ms, freed in ((0, True), (1, False)):
        made = engine(line(pacing="asap", budget_micros=10**9), users=1)
        made.set_caps("package", "one", [Cap(1, window_ms + extra_ms)], START_MS)
        assert bool(finish(made, 1).exposures().time_ms[1] == free[50]) is freed


def test_a_cap_of_no_impressions_lets_nothing_through() -> None:
    made = engine(line(pacing="asap"))
    made.set_caps("campaign", "campaign", [Cap(0, DAY_MS)], START_MS)
    assert finish(made).totals("one").impressions == 0


def test_caps_are_replaced_and_cleared_at_their_own_instant() -> None:
    made = engine(line(pacing="asap", budget_micros=10**9))
    made.set_caps("advertiser", "brand", [Cap(1)], START_MS)
    assert set(finish(made, 0.5).frequency("advertiser", "brand")) == {1}
    made.set_caps("advertiser", "brand", [Cap(2)], made.now_ms)
    assert finish(made, 1).frequency("advertiser", "brand") == {2: USERS}
    made.set_caps("advertiser", "brand", [], made.now_ms)
    assert max(finish(made).frequency("advertiser", "brand")) > 2


def test_a_cap_keeps_counting_when_another_one_comes() -> None:
    made = engine(line(pacing="asap", budget_micros=10**9))
    made.set_caps("advertiser", "brand", [Cap(3)], START_MS)
    finish(made, 0.1)
    made.set_caps("campaign", "campaign", [Cap(9)], made.now_ms)
    assert finish(made).frequency("advertiser", "brand") == {3: USERS}


def test_what_is_decided_cannot_be_changed() -> None:
    made = finish(engine(line()), 1)
    with pytest.raises(ValueError, match="comes too late"):
        made.change_line("one", START_MS, active=False)


def test_a_placement_that_is_added_in_an_hour_has_traffic_from_then_on() -> None:
    made = engine(line(pacing="asap", budget_micros=10**9), placements=(NEWS, FILM))
    made.advance(START_MS + HOUR_MS // 2)
    before = made.opportunities
    made.add_placements([replace(BUSY, placement_id="late")])
    made.add_line(line("two", placement_ids=("late",), pacing="asap", budget_micros=10**9), made.now_ms)
    made.advance(START_MS + HOUR_MS)
    log = made.exposures()
    assert log.time_ms[log.line == 1].min() >= START_MS + HOUR_MS // 2
    assert made.opportunities - before == pytest.approx(500 + 83, abs=80)


def test_opportunities_are_counted_to_the_millisecond() -> None:
    taker = line(pacing="asap", budget_micros=10**12)
    made = engine(taker)
    for at_ms in (START_MS + 1, START_MS + 7_654_321, START_MS + DAY_MS):
        made.advance(at_ms)
        assert made.opportunities == made.totals("one").impressions


def test_rows_of_an_hour_that_was_flushed_add_up() -> None:
    made = engine(line(pacing="asap"))
    made.advance(START_MS + HOUR_MS // 2)
    assert made.take_rows() == []
    part = made.take_rows(flush=True)
    made.advance(START_MS + HOUR_MS)
    rest = made.take_rows()
    assert [row.hour_ms for row in part + rest] == [START_MS, START_MS]
    assert sum(row.impressions for row in part + rest) == made.totals("one").impressions > 0


def test_lines_of_the_same_terms_in_other_creatives_share_a_creative_cap_across_sellers() -> None:
    shared = (CreativeWeight("shared"),)
    made = engine(
        line("one", pacing="asap", creatives=shared, budget_micros=10**9),
        line("two", pacing="asap", creatives=shared, seller_id="other", budget_micros=10**9),
    )
    made.set_caps("creative", "shared", [Cap(2, DAY_MS)], START_MS)
    finish(made, 1)
    assert made.frequency("creative", "shared") == {2: USERS}


def test_a_goal_is_never_ahead_of_its_plan_by_more_than_half_an_impression() -> None:
    made = engine(line(impressions_goal=400, budget_micros=10**9), placements=(BUSY, FILM))
    times = finish(made).exposures().time_ms
    plan = 400 * (times - START_MS) / (2 * DAY_MS)
    assert len(times) == 400
    ahead = np.arange(1, 401) - plan
    assert 0.4 < ahead.max() <= 0.5 + 1e-6
