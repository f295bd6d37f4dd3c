"""How fast a total is divided: a thousand items with diminishing returns, a hundred thousand with linear ones.

Run with ``pytest benchmarks/test_allocation.py --benchmark-enable``; the columns are seconds for one division under
minima and maxima of items and of channels.
"""

from typing import Any

import numpy as np
import pytest

from sandbox.allocation import Problem, diminishing, fill


def make_problem(items: int, steps: int, groups: int) -> Problem:
    """Items whose supply is three times the total; a quarter of it is spoken for by the groups' minima."""
    rng = np.random.default_rng(1)
    capacity = rng.integers(10**6, 10**9, items)
    response = diminishing(rng.gamma(2.0, size=items), capacity, np.zeros(items, np.int64), steps=steps)
    total = int(capacity.sum() // 3)
    return Problem(
        total_micros=total,
        item=response.item,
        width_micros=response.width_micros,
        slope=response.slope,
        minimum_micros=capacity // 20,
        maximum_micros=capacity,
        group=rng.integers(0, groups, items),
        group_minimum_micros=np.full(groups, total // (groups * 4)),
        group_maximum_micros=np.full(groups, total if groups == 1 else 2 * total // groups),
    )


@pytest.mark.parametrize(
    ("items", "steps", "groups"), [(1_000, 8, 1), (1_000, 8, 10), (100_000, 1, 1), (100_000, 1, 10)]
)
def test_a_division(benchmark: Any, items: int, steps: int, groups: int) -> None:
    problem = make_problem(items, steps, groups)
    found = benchmark(fill, problem)
    assert int(found.sum()) == problem.total_micros
