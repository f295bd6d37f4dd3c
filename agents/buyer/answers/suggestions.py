"""Answers about optimisation suggestions."""

from __future__ import annotations

from typing import Literal

from typing_extensions import TypedDict

from sandbox.operations.answer import Money, When

SuggestionStatus = Literal[
    "CREATED", "CREATED_FAILED", "INGESTED", "INGESTED_FAIL", "HIL_WAITING", "HIL_APPROVED", "HIL_REJECTED",
    "APPLIED", "APPLIED_FAIL", "REJECTED", "EXPIRED",
]  # fmt: skip
"""Statuses of suggestions (rule 174)."""


class SuggestionRow(TypedDict):
    """A suggestion in the list."""

    suggestionId: str
    campaignId: str
    mediaBuyId: str
    optimizationMetric: str
    status: SuggestionStatus
    productAdjustmentCount: int
    bidAdjustmentCount: int
    createdAt: When
    statusUpdatedAt: When


class SuggestionList(TypedDict):
    """A page of suggestions."""

    suggestions: list[SuggestionRow]
    totalCount: int
    hasMore: bool


class SuggestedCampaign(TypedDict):
    """The campaign of a suggestion."""

    name: str


class ProductAdjustment(TypedDict):
    """A change of a package's budget."""

    productId: str
    packageId: str
    action: Literal["increase", "decrease"]
    budgetChange: Money
    reason: str


class BidAdjustment(TypedDict):
    """A change of a package's bid."""

    productId: str
    packageId: str
    bidChange: Money
    bidPrice: Money
    reason: str


class Suggestion(TypedDict):
    """A suggestion with all that it wants to change, and why."""

    suggestionId: str
    optimizerRunId: str
    campaignId: str
    mediaBuyId: str
    suggestionTimestamp: When
    modelVersion: str
    campaignSummary: SuggestedCampaign
    optimizationMetric: str
    mediaBuyScalingFactor: float
    mediaBuyScalingRationale: str
    productAdjustments: list[ProductAdjustment]
    bidAdjustments: list[BidAdjustment]
    createdAt: When
    status: SuggestionStatus
    statusReason: str | None
    statusError: str | None
    statusUpdatedAt: When


class SuggestionDecision(TypedDict):
    """The suggestion that was decided."""

    suggestionId: str
    status: SuggestionStatus
