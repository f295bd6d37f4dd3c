"""A percentage on top of what media cost."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from agents.outcome.margins.base import Margin
from sandbox.operations.outcome import REVENUE_SHARE


class RevenueShare(Margin):
    """Media and markup together fill the budget."""

    name = "revenue_share"

    @property
    def method(self) -> str:
        """``revshare``."""
        return REVENUE_SHARE

    def pricing(self, currency: str) -> dict[str, Any]:
        """The percentage is the rate."""
        return {"method": REVENUE_SHARE, "rate": self.percent, "currency": currency}

    def media_micros(self, budget_micros: int) -> int:
        """What leaves room for the markup."""
        return int(budget_micros * 100 / (100 + Decimal(str(self.percent))))
