"""A price for each impression, viewable impression, click, view or conversion, whatever the media cost."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from agents.outcome.margins.base import Margin


class CostPerUnit(Margin):
    """Earns when it buys units for less than their price, and loses when it does not."""

    name = "cost_per_unit"

    @property
    def method(self) -> str:
        """``cpm``, ``vcpm``, ``cpc`` …"""
        return self.unit

    def pricing(self, currency: str) -> dict[str, Any]:
        """The price of a unit is the rate."""
        return {"method": self.unit, "rate": self.rate, "currency": currency}

    def media_micros(self, budget_micros: int) -> int:
        """The budget without the share that the agent wants to keep."""
        return int(budget_micros * (100 - Decimal(str(self.percent))) / 100)
