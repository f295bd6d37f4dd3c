"""Whole runs: 20 million opportunities, 8 million impressions, 60 days, a million users, eight packages."""

from __future__ import annotations

from benchmarks.measure import Row
from benchmarks.single import Size, in_own_process

KERNEL = "the kernel in it"
TIMES, SECONDS = 3.0, 6.0


def rows(quick: bool) -> list[Row]:
    """Lines alone with hourly control, and the same bought from eight agents through the whole protocol."""
    days, users = (3, 20_000) if quick else (60, 1_000_000)
    found = []
    for case, sellers in (("8 packages, hourly control", 0), ("8 agents, whole protocol", 8)):
        costs = [in_own_process(Size(8, users, days, sellers=sellers)) for _ in range(1 if quick else 3)]
        cost = min(costs, key=lambda one: one.run_s)
        if cost.overspend:
            raise RuntimeError(f"{case}: a line spent more than its budget")
        ratio = sorted(one.run_s / one.kernel_s for one in costs)[len(costs) // 2]
        most = None if quick else SECONDS
        times = None if quick else TIMES
        what = f"{case}, {cost.opportunities / 1e6:.1f} M opportunities"
        found += [
            Row("end-to-end", what, cost.run_s, "s", at_most=most),
            Row("end-to-end", what, cost.run_s, "s", KERNEL, cost.kernel_s, ratio, at_most=times),
        ]
    return found
