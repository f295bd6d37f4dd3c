"""Optimisation suggestions as the API shows them (rules 174 to 176)."""

from __future__ import annotations

from typing import Any

from agents.buyer.records import Adjustment, Campaign, Suggestion
from sandbox.core.money import amount
from sandbox.core.time import iso

MODEL_VERSION = "v1.0"


def row(suggestion: Suggestion) -> dict[str, Any]:
    """A suggestion in the list."""
    return {
        "suggestionId": suggestion.suggestion_id,
        "campaignId": suggestion.campaign_id,
        "mediaBuyId": suggestion.media_buy_id,
        "optimizationMetric": suggestion.metric,
        "status": suggestion.status,
        "productAdjustmentCount": len(_budgets(suggestion)),
        "bidAdjustmentCount": len(_bids(suggestion)),
        "createdAt": iso(suggestion.made_ms),
        "statusUpdatedAt": iso(suggestion.status_ms),
    }


def full(suggestion: Suggestion, campaign: Campaign) -> dict[str, Any]:
    """A suggestion with all that it wants to change, and why."""
    return {
        "suggestionId": suggestion.suggestion_id,
        "optimizerRunId": suggestion.run_id,
        "campaignId": suggestion.campaign_id,
        "mediaBuyId": suggestion.media_buy_id,
        "suggestionTimestamp": iso(suggestion.made_ms),
        "modelVersion": MODEL_VERSION,
        "campaignSummary": {"name": campaign.name},
        "optimizationMetric": suggestion.metric,
        "mediaBuyScalingFactor": round(suggestion.scaling_factor, 4),
        "mediaBuyScalingRationale": suggestion.rationale,
        "productAdjustments": _budgets(suggestion),
        "bidAdjustments": _bids(suggestion),
        "createdAt": iso(suggestion.made_ms),
        "status": suggestion.status,
        "statusReason": suggestion.reason,
        "statusError": suggestion.error,
        "statusUpdatedAt": iso(suggestion.status_ms),
    }


def _budgets(suggestion: Suggestion) -> list[dict[str, Any]]:
    return [_budget(adjustment) for adjustment in suggestion.adjustments if adjustment.delta_micros]


def _budget(adjustment: Adjustment) -> dict[str, Any]:
    return {
        "productId": adjustment.product_id,
        "packageId": adjustment.package_id,
        "action": "increase" if adjustment.delta_micros > 0 else "decrease",
        "budgetChange": amount(adjustment.delta_micros),
        "reason": adjustment.reason,
    }


def _bids(suggestion: Suggestion) -> list[dict[str, Any]]:
    """Changes of bids, as differences in units of currency to the CPM that was bid."""
    return [
        {
            "productId": adjustment.product_id,
            "packageId": adjustment.package_id,
            "bidChange": amount(adjustment.new_bid_micros - adjustment.old_bid_micros),
            "bidPrice": amount(adjustment.new_bid_micros),
            "reason": adjustment.bid_reason,
        }
        for adjustment in suggestion.adjustments
        if adjustment.new_bid_micros is not None and adjustment.old_bid_micros is not None
    ]
