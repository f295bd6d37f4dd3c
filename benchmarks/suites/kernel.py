"""Deciding opportunities: the compiled loop next to C++, to NumPy in ticks, and to plain Python."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import product
from statistics import median
from typing import Any

import numpy as np

from benchmarks import cpp, plain_ticks, ticks
from benchmarks.measure import Row, ratio_of, take_turns, timed
from benchmarks.worlds import START_MS, Prepare, make_engine, make_reference, metered
from sandbox.core.time import DAY_MS, HOUR_MS, SECOND_MS

CPP_TARGET = 0.9
TICK_TARGETS = {1: 50.0, 8: 100.0}
PLAIN, BATCHED = "NumPy, 1 min ticks, a line at a time", "NumPy, 1 min ticks, all lines and an hour at once"
SECONDS, CPP, PYTHON = "NumPy, 1 s ticks, all lines and an hour at once", "C++ -O3", "plain Python"
_WARM_MS = 2 * DAY_MS


def rows(quick: bool) -> list[Row]:
    """A row for each size of world and each baseline; rates are opportunities decided a second."""
    sizes = [(1, 100_000), (8, 100_000)] if quick else list(product((1, 8, 64), (100_000, 1_000_000)))
    found = [row for lines, users in sizes for row in _compiled(lines, users, quick)]
    return found + [_plain(lines, 60 if quick else 600) for lines in dict.fromkeys(lines for lines, _ in sizes)]


class _Contestant:
    """An engine of its own that goes on, stretch by stretch, with one way to decide."""

    def __init__(self, lines: int, users: int, prepare: Prepare | None, stretch_ms: int) -> None:
        self.engine = make_engine(lines, users)
        self.engine.advance(START_MS + _WARM_MS)
        self._prepare, self._stretch_ms = prepare, stretch_ms

    def go_on(self) -> float:
        """Decide a stretch more; returns seconds an opportunity."""
        with metered(self._prepare) as meter:
            self.engine.advance(self.engine.now_ms + self._stretch_ms)
        return meter.decide_s / meter.opportunities


def _compiled(lines: int, users: int, quick: bool) -> list[Row]:
    stretch_ms = DAY_MS // 4 if quick else DAY_MS
    contestants = {
        "ours": _Contestant(lines, users, None, stretch_ms),
        PLAIN: _Contestant(lines, users, plain_ticks.prepare, HOUR_MS if quick else 4 * HOUR_MS),
        BATCHED: _Contestant(lines, users, ticks.prepare, HOUR_MS if quick else 4 * HOUR_MS),
    }
    if not quick and lines <= 8:
        contestants[SECONDS] = _Contestant(lines, users, partial(ticks.prepare, tick_ms=SECOND_MS), HOUR_MS // 4)
    if cpp.available():
        contestants[CPP] = _Contestant(lines, users, cpp.prepare, stretch_ms)
    works: dict[str, Callable[[], float]] = {name: one.go_on for name, one in contestants.items()}
    for work in works.values():
        work()
    seconds = take_turns(works, 3 if quick else 11)
    if CPP in contestants:
        _same(contestants["ours"].engine, contestants[CPP].engine)
    found = []
    for name, contestant in contestants.items():
        breaches = contestant.engine.audit()
        if breaches:
            raise RuntimeError(f"{name} with {lines} lines breaks limits: {breaches[:3]}")
        if name != "ours":
            targets = {CPP: CPP_TARGET, PLAIN: TICK_TARGETS.get(lines)}
            ours, theirs = seconds["ours"], seconds[name]
            case = f"P = {lines}, {users:,} users"
            figures = 1 / median(ours), "opportunities/s", name, 1 / median(theirs), ratio_of(ours, theirs)
            found.append(Row("kernel", case, *figures, targets.get(name)))
    return found


def _same(ours: Any, theirs: Any) -> None:
    """The C++ is the same algorithm: every exposure, charge and winner is the same."""
    pairs = zip(ours.exposures(), theirs.exposures(), strict=True)
    if len(ours.log) != len(theirs.log) or not all(np.array_equal(a, b) for a, b in pairs):
        raise RuntimeError("the kernel in C++ decided differently")


def _plain(lines: int, opportunities: int) -> Row:
    """Next to the reference engine on a small world; both make the opportunities too."""
    daily, users = opportunities * 24, 1000
    reference, engine = make_reference(lines, users, daily), make_engine(lines, users, daily=daily)
    engine.advance(START_MS + HOUR_MS)
    theirs = timed(lambda: reference.advance(START_MS + HOUR_MS)) / reference.opportunities
    fast = make_engine(lines, 100_000)
    fast.advance(START_MS + DAY_MS)
    with metered() as meter:
        fast.advance(START_MS + 2 * DAY_MS)
    ours = meter.kernel_s / meter.opportunities
    if [tuple(map(int, one)) for one in zip(*engine.exposures(), strict=True)] != [
        tuple(map(int, one)) for one in zip(*reference.exposures(), strict=True)
    ]:
        raise RuntimeError("the reference engine decided differently")
    return Row("kernel", f"P = {lines}", 1 / ours, "opportunities/s", PYTHON, 1 / theirs, theirs / ours)
