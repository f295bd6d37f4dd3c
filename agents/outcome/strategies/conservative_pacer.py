"""Starts small, puts more to work as the flight goes on, and keeps the largest buffer that is advised."""

from __future__ import annotations

from agents.outcome.strategies.base import Strategy

FIRST = 0.4
"""The share of its money with which it starts."""


class ConservativePacer(Strategy):
    """Cheapest impressions; 15 percent stay in the buffer, the rest is released bit by bit."""

    name = "conservative_pacer"
    execution = "Cheapest impressions, started small and scaled as they deliver"

    def buys_micros(self, media_micros: int, buffer: float) -> int:
        """All but 15 percent, or a larger buffer."""
        return super().buys_micros(media_micros, max(0.15, buffer))

    def release(self, elapsed: float) -> float:
        """What the time needs, and two fifths of the flight ahead of it."""
        return min(1.0, FIRST + elapsed)
