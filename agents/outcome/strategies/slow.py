"""Answers too late: its proposals are never seen (rule 207)."""

from __future__ import annotations

from agents.outcome.strategies.base import Strategy


class Slow(Strategy):
    """Takes its time, by setting ``delay``; otherwise it behaves."""

    name = "slow"
    execution = "Carefully considered impressions"

    def answer_ms(self, operation: str, delay_ms: int) -> int:
        """As long as it is set to."""
        return delay_ms
