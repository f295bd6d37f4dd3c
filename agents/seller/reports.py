"""Delivery reports that the seller sends by itself: ``scheduled`` each period, ``final`` at the end.

A report is the body of get_media_buy_delivery with its number and the time of the next one, in the webhook
envelope (facts 4.11; core/reporting-webhook.json).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agents.seller.delivery import delivery_row
from agents.seller.records import MediaBuy
from sandbox.core.time import DAY_MS, HOUR_MS, iso

if TYPE_CHECKING:
    from agents.seller.seller import Seller

_PERIOD_MS = {"hourly": HOUR_MS, "daily": DAY_MS, "monthly": 30 * DAY_MS}


def schedule_reports(seller: Seller, buy: MediaBuy) -> None:
    """Begin to report to the webhook of a buy; a schedule that ran before ends."""
    buy.reporting_since += 1
    if buy.reporting is None or buy.terminal:
        return
    period_ms = _PERIOD_MS[buy.reporting["reporting_frequency"]]
    first_ms = max(seller.now, buy.start_ms)
    first_ms += period_ms - first_ms % period_ms
    _at(seller, buy, first_ms, period_ms, buy.reporting_since)


def _at(seller: Seller, buy: MediaBuy, end_ms: int, period_ms: int, schedule: int) -> None:
    """Send the report of the period that ends at ``end_ms`` once it is due, then plan the next."""

    def due() -> None:
        if buy.terminal or buy.reporting_since != schedule:
            return
        next_ms = end_ms + period_ms
        if buy.status in ("active", "paused"):
            send_report(seller, buy, "scheduled", (end_ms - period_ms, end_ms), next_ms)
        _at(seller, buy, next_ms, period_ms, schedule)

    seller.world.at(end_ms + seller.config.reporting_delay, due)


def send_final(seller: Seller, buy: MediaBuy) -> None:
    """Send the last report: the whole flight, once nothing more can be delivered."""
    if buy.reporting is not None and buy.status in ("completed", "canceled"):
        seller.world.after(seller.config.reporting_delay, lambda: _final(seller, buy))


def _final(seller: Seller, buy: MediaBuy) -> None:
    send_report(seller, buy, "final", (min(buy.start_ms, buy.updated_ms), buy.updated_ms), None)


def send_report(seller: Seller, buy: MediaBuy, notification: str, period: tuple[int, int], next_ms: int | None) -> None:
    """Send one report for ``period`` (ms, half open); numbers run from 1 for each buy."""
    assert buy.reporting is not None
    buy.reports_sent += 1
    result: dict[str, Any] = {
        "status": "completed",
        "notification_type": notification,
        "sequence_number": buy.reports_sent,
        "reporting_period": {"start": iso(period[0]), "end": iso(period[1])},
        "currency": buy.currency,
        "media_buy_deliveries": [delivery_row(seller, buy, period[0], period[1], daily=False)],
    }
    if next_ms is not None:
        result["next_expected_at"] = iso(next_ms + seller.config.reporting_delay)
    seller.tasks.send_report(buy, buy.reporting, result)
