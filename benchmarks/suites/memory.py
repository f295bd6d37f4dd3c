"""Memory by user."""

from __future__ import annotations

from benchmarks.measure import Row
from benchmarks.single import Size, in_own_process

MOST = {1: 120.0, 8: 300.0}
RINGS = "the rings alone"
_DAYS, _DAILY = 2, 1_000_000


def rows(quick: bool) -> list[Row]:
    """Bytes a user with four caps: what the peak memory of the process grows by with each user."""
    sizes = (500_000, 1_000_000) if quick else (1_000_000, 3_000_000)
    found = []
    for lines, most in MOST.items():
        small, large = (in_own_process(Size(lines, users, _DAYS, _DAILY)) for users in sizes)
        grown = (large.peak_mb - small.peak_mb) * 1024**2 / (sizes[1] - sizes[0])
        rings = large.ring_bytes / sizes[1]
        case = f"P = {lines}, {sizes[1]:,} users, four caps"
        found.append(Row("memory", case, grown, "B a user", RINGS, rings, None, at_most=most))
    return found
