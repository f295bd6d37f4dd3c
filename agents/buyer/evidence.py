"""What the optimiser goes by: the goal of a media buy, and what its packages have delivered so far.

Counts are those that sales agents reported for whole days; the present day is still in motion.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from agents.buyer.allocation import VIEW_RATE
from agents.buyer.buy_status import pending_version
from agents.buyer.deliveries import submitted_buys
from agents.buyer.offers import is_fixed
from agents.buyer.records import Campaign, Delivered, MediaBuy, Package
from agents.buyer.staging import product_of
from sandbox.core.money import micros
from sandbox.core.time import DAY_MS, day_start
from sandbox.domain.channels import CHANNELS, Channel

if TYPE_CHECKING:
    from agents.buyer.platform import BuyerPlatform

COUNTED = {
    "clicks": "click",
    "views": "view",
    "completed_views": "completed view",
    "engagements": "engagement",
    "conversions": "conversion",
}
"""What reports count, and what one of it is called."""

TYPICAL_ENGAGEMENTS, TYPICAL_CONVERSIONS = 0.01, 0.0005
"""Engagements and conversions per impression where nothing is known."""

RECENT_DAYS = 3
"""Whole days whose best one shows how fast a package can spend."""

SLOW = 0.7
"""Part of the spend that its budget needs each day below which a package falls short.

A package that is a little behind its plan spends more when it gets more; one that is far behind does not.
"""

UNREPORTED_FACTOR = 1.25
"""How much faster than on its best recent day a package may have spent since the last report."""


@dataclass(slots=True, frozen=True)
class Aim:
    """What a media buy is optimised for: its first goal of which reports give the figures.

    ``counts`` is the figure that counts, ``metric`` its name in suggestions. ``kind`` says whether its number, the
    value of the conversions or its rate per impression is to rise. ``target`` is a cost in units of currency, a
    return on ad spend or a rate; None is none.
    """

    counts: str
    metric: str
    kind: Literal["count", "value", "rate"]
    target: float | None


def aim_of(goals: Sequence[dict[str, Any]]) -> Aim | None:
    """The aim of the goal with the highest priority (1) that can be measured; None if none can."""
    for goal in sorted(goals, key=lambda goal: int(goal.get("priority", 1))):
        target = goal.get("target", {})
        kind, value = target.get("kind"), target.get("value")
        if goal["kind"] == "event":
            if kind in ("per_ad_spend", "maximize_value"):
                return Aim("conversions", "roas" if kind == "per_ad_spend" else "conversion_value", "value", value)
            return Aim("conversions", str(goal["event_sources"][0]["event_type"]), "count", value)
        if goal["metric"] in COUNTED:
            return Aim(goal["metric"], goal["metric"], "rate" if kind == "threshold_rate" else "count", value)
    return None


@dataclass(slots=True)
class Item:
    """A running package, and what is known about it. Money is in micros."""

    buy: MediaBuy
    package: Package
    product: dict[str, Any]
    told: Delivered
    """The sum of all whole days that were reported."""
    spent_micros: int
    """What it has spent by now at most: what was reported, and what may have been spent since."""
    daily_micros: int | None
    """The most it spent in one of the last days; None if there was no whole day yet."""

    @property
    def channel(self) -> Channel:
        """The first channel of the product."""
        names = [name for name in self.product.get("channels", []) if name in CHANNELS]
        return CHANNELS[names[0] if names else "display"]

    @property
    def option(self) -> dict[str, Any]:
        """The pricing option by which the package is bought; empty if it is not known any more."""
        options = self.product.get("pricing_options", [])
        wanted = self.package.pricing_option_id
        return next((option for option in options if option["pricing_option_id"] == wanted), {})

    @property
    def remaining_micros(self) -> int:
        """The part of the budget that can't have been spent yet."""
        return max(0, self.package.budget_micros - self.spent_micros)

    @property
    def least_micros(self) -> int:
        """The smallest part of the remaining budget that the package has to keep by the terms of its price."""
        if self.option.get("pricing_model") == "flat_rate" and is_fixed(self.option):
            return self.remaining_micros
        least = max(1, micros(self.option.get("min_spend_per_package", 0))) - self.spent_micros
        return min(max(0, least), self.remaining_micros)

    def falls_short(self, now_ms: int) -> bool:
        """True if it spends so slowly that its supply must be at its end, and a part of the budget would be left."""
        if self.daily_micros is None:
            return False
        needed = self.remaining_micros * DAY_MS / max(DAY_MS, self.package.end_ms - now_ms)
        return self.daily_micros < SLOW * needed


def typical_rate(aim: Aim, channel: Channel) -> float:
    """Results per impression that are typical of a channel; more than zero."""
    views = VIEW_RATE if channel.completion_rate else channel.viewability
    typical = {
        "clicks": channel.click_rate,
        "views": views,
        "completed_views": views * channel.completion_rate,
        "engagements": TYPICAL_ENGAGEMENTS,
        "conversions": TYPICAL_CONVERSIONS,
    }
    return max(typical[aim.counts], 1e-5)


def items_of(platform: BuyerPlatform, campaign: Campaign) -> dict[tuple[Aim, str | None], list[Item]]:
    """The packages of a campaign that can be optimised, those together that share an aim and a pacing period.

    A media buy without goals is left alone (rule 176), and so is one that changes just now. The split over pacing
    periods is locked (rule 102). What ends within a day is not worth a change.
    """
    days = _days(platform, campaign)
    groups: dict[tuple[Aim, str | None], list[Item]] = {}
    for owner, buy in submitted_buys(platform):
        aim = aim_of(buy.goals)
        if owner is not campaign or aim is None or buy.status != "ACTIVE" or buy.sending:
            continue
        if pending_version(campaign, buy) is not None:
            continue
        for package in buy.packages:
            rests = package.canceled or package.paused or package.off_list
            if rests or not package.start_ms <= platform.now < package.end_ms - DAY_MS:
                continue
            told = days.get((buy.media_buy_id, package.package_id), {})
            groups.setdefault((aim, package.period), []).append(_item(platform, campaign, buy, package, told))
    return groups


def _days(platform: BuyerPlatform, campaign: Campaign) -> dict[tuple[str, str], dict[int, Delivered]]:
    """What was reported for each media buy and package of a campaign, by day."""
    mine = {buy.media_buy_id for buy in campaign.media_buys}
    found: dict[tuple[str, str], dict[int, Delivered]] = {}
    for (buy_id, package_id, day_ms), told in platform.delivered.items():
        if buy_id in mine:
            found.setdefault((buy_id, package_id), {})[day_ms] = told
    return found


def _item(
    platform: BuyerPlatform, campaign: Campaign, buy: MediaBuy, package: Package, days: dict[int, Delivered]
) -> Item:
    first_ms = day_start(package.start_ms)
    known_ms = max(first_ms, platform.reported_until.get(buy.media_buy_id, first_ms))
    whole = [told for day_ms, told in days.items() if day_ms < known_ms]
    total = Delivered()
    for told in whole:
        total.impressions += told.impressions
        total.spend_micros += told.spend_micros
        total.conversion_value_micros += told.conversion_value_micros
        for name in COUNTED:
            setattr(total, name, getattr(total, name) + getattr(told, name))
    recent = [days.get(known_ms - n * DAY_MS, Delivered()).spend_micros for n in range(1, RECENT_DAYS + 1)]
    reported = (known_ms - first_ms) // DAY_MS
    daily = max(recent[:reported], default=None)
    planned = package.budget_micros * DAY_MS // (package.end_ms - package.start_ms)
    since = max(planned, daily or 0) * UNREPORTED_FACTOR * (platform.now - known_ms) / DAY_MS
    partly = sum(told.spend_micros for day_ms, told in days.items() if day_ms >= known_ms)
    return Item(
        buy=buy,
        package=package,
        product=product_of(platform, campaign, buy.seller_id, package.product_id),
        told=total,
        spent_micros=total.spend_micros + max(partly, round(since)),
        daily_micros=daily,
    )
