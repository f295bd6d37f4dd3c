"""What the platform learns about its media buys: by webhook, and by asking (rules 81 to 83, 89)."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from agents.buyer.answers.media_buys import MediaBuyStatuses
from agents.buyer.buy_status import live_version, move, pending_version, status_for
from agents.buyer.context import campaign_for, platform_of
from agents.buyer.flight import complete_if_delivered
from agents.buyer.media_buys import drop_version, promote
from agents.buyer.observations import ENDS
from agents.buyer.records import Campaign, MediaBuy
from agents.buyer.submission import adopt, given_up, make_up, recover, take_answer
from agents.buyer.uncertain import look_up, uncertain
from agents.buyer.wire import group
from sandbox.core.errors import AdcpError
from sandbox.core.money import micros
from sandbox.core.time import parse_instant
from sandbox.domain.lifecycles import ENDED_MEDIA_BUYS
from sandbox.kernel.endpoint import Context
from sandbox.operations import Request
from sandbox.protocol.errors import from_body

if TYPE_CHECKING:
    from agents.buyer.platform import BuyerPlatform

operation = group("media buy status")
Steps = Generator[Any, Any, Any]
Json = dict[str, Any]


@operation(
    "get_media_buy_status",
    "GET",
    "/campaigns/{campaignId}/media-buy-status",
    answer=MediaBuyStatuses,
    mutating=True,
    rules=(2, 82, 83),
)
def get_media_buy_status(ctx: Context, request: Request) -> Steps:
    """Ask every sales agent of the campaign, keep what changed, and tell what was before."""
    platform, campaign = platform_of(ctx), campaign_for(ctx, request.path["campaignId"])
    rows, asked, errors = yield from refresh_campaign(platform, campaign)
    return {"campaign_id": campaign.campaign_id, "media_buys": rows, "agents_queried": asked, "errors": errors}


def refresh_campaign(platform: BuyerPlatform, campaign: Campaign) -> Steps:
    """Ask about every media buy that an agent has; gives rows, the number of agents asked, and errors."""
    rows: list[Json] = []
    errors: list[Json] = []
    asked: dict[str, None] = {}
    for buy in list(campaign.media_buys):
        if not _worth_asking(buy):
            continue
        before = (buy.status, buy.adcp_status)
        asked[buy.seller_id] = None
        try:
            yield from refresh(platform, campaign, buy)
        except AdcpError as error:
            errors.append({"media_buy_id": buy.media_buy_id, "message": str(error)})
        rows.append(
            {
                "media_buy_id": buy.media_buy_id,
                "adcp_media_buy_id": buy.adcp_media_buy_id,
                "internal_status": buy.status,
                "adcp_status": buy.adcp_status,
                "previous_internal_status": before[0],
                "previous_adcp_status": before[1],
                "updated": (buy.status, buy.adcp_status) != before,
            }
        )
    complete_if_delivered(platform, campaign)
    return rows, len(asked), errors


def _undecided(buy: MediaBuy) -> bool:
    """True if the agent's decision is not known yet, even if nobody here wants the media buy any more."""
    unwanted = buy.status in ("CANCELED", "ARCHIVED") and buy.adcp_media_buy_id is None
    return buy.task_id is not None and (buy.status in ("PENDING_APPROVAL", "INPUT_REQUIRED") or unwanted)


def _open_question(buy: MediaBuy) -> bool:
    """True if something about the media buy has to be cleared up with its agent, whatever its campaign does."""
    return _undecided(buy) or given_up(buy) or uncertain(buy) or buy.overdue is not None


def _worth_asking(buy: MediaBuy) -> bool:
    if _open_question(buy):
        return True
    return buy.adcp_media_buy_id is not None and buy.status in ("ACTIVE", "PAUSED")


def refresh(platform: BuyerPlatform, campaign: Campaign, buy: MediaBuy) -> Steps:
    """Ask the agent about one media buy: about its task while it waits, about the buy itself afterwards."""
    if given_up(buy):
        try:
            yield from recover(platform, campaign, buy)
        except AdcpError as error:
            if error.code != "IDEMPOTENCY_EXPIRED":
                raise
            yield from look_up(platform, campaign, buy)
        return
    if uncertain(buy):
        yield from look_up(platform, campaign, buy)
        return
    if buy.overdue is not None:
        yield from make_up(platform, campaign, buy, buy.overdue)
        return
    advertiser, routed = platform.advertisers[campaign.advertiser_id], campaign.campaign_type == "ROUTED"
    account = yield from platform.sellers.account(buy.seller_id, advertiser, routed, buy.media_buy_id)
    if _undecided(buy):
        signed = platform.credentials.signature(buy.seller_id, account.get("account_id"))
        question: Json = {"task_id": buy.task_id, "include_result": True}
        body = yield from platform.sellers.request(buy.seller_id, "get_task_status", question, signed=signed)
        yield from take_task(platform, campaign, buy, body)
        return
    request = {"account": account, "media_buy_ids": [buy.adcp_media_buy_id]}
    body = yield from platform.sellers.request(buy.seller_id, "get_media_buys", request)
    for row in body.get("media_buys", []):
        if row["media_buy_id"] == buy.adcp_media_buy_id:
            _take_listing(platform, campaign, buy, row)


def _take_listing(platform: BuyerPlatform, campaign: Campaign, buy: MediaBuy, row: Json) -> None:
    """Take over how the agent lists a running media buy.

    A listing older than what is known already is let go, and so is one of a version that was replaced or has
    ended while the agent was asked.
    """
    if buy.status not in ("ACTIVE", "PAUSED") or row.get("revision", 0) < (buy.revision or 0):
        return
    buy.adcp_status, buy.revision = row["status"], row.get("revision", buy.revision)
    if "start_time" in row and "end_time" in row:
        buy.start_ms, buy.end_ms = parse_instant(row["start_time"]), parse_instant(row["end_time"])
    for entry in row.get("packages", []):
        _take_package(campaign, buy, entry)
    if row.get("rejection_reason"):
        buy.message = row["rejection_reason"]
    move(platform, buy, status_for(campaign, row["status"]), f"the sales agent says {row['status']}")
    waiting = pending_version(campaign, buy)
    if waiting is not None and buy.status in ENDED_MEDIA_BUYS:
        drop_version(platform, campaign, waiting, "CANCELED", f"the media buy is {buy.status}")


def _take_package(campaign: Campaign, buy: MediaBuy, entry: Json) -> None:
    """Take over a listed package. An unknown one came of a change whose answer was late or lost."""
    package = next((p for p in buy.packages if p.package_id == entry["package_id"]), None)
    if package is None:
        like = next((p for p in buy.packages if p.product_id == entry.get("product_id")), None)
        if like is None:
            return
        package = replace(like, package_id=entry["package_id"], creative_ids=())
        buy.packages.append(package)
    package.paused = bool(entry.get("paused", package.paused))
    package.canceled = bool(entry.get("canceled", package.canceled))
    if "budget" in entry:
        package.budget_micros = micros(entry["budget"])
    if "start_time" in entry and "end_time" in entry:
        package.start_ms, package.end_ms = parse_instant(entry["start_time"]), parse_instant(entry["end_time"])
    for period in campaign.periods:
        if period["start_ms"] <= package.start_ms and package.end_ms <= period["end_ms"]:
            package.period = period["label"]


def on_task(platform: BuyerPlatform, sender: str, payload: Json) -> Steps:
    """News of a task by webhook; ignored unless the task belongs to a media buy with this agent.

    News that comes before the answer that names the task is kept for it. Raises :class:`AdcpError`, so that the
    agent tells again, when the agent can't be asked about it, and CONFLICT when the task has ended otherwise.
    """
    task_id = str(payload["task_id"])
    if platform.observations.ended(sender, task_id):
        platform.observations.is_news(sender, task_id, payload)
        return
    for campaign in list(platform.campaigns.values()):
        mine = [buy for buy in campaign.media_buys if buy.seller_id == sender]
        for buy in mine:
            if buy.task_id == task_id:
                yield from take_task(platform, campaign, buy, payload)
                complete_if_delivered(platform, campaign)
                return
        for buy in mine:
            if buy.media_buy_id == payload.get("operation_id"):
                yield from _take_other_task(platform, campaign, buy, payload)
                return


def on_early_news(platform: BuyerPlatform, sender: str, payload: Json) -> Steps:
    """News that was acknowledged before its task was known; what can't be taken in is left to polling."""
    try:
        yield from on_task(platform, sender, payload)
    except AdcpError:
        return


def _take_other_task(platform: BuyerPlatform, campaign: Campaign, buy: MediaBuy, payload: Json) -> Steps:
    """News of a task that no version waits for: of an order or a change whose answer is not here (and may never
    be), or of a pause, a cancellation or a new package that was decided."""
    sender, task_id = buy.seller_id, str(payload["task_id"])
    versions = [other for other in campaign.media_buys if other.media_buy_id == buy.media_buy_id]
    if any(version.sending for version in versions):
        platform.observations.keep(sender, payload)
    elif payload.get("task_type") == "create_media_buy":
        if buy.pending_request is not None and buy.adcp_media_buy_id is None and buy.task_id is None:
            yield from take_answer(platform, campaign, buy, {"status": "submitted", "task_id": task_id})
            yield from take_task(platform, campaign, buy, payload)
        else:
            _check_end(buy, payload)
    elif buy.adcp_media_buy_id is not None and buy.status in ("ACTIVE", "PAUSED"):
        yield from refresh(platform, campaign, buy)
        complete_if_delivered(platform, campaign)


def _check_end(buy: MediaBuy, payload: Json) -> None:
    """Compare the end of an order with what was answered to it at once. Raises CONFLICT for another one."""
    if payload["status"] not in ENDS or buy.adcp_media_buy_id is None:
        return
    booked = (payload.get("result") or {}).get("media_buy_id")
    if payload["status"] != "completed" or booked != buy.adcp_media_buy_id:
        raise AdcpError("CONFLICT", f"{buy.media_buy_id} was answered as {buy.adcp_media_buy_id}; that stands")


def take_task(platform: BuyerPlatform, campaign: Campaign, buy: MediaBuy, body: Json) -> Steps:
    """Take in where a task stands. The first end of a task counts; what comes later changes nothing.

    Raises CONFLICT for another end, and INVALID_REQUEST for a media buy that is not one.
    """
    status = body["status"]
    if status == "completed":
        if body.get("result") is None:
            return  # it has ended, but as what is not said: polling asks again
        _check_result(platform, campaign, buy, body)
    if buy.task_id is None or not platform.observations.is_news(buy.seller_id, buy.task_id, body):
        return
    platform.tasks.order_news(buy, body)
    buy.message = body.get("message", buy.message)
    if buy.status not in ("PENDING_APPROVAL", "INPUT_REQUIRED"):
        if _undecided(buy) and status in ("completed", "rejected", "failed", "canceled"):
            buy.task_id = None
            if status == "completed":
                yield from adopt(platform, campaign, buy, body["result"])
        return
    if status == "input-required":
        buy.needs = buy.message or "the sales agent needs more information"
        move(platform, buy, "INPUT_REQUIRED", buy.needs)
    elif status in ("submitted", "working"):
        buy.needs = None
        move(platform, buy, "PENDING_APPROVAL", "the sales agent goes on with it")
    elif status == "completed":
        buy.needs = None
        if live_version(campaign, buy) is not None:
            promote(platform, campaign, buy, body["result"])
        else:
            yield from adopt(platform, campaign, buy, body["result"])
    elif status in ("rejected", "failed", "canceled"):
        _refused(platform, campaign, buy, status, body)


def _check_result(platform: BuyerPlatform, campaign: Campaign, buy: MediaBuy, body: Json) -> None:
    """The result of a completed task has to fit the schema of its tool; it is nothing to go by otherwise."""
    tool = "create_media_buy" if live_version(campaign, buy) is None else "update_media_buy"
    if body.get("result") is not None:
        issues = platform.sellers.issues(buy.seller_id, tool, body["result"])
        if issues:
            raise AdcpError("INVALID_REQUEST", f"the result of task {buy.task_id} breaks its schema: {issues[0]}")


def _refused(platform: BuyerPlatform, campaign: Campaign, buy: MediaBuy, status: str, body: Json) -> None:
    error = from_body(body.get("result") or {}) or body.get("error")
    why = str(error["message"]) if isinstance(error, dict) else str(error or buy.message or status)
    final = {"rejected": "REJECTED", "failed": "FAILED", "canceled": "CANCELED"}[status]
    if live_version(campaign, buy) is not None:
        drop_version(platform, campaign, buy, final, why)
        return
    buy.needs, buy.message = None, why
    buy.task_id = None if final == "FAILED" else buy.task_id
    move(platform, buy, final, why)


def poll_statuses(platform: BuyerPlatform) -> Steps:
    """Ask about the media buys of every campaign that runs or waits; failures are left for the next time."""
    for campaign in list(platform.campaigns.values()):
        if campaign.status in ("ACTIVE", "PAUSED") or any(map(_open_question, campaign.media_buys)):
            yield from refresh_campaign(platform, campaign)
