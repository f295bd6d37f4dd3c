"""get_media_buy_delivery: what was delivered, by media buy, package, window and day.

Periods are half open and in UTC, and end where the agent's knowledge ends (``reporting_delay``). All figures are
sums of the same hourly counts (``ledger``), so whatever the period, packages add up to their buy, windows to the
period, and creatives, places and devices to their package.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from agents.seller.attribution import describe
from agents.seller.context import seller_of
from agents.seller.counting import Counts
from agents.seller.delivery_rows import Period, audience, delivery_row
from agents.seller.metrics import metrics
from agents.seller.records import MediaBuy
from agents.seller.scope import scoped_buys
from agents.seller.wire import instant
from sandbox.core.errors import AdcpError
from sandbox.core.time import DAY_MS, HOUR_MS, iso

if TYPE_CHECKING:
    from agents.seller.seller import Seller
    from sandbox.kernel.endpoint import Context

WINDOW_MS = {"hourly": HOUR_MS, "daily": DAY_MS}
"""Windows that a period can be cut into (``windowed_pull_granularities``)."""

_SUMMED = (
    "impressions", "spend", "clicks", "views", "completed_views", "completion_rate", "conversions", "conversion_value",
    "roas", "cost_per_acquisition",
)  # fmt: skip


def get_media_buy_delivery(ctx: Context, request: dict[str, Any]) -> dict[str, Any]:
    """Delivery of the caller's buys. Without dates it covers their whole flights until now.

    Raises MEDIA_BUY_NOT_FOUND, INVALID_REQUEST (the dates), UNSUPPORTED_GRANULARITY.
    """
    seller = seller_of(ctx)
    buys = scoped_buys(seller, ctx, request)
    for media_buy_id in request.get("media_buy_ids", []):
        seller.buy_for(ctx, media_buy_id)
    period = period_of(seller, buys, request)
    return {
        "status": "completed",
        "reporting_period": {"start": iso(period.start_ms), "end": iso(period.end_ms)},
        "currency": buys[0].currency if buys else seller.config.currency,
        "attribution_window": describe(buys),
        "aggregated_totals": _aggregate(seller, buys, period),
        "media_buy_deliveries": [delivery_row(seller, buy, period) for buy in buys],
    }


def period_of(seller: Seller, buys: Sequence[MediaBuy], request: dict[str, Any]) -> Period:
    """The days asked for, without ``end_date``, or all from the first start on; as far as delivery is known."""
    starts = [buy.start_ms for buy in buys]
    start_ms = instant(request["start_date"], "start_date") if "start_date" in request else min([*starts, seller.now])
    end_ms = instant(request["end_date"], "end_date") if "end_date" in request else seller.now
    if "end_date" in request and end_ms <= start_ms:
        raise AdcpError("INVALID_REQUEST", "end_date must be after start_date", field="end_date")
    return Period(
        start_ms,
        max(min(end_ms, seller.ledger.known_until), start_ms),
        until_ms=end_ms if "end_date" in request else None,
        daily=bool(request.get("include_package_daily_breakdown")),
        window_ms=_window_size(request),
        dimensions=request.get("reporting_dimensions", {}),
    )


def _window_size(request: dict[str, Any]) -> int | None:
    """The size of the windows in ms; None if none are asked for. UNSUPPORTED_GRANULARITY if there is no such size."""
    granularity = request.get("time_granularity")
    if granularity is not None and granularity not in WINDOW_MS:
        raise AdcpError(
            "UNSUPPORTED_GRANULARITY",
            f"windows can't be {granularity}",
            field="time_granularity",
            suggestion=f"use {' or '.join(WINDOW_MS)}",
        )
    return WINDOW_MS[granularity] if granularity and request.get("include_window_breakdown") else None


def _aggregate(seller: Seller, buys: Sequence[MediaBuy], period: Period) -> dict[str, Any]:
    """All buys together; reach is of different people over all of them."""
    total: Counts = Counter()
    lines = [package_id for buy in buys for package_id in buy.packages]
    for package_id in lines:
        total.update(seller.ledger.between(package_id, period.start_ms, period.end_ms))
    given = metrics(total)
    body = {name: given[name] for name in _SUMMED if name in given}
    return {**body, **audience(seller, lines, total["impressions"], period), "media_buy_count": len(buys)}
