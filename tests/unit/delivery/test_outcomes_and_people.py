"""What impressions bring, and when; whom caps know; segments, days of time zones, prices of auctions."""

from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest

from sandbox.core.time import DAY_MS, HOUR_MS
from sandbox.delivery import Cap, Competition, CreativeWeight, Engine, Population, Price, Targeting, Totals
from tests.unit.delivery.test_engine import FILM, NEWS, START_MS, USERS, engine, finish, line


def test_a_conversion_is_counted_and_charged_when_it_happens_and_reserved_until_then() -> None:
    late = {"conversion_rate": 1.0, "conversion_delay_ms": HOUR_MS, "price": Price("cpa", 100_000), "pacing": "asap"}
    made = finish(engine(line(budget_micros=3_000_000, **late)), 0.1)
    first = made.totals("one")
    assert made.exhausted() == ["one"]  # all of the budget is reserved
    assert first.spend_micros == first.conversions * 100_000 < 3_000_000
    finish(made, 2)
    totals = made.totals("one")
    assert (totals.spend_micros, totals.conversions) == (3_000_000, 30)
    assert totals.impressions == first.impressions
    rows = made.take_rows(flush=True)
    assert sum(row.conversions for row in rows) == 30
    assert sum(row.conversion_value_micros for row in rows) == totals.conversion_value_micros > 0
    assert made.next_conversion_ms is None
    assert made.audit() == []


def test_a_conversion_counts_inside_the_windows_of_click_and_view_only() -> None:
    def conversions(**fields: Any) -> int:
        made = finish(engine(line(conversion_rate=1.0, conversion_delay_ms=HOUR_MS, pacing="asap", **fields)), 2)
        return made.totals("one").conversions

    both = conversions()
    clicks_only = conversions(view_window_ms=0)
    assert 0 < clicks_only < both / 50
    assert conversions(view_window_ms=0, click_window_ms=0) == 0
    half = conversions(view_window_ms=round(HOUR_MS * 0.6931), click_window_ms=0)  # the median of the delay
    assert half == pytest.approx(both / 2, rel=0.1)


def test_video_is_played_to_its_quartiles_in_falling_numbers() -> None:
    film = replace(FILM, completion_rate=0.4)
    made = finish(engine(line(placement_ids=("film-mid",), pacing="asap", budget_micros=10**9), placements=(film,)))
    t = made.totals("one")
    played = [t.views, t.first_quartile, t.midpoint, t.third_quartile, t.completed_views]
    expected = [t.views * 0.4**part for part in (0, 0.25, 0.5, 0.75, 1)]
    assert played == pytest.approx(expected, rel=0.05)


def test_slices_add_up_to_what_the_line_delivered() -> None:
    made = engine(
        line(creatives=(CreativeWeight("a"), CreativeWeight("b")), conversion_rate=0.2),
        line("flat", price=Price("flat_rate", 9_000_001), pacing="asap", priority=2),
        line("two", price=Price("cpa", 50_000), conversion_rate=0.3, priority=2),
    )
    finish(made, 2)
    cut_ms = START_MS + 30 * HOUR_MS
    parts = [made.breakdown(["one", "two", "flat"], *span) for span in ((START_MS, cut_ms), (cut_ms, made.now_ms))]
    for name in ("one", "two", "flat"):
        mine = [part.totals for part in (*parts[0], *parts[1]) if part.line_id == name]
        for counter in fields(Totals):
            assert sum(getattr(t, counter.name) for t in mine) == getattr(made.totals(name), counter.name), counter.name
    assert {part.creative_id for part in parts[0] if part.line_id == "one"} == {"a", "b"}
    assert {part.country for part in parts[0]} == {"US", "CA"}


def test_people_whom_a_publisher_cannot_match_get_through_the_caps_of_all_publishers_together() -> None:
    def play(match_rate: float) -> Engine:
        places = tuple(replace(one, match_rate=match_rate) for one in (NEWS, FILM))
        made = engine(line(pacing="asap", budget_micros=10**12), placements=places)
        made.set_caps("campaign", "campaign", [Cap(2, DAY_MS)], START_MS)
        return finish(made, 1)

    known, unknown, half = play(1.0), play(0.0), play(0.5)
    assert max(known.frequency("campaign", "campaign")) == 2
    assert max(unknown.frequency("campaign", "campaign")) == 4  # two at each publisher
    assert [made.beyond_caps()["campaign", "campaign"] > 0 for made in (known, half, unknown)] == [False, True, True]
    assert known.totals("one").impressions < half.totals("one").impressions < unknown.totals("one").impressions
    assert [made.audit() for made in (known, half, unknown)] == [[], [], []]


def test_only_people_of_a_segment_are_reached() -> None:
    made = Engine(11, START_MS, Population(USERS, segments={"young": 0.3}), (NEWS, FILM))
    for name, aim in (("in", Targeting(segments=("young",))), ("out", Targeting(segments_exclude=("young",)))):
        made.add_line(line(name, targeting=aim, pacing="asap", budget_micros=10**12), START_MS)
    log = finish(made).exposures()
    inside, outside = (set(log.user[log.line == number].tolist()) for number in (0, 1))
    assert not inside & outside
    assert len(inside) == pytest.approx(0.3 * USERS, rel=0.3)
    assert made.forecast(["news-top"], Targeting(segments=("young",)), START_MS, START_MS + DAY_MS) == pytest.approx(
        600
    )


def test_a_daily_cap_counts_the_days_of_its_time_zone() -> None:
    made = engine(line(timezone="Asia/Kolkata", daily_cap_micros=1_000_000, pacing="asap", budget_micros=10**8))
    log = finish(made, 2).exposures()
    days = (log.time_ms - START_MS + 11 * HOUR_MS // 2) // DAY_MS  # five and a half hours ahead of UTC
    assert np.bincount(days, log.charge_micros).tolist() == [1_000_000] * 3
    first = log.time_ms[days == 1].min()
    assert 0 <= first - (START_MS + 37 * HOUR_MS // 2) < 10 * 60_000


def test_a_first_price_auction_charges_the_bid_and_a_floor_of_the_line_holds() -> None:
    rivals = replace(NEWS, competition=Competition(2_000_000, 0.3))
    bid = Price("cpm", 4_000_000, fixed=False, bid_micros=9_000_000)
    terms = {"price": bid, "placement_ids": ("news-top",), "pacing": "asap", "budget_micros": 10**9}
    first = finish(engine(line(**terms), placements=(replace(rivals, first_price=True),)))
    second = finish(engine(line(**terms), placements=(rivals,)))
    assert set(first.exposures().charge_micros.tolist()) == {9_000}
    paid = second.exposures().charge_micros
    assert paid.min() == 4_000  # its floor, which is above most of the competing bids
    assert 4_000 < paid.max() <= 9_000


def test_reach_of_a_window_counts_people_once_whenever_it_is_asked_for() -> None:
    made = engine(line(pacing="asap", budget_micros=10**9), line("two", pacing="asap", budget_micros=10**9))
    for hours in (6, 30, 12, 40):
        made.advance(max(made.now_ms, START_MS + hours * HOUR_MS))
        log = made.exposures()
        for names, start_ms in ((["one"], 0), (["one", "two"], 0), (["two"], START_MS + 5 * HOUR_MS)):
            end_ms = START_MS + hours * HOUR_MS
            wanted = np.isin(log.line, [("one", "two").index(name) for name in names])
            users = log.user[wanted & (log.time_ms >= start_ms) & (log.time_ms < end_ms)]
            people, frequency = made.history.reach(names, start_ms, end_ms)
            assert people == len(set(users.tolist()))
            assert people * frequency == pytest.approx(len(users))


def test_a_change_that_is_none_of_the_caps_leaves_their_memory_where_it_is() -> None:
    made = engine(line(pacing="asap", budget_micros=10**9))
    made.set_caps("campaign", "campaign", [Cap(3, DAY_MS)], START_MS)
    finish(made, 0.5)
    before = made._rings._cells
    made.change_line("one", made.now_ms, creatives=(CreativeWeight("another"),))
    finish(made, 0.6)
    assert made._rings._cells is before
    made.set_caps("campaign", "campaign", [Cap(4, DAY_MS)], made.now_ms)
    finish(made, 0.7)
    assert made._rings._cells is not before
    assert made.audit() == []
