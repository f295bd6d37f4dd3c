"""Delta debugging: the smallest part of a list that is enough, by Zeller and Hildebrandt's ddmin."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import TypeVar

T = TypeVar("T")


def ddmin(items: Sequence[T], enough: Callable[[list[T]], bool]) -> list[T]:
    """A part of ``items``, in their order, that is enough and of which no single item can be left out.

    ``items`` themselves have to be enough. Asks ``enough`` about the square of their number at most, and about its
    logarithm where one item matters.
    """
    kept = list(items)
    if not kept or enough([]):
        return []
    pieces = 2
    while len(kept) >= 2:
        bounds = [len(kept) * number // pieces for number in range(pieces + 1)]
        cuts = list(pairwise(bounds))
        smaller = next((kept[a:b] for a, b in cuts if pieces > 1 and enough(kept[a:b])), None)
        if smaller is not None:
            kept, pieces = smaller, 2
            continue
        rest = next((kept[:a] + kept[b:] for a, b in cuts if pieces > 2 and enough(kept[:a] + kept[b:])), None)
        if rest is not None:
            kept, pieces = rest, max(2, pieces - 1)
        elif pieces == len(kept):
            break
        else:
            pieces = min(len(kept), pieces * 2)
    return kept
