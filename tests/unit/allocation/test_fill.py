"""The division of a total by marginal returns, against a linear program."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linprog

from sandbox.allocation import Infeasible, Problem, diminishing, fill


def ints(*values: int) -> Any:
    return np.array(values, np.int64)


def linear(total: int, *items: tuple[float, int], **bounds: Any) -> Problem:
    """Items with one segment each, as ``(slope, width)``, without further bounds unless given."""
    n = len(items)
    widths = ints(*(width for _, width in items))
    plain = Problem(
        total_micros=total,
        item=np.arange(n),
        width_micros=widths,
        slope=np.array([slope for slope, _ in items]),
        minimum_micros=np.zeros(n, np.int64),
        maximum_micros=widths.copy(),
        group=np.zeros(n, np.int64),
        group_minimum_micros=ints(0),
        group_maximum_micros=ints(10**18),
    )
    return replace(plain, **bounds)


@st.composite
def problems(draw: st.DrawFn) -> Problem:
    """Small problems, feasible or not, with ties, empty groups and items without segments."""
    n, groups = draw(st.integers(1, 6)), draw(st.integers(1, 3))
    item, width, slope = [], [], []
    for number in range(n):
        slopes = sorted(draw(st.lists(st.integers(0, 9), max_size=4)), reverse=True)
        item += [number] * len(slopes)
        slope += [float(s) for s in slopes]
        width += draw(st.lists(st.integers(0, 40), min_size=len(slopes), max_size=len(slopes)))

    def amounts(size: int, most: int) -> Any:
        return ints(*draw(st.lists(st.integers(0, most), min_size=size, max_size=size)))

    return Problem(
        total_micros=draw(st.integers(0, 200)),
        item=ints(*item),
        width_micros=ints(*width),
        slope=np.array(slope, np.float64),
        minimum_micros=amounts(n, draw(st.sampled_from([0, 8, 30]))),
        maximum_micros=amounts(n, 120) + 10,
        group=ints(*draw(st.lists(st.integers(0, groups - 1), min_size=n, max_size=n))),
        group_minimum_micros=amounts(groups, draw(st.sampled_from([0, 20, 60]))),
        group_maximum_micros=amounts(groups, 150) + 20,
    )


def highs(problem: Problem) -> Any:
    """The linear program: place as much as possible first, then as well as possible; None if it is infeasible."""
    m, n, groups = len(problem.item), len(problem.group), len(problem.group_minimum_micros)
    of_item = (problem.item[None, :] == np.arange(n)[:, None]).astype(float)
    of_group = (problem.group[problem.item][None, :] == np.arange(groups)[:, None]).astype(float)
    rows = np.vstack([of_item, -of_item, of_group, -of_group, np.ones((1, m))])
    limits = np.concatenate(
        [problem.maximum_micros, -problem.minimum_micros, problem.group_maximum_micros,
         -problem.group_minimum_micros, [problem.total_micros]]
    )  # fmt: skip
    bounds = [(0, width) for width in problem.width_micros]
    if m == 0:
        return (0.0, 0.0) if np.all(limits >= 0) else None
    most = linprog(-np.ones(m), A_ub=rows, b_ub=limits, bounds=bounds, method="highs")
    if most.status == 2:
        return None
    placed = round(-most.fun)
    best = linprog(
        -problem.slope, A_ub=rows, b_ub=limits, bounds=bounds, A_eq=np.ones((1, m)), b_eq=[placed], method="highs"
    )
    return placed, -best.fun


def value(problem: Problem, budgets: Any) -> float:
    """What a division brings: each item fills its segments from the first on."""
    total = 0.0
    for number, budget in enumerate(budgets):
        left = int(budget)
        for width, slope in zip(
            problem.width_micros[problem.item == number], problem.slope[problem.item == number], strict=True
        ):
            part = min(left, int(width))
            total, left = total + part * float(slope), left - part
        assert left == 0, "an item got more than its response has"
    return total


@given(problems())
def test_the_greedy_is_as_good_as_the_linear_program(problem: Problem) -> None:
    oracle = highs(problem)
    if oracle is None:
        with pytest.raises(Infeasible):
            fill(problem)
        return
    found = fill(problem)
    assert int(found.sum()) == oracle[0]
    assert value(problem, found) == pytest.approx(oracle[1])
    assert np.all(problem.minimum_micros <= found)
    assert np.all(found <= problem.maximum_micros)
    for number in range(len(problem.group_minimum_micros)):
        part = found[problem.group == number].sum()
        assert problem.group_minimum_micros[number] <= part <= problem.group_maximum_micros[number]


@pytest.mark.parametrize("seed", range(3))
def test_a_thousand_items_are_divided_as_the_linear_program_does(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n, groups = 1_000, 6
    capacity = rng.integers(10**6, 10**9, n)
    response = diminishing(rng.gamma(2.0, size=n), capacity, np.zeros(n, np.int64), steps=3)
    total = int(capacity.sum() // 3)
    problem = Problem(
        total, response.item, response.width_micros, response.slope, capacity // 20, capacity,
        rng.integers(0, groups, n), np.full(groups, total // 8), np.full(groups, total // 5),
    )  # fmt: skip
    found = fill(problem)
    assert int(found.sum()) == total
    assert value(problem, found) == pytest.approx(highs(problem)[1], rel=1e-9)


@given(st.lists(st.tuples(st.floats(0, 100), st.integers(0, 10**17)), min_size=1, max_size=8), st.integers(0, 10**18))
def test_amounts_add_up_to_the_micro(items: list[tuple[float, int]], total: int) -> None:
    problem = linear(total, *items)
    assert sum(int(part) for part in fill(problem)) == min(total, sum(width for _, width in items))


def test_money_goes_where_the_next_micro_brings_most() -> None:
    assert fill(linear(100, (1.0, 80), (3.0, 50), (2.0, 30))).tolist() == [20, 50, 30]


def test_equal_ones_are_served_in_their_order() -> None:
    assert fill(linear(100, (1.0, 80), (1.0, 80))).tolist() == [80, 20]
    many = linear(5_000, *[(1.0, 3)] * 4_000)
    assert fill(many).tolist() == [3] * 1_666 + [2] + [0] * 2_333


def test_a_group_gets_its_minimum_by_its_best_items_first() -> None:
    problem = linear(
        100, (9.0, 90), (1.0, 90), (2.0, 10), group=ints(0, 1, 1), group_minimum_micros=ints(0, 30),
        group_maximum_micros=ints(100, 100),
    )  # fmt: skip
    assert fill(problem).tolist() == [70, 20, 10]


def test_a_group_gets_no_more_than_its_maximum() -> None:
    problem = linear(
        100, (9.0, 90), (8.0, 90), (1.0, 90), group=ints(0, 0, 1), group_minimum_micros=ints(0, 0),
        group_maximum_micros=ints(40, 100),
    )  # fmt: skip
    assert fill(problem).tolist() == [40, 0, 60]


def test_sums_far_beyond_the_total_do_no_harm() -> None:
    found = fill(linear(10**18, *[(float(n % 7), 10**18 - 1) for n in range(3_000)]))
    assert int(found.sum()) == 10**18
    assert found[6] == 10**18 - 1


@pytest.mark.parametrize(
    ("problem", "why"),
    [
        (linear(10, (1.0, 5), minimum_micros=ints(6)), "item 0"),
        (linear(10, (1.0, 9), minimum_micros=ints(6), maximum_micros=ints(5)), "item 0"),
        (linear(10, (1.0, 9), (1.0, 9), minimum_micros=ints(6, 6)), "exceed the total by 2"),
        (linear(10, (1.0, 9), group_minimum_micros=ints(10)), "group 0"),
        (linear(10, (1.0, 9), minimum_micros=ints(5), group_maximum_micros=ints(4)), "group 0"),
    ],
)
def test_contradictions_are_named(problem: Problem, why: str) -> None:
    with pytest.raises(Infeasible, match=why):
        fill(problem)


@pytest.mark.parametrize(
    "changes",
    [
        {"slope": np.array([1.0, 2.0]), "item": ints(0, 0)},
        {"item": ints(1, 0)},
        {"slope": np.array([np.nan, 1.0])},
        {"width_micros": ints(-1, 5)},
        {"total_micros": -1},
    ],
)
def test_what_is_no_problem_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="must"):
        fill(replace(linear(10, (2.0, 5), (1.0, 5)), **changes))
