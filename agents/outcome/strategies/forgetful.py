"""Buys once and never looks again: updates and feedback are acknowledged and forgotten (rules 203 to 205)."""

from __future__ import annotations

from agents.outcome.strategies.base import Strategy


class Forgetful(Strategy):
    """Says 200 to everything, and does nothing about it."""

    name = "forgetful"
    execution = "Cheapest impressions"
    heeds = False
