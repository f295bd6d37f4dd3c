"""Checking four caps of a person."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from benchmarks.measure import Row, compare, take_turns, timed
from benchmarks.worlds import START_MS, arguments_of, make_engine
from sandbox.core.time import DAY_MS, HOUR_MS
from sandbox.delivery import loop
from sandbox.delivery.bits import compiled
from sandbox.delivery.loop import passes
from sandbox.delivery.model import Cap
from sandbox.delivery.reference_rules import caps_allow
from sandbox.delivery.tables import FOREVER, TICK_MS

SCAN, NUMPY, PYTHON = "compiled scan of all exposures", "NumPy, a minute at once", "plain Python"
_MINUTE = 231


@compiled
def _by_rings(terms: Any, slots: Any, cells: Any, rows: Any, tick: Any) -> Any:
    allowed = 0
    for i in range(rows.shape[0]):
        allowed += passes(terms, slots, 0, slots.shape[0], cells, rows[i], tick)
    return allowed


@compiled
def _by_scan(terms: Any, slots: Any, cells: Any, rows: Any, tick: Any) -> Any:
    allowed = 0
    for i in range(rows.shape[0]):
        within = True
        for s in range(slots.shape[0]):
            cap, seen = terms[slots[s]], 0
            for k in range(cap.length):
                at = np.int64(cells[rows[i] + cap.ring + 1 + k])
                seen += at > max(np.int64(0), tick - cap.window)
            within = within and seen < cap.limit
        allowed += within
    return allowed


def rows(quick: bool) -> list[Row]:
    """Checks a second: a look at one exposure a cap, next to going through all of them."""
    users, checks = (10_000, 20_000) if quick else (100_000, 200_000)
    engine = make_engine(1, users, daily=users * 3)
    engine.advance(START_MS + 5 * DAY_MS)
    seen = arguments_of(loop, "decide", lambda: engine.advance(engine.now_ms + HOUR_MS))
    hour_tick, limits, state = seen[1], seen[6], seen[7]
    mine = limits.terms[0]
    terms, slots, cells = limits.caps, limits.numbers[mine["caps"] : mine["caps_end"]], state.cells
    people = np.random.default_rng(1).integers(0, users, checks)
    places, tick = people * state.stride, hour_tick + HOUR_MS // TICK_MS
    few = checks // 20
    lists, now_ms = _lists(engine, people[:few]), engine.now_ms
    caps = tuple(_cap(term) for term in terms[slots])
    works: dict[str, Callable[[], Any]] = {
        "ours": lambda: _by_rings(terms, slots, cells, places, tick),
        SCAN: lambda: _by_scan(terms, slots, cells, places, tick),
        NUMPY: lambda: _with_numpy(terms[slots], cells, places, tick),
    }
    answers = {name: int(work()) for name, work in works.items()}
    plain = sum(caps_allow(caps, instants, now_ms) for instants in lists)
    if len(set(answers.values())) > 1 or plain != _by_rings(terms, slots, cells, places[:few], tick):
        raise RuntimeError(f"the ways to check caps do not agree: {answers}, {plain}")
    seconds = take_turns({name: partial(timed, work) for name, work in works.items()}, 3 if quick else 11)
    checking = take_turns({PYTHON: lambda: timed(lambda: [caps_allow(caps, x, now_ms) for x in lists])}, 3)
    seconds[PYTHON] = [checking[PYTHON][0] * checks / few] * len(seconds["ours"])
    case = f"{len(slots)} caps, {users:,} users"
    return [compare("caps", case, checks, "people checked", seconds, name) for name in (SCAN, NUMPY, PYTHON)]


def _cap(term: Any) -> Cap:
    window = None if term["window"] == FOREVER else int(term["window"]) * TICK_MS
    return Cap(int(term["limit"]), window)


def _lists(engine: Any, people: Any) -> list[list[int]]:
    """The instants at which each of these people was shown an ad."""
    log = engine.exposures()
    by_person: dict[int, list[int]] = {}
    for user, at_ms in zip(log.user.tolist(), log.time_ms.tolist(), strict=True):
        by_person.setdefault(user, []).append(at_ms)
    return [by_person.get(user, []) for user in people.tolist()]


def _with_numpy(terms: Any, cells: Any, places: Any, tick: int) -> int:
    allowed = 0
    floor = np.maximum(0, tick - terms["window"])
    limit, ring, length = (np.ascontiguousarray(terms[name]) for name in ("limit", "ring", "length"))
    for first in range(0, len(places), _MINUTE):
        at = places[first : first + _MINUTE, None] + ring
        newest = cells[at] - limit
        newest += (newest < 0) * length
        allowed += int(np.count_nonzero((cells[at + 1 + newest] <= floor).all(axis=1)))
    return allowed
