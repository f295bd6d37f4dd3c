"""Dividing a budget among items in five channels with bounds on both."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

import numpy as np

from benchmarks.measure import Row, compare, take_turns, timed
from sandbox.allocation import Problem, diminishing, fill

PYTHON, PROGRAM = "greedy in plain Python", "linear program (HiGHS)"
_GROUPS, _FEW = 5, 1_000


def rows(quick: bool) -> list[Row]:
    """Rows by number of items; a linear program (by SciPy, if there is one) only up to a thousand."""
    sizes = (10, 1_000) if quick else (10, 100, 1_000, 10_000, 100_000)
    return [row for size in sizes for row in _rows(size, 3 if quick else 7)]


def _rows(items: int, rounds: int) -> list[Row]:
    problem = make_problem(items)
    repeats = max(1, 2_000 // items)
    works: dict[str, Any] = {"ours": lambda: fill(problem), PYTHON: lambda: _greedy(problem)}
    if items <= _FEW and find_spec("scipy"):
        works[PROGRAM] = lambda: _program(problem)
    best = _value(problem, fill(problem))
    for name, work in works.items():
        if not np.isclose(_value(problem, work()), best, rtol=1e-6):
            raise RuntimeError(f"{name} divides worse or better among {items} items")
    turns = {name: lambda work=work: timed(lambda: [work() for _ in range(repeats)]) for name, work in works.items()}
    seconds = take_turns(turns, rounds)
    return [compare("allocation", f"N = {items:,}", repeats, "divisions", seconds, name) for name in list(works)[1:]]


def make_problem(items: int) -> Problem:
    """A budget for two fifths of what ``items`` can take, in five channels of which none gets more than a third."""
    rng = np.random.default_rng(items)
    capacity = rng.integers(10_000_000, 1_000_000_000, items)
    response = diminishing(rng.uniform(0.5, 2.0, items), capacity, np.zeros(items, np.int64))
    total = int(capacity.sum()) * 2 // 5
    return Problem(
        total,
        response.item,
        response.width_micros,
        response.slope,
        np.zeros(items, np.int64),
        capacity * 9 // 10,
        np.arange(items) % _GROUPS,
        np.zeros(_GROUPS, np.int64),
        np.full(_GROUPS, total // 3),
    )


def _greedy(problem: Problem) -> Any:
    """Segments by falling slope, each as far as item, group and total have room."""
    given, room = [0] * len(problem.maximum_micros), problem.maximum_micros.tolist()
    group, of = problem.group_maximum_micros.tolist(), problem.group.tolist()
    left, item, width = problem.total_micros, problem.item.tolist(), problem.width_micros.tolist()
    slope = problem.slope.tolist()
    for segment in sorted(range(len(item)), key=lambda s: -slope[s]):
        one = item[segment]
        amount = min(width[segment], room[one], group[of[one]], left)
        given[one] += amount
        room[one] -= amount
        group[of[one]] -= amount
        left -= amount
    return np.array(given)


def _program(problem: Problem) -> Any:
    """The same as a linear program over segments."""
    from scipy.optimize import linprog  # type: ignore[import-untyped]
    from scipy.sparse import csr_array, vstack  # type: ignore[import-untyped]

    segments, items = len(problem.item), len(problem.maximum_micros)
    ones, columns = np.ones(segments), np.arange(segments)
    by_item = csr_array((ones, (problem.item, columns)), shape=(items, segments))
    by_group = csr_array((ones, (problem.group[problem.item], columns)), shape=(_GROUPS, segments))
    total = csr_array(np.ones((1, segments)))
    limits = np.concatenate([problem.maximum_micros, problem.group_maximum_micros, [problem.total_micros]])
    bounds = np.column_stack([np.zeros(segments), problem.width_micros])
    found = linprog(-problem.slope, vstack([by_item, by_group, total]), limits, bounds=bounds, method="highs")
    return np.bincount(problem.item, found.x, items)


def _value(problem: Problem, given: Any) -> float:
    """What a division brings: each item's money goes to its best segments first."""
    begin = np.concatenate([[0], np.cumsum(problem.width_micros)[:-1]])
    first = np.searchsorted(problem.item, np.arange(len(given)))
    begin -= begin[first][problem.item]
    used = np.clip(given[problem.item] - begin, 0, problem.width_micros)
    return float((used * problem.slope).sum())
