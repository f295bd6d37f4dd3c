"""Answers of reporting: a hierarchy, rows by day, or a file to download."""

from __future__ import annotations

from typing import Literal, NotRequired

from typing_extensions import TypedDict

from agents.buyer.answers.media_buys import MediaBuyStatus
from sandbox.operations.answer import Day, Money, Url, When


class Metrics(TypedDict):
    """The twelve metrics (rule 168); a rate whose base is zero is null."""

    impressions: int
    spend: Money
    clicks: int
    views: int
    completedViews: int
    conversions: int
    leads: int
    videoCompletions: int
    ecpm: Money | None
    cpc: Money | None
    ctr: float | None
    completionRate: float | None


class Reconciliation(TypedDict):
    """How the figures of a sales agent agree with the platform's own count."""

    reportedImpressions: int
    countedImpressions: int
    discrepancy: float | None
    status: Literal["RECONCILED", "DISCREPANCY", "ALARM"]
    provisionalDays: int
    restatedDays: int


class ReportedPackage(TypedDict):
    """The figures of a package."""

    packageId: str
    productId: str
    metrics: Metrics
    reconciliation: NotRequired[Reconciliation]


class ReportedMediaBuy(TypedDict):
    """The figures of a media buy: the sum of its packages."""

    mediaBuyId: str
    name: str
    status: MediaBuyStatus
    budget: Money
    metrics: Metrics
    packages: list[ReportedPackage]


class ReportedCampaign(TypedDict):
    """The figures of a campaign: the sum of its media buys."""

    campaignId: str
    campaignName: str
    metrics: Metrics
    mediaBuys: list[ReportedMediaBuy]


class ReportedAdvertiser(TypedDict):
    """The figures of an advertiser: the sum of its campaigns."""

    advertiserId: str
    advertiserName: str
    metrics: Metrics
    campaigns: list[ReportedCampaign]


class ReportSummary(TypedDict):
    """``view=summary``: the hierarchy."""

    advertisers: list[ReportedAdvertiser]
    totals: Metrics
    periodStart: Day
    periodEnd: Day


class ReportDay(TypedDict):
    """One package on one day; a media buy without packages has empty texts (rule 165)."""

    date: Day
    advertiserId: str
    advertiserName: str
    campaignId: str
    campaignName: str
    mediaBuyId: str
    mediaBuyName: str
    mediaBuyStatus: MediaBuyStatus
    packageId: str
    productId: str
    productName: str
    metrics: Metrics


class ReportTimeseries(TypedDict):
    """``view=timeseries``: rows by day, of seven days at most (rule 164)."""

    timeseries: list[ReportDay]
    totals: Metrics
    periodStart: Day
    periodEnd: Day


class ReportDownload(TypedDict):
    """``download=true``: where the CSV file is (rule 167)."""

    downloadUrl: Url
    expiresAt: When
    fileName: str
    rowCount: int


Report = ReportSummary | ReportTimeseries | ReportDownload
