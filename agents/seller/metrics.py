"""Counters as delivery metrics (core/delivery-metrics.json)."""

from __future__ import annotations

from typing import Any

from agents.seller.counting import Counts
from sandbox.core.money import amount

METRICS = (
    "impressions",
    "spend",
    "clicks",
    "ctr",
    "views",
    "completed_views",
    "completion_rate",
    "conversions",
    "conversion_value",
    "roas",
    "cost_per_acquisition",
    "reach",
    "frequency",
    "engagements",
    "engagement_rate",
    "viewability",
    "quartile_data",
    "cost_per_click",
    "cost_per_completed_view",
    "cpm",
)
"""Metrics that delivery reports give (enums/available-metric.json)."""


def metrics(counts: Counts) -> dict[str, Any]:
    """Counters as delivery metrics (core/delivery-metrics.json); rates only where they are defined."""
    impressions, spend = counts["impressions"], counts["spend_micros"]
    conversions, value, clicks = counts["conversions"], counts["conversion_value_micros"], counts["clicks"]
    body: dict[str, Any] = {
        "impressions": impressions,
        "spend": amount(spend),
        "clicks": clicks,
        "views": counts["views"],
        "completed_views": counts["completed_views"],
        "conversions": conversions,
        "conversion_value": amount(value),
        "engagements": counts["engagements"],
    }
    if impressions:
        body |= _rates(counts)
    if counts["views"]:
        names = ("first_quartile", "midpoint", "third_quartile", "completed_views")
        body["quartile_data"] = {f"q{n}_views": counts[name] for n, name in enumerate(names, start=1)}
    if clicks:
        body["cost_per_click"] = amount(round(spend / clicks))
    if counts["completed_views"]:
        body["cost_per_completed_view"] = amount(round(spend / counts["completed_views"]))
    if conversions:
        body["cost_per_acquisition"] = amount(round(spend / conversions))
    if spend and value:
        body["roas"] = round(value / spend, 6)
    return body


def _rates(counts: Counts) -> dict[str, Any]:
    impressions = counts["impressions"]
    return {
        "ctr": round(counts["clicks"] / impressions, 6),
        "completion_rate": round(counts["completed_views"] / impressions, 6),
        "engagement_rate": round(counts["engagements"] / impressions, 6),
        "cpm": round(counts["spend_micros"] / 1000 / impressions, 6),
        "viewability": {
            "measurable_impressions": impressions,
            "viewable_impressions": counts["viewable"],
            "viewable_rate": round(counts["viewable"] / impressions, 6),
            "standard": "mrc",
        },
    }
