"""Proposes, and does not want it when it is meant (rule 201)."""

from __future__ import annotations

from agents.outcome.strategies.base import Strategy


class Declining(Strategy):
    """Declines every tactic."""

    name = "declining"
    execution = "Premium impressions for large budgets"

    def declines(self, budget_micros: int, least_micros: int) -> str | None:
        """Always."""
        return "Insufficient budget for effective optimization"
