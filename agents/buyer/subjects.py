"""Whose thing it is that the trace speaks of: for news and for the activity feed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agents.buyer.platform import BuyerPlatform
    from agents.buyer.records import Advertiser, Campaign, Creative, MediaBuy


@dataclass(slots=True, frozen=True)
class Subject:
    """A thing of a customer: what it is called, and what it belongs to."""

    id: str
    name: str
    customer_id: int
    advertiser_id: str | None = None
    campaign_id: str | None = None
    creative_id: str | None = None


class Subjects:
    """Finds the subject of an event."""

    def __init__(self, platform: BuyerPlatform) -> None:
        self._platform = platform
        self._campaigns: dict[str, Campaign] = {}
        """The campaigns of media buys that were asked for."""

    def of(self, entity: str, thing_id: str) -> Subject | None:
        """The thing that a ``status`` event names; None if the platform has no such thing, or it is nobody's."""
        platform = self._platform
        if entity == "platform_media_buy":
            return self._media_buy(thing_id.partition("@")[0])
        if entity == "campaign":
            return of_campaign(platform.campaigns[thing_id])
        if entity == "advertiser":
            return of_advertiser(platform.advertisers[thing_id])
        if entity == "suggestion":
            suggestion = platform.suggestions[thing_id]
            name = f"{platform.campaigns[suggestion.campaign_id].name}, {suggestion.metric}"
            return self._within(suggestion.campaign_id, thing_id, name)
        if entity == "platform_audience":
            advertiser_id, _, audience_id = thing_id.partition("/")
            audience = platform.audiences.of(advertiser_id)[audience_id]
            return _part(platform.advertisers[advertiser_id], audience_id, audience.name)
        if entity == "syndication":
            record = next(r for r in platform.syndications.records.values() if r.syndication_id == thing_id)
            name = f"{record.resource_type.lower().replace('_', ' ')} {record.resource_id} to {record.agent_id}"
            return _part(platform.advertisers[record.advertiser_id], thing_id, name)
        if entity == "credential":
            mine = [one for c in platform.customers.values() for one in platform.credentials.of(c.customer_id)]
            one = next(one for one in mine if one.credential_id == thing_id)
            name = f"{one.account_identifier} with {platform.sellers.name(one.agent_id)}"
            return Subject(thing_id, name, one.customer_id)
        return None

    def find(self, resource: str, thing_id: str) -> Subject | None:
        """The thing of a type of resource, as the activity feed names types; None if it is not one of these."""
        platform = self._platform
        if resource == "CAMPAIGN" and thing_id in platform.campaigns:
            return of_campaign(platform.campaigns[thing_id])
        if resource == "ADVERTISER" and thing_id in platform.advertisers:
            return of_advertiser(platform.advertisers[thing_id])
        if resource == "OPTIMIZATION_SUGGESTION" and thing_id in platform.suggestions:
            return self.of("suggestion", thing_id)
        if resource == "PROPERTY_LIST":
            holders = [a for a in platform.advertisers.values() if thing_id in a.property_lists]
            return _part(holders[0], thing_id, holders[0].property_lists[thing_id].name) if holders else None
        return self.creative(thing_id) if resource == "CREATIVE" else None

    def creative(self, creative_id: str) -> Subject | None:
        """A creative manifest."""
        creative: Creative | None = self._platform.creatives.get(creative_id)
        if creative is None:
            return None
        return self._within(creative.campaign_id, creative_id, creative.name, creative_id)

    def _media_buy(self, media_buy_id: str) -> Subject | None:
        campaign = self._campaigns.get(media_buy_id)
        if campaign is None:
            holders = (c for c in reversed(self._platform.campaigns.values()) if _buy(c, media_buy_id) is not None)
            campaign = next(holders, None)
        if campaign is None:
            return None
        self._campaigns[media_buy_id] = campaign
        buy = _buy(campaign, media_buy_id)
        return None if buy is None else self._within(campaign.campaign_id, media_buy_id, buy.name)

    def _within(self, campaign_id: str, thing_id: str, name: str, creative_id: str | None = None) -> Subject:
        campaign = self._platform.campaigns[campaign_id]
        return Subject(thing_id, name, campaign.customer_id, campaign.advertiser_id, campaign_id, creative_id)


def of_campaign(campaign: Campaign) -> Subject:
    """A campaign as a subject."""
    ids = (campaign.customer_id, campaign.advertiser_id, campaign.campaign_id)
    return Subject(campaign.campaign_id, campaign.name, *ids)


def of_advertiser(advertiser: Advertiser) -> Subject:
    """An advertiser as a subject."""
    return Subject(advertiser.advertiser_id, advertiser.name, advertiser.customer_id, advertiser.advertiser_id)


def _part(advertiser: Advertiser, thing_id: str, name: str) -> Subject:
    """Something that belongs to an advertiser."""
    return Subject(thing_id, name, advertiser.customer_id, advertiser.advertiser_id)


def _buy(campaign: Campaign, media_buy_id: str) -> MediaBuy | None:
    return next((buy for buy in campaign.media_buys if buy.media_buy_id == media_buy_id), None)
