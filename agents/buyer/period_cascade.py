"""Appending pacing periods to a campaign that runs: every live media buy gets packages for them (rule 103, C11)."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from agents.buyer import creatives
from agents.buyer.fees import committed_micros, media_budget_micros
from agents.buyer.records import Campaign, MediaBuy, Package
from agents.buyer.submission import package_request, send_change
from sandbox.core.errors import AdcpError, ApiError
from sandbox.core.money import amount, split

if TYPE_CHECKING:
    from agents.buyer.platform import BuyerPlatform

Steps = Generator[Any, Any, Any]
Json = dict[str, Any]

UNSUPPORTED = ("UNSUPPORTED_FEATURE", "ACTION_NOT_ALLOWED", "REQUOTE_REQUIRED")


def append_periods(platform: BuyerPlatform, campaign: Campaign, extra: list[Json]) -> Steps:
    """Push appended periods to all live media buys; gives ``pacingCascadeResult``."""
    live = [buy for buy in campaign.media_buys if buy.status in ("ACTIVE", "PAUSED") and buy.adcp_media_buy_id]
    plans = {buy.media_buy_id: _packages(campaign, buy, extra) for buy in live} if extra else {}
    wanted = sum(package.budget_micros for packages in plans.values() for package in packages)
    left = media_budget_micros(platform, campaign) - committed_micros(platform, campaign)
    if wanted > left:
        raise ApiError(
            "VALIDATION_ERROR",
            f"the further periods need {amount(wanted)} {campaign.currency}, {amount(max(0, left))} are left",
            "pacingPeriods",
        )
    rows = []
    for buy in live if extra else []:
        rows.append((yield from _push(platform, campaign, buy, plans[buy.media_buy_id])))
    return {"appendedPeriods": [period["label"] for period in extra], "mediaBuys": rows}


def _packages(campaign: Campaign, buy: MediaBuy, extra: list[Json]) -> list[Package]:
    """A package for each product and further period, in proportion to what the product has already."""
    products: dict[str, list[Package]] = {}
    for package in buy.packages:
        if not package.canceled:
            products.setdefault(package.product_id, []).append(package)
    before = sum(period["share"] for period in campaign.periods) or 1
    made = []
    for packages in products.values():
        budget = sum(package.budget_micros for package in packages)
        for period in extra:
            share, _ = split(round(budget * (period["share"] + before) / before), [period["share"], before])
            made.append(
                replace(
                    packages[-1],
                    package_id="",
                    budget_micros=share,
                    start_ms=period["start_ms"],
                    end_ms=period["end_ms"],
                    period=period["label"],
                )
            )
    return made


def _push(platform: BuyerPlatform, campaign: Campaign, buy: MediaBuy, packages: list[Package]) -> Steps:
    row: Json = {"mediaBuyId": buy.media_buy_id, "salesAgentId": buy.seller_id}
    requests = [package_request(campaign, buy, package) for package in packages]
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
