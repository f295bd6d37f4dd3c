"""The same world in ticks of a minute with NumPy, with as much at once as the rules allow; see ``plain_ticks.py``.

Within a tick all is done at once: a line takes as many of the free opportunities as its plan has room for, lines that
are most behind first, and a person is shown one ad at most. So other opportunities win than in the engine, while caps
and budgets hold as strictly. All that does not depend on the state is done for a whole hour at once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sandbox.core.time import MINUTE_MS
from sandbox.delivery.tables import (
    CLICK,
    COMPLETION,
    CONVERTS,
    ENGAGEMENT,
    FOREVER,
    TICK_MS,
    VIEW,
    VIEWABLE,
    Limits,
    State,
)

_GAMMA, _MIX1, _MIX2 = (np.uint64(n) for n in (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB))
_S30, _S27, _S31, _S11, _ONE = (np.uint64(n) for n in (30, 27, 31, 11, 1))


def mix(key: Any, counter: Any) -> Any:
    """``hashing.mix`` of arrays."""
    z = key + (np.atleast_1d(counter) + _ONE) * _GAMMA
    z = (z ^ (z >> _S30)) * _MIX1
    z = (z ^ (z >> _S27)) * _MIX2
    return z ^ (z >> _S31)


def unit(bits: Any) -> Any:
    """``hashing.unit`` of arrays."""
    return (bits >> _S11) * (1.0 / (1 << 53))


@dataclass(slots=True)
class _Caps:
    """The caps and rings of the lines as matrices; all lines have equally many of each here."""

    limit: NDArray[np.int64]
    window: NDArray[np.int64]
    ring: NDArray[np.int64]
    length: NDArray[np.int64]
    of_line: NDArray[np.int64]
    """Line to its caps."""
    rings: NDArray[np.int64]
    """Line to where its rings begin."""
    lengths: NDArray[np.int64]

    @classmethod
    def of(cls, limits: Limits) -> _Caps:
        terms, rings = limits.caps, _rows(limits, "rings")
        limit, window, ring, length = (terms[name].copy() for name in ("limit", "window", "ring", "length"))
        return cls(limit, window, ring, length, _rows(limits, "caps"), ring[rings], length[rings])

    def allow(self, cells: NDArray[np.uint32], row: NDArray[np.int64], tick: NDArray[np.int64]) -> Any:
        """Which lines may be shown to whom: a row for each opportunity, a column for each line."""
        at = row[:, None] + self.ring
        newest = cells[at] - self.limit
        newest += (newest < 0) * self.length
        passed = cells[at + 1 + newest] <= np.maximum(0, tick[:, None] - self.window)
        return passed[:, self.of_line].all(axis=2)

    def remember(self, cells: NDArray[np.uint32], row: Any, line: Any, tick: Any) -> None:
        """Enter impressions of different people."""
        at, length = row[:, None] + self.rings[line], self.lengths[line]
        oldest = cells[at].astype(np.int64)
        cells[at + 1 + oldest] = tick[:, None]
        cells[at] = np.where(oldest + 1 < length, oldest + 1, 0)


def _rows(limits: Limits, name: str) -> NDArray[np.int64]:
    """The rows of numbers of this name of all lines, which are equally long here."""
    first, last = limits.terms[name], limits.terms[f"{name}_end"]
    return np.array([limits.numbers[a:b] for a, b in zip(first, last, strict=True)])


def prepare(*arguments: Any, tick_ms: int = MINUTE_MS) -> Callable[[], tuple[int, int]]:
    """A call that decides in ticks; the arguments are those of :func:`sandbox.delivery.loop.decide`."""
    *given, _ = arguments  # nothing here says when conversions come
    return lambda: (decide(tick_ms, *given), 0)


def decide(
    tick_ms: int, hour_ms: int, hour_tick: int, hour: Any, first: int, last: int, keys: Any, limits: Limits,
    state: State, out: Any
) -> int:  # fmt: skip
    """Decide the opportunities ``[first:last)`` of an hour in ticks; returns how many were served.

    For lines at fixed CPM on the same placements with as many caps each, and for people who are known everywhere.
    """
    lines = state.lines
    caps = _Caps.of(limits)
    who, offset = hour["who"][first:last].astype(np.int64), hour["tick"][first:last]
    step = offset // (tick_ms // TICK_MS)
    row, tick, fresh = who * state.stride, hour_tick + offset.astype(np.int64), _first_of_step(step, who)
    edges = np.searchsorted(step, np.arange(step[0], step[-1] + 2))
    levels = _levels(lines, hour_ms + (np.arange(step[0], step[-1] + 1) + 1) * tick_ms)
    spent, price = lines["spent"].astype(np.float64), lines["top"] / lines["divisor"]
    budget = np.where(lines["full"] != 0, 0, lines["budget"])
    won: list[Any] = []
    winners: list[Any] = []
    for number, level in enumerate(levels):
        a, b = edges[number], edges[number + 1]
        room = np.minimum((level - spent) / price + 0.5, (budget - spent) / price).astype(np.int64)
        able = np.flatnonzero(room > 0)
        if a == b or not len(able):
            continue
        free = caps.allow(state.cells, row[a:b], tick[a:b]) & fresh[a:b, None]
        took, lucky = [], []
        for n in able[np.argsort((spent - level)[able])]:
            chosen = np.flatnonzero(free[:, n])[: room[n]]
            free[chosen] = False
            spent[n] += len(chosen) * price[n]
            took.append(chosen)
            lucky.append(np.full(len(chosen), n))
        chosen, line = np.concatenate(took) + a, np.concatenate(lucky)
        caps.remember(state.cells, row[chosen], line, tick[chosen])
        won.append(chosen)
        winners.append(line)
    if not won:
        return 0
    chosen, line = np.concatenate(won), np.concatenate(winners)
    order = np.argsort(chosen, kind="stable")
    return _book(hour_ms, hour, first + chosen[order], line[order], keys, limits, state, out)


def _first_of_step(step: Any, who: Any) -> Any:
    """False for opportunities of a person who had one earlier in the same tick."""
    order = np.lexsort((who, step))
    again = (np.diff(who[order]) == 0) & (np.diff(step[order]) == 0)
    fresh = np.ones(len(who), bool)
    fresh[order[1:][again]] = False
    return fresh


def _levels(lines: Any, end_ms: Any) -> Any:
    """What each line may have spent at the end of each tick; nothing while it is not in flight."""
    span = np.maximum(1, lines["plan_to"] - lines["plan_from"])
    part = np.clip((end_ms[:, None] - lines["plan_from"]) / span, 0.0, 1.0)
    level = lines["plan_at"] + (lines["plan_end"] - lines["plan_at"]) * part
    return np.where((lines["live"] != 0) & (lines["start"] <= end_ms[:, None]), level, -float(FOREVER))


def _book(hour_ms: int, hour: Any, at: Any, line: Any, keys: Any, limits: Limits, state: State, out: Any) -> int:
    """Draw the outcomes of an hour's impressions, charge them, and write lines and log."""
    where, count = hour["place"][at], len(at)
    key = mix(keys[where], hour["number"][at].astype(np.uint64))
    place = {name: np.ascontiguousarray(limits.places[name])[where] for name in limits.places.dtype.names}
    viewable = unit(mix(key, VIEWABLE)) < place["viewability"]
    click, view = unit(mix(key, CLICK)) < place["click_rate"], unit(mix(key, VIEW)) < place["view_rate"]
    played = np.where(view, unit(mix(key, COMPLETION)), 1.0)
    engaged = unit(mix(key, ENGAGEMENT)) < place["engagement_rate"]
    converted = unit(mix(key, CONVERTS)) < np.where(click, place["click_conversion_rate"], place["conversion_rate"])
    parts = [played < place[name] for name in ("completion_rate", "first_rate", "mid_rate", "third_rate")]
    marks = [viewable, click, view, parts[0], engaged, *parts[1:]]
    names = ("viewable", "clicks", "views", "completed", "engagements", "first_quartile", "midpoint", "third_quartile")
    lines = state.lines
    size = len(lines)
    for name, mark in zip(names, marks, strict=True):
        lines[name] += np.bincount(line[mark], minlength=size)
    out.outcome[:count] = sum(mark.astype(np.int16) << bit for bit, mark in enumerate([*marks, converted]))
    nth = _nth_of_line(line, size)
    owed = lines["remainder"][line] + lines["top"][line] * nth
    charge = (owed + lines["top"][line]) // lines["divisor"][line] - owed // lines["divisor"][line]
    shown = np.bincount(line, minlength=size)
    total = lines["remainder"] + lines["top"] * shown
    lines["impressions"] += shown
    for name in ("spent", "today"):
        lines[name] += total // lines["divisor"]
    lines["remainder"] = total % lines["divisor"]
    out.time_ms[:count], out.user[:count] = hour_ms + hour["tick"][at].astype(np.int64) * TICK_MS, hour["who"][at]
    out.line[:count], out.place[:count], out.charge_micros[:count] = line, where, charge
    out.creative[:count] = limits.numbers[limits.terms["rotation"][line]]
    codes = limits.shares["code"]
    out.country[:count], out.device[:count] = codes[place["countries"]], codes[place["devices"]]
    return count


def _nth_of_line(line: Any, lines: int) -> Any:
    """How many impressions of the same line stand before each one."""
    order = np.argsort(line, kind="stable")
    begin = np.concatenate([[0], np.cumsum(np.bincount(line, minlength=lines))[:-1]])
    nth = np.empty(len(line), np.int64)
    nth[order] = np.arange(len(line)) - begin[line[order]]
    return nth
