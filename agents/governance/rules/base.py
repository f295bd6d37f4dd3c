"""What every rule gets."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from agents.governance.config import GovernanceConfig
from agents.governance.ledger import Ledger
from agents.governance.plans import Plan
from agents.governance.proposed import Proposed
from agents.governance.records import Finding
from sandbox.core.money import amount


@dataclass(slots=True, frozen=True)
class Case:
    """An action and what it is measured by. ``portfolios`` govern the plan; ``siblings`` share its brand."""

    plan: Plan
    action: Proposed
    ledger: Ledger
    config: GovernanceConfig
    portfolios: tuple[Plan, ...]
    plans: tuple[Plan, ...]
    owned: bool
    """True if the caller is the plan's owner."""
    now_ms: int

    def money(self, value_micros: int) -> str:
        """An amount in words."""
        return f"{amount(value_micros)} {self.plan.currency}"


Rule = Callable[[Case], Iterator[Finding]]
