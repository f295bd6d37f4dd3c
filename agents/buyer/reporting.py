"""Reporting: what was delivered, as a hierarchy, as rows by day, or as a CSV file (rules 161 to 169)."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from agents.buyer.answers.reporting import Report
from agents.buyer.context import customer_of, platform_of
from agents.buyer.creative.answers import TextPage
from agents.buyer.deliveries import Reported, refresh_today
from agents.buyer.reconciliation import reconcile
from agents.buyer.records import Advertiser, Campaign, Delivered, MediaBuy, Package
from agents.buyer.wire import group
from sandbox.core.errors import ApiError
from sandbox.core.money import amount
from sandbox.core.time import DAY_MS, day_start, iso, iso_date
from sandbox.kernel.endpoint import Context
from sandbox.operations import Body, Group, Request
from sandbox.operations.model import Id, Instant

if TYPE_CHECKING:
    from agents.buyer.platform import BuyerPlatform

operation: Group = group("reporting")
files: Group = Group("report files")

TIMESERIES_DAYS = 7
"""Days of a timeseries at most (rule 164)."""

MOST_DAYS = 2 * 366
"""Days of a period at most."""

DOWNLOAD_DAYS = 7
"""How long a download's URL holds (rule 167)."""

SUMMED = ("impressions", "spend_micros", "clicks", "views", "completed_views", "conversions", "leads")
"""Figures that add up."""

CSV_COLUMNS = (
    "Advertiser ID", "Advertiser Name", "Campaign ID", "Campaign Name", "Media Buy ID", "Media Buy Name",
    "Media Buy Status", "Package ID", "Impressions", "Spend", "Clicks", "Views", "Completed Views",
    "Conversions", "Leads", "Video Completions", "eCPM", "CPC", "CTR", "Completion Rate",
)  # fmt: skip


class ReportingQuery(Body):
    """Query of ``get_reporting_metrics``."""

    view: Literal["summary", "timeseries"] = "summary"
    breakdown: Literal["campaign", "mediaBuy", "package"] | None = None
    days: int | None = Field(default=None, ge=1, le=90)
    start_date: Instant | None = None
    end_date: Instant | None = None
    advertiser_id: Id | None = None
    campaign_id: Id | None = None
    demo: bool = False
    download: bool = False


@dataclass(slots=True, frozen=True)
class Row:
    """One package of the hierarchy; ``package`` is None for a media buy that has none."""

    advertiser: Advertiser
    campaign: Campaign
    buy: MediaBuy
    package: Package | None


@operation(
    "get_reporting_metrics",
    "GET",
    "/reporting/metrics",
    params=ReportingQuery,
    answer=Report,
    mutating=True,
    rules=(161, 162, 163, 164, 165, 166, 167, 168, 169),
)
def get_reporting_metrics(ctx: Context, request: Request) -> Generator[Any, Any, dict[str, Any]]:
    """What sales agents reported in a period, up to the present hour, and how that agrees with our own count.

    ``breakdown`` is a hint for displays and changes nothing.
    """
    platform, query = platform_of(ctx), request.params
    free = query.download or platform.config.compatibility.breakdown_optional
    if query.view == "summary" and query.breakdown is None and not free:
        raise ApiError("VALIDATION_ERROR", "breakdown: view=summary needs campaign, mediaBuy or package", "breakdown")
    start_ms, end_ms = _period(query, ctx.now)
    if query.view == "timeseries" and not query.download:
        start_ms = max(start_ms, end_ms - TIMESERIES_DAYS * DAY_MS)
    rows = list(_rows(ctx, query))
    if end_ms > ctx.now and not query.demo:
        yield from refresh_today(platform, [row.campaign.campaign_id for row in rows])
    source = _Demo(platform, start_ms, end_ms) if query.demo else _Reported(platform, start_ms, end_ms)
    if query.download:
        return _download(platform, source, rows)
    period = {"periodStart": iso_date(start_ms), "periodEnd": iso_date(end_ms - 1)}
    totals = {"totals": metrics(_sum(source.total(row) for row in rows))}
    if query.view == "timeseries":
        return {"timeseries": _timeseries(source, rows), **totals, **period}
    return {"advertisers": _hierarchy(source, rows), **totals, **period}


def _period(query: ReportingQuery, now_ms: int) -> tuple[int, int]:
    """The days asked for, in ms and half open; ``days`` ends with today and yields to two dates (rule 163)."""
    if query.start_date is not None and query.end_date is not None:
        start_ms, end_ms = day_start(query.start_date), day_start(query.end_date) + DAY_MS
        if end_ms <= start_ms:
            raise ApiError("VALIDATION_ERROR", "endDate: it is before startDate", "endDate")
        if end_ms - start_ms > MOST_DAYS * DAY_MS:
            raise ApiError("VALIDATION_ERROR", f"endDate: {MOST_DAYS} days are the most", "endDate")
        return start_ms, end_ms
    if query.days is None:
        raise ApiError("VALIDATION_ERROR", "days: say days, or startDate and endDate", "days")
    end_ms = day_start(now_ms) + DAY_MS
    return end_ms - query.days * DAY_MS, end_ms


def _rows(ctx: Context, query: ReportingQuery) -> Iterator[Row]:
    """Every package of the customer's media buys that were submitted, archived ones too (rule 169)."""
    platform = platform_of(ctx)
    for campaign in platform.campaigns.values():
        if campaign.customer_id != customer_of(ctx).customer_id:
            continue
        if query.advertiser_id not in (None, campaign.advertiser_id):
            continue
        if query.campaign_id not in (None, campaign.campaign_id):
            continue
        seen: set[str] = set()
        for buy in campaign.media_buys:
            if buy.media_buy_id in seen or (buy.status == "DRAFT" and not buy.packages):
                continue
            seen.add(buy.media_buy_id)
            advertiser = platform.advertisers[campaign.advertiser_id]
            packages: list[Package | None] = [*buy.packages] or [None]
            for package in packages:
                yield Row(advertiser, campaign, buy, package)


class _Reported:
    """What was reported in a period."""

    def __init__(self, platform: BuyerPlatform, start_ms: int, end_ms: int) -> None:
        self._days: dict[tuple[str, str], dict[int, Delivered]] = {}
        self.span = range(start_ms, end_ms, DAY_MS)
        self.platform = platform
        for (buy_id, package_id, day_ms), told in platform.delivered.items():
            if start_ms <= day_ms < end_ms:
                self._days.setdefault((buy_id, package_id), {})[day_ms] = told

    def days(self, row: Row) -> dict[int, Delivered]:
        """The figures of a row by day, in order."""
        key = (row.buy.media_buy_id, row.package.package_id if row.package else "")
        return dict(sorted(self._days.get(key, {}).items()))

    def total(self, row: Row) -> Delivered:
        """The figures of a row over the period."""
        return _sum(iter(self.days(row).values()))

    def reconciled(self, row: Row) -> dict[str, Any]:
        """How the figures of a row's package agree with the platform's own count, as far as its days are known."""
        if row.package is None:
            return {}
        return reconcile(self.platform, row.buy, row.package.package_id, self.days(row), self.span)


class _Demo(_Reported):
    """Made-up figures that look plausible; nothing real is read (rule 166)."""

    def __init__(self, platform: BuyerPlatform, start_ms: int, end_ms: int) -> None:
        super().__init__(platform, start_ms, start_ms)
        self.span = range(start_ms, end_ms, DAY_MS)

    def days(self, row: Row) -> dict[int, Delivered]:
        name = f"demo/{row.buy.media_buy_id}/{row.package.package_id if row.package else ''}"
        made: dict[int, Delivered] = {}
        for day_ms in self.span:
            seed = self.platform.world.streams.derive(self.platform.id, name, day_ms)
            shown = 1_000 + seed % 9_000
            made[day_ms] = Delivered(shown, shown * 12_000, shown // 200, shown * 6 // 10, shown // 2, shown // 4_000)
        return made

    def reconciled(self, row: Row) -> dict[str, Any]:
        """Nothing: what is made up can't be compared."""
        return {}


def _sum(parts: Iterator[Delivered]) -> Delivered:
    total = Reported()
    for part in parts:
        for name in SUMMED:
            setattr(total, name, getattr(total, name) + getattr(part, name, 0))
    return total


def metrics(told: Delivered) -> dict[str, Any]:
    """The twelve metrics (rule 168); a rate whose base is zero is null."""
    spend = told.spend_micros / 1_000_000
    return {
        "impressions": told.impressions,
        "spend": amount(told.spend_micros),
        "clicks": told.clicks,
        "views": told.views,
        "completedViews": told.completed_views,
        "conversions": told.conversions,
        "leads": getattr(told, "leads", 0),
        "videoCompletions": told.completed_views,
        "ecpm": _rate(spend * 1000, told.impressions),
        "cpc": _rate(spend, told.clicks),
        "ctr": _rate(told.clicks, told.impressions),
        "completionRate": _rate(told.completed_views, told.views),
    }


def _rate(part: float, base: int) -> float | None:
    return round(part / base, 6) if base else None


def _hierarchy(source: _Reported, rows: list[Row]) -> list[dict[str, Any]]:
    """Advertisers with their campaigns, media buys and packages; each level is the sum of the next."""
    return [
        {
            "advertiserId": theirs[0].advertiser.advertiser_id,
            "advertiserName": theirs[0].advertiser.name,
            "metrics": metrics(_sum(source.total(row) for row in theirs)),
            "campaigns": [_campaign(source, mine) for mine in _by(theirs, lambda row: row.campaign.campaign_id)],
        }
        for theirs in _by(rows, lambda row: row.advertiser.advertiser_id)
    ]


def _campaign(source: _Reported, rows: list[Row]) -> dict[str, Any]:
    return {
        "campaignId": rows[0].campaign.campaign_id,
        "campaignName": rows[0].campaign.name,
        "metrics": metrics(_sum(source.total(row) for row in rows)),
        "mediaBuys": [_buy(source, mine) for mine in _by(rows, lambda row: row.buy.media_buy_id)],
    }


def _buy(source: _Reported, rows: list[Row]) -> dict[str, Any]:
    buy = rows[0].buy
    packages = [(row.package, row) for row in rows if row.package is not None]
    return {
        "mediaBuyId": buy.media_buy_id,
        "name": buy.name,
        "status": buy.status,
        "budget": amount(sum(package.budget_micros for package, _ in packages)),
        "metrics": metrics(_sum(source.total(row) for row in rows)),
        "packages": [
            {
                "packageId": package.package_id,
                "productId": package.product_id,
                "metrics": metrics(source.total(row)),
                **source.reconciled(row),
            }
            for package, row in packages
        ],
    }


def _by(rows: list[Row], key: Callable[[Row], str]) -> list[list[Row]]:
    """The rows in groups, in the order in which each group first occurs."""
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(key(row), []).append(row)
    return list(groups.values())


def _timeseries(source: _Reported, rows: list[Row]) -> list[dict[str, Any]]:
    """One row for each package and day on which it delivered, by day (rule 165)."""
    made = [
        {
            "date": iso_date(day_ms),
            "advertiserId": row.advertiser.advertiser_id,
            "advertiserName": row.advertiser.name,
            "campaignId": row.campaign.campaign_id,
            "campaignName": row.campaign.name,
            "mediaBuyId": row.buy.media_buy_id,
            "mediaBuyName": row.buy.name,
            "mediaBuyStatus": row.buy.status,
            "packageId": row.package.package_id if row.package else "",
            "productId": row.package.product_id if row.package else "",
            "productName": row.package.product_name if row.package else "",
            "metrics": metrics(told),
        }
        for row in rows
        for day_ms, told in source.days(row).items()
    ]
    return sorted(made, key=lambda row: str(row["date"]))


def _download(platform: BuyerPlatform, source: _Reported, rows: list[Row]) -> dict[str, Any]:
    """Write the CSV file, one line a package, and give the URL from which it can be had."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(CSV_COLUMNS)
    for row in rows:
        names = [row.advertiser.advertiser_id, row.advertiser.name, row.campaign.campaign_id, row.campaign.name]
        names += [row.buy.media_buy_id, row.buy.name, row.buy.status]
        names.append(row.package.package_id if row.package else "")
        writer.writerow([*names, *metrics(source.total(row)).values()])
    token = platform.ids.uuid("download")
    platform.downloads[token] = (text.getvalue(), platform.now + DOWNLOAD_DAYS * DAY_MS)
    first, last = iso_date(source.span.start), iso_date(source.span.stop - 1)
    return {
        "downloadUrl": platform.world.network.url(platform.id, f"downloads/{token}"),
        "expiresAt": iso(platform.now + DOWNLOAD_DAYS * DAY_MS),
        "fileName": f"reporting-metrics-{first}-to-{last}.csv",
        "rowCount": len(rows),
    }


@files("get_report_file", "GET", "/downloads/{token}", answer=TextPage, public=True, mcp=False, rules=(167,))
def get_report_file(ctx: Context, request: Request) -> TextPage:
    """The CSV file of a download, for whoever has its address, as long as that holds."""
    platform = platform_of(ctx)
    text, until_ms = platform.downloads.get(request.path["token"], ("", 0))
    if platform.now >= until_ms:
        raise ApiError("NOT_FOUND", "there is no such file, or not any more")
    return {"contentType": "text/csv", "text": text}
