"""Executing, pausing and reactivating a campaign (rules 66 to 78)."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Any

from agents.buyer.answers import media_buys as answers
from agents.buyer.buy_status import move, read_status, status_for
from agents.buyer.campaign_bodies import Execute
from agents.buyer.context import campaign_for, platform_of
from agents.buyer.fees import media_budget_micros
from agents.buyer.flight import change_status, watch_end
from agents.buyer.records import Campaign, MediaBuy
from agents.buyer.staging import check_picks, stage
from agents.buyer.submission import check_periods, send_change, share_out, submit
from agents.buyer.wire import group
from sandbox.core.errors import AdcpError, ApiError
from sandbox.core.time import iso
from sandbox.kernel.endpoint import Context
from sandbox.operations import Request

if TYPE_CHECKING:
    from agents.buyer.platform import BuyerPlatform

operation = group("execution")
Steps = Generator[Any, Any, Any]
Json = dict[str, Any]


@operation(
    "execute_campaign",
    "POST",
    "/campaigns/{campaignId}/execute",
    body=Execute,
    answer=answers.CampaignAction,
    rules=(66, 72, 73, 75, 76, 77),
)
def execute_campaign(ctx: Context, request: Request) -> Steps:
    """Launch: stage the selected products, then submit every DRAFT to its sales agent.

    A FAILED media buy becomes a DRAFT again and is tried anew (rule 75); no other one is touched, and none
    that another call is just submitting.
    """
    platform = platform_of(ctx)
    campaign = campaign_for(ctx, request.path["campaignId"])
    if campaign.status not in ("DRAFT", "COMPLETED", "ACTIVE"):  # rule 68, conflict C3
        hint = "use reactivate_campaign" if campaign.status == "PAUSED" else "it stays archived"
        raise ApiError("INVALID_STATE", f"the campaign is {campaign.status}; {hint}")
    if campaign.end_ms <= platform.now:
        raise ApiError("INVALID_STATE", f"the flight is over since {iso(campaign.end_ms)}", "flightDates.endDate")
    for discovery_id in campaign.discovery_ids:
        session = platform.sessions[discovery_id]
        check_picks(platform, campaign, session, session.selections)
    stage(platform, campaign)
    drafts = [buy for buy in campaign.media_buys if buy.status in ("DRAFT", "FAILED") and not buy.sending]
    todo = [buy for buy in drafts if buy.products]
    if campaign.status != "ACTIVE" and not todo:
        raise ApiError("VALIDATION_ERROR", "no products are selected; attach a discovery session", "discoveryId")
    check_periods(platform, campaign, todo)
    share_out(platform, campaign, todo)
    for buy in todo:
        buy.sending = True
        move(platform, buy, "DRAFT", "it is tried again")
    limit_spend(platform, campaign)
    previous = campaign.status
    change_status(platform, campaign, "ACTIVE", "executed")
    watch_end(platform, campaign)
    logs: dict[str, list[Json]] = {buy.media_buy_id: [] for buy in todo}
    results = yield from platform.sellers.gather(
        [submit(platform, campaign, buy, logs[buy.media_buy_id]) for buy in todo]
    )
    failed = [(buy, result) for buy, result in zip(todo, results, strict=True) if isinstance(result, AdcpError)]
    debug = request.body.debug
    errors = [_error(buy, error, logs[buy.media_buy_id] if debug else None) for buy, error in failed]
    return outcome(campaign, previous, errors)


def outcome(campaign: Campaign, previous: str, errors: list[Json]) -> Json:
    """The answer of an action on a campaign (rule 77)."""
    body: Json = {
        "campaignId": campaign.campaign_id,
        "previousStatus": previous,
        "newStatus": campaign.status,
        "success": not errors,
    }
    return body | {"errors": errors} if errors else body


def _error(buy: MediaBuy, error: AdcpError, log: list[Json] | None) -> Json:
    entry: Json = {
        "mediaBuyId": buy.media_buy_id,
        "salesAgentId": buy.seller_id,
        "message": f"Failed to submit media buy to publisher: {error}",
    }
    if log is not None:  # rule 76
        last = log[-1] if log else {}
        entry["debug"] = {
            "request": last.get("request", {}).get("body"),
            "response": (last.get("response") or {}).get("body"),
            "debugLogs": log,
            "error": str(error),
        }
    return entry


def limit_spend(platform: BuyerPlatform, campaign: Campaign) -> None:
    """Hold all lines of the campaign to its media budget and its daily cap (rule 56)."""
    media = media_budget_micros(platform, campaign)
    platform.world.market.set_budget_group(
        campaign.campaign_id, media, campaign.daily_cap_micros, platform.config.timezone
    )


@operation(
    "pause_campaign",
    "POST",
    "/campaigns/{campaignId}/pause",
    answer=answers.CampaignAction,
    rules=(67, 70, 111),
)
def pause_campaign(ctx: Context, request: Request) -> Steps:
    """Halt every media buy and every package at its sales agent."""
    platform, campaign = platform_of(ctx), campaign_for(ctx, request.path["campaignId"])
    _only(campaign, "ACTIVE", "paused")
    previous = campaign.status
    change_status(platform, campaign, "PAUSED", "paused")
    running = [buy for buy in campaign.media_buys if buy.status == "ACTIVE"]
    errors = yield from set_paused(platform, campaign, running, paused=True)
    return outcome(campaign, previous, errors)


@operation(
    "reactivate_campaign",
    "POST",
    "/campaigns/{campaignId}/reactivate",
    answer=answers.CampaignAction,
    rules=(68, 70, 111),
)
def reactivate_campaign(ctx: Context, request: Request) -> Steps:
    """Bring a paused campaign back; its media buys run again if their dates allow."""
    platform, campaign = platform_of(ctx), campaign_for(ctx, request.path["campaignId"])
    _only(campaign, "PAUSED", "reactivated")
    previous, now = campaign.status, platform.now
    change_status(platform, campaign, "ACTIVE", "reactivated")
    held = [
        buy
        for buy in campaign.media_buys
        if buy.status == "PAUSED"
        and not platform.outcome.rests(buy)
        and (campaign.end_ms if buy.end_ms is None else buy.end_ms) > now
    ]
    errors = yield from set_paused(platform, campaign, held, paused=False)
    return outcome(campaign, previous, errors)


def _only(campaign: Campaign, status: str, what: str) -> None:
    if campaign.status != status:  # rule 70
        raise ApiError("INVALID_STATE", f"only an {status} campaign can be {what}; this one is {campaign.status}")


def set_paused(
    platform: BuyerPlatform, campaign: Campaign, buys: list[MediaBuy], paused: bool, why: str = "as its campaign is"
) -> Steps:
    """Halt media buys at their sales agents, or let them run again; gives a row for each one that refused."""
    changes = [send_change(platform, campaign, buy, {"paused": paused}) for buy in buys]
    results = yield from platform.sellers.gather(changes)
    errors: list[Json] = []
    for buy, result in zip(buys, results, strict=True):
        if isinstance(result, AdcpError):
            errors.append({"mediaBuyId": buy.media_buy_id, "salesAgentId": buy.seller_id, "message": str(result)})
            continue
        status = read_status(result)
        if status is None:
            buy.message = "the sales agent has to approve the pause" if paused else "the sales agent has to approve it"
        elif buy.status in ("ACTIVE", "PAUSED"):
            buy.adcp_status = status
            move(platform, buy, status_for(campaign, status), why)
    return errors
