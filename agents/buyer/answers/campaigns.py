"""Answers about campaigns and their products."""

from __future__ import annotations

from typing import Literal, NotRequired

from typing_extensions import TypedDict

from agents.buyer.answers.advertisers import ApplyMode, FrequencyCap, UtmParameter
from agents.buyer.answers.media_buys import (
    GoalTarget,
    MediaBuy,
    MediaBuyError,
    MediaBuyRef,
    MediaBuyStatus,
    TimeSpan,
)
from sandbox.operations.answer import Money, Url, When

CampaignStatus = Literal["DRAFT", "ACTIVE", "PAUSED", "COMPLETED", "ARCHIVED"]


class Flight(TypedDict):
    """The flight of a campaign."""

    startDate: When
    endDate: When


class Total(TypedDict):
    """An amount with its currency."""

    total: Money
    currency: str


class CampaignBudget(Total):
    """The budget of a campaign, fees included."""

    dailyCap: Money | None
    pacing: Literal["EVEN", "ASAP", "FRONTLOADED"] | None


class Fee(TypedDict):
    """A fee that is part of the budget (rule 55)."""

    label: str
    amount: Money
    currency: str
    pricingType: Literal["MARGIN", "UNIT"]
    marginPercent: NotRequired[float]
    unit: NotRequired[str]
    unitPrice: NotRequired[Money]


class CampaignConstraints(TypedDict):
    """Where a campaign may run."""

    channels: list[str]
    countries: list[str]


class GoalSource(TypedDict):
    """An event source of a goal."""

    eventSourceId: str
    eventType: str
    customEventName: NotRequired[str]
    valueField: NotRequired[str]


class GoalWindow(TypedDict):
    """How long after a click or a view an event counts (conflict C15)."""

    postClick: NotRequired[TimeSpan]
    postView: NotRequired[TimeSpan]


class CampaignGoal(TypedDict):
    """An optimisation goal of a campaign (conflict C9)."""

    kind: Literal["event", "metric"]
    eventSources: NotRequired[list[GoalSource]]
    metric: NotRequired[str]
    target: NotRequired[GoalTarget]
    attributionWindow: NotRequired[GoalWindow]
    priority: NotRequired[int]


class CampaignPerformance(TypedDict):
    """What a campaign optimises for."""

    optimizationGoals: list[CampaignGoal]


class CampaignUtm(TypedDict):
    """The UTM parameters of a campaign."""

    params: list[UtmParameter]


class CampaignAudience(TypedDict):
    """An audience that is active in a campaign (rule 64)."""

    audienceId: str
    name: str
    status: str
    type: Literal["TARGET", "SUPPRESS"]
    enabledAt: When


class PacingPeriod(TypedDict):
    """A pacing period: with a weight or a budget, by the mode (rule 104)."""

    label: str
    start: When
    end: When
    weight: NotRequired[float]
    budget: NotRequired[Money]


class PacingSchedule(TypedDict):
    """The pacing periods of a campaign (rule 99)."""

    mode: Literal["weight", "budget"]
    periods: list[PacingPeriod]


class FormatId(TypedDict):
    """A creative format of an agent, with the parameters of a template, if it is one."""

    agent_url: Url
    id: str
    width: NotRequired[int]
    height: NotRequired[int]
    duration_ms: NotRequired[float]


class CreativeCoverage(TypedDict):
    """Which formats the products need, and which have a manifest (rule 65)."""

    required: list[FormatId]
    covered: list[FormatId]
    missing: list[FormatId]


class ChosenProduct(TypedDict):
    """A product that is selected for a campaign."""

    productId: str
    productName: str
    salesAgentId: str
    groupId: str
    groupName: str
    bidPrice: Money | None
    budget: Money | None
    selectedAt: When


class _CampaignCore(TypedDict):
    campaignId: str
    advertiserId: str
    name: str
    status: CampaignStatus
    campaignType: Literal["DECISIONED", "ROUTED"]
    flightDates: Flight
    createdAt: When
    updatedAt: When


class CampaignRow(_CampaignCore):
    """A campaign in a list (rules 7 and 59); ``mediaBuys`` only if they were asked for."""

    budget: Total
    productCount: int
    mediaBuys: NotRequired[list[MediaBuy]]


class CampaignList(TypedDict):
    """The campaigns of the caller."""

    campaigns: list[CampaignRow]
    total: int
    hasMore: bool
    nextOffset: int | None


class Campaign(_CampaignCore):
    """The full campaign; ``discoveryId``, ``products`` and ``productCount`` only while it is a DRAFT (rule 61)."""

    budget: CampaignBudget
    fees: list[Fee]
    mediaBudget: Total
    allocatedBudget: Money
    unallocatedBudget: Money
    mediaBuyRefs: list[MediaBuyRef]
    mediaBuyStatus: MediaBuyStatus | None
    brief: str | None
    constraints: CampaignConstraints
    performanceConfig: CampaignPerformance | None
    optimizationApplyMode: ApplyMode
    catalogId: int | None
    utmConfig: CampaignUtm
    audiences: list[CampaignAudience]
    pacingPeriods: PacingSchedule | None
    frequencyCaps: list[FrequencyCap]
    creativeFormats: CreativeCoverage
    mediaBuys: list[MediaBuy]
    discoveryId: NotRequired[str | None]
    products: NotRequired[list[ChosenProduct]]
    productCount: NotRequired[int]


class PeriodOutcome(TypedDict):
    """What became of appended pacing periods on one media buy."""

    mediaBuyId: str
    salesAgentId: str
    outcome: Literal["added", "pending_approval", "unsupported", "failed"]
    message: NotRequired[str]
    packageIds: NotRequired[list[str]]


class PacingCascade(TypedDict):
    """What became of appended pacing periods (rule 103)."""

    appendedPeriods: list[str]
    mediaBuys: list[PeriodOutcome]


class UpdatedCampaign(Campaign):
    """The campaign after an update, with what agents refused, and what became of appended pacing periods."""

    pacingCascadeResult: NotRequired[PacingCascade]
    success: NotRequired[Literal[False]]
    errors: NotRequired[list[MediaBuyError]]


class SearchContextRef(TypedDict):
    """The discovery session in which a product was found."""

    id: str
    brief: str | None


class SearchContext(SearchContextRef):
    """A discovery session of a campaign."""

    channels: list[str]
    countries: list[str]
    createdAt: When
    productCount: int


class ProductMediaBuy(TypedDict):
    """A media buy on which a product is."""

    id: str
    name: str
    status: MediaBuyStatus


class CampaignProduct(ChosenProduct):
    """A product of a campaign, where it was found, and on which media buys it is."""

    pricingModel: str | None
    searchContext: SearchContextRef
    mediaBuys: list[ProductMediaBuy]


class ProductCounts(TypedDict):
    """How many products there are; the total is the sum of the two others."""

    totalProducts: int
    productsOnMediaBuys: int
    productsPending: int


class CampaignProducts(TypedDict):
    """The products of a campaign (rule 63)."""

    products: list[CampaignProduct]
    searchContexts: list[SearchContext]
    summary: ProductCounts


class AutoSelected(TypedDict):
    """A product that the platform chose."""

    campaignId: str
    discoveryId: str
    productId: str
    name: str
    salesAgentId: str
    groupId: str
    groupName: str
    budget: Money
    cpm: Money
    bidPrice: Money | None
    pricingOptionId: str


class AutoBudget(TypedDict):
    """What the selected products take of the campaign's budget."""

    campaignBudget: Money
    totalAllocated: Money
    remainingBudget: Money
    currency: str


class AutoSelection(TypedDict):
    """What the platform chose, and why (rule 129)."""

    campaignId: str
    discoveryId: str
    selectedProducts: list[AutoSelected]
    budgetContext: AutoBudget
    selectionRationale: str
    selectionMethod: Literal["scoring", "measurability", "cpm_heuristic"]
    productCount: int
    testBudgetPerProduct: NotRequired[Money]
