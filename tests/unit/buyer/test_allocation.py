"""Choosing products and sharing a budget out: the pure part (rules 129 and 130)."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from agents.buyer.allocation import (
    Candidate,
    allocate,
    candidates,
    capacity,
    effective_cpm,
    method_of,
)

CLICKS = [{"kind": "metric", "metric": "clicks"}]
PURCHASES = [{"kind": "event", "event_sources": [{"event_source_id": "p", "event_type": "purchase"}]}]


def product(
    name: str = "p",
    price: float = 10,
    model: str = "cpm",
    channel: str = "display",
    impressions: int | None = 1_000_000,
    **option: Any,
) -> dict[str, Any]:
    made: dict[str, Any] = {
        "product_id": name,
        "channels": [channel],
        "pricing_options": [
            {"pricing_option_id": "o", "pricing_model": model, "currency": "USD", "fixed_price": price, **option}
        ],
        "reporting_capabilities": {"available_metrics": ["impressions", "clicks"]},
    }
    if impressions is not None:
        made["forecast"] = {"points": [{"metrics": {"impressions": {"mid": impressions}}}]}
    return made


@st.composite
def ranked(draw: st.DrawFn) -> list[Candidate]:
    numbers = st.integers(0, 5_000_000_000)
    count = draw(st.integers(0, 12))
    return [
        Candidate(
            seller_id=f"s{i % 3}",
            product={"product_id": f"p{i}"},
            cpm_micros=1,
            floor_micros=draw(numbers),
            capacity_micros=draw(st.none() | numbers),
            score=draw(st.floats(0.01, 1)),
        )
        for i in range(count)
    ]


@given(ranked(), st.integers(0, 10_000_000_000), st.integers(1, 12))
def test_parts_respect_budget_floors_and_capacities(found: list[Candidate], budget: int, most: int) -> None:
    # rules 56 and 130
    parts, test = allocate(found, budget, most)
    assert len(parts) <= most
    assert sum(part for _, part in parts) <= budget
    assert test >= 0
    for candidate, part in parts:
        assert part >= candidate.floor_micros
        assert part > 0
        assert candidate.capacity_micros is None or part <= candidate.capacity_micros


@given(ranked(), st.integers(1, 10_000_000_000))
def test_money_is_left_only_if_nobody_can_take_it(found: list[Candidate], budget: int) -> None:  # rule 129
    parts, _ = allocate(found, budget, 12)
    if parts and sum(part for _, part in parts) < budget:
        assert all(part == candidate.capacity_micros for candidate, part in parts)


def test_the_floor_limits_how_many_products_are_taken() -> None:  # rule 130
    offers = [("s", product(f"p{n}")) for n in range(8)]
    found = candidates(offers, CLICKS, "scoring", 3_000_000_000)
    parts, _ = allocate(found, 10_000_000_000, 10)
    assert len(parts) == 3


def test_the_better_product_gets_more() -> None:
    offers = [("a", product("cheap", 2)), ("b", product("dear", 20))]
    parts, _ = allocate(candidates(offers, CLICKS, "scoring", 0), 1_000_000_000, 10)
    by_id = {candidate.product["product_id"]: part for candidate, part in parts}
    assert by_id["cheap"] > by_id["dear"] > 0


def test_a_product_gets_no_more_than_it_can_deliver() -> None:
    offers = [("a", product("small", 10, impressions=1_000)), ("b", product("big", 10))]
    parts, _ = allocate(candidates(offers, CLICKS, "scoring", 0), 1_000_000_000, 10)
    assert {c.product["product_id"]: part for c, part in parts} == {"small": 10_000_000, "big": 990_000_000}


def test_the_method_follows_goals_and_reports() -> None:  # rule 129
    assert method_of(PURCHASES, [product()]) == "measurability"
    assert method_of(CLICKS, [product()]) == "scoring"
    assert method_of([{"kind": "metric", "metric": "follows"}], [product()]) == "cpm_heuristic"


def test_for_completed_views_video_beats_banners_of_the_same_price() -> None:
    goals = [{"kind": "metric", "metric": "completed_views"}]
    video, banner = product("v", channel="ctv"), product("b")
    for each in (video, banner):
        each["reporting_capabilities"]["available_metrics"].append("completed_views")
    found = candidates([("a", banner), ("b", video)], goals, "scoring", 0)
    assert [c.product["product_id"] for c in found] == ["v", "b"]


def test_prices_of_other_models_are_compared_as_cpm() -> None:
    assert effective_cpm(product(price=12)) == 12_000_000
    assert effective_cpm(product(price=2, model="cpc")) == 3_000_000  # 0.0015 clicks an impression
    assert effective_cpm(product(price=10, model="vcpm")) == 6_800_000  # 0.68 viewable
    assert effective_cpm(product(price=500, model="flat_rate", impressions=100_000)) == 5_000_000
    assert effective_cpm(product(price=50, model="cpa")) == 4_000_000  # typical of display


def test_capacity_is_what_the_forecast_costs() -> None:
    assert capacity(product(price=10, impressions=50_000)) == 500_000_000
    assert capacity(product(impressions=None)) is None


def test_minimum_spend_is_a_floor() -> None:
    offers = [("a", product("a", min_spend_per_package=700)), ("b", product("b", 100, "flat_rate", impressions=None))]
    floors = {c.product["product_id"]: c.floor_micros for c in candidates(offers, CLICKS, "scoring", 50_000_000)}
    assert floors == {"a": 700_000_000, "b": 100_000_000}
