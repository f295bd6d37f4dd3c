"""What all margin models have in common."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar


@dataclass(slots=True, frozen=True)
class Margin:
    """A margin model with its settings; see ``MarginConfig``."""

    name: ClassVar[str] = ""
    percent: float
    unit: str
    """The pricing method of cost per unit."""
    rate: float

    @property
    def method(self) -> str:
        """The pricing method as proposals name it."""
        raise NotImplementedError

    def pricing(self, currency: str) -> dict[str, Any]:
        """``pricing`` of a proposal (rule 199)."""
        raise NotImplementedError

    def media_micros(self, budget_micros: int) -> int:
        """What of a tactic's budget may be spent on media."""
        raise NotImplementedError
