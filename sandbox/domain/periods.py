"""Reporting periods: how often somebody delivers figures, and the periods that this cuts time into."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise
from typing import Literal

from sandbox.core.time import DAY_MS, SECOND_MS

Cadence = Literal["continuous", "daily", "weekly", "biweekly", "monthly", "quarterly"]

_DAYS = {"continuous": 1, "daily": 1, "weekly": 7, "biweekly": 14}
_MONTHS = {"monthly": 1, "quarterly": 3}


def cut(start_ms: int, end_ms: int, cadence: Cadence) -> list[tuple[int, int]]:
    """The periods of ``[start_ms, end_ms)``, half open, counted from its start; the last one may be cut short.

    Both instants begin a UTC day. ``continuous`` is looked at by the day.
    """
    edges = [start_ms]
    while edges[-1] < end_ms:
        edges.append(min(end_ms, _edge(start_ms, len(edges), cadence)))
    return list(pairwise(edges))


def _edge(start_ms: int, number: int, cadence: Cadence) -> int:
    """Where the period of that number (from 1) ends."""
    if cadence in _DAYS:
        return start_ms + number * _DAYS[cadence] * DAY_MS
    first = datetime.fromtimestamp(start_ms // SECOND_MS, UTC)
    months = first.year * 12 + first.month - 1 + number * _MONTHS[cadence]
    year, month = divmod(months, 12)
    month_start = datetime(year, month + 1, 1, tzinfo=UTC)
    following = datetime(year + (month == 11), (month + 1) % 12 + 1, 1, tzinfo=UTC)
    day = min(first.day, (following - month_start).days)
    return round(month_start.timestamp()) * SECOND_MS + (day - 1) * DAY_MS
