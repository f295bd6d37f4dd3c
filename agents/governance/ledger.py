"""What was committed: the only source of headroom. Intents reserve nothing; outcomes commit (budget tracking)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from agents.governance.records import PlanKey
from sandbox.kernel.network import Network


@dataclass(slots=True, frozen=True)
class Commitment:
    """What one outcome committed, in micros, altogether and by channel; below zero if an adjustment gave it back.

    ``buyer`` is who owns the plan, also when a delegate acted: delegates share its window.
    """

    at_ms: int
    plan: PlanKey
    buyer: str
    caller: str
    seller: str
    account: str
    purchase_type: str
    micros: int
    channels: dict[str, int]


@dataclass(slots=True)
class Ledger:
    """All commitments in the order in which they were made. None is ever changed."""

    rows: list[Commitment] = field(default_factory=list)
    by_plan: dict[PlanKey, list[Commitment]] = field(default_factory=dict)

    def commit(self, row: Commitment) -> None:
        """Add a commitment."""
        self.rows.append(row)
        self.by_plan.setdefault(row.plan, []).append(row)

    def of(self, plan: PlanKey) -> list[Commitment]:
        """The commitments of a plan."""
        return self.by_plan.get(plan, [])

    def total(self, plan: PlanKey) -> int:
        """What a plan has committed, in micros."""
        return sum(row.micros for row in self.of(plan))

    def channels(self, plan: PlanKey) -> dict[str, int]:
        """What a plan has committed by channel, in micros."""
        found: dict[str, int] = {}
        for row in self.of(plan):
            for channel, part in row.channels.items():
                found[channel] = found.get(channel, 0) + part
        return found

    def recent(self, buyer: str, seller: str, account: str, since_ms: int) -> int:
        """What a buyer committed with a seller on an account after an instant, over all plans, in micros.

        Thresholds look at this, so that a large commitment can't be had in small parts ("fragmentation defense"). What
        was given back counts on.
        """
        return sum(max(0, row.micros) for row in self._on(buyer, seller, account) if row.at_ms > since_ms)

    def _on(self, buyer: str, seller: str, account: str) -> Iterator[Commitment]:
        return (
            row
            for row in self.rows
            if (row.buyer, row.account) == (buyer, account) and Network.same_agent(row.seller, seller)
        )
