"""Planning lines anew at the beginning of an hour."""

from __future__ import annotations

import numpy as np

from benchmarks.measure import Row, compare, take_turns, timed
from benchmarks.worlds import DAILY, START_MS, line_of
from sandbox.core.time import DAY_MS, HOUR_MS
from sandbox.delivery.book import write_plan, write_terms
from sandbox.delivery.pacing import PACING, Stretch
from sandbox.delivery.tables import LINE

ALONE, NUMPY = "the strategy alone", "NumPy, all lines at once"


def rows(quick: bool) -> list[Row]:
    """Plans a second of the strategy "even", next to what its formula costs and to one that plans all lines at once."""
    count = 64
    lines = [line_of(n, count, DAILY) for n in range(count)]
    records = np.zeros(count, LINE)
    for record, line in zip(records, lines, strict=True):
        write_terms(record, line, 1000)
    now_ms, strategy = START_MS + 5 * HOUR_MS, PACING.get("even")
    day_end_ms = START_MS + DAY_MS

    def ours() -> None:
        for number, line in enumerate(lines):
            write_plan(records[number], line, now_ms, now_ms + HOUR_MS, day_end_ms, {})

    def alone() -> None:
        for line in lines:
            flight = now_ms, now_ms + HOUR_MS, line.start_ms, line.end_ms
            strategy(Stretch(*flight, line.budget_micros, 0, 0.0, 12_500.0, day_end_ms))

    def vectorised() -> None:
        base = np.where(records["plan_to"] > 0, records["plan_end"], records["spent"])
        base = np.where(np.abs(base - records["spent"]) <= 2 * records["half"], base, records["spent"])
        part = HOUR_MS / (records["stop"] - now_ms)
        records["plan_at"], records["plan_end"] = base, base + np.maximum(0.0, (records["budget"] - base) * part)
        records["plan_from"], records["plan_to"] = now_ms, now_ms + HOUR_MS

    works = {"ours": ours, ALONE: alone, NUMPY: vectorised}
    turns = {name: lambda work=work: timed(lambda: [work() for _ in range(20)]) for name, work in works.items()}
    seconds = take_turns(turns, 3 if quick else 11)
    return [compare("pacing", f"{count} lines", 20 * count, "plans", seconds, name) for name in (ALONE, NUMPY)]
