"""Hour rows: what each line delivered in an hour, as the difference of its counters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from sandbox.delivery.model import HourRow, Line, Totals
from sandbox.delivery.tables import LINE, TOTALS

_TELLING = ("impressions", "spent", "pending", "conversions")
"""Counters that change whenever anything has happened to a line."""


def read_totals(record: Any) -> Totals:
    """The counters of a line; what is reserved for conversions to come is not spent yet."""
    counts = {name: int(record[counter]) for name, counter in TOTALS.items()}
    return Totals(spend_micros=int(record["spent"] - record["pending"]), **counts)


def with_room(table: Any, count: int) -> Any:
    """A table for at least ``count`` records: this one, or one of twice the length with the same content."""
    if len(table) >= count:
        return table
    longer = np.zeros(2 * count, table.dtype)
    longer[: len(table)] = table
    return longer


class Rows:
    """Rows that nobody has taken yet."""

    def __init__(self) -> None:
        self._waiting: list[HourRow] = []
        self._base = np.zeros(0, LINE)

    def end(self, hour_ms: int, records: Any, lines: Sequence[Line]) -> None:
        """Make the rows of what has happened since the last time, in the hour that began at ``hour_ms``."""
        self._base = with_room(self._base, len(records))
        moved = np.zeros(len(records), bool)
        for name in _TELLING:
            moved |= records[name] != self._base[name][: len(records)]
        for number in np.flatnonzero(moved).tolist():
            now, base = read_totals(records[number]), read_totals(self._base[number])
            row = HourRow(line_id=lines[number].line_id, hour_ms=hour_ms)
            for name in ("spend_micros", *TOTALS):
                setattr(row, name, getattr(now, name) - getattr(base, name))
            self._waiting.append(row)
            self._base[number] = records[number]

    def take(self) -> list[HourRow]:
        """All rows since the last call, in order of time and of lines."""
        rows, self._waiting = self._waiting, []
        return rows
