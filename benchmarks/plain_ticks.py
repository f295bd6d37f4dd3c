"""The same world in ticks with NumPy, as such a simulator is commonly written: tick by tick, and line after line.

Within a tick a line takes as many of the free opportunities as its plan has room for, lines that are most behind first,
and a person is shown one ad at most. What is done for a line is done for all its opportunities of the tick at once, but
nothing is done for several lines or several ticks at once. Caps and budgets hold as strictly as in the engine.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sandbox.core.time import MINUTE_MS
from sandbox.delivery.tables import NONE, TICK_MS, Limits, State

Ints = NDArray[np.int64]

_RATES = (
    *("viewability", "click_rate", "view_rate", "engagement_rate", "conversion_rate", "click_conversion_rate"),
    *("completion_rate", "first_rate", "mid_rate", "third_rate"),
)
_COUNTERS = ("viewable", "clicks", "views", "completed", "engagements", "first_quartile", "midpoint", "third_quartile")
_BITS = 1 << np.arange(9)


def prepare(*arguments: Any, tick_ms: int = MINUTE_MS) -> Callable[[], tuple[int, int]]:
    """A call that decides in ticks; the arguments are those of :func:`sandbox.delivery.loop.decide`."""
    *given, _ = arguments  # nothing here says when conversions come
    return lambda: (decide(tick_ms, *given), 0)


def decide(
    tick_ms: int, hour_ms: int, hour_tick: int, hour: Any, first: int, last: int, keys: Any, limits: Limits,
    state: State, out: Any
) -> int:  # fmt: skip
    """Decide the opportunities ``[first:last)`` of an hour in ticks; returns how many were served.

    For lines at fixed CPM on all placements, and for people who are known everywhere.
    """
    lines = [_Line.of(number, record, limits) for number, record in enumerate(state.lines)]
    rates = np.array([limits.places[name] for name in _RATES])
    codes, places = limits.shares["code"], limits.places
    countries, devices = codes[places["countries"]], codes[places["devices"]]
    creatives = np.array([line.creative for line in lines])
    offset, rng, served = hour["tick"][first:last], np.random.default_rng(int(keys[0])), 0
    ends_ms = np.arange(hour_ms, hour_ms + (int(offset[-1]) + 1) * TICK_MS, tick_ms) + tick_ms
    edges = np.searchsorted(offset, [0, *((ends_ms - hour_ms) // TICK_MS)])
    for a, b, end_ms in zip(edges, edges[1:], ends_ms.tolist(), strict=False):
        tick = _Tick.of(hour[first + a : first + b], hour_tick, state.stride)
        for line in sorted(lines, key=lambda line: line.spent - line.level(end_ms)):
            line.buy(tick, end_ms, state.cells, rates, rng)
        won = np.flatnonzero(tick.winner != NONE)
        to = slice(served, served + len(won))
        where, winner = tick.where[won], tick.winner[won]
        out.time_ms[to], out.user[to] = hour_ms + tick.offset[won] * TICK_MS, tick.who[won]
        out.line[to], out.place[to], out.creative[to] = winner, where, creatives[winner]
        out.country[to], out.device[to] = countries[where], devices[where]
        out.outcome[to], out.charge_micros[to] = tick.outcome[won], tick.charge[won]
        served += len(won)
    for line in lines:
        line.close()
    return served


@dataclass(slots=True)
class _Tick:
    """The opportunities of a tick and who has won them."""

    offset: Ints
    where: Ints
    who: Ints
    now: Ints
    row: Ints
    free: NDArray[np.bool_]
    winner: Ints
    outcome: Ints
    charge: Ints

    @classmethod
    def of(cls, chances: Any, hour_tick: int, stride: int) -> _Tick:
        offset, where, who = (chances[name].astype(np.int64) for name in ("tick", "place", "who"))
        free = np.zeros(len(who), bool)
        free[np.unique(who, return_index=True)[1]] = True  # a person is shown one ad in a tick
        columns = (np.full(len(who), value) for value in (NONE, 0, 0))
        return cls(offset, where, who, hour_tick + offset, who * stride, free, *columns)


@dataclass(slots=True)
class _Line:
    """A line, its caps as ``(limit, window, ring, length)``, and its rings as ``(ring, length)``."""

    number: int
    record: Any
    creative: int
    caps: list[tuple[int, int, int, int]]
    rings: list[tuple[int, int]]
    price: float
    spent: int
    remainder: int
    counters: Ints
    impressions: int = 0

    @classmethod
    def of(cls, number: int, record: Any, limits: Limits) -> _Line:
        mine = limits.terms[number]
        caps = limits.caps[limits.numbers[mine["caps"] : mine["caps_end"]]].tolist()
        rings = limits.caps[limits.numbers[mine["rings"] : mine["rings_end"]]].tolist()
        price, creative = float(record["top"]) / float(record["divisor"]), int(limits.numbers[mine["rotation"]])
        spent, remainder = int(record["spent"]), int(record["remainder"])
        return cls(
            number, record, creative, caps, [ring[2:] for ring in rings], price, spent, remainder, np.zeros(9, np.int64)
        )

    def level(self, end_ms: int) -> float:
        """What it may have spent at the end of a tick."""
        begin_ms, length_ms = int(self.record["plan_from"]), int(self.record["plan_to"] - self.record["plan_from"])
        part = min(1.0, max(0.0, (end_ms - begin_ms) / max(1, length_ms)))
        return float(self.record["plan_at"] + (self.record["plan_end"] - self.record["plan_at"]) * part)

    def room(self, end_ms: int) -> int:
        """How many impressions it may buy in a tick, by its plan and its budget."""
        if not self.record["live"] or self.record["full"] or self.record["start"] > end_ms:
            return 0
        due = (self.level(end_ms) - self.spent) / self.price + 0.5
        return max(0, int(min(due, (int(self.record["budget"]) - self.spent) / self.price)))

    def buy(self, tick: _Tick, end_ms: int, cells: Any, rates: Any, rng: np.random.Generator) -> None:
        """Take free opportunities whose people no cap stops, draw what they bring, and pay for them."""
        room = self.room(end_ms)
        chosen = np.flatnonzero(tick.free)
        if not room or not len(chosen):
            return
        chosen = chosen[self._allowed(cells, tick.row[chosen], tick.now[chosen])][:room]
        tick.free[chosen], tick.winner[chosen] = False, self.number
        for ring, length in self.rings:
            at = tick.row[chosen] + ring
            oldest = cells[at].astype(np.int64)
            cells[at + 1 + oldest] = tick.now[chosen]
            cells[at] = (oldest + 1) % length
        where, count = tick.where[chosen], len(chosen)
        marks = _outcomes(rates[:, where], rng)
        tick.outcome[chosen] = _BITS @ marks
        top, divisor = int(self.record["top"]), int(self.record["divisor"])
        owed = self.remainder + top * np.arange(count + 1)
        tick.charge[chosen] = np.diff(owed // divisor)
        self.spent, self.remainder = self.spent + int(owed[-1]) // divisor, int(owed[-1]) % divisor
        self.impressions += count
        self.counters += marks.sum(axis=1)

    def _allowed(self, cells: Any, row: Ints, now: Ints) -> NDArray[np.bool_]:
        """Whom no cap stops: whose exposure that is as many ago as the cap lets through is out of its window."""
        allowed = np.ones(len(row), bool)
        for limit, window, ring, length in self.caps:
            at = row + ring
            newest = (cells[at] - np.int64(limit)) % length
            allowed &= cells[at + 1 + newest] <= np.maximum(0, now - window)
        return allowed

    def close(self) -> None:
        """Enter what was bought into the record."""
        self.record["today"] += self.spent - self.record["spent"]
        self.record["spent"], self.record["remainder"] = self.spent, self.remainder
        self.record["impressions"] += self.impressions
        for name, found in zip(_COUNTERS, self.counters[:-1], strict=True):
            self.record[name] += found


def _outcomes(rates: Any, rng: np.random.Generator) -> NDArray[np.bool_]:
    """What impressions bring: a row for each bit of an outcome; ``rates`` are those of their placements."""
    viewability, click_rate, view_rate, engagement_rate, conversion_rate, click_conversion_rate, *quartiles = rates
    luck = rng.random((6, rates.shape[1]))
    click, view = luck[1] < click_rate, luck[2] < view_rate
    played = np.where(view, luck[3], 1.0)
    completed, first, middle, third = played < quartiles
    converted = luck[5] < np.where(click, click_conversion_rate, conversion_rate)
    engaged = luck[4] < engagement_rate
    return np.array([luck[0] < viewability, click, view, completed, engaged, first, middle, third, converted])
