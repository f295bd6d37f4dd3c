"""What the operations about outcome agents answer."""

from __future__ import annotations

from typing import Any, Literal, NotRequired

from typing_extensions import TypedDict

from sandbox.operations.answer import Money, Url, When

Status = Literal["PROPOSED", "ASSIGNING", "ACTIVE", "PAUSED", "DECLINED", "FAILED", "EXPIRED", "COMPLETED", "CANCELED"]


class Registered(TypedDict):
    """A registered outcome agent. ``credentials`` are there once, when the platform made them."""

    agentId: str
    name: str
    description: str | None
    endpointUrl: Url
    authenticationType: Literal["API_KEY", "BEARER", "BASIC"]
    supportedChannels: list[str]
    supportedCountries: list[str]
    registeredAt: When
    credentials: NotRequired[dict[str, str]]


class AgentList(TypedDict):
    """The caller's outcome agents."""

    outcomeAgents: list[Registered]


class Asked(TypedDict):
    """How an agent reacted to ``get-proposals``."""

    agentId: str
    agentName: str
    reaction: Literal["WAITING", "PROPOSED", "NOTHING", "LATE", "FAILED", "INVALID"]
    detail: str
    proposals: int
    refused: list[str]


class Round(TypedDict):
    """A collection of proposals; what comes after ``closesAt`` is ignored."""

    askedAt: When
    closesAt: When
    closed: bool
    agents: list[Asked]


class PricingOf(TypedDict):
    """Pricing method and rate; a percentage for ``revshare``."""

    method: str
    rate: float
    currency: str


class FeedbackOf(TypedDict):
    """Feedback that was given; ``delivered`` says whether the agent has taken it."""

    startDate: When
    endDate: When
    deliveryIndex: int
    performanceIndex: int
    delivered: bool


class Spending(TypedDict):
    """What was charged so far: media and the agent's fee, which are less than zero only by corrections and losses."""

    media: Money
    fee: Money
    charged: Money
    units: int


class TacticOf(TypedDict):
    """A proposal, or the tactic that it has become."""

    proposalId: str
    tacticId: str
    agentId: str
    agentName: str
    status: Status
    reason: str | None
    execution: str
    budgetCapacity: Money
    pricing: PricingOf
    sku: str | None
    customFieldsRequired: list[dict[str, Any]]
    customFields: dict[str, Any]
    channel: str
    countries: list[str]
    proposedAt: When
    budget: Money
    startDate: When
    endDate: When
    paused: bool
    spending: Spending
    mediaBuyIds: list[str]
    feedback: list[FeedbackOf]


class Tactics(TypedDict):
    """The tactics of a campaign. ``availableBudget`` is what no tactic or media buy holds."""

    campaignId: str
    availableBudget: Money
    rounds: list[Round]
    tactics: list[TacticOf]


class ProductOf(TypedDict):
    """A product for outcome agents: the fields of discovery, and the forecast and metrics as AdCP gives them."""

    productId: str
    name: str
    description: str
    channel: str | None
    channels: list[str]
    deliveryType: str
    bidPrice: Money
    salesAgentId: str
    salesAgentName: str
    publisherProperties: list[dict[str, Any]]
    pricingOptions: list[dict[str, Any]]
    formatIds: list[dict[str, Any]]
    briefRelevance: NotRequired[str]
    forecast: NotRequired[dict[str, Any]]


class Products(TypedDict):
    """What can be bought."""

    products: list[ProductOf]


class Bought(TypedDict):
    """A media buy of a tactic."""

    mediaBuyId: str
    tacticId: str
    productId: str
    salesAgentId: str
    budget: Money
    status: str
    remainingBudget: Money


class Targeted(TypedDict):
    """Targeting of a tactic. ``unmatched`` are segments that no sales agent of its media buys has."""

    tacticId: str
    segments: list[str]
    frequencyCap: dict[str, Any] | None
    unmatched: list[str]
    errors: list[dict[str, Any]]
