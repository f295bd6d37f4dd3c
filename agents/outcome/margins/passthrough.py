"""No markup: media cost the advertiser what they cost."""

from __future__ import annotations

from typing import Any

from agents.outcome.margins.base import Margin
from sandbox.operations.outcome import PASSTHROUGH


class Passthrough(Margin):
    """Makes sense for whoever controls the sales agent."""

    name = "passthrough"

    @property
    def method(self) -> str:
        """``passthrough``."""
        return PASSTHROUGH

    def pricing(self, currency: str) -> dict[str, Any]:
        """A rate of zero."""
        return {"method": PASSTHROUGH, "rate": 0, "currency": currency}

    def media_micros(self, budget_micros: int) -> int:
        """All of it."""
        return budget_micros
