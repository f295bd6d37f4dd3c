"""Whether running campaigns deliver as planned, by what sales agents have reported (rule 170).

Each day at noon (UTC) the day before is looked at, when its reports are in. A campaign is unhealthy when nothing was
delivered on a day on which it should have been, or when it is far behind its plan: its budgets, spread evenly over
the flights of its packages. The owner is told of changes for better or worse, not every day anew.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator
from typing import TYPE_CHECKING, Any

from agents.buyer.fees import media_budget_micros
from agents.buyer.notification_kinds import News
from agents.buyer.records import Campaign, MediaBuy, Package
from agents.buyer.subjects import of_campaign
from sandbox.core.time import DAY_MS, day_start, iso_date

if TYPE_CHECKING:
    from agents.buyer.platform import BuyerPlatform

BEHIND = 0.7
"""Part of its plan below which a campaign is behind."""

SPENT = 0.99
"""Part of the media budget from which it counts as spent."""

NOON_MS = DAY_MS // 2


class Health:
    """What the owners of campaigns were told last."""

    def __init__(self, platform: BuyerPlatform, news: News) -> None:
        self._platform = platform
        self._news = news
        self._unhealthy: set[str] = set()
        self._exhausted: dict[str, int] = {}
        """The media budget, in micros, whose end was told, by campaign."""

    def watch(self) -> Generator[Any, Any, None]:
        """Look at all campaigns every day at noon."""
        env = self._platform.world.env
        while True:
            yield env.timeout(DAY_MS - (self._platform.now - NOON_MS) % DAY_MS)
            self.look()

    def look(self) -> None:
        """Look at all campaigns now."""
        spent, seen = self._reported(day_start(self._platform.now) - DAY_MS)
        for campaign in self._platform.campaigns.values():
            if campaign.status == "ACTIVE":
                self._judge(campaign, self._fault(campaign, spent, seen))
            if campaign.status in ("ACTIVE", "COMPLETED") and campaign.end_ms > self._platform.now:
                self._look_at_budget(campaign, spent)

    def _reported(self, day_ms: int) -> tuple[Counter[str], Counter[str]]:
        """By media buy: micros spent up to now, and impressions on one day."""
        spent: Counter[str] = Counter()
        seen: Counter[str] = Counter()
        for (buy_id, _, at_ms), row in self._platform.delivered.items():
            spent[buy_id] += row.spend_micros
            if at_ms == day_ms:
                seen[buy_id] += row.impressions
        return spent, seen

    def _fault(self, campaign: Campaign, spent: Counter[str], seen: Counter[str]) -> str:
        """What is wrong with the delivery of a campaign; empty if nothing is, or if it is too early to say."""
        until_ms = day_start(self._platform.now)
        live = {buy.media_buy_id: buy for buy in campaign.media_buys if buy.status == "ACTIVE"}
        packages = [package for buy in live.values() for package in _running(buy)]
        if not any(p.start_ms <= until_ms - DAY_MS and p.end_ms >= until_ms for p in packages):
            return ""
        total = sum(spent[buy_id] for buy_id in live)
        budget = sum(package.budget_micros for package in packages)
        if not sum(seen[buy_id] for buy_id in live) and total < SPENT * budget:
            return f"nothing was delivered on {iso_date(until_ms - DAY_MS)}"
        planned = sum(_planned_micros(package, until_ms) for package in packages)
        if campaign.daily_cap_micros is not None:
            first_ms = min(package.start_ms for package in packages)
            planned = min(planned, campaign.daily_cap_micros * (until_ms - first_ms) // DAY_MS)
        if total < BEHIND * planned:
            return f"it has spent {total / planned:.0%} of what was planned until {iso_date(until_ms)}"
        return ""

    def _judge(self, campaign: Campaign, fault: str) -> None:
        was_unhealthy = campaign.campaign_id in self._unhealthy
        if fault and not was_unhealthy:
            self._unhealthy.add(campaign.campaign_id)
            self._news.tell("campaign.unhealthy", of_campaign(campaign), "Campaign", fault)
        elif was_unhealthy and not fault:
            self._unhealthy.remove(campaign.campaign_id)
            self._news.tell("campaign.recovered", of_campaign(campaign), "Campaign")

    def _look_at_budget(self, campaign: Campaign, spent: Counter[str]) -> None:
        budget = media_budget_micros(self._platform, campaign)
        total = sum(spent[buy_id] for buy_id in {buy.media_buy_id for buy in campaign.media_buys})
        if total >= SPENT * budget and self._exhausted.get(campaign.campaign_id) != budget:
            self._exhausted[campaign.campaign_id] = budget
            self._news.tell("campaign.budget_exhausted", of_campaign(campaign), "Campaign")


def _running(buy: MediaBuy) -> list[Package]:
    """The packages of a media buy that should deliver during their flights."""
    return [package for package in buy.packages if not (package.canceled or package.paused or package.off_list)]


def _planned_micros(package: Package, until_ms: int) -> int:
    """What a package should have spent up to an instant."""
    flight_ms = package.end_ms - package.start_ms
    passed_ms = min(max(0, until_ms - package.start_ms), flight_ms)
    return package.budget_micros * passed_ms // flight_ms if flight_ms > 0 else 0
