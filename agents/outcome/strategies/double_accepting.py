"""Recognises no retry: an acceptance that comes again is another one to it (rule 207)."""

from __future__ import annotations

from agents.outcome.strategies.base import Strategy


class DoubleAccepting(Strategy):
    """Begins to manage a tactic as often as it is told to."""

    name = "double_accepting"
    execution = "Cheapest impressions"
    remembers = False
