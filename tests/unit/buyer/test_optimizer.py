"""What the optimiser decides: aims, evidence, limits, bids (rules 46, 54, 91, 102 and 176)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.buyer.bidding import better_bid
from agents.buyer.config import BuyerConfig, OptimizationConfig
from agents.buyer.evidence import Aim, Item, aim_of
from agents.buyer.reallocation import Limits, believe, divide, evidence
from agents.buyer.records import Delivered, MediaBuy, Package
from sandbox.core.time import DAY_MS

NOW = 10 * DAY_MS
END = 20 * DAY_MS
M = 1_000_000
CLICKS = Aim("clicks", "clicks", "count", None)
AUCTION = {"pricing_option_id": "a", "pricing_model": "cpm", "floor_price": 2.0, "price_guidance": {"p90": 6.0}}
FIXED = {"pricing_option_id": "a", "pricing_model": "cpm", "fixed_price": 4.0}


def item(
    budget: float = 1_000, spent: float = 400, daily: float | None = 60, *, channel: str = "display",
    option: dict[str, Any] = FIXED, bid: float | None = None, forecast: int | None = None, **told: int,
) -> Item:  # fmt: skip
    """A package halfway through its flight of twenty days; amounts in units of currency."""
    product: dict[str, Any] = {"product_id": "p", "channels": [channel], "pricing_options": [option]}
    if forecast is not None:
        product["forecast"] = {"points": [{"metrics": {"impressions": {"mid": forecast}}}]}
    buy = MediaBuy("mb", "cmp", "seller", "name", "ACTIVE", 0, 0)
    bid_micros = None if bid is None else round(bid * M)
    package = Package("pkg", "p", "p", "a", round(budget * M), 0, END, bid_micros=bid_micros)
    figures = Delivered(**{"impressions": 100_000, "spend_micros": round(spent * M), **told})
    return Item(buy, package, product, figures, round(spent * M), None if daily is None else round(daily * M))


def run(items: list[Item], aim: Aim = CLICKS, free: float = 0, daily_cap: float | None = None, **settings: Any) -> Any:
    """New remaining budgets without exploration, in units of currency."""
    limits = Limits(NOW, END, None if daily_cap is None else round(daily_cap * M), round(free * M))
    found = divide(items, aim, believe(items, aim, None), OptimizationConfig(**settings), limits)
    return [part / M for part in found]


def metric(name: str, kind: str | None = None, value: float | None = None, **fields: Any) -> dict[str, Any]:
    target = {"target": {"kind": kind, "value": value}} if kind else {}
    return {"kind": "metric", "metric": name, **target, **fields}


def event(kind: str | None = None, value: float | None = None) -> dict[str, Any]:
    target = {"target": {"kind": kind, "value": value}} if kind else {}
    sources = [{"event_source_id": "web", "event_type": "purchase", "value_field": "total"}]
    return {"kind": "event", "event_sources": sources, **target}


# -- aims ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("goal", "aim"),
    [
        (metric("clicks"), Aim("clicks", "clicks", "count", None)),
        (metric("views", "cost_per", 0.1), Aim("views", "views", "count", 0.1)),
        (metric("completed_views", "threshold_rate", 0.7), Aim("completed_views", "completed_views", "rate", 0.7)),
        (event(), Aim("conversions", "purchase", "count", None)),
        (event("cost_per", 25.0), Aim("conversions", "purchase", "count", 25.0)),
        (event("per_ad_spend", 4.0), Aim("conversions", "roas", "value", 4.0)),
        (event("maximize_value"), Aim("conversions", "conversion_value", "value", None)),
    ],
)
def test_each_kind_of_goal_has_its_aim(goal: dict[str, Any], aim: Aim) -> None:  # rules 53, 54
    assert aim_of([goal]) == aim


def test_the_first_goal_that_can_be_measured_counts() -> None:
    goals = [metric("clicks", priority=2), metric("attention_score", priority=1), metric("views", priority=3)]
    assert aim_of(goals) == Aim("clicks", "clicks", "count", None)


def test_no_goal_and_no_measurable_goal_are_no_aim() -> None:  # rules 92 and 176
    assert aim_of([]) is None
    assert aim_of([metric("attention_seconds")]) is None


# -- the division ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("aim", "poor", "rich"),
    [
        (CLICKS, {"clicks": 100}, {"clicks": 400}),
        (Aim("views", "views", "count", 0.1), {"views": 20_000}, {"views": 60_000}),
        (Aim("engagements", "engagements", "count", None), {"engagements": 200}, {"engagements": 900}),
        (Aim("conversions", "purchase", "count", 25.0), {"conversions": 20}, {"conversions": 80}),
        (
            Aim("conversions", "roas", "value", 4.0),
            {"conversions": 80, "conversion_value_micros": 800 * M},
            {"conversions": 40, "conversion_value_micros": 4_000 * M},
        ),
        (
            Aim("conversions", "conversion_value", "value", None),
            {"conversions": 40, "conversion_value_micros": 800 * M},
            {"conversions": 40, "conversion_value_micros": 4_000 * M},
        ),
        (
            Aim("completed_views", "completed_views", "rate", 0.8),
            {"completed_views": 40_000},
            {"completed_views": 90_000},
        ),
    ],
    ids=["clicks", "cost per view", "engagements", "cost per purchase", "return on spend", "value", "rate"],
)
def test_money_moves_to_what_brings_more(aim: Aim, poor: dict[str, int], rich: dict[str, int]) -> None:
    assert run([item(**poor), item(**rich)], aim) == [480, 720]


def test_a_rate_that_is_kept_anyhow_buys_the_most_impressions() -> None:
    aim = Aim("completed_views", "completed_views", "rate", 0.3)
    dear, cheap = item(completed_views=90_000), item(completed_views=40_000, impressions=300_000)
    both = [dear, item(impressions=300_000, completed_views=150_000)]
    assert run(both, aim) == [480, 720]
    assert run([dear, cheap], aim)[1] < 720


def test_a_run_moves_a_fifth_of_what_remains_at_most() -> None:
    items = [item(daily=120, clicks=count) for count in (50, 80, 900, 60)]
    assert [new - 600 for new in run(items)] == [-120, -120, 360, -120]


def test_nobody_is_expected_to_grow_by_more_than_half_at_once() -> None:
    items = [item(clicks=count) for count in (50, 80, 900, 60)]
    assert [new - 600 for new in run(items)] == [-120, -60, 300, -120]


def test_what_was_spent_is_never_taken_back() -> None:
    gone = item(budget=500, spent=500, clicks=1)
    assert run([gone, item(clicks=900)], most_moved=1.0) == [0, 600]


def test_a_package_that_falls_short_gives_what_it_cannot_spend() -> None:
    slow = item(daily=20, clicks=900)
    found = run([slow, item(clicks=100)], most_moved=0.5)
    assert found == [300, 900]
    assert run([item(daily=20, clicks=900), item(daily=20, clicks=100)]) == [600, 600]


def test_money_that_nobody_can_spend_stays_where_it_is() -> None:
    assert run([item(forecast=10_000, clicks=900), item(forecast=10_000, clicks=100)]) == [600, 600]


def test_a_daily_cap_limits_what_a_package_can_take() -> None:
    assert run([item(clicks=100), item(clicks=900)], daily_cap=65)[1] == 650


def test_free_money_is_placed_within_the_same_limit() -> None:
    found = run([item(clicks=100), item(clicks=900)], free=5_000)
    assert sum(found) == 1_440
    assert found[1] == 840


def test_the_minimum_of_a_price_is_kept() -> None:
    bound = item(option={**FIXED, "min_spend_per_package": 950}, clicks=10)
    assert run([bound, item(clicks=900)]) == [550, 650]


def test_a_flat_rate_is_neither_cut_nor_raised() -> None:
    flat = {"pricing_option_id": "a", "pricing_model": "flat_rate", "fixed_price": 1_000.0}
    found = run([item(option=flat, clicks=900), item(clicks=10), item(clicks=500)])
    assert found[0] == 600
    assert found[2] > 600


def test_the_channel_mix_is_kept() -> None:
    items = [item(clicks=900), item(channel="ctv", clicks=10)]
    assert run(items) == [720, 480]
    assert run(items, channel_mix={"ctv": {"min": 0.45}}) == [660, 540]
    assert run(items, channel_mix={"display": {"max": 0.52}})[0] == pytest.approx(624, abs=0.001)
    assert run([items[0], item(clicks=100)], channel_mix={"display": {"max": 0.5}}) == [720, 480]


@st.composite
def packages(draw: st.DrawFn) -> Item:
    budget = draw(st.integers(10, 10**6))
    return item(
        budget,
        budget * draw(st.floats(0, 1)),
        draw(st.none() | st.integers(0, 10**5)),
        channel=draw(st.sampled_from(["display", "ctv", "olv"])),
        option={**FIXED, "min_spend_per_package": draw(st.sampled_from([0, 100, 10**5]))},
        forecast=draw(st.none() | st.integers(0, 10**7)),
        clicks=draw(st.integers(0, 900)),
    )


@given(
    st.lists(packages(), min_size=1, max_size=6),
    st.integers(0, 10**6),
    st.floats(0.01, 1.0),
    st.dictionaries(st.sampled_from(["display", "ctv"]), st.tuples(st.floats(0, 0.5), st.floats(0.5, 1))),
    st.none() | st.integers(1, 10**5),
    st.integers(0, 2**32),
)
def test_no_micro_is_made_or_moved_beyond_the_limit(
    items: list[Item], free: int, most: float, mix: dict[str, Any], cap: int | None, seed: int
) -> None:
    drawn = believe(items, CLICKS, np.random.default_rng(seed))
    limits = Limits(NOW, END, None if cap is None else cap * M, free * M)
    wanted = {name: {"min": low, "max": high} for name, (low, high) in mix.items()}
    settings = OptimizationConfig.model_validate({"most_moved": most, "channel_mix": wanted})
    found = divide(items, CLICKS, drawn, settings, limits)
    remaining = [each.remaining_micros for each in items]
    assert sum(found) <= sum(remaining) + min(free * M, int(sum(remaining) * most))
    if not mix:
        assert sum(found) >= sum(remaining)
    raised = sum(max(0, new - old) for new, old in zip(found, remaining, strict=True))
    assert raised <= sum(remaining) * most + len(items)
    assert all(each.least_micros <= new for each, new in zip(items, found, strict=True))


# -- evidence --------------------------------------------------------------------------------------------------


def test_results_that_stay_away_are_evidence_too() -> None:
    assert evidence([item(clicks=0)], CLICKS) == pytest.approx(150)
    assert evidence([item(clicks=700)], CLICKS) == 700
    assert evidence([item(impressions=0)], CLICKS) == 0


def test_nothing_is_known_about_values_before_there_are_any() -> None:
    assert evidence([item(conversions=90)], Aim("conversions", "roas", "value", 4.0)) == 0


def test_without_a_whole_day_nothing_falls_short() -> None:
    assert not item(daily=None).falls_short(NOW)
    assert item(daily=40).falls_short(NOW)
    assert not item(daily=45).falls_short(NOW)


# -- bids ------------------------------------------------------------------------------------------------------


def bid(package: Item, aim: Aim, short: bool = False, usual: float = 1.0) -> float | None:
    """The new CPM of a package whose belief is what it has shown; None if it stays."""
    belief = believe([package], aim, None)
    count = getattr(package.told, aim.counts)
    worth = count / package.told.spend_micros
    found = better_bid(package, aim, worth, usual * worth, float(belief.rate[0]), 0.2, short)
    return None if found is None else found / M


def test_a_bid_falls_to_what_an_impression_is_worth_at_the_target() -> None:
    # 400 clicks for 400 are 1.00 each at a CPM of 4.00; a target of 0.95 pays 3.80
    package = item(option=AUCTION, bid=4.0, clicks=400)
    assert bid(package, Aim("clicks", "clicks", "count", 0.95)) == pytest.approx(3.8)
    assert bid(package, Aim("clicks", "clicks", "count", 0.5)) == pytest.approx(3.2), "a fifth at most"


def test_no_bid_falls_below_the_floor() -> None:
    low = item(option=AUCTION, bid=2.1, spent=210, clicks=10)
    assert bid(low, Aim("clicks", "clicks", "count", 0.5)) == 2.0


def test_a_bid_rises_only_where_a_package_falls_short() -> None:
    package, aim = item(option=AUCTION, bid=4.0, clicks=400), Aim("clicks", "clicks", "count", 3.0)
    assert bid(package, aim) is None
    assert bid(package, aim, short=True) == pytest.approx(4.8)
    near = item(option=AUCTION, bid=5.9, spent=590, clicks=590)
    assert bid(near, aim, short=True) is None, "it wins nine auctions in ten already"


def test_without_a_target_the_usual_return_is_the_measure() -> None:
    package = item(option=AUCTION, bid=4.0, clicks=400)
    assert bid(package, CLICKS) is None
    assert bid(package, CLICKS, usual=1.1) == pytest.approx(4 / 1.1)


def test_a_return_on_spend_below_its_target_lowers_the_bid() -> None:
    package, aim = item(option=AUCTION, bid=4.0, conversions=80), Aim("conversions", "roas", "value", 4.0)
    assert better_bid(package, aim, 3.6, 3.6, 0.01, 0.2, short=False) == 3_600_000
    assert better_bid(package, aim, 4.2, 3.6, 0.01, 0.2, short=False) is None


def test_fixed_prices_have_no_bid() -> None:
    assert bid(item(clicks=400), Aim("clicks", "clicks", "count", 0.1)) is None


# -- settings --------------------------------------------------------------------------------------------------


def test_the_optimiser_runs_daily_unless_told_otherwise() -> None:  # rule 46
    assert BuyerConfig().optimization.interval == DAY_MS
    assert BuyerConfig.model_validate({"optimization": {"interval": None}}).optimization.interval is None


@pytest.mark.parametrize(
    "mix", [{"radar": {"min": 0.1}}, {"ctv": {"min": 0.6, "max": 0.5}}, {"ctv": {"min": 0.6}, "olv": {"min": 0.6}}]
)
def test_an_impossible_mix_is_refused(mix: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"channel|min is more|more than everything"):
        OptimizationConfig.model_validate({"channel_mix": mix})
