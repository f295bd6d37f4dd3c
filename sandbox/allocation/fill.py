"""The division of a total among items with concave responses, by water-filling over marginal returns.

Money goes where the next micro brings most until that place is full, then to the next best. With concave
responses this greedy is exact, also under bounds on items and on disjoint groups of items: the best division of a
larger amount contains that of a smaller one, so whatever minima demand can be poured first, item by item and then
group by group, without spoiling what follows (Federgruen and Groenevelt, "The Greedy Procedure for Resource
Allocation Problems", Operations Research 34, 1986). The tests compare it with a linear program.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]

_FAR = float(2**61)
"""Micros that no total reaches; what lies further on in a sequence is cut off so that sums stay within 64 bits."""


_FEW = 2_000
"""Segments that are sorted at once."""


class Infeasible(ValueError):
    """The minima can't be met within the maxima and the total."""


@dataclass(slots=True, frozen=True)
class Problem:
    """What is to be divided, and among whom.

    There are n items, m segments and g groups; amounts are in micros, below 10**18. Segments make up the items'
    responses: ``item`` (m) says whose each is, in ascending order; those of one item follow each other with falling
    ``slope`` (m), the value of one micro within ``width_micros`` (m). Item i gets between ``minimum_micros[i]`` and
    ``maximum_micros[i]`` (n) and belongs to the group ``group[i]`` (n), whose items together get between
    ``group_minimum_micros`` and ``group_maximum_micros`` (g).
    """

    total_micros: int
    item: IntArray
    width_micros: IntArray
    slope: FloatArray
    minimum_micros: IntArray
    maximum_micros: IntArray
    group: IntArray
    group_minimum_micros: IntArray
    group_maximum_micros: IntArray

    def check(self) -> None:
        """``ValueError`` unless the segments are in order, concave and finite, and no amount is negative."""
        if np.any(np.diff(self.item) < 0):
            raise ValueError("segments must be in the order of their items")
        same = self.item[1:] == self.item[:-1]
        if np.any(self.slope[1:][same] > self.slope[:-1][same]):
            raise ValueError("the slopes of an item must not rise: its response would not be concave")
        if not np.all(np.isfinite(self.slope)):
            raise ValueError("slopes must be finite")
        bounds = (self.minimum_micros, self.maximum_micros, self.group_minimum_micros, self.group_maximum_micros)
        if self.total_micros < 0 or any(np.any(amounts < 0) for amounts in (self.width_micros, *bounds)):
            raise ValueError("amounts must not be negative")


def fill(problem: Problem) -> IntArray:
    """The division of greatest value, in micros by item (n).

    It adds up to the total, or to all that the items and groups can take if that is less. Among equal slopes the
    earlier item comes first. :class:`Infeasible` if the minima contradict the maxima or exceed the total;
    ``ValueError`` if the problem is none.
    """
    problem.check()
    runs = _Runs(problem.item, len(problem.group))
    lower = runs.pour(problem.width_micros, problem.minimum_micros)
    upper = runs.pour(problem.width_micros, problem.maximum_micros)
    _meet(np.minimum(runs.sums(lower), runs.sums(upper)), problem.minimum_micros, "item")
    forced, open_ = _within_groups(problem, lower, upper - lower)
    left = problem.total_micros - int(lower.sum()) - int(forced.sum())
    if left < 0:
        raise Infeasible(f"the minima exceed the total by {-left} micros")
    return runs.sums(lower + forced + _highest(problem.slope, open_, left))


def _within_groups(problem: Problem, lower: IntArray, rest: IntArray) -> tuple[IntArray, IntArray]:
    """What the groups' minima take of the ``rest`` of each segment, and what of it their maxima leave open (m)."""
    groups = len(problem.group_minimum_micros)
    of_segment = problem.group[problem.item]
    forced, open_ = np.zeros_like(rest), np.zeros_like(rest)
    for number in range(groups):
        mine = np.flatnonzero(of_segment == number) if groups > 1 else slice(None)
        slope, width, has = problem.slope[mine], rest[mine], int(lower[mine].sum())
        least, most = int(problem.group_minimum_micros[number]), int(problem.group_maximum_micros[number])
        if max(least, has) > min(most, has + _sum(width)):
            raise Infeasible(
                f"group {number} has and can take {has} to {has + _sum(width)} micros, not {least} to {most}"
            )
        forced[mine] = _highest(slope, width, least - has)
        open_[mine] = _highest(slope, width, most - has)
    return forced, open_ - forced


def _highest(slope: FloatArray, width: IntArray, amount: int) -> IntArray:
    """Pour an amount into the widths by falling slope, and among equal ones from first to last.

    The water level is found by halving what is in doubt at its median, so that only the last few need to be sorted.
    """
    if amount >= _sum(width):
        return width.copy()
    taken = np.zeros_like(width)
    doubt = np.flatnonzero(width)
    while amount > 0 and len(doubt) > _FEW:
        theirs, widths = slope[doubt], width[doubt]
        level = np.partition(theirs, len(theirs) // 2)[len(theirs) // 2]
        above, at = theirs > level, theirs == level
        higher = _sum(widths[above])
        if higher >= amount:
            doubt = doubt[above]
            continue
        taken[doubt[above]] = widths[above]
        amount -= higher
        level_ones, here = doubt[at], widths[at]
        taken[level_ones] = _in_order(here, amount)
        amount -= min(amount, _sum(here))
        doubt = doubt[theirs < level]
    ranked = doubt[np.argsort(-slope[doubt], kind="stable")]
    taken[ranked] = _in_order(width[ranked], max(0, amount))
    return taken


def _in_order(width: IntArray, amount: int) -> IntArray:
    """Pour an amount into the widths from first to last."""
    return _Runs(np.zeros(len(width), np.int64), 1).pour(width, np.array([amount]))


class _Runs:
    """Who owns each position of a sequence; the positions of one owner are adjacent, and owners ascend."""

    def __init__(self, owner: IntArray, owners: int) -> None:
        counts = np.bincount(owner, minlength=owners)
        self.owner = owner
        self.edges = np.concatenate((np.zeros(1, np.int64), np.cumsum(counts)))
        self.first = np.repeat(self.edges[:-1], counts)

    def pour(self, width: IntArray, amounts: IntArray) -> IntArray:
        """Pour each owner's amount into its widths from first to last."""
        if width.sum(dtype=np.float64) > _FAR:
            far = np.cumsum(width, dtype=np.float64) - width
            width = np.where(far - far[self.first] > _FAR, 0, width)
        before = np.cumsum(width) - width
        return np.clip(amounts[self.owner] - (before - before[self.first]), 0, width)

    def sums(self, values: IntArray) -> IntArray:
        """The sum of each owner's values, exactly."""
        running = np.concatenate((np.zeros(1, np.int64), np.cumsum(values)))
        return running[self.edges[1:]] - running[self.edges[:-1]]


def _sum(width: IntArray) -> int:
    """The sum of widths; exact as far as totals reach."""
    rough = float(width.sum(dtype=np.float64))
    return int(width.sum()) if rough < _FAR else int(rough)


def _meet(possible: IntArray, wanted: IntArray, what: str) -> None:
    short = np.flatnonzero(possible < wanted)
    if len(short):
        first = int(short[0])
        raise Infeasible(f"{what} {first} can take {possible[first]} micros, its minimum is {wanted[first]}")
