"""How a seller counts: whole numbers that hang together, never above the budget, provisional at first."""

from __future__ import annotations

from collections import Counter
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from agents.seller.breakdowns import apportion, share_out
from agents.seller.config import SellerConfig
from agents.seller.counting import Counts, count_hour
from tests.unit.seller.conftest import Opener, Stage

PARTS = (
    ("clicks", "impressions"),
    ("viewable", "impressions"),
    ("engagements", "impressions"),
    ("views", "impressions"),
    ("first_quartile", "views"),
    ("midpoint", "first_quartile"),
    ("third_quartile", "midpoint"),
    ("completed_views", "third_quartile"),
)
MODELS = st.sampled_from(["cpm", "vcpm", "cpc", "cpcv", "cpv", "cpp", "cpa", "flat_rate"])


def consistent(counts: Counts) -> bool:
    return all(0 <= counts[part] <= counts[whole] for part, whole in PARTS)


@st.composite
def hours(draw: st.DrawFn) -> Counts:
    """What the market may say of an hour."""
    counts: Counts = Counter(impressions=draw(st.integers(0, 5_000)))
    for part, whole in PARTS:
        counts[part] = draw(st.integers(0, counts[whole]))
    counts["conversions"] = draw(st.integers(0, 50))
    counts["spend_micros"] = draw(st.integers(0, 10**9))
    return counts


@given(
    hours(),
    MODELS,
    st.integers(0, 2 * 10**9),
    st.floats(0, 0.9),
    st.floats(0, 0.9),
    st.floats(-0.5, 0.5),
    st.integers(0),
)
def test_a_count_hangs_together_and_never_passes_the_budget(
    hour: Counts, model: str, room: int, late: float, ivt: float, discrepancy: float, seed: int
) -> None:
    config = SellerConfig(late_share=late, ivt_rate=ivt, count_discrepancy=discrepancy)
    count = count_hour(hour, model, room, config, Random(seed))
    assert count == count_hour(hour, model, room, config, Random(seed))
    for told in (count.full, count.provisional, count.final):
        assert consistent(told)
        assert 0 <= told["spend_micros"] <= room
        assert all(told[name] <= count.full[name] for name in told)
        assert told["conversions"] == hour["conversions"]


@given(hours(), MODELS, st.integers(0))
def test_a_seller_without_discrepancy_counts_what_the_market_says(hour: Counts, model: str, seed: int) -> None:
    count = count_hour(hour, model, hour["spend_micros"], SellerConfig(), Random(seed))
    assert count.full == count.provisional == count.final == hour


def test_the_discrepancy_is_right_on_average_also_for_rare_events() -> None:
    hour = Counter(impressions=40, clicks=1, spend_micros=40_000)
    config = SellerConfig(count_discrepancy=0.05, ivt_rate=0.1)
    counts = [count_hour(hour, "cpm", 10**9, config, Random(seed)) for seed in range(4_000)]
    for name, true in (("impressions", 40), ("clicks", 1)):
        assert sum(c.full[name] for c in counts) / 4_000 == pytest.approx(1.05 * true, rel=0.02)
        assert sum(c.final[name] for c in counts) / 4_000 == pytest.approx(0.9 * 1.05 * true, rel=0.02)


def test_billing_follows_what_is_charged_for() -> None:
    hour = Counter(impressions=1_000, clicks=10, conversions=4, spend_micros=5_000_000)
    config = SellerConfig(ivt_rate=0.5)
    for model, unit in (("cpm", "impressions"), ("cpc", "clicks")):
        final = count_hour(hour, model, 10**9, config, Random(1)).final
        assert final["spend_micros"] == 5_000_000 * final[unit] // hour[unit] < 5_000_000
    for model in ("cpa", "flat_rate"):
        assert count_hour(hour, model, 10**9, config, Random(1)).final["spend_micros"] == 5_000_000


# -- sharing out -------------------------------------------------------------------------------------------


@given(st.integers(0, 10**12), st.lists(st.integers(0, 10**6), min_size=1, max_size=30))
def test_parts_add_up_and_none_is_off_by_a_whole_one(total: int, weights: list[int]) -> None:
    parts = apportion(total, weights)
    assert sum(parts) == total
    whole = sum(weights)
    for part, weight in zip(parts, weights, strict=True):
        assert not whole or abs(part * whole - total * weight) < whole


@given(st.data())
def test_parts_stay_within_their_limits(data: st.DataObject) -> None:
    limits = data.draw(st.lists(st.integers(0, 500), min_size=1, max_size=12))
    total = data.draw(st.integers(0, sum(limits)))
    weights = data.draw(st.lists(st.integers(0, 500), min_size=len(limits), max_size=len(limits)))
    parts = apportion(total, weights, limits)
    assert sum(parts) == total
    assert all(0 <= part <= limit for part, limit in zip(parts, limits, strict=True))


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="does not fit"):
        apportion(5, [1, 1], [2, 2])


@given(st.lists(hours(), min_size=1, max_size=6), st.floats(0, 0.9), st.integers(0))
def test_shares_of_a_count_add_up_and_hang_together(slices: list[Counts], ivt: float, seed: int) -> None:
    whole: Counts = Counter()
    for one in slices:
        whole.update(one)
    config = SellerConfig(ivt_rate=ivt, count_discrepancy=0.03)
    told = count_hour(whole, "cpm", 10**12, config, Random(seed)).final
    shares = share_out(told, slices)
    assert all(consistent(share) for share in shares)
    for name in told:
        assert sum(share[name] for share in shares) == told[name]


@given(st.lists(hours(), min_size=1, max_size=6))
def test_shares_of_the_exact_count_are_the_exact_slices(slices: list[Counts]) -> None:
    whole: Counts = Counter()
    for one in slices:
        whole.update(one)
    assert [+share for share in share_out(whole, slices)] == [+one for one in slices]


# -- in a running seller -----------------------------------------------------------------------------------


def totals(world: Stage, buy: str, **dates: Any) -> dict[str, Any]:
    row = world.call("get_media_buy_delivery", media_buy_ids=[buy], **dates)["media_buy_deliveries"][0]
    return {**row["totals"], "is_final": row["is_final"], "is_adjusted": row["is_adjusted"]}


DAY = {"start_date": "2026-05-01", "end_date": "2026-05-02"}


def test_a_seller_that_counts_more_bills_more_but_not_above_the_budget(stage: Opener) -> None:
    world = stage(count_discrepancy=0.2)
    buy, package = world.running(end_time="2026-05-06T00:00:00Z", package={"budget": 20})
    world.run("2026-05-02")
    true = world.world.market.totals(package)
    told = totals(world, buy)
    assert told["impressions"] == pytest.approx(1.2 * true.impressions, rel=0.05)
    assert told["spend"] == pytest.approx(1.2 * true.spend_micros / 1e6, rel=0.05)
    world.run("2026-05-07")
    assert totals(world, buy)["spend"] == 20


def test_an_hour_is_provisional_then_restated_for_good(stage: Opener) -> None:
    world = stage(late_share=0.1, ivt_rate=0.04, restatement_delay="2d")
    buy, _ = world.running()
    world.run("2026-05-02T01:00")
    first = totals(world, buy, **DAY)
    assert not first["is_final"]
    assert not first["is_adjusted"]
    world.run("2026-05-04")
    last = totals(world, buy, **DAY)
    assert last["is_final"]
    assert last["is_adjusted"]
    [true] = [sum(e.data["impressions"] for e in world.world.trace.of("delivery") if e.data["hour"] < "2026-05-02")]
    assert first["impressions"] == pytest.approx(0.9 * true, rel=0.02)
    assert last["impressions"] == pytest.approx(0.96 * true, rel=0.02)
    world.run("2026-05-06")
    assert {**totals(world, buy, **DAY), "is_final": True} == last


def test_figures_that_are_not_there_yet_are_not_told(stage: Opener) -> None:
    world = stage(reporting_delay="4h")
    buy, _ = world.running()
    world.run("2026-05-02T02:30")
    answer = world.call("get_media_buy_delivery", media_buy_ids=[buy], **DAY)
    assert answer["reporting_period"]["end"] == "2026-05-01T22:00:00Z"
    assert not answer["media_buy_deliveries"][0]["is_final"]
    world.run("2026-05-02T04:00")
    later = world.call("get_media_buy_delivery", media_buy_ids=[buy], **DAY)
    assert later["reporting_period"]["end"] == "2026-05-02T00:00:00Z"
    assert later["media_buy_deliveries"][0]["is_final"]
    assert later["aggregated_totals"]["impressions"] > answer["aggregated_totals"]["impressions"]


def test_what_is_restated_must_have_been_reported_before() -> None:
    with pytest.raises(ValidationError, match="longer than reporting_delay"):
        SellerConfig.model_validate({"ivt_rate": 0.1, "reporting_delay": "3d", "restatement_delay": "2d"})
