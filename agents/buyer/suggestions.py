"""Optimisation suggestions: list, get, approve, reject, and what becomes of them (rules 174 to 176).

Under MANUAL a suggestion waits for a person (HIL_WAITING) until it expires; under AUTO it is applied at once. To
apply one is an ordinary update of the media buy, with all its checks and its approval by the sales agent. Money
is taken away before it is given: increases get what is free when their turn comes.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from agents.buyer import suggestion_wire
from agents.buyer.answers import suggestions as answers
from agents.buyer.buy_status import pending_version
from agents.buyer.campaign_bodies import MediaBuyAction, PackageChange
from agents.buyer.context import customer_of, platform_of, suggestion_for
from agents.buyer.evidence import items_of
from agents.buyer.fees import committed_micros, media_budget_micros
from agents.buyer.media_buy_checks import check_actions, find
from agents.buyer.media_buys import act
from agents.buyer.records import Adjustment, Campaign, Suggestion
from agents.buyer.wire import group
from sandbox.core.errors import ApiError
from sandbox.core.money import amount, split
from sandbox.core.time import HOUR_MS
from sandbox.kernel.endpoint import Context
from sandbox.operations import Body, Group, Request
from sandbox.operations.model import Id
from sandbox.operations.paging import limit_offset

if TYPE_CHECKING:
    from agents.buyer.platform import BuyerPlatform

operation: Group = group("optimization suggestions")

Steps = Generator[Any, Any, None]
Status = Literal[
    "CREATED", "CREATED_FAILED", "INGESTED", "INGESTED_FAIL", "HIL_WAITING", "HIL_APPROVED", "HIL_REJECTED",
    "APPLIED", "APPLIED_FAIL", "REJECTED", "EXPIRED",
]  # fmt: skip


class ListSuggestions(Body):
    """Query of ``list_optimization_suggestions``."""

    campaign_id: Id | None = None
    media_buy_id: Id | None = None
    status: Status | None = None
    limit: int = Field(default=20, ge=1, le=100)
    offset: int = Field(default=0, ge=0)


class Reject(Body):
    """Body of ``reject_optimization_suggestion``."""

    reason: str | None = Field(default=None, max_length=2000)


# -- operations ------------------------------------------------------------------------------------------------


@operation(
    "list_optimization_suggestions",
    "GET",
    "/optimization-suggestions",
    params=ListSuggestions,
    answer=answers.SuggestionList,
    rules=(8, 174),
)
def list_optimization_suggestions(ctx: Context, request: Request) -> dict[str, Any]:
    """Suggestions for the caller's campaigns, the newest last: ``{suggestions, totalCount, hasMore}``."""
    query: ListSuggestions = request.params
    rows = [
        suggestion_wire.row(suggestion)
        for suggestion in platform_of(ctx).suggestions.values()
        if suggestion.customer_id == customer_of(ctx).customer_id
        and query.campaign_id in (None, suggestion.campaign_id)
        and query.media_buy_id in (None, suggestion.media_buy_id)
        and query.status in (None, suggestion.status)
    ]
    page = limit_offset(rows, query.limit, query.offset)
    return {"suggestions": page["items"], "totalCount": page["total"], "hasMore": page["hasMore"]}


@operation(
    "get_optimization_suggestion",
    "GET",
    "/optimization-suggestions/{suggestionId}",
    answer=answers.Suggestion,
    rules=(174,),
)
def get_optimization_suggestion(ctx: Context, request: Request) -> dict[str, Any]:
    """One suggestion with its adjustments and reasons."""
    suggestion = suggestion_for(ctx, request.path["suggestionId"])
    return suggestion_wire.full(suggestion, platform_of(ctx).campaigns[suggestion.campaign_id])


@operation(
    "approve_optimization_suggestion",
    "POST",
    "/optimization-suggestions/{suggestionId}/approve",
    answer=answers.SuggestionDecision,
    rules=(175,),
)
def approve_optimization_suggestion(ctx: Context, request: Request) -> dict[str, Any]:
    """Approve a waiting suggestion; it is applied next. CONFLICT unless it is HIL_WAITING."""
    platform = platform_of(ctx)
    suggestion = _waiting(ctx, request)
    _move(platform, suggestion, "HIL_APPROVED", "approved")
    platform.world.spawn(_apply(platform, platform.campaigns[suggestion.campaign_id], suggestion))
    return {"suggestionId": suggestion.suggestion_id, "status": suggestion.status}


@operation(
    "reject_optimization_suggestion",
    "POST",
    "/optimization-suggestions/{suggestionId}/reject",
    body=Reject,
    answer=answers.SuggestionDecision,
    rules=(175,),
)
def reject_optimization_suggestion(ctx: Context, request: Request) -> dict[str, Any]:
    """Reject a waiting suggestion, with or without a reason. CONFLICT unless it is HIL_WAITING."""
    suggestion = _waiting(ctx, request)
    _move(platform_of(ctx), suggestion, "HIL_REJECTED", request.body.reason or "rejected")
    return {"suggestionId": suggestion.suggestion_id, "status": suggestion.status}


def _waiting(ctx: Context, request: Request) -> Suggestion:
    suggestion = suggestion_for(ctx, request.path["suggestionId"])
    if suggestion.status != "HIL_WAITING":  # rule 175, conflict C26
        raise ApiError("CONFLICT", f"the suggestion is {suggestion.status}; only HIL_WAITING ones can be decided")
    return suggestion


# -- what becomes of them --------------------------------------------------------------------------------------


def busy(platform: BuyerPlatform, campaign: Campaign) -> bool:
    """True while a suggestion for the campaign is being applied."""
    return any(s.status in ("INGESTED", "HIL_APPROVED") for s in _of(platform, campaign))


def idle_micros(platform: BuyerPlatform, campaign: Campaign) -> int:
    """Money that suggestions took from media buys and that no other one got."""
    return max(0, -sum(suggestion.applied_micros for suggestion in _of(platform, campaign)))


def expire_waiting(platform: BuyerPlatform, campaign: Campaign, why: str) -> None:
    """Let all suggestions for a campaign expire that wait for a person."""
    for suggestion in _of(platform, campaign):
        if suggestion.status == "HIL_WAITING":
            _move(platform, suggestion, "EXPIRED", why)


def submit_suggestions(platform: BuyerPlatform, campaign: Campaign, made: list[Suggestion]) -> None:
    """Take in the suggestions of a run: they wait for a person, or are applied (rule 176)."""
    mode = campaign.apply_mode or platform.advertisers[campaign.advertiser_id].apply_mode  # rule 35
    for suggestion in made:
        platform.suggestions[suggestion.suggestion_id] = suggestion
        platform.status("suggestion", suggestion.suggestion_id, None, "CREATED", suggestion.rationale)
        try:
            _check(platform, campaign, suggestion, suggestion.adjustments, max(0, suggestion.growth_micros))
        except ApiError as error:
            _fail(platform, suggestion, "INGESTED_FAIL", error.message)
            continue
        _move(platform, suggestion, "INGESTED", f"optimizationApplyMode is {mode}")
        if mode == "MANUAL":
            _move(platform, suggestion, "HIL_WAITING", "it waits for approval")
            _expire_later(platform, campaign, suggestion)
    ready = [suggestion for suggestion in made if suggestion.status == "INGESTED"]
    if ready:
        platform.world.spawn(_apply_all(platform, campaign, ready))


def _of(platform: BuyerPlatform, campaign: Campaign) -> list[Suggestion]:
    return [s for s in platform.suggestions.values() if s.campaign_id == campaign.campaign_id]


def _move(platform: BuyerPlatform, suggestion: Suggestion, status: str, why: str) -> None:
    old, suggestion.status, suggestion.status_ms = suggestion.status, status, platform.now
    suggestion.reason = why
    platform.status("suggestion", suggestion.suggestion_id, old, status, why)


def _fail(platform: BuyerPlatform, suggestion: Suggestion, status: str, error: str) -> None:
    suggestion.error = error
    _move(platform, suggestion, status, error)


def _expire_later(platform: BuyerPlatform, campaign: Campaign, suggestion: Suggestion) -> None:
    """A suggestion waits for its time to live, but not longer than the flight."""
    until_ms = min(platform.now + platform.config.optimization.suggestion_ttl, max(platform.now, campaign.end_ms))

    def expire() -> None:
        if suggestion.status == "HIL_WAITING":
            _move(platform, suggestion, "EXPIRED", "nobody decided in time")

    platform.world.at(until_ms, expire)


def _apply_all(platform: BuyerPlatform, campaign: Campaign, ready: list[Suggestion]) -> Steps:
    """Apply the suggestions of a run: those that take money from their media buy first, then those that add."""
    taking = [_apply(platform, campaign, suggestion) for suggestion in ready if suggestion.growth_micros <= 0]
    yield from platform.sellers.gather(taking)
    for suggestion in ready:
        if suggestion.growth_micros > 0:
            yield from _apply(platform, campaign, suggestion)


def _apply(platform: BuyerPlatform, campaign: Campaign, suggestion: Suggestion) -> Steps:
    """Apply one suggestion, and see what the sales agent makes of it."""
    if campaign.status != "ACTIVE":
        status = "REJECTED" if suggestion.status == "INGESTED" else "APPLIED_FAIL"
        _fail(platform, suggestion, status, f"the campaign is {campaign.status}")
        return
    try:
        adjustments = _possible(platform, campaign, suggestion)
        action = _check(platform, campaign, suggestion, adjustments)
    except ApiError as error:
        _fail(platform, suggestion, "APPLIED_FAIL", error.message)
        return
    growth = sum(each.delta_micros for each in adjustments)
    suggestion.asked_micros = max(0, growth)
    refusal = yield from _update(platform, campaign, action)
    suggestion.asked_micros = 0
    if refusal is None:
        suggestion.applied_micros = growth
        _move(platform, suggestion, "APPLIED", "the sales agent took the change")
    else:
        _fail(platform, suggestion, "APPLIED_FAIL", refusal)


def _update(platform: BuyerPlatform, campaign: Campaign, action: MediaBuyAction) -> Generator[Any, Any, str | None]:
    """Update a media buy and wait for what the sales agent decides; gives why it was refused, None if it was not."""
    refused = yield from act(platform, campaign, action)
    if refused is not None:
        return str(refused["message"])
    live = find(campaign, action.media_buy_id, "mediaBuyId")
    version = pending_version(campaign, live)
    if version is None:
        return None
    while version.status in ("PENDING_APPROVAL", "INPUT_REQUIRED") and campaign.status in ("ACTIVE", "PAUSED"):
        yield platform.world.env.timeout(HOUR_MS)
    taken = version.status in ("ACTIVE", "PAUSED", "COMPLETED", "ARCHIVED")
    return None if taken else live.message or f"the update is {version.status}"


def _check(
    platform: BuyerPlatform,
    campaign: Campaign,
    suggestion: Suggestion,
    adjustments: list[Adjustment],
    more_micros: int = 0,
) -> MediaBuyAction:
    """The update that a suggestion asks for; :class:`ApiError` if the media buy does not take it.

    ``more_micros`` is money that others will have set free by then.
    """
    buy = find(campaign, suggestion.media_buy_id, "mediaBuyId")
    budgets = {package.package_id: package.budget_micros for package in buy.packages}
    changes = []
    for each in adjustments:
        budget = budgets.get(each.package_id, 0) + each.delta_micros
        given = {"budget": amount(budget)} if each.delta_micros else {}
        bid = {} if each.new_bid_micros is None else {"bid_price": amount(each.new_bid_micros)}
        changes.append(PackageChange.model_validate({"package_id": each.package_id, **given, **bid}))
    why = f"optimisation {suggestion.run_id}: {suggestion.rationale}"
    action = MediaBuyAction(media_buy_id=suggestion.media_buy_id, packages=changes, updated_reason=why)
    advertiser, flight = platform.advertisers[campaign.advertiser_id], (campaign.start_ms, campaign.end_ms)
    media_micros = max(media_budget_micros(platform, campaign), committed_micros(platform, campaign)) + more_micros
    check_actions(platform, campaign, advertiser, [action], flight, media_micros)
    return action


def _possible(platform: BuyerPlatform, campaign: Campaign, suggestion: Suggestion) -> list[Adjustment]:
    """What is left of the adjustments by now: nobody falls below what it has spent, increases share what is free.

    Raises :class:`ApiError` INVALID_STATE if nothing is left.
    """
    spare = {
        item.package.package_id: item.remaining_micros - item.least_micros
        for items in items_of(platform, campaign).values()
        for item in items
        if item.buy.media_buy_id == suggestion.media_buy_id
    }
    kept = [replace(each) for each in suggestion.adjustments if each.package_id in spare]
    for each in kept:
        each.delta_micros = max(each.delta_micros, -spare[each.package_id])
    freed = -sum(min(0, each.delta_micros) for each in kept)
    raised = [each for each in kept if each.delta_micros > 0]
    asked = sum(other.asked_micros for other in _of(platform, campaign))
    left = media_budget_micros(platform, campaign) - committed_micros(platform, campaign) - asked
    free = freed + max(0, left)
    wanted = sum(each.delta_micros for each in raised)
    if wanted > free:
        for each, part in zip(raised, split(free, [each.delta_micros for each in raised]), strict=True):
            each.delta_micros = part
    kept = [each for each in kept if each.delta_micros or each.new_bid_micros is not None]
    if not kept:
        raise ApiError("INVALID_STATE", "nothing of it is possible any more: no money is free, or the packages ended")
    return kept
