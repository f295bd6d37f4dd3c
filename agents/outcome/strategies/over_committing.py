"""Promises and buys more than there is (rules 202 and 211)."""

from __future__ import annotations

from agents.outcome.strategies.base import Strategy


class OverCommitting(Strategy):
    """Offers three times the campaign's money, and tries to buy for one and a half times its tactic's."""

    name = "over_committing"
    execution = "Every impression there is"

    def capacity_micros(self, most_micros: int) -> int:
        """Far more than the campaign has."""
        return 3 * most_micros

    def buys_micros(self, media_micros: int, buffer: float) -> int:
        """Half as much again as it may, in equal parts: some of them have to be refused."""
        return media_micros * 3 // 2
