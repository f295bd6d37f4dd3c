"""The platform's own count against what sales agents report (optimization-reporting.mdx, "Data Reconciliation").

The platform counts the impressions that its own trackers see; agents count on their ad servers, and bill by
that. The two are compared over whole days of which the agent's report is there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from agents.buyer.deliveries import Reported, known_until
from agents.buyer.records import Delivered, MediaBuy
from sandbox.core.time import day_start

if TYPE_CHECKING:
    from agents.buyer.platform import BuyerPlatform

TOLERANCE = 0.02
"""Relative difference in impressions that needs no explanation."""

ALARM = 0.10
"""Relative difference from which on somebody has to look into it."""


def reconcile(
    platform: BuyerPlatform, buy: MediaBuy, package_id: str, days: Mapping[int, Delivered], span: range
) -> dict[str, Any]:
    """``reconciliation`` of a package over the known days of ``span`` (ms); empty before there are any.

    ``discrepancy`` is relative to the own count, null if that is zero; ``provisionalDays`` are days that the
    agent may still restate, ``restatedDays`` those that it did restate.
    """
    start_ms = max(span.start, day_start(min(package.start_ms for package in buy.packages)))
    end_ms = min(span.stop, known_until(platform, buy), day_start(platform.now))
    if end_ms <= start_ms or buy.adcp_media_buy_id is None:
        return {}
    known = [told for day_ms, told in days.items() if day_ms < end_ms]
    reported = sum(told.impressions for told in known)
    slices = platform.world.market.breakdown([package_id], start_ms, end_ms)
    counted = sum(one.totals.impressions for one in slices)
    kept = [told for told in known if isinstance(told, Reported)]
    return {
        "reconciliation": {
            "reportedImpressions": reported,
            "countedImpressions": counted,
            "discrepancy": round((reported - counted) / counted, 6) if counted else None,
            "status": _status(reported, counted),
            "provisionalDays": sum(not told.is_final for told in kept),
            "restatedDays": sum(told.restated > 0 for told in kept),
        }
    }


def _status(reported: int, counted: int) -> str:
    difference = abs(reported - counted)
    if difference <= TOLERANCE * counted:
        return "RECONCILED"
    return "DISCREPANCY" if difference <= ALARM * counted else "ALARM"
