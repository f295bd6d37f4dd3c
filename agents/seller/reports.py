"""Delivery reports that the seller sends by itself (facts 4.11; core/reporting-webhook.json).

``scheduled`` for each period of a flight, ``delayed`` when one will be late, ``adjusted`` when the counts of a
period that was reported have changed much, ``final`` when the counts of the flight are closed. A report is the
body of get_media_buy_delivery with its number and the time of the next one, in the webhook envelope. A report
that gets lost is not sent again: the same figures can be had by get_media_buy_delivery.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from agents.seller.attribution import latest_ms
from agents.seller.delivery_rows import Period, delivery_row, final_at
from agents.seller.makegoods import settle_makegoods
from agents.seller.records import MediaBuy
from sandbox.core.time import DAY_MS, HOUR_MS, iso

if TYPE_CHECKING:
    from agents.seller.seller import Seller

_PERIOD_MS = {"hourly": HOUR_MS, "daily": DAY_MS, "monthly": 30 * DAY_MS}

NOTICE_MS = HOUR_MS
"""A report that comes this much later than promised is announced as delayed."""

ADJUSTED_IMPRESSIONS, ADJUSTED_SPEND = 0.02, 0.01
"""Relative changes above which a period is sent again (optimization-reporting.mdx, "Handling Late Arrivals")."""


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
    """Report the period that ends at ``end_ms`` once that is due, and plan the next; the last ends with the buy."""

    def due() -> None:
        if buy.reporting_since != schedule or (buy.terminal and end_ms > buy.updated_ms):
            return
        if buy.status in ("active", "paused") or _has_run(seller, buy):
            _promise(seller, buy, Period(end_ms - period_ms, end_ms, end_ms), end_ms + period_ms)
        _at(seller, buy, end_ms + period_ms, period_ms, schedule)

    seller.world.at(end_ms + seller.config.reporting_delay, due)


def _has_run(seller: Seller, buy: MediaBuy) -> bool:
    return any(seller.ledger.counted(package_id) for package_id in buy.packages)


def _promise(seller: Seller, buy: MediaBuy, period: Period, next_end_ms: int) -> None:
    """Send a report that is due now, or say that it is delayed and send it later."""
    jitter_ms = seller.config.reporting_jitter
    late_ms = round(seller.rng("reporting").random() * jitter_ms) if jitter_ms else 0
    send = partial(_scheduled, seller, buy, period, next_end_ms + seller.config.reporting_delay)
    if late_ms >= NOTICE_MS:
        _delayed(seller, buy, period, seller.now + late_ms)
    if late_ms:
        seller.world.after(late_ms, send)
    else:
        send()


def _scheduled(seller: Seller, buy: MediaBuy, period: Period, next_ms: int) -> None:
    """Send the report of a period. If it is provisional, look at it again when it is final."""
    send_report(seller, buy, "scheduled", period, next_ms)
    final_ms = period.end_ms + seller.config.settling_ms
    if seller.config.restates and final_ms > seller.now:
        seller.world.at(final_ms, partial(_restate, seller, buy, period, _told(seller, buy, period)))


def _restate(seller: Seller, buy: MediaBuy, period: Period, told: tuple[int, ...]) -> None:
    """Send a period again whose figures are no longer those that the buyer was told."""
    limits = (ADJUSTED_IMPRESSIONS, ADJUSTED_SPEND, 0)
    now = _told(seller, buy, period)
    if any(abs(new - old) > limit * max(old, 1) for new, old, limit in zip(now, told, limits, strict=True)):
        send_report(seller, buy, "adjusted", period, None)


def _told(seller: Seller, buy: MediaBuy, period: Period) -> tuple[int, int, int]:
    """What a report of a period tells: impressions, spend in micros, conversions."""
    counts = [seller.ledger.between(package_id, period.start_ms, period.end_ms) for package_id in buy.packages]
    impressions, spend, conversions = (
        sum(count[name] for count in counts) for name in ("impressions", "spend_micros", "conversions")
    )
    return impressions, spend, conversions


def send_final(seller: Seller, buy: MediaBuy) -> None:
    """Close a buy that has ended: when its counts are final, settle makegoods and send the last report."""
    if buy.status not in ("completed", "canceled"):
        return
    final_ms = final_at(seller, buy, None)
    assert final_ms is not None
    close = partial(_final, seller, buy, final_ms - seller.config.settling_ms)
    after_all_others = partial(seller.world.after, 0, close)
    seller.world.at(final_ms + seller.config.reporting_jitter, after_all_others)


def _final(seller: Seller, buy: MediaBuy, end_ms: int) -> None:
    """The whole flight, and what is still charged after it; late conversions are told once more, later."""
    settle_makegoods(seller, buy)
    start_ms = min(buy.start_ms, end_ms)
    send_report(seller, buy, "final", Period(start_ms, end_ms, end_ms), None)
    attributed_ms = buy.updated_ms + latest_ms(buy)
    if _has_run(seller, buy) and seller.now < attributed_ms:
        period = Period(start_ms, attributed_ms, attributed_ms)
        due_ms = attributed_ms + seller.config.settling_ms
        seller.world.at(due_ms, partial(_restate, seller, buy, period, _told(seller, buy, period)))


def _delayed(seller: Seller, buy: MediaBuy, period: Period, expected_ms: int) -> None:
    """Say that the report of a period comes later than promised, and when."""
    row = {
        "media_buy_id": buy.media_buy_id,
        "status": "reporting_delayed",
        "expected_availability": iso(expected_ms),
        "totals": {"spend": 0},
        "by_package": [],
    }
    _send(seller, buy, "delayed", period, [row], expected_ms)


def send_report(seller: Seller, buy: MediaBuy, notification: str, period: Period, next_ms: int | None) -> None:
    """Send one report for a period. ``next_ms`` is when the next one comes, None if that is not planned."""
    row = delivery_row(seller, buy, period)
    row["is_adjusted"] |= notification == "adjusted"
    _send(seller, buy, notification, period, [row], next_ms)


def _send(
    seller: Seller, buy: MediaBuy, notification: str, period: Period, rows: list[dict[str, Any]], next_ms: int | None
) -> None:
    """Send a notification to the webhook of a buy, if it has one; numbers run from 1 for each buy."""
    if buy.reporting is None:
        return
    buy.reports_sent += 1
    result: dict[str, Any] = {
        "status": "completed",
        "notification_type": notification,
        "sequence_number": buy.reports_sent,
        "reporting_period": {"start": iso(period.start_ms), "end": iso(period.end_ms)},
        "currency": buy.currency,
        "media_buy_deliveries": rows,
    }
    if notification == "delayed":
        result |= {"partial_data": True, "unavailable_count": len(rows)}
    if next_ms is not None:
        result["next_expected_at"] = iso(next_ms)
    seller.tasks.send_report(buy, buy.reporting, result)
