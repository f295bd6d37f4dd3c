"""What the delivery engine promises, one sentence a test."""

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from sandbox.core.time import DAY_MS, HOUR_MS, WEEK_MS, parse_instant
from sandbox.delivery import (
    Cap,
    Competition,
    CreativeWeight,
    Engine,
    Line,
    Placement,
    Population,
    Price,
    Targeting,
)
from sandbox.delivery.reference import ReferenceEngine

START_MS = parse_instant("2026-05-04")  # a Monday
NEWS = Placement("news-top", "news", "news.example", "display", 2000, {"US": 0.8, "CA": 0.2})
FILM = Placement("film-mid", "film", "film.example", "ctv", 2000, devices={"ctv": 1.0})
CPM = Price("cpm", 10_000_000)
USERS = 300

MakeLine = Callable[..., Line]


def line(line_id: str = "one", **fields: Any) -> Line:
    terms: dict[str, Any] = {
        "media_buy_id": "buy",
        "seller_id": "seller",
        "placement_ids": ("news-top", "film-mid"),
        "start_ms": START_MS,
        "end_ms": START_MS + 2 * DAY_MS,
        "budget_micros": 10_000_000,
        "price": CPM,
        "campaign_id": "campaign",
        "advertiser_id": "brand",
        "creatives": (CreativeWeight("banner"),),
    }
    return Line(line_id, **(terms | fields))


def engine(*lines: Line, users: int = USERS, placements: tuple[Placement, ...] = (NEWS, FILM)) -> Engine:
    made = Engine(11, START_MS, Population(users), placements)
    for one in lines:
        made.add_line(one, START_MS)
    return made


def finish(made: Engine, days: float = 2) -> Engine:
    made.advance(START_MS + round(days * DAY_MS))
    return made


def test_a_rich_plan_is_decided_as_the_reference_decides_it() -> None:
    def play(kind: Any) -> Any:
        made: Any = kind(5, START_MS, Population(USERS, 1.0), (NEWS, FILM))
        made.add_line(line(priority=0, pacing="even"), START_MS)
        made.add_line(line("two", price=Price("cpc", 400_000), pacing="asap", daily_cap_micros=900_000), START_MS)
        made.add_line(line("three", creatives=(CreativeWeight("x", 1), CreativeWeight("y", 3))), START_MS)
        made.set_caps("advertiser", "brand", [Cap(3, 6 * HOUR_MS), Cap(9, DAY_MS)], START_MS)
        made.set_caps("creative", "y", [Cap(1, DAY_MS)], START_MS)
        return finish(made, 1)

    fast, slow = play(Engine), play(ReferenceEngine)
    assert len(fast.log) > 500
    for a, b in zip(fast.log.arrays(), slow.exposures(), strict=True):
        assert np.array_equal(a, b)


def test_even_spends_the_same_each_day_and_all_of_the_budget() -> None:
    made = engine(line(end_ms=START_MS + 4 * DAY_MS))
    spent = [0]
    for day in range(1, 5):
        finish(made, day)
        spent.append(made.totals("one").spend_micros)
    days = [b - a for a, b in pairwise(spent)]
    assert all(abs(day - 2_500_000) < 60_000 for day in days)
    assert spent[-1] >= 0.999 * 10_000_000


def test_asap_spends_as_fast_as_supply_allows() -> None:
    made = finish(engine(line(pacing="asap")), 0.5)
    assert made.totals("one").spend_micros == 10_000_000
    assert made.exhausted() == ["one"]
    assert made.exhausted() == []


def test_front_loaded_spends_three_quarters_in_the_first_half() -> None:
    made = finish(engine(line(pacing="front_loaded")), 1)
    assert 7_300_000 < made.totals("one").spend_micros < 7_600_000
    finish(made)
    assert made.totals("one").spend_micros > 9_950_000


def test_an_hour_without_supply_is_caught_up_later() -> None:
    nights = tuple(0.0 if hour < 12 else 1.0 for hour in range(24))
    made = finish(engine(line(placement_ids=("news-top",)), placements=(replace(NEWS, hour_shape=nights),)))
    assert made.totals("one").spend_micros >= 9_950_000


def test_a_rolling_window_frees_a_slot_exactly_when_it_is_over() -> None:
    made = engine(line(pacing="asap", budget_micros=10**9), users=1)
    made.set_caps("campaign", "campaign", [Cap(2, HOUR_MS)], START_MS)
    log = finish(made).log.arrays()
    times = log.time_ms
    assert len(times) >= 80
    gaps = times[2:] - times[:-2]
    assert gaps.min() >= HOUR_MS
    assert gaps.min() < HOUR_MS + 5 * 60_000


def test_caps_hold_across_publishers_and_all_levels_together() -> None:
    caps = {"campaign": 3, "advertiser": 4}
    made = engine(line(pacing="asap", budget_micros=10**9), line("two", campaign_id="other", budget_micros=10**9))
    made.set_caps("campaign", "campaign", [Cap(3, DAY_MS)], START_MS)
    made.set_caps("advertiser", "brand", [Cap(4, DAY_MS)], START_MS)
    finish(made, 1)
    assert max(made.frequency("campaign", "campaign")) == caps["campaign"]
    assert max(made.frequency("advertiser", "brand")) == caps["advertiser"]
    publishers = {int(n) for n in made.log.arrays().line}
    assert publishers == {0, 1}
    assert made.reach("advertiser", "brand") == USERS


def test_a_cap_for_the_whole_campaign_never_frees_a_slot() -> None:
    made = engine(line(pacing="asap", budget_micros=10**9))
    made.set_caps("campaign", "campaign", [Cap(5)], START_MS)
    finish(made)
    assert made.frequency("campaign", "campaign") == {5: USERS}


def test_past_exposures_count_under_a_cap_that_is_set_in_flight() -> None:
    made = engine(line(pacing="asap", budget_micros=10**9))
    finish(made, 0.5)
    before = made.frequency("campaign", "campaign")
    assert max(before) > 2
    made.set_caps("campaign", "campaign", [Cap(2, WEEK_MS)], START_MS + DAY_MS // 2)
    finish(made)
    after = made.frequency("campaign", "campaign")
    assert sum(n for count, n in after.items() if count > 2) == sum(n for c, n in before.items() if c > 2)
    assert made.audit() == []


def test_a_capped_creative_leaves_the_impression_to_another() -> None:
    both = (CreativeWeight("a", 100), CreativeWeight("b", 100))
    made = engine(line(pacing="asap", budget_micros=10**9, creatives=both))
    made.set_caps("creative", "a", [Cap(1)], START_MS)
    finish(made, 1)
    assert made.frequency("creative", "a") == {1: USERS}
    assert made.totals("one").impressions == len(made.log) > 2 * USERS


def test_creatives_rotate_by_weight() -> None:
    made = engine(line(budget_micros=30_000_000, creatives=(CreativeWeight("a", 1), CreativeWeight("b", 3))))
    log = finish(made).log.arrays()
    assert 0.70 < (log.creative == 1).mean() < 0.80


def test_guaranteed_goes_before_auction_and_the_better_price_before_the_worse() -> None:
    rich, poor = line("rich", price=Price("cpm", 20_000_000)), line("poor", price=Price("cpm", 5_000_000))
    sold = line("sold", price=Price("cpm", 1_000_000), priority=0)
    many = [replace(one, pacing="asap", budget_micros=10**9) for one in (poor, rich, sold)]
    made = finish(engine(*many), 0.5)
    assert made.totals("rich").impressions == made.totals("poor").impressions == 0
    made.change_line("sold", made.now_ms, active=False)
    finish(made, 1)
    assert made.totals("rich").impressions > 0
    assert made.totals("poor").impressions == 0


def test_an_auction_is_won_at_the_second_price_and_never_below_the_floor() -> None:
    contested = replace(NEWS, floor_micros=2_000_000, competition=Competition(6_000_000, 0.5))
    bidder = line(price=Price("cpm", 0, False, 9_000_000), placement_ids=("news-top",), pacing="asap")
    log = finish(engine(bidder, placements=(contested,)), 1).log.arrays()
    paid = log.charge_micros
    assert 0.6 < len(paid) / 2000 < 0.95
    assert paid.min() >= 2000 - 1
    assert paid.max() <= 9000
    assert 4000 < paid.mean() < 6500


def test_a_bid_below_the_floor_never_wins() -> None:
    bidder = line(price=Price("cpm", 0, False, 1_900_000), placement_ids=("news-top",))
    made = finish(engine(bidder, placements=(replace(NEWS, floor_micros=2_000_000),)))
    assert made.totals("one").impressions == 0


@pytest.mark.parametrize(
    ("model", "rate", "unit"),
    [
        ("vcpm", 10_000_000, "viewable"),
        ("cpc", 500_000, "clicks"),
        ("cpv", 20_000, "views"),
        ("cpcv", 30_000, "completed_views"),
        ("cpa", 900_000, "conversions"),
    ],
)
def test_a_pricing_model_charges_what_it_names(model: Any, rate: int, unit: str) -> None:
    often = replace(NEWS, click_rate=0.05, conversion_rate=0.03)
    made = finish(engine(line(price=Price(model, rate), placement_ids=("news-top",)), placements=(often,)), 1)
    totals = made.totals("one")
    count = getattr(totals, unit)
    assert 0 < count <= totals.impressions
    assert totals.spend_micros == count * rate // (1000 if model == "vcpm" else 1)


def test_a_rating_point_is_one_impression_for_each_hundred_people() -> None:
    made = finish(engine(line(price=Price("cpp", 300_000))), 1)
    totals = made.totals("one")
    points = totals.impressions * 100 / USERS
    assert totals.impressions > 0
    assert totals.spend_micros == int(points * 300_000)


def test_a_flat_rate_accrues_over_its_flight_whatever_is_delivered() -> None:
    made = engine(line(price=Price("flat_rate", 8_000_000), budget_micros=8_000_000))
    finish(made, 0.5)
    assert made.totals("one").spend_micros == 2_000_000
    made.change_line("one", made.now_ms, active=False)
    finish(made, 1)
    assert made.totals("one").spend_micros == 2_000_000
    made.change_line("one", made.now_ms, active=True)
    finish(made)
    assert made.totals("one").spend_micros == 6_000_000


def test_a_change_takes_effect_at_its_own_millisecond() -> None:
    stop_ms = START_MS + 5 * HOUR_MS + 1234
    made = engine(line(pacing="asap", budget_micros=10**9))
    made.change_line("one", stop_ms, active=False)
    finish(made)
    log = made.log.arrays()
    free = finish(engine(line(pacing="asap", budget_micros=10**9))).log.arrays()
    assert log.time_ms.max() < stop_ms
    assert len(log.time_ms) == (free.time_ms < stop_ms).sum()


def test_targeting_keeps_a_line_to_its_countries_devices_and_properties() -> None:
    def served(**targeting: Any) -> int:
        return len(finish(engine(line(targeting=Targeting(**targeting))), 1).log)

    assert served(countries=("DE",)) == 0
    assert served(devices=("ctv",)) > 0
    assert served(devices=("ctv",), devices_exclude=("ctv",)) == 0
    assert served(properties=("film.example",)) > 0
    assert served(properties=("film.example",), properties_exclude=("film.example",)) == 0


def test_a_daily_cap_holds_in_each_utc_day_and_a_group_cap_over_all_its_lines() -> None:
    made = engine(
        line(pacing="asap", daily_cap_micros=2_000_000),
        line("two", pacing="asap", group_ids=("pot",)),
        line("three", pacing="asap", group_ids=("pot",)),
    )
    made.set_budget_group("pot", 5_000_000, 3_000_000, START_MS)
    finish(made, 1)
    assert made.totals("one").spend_micros == 2_000_000
    assert made.totals("two").spend_micros + made.totals("three").spend_micros == 3_000_000
    finish(made)
    assert made.totals("one").spend_micros == 4_000_000
    assert made.totals("two").spend_micros + made.totals("three").spend_micros == 5_000_000


def test_without_a_creative_nothing_serves() -> None:
    made = finish(engine(line(creatives=())), 1)
    assert made.totals("one").impressions == 0
    made.change_line("one", made.now_ms, creatives=(CreativeWeight("late"),))
    assert finish(made).totals("one").impressions > 0


def test_more_budget_revives_an_exhausted_line() -> None:
    made = finish(engine(line(pacing="asap", budget_micros=1_000_000)), 1)
    assert made.exhausted() == ["one"]
    made.change_line("one", made.now_ms, budget_micros=2_000_000)
    finish(made)
    assert made.totals("one").spend_micros == 2_000_000
    assert made.exhausted() == ["one"]


def test_a_placement_shows_its_publisher_to_its_audience_only() -> None:
    half = replace(NEWS, audience=0.5, daily_opportunities=20_000)
    made = engine(line(pacing="asap", budget_micros=10**9, placement_ids=("news-top",)), users=2000, placements=(half,))
    finish(made, 1)
    assert 900 < made.reach("campaign", "campaign") < 1100


def test_traffic_follows_the_hours_and_days_of_its_placement() -> None:
    shape = tuple(3.0 if 18 <= hour < 22 else 0.5 for hour in range(24))
    weekend = replace(NEWS, daily_opportunities=24_000, hour_shape=shape, week_shape=(1, 1, 1, 1, 1, 2, 2))
    made = engine(line(pacing="asap", budget_micros=10**10), placements=(weekend, FILM))
    made.change_line("one", START_MS, end_ms=START_MS + WEEK_MS, placement_ids=("news-top",))
    log = finish(made, 7).log.arrays()
    hours = np.bincount((log.time_ms - START_MS) // HOUR_MS % 24, minlength=24)
    days = np.bincount((log.time_ms - START_MS) // DAY_MS, minlength=7)
    assert 5.5 < hours[18:22].mean() / hours[:18].mean() < 6.5
    assert 1.9 < days[5] / days[0] < 2.1
    assert abs(len(log.time_ms) - 7 * 24_000) < 3000


def test_a_forecast_says_what_traffic_comes() -> None:
    made = engine()
    expected = made.forecast(["news-top"], Targeting(countries=("CA",)), START_MS, START_MS + WEEK_MS)
    assert expected == pytest.approx(7 * 2000 * 0.2)
    served = engine(
        line(targeting=Targeting(countries=("CA",)), placement_ids=("news-top",), pacing="asap", budget_micros=10**9),
    )
    served.change_line("one", START_MS, end_ms=START_MS + WEEK_MS)
    assert abs(len(finish(served, 7).log) - expected) < 200


def test_uncapped_reach_of_equal_users_follows_the_closed_form() -> None:
    made = finish(engine(line(pacing="asap", budget_micros=10**9), users=5000), 1)
    exposures = len(made.log)
    assert made.reach("campaign", "campaign") == pytest.approx(5000 * (1 - np.exp(-exposures / 5000)), rel=0.02)


def test_the_audit_finds_one_exposure_too_many() -> None:
    made = engine(line(pacing="asap", budget_micros=10**9))
    finish(made, 0.5)
    made.history.caps.replace(("campaign", "campaign"), (Cap(1, DAY_MS),), START_MS)
    assert "campaign campaign: user" in made.audit()[0]


def test_a_line_on_unknown_inventory_or_with_a_taken_id_is_refused() -> None:
    made = engine(line())
    for wrong in (line("new", placement_ids=("elsewhere",)), line()):
        with pytest.raises(ValueError, match="taken, or on unknown placements"):
            made.add_line(wrong, START_MS)
