"""Answers about advertisers, and the shapes that campaigns have in common with them."""

from __future__ import annotations

from typing import Any, Literal, NotRequired

from typing_extensions import TypedDict

from sandbox.operations.answer import Url, When

ApplyMode = Literal["AUTO", "MANUAL"]


class UtmParameter(TypedDict):
    """A UTM parameter; the value is static or a macro."""

    paramKey: str
    paramValue: str


class CapWindow(TypedDict):
    """The rolling window of a frequency cap."""

    interval: int
    unit: Literal["seconds", "minutes", "hours", "days", "weeks", "months", "campaign"]


class FrequencyCap(TypedDict):
    """A frequency cap in force (rule 109); those of advertisers have ``maxExposure`` too (conflict C7)."""

    id: str
    targetLevel: Literal["ADVERTISER", "CAMPAIGN", "CREATIVE"]
    targetId: str
    max_impressions: int
    window: CapWindow
    createdAt: When
    updatedAt: When
    archivedAt: When | None
    maxExposure: NotRequired[int]


class LinkedBrand(TypedDict):
    """The brand of an advertiser: its manifest, and what stands in it (rule 32)."""

    id: str
    name: str
    domain: str
    manifest: dict[str, Any]
    logoUrl: Url
    industry: NotRequired[str]
    colors: NotRequired[dict[str, str]]
    tagline: NotRequired[str]
    tone: NotRequired[str]


class AccountLink(TypedDict):
    """An account with a sales agent that the advertiser buys on."""

    partnerId: str
    accountId: str
    billingType: NotRequired[str]


class AdvertiserRow(TypedDict):
    """An advertiser in a list (rule 7)."""

    id: str
    name: str
    status: Literal["ACTIVE", "ARCHIVED"]
    brand: str | None
    sandbox: bool
    linkedAccountCount: int
    createdAt: When
    updatedAt: When


class Advertiser(AdvertiserRow):
    """The full advertiser."""

    description: str | None
    brandWarning: str | None
    linkedBrand: LinkedBrand | None
    linkedAccounts: list[AccountLink]
    optimizationApplyMode: ApplyMode
    utmConfig: list[UtmParameter]
    frequencyCaps: list[FrequencyCap]


class AdvertiserList(TypedDict):
    """A page of advertisers (rule 9)."""

    items: list[AdvertiserRow]
    total: int
    hasMore: bool
    nextOffset: int | None
