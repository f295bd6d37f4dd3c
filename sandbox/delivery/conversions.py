"""Conversions on their way: caused by an impression, counted and charged when they happen."""

from __future__ import annotations

from heapq import heappop, heappush
from typing import NamedTuple


class Conversion(NamedTuple):
    """A conversion; in order of time, then of exposure."""

    at_ms: int
    exposure: int
    """The number of its impression in the log."""
    line: int
    value_micros: int
    charge_micros: int
    """What the line is charged for it."""


class Pipeline:
    """All conversions: those that happened, in order, and those to come."""

    def __init__(self) -> None:
        self.happened: list[Conversion] = []
        self.charged_later: list[int] = []
        """Exposures whose charge in the log is due when their conversion happens."""
        self._coming: list[Conversion] = []

    def add(self, conversion: Conversion) -> None:
        """Expect a conversion."""
        heappush(self._coming, conversion)
        if conversion.charge_micros:
            self.charged_later.append(conversion.exposure)

    def take(self, until_ms: int) -> list[Conversion]:
        """The conversions that come now, earlier than ``until_ms``."""
        first = len(self.happened)
        while self._coming and self._coming[0].at_ms < until_ms:
            self.happened.append(heappop(self._coming))
        return self.happened[first:]

    @property
    def next_ms(self) -> int | None:
        """When the next one happens; None if none is on its way."""
        return self._coming[0].at_ms if self._coming else None
