"""How a media buy of the platform changes its status, and what an agent's word means for it (rules 79, 89)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agents.buyer.records import Campaign, MediaBuy
from sandbox.core.time import iso

if TYPE_CHECKING:
    from agents.buyer.platform import BuyerPlatform

FROM_ADCP = {
    "pending_creatives": "ACTIVE",
    "pending_start": "ACTIVE",
    "active": "ACTIVE",
    "paused": "PAUSED",
    "completed": "COMPLETED",
    "rejected": "REJECTED",
    "canceled": "CANCELED",
}
"""The platform's status for an agent's. A buy that waits for its start or its creatives is approved: ACTIVE."""

HELD = ("pending_creatives", "pending_start")
"""An agent's statuses in which a pause shows only later, when the buy would begin to deliver."""

OPEN = ("ACTIVE", "PAUSED", "PENDING_APPROVAL", "INPUT_REQUIRED")
"""Statuses of a media buy that its sales agent works on."""


def status_for(campaign: Campaign, adcp_status: str) -> str:
    """The platform's status for an agent's; what has not begun yet is PAUSED with its campaign (rule 67)."""
    if campaign.status == "PAUSED" and adcp_status in HELD:
        return "PAUSED"
    return FROM_ADCP[adcp_status]


def trace_id(buy: MediaBuy) -> str:
    """The name of a media buy in the trace: later versions carry their number."""
    return buy.media_buy_id if buy.version == 1 else f"{buy.media_buy_id}@{buy.version}"


def move(platform: BuyerPlatform, buy: MediaBuy, status: str, why: str) -> None:
    """Change a media buy's status, and tell."""
    if buy.status == status:
        return
    old, buy.status, buy.updated_ms = buy.status, status, platform.now
    buy.history.append({"at": iso(platform.now), "from": old, "to": status, "why": why})
    platform.status("platform_media_buy", trace_id(buy), old, status, why)


def live_version(campaign: Campaign, buy: MediaBuy) -> MediaBuy | None:
    """The running version of the media buy of which ``buy`` is a waiting update; None if it is none."""
    for other in campaign.media_buys:
        if other is not buy and other.media_buy_id == buy.media_buy_id and other.version < buy.version:
            return other
    return None


def pending_version(campaign: Campaign, buy: MediaBuy) -> MediaBuy | None:
    """The update that waits beside this running version, if any."""
    for other in campaign.media_buys:
        if other is not buy and other.media_buy_id == buy.media_buy_id and other.version > buy.version:
            return other
    return None


def read_status(body: dict[str, Any]) -> str | None:
    """The agent's status of a media buy in an answer or a listing."""
    status = body.get("media_buy_status", body.get("status"))
    return status if status in FROM_ADCP else None


def campaign_of(platform: BuyerPlatform, buy: MediaBuy) -> Campaign:
    """The campaign of a media buy."""
    return platform.campaigns[buy.campaign_id]
