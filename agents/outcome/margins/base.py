"""What all margin models have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar


@dataclass(slots=True, frozen=True)
class Margin(ABC):
    """A margin model with its settings; see ``MarginConfig``."""

    name: ClassVar[str] = ""
    percent: float
    unit: str
    """The pricing method of cost per unit."""
    rate: float

    @property
    @abstractmethod
    def method(self) -> str:
        """The pricing method as proposals name it."""

    @abstractmethod
    def pricing(self, currency: str) -> dict[str, Any]:
        """``pricing`` of a proposal (rule 199)."""

    @abstractmethod
    def media_micros(self, budget_micros: int) -> int:
        """What of a tactic's budget may be spent on media."""
