"""The status of a campaign over its flight: changes, and completion at its end or on full delivery (rule 69)."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Any

from agents.buyer.records import Campaign
from sandbox.core.time import MINUTE_MS
from sandbox.domain.lifecycles import ENDED_MEDIA_BUYS

if TYPE_CHECKING:
    from agents.buyer.platform import BuyerPlatform

SETTLING_MS = 5 * MINUTE_MS
"""How long after its end a campaign waits before it asks the agents for the last statuses."""


def change_status(platform: BuyerPlatform, campaign: Campaign, status: str, why: str) -> None:
    """Change a campaign's status, and tell."""
    if campaign.status == status:
        return
    old, campaign.status, campaign.updated_ms = campaign.status, status, platform.now
    platform.status("campaign", campaign.campaign_id, old, status, why)


def watch_end(platform: BuyerPlatform, campaign: Campaign) -> None:
    """Complete the campaign when its end comes; a later change of the end makes this watch idle."""
    end_ms = campaign.end_ms

    def end() -> Generator[Any, Any, None] | None:
        if campaign.end_ms != end_ms or campaign.status not in ("ACTIVE", "PAUSED"):
            return None
        change_status(platform, campaign, "COMPLETED", "the flight is over")
        return _settle(platform, campaign)

    platform.world.at(end_ms, end)


def _settle(platform: BuyerPlatform, campaign: Campaign) -> Generator[Any, Any, None]:
    from agents.buyer.status_sync import refresh_campaign

    yield platform.world.env.timeout(SETTLING_MS)
    yield from refresh_campaign(platform, campaign)


def complete_if_delivered(platform: BuyerPlatform, campaign: Campaign) -> None:
    """Complete an ACTIVE campaign whose media buys have all ended, at least one of them by delivery.

    An outcome agent that still manages a tactic may buy more.
    """
    statuses = [buy.status for buy in campaign.media_buys]
    if campaign.status != "ACTIVE" or "COMPLETED" not in statuses or platform.outcome.manages(campaign):
        return
    if all(status in ENDED_MEDIA_BUYS for status in statuses):
        change_status(platform, campaign, "COMPLETED", "everything is delivered")
