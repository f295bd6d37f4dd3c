"""Audiences of campaigns in the targeting of their media buys (rules 64 and 97).

A media buy is aimed at the audiences that its sales agent has: those that are syndicated to it and ready there.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Any

from agents.buyer.campaign_bodies import AudienceConfig
from agents.buyer.records import Advertiser, Campaign
from sandbox.core.errors import AdcpError, ApiError
from sandbox.core.time import iso

if TYPE_CHECKING:
    from agents.buyer.platform import BuyerPlatform

Json = dict[str, Any]
Steps = Generator[Any, Any, Any]

_SIDES = {"TARGET": "audience_include", "SUPPRESS": "audience_exclude"}


def check_audiences(platform: BuyerPlatform, advertiser_id: str, config: AudienceConfig | None) -> None:
    """A campaign names audiences of its advertiser only; VALIDATION_ERROR otherwise."""
    if config is None:
        return
    sides = {"targetAudienceIds": config.target_audience_ids, "suppressAudienceIds": config.suppress_audience_ids}
    for side, ids in sides.items():
        for number, audience_id in enumerate(ids):
            if platform.audiences.live(advertiser_id, audience_id) is None:
                field = f"audienceConfig.{side}[{number}]"
                why = f"the advertiser has no audience {audience_id!r}; sync it with sync_audiences first"
                raise ApiError("VALIDATION_ERROR", f"{field}: {why}", field)


def merge_audiences(platform: BuyerPlatform, campaign: Campaign, config: AudienceConfig) -> None:
    """Add audiences; with ``deleteMissing`` the others are disabled, not forgotten (rule 97)."""
    wanted = dict.fromkeys(config.target_audience_ids, "TARGET")
    wanted |= dict.fromkeys(config.suppress_audience_ids, "SUPPRESS")
    for entry in campaign.audiences:
        if entry["audienceId"] in wanted:
            since = entry["enabledAt"] if entry["status"] == "ACTIVE" else iso(platform.now)
            entry |= {"type": wanted.pop(entry["audienceId"]), "status": "ACTIVE", "enabledAt": since}
        elif config.delete_missing:
            entry["status"] = "DISABLED"
    known = platform.audiences.of(campaign.advertiser_id)
    campaign.audiences.extend(
        {
            "audienceId": audience_id,
            "name": known[audience_id].name,
            "status": "ACTIVE",
            "type": kind,
            "enabledAt": iso(platform.now),
        }
        for audience_id, kind in wanted.items()
    )


def audience_overlay(platform: BuyerPlatform, campaign: Campaign, seller_id: str) -> Json:
    """The part of a targeting overlay that names audiences; empty without any that the agent has."""
    overlay: Json = {}
    for entry in campaign.audiences:
        held = platform.syndications.held(campaign.advertiser_id, "AUDIENCE", entry["audienceId"], seller_id)
        if entry["status"] == "ACTIVE" and held:
            overlay.setdefault(_SIDES[entry["type"]], []).append(entry["audienceId"])
    return overlay


def aims(platform: BuyerPlatform, campaign: Campaign) -> dict[str, Json]:
    """The audiences at which the campaign's media buys are aimed, by sales agent."""
    sellers = dict.fromkeys(buy.seller_id for buy in campaign.media_buys)
    return {seller_id: audience_overlay(platform, campaign, seller_id) for seller_id in sellers}


def retarget(platform: BuyerPlatform, advertiser: Advertiser, audience_id: str, seller_id: str) -> Steps:
    """Aim the running media buys with an agent anew, because it has an audience or lost it."""
    for campaign in list(platform.campaigns.values()):
        named = any(e["audienceId"] == audience_id and e["status"] == "ACTIVE" for e in campaign.audiences)
        if campaign.advertiser_id == advertiser.advertiser_id and named:
            yield from _send_all(platform, campaign, [seller_id])


def follow_aims(platform: BuyerPlatform, campaign: Campaign, before: dict[str, Json]) -> Steps:
    """Aim the running media buys anew whose audiences are others than ``before``; gives what was refused."""
    now = aims(platform, campaign)
    changed = [seller_id for seller_id, overlay in now.items() if overlay != before.get(seller_id, {})]
    return (yield from _send_all(platform, campaign, changed))


def _send_all(platform: BuyerPlatform, campaign: Campaign, sellers: list[str]) -> Steps:
    """Send the targeting to the running media buys with these agents.

    A refusal leaves the media buy as it is, with the agent's words as its message, and is told.
    """
    from agents.buyer.submission import send_change, targeting

    errors: list[Json] = []
    for buy in list(campaign.media_buys):
        running = buy.status in ("ACTIVE", "PAUSED") and buy.adcp_media_buy_id is not None
        if not running or buy.seller_id not in sellers:
            continue
        overlay = targeting(platform, campaign, buy.seller_id) | platform.outcome.overlay(buy)
        rows = [{"package_id": p.package_id, "targeting_overlay": overlay} for p in buy.packages if not p.canceled]
        try:
            if rows:
                yield from send_change(platform, campaign, buy, {"packages": rows})
        except AdcpError as error:
            buy.message = str(error)
            errors.append({"mediaBuyId": buy.media_buy_id, "salesAgentId": buy.seller_id, "message": str(error)})
    return errors
