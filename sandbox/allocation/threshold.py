"""The division of a total for a goal that is a rate to keep: as many impressions as the rate allows."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]

_HALVINGS = 40
_MOST = 1e3
"""Weight of the rate at which nothing but the rate counts."""


def fill_above_rate(
    divide: Callable[[FloatArray], IntArray],
    impressions: FloatArray,
    rate: FloatArray,
    wanted: float,
) -> IntArray:
    """The division with most impressions whose overall rate is ``wanted`` or more; the best rate if none has it.

    ``divide`` gives the best division for a value of one micro by item, such as ``fill`` does. ``impressions`` (n)
    are had for one micro, ``rate`` (n) is how many of them succeed. The price of the constraint (its Lagrange
    multiplier) is found by halving: the more the rate counts, the higher the rate that results.
    """

    # The weight (1 + weight * (rate / wanted - 1)) may be negative; lifting all values alike changes no division.
    def division(weight: float) -> IntArray:
        value = impressions * (1 + weight * (rate / wanted - 1))
        return divide(value - min(0.0, float(value.min())))

    def keeps(found: IntArray) -> bool:
        shown = found * impressions
        return float((shown * rate).sum()) >= wanted * float(shown.sum())

    found = division(0.0)
    if keeps(found):
        return found
    low, high, best = 0.0, _MOST, division(_MOST)
    if not keeps(best):
        return best
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        found = division(middle)
        if keeps(found):
            high, best = middle, found
        else:
            low = middle
    return best
