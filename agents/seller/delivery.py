"""get_media_buy_delivery: what was delivered, by media buy, package and day.

Periods are half open and in UTC. The numbers are those of the market's rows, hour by hour, so whatever the
period, packages add up to their buy.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from agents.seller.context import seller_of
from agents.seller.records import MediaBuy, Package
from agents.seller.scope import scoped_buys
from agents.seller.wire import instant
from sandbox.core.errors import AdcpError
from sandbox.core.money import amount
from sandbox.core.time import DAY_MS, HOUR_MS, day_start, iso, iso_date

if TYPE_CHECKING:
    from agents.seller.seller import Seller
    from sandbox.kernel.endpoint import Context

_WINDOW_MS = {"hourly": HOUR_MS, "daily": DAY_MS}

Counts = Counter[str]
"""Counters by the engine's names: impressions, spend_micros, viewable, clicks, views …"""


def get_media_buy_delivery(ctx: Context, request: dict[str, Any]) -> dict[str, Any]:
    """Delivery of the caller's buys. Without dates it covers their whole flights until now."""
    seller = seller_of(ctx)
    buys = scoped_buys(seller, ctx, request)
    for media_buy_id in request.get("media_buy_ids", []):
        seller.buy_for(ctx, media_buy_id)
    start_ms, end_ms = period_of(seller, buys, request)
    daily = bool(request.get("include_package_daily_breakdown"))
    rows = [delivery_row(seller, buy, start_ms, end_ms, daily) for buy in buys]
    if request.get("include_window_breakdown") or "time_granularity" in request:
        size_ms = _window_size(request)
        for buy, row in zip(buys, rows, strict=True):
            row["windows"] = _windows(seller, buy, start_ms, end_ms, size_ms)
    currency = buys[0].currency if buys else seller.config.currency
    total = Counter[str]()
    for package in (package for buy in buys for package in buy.packages.values()):
        total.update(seller.ledger.between(package.package_id, start_ms, end_ms))
    return {
        "status": "completed",
        "reporting_period": {"start": iso(start_ms), "end": iso(end_ms)},
        "currency": currency,
        "aggregated_totals": {
            "impressions": total["impressions"],
            "spend": amount(total["spend_micros"]),
            "clicks": total["clicks"],
            "views": total["views"],
            "completed_views": total["completed_views"],
            "conversions": total["conversions"],
            "media_buy_count": len(buys),
        },
        "media_buy_deliveries": rows,
    }


def period_of(seller: Seller, buys: Iterable[MediaBuy], request: dict[str, Any]) -> tuple[int, int]:
    """The reporting period in ms: the days asked for without ``end_date``, or from the first start to now."""
    starts = [buy.start_ms for buy in buys]
    start_ms = instant(request["start_date"], "start_date") if "start_date" in request else min([*starts, seller.now])
    end_ms = instant(request["end_date"], "end_date") if "end_date" in request else seller.now
    if "end_date" in request and end_ms <= start_ms:
        raise AdcpError("INVALID_REQUEST", "end_date must be after start_date", field="end_date")
    return start_ms, max(end_ms, start_ms)


def delivery_row(seller: Seller, buy: MediaBuy, start_ms: int, end_ms: int, daily: bool) -> dict[str, Any]:
    """One buy in a period, with its packages; ``totals`` is the sum over them."""
    packages = [(p, seller.ledger.between(p.package_id, start_ms, end_ms)) for p in buy.packages.values()]
    total = sum((counts for _, counts in packages), Counter[str]())
    row: dict[str, Any] = {
        "media_buy_id": buy.media_buy_id,
        "status": buy.status,
        "is_adjusted": False,
        "is_final": buy.terminal,
        "totals": metrics(total),
        "by_package": [
            _package_row(seller, buy, package, counts, (start_ms, end_ms), daily) for package, counts in packages
        ],
    }
    models = {package.option.model for package, _ in packages}
    if len(models) == 1:
        row["pricing_model"] = models.pop()
    if buy.terminal:
        row["finalized_at"] = iso(buy.updated_ms)
    if daily:
        row["daily_breakdown"] = _days(seller, [p for p, _ in packages], start_ms, end_ms)
    return row


def metrics(counts: Counts) -> dict[str, Any]:
    """Counters as delivery metrics (core/delivery-metrics.json); rates only where they are defined."""
    impressions, spend = counts["impressions"], counts["spend_micros"]
    body: dict[str, Any] = {
        "impressions": impressions,
        "spend": amount(spend),
        "clicks": counts["clicks"],
        "views": counts["views"],
        "completed_views": counts["completed_views"],
        "conversions": counts["conversions"],
    }
    if impressions:
        body["ctr"] = round(counts["clicks"] / impressions, 6)
        body["completion_rate"] = round(min(1.0, counts["completed_views"] / impressions), 6)
        body["cpm"] = round(spend / 1000 / impressions, 6)
        body["viewability"] = {
            "measurable_impressions": impressions,
            "viewable_impressions": counts["viewable"],
            "viewable_rate": round(counts["viewable"] / impressions, 6),
            "standard": "mrc",
        }
    if counts["clicks"]:
        body["cost_per_click"] = amount(round(spend / counts["clicks"]))
    return body


def _package_row(
    seller: Seller, buy: MediaBuy, package: Package, counts: Counts, period: tuple[int, int], daily: bool
) -> dict[str, Any]:
    option = package.option
    row: dict[str, Any] = {
        **metrics(counts),
        "package_id": package.package_id,
        "pricing_model": option.model,
        "rate": amount(option.rate_micros) if option.is_fixed else _effective_cpm(counts, option.rate_micros),
        "currency": buy.currency,
        "pacing_index": pacing_index(seller, buy, package),
        "delivery_status": _delivery_status(seller, buy, package),
        "paused": package.paused or buy.status == "paused",
        "is_final": buy.terminal,
    }
    if daily:
        row["daily_breakdown"] = _days(seller, [package], *period)
    return row


def _effective_cpm(counts: Counts, floor_micros: int) -> float | int:
    if not counts["impressions"]:
        return amount(floor_micros)
    return amount(round(counts["spend_micros"] * 1000 / counts["impressions"]))


def _delivery_status(seller: Seller, buy: MediaBuy, package: Package) -> str:
    if package.exhausted:
        return "goal_met" if package.impressions else "budget_exhausted"
    if buy.status == "completed":
        return "completed"
    over = seller.now >= buy.window(package)[1] or buy.terminal or package.canceled
    return "flight_ended" if over else "delivering"


def pacing_index(seller: Seller, buy: MediaBuy, package: Package) -> float:
    """Spend so far over what even spending would have spent by now; 1 before the flight begins."""
    start_ms, end_ms = buy.window(package)
    elapsed = min(max(seller.now - start_ms, 0), end_ms - start_ms)
    if not elapsed or not package.budget_micros:
        return 1.0
    due = package.budget_micros * elapsed / (end_ms - start_ms)
    spent = seller.world.market.totals(package.package_id).spend_micros
    return round(spent / due, 4)


def _window_size(request: dict[str, Any]) -> int:
    granularity = request.get("time_granularity", "daily")
    if granularity not in _WINDOW_MS:
        raise AdcpError(
            "UNSUPPORTED_GRANULARITY",
            f"windows can't be {granularity}",
            field="time_granularity",
            suggestion=f"use {' or '.join(_WINDOW_MS)}",
        )
    return _WINDOW_MS[granularity]


def _windows(seller: Seller, buy: MediaBuy, start_ms: int, end_ms: int, size_ms: int) -> list[dict[str, Any]]:
    """The period in windows of one size, in order; those without delivery are left out."""
    found: dict[int, Counts] = {}
    for package_id in buy.packages:
        for hour_ms, counts in seller.ledger.hours(package_id, start_ms, end_ms):
            found.setdefault(hour_ms - hour_ms % size_ms, Counter()).update(counts)
    return [
        {
            "window_start": iso(at_ms),
            "window_end": iso(at_ms + size_ms),
            "totals": metrics(counts),
            "is_final": at_ms + size_ms <= seller.now,
        }
        for at_ms, counts in sorted(found.items())
    ]


def _days(seller: Seller, packages: list[Package], start_ms: int, end_ms: int) -> list[dict[str, Any]]:
    """One entry for each day with delivery, in order."""
    days: dict[int, Counts] = {}
    for package in packages:
        for hour_ms, counts in seller.ledger.hours(package.package_id, start_ms, end_ms):
            days.setdefault(day_start(hour_ms), Counter()).update(counts)
    return [
        {
            "date": iso_date(day),
            "impressions": counts["impressions"],
            "spend": amount(counts["spend_micros"]),
            "clicks": counts["clicks"],
            "conversions": counts["conversions"],
        }
        for day, counts in sorted(days.items())
    ]
