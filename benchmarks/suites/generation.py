"""Making the opportunities of an hour in order of time, with the people behind them."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks import cpp
from benchmarks.measure import Row, compare, take_turns, timed
from benchmarks.worlds import START_MS, arguments_of, make_engine
from sandbox.core.time import HOUR_MS
from sandbox.delivery import traffic
from sandbox.delivery.tables import TICK_MS

NUMPY, PLAIN = "NumPy generator", "C++ -O3"
_LINES = 8


def rows(quick: bool) -> list[Row]:
    """Rows for people who are all equally active, and for gamma-distributed activity."""
    users = 10_000 if quick else 1_000_000
    return [row for shape in (None, 0.8) for row in _generation(users, shape, 3 if quick else 11)]


def _generation(users: int, shape: float | None, rounds: int) -> list[Row]:
    engine = make_engine(_LINES, users, shape=shape)
    arguments = arguments_of(traffic, "traffic", lambda: engine.advance(START_MS + HOUR_MS))
    given, (head, made) = arguments[:-2], arguments[-2:]
    make: Any = traffic.traffic
    count, rng = len(made), np.random.default_rng(1)
    weights = None if shape is None else np.cumsum(rng.gamma(shape, size=users))
    works: dict[str, Any] = {
        "ours": lambda: make(*given, np.zeros_like(head), made),
        NUMPY: lambda: _with_numpy(rng, count, users, weights),
    }
    if cpp.available():
        own, other = made.copy(), np.empty_like(made)
        if cpp.traffic(*given, np.zeros_like(head), other) != count or not np.array_equal(own, other):
            raise RuntimeError("the traffic in C++ is different")
        works[PLAIN] = lambda: cpp.traffic(*given, np.zeros_like(head), other)
    # fifty hours a round, since one is over in a millisecond
    hours = {name: lambda work=work: timed(lambda: [work() for _ in range(50)]) for name, work in works.items()}
    seconds = take_turns(hours, rounds)
    case = f"{users:,} users, {'equal' if shape is None else 'gamma-distributed'} activity"
    return [compare("generation", case, 50 * count, "opportunities", seconds, name) for name in works if name != "ours"]


def _with_numpy(rng: np.random.Generator, count: int, users: int, weights: Any) -> tuple[Any, ...]:
    tick = rng.integers(0, HOUR_MS // TICK_MS, count, np.int32)
    place, number = np.repeat(np.arange(_LINES, dtype=np.int32), -(-count // _LINES))[:count], np.arange(count)
    if weights is None:
        who = rng.integers(0, users, count, np.int32)
    else:
        who = np.searchsorted(weights, rng.random(count) * weights[-1])
    order = np.argsort(tick, kind="stable")
    return tick[order], place[order], number[order], who[order]
