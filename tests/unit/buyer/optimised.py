"""A running campaign that the platform optimises."""

from __future__ import annotations

from typing import Any

from agents.buyer.records import Campaign, Suggestion
from tests.unit.buyer.conftest import PUBLISHERS, MakePlatform, Platform
from tests.unit.buyer.test_creatives import banner, spot

CLICKS = {"kind": "metric", "metric": "clicks", "target": {"kind": "cost_per", "value": 3}}
OFTEN_CLICKED = {
    **PUBLISHERS,
    "tribune": {**PUBLISHERS["tribune"], "placements": [{"channel": "display", "click_rate": 0.01}]},
}


class Flight:
    """A running campaign with two display products; on that of tribune people click most."""

    def __init__(self, platform: Platform, *products: str, **fields: Any) -> None:
        self.platform = platform
        advertiser = platform.advertiser()
        sources = {"account": {"account_id": advertiser}, "event_sources": [{"event_source_id": "web"}]}
        platform.call("sync_event_sources", sources, {"advertiserId": advertiser})
        found = platform.discover(advertiser)
        platform.select(found, *(products or ("herald_display", "tribune_display")))
        goals = {"performanceConfig": {"optimizationGoals": [CLICKS]}}
        wanted = {"budget": {"total": 2_000, "currency": "USD"}, **goals, **fields}
        wanted = {name: value for name, value in wanted.items() if value is not None}
        campaign = platform.campaign(advertiser, discoveryId=found["discoveryId"], **wanted)
        self.path = {"campaignId": campaign}
        for body in (banner(), spot()):
            platform.call("create_creative", body, self.path)
        platform.call("execute_campaign", {}, self.path)

    @property
    def campaign(self) -> Campaign:
        return self.platform.buyer.campaigns[self.path["campaignId"]]

    def budgets(self) -> dict[str, int]:
        """What each sales agent's packages have, in micros."""
        live = [buy for buy in self.campaign.media_buys if buy.status == "ACTIVE"]
        return {buy.seller_id: sum(p.budget_micros for p in buy.packages) for buy in live}

    def made(self, status: str | None = None) -> list[Suggestion]:
        found = [s for s in self.platform.buyer.suggestions.values() if status in (None, s.status)]
        return [s for s in found if s.campaign_id == self.path["campaignId"]]

    def of(self, seller: str) -> Suggestion:
        """The newest suggestion for the media buy with a sales agent."""
        buys = {buy.media_buy_id for buy in self.campaign.media_buys if buy.seller_id == seller}
        return [s for s in self.made() if s.media_buy_id in buys][-1]

    def decide(self, suggestion: Suggestion, how: str = "approve", body: Any = None) -> dict[str, Any]:
        path = {"suggestionId": suggestion.suggestion_id}
        return self.platform.call(f"{how}_optimization_suggestion", body, path)

    def get(self, suggestion: Suggestion) -> dict[str, Any]:
        return self.platform.call("get_optimization_suggestion", path={"suggestionId": suggestion.suggestion_id})


def steps(platform: Platform, suggestion: Suggestion) -> list[str]:
    """The statuses that a suggestion went through."""
    return [e.data["new"] for e in platform.events("status", entity="suggestion", id=suggestion.suggestion_id)]


def suggested(make_platform: MakePlatform) -> Flight:
    """A MANUAL campaign, the default, after its first suggestions; there is a run every other day."""
    platform = make_platform(publishers=OFTEN_CLICKED, buyer={"optimization": {"interval": "2d"}})
    flight = Flight(platform)
    platform.advance("3d4h")
    assert len(flight.made("HIL_WAITING")) == 2
    return flight
