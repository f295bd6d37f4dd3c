"""From a selected proposal to a running tactic, and to its end (rules 199, 201, 202, 207)."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Any

from agents.buyer.execution import limit_spend, set_paused
from agents.buyer.flight import change_status, watch_end
from agents.buyer.outcome import feedback
from agents.buyer.outcome.client import ask
from agents.buyer.outcome.ledger import buys_of, post
from agents.buyer.outcome.records import MANAGED, Tactic
from agents.buyer.outcome.updates import context_of, end_of, start_of, tell
from agents.buyer.records import Campaign
from sandbox.core.errors import ApiError
from sandbox.core.time import DAY_MS, HOUR_MS, WEEK_MS, day_start
from sandbox.operations.outcome import Acknowledgement, read

if TYPE_CHECKING:
    from agents.buyer.platform import BuyerPlatform

Json = dict[str, Any]
Steps = Generator[Any, Any, Any]

REPORTS_MS = 3 * HOUR_MS
"""How long after midnight the ledger is written, so that the reports of the day before are in."""

SETTLING_DAYS = 8
"""How long after its end a tactic is charged for what sales agents restate: conversions come for a week."""


def move(platform: BuyerPlatform, tactic: Tactic, status: str, why: str) -> None:
    """Change a tactic's status, and tell."""
    if tactic.status != status:
        old, tactic.status, tactic.reason = tactic.status, status, why or None
        platform.status("tactic", tactic.proposal_id, old, status, why)


def assign(platform: BuyerPlatform, campaign: Campaign, tactic: Tactic) -> Steps:
    """Offer a selected tactic to its agent, and begin when it is acknowledged; see :func:`_offer`."""
    move(platform, tactic, "ASSIGNING", "the advertiser selected it")
    tactic.decided = platform.world.env.event()
    taken = yield from _offer(platform, campaign, tactic)
    if taken:
        begin(platform, campaign, tactic, f"{platform.outcome.agents[tactic.agent_id].name} has taken it")
    tactic.decided.succeed()
    if taken:
        yield from follow(platform, campaign, tactic)


def begin(platform: BuyerPlatform, campaign: Campaign, tactic: Tactic, why: str) -> None:
    """Let a tactic run that its agent has taken: by its answer, or by buying for it before it answers."""
    if tactic.status != "ASSIGNING":
        return
    move(platform, tactic, "ACTIVE", why)
    platform.outcome.limit(tactic)
    limit_spend(platform, campaign)
    if campaign.status == "DRAFT":
        change_status(platform, campaign, "ACTIVE", "a tactic was assigned")
        watch_end(platform, campaign)
    platform.world.spawn(_watch(platform, tactic))


def _offer(platform: BuyerPlatform, campaign: Campaign, tactic: Tactic) -> Generator[Any, Any, bool]:
    """Ask the agent to take a tactic; True if it has.

    Without an answer the tactic is FAILED, although the agent may have it: selecting it again sends the same
    request, under the same key, so that it is accepted once at most. What is wanted by then is told afterwards.
    """
    tactic.offer = body = tactic.offer or _offered(platform, campaign, tactic)
    tactic.sent, tactic.values = body["tacticContext"], body["customFields"]
    key = f"{tactic.proposal_id}-accept" + (f"-{tactic.refusals + 1}" if tactic.refusals else "")
    agent = platform.outcome.agents[tactic.agent_id]
    outcome = yield from ask(platform, agent, "accept-proposal", body, key)
    if tactic.status != "ASSIGNING":
        return True  # it has bought meanwhile; what it says afterwards takes nothing back
    if outcome.body is None:
        if outcome.refused:
            tactic.offer, tactic.refusals = {}, tactic.refusals + 1
        elif not outcome.unsure:
            tactic.offer = {}
        move(platform, tactic, "FAILED", outcome.why)
        return False
    try:
        answer = read(Acknowledgement, outcome.body)
    except ApiError as error:
        move(platform, tactic, "FAILED", f"its answer is not valid: {error.message}")
        return False
    if not answer.acknowledged:
        move(platform, tactic, "DECLINED", answer.reason or "the agent gave no reason")
        return False
    return True


def _offered(platform: BuyerPlatform, campaign: Campaign, tactic: Tactic) -> Json:
    """The body of ``accept-proposal``."""
    return {
        "tacticId": tactic.tactic_id,
        "proposalId": tactic.proposal_id,
        "tacticContext": context_of(platform, tactic),
        "brandAgentId": campaign.advertiser_id,
        "seatId": str(campaign.customer_id),
        "customFields": tactic.values,
    }


def follow_campaign(platform: BuyerPlatform, campaign: Campaign) -> Steps:
    """Tell the agents of a campaign what changed; end its tactics if it was archived."""
    running = [tactic for tactic in platform.outcome.of_campaign(campaign) if tactic.status in MANAGED]
    yield from platform.sellers.gather([follow(platform, campaign, tactic) for tactic in running])
    if campaign.status in ("ARCHIVED", "COMPLETED"):
        for tactic in platform.outcome.of_campaign(campaign):
            if tactic.status in ("PROPOSED", "FAILED"):
                move(platform, tactic, "EXPIRED", "the campaign is over")


def follow(platform: BuyerPlatform, campaign: Campaign, tactic: Tactic) -> Steps:
    """Bring a tactic's status in line with its campaign, and tell the agent; feedback goes with a change."""
    if campaign.status == "ARCHIVED":
        move(platform, tactic, "CANCELED", "the campaign was deleted")
    elif tactic.status in MANAGED:
        rests = tactic.paused or campaign.status == "PAUSED"
        move(platform, tactic, "PAUSED" if rests else "ACTIVE", "paused" if rests else "it goes on")
    changed = yield from tell(platform, tactic)
    if changed and tactic.status in MANAGED:
        yield from feedback.give(platform, tactic, platform.now)


def pause_buys(platform: BuyerPlatform, campaign: Campaign, tactic: Tactic) -> Steps:
    """Halt the media buys of a paused tactic, or let them run again; what a sales agent refuses is their message."""
    old = ("ACTIVE",) if tactic.paused else ("PAUSED", "ACTIVE")  # one that has not begun is ACTIVE though it rests
    buys = [buy for buy in buys_of(platform, tactic) if buy.status in old and buy.adcp_media_buy_id is not None]
    errors = yield from set_paused(platform, campaign, buys, tactic.paused, "as its tactic is")
    refused = {error["mediaBuyId"]: str(error["message"]) for error in errors}
    for buy in buys:
        buy.message = refused.get(buy.media_buy_id, buy.message)


def _watch(platform: BuyerPlatform, tactic: Tactic) -> Steps:
    """The ledger every morning, feedback after every week and at the end; then the last corrections."""
    feedback_ms = max(platform.now, start_of(platform, tactic)) + WEEK_MS
    while tactic.status in MANAGED:
        wake_ms = max(platform.now, min(_morning(platform.now), end_of(platform, tactic)))
        yield platform.world.env.timeout(wake_ms - platform.now)
        if tactic.status in MANAGED and platform.now >= end_of(platform, tactic):
            move(platform, tactic, "COMPLETED", "its flight is over")
        elif tactic.status in MANAGED and platform.now >= feedback_ms:
            yield from tell(platform, tactic)
            yield from feedback.give(platform, tactic, feedback_ms)
            feedback_ms += WEEK_MS
        else:
            post(platform, tactic)
    for day in range(SETTLING_DAYS):
        yield platform.world.env.timeout(_morning(platform.now) - platform.now)
        if day == 0 and tactic.status == "COMPLETED":
            yield from feedback.give(platform, tactic, end_of(platform, tactic))
        else:
            post(platform, tactic)


def _morning(now_ms: int) -> int:
    """The next time at which the reports of a day are in."""
    return day_start(now_ms - REPORTS_MS) + DAY_MS + REPORTS_MS
