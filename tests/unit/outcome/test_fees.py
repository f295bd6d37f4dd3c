"""What a tactic costs: exact, never more than its budget, the same however it was delivered."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from agents.buyer.outcome.feedback import delivery_index, performance_index
from agents.buyer.outcome.fees import charge_micros, media_limit_micros, units_of
from agents.buyer.outcome.records import Charge, Price
from agents.outcome.margins import MARGINS
from sandbox.core.money import MICROS
from sandbox.operations.outcome import METHODS, UNITS

MONEY = st.integers(0, 10**15)
RATES = st.decimals("0", "500", places=4).map(str)
PRICES = st.builds(Price, st.sampled_from(METHODS), RATES, st.just("USD"))


def test_passthrough_costs_what_media_cost() -> None:  # rule 200
    assert charge_micros(Price("passthrough", "0", "USD"), 123_456_789, 5, 10**12) == 123_456_789


def test_a_revenue_share_is_a_percentage_on_media() -> None:  # rule 200
    assert charge_micros(Price("revshare", "15", "USD"), 100 * MICROS, 0, 10**12) == 115 * MICROS
    assert charge_micros(Price("revshare", "12.5", "USD"), 3, 0, 10**12) == 3  # a fraction of a micro is not charged


def test_a_cost_per_unit_has_nothing_to_do_with_what_media_cost() -> None:  # rule 200
    assert charge_micros(Price("vcpm", "2.5", "USD"), 1, 4_000, 10**12) == 10 * MICROS
    assert charge_micros(Price("cpc", "0.3", "USD"), 10**9, 7, 10**12) == 2_100_000
    assert Charge(0, 5 * MICROS, 7, 2 * MICROS).fee_micros == -3 * MICROS  # the agent's own loss


def test_units_are_what_the_method_counts() -> None:  # rule 200
    counts = {"impressions": 1, "viewable": 2, "clicks": 3, "views": 4, "completed_views": 5, "conversions": 6}
    found = [units_of(Price(method, "1", "USD"), counts) for method in UNITS]
    assert found == [1, 2, 3, 4, 5, 6]
    assert units_of(Price("revshare", "15", "USD"), counts) == 0


@given(PRICES, MONEY, st.integers(0, 10**9), MONEY)
def test_nobody_pays_more_than_the_budget(price: Price, media: int, units: int, budget: int) -> None:  # rule 202
    assert 0 <= charge_micros(price, media, units, budget) <= budget


@given(PRICES, MONEY, st.integers(0, 10**9), MONEY, st.integers(0, 10**9), st.integers(0, 10**6))
def test_more_delivery_is_never_cheaper(
    price: Price, media: int, units: int, budget: int, more_media: int, more_units: int
) -> None:
    before = charge_micros(price, media, units, budget)
    assert before <= charge_micros(price, media + more_media, units + more_units, budget)


@given(PRICES, MONEY)
def test_media_within_their_limit_leave_room_for_the_fee(price: Price, budget: int) -> None:  # rules 200, 202
    limit = media_limit_micros(price, budget)
    assert 0 <= limit <= budget
    if price.method == "revshare":
        fee = int(limit * Decimal(price.rate) / 100)
        assert limit + fee <= budget
        assert charge_micros(price, limit, 0, budget) == limit + fee  # nothing of the fee is lost


@given(PRICES, st.lists(st.tuples(st.integers(0, 10**9), st.integers(0, 10**5)), max_size=20), MONEY)
def test_the_ledger_adds_up_whatever_the_parts(
    price: Price, days: list[tuple[int, int]], budget: int
) -> None:  # rule 207
    media = units = posted = fees = 0
    for more_media, more_units in days:
        media, units = media + more_media, units + more_units
        entry = Charge(0, more_media, more_units, charge_micros(price, media, units, budget) - posted)
        posted, fees = posted + entry.charge_micros, fees + entry.fee_micros
    assert posted == charge_micros(price, media, units, budget)
    assert fees == posted - media


@given(st.sampled_from(list(MARGINS)), st.decimals("0", "100", places=2), MONEY)
def test_an_agents_margin_leaves_media_that_fit_into_the_budget(name: str, percent: Decimal, budget: int) -> None:
    margin = MARGINS.get(name)(float(percent), "cpm", 2.0)  # rule 200
    media = margin.media_micros(budget)
    pricing = margin.pricing("USD")
    price = Price(pricing["method"], str(pricing["rate"]), "USD")
    assert pricing["method"] == margin.method
    assert 0 <= media <= media_limit_micros(price, budget)


def test_on_target_is_100() -> None:  # rule 205
    assert delivery_index(50, 700, 1, 14) == 100
    assert delivery_index(25, 700, 1, 14) == 50
    assert delivery_index(60, 700, 1, 14) == 120
    assert delivery_index(-5, 700, 1, 14) == 0


COUNTS = {
    "spend_micros": 100 * MICROS, "impressions": 50_000, "viewable": 40_000, "clicks": 100, "views": 0,
    "completed_views": 0, "conversions": 10, "conversion_value_micros": 300 * MICROS,
}  # fmt: skip


def test_performance_is_what_was_agreed_over_what_was_paid_and_is_not_clamped() -> None:  # rule 205, C31
    assert performance_index(Price("vcpm", "2.5", "USD"), "display", [], COUNTS) == 100
    assert performance_index(Price("vcpm", "3", "USD"), "display", [], COUNTS) == 120
    assert performance_index(Price("passthrough", "0", "USD"), "display", [], COUNTS) == 200  # usual are 4 USD
    nothing = {**COUNTS, "spend_micros": 0}
    assert performance_index(Price("vcpm", "2.5", "USD"), "display", [], nothing) == 0


def test_a_goal_with_a_target_goes_before_the_price() -> None:  # rule 205
    price = Price("passthrough", "0", "USD")
    clicks = {"kind": "metric", "metric": "clicks", "target": {"kind": "cost_per", "value": 0.5}}
    returns = {"kind": "event", "target": {"kind": "per_ad_spend", "value": 4}}
    orders = {"kind": "event", "target": {"kind": "cost_per", "value": 12}}
    assert performance_index(price, "display", [clicks], COUNTS) == 50
    assert performance_index(price, "display", [returns], COUNTS) == 75
    assert performance_index(price, "display", [{"kind": "metric", "metric": "clicks"}, orders], COUNTS) == 120
