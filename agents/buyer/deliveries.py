"""What sales agents report as delivered: kept by media buy, package and UTC day.

Daily reports come as webhooks. A day that is over and of which no report came is asked for with
``get_media_buy_delivery``, and so is the present day when somebody reads reports. Days are asked for one by
one, so that the figures of a day are those of one report.

The latest report of a day counts and replaces the one before: agents restate what they reported. Only what an
agent called final is never replaced by something provisional, since webhooks may arrive late and out of order.
Days that stay provisional are asked for again every week and when the agent closes the media buy; conversions
that happen after the flight are asked for once, when the attribution window is over (optimization-reporting.mdx,
"Data Reconciliation").
"""

from __future__ import annotations

from collections.abc import Container, Generator, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agents.buyer.records import Campaign, Delivered, MediaBuy
from sandbox.core.errors import AdcpError
from sandbox.core.money import micros
from sandbox.core.time import DAY_MS, HOUR_MS, WEEK_MS, day_start, iso_date, parse_instant

if TYPE_CHECKING:
    from agents.buyer.platform import BuyerPlatform

MAX_DAYS = 90
"""Days that are asked for at most when a media buy was not heard of for long."""

GRACE_MS = HOUR_MS
"""How long after the end of a day its report is waited for, if agents are asked to send reports."""

FRESH_MS = HOUR_MS
"""How long the figures of the present day are good enough for those who read reports."""

RECONCILE_MS = WEEK_MS
"""How long a provisional day rests before it is asked for again: what is recommended for daily reports."""

ATTRIBUTION_MS = WEEK_MS
"""How long after a flight conversions still come."""

Buys = list[tuple[Campaign, MediaBuy]]


@dataclass(slots=True)
class Reported(Delivered):
    """What an agent reported for a package and day, whether that may still change, and how it came."""

    leads: int = 0
    is_final: bool = True
    told_ms: int = 0
    """When it was reported last."""
    restated: int = 0
    """How often a later report changed the figures."""

    @property
    def figures(self) -> tuple[int, ...]:
        """The figures alone."""
        counts = self.clicks, self.views, self.completed_views, self.engagements, self.conversions, self.leads
        return self.impressions, self.spend_micros, *counts, self.conversion_value_micros


def on_report(platform: BuyerPlatform, seller_id: str, report: dict[str, Any]) -> Generator[Any, Any, None]:
    """Take a report that a sales agent sent; one that is not about one whole day makes the platform ask.

    A notice that a report is delayed has no figures yet; the day is asked for if none come. Raises INVALID_REQUEST for
    a report that is none.
    """
    issues = platform.sellers.issues(seller_id, "get_media_buy_delivery", report)
    if issues:
        raise AdcpError("INVALID_REQUEST", f"the report breaks its schema: {issues[0]}", field="result")
    period = report["reporting_period"]
    start_ms, end_ms = parse_instant(period["start"]), parse_instant(period["end"])
    whole_day = start_ms == day_start(start_ms) and end_ms == start_ms + DAY_MS
    for row in report["media_buy_deliveries"]:
        found = find_buy(platform, seller_id, row["media_buy_id"])
        if found is None or row["status"] in ("reporting_delayed", "failed"):
            continue
        if whole_day:
            _store(platform, found[1], row, start_ms)
            if known_until(platform, found[1]) >= start_ms:
                platform.reported_until[found[1].media_buy_id] = max(end_ms, known_until(platform, found[1]))
        else:
            yield from _collect_all(platform, [found], _provisional(platform, platform.now))


def collect_deliveries(platform: BuyerPlatform) -> Generator[Any, Any, None]:
    """Ask for the days that are over and of which no report came, and for those that were provisional for long."""
    grace_ms = GRACE_MS if platform.config.webhooks else 0
    overdue_ms = platform.now - DAY_MS - grace_ms
    provisional = _provisional(platform, platform.now - RECONCILE_MS)
    buys = [
        (campaign, buy)
        for campaign, buy in submitted_buys(platform)
        if buy.media_buy_id in provisional or known_until(platform, buy) <= min(overdue_ms, _last_ms(platform, buy))
    ]
    yield from _collect_all(platform, buys, provisional)


def _provisional(platform: BuyerPlatform, told_before_ms: int) -> dict[str, set[int]]:
    """The days by media buy of which the last report, no later than that, was not final."""
    found: dict[str, set[int]] = {}
    for (buy_id, _, day_ms), told in platform.delivered.items():
        if isinstance(told, Reported) and not told.is_final and told.told_ms <= told_before_ms:
            found.setdefault(buy_id, set()).add(day_ms)
    return found


def refresh_today(platform: BuyerPlatform, campaigns: Container[str]) -> Generator[Any, Any, None]:
    """Bring the figures of some campaigns, by id, up to the present hour."""
    stale_ms = platform.now - FRESH_MS
    buys = [
        (campaign, buy)
        for campaign, buy in submitted_buys(platform)
        if campaign.campaign_id in campaigns
        and known_until(platform, buy) <= min(platform.now - 1, _last_ms(platform, buy))
        and platform.asked_ms.get(buy.media_buy_id, stale_ms) <= stale_ms
    ]
    for _, buy in buys:
        platform.asked_ms[buy.media_buy_id] = platform.now
    yield from _collect_all(platform, buys, {})


def _collect_all(platform: BuyerPlatform, buys: Buys, provisional: dict[str, set[int]]) -> Generator[Any, Any, None]:
    """Ask all agents at once; one that fails is asked again another time."""
    by_seller: dict[str, Buys] = {}
    for campaign, buy in buys:
        by_seller.setdefault(buy.seller_id, []).append((campaign, buy))
    asked = [_collect(platform, seller_id, theirs, provisional) for seller_id, theirs in by_seller.items()]
    yield from platform.sellers.gather(asked)


def submitted_buys(platform: BuyerPlatform) -> Iterator[tuple[Campaign, MediaBuy]]:
    """Media buys that their sales agent knows, each once, with their campaigns."""
    for campaign in platform.campaigns.values():
        seen: set[str] = set()
        for buy in campaign.media_buys:
            if buy.adcp_media_buy_id is not None and buy.packages and buy.media_buy_id not in seen:
                seen.add(buy.media_buy_id)
                yield campaign, buy


def find_buy(platform: BuyerPlatform, seller_id: str, adcp_media_buy_id: str) -> tuple[Campaign, MediaBuy] | None:
    """The media buy that a sales agent knows by this id."""
    for campaign, buy in submitted_buys(platform):
        if (buy.seller_id, buy.adcp_media_buy_id) == (seller_id, adcp_media_buy_id):
            return campaign, buy
    return None


def _collect(
    platform: BuyerPlatform, seller_id: str, buys: Buys, provisional: dict[str, set[int]]
) -> Generator[Any, Any, None]:
    """Ask one agent for what is not known, or not for good, day by day and account by account."""
    today = day_start(platform.now)
    groups: list[tuple[dict[str, Any], list[MediaBuy]]] = []
    for campaign, buy in buys:
        advertiser, routed = platform.advertisers[campaign.advertiser_id], campaign.campaign_type == "ROUTED"
        account = yield from platform.sellers.account(seller_id, advertiser, routed, buy.media_buy_id)
        same = next((group for known, group in groups if known == account), None)
        if same is None:
            groups.append((account, [buy]))
        else:
            same.append(buy)
    for account, group in groups:
        wanted: dict[int, list[MediaBuy]] = {}
        for buy in group:
            first_ms = max(today - MAX_DAYS * DAY_MS, day_start(known_until(platform, buy)))
            unknown = range(first_ms, min(today, _last_ms(platform, buy)) + 1, DAY_MS)
            for day_ms in {*unknown, *provisional.get(buy.media_buy_id, ())}:
                wanted.setdefault(day_ms, []).append(buy)
        for day_ms, theirs in sorted(wanted.items(), key=lambda item: item[0]):
            yield from _ask_day(platform, seller_id, account, theirs, day_ms)


def _ask_day(
    platform: BuyerPlatform, seller_id: str, account: dict[str, Any], buys: list[MediaBuy], day_ms: int
) -> Generator[Any, Any, None]:
    by_adcp_id = {str(buy.adcp_media_buy_id): buy for buy in buys}
    body = yield from platform.sellers.request(
        seller_id,
        "get_media_buy_delivery",
        {
            "account": account,
            "media_buy_ids": list(by_adcp_id),
            "start_date": iso_date(day_ms),
            "end_date": iso_date(day_ms + DAY_MS),
        },
    )
    complete = parse_instant(body["reporting_period"]["end"]) >= day_ms + DAY_MS <= platform.now
    for row in body["media_buy_deliveries"]:
        buy = by_adcp_id.get(row["media_buy_id"])
        if buy is not None:
            _store(platform, buy, row, day_ms)
            if complete:
                known_ms = known_until(platform, buy)
                platform.reported_until[buy.media_buy_id] = max(known_ms, day_ms + DAY_MS)


def known_until(platform: BuyerPlatform, buy: MediaBuy) -> int:
    """Up to when everything is known: the end of a UTC day, at first the start of the flight's first day."""
    started = min(package.start_ms for package in buy.packages)
    return platform.reported_until.get(buy.media_buy_id, day_start(started))


def _last_ms(platform: BuyerPlatform, buy: MediaBuy) -> int:
    """The last ms that is asked for: of the flight, later of the attribution window after it."""
    end_ms = max(package.end_ms for package in buy.packages)
    attributed_ms = end_ms + ATTRIBUTION_MS
    return (attributed_ms if platform.now >= attributed_ms else end_ms) - 1


def _store(platform: BuyerPlatform, buy: MediaBuy, row: dict[str, Any], day_ms: int) -> None:
    """Keep the figures of each package; packages that delivered nothing are left out."""
    for package in row["by_package"]:
        key = (buy.media_buy_id, str(package["package_id"]), day_ms)
        told = Reported(
            impressions=round(package.get("impressions", 0)),
            spend_micros=micros(package["spend"]),
            clicks=round(package.get("clicks", 0)),
            views=round(package.get("views", 0)),
            completed_views=round(package.get("completed_views", 0)),
            conversions=round(package.get("conversions", 0)),
            leads=round(package.get("leads", 0)),
            engagements=round(package.get("engagements", 0)),
            conversion_value_micros=micros(package.get("conversion_value", 0)),
            is_final=bool(package.get("is_final", row.get("is_final", True))),
            told_ms=platform.now,
        )
        before = platform.delivered.get(key)
        if isinstance(before, Reported):
            if before.is_final and not told.is_final:
                continue
            told.restated = before.restated + (before.figures != told.figures)
        if any(told.figures) or before is not None:
            platform.delivered[key] = told
