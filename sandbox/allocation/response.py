"""What money brings as more of it goes to one place: concave piecewise-linear responses."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]

STEPS = 8
"""Pieces of a response."""

FADE = 0.5
"""How much less the last micro brings than the first when all of a supply is bought: the same people see more."""


@dataclass(slots=True, frozen=True)
class Response:
    """Segments in the order of their items, each item's with falling slopes (see ``fill.Problem``)."""

    item: IntArray
    width_micros: IntArray
    slope: FloatArray


def diminishing(
    density: FloatArray, capacity_micros: IntArray, idle_micros: IntArray, fade: float = FADE, steps: int = STEPS
) -> Response:
    """Responses of n items: the first micro brings ``density`` (n, not negative), the last of the capacity
    ``1 - fade`` of that.

    The marginal value falls in a line, so the response is a parabola; each of its ``steps`` chords is a segment.
    What goes beyond ``capacity_micros`` (n, below 10**18) brings nothing; ``idle_micros`` (n) is how much may.
    """
    n = len(density)
    edges = capacity_micros[:, None] * np.arange(steps + 1) // steps
    middles = (np.arange(steps) + 0.5) / steps
    width = np.concatenate((np.diff(edges, axis=1), idle_micros[:, None]), axis=1).ravel()
    slope = np.concatenate((density[:, None] * (1 - fade * middles), np.zeros((n, 1))), axis=1).ravel()
    used = width > 0
    return Response(np.repeat(np.arange(n), steps + 1)[used], width[used], slope[used])
