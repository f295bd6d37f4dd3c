"""What sales agents report as delivered: kept by media buy, package and UTC day.

Daily reports come as webhooks. A day that is over and of which no report came is asked for with
``get_media_buy_delivery``, and so is the present day when somebody reads reports. Days are asked for one by
one, so that the figures of a day are those of one report; the latest report of a day counts.
"""

from __future__ import annotations

from collections.abc import Container, Generator, Iterator
from typing import TYPE_CHECKING, Any

from agents.buyer.records import Campaign, Delivered, MediaBuy
from sandbox.core.money import micros
from sandbox.core.time import DAY_MS, HOUR_MS, day_start, iso_date, parse_instant

if TYPE_CHECKING:
    from agents.buyer.platform import BuyerPlatform

MAX_DAYS = 90
"""Days that are asked for at most when a media buy was not heard of for long."""

GRACE_MS = HOUR_MS
"""How long after the end of a day its report is waited for, if agents are asked to send reports."""

FRESH_MS = HOUR_MS
"""How long the figures of the present day are good enough for those who read reports."""

Buys = list[tuple[Campaign, MediaBuy]]


def on_report(platform: BuyerPlatform, seller_id: str, report: dict[str, Any]) -> Generator[Any, Any, None]:
    """Take a report that a sales agent sent; one that is not about one whole day makes the platform ask."""
    period = report["reporting_period"]
    start_ms, end_ms = parse_instant(period["start"]), parse_instant(period["end"])
    whole_day = start_ms == day_start(start_ms) and end_ms == start_ms + DAY_MS
    for row in report["media_buy_deliveries"]:
        found = find_buy(platform, seller_id, row["media_buy_id"])
        if found is None:
            continue
        if whole_day:
            _store(platform, found[1], row, start_ms)
            if _known_until(platform, found[1]) >= start_ms:
                platform.reported_until[found[1].media_buy_id] = end_ms
        else:
            yield from _collect_all(platform, [found])


def collect_deliveries(platform: BuyerPlatform) -> Generator[Any, Any, None]:
    """Ask for the days that are over and of which no report came."""
    grace_ms = GRACE_MS if platform.config.webhooks else 0
    overdue_ms = platform.now - DAY_MS - grace_ms
    buys = [(c, buy) for c, buy in submitted_buys(platform) if _known_until(platform, buy) <= overdue_ms]
    yield from _collect_all(platform, [(c, buy) for c, buy in buys if _known_until(platform, buy) <= _last_ms(buy)])


def refresh_today(platform: BuyerPlatform, campaigns: Container[str]) -> Generator[Any, Any, None]:
    """Bring the figures of some campaigns, by id, up to the present hour."""
    stale_ms = platform.now - FRESH_MS
    buys = [
        (campaign, buy)
        for campaign, buy in submitted_buys(platform)
        if campaign.campaign_id in campaigns
        and _known_until(platform, buy) <= min(platform.now - 1, _last_ms(buy))
        and platform.asked_ms.get(buy.media_buy_id, stale_ms) <= stale_ms
    ]
    for _, buy in buys:
        platform.asked_ms[buy.media_buy_id] = platform.now
    yield from _collect_all(platform, buys)


def _collect_all(platform: BuyerPlatform, buys: Buys) -> Generator[Any, Any, None]:
    """Ask all agents at once; one that fails is asked again another time."""
    by_seller: dict[str, Buys] = {}
    for campaign, buy in buys:
        by_seller.setdefault(buy.seller_id, []).append((campaign, buy))
    yield from platform.sellers.gather([_collect(platform, *item) for item in by_seller.items()])


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


def _collect(platform: BuyerPlatform, seller_id: str, buys: Buys) -> Generator[Any, Any, None]:
    """Ask one agent for what is not known, day by day and account by account."""
    today = day_start(platform.now)
    groups: dict[tuple[str, bool], list[MediaBuy]] = {}
    for campaign, buy in buys:
        groups.setdefault((campaign.advertiser_id, campaign.campaign_type == "ROUTED"), []).append(buy)
    for (advertiser_id, routed), group in groups.items():
        account = yield from platform.sellers.account(seller_id, platform.advertisers[advertiser_id], routed)
        first = max(today - MAX_DAYS * DAY_MS, min(_known_until(platform, buy) for buy in group))
        for day_ms in range(day_start(first), today + DAY_MS, DAY_MS):
            wanted = [buy for buy in group if _known_until(platform, buy) <= day_ms <= _last_ms(buy)]
            if wanted:
                yield from _ask_day(platform, seller_id, account, wanted, day_ms)


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
    asked_ms = platform.now
    for row in body["media_buy_deliveries"]:
        buy = by_adcp_id.get(row["media_buy_id"])
        if buy is not None:
            _store(platform, buy, row, day_ms)
            if asked_ms >= day_ms + DAY_MS:
                platform.reported_until[buy.media_buy_id] = day_ms + DAY_MS


def _known_until(platform: BuyerPlatform, buy: MediaBuy) -> int:
    """Up to when everything is known: the end of a UTC day, at first the start of the flight's first day."""
    started = min(package.start_ms for package in buy.packages)
    return platform.reported_until.get(buy.media_buy_id, day_start(started))


def _last_ms(buy: MediaBuy) -> int:
    """The last ms of the flight."""
    return max(package.end_ms for package in buy.packages) - 1


def _store(platform: BuyerPlatform, buy: MediaBuy, row: dict[str, Any], day_ms: int) -> None:
    """Keep the figures of each package; packages that delivered nothing are left out."""
    for package in row["by_package"]:
        key = (buy.media_buy_id, str(package["package_id"]), day_ms)
        told = Delivered(
            impressions=round(package.get("impressions", 0)),
            spend_micros=micros(package["spend"]),
            clicks=round(package.get("clicks", 0)),
            views=round(package.get("views", 0)),
            completed_views=round(package.get("completed_views", 0)),
            conversions=round(package.get("conversions", 0)),
        )
        if told != Delivered() or key in platform.delivered:
            platform.delivered[key] = told
