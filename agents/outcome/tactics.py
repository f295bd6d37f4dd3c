"""What an outcome agent remembers: what it proposed, and the tactics that it manages."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from agents.outcome.strategies.base import Offer
from sandbox.core.time import DAY_MS
from sandbox.operations.outcome import Feedback, GetProposals, TacticContext, read

Json = dict[str, Any]


@dataclass(slots=True)
class Bought:
    """A media buy of a tactic, by the platform's id."""

    media_buy_id: str
    key: str
    """The product that it buys, as :attr:`Offer.key`."""


@dataclass(slots=True)
class Managed:
    """A tactic that the agent has taken. ``raw`` is its context as it came, with all patches since."""

    number: str
    """The agent's own number of the assignment: part of its idempotency keys."""
    tactic_id: str
    campaign_id: str
    seat: str
    """Principal of the customer whose API key the agent uses for it."""
    raw: Json
    fields: Json
    currency: str
    offers: dict[str, Offer] = field(default_factory=dict)
    weights: dict[str, float] = field(default_factory=dict)
    bought: list[Bought] = field(default_factory=list)
    feedback: list[Feedback] = field(default_factory=list)
    orders: int = 0
    moved_ms: int = 0
    busy: bool = False
    dirty: bool = False
    """Something changed while it was busy."""

    @property
    def context(self) -> TacticContext:
        """The context as it is now."""
        return read(TacticContext, self.raw)

    @property
    def is_over(self) -> bool:
        """True when the advertiser has ended it."""
        return self.raw.get("status") == "ENDED"

    def elapsed(self, now_ms: int) -> float:
        """The share of the flight that is over."""
        context = self.context
        whole = max(DAY_MS, context.end_date - context.start_date)
        return min(1.0, max(0.0, (now_ms - context.start_date) / whole))


@dataclass(slots=True)
class Proposed:
    """A proposal that was made, and for what."""

    tactic_id: str
    campaign: GetProposals
    capacity_micros: int
