"""Media buys as campaigns show them, and what agents say about them."""

from __future__ import annotations

from typing import Any, Literal, NotRequired

from typing_extensions import TypedDict

from sandbox.operations.answer import Money, When

MediaBuyStatus = Literal[
    "DRAFT", "PENDING_APPROVAL", "INPUT_REQUIRED", "ACTIVE", "PAUSED", "COMPLETED", "CANCELED", "FAILED", "REJECTED",
    "ARCHIVED",
]  # fmt: skip
"""Statuses of media buys (rule 79)."""

TargetKind = Literal["cost_per", "per_ad_spend", "maximize_value", "threshold_rate"]


class GoalTarget(TypedDict):
    """What a goal is to reach; ``maximize_value`` has no value."""

    kind: TargetKind
    value: NotRequired[float]


class TimeSpan(TypedDict):
    """A length of time."""

    interval: int
    unit: Literal["minutes", "hours", "days"]


class AdcpGoalSource(TypedDict):
    """An event source of a goal, in AdCP's form."""

    event_source_id: str
    event_type: str
    custom_event_name: NotRequired[str]
    value_field: NotRequired[str]


class AdcpAttributionWindow(TypedDict):
    """How long after a click or a view an event counts, in AdCP's form."""

    post_click: NotRequired[TimeSpan]
    post_view: NotRequired[TimeSpan]


class AdcpGoal(TypedDict):
    """An optimisation goal of a media buy, in AdCP's form (conflict C9)."""

    kind: Literal["event", "metric"]
    event_sources: NotRequired[list[AdcpGoalSource]]
    metric: NotRequired[str]
    target: NotRequired[GoalTarget]
    attribution_window: NotRequired[AdcpAttributionWindow]
    priority: NotRequired[int]


class DeliveryTotals(TypedDict):
    """What was delivered so far, as the sales agent reports it."""

    impressions: int
    spend: Money
    clicks: int


class MediaBuyPackage(DeliveryTotals):
    """A package of a media buy, with what it delivered."""

    packageId: str
    productId: str
    productName: str
    pricingOptionId: str
    budget: Money
    pacing: Literal["even", "asap", "front_loaded"]
    bidPrice: Money | None
    period: str | None
    startTime: When
    endTime: When
    paused: bool
    canceled: bool
    creativeIds: list[str]


class DraftProduct(TypedDict):
    """A product on a DRAFT media buy."""

    productId: str
    productName: str
    pricingOptionId: str
    budget: Money | None
    pacing: Literal["even", "asap", "front_loaded"]
    bidPrice: Money | None


class MediaBuy(TypedDict):
    """A media buy, or a version of it that waits for approval (rule 62)."""

    mediaBuyId: str
    adcpMediaBuyId: str | None
    name: str
    salesAgentId: str
    salesAgentName: str
    status: MediaBuyStatus
    adcpStatus: str | None
    version: int
    startTime: When
    endTime: When
    optimization_goals: list[AdcpGoal]
    creativeIds: list[str]
    packages: list[MediaBuyPackage]
    delivery: DeliveryTotals
    createdAt: When
    updatedAt: When
    products: NotRequired[list[DraftProduct]]
    message: NotRequired[str]
    inputRequired: NotRequired[str]


class MediaBuyRef(TypedDict):
    """A media buy by id (rule 60)."""

    mediaBuyId: str
    status: MediaBuyStatus


class SubmissionDebug(TypedDict):
    """What went over the wire to the sales agent (rule 76)."""

    request: dict[str, Any] | None
    response: dict[str, Any] | None
    debugLogs: list[dict[str, Any]]
    error: str


class MediaBuyError(TypedDict):
    """What a sales agent refused; ``debug`` only if it was asked for."""

    mediaBuyId: str
    salesAgentId: str
    message: str
    debug: NotRequired[SubmissionDebug]


class CampaignAction(TypedDict):
    """What became of a campaign that was executed, paused or reactivated (rules 75 and 77)."""

    campaignId: str
    previousStatus: str
    newStatus: str
    success: bool
    errors: NotRequired[list[MediaBuyError]]


class MediaBuyStatusRow(TypedDict):
    """Where a media buy stands with its agent, and where it stood before (rule 83)."""

    media_buy_id: str
    adcp_media_buy_id: str | None
    internal_status: MediaBuyStatus
    adcp_status: str | None
    previous_internal_status: MediaBuyStatus
    previous_adcp_status: str | None
    updated: bool


class MediaBuyStatusError(TypedDict):
    """A media buy about which its agent gave no answer."""

    media_buy_id: str
    message: str


class MediaBuyStatuses(TypedDict):
    """What the sales agents of a campaign say; in snake_case (rule 2)."""

    campaign_id: str
    media_buys: list[MediaBuyStatusRow]
    agents_queried: int
    errors: list[MediaBuyStatusError]
