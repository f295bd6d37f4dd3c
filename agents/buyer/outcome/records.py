"""What the platform remembers of outcome agents: money in micros, times in ms."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from sandbox.operations.outcome_auth import Credentials

Json = dict[str, Any]
Reaction = Literal["WAITING", "PROPOSED", "NOTHING", "LATE", "FAILED", "INVALID"]


@dataclass(slots=True)
class OutcomeAgent:
    """A registered outcome agent of a customer (rule 209). Without channels or countries it takes all."""

    agent_id: str
    customer_id: int
    name: str
    description: str | None
    endpoint_url: str
    credentials: Credentials
    channels: list[str]
    countries: list[str]
    registered_ms: int


@dataclass(slots=True)
class Asked:
    """How one agent reacted to ``get-proposals``; ``refused`` says which of its proposals can't be taken, and why."""

    agent_id: str
    reaction: Reaction = "WAITING"
    detail: str = ""
    proposals: int = 0
    refused: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Round:
    """One collection of proposals for a campaign; it closes 10 s after it began."""

    asked_ms: int
    closes_ms: int
    asked: list[Asked]
    closed: bool = False


@dataclass(slots=True, frozen=True)
class Price:
    """What a tactic costs. ``rate`` is decimal text: a percentage for ``revshare``, else units of currency."""

    method: str
    rate: str
    currency: str


@dataclass(slots=True, frozen=True)
class Charge:
    """An entry of the ledger: what was added since the entry before. Corrections are negative."""

    at_ms: int
    media_micros: int
    units: int
    charge_micros: int

    @property
    def fee_micros(self) -> int:
        """What the outcome agent keeps; less than zero where the media cost more than the units bring."""
        return self.charge_micros - self.media_micros


@dataclass(slots=True)
class Told:
    """One piece of feedback that was sent to an agent. ``charged_micros`` are of the whole tactic, by then."""

    start_ms: int
    end_ms: int
    charged_micros: int
    delivery_index: int
    performance_index: int
    delivered: bool


@dataclass(slots=True)
class Order:
    """A request for a media buy: its body, the kernel event of its end, and its answer if it did not fail."""

    body: Any
    done: Any
    answer: Json | None = None


@dataclass(slots=True)
class Tactic:
    """A proposal, and the tactic that it becomes when the advertiser selects it.

    ``tactic_id`` is the agent's, ``proposal_id`` the platform's. ``sent`` is the context as the agent has it.
    """

    proposal_id: str
    tactic_id: str
    customer_id: int
    campaign_id: str
    agent_id: str
    execution: str
    capacity_micros: int
    price: Price
    sku: str | None
    custom_fields: list[Json]
    channel: str
    countries: list[str]
    proposed_ms: int
    status: str = "PROPOSED"
    reason: str | None = None
    budget_micros: int = 0
    start_ms: int = 0
    end_ms: int = 0
    values: Json = field(default_factory=dict)
    """What the advertiser said for the custom fields."""
    paused: bool = False
    sent: Json = field(default_factory=dict)
    updates: int = 0
    """How many updates were sent; numbers their idempotency keys."""
    updating: bool = False
    targeting: Json = field(default_factory=dict)
    """The part of the targeting overlay that the agent asked for."""
    ledger: list[Charge] = field(default_factory=list)
    feedback: list[Told] = field(default_factory=list)
    decided: Any = None
    """A kernel event: what waits for the end of ``ASSIGNING``."""
    orders: dict[str, Order] = field(default_factory=dict)
    """What came to ``create-media-buy``, by idempotency key."""
    offer: Json = field(default_factory=dict)
    """The body of ``accept-proposal`` that the agent may have taken; empty if it has not, for sure."""
    refusals: int = 0
    """How many offers were refused with an error; numbers their idempotency keys."""

    @property
    def charged_micros(self) -> int:
        """What the advertiser was charged so far."""
        return sum(entry.charge_micros for entry in self.ledger)

    @property
    def fee_micros(self) -> int:
        """What of it is the agent's."""
        return sum(entry.fee_micros for entry in self.ledger)


RUNNING = ("ASSIGNING", "ACTIVE", "PAUSED")
"""Statuses in which a tactic holds its budget."""

MANAGED = ("ACTIVE", "PAUSED")
"""Statuses in which an agent has the tactic."""
