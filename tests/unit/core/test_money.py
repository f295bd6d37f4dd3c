"""Money is integer micros: nothing is lost, nothing is made."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.core.money import amount, micros, split


def test_amounts_become_micros_without_binary_dust() -> None:
    assert micros(0.1) + micros(0.2) == micros("0.3") == 300_000
    assert micros(12.5) == 12_500_000


def test_whole_amounts_are_written_as_integers() -> None:
    assert amount(5_000_000) == 5
    assert isinstance(amount(5_000_000), int)
    assert amount(12_500_000) == 12.5


@given(st.integers(min_value=0, max_value=10**15))
def test_micros_survive_the_wire(value: int) -> None:
    assert micros(amount(value)) == value


@given(
    st.integers(min_value=0, max_value=10**14),
    st.lists(st.floats(min_value=0.001, max_value=1e6), min_size=1, max_size=20),
)
def test_a_split_sums_to_its_whole_and_stays_within_one_of_the_exact_share(total: int, weights: list[float]) -> None:
    parts = split(total, weights)
    assert sum(parts) == total
    whole = sum(weights)
    for part, weight in zip(parts, weights, strict=True):
        assert abs(part - total * weight / whole) <= 1 + total * 1e-9


def test_ties_go_to_the_earlier_part() -> None:
    assert split(10, [1, 1, 1]) == [4, 3, 3]


@pytest.mark.parametrize("wrong", [1e308, -1e13, float("inf"), float("nan"), 1_000_000_000_001])
def test_an_amount_beyond_all_budgets_is_refused(wrong: float) -> None:
    with pytest.raises(ValueError, match="an amount is at most"):
        micros(wrong)


@pytest.mark.parametrize("weights", [[], [0, 0], [1, -1], [float("nan")], [float("inf"), 1]])
def test_weights_that_share_nothing_are_refused(weights: list[float]) -> None:
    with pytest.raises(ValueError, match="weights must be"):
        split(10, weights)
