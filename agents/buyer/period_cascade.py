"""Appending pacing periods to a campaign that runs: every live media buy gets packages for them (rule 103, C11)."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from agents.buyer import creatives
from agents.buyer.fees import committed_micros
from agents.buyer.records import Campaign, MediaBuy, Package
from agents.buyer.submission import package_request, send_change
from sandbox.core.errors import AdcpError, ApiError
from sandbox.core.money import amount

if TYPE_CHECKING:
    from agents.buyer.platform import BuyerPlatform

Steps = Generator[Any, Any, Any]
Json = dict[str, Any]

UNSUPPORTED = ("UNSUPPORTED_FEATURE", "ACTION_NOT_ALLOWED", "REQUOTE_REQUIRED")


@dataclass(slots=True, frozen=True)
class Cascade:
    """Periods that are appended, and the packages that each live media buy gets for them."""

    labels: list[str]
    packages: dict[str, list[Package]]


def plan_periods(platform: BuyerPlatform, campaign: Campaign, extra: list[Json], media_micros: int) -> Cascade:
    """What appended periods mean for the live media buys; nothing is changed.

    VALIDATION_ERROR if they need more than a media budget of ``media_micros`` leaves.
    """
    live = [buy for buy in campaign.media_buys if buy.status in ("ACTIVE", "PAUSED") and extra]
    plans = {buy.media_buy_id: _packages(campaign, buy, extra) for buy in live}
    wanted = sum(package.budget_micros for packages in plans.values() for package in packages)
    left = media_micros - committed_micros(platform, campaign)
    if wanted > max(0, left):
        raise ApiError(
            "VALIDATION_ERROR",
            f"the further periods need {amount(wanted)} {campaign.currency}, {amount(max(0, left))} are left",
            "pacingPeriods",
        )
    return Cascade([period["label"] for period in extra], plans)


def append_periods(platform: BuyerPlatform, campaign: Campaign, plan: Cascade) -> Steps:
    """Push appended periods to all live media buys; gives ``pacingCascadeResult``."""
    rows = yield from platform.sellers.gather(
        [_push(platform, campaign, media_buy_id, packages) for media_buy_id, packages in plan.packages.items()]
    )
    return {"appendedPeriods": plan.labels, "mediaBuys": rows}


def _packages(campaign: Campaign, buy: MediaBuy, extra: list[Json]) -> list[Package]:
    """A package for each product and further period, in proportion to what the product has already."""
    products: dict[str, list[Package]] = {}
    for package in buy.packages:
        if not package.canceled:
            products.setdefault(package.product_id, []).append(package)
    made: list[Package] = []
    for packages in products.values():
        budget = sum(package.budget_micros for package in packages)
        labels = [package.period for package in packages]
        before = sum(Decimal(str(p["share"])) for p in campaign.periods if p["label"] in labels)
        if not before:
            continue
        made.extend(
            replace(
                packages[-1],
                package_id="",
                budget_micros=int(budget * Decimal(str(period["share"])) / before),
                paused=False,
                start_ms=period["start_ms"],
                end_ms=period["end_ms"],
                period=period["label"],
            )
            for period in extra
        )
    return made


def _push(platform: BuyerPlatform, campaign: Campaign, media_buy_id: str, packages: list[Package]) -> Steps:
    versions = [buy for buy in campaign.media_buys if buy.media_buy_id == media_buy_id]
    buy = min(versions, key=lambda version: version.version)
    row: Json = {"mediaBuyId": buy.media_buy_id, "salesAgentId": buy.seller_id}
    if buy.status not in ("ACTIVE", "PAUSED"):
        return {**row, "outcome": "failed", "message": f"the media buy is {buy.status} by now"}
    requests = [package_request(platform, campaign, buy, package) for package in packages]
    try:
        yield from creatives.attach(platform, campaign, buy, packages, requests)
        body = yield from send_change(platform, campaign, buy, {"new_packages": requests})
    except AdcpError as error:
        outcome = "unsupported" if error.code in UNSUPPORTED else "failed"
        return {**row, "outcome": outcome, "message": str(error)}
    if body.get("status") == "submitted":
        return {**row, "outcome": "pending_approval", "message": body.get("message", "")}
    known = {package.package_id for package in buy.packages}
    fresh = [entry for entry in body.get("affected_packages", []) if entry["package_id"] not in known]
    for package, entry in zip(packages, fresh, strict=False):
        package.package_id = entry["package_id"]
        buy.packages.append(package)
    return {**row, "outcome": "added", "packageIds": [entry["package_id"] for entry in fresh]}
