"""What advertisers do with outcome agents: see proposals, select tactics of several agents, change them (rule 201)."""

from __future__ import annotations

from collections.abc import Generator
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from agents.buyer.context import branded_advertiser_for, campaign_for, customer_of, platform_of
from agents.buyer.fees import committed_micros, media_budget_micros
from agents.buyer.outcome import answers
from agents.buyer.outcome.assignment import assign, follow, pause_buys
from agents.buyer.outcome.ledger import buys_of
from agents.buyer.outcome.proposals import collect
from agents.buyer.outcome.records import MANAGED, RUNNING, Round, Tactic
from agents.buyer.outcome.registration import agent_wire
from agents.buyer.outcome.updates import end_of, start_of
from agents.buyer.records import Campaign
from agents.buyer.wire import group
from sandbox.core.errors import ApiError
from sandbox.core.money import amount
from sandbox.core.time import iso
from sandbox.kernel.endpoint import Context
from sandbox.operations import Body, Request
from sandbox.operations.model import Id, Instant, PositiveAmount
from sandbox.operations.outcome import METHODS

if TYPE_CHECKING:
    from agents.buyer.platform import BuyerPlatform

operation = group("tactics")
Json = dict[str, Any]
Steps = Generator[Any, Any, Any]

TYPES: dict[str, type | tuple[type, ...]] = {
    "string": str, "number": (int, float), "boolean": bool, "array": list, "object": dict,
}  # fmt: skip


class RequestProposals(Body):
    """Body of ``request_proposals``; agents that are not named are all that match."""

    agent_ids: list[Id] = []
    accepted_pricing_methods: list[Literal[METHODS]] = list(METHODS)  # type: ignore[valid-type]


class SelectedTactic(Body):
    """A proposal that the advertiser wants, and how much money it gets."""

    proposal_id: Id
    budget: PositiveAmount
    custom_fields: dict[str, Any] = {}


class SelectTactics(Body):
    """Body of ``select_tactics``."""

    tactics: list[SelectedTactic] = Field(min_length=1, max_length=50)


class UpdateTactic(Body):
    """Body of ``update_tactic``: what is left out stays."""

    budget: PositiveAmount | None = None
    start_date: Instant | None = None
    end_date: Instant | None = None
    paused: bool | None = None


@operation("list_outcome_agents", "GET", "/outcome-agents", answer=answers.AgentList, rules=(209,))
def list_outcome_agents(ctx: Context, _request: Request) -> Json:
    """The caller's outcome agents."""
    agents = platform_of(ctx).outcome.agents_of(customer_of(ctx).customer_id)
    return {"outcomeAgents": [agent_wire(agent) for agent in agents]}


@operation("list_tactics", "GET", "/campaigns/{campaignId}/tactics", answer=answers.Tactics, rules=(199, 201, 205))
def list_tactics(ctx: Context, request: Request) -> Json:
    """Proposals and tactics of a campaign with their money and feedback, and who was asked when."""
    return _wire(platform_of(ctx), campaign_for(ctx, request.path["campaignId"]))


@operation(
    "request_proposals",
    "POST",
    "/campaigns/{campaignId}/tactics/proposals",
    body=RequestProposals,
    answer=answers.Tactics,
    rules=(198, 200, 207, 209),
)
def request_proposals(ctx: Context, request: Request) -> Steps:
    """Ask outcome agents for proposals again; answers when all have reacted, after 10 seconds at the latest."""
    platform, campaign = platform_of(ctx), campaign_for(ctx, request.path["campaignId"])
    _open(platform, campaign)
    agents = platform.outcome.agents_of(campaign.customer_id)
    known = [agent.agent_id for agent in agents]
    for number, agent_id in enumerate(request.body.agent_ids):
        if agent_id not in known:
            raise ApiError("NOT_FOUND", f"there is no outcome agent {agent_id}", f"agentIds[{number}]")
    wanted = [agent for agent in agents if agent.agent_id in (request.body.agent_ids or known)]
    yield from collect(platform, campaign, request.body.accepted_pricing_methods, wanted)
    return _wire(platform, campaign)


@operation(
    "select_tactics",
    "POST",
    "/campaigns/{campaignId}/tactics/select",
    body=SelectTactics,
    answer=answers.Tactics,
    rules=(199, 201, 202, 207),
)
def select_tactics(ctx: Context, request: Request) -> Steps:
    """Select proposals of one agent or several, and assign them; all is checked before anybody is asked.

    An agent may decline: its tactic is DECLINED with the reason, and its budget is free again. The first one that is
    taken launches a DRAFT campaign.
    """
    platform, campaign = platform_of(ctx), campaign_for(ctx, request.path["campaignId"])
    _open(platform, campaign)
    branded_advertiser_for(ctx, campaign.advertiser_id)
    chosen: list[Tactic] = []
    for number, wanted in enumerate(request.body.tactics):
        chosen.append(_check(platform, campaign, wanted, chosen, f"tactics[{number}]"))
    total = sum(wanted.budget for wanted in request.body.tactics)
    _check_left(platform, campaign, total, "tactics")
    for tactic, wanted in zip(chosen, request.body.tactics, strict=True):
        tactic.budget_micros, tactic.values = wanted.budget, wanted.custom_fields
    yield from platform.sellers.gather([assign(platform, campaign, tactic) for tactic in chosen])
    return _wire(platform, campaign)


@operation(
    "update_tactic",
    "PUT",
    "/campaigns/{campaignId}/tactics/{proposalId}",
    body=UpdateTactic,
    answer=answers.TacticOf,
    rules=(202, 203),
)
def update_tactic(ctx: Context, request: Request) -> Steps:
    """Change budget or dates of a tactic, pause it or let it go on; its agent is told.

    The budget is never more than the agent's capacity, and not less than what was charged already.
    """
    platform, campaign, body = platform_of(ctx), campaign_for(ctx, request.path["campaignId"]), request.body
    tactic = platform.outcome.tactics.get(request.path["proposalId"])
    if tactic is None or tactic.campaign_id != campaign.campaign_id:
        raise ApiError("NOT_FOUND", f"the campaign has no tactic {request.path['proposalId']}")
    if tactic.status not in MANAGED:
        raise ApiError("INVALID_STATE", f"the tactic is {tactic.status}; only a running one can be changed")
    if body.budget is not None:
        _check_budget(tactic, body.budget, "budget")
        if body.budget < tactic.charged_micros:
            spent = amount(tactic.charged_micros)
            raise ApiError("VALIDATION_ERROR", f"budget: {spent} {campaign.currency} were charged already", "budget")
        _check_left(platform, campaign, body.budget - tactic.budget_micros, "budget")
    start_ms = start_of(platform, tactic) if body.start_date is None else max(body.start_date, campaign.start_ms)
    end_ms = end_of(platform, tactic) if body.end_date is None else min(body.end_date, campaign.end_ms)
    if end_ms <= max(start_ms, platform.now):
        raise ApiError("VALIDATION_ERROR", "endDate: the tactic would be over", "endDate")
    tactic.budget_micros = body.budget or tactic.budget_micros
    tactic.start_ms = start_ms if body.start_date is not None else tactic.start_ms
    tactic.end_ms = end_ms if body.end_date is not None else tactic.end_ms
    platform.outcome.limit(tactic)
    if body.paused is not None and body.paused != tactic.paused:
        tactic.paused = body.paused
        if campaign.status != "PAUSED":
            yield from pause_buys(platform, campaign, tactic)
    yield from follow(platform, campaign, tactic)
    return tactic_wire(platform, tactic)


# -- checks ----------------------------------------------------------------------------------------------------


def _open(platform: BuyerPlatform, campaign: Campaign) -> None:
    if campaign.status not in ("DRAFT", "ACTIVE"):
        raise ApiError("INVALID_STATE", f"the campaign is {campaign.status}")
    if campaign.end_ms <= platform.now:
        raise ApiError("INVALID_STATE", f"the flight is over since {iso(campaign.end_ms)}", "flightDates.endDate")


def _check(
    platform: BuyerPlatform, campaign: Campaign, wanted: SelectedTactic, chosen: list[Tactic], field: str
) -> Tactic:
    """The proposal that is wanted, if it can be had in this way."""
    tactic = platform.outcome.tactics.get(wanted.proposal_id)
    if tactic is None or tactic.campaign_id != campaign.campaign_id:
        raise ApiError("NOT_FOUND", f"the campaign has no proposal {wanted.proposal_id}", f"{field}.proposalId")
    if tactic.status not in ("PROPOSED", "FAILED") or tactic in chosen:
        state = "selected twice" if tactic in chosen else tactic.status
        raise ApiError("INVALID_STATE", f"the proposal is {state}", f"{field}.proposalId")
    same = platform.outcome.managed(tactic.customer_id, tactic.tactic_id)
    if same is not None or any(one.tactic_id == tactic.tactic_id for one in chosen):
        why = f"there is another tactic {tactic.tactic_id}; agents buy by that id, so it has to be one's own"
        raise ApiError("CONFLICT", why, f"{field}.proposalId")
    _check_budget(tactic, wanted.budget, f"{field}.budget")
    for needed in tactic.custom_fields:  # rule 199
        _check_field(needed, wanted.custom_fields, f"{field}.customFields.{needed['fieldName']}")
    return tactic


def _check_budget(tactic: Tactic, budget_micros: int, field: str) -> None:
    if budget_micros > tactic.capacity_micros:  # rule 202
        most = amount(tactic.capacity_micros)
        raise ApiError("VALIDATION_ERROR", f"{field}: the agent's budgetCapacity is {most}", field)


def _check_field(needed: Json, given: Json, field: str) -> None:
    if needed["fieldName"] not in given:
        about = needed["description"] or needed["fieldType"]
        raise ApiError("VALIDATION_ERROR", f"{field}: the agent needs it ({about})", field)
    value, kind = given[needed["fieldName"]], needed["fieldType"]
    wrong_bool = isinstance(value, bool) and kind == "number"
    if wrong_bool or not isinstance(value, TYPES[kind]):
        raise ApiError("VALIDATION_ERROR", f"{field}: give a value of type {kind}", field)


def _check_left(platform: BuyerPlatform, campaign: Campaign, more_micros: int, field: str) -> None:
    left = media_budget_micros(platform, campaign) - committed_micros(platform, campaign)
    if more_micros > max(0, left):
        raise ApiError(
            "VALIDATION_ERROR",
            f"{field}: {amount(more_micros)} {campaign.currency} are wanted, the media budget leaves "
            f"{amount(max(0, left))}",
            field,
        )


# -- wire ------------------------------------------------------------------------------------------------------


def _wire(platform: BuyerPlatform, campaign: Campaign) -> Json:
    left = media_budget_micros(platform, campaign) - committed_micros(platform, campaign)
    return {
        "campaignId": campaign.campaign_id,
        "availableBudget": amount(max(0, left)),
        "rounds": [_round(platform, one) for one in platform.outcome.rounds.get(campaign.campaign_id, [])],
        "tactics": [tactic_wire(platform, tactic) for tactic in platform.outcome.of_campaign(campaign)],
    }


def _round(platform: BuyerPlatform, one: Round) -> Json:
    agents = [
        {
            "agentId": entry.agent_id,
            "agentName": platform.outcome.agents[entry.agent_id].name,
            "reaction": entry.reaction,
            "detail": entry.detail,
            "proposals": entry.proposals,
            "refused": list(entry.refused),
        }
        for entry in one.asked
    ]
    return {"askedAt": iso(one.asked_ms), "closesAt": iso(one.closes_ms), "closed": one.closed, "agents": agents}


def tactic_wire(platform: BuyerPlatform, tactic: Tactic) -> Json:
    """A proposal or tactic as advertisers see it."""
    price = tactic.price
    return {
        "proposalId": tactic.proposal_id,
        "tacticId": tactic.tactic_id,
        "agentId": tactic.agent_id,
        "agentName": platform.outcome.agents[tactic.agent_id].name,
        "status": tactic.status,
        "reason": tactic.reason,
        "execution": tactic.execution,
        "budgetCapacity": amount(tactic.capacity_micros),
        "pricing": {"method": price.method, "rate": float(Decimal(price.rate)), "currency": price.currency},
        "sku": tactic.sku,
        "customFieldsRequired": tactic.custom_fields,
        "customFields": tactic.values,
        "channel": tactic.channel,
        "countries": list(tactic.countries),
        "proposedAt": iso(tactic.proposed_ms),
        "budget": amount(tactic.budget_micros if tactic.status in (*RUNNING, "COMPLETED", "CANCELED") else 0),
        "startDate": iso(start_of(platform, tactic)),
        "endDate": iso(end_of(platform, tactic)),
        "paused": tactic.paused,
        "spending": {
            "media": amount(sum(entry.media_micros for entry in tactic.ledger)),
            "fee": amount(tactic.fee_micros),
            "charged": amount(tactic.charged_micros),
            "units": sum(entry.units for entry in tactic.ledger),
        },
        "mediaBuyIds": [buy.media_buy_id for buy in buys_of(platform, tactic)],
        "feedback": [
            {
                "startDate": iso(told.start_ms),
                "endDate": iso(told.end_ms),
                "deliveryIndex": told.delivery_index,
                "performanceIndex": told.performance_index,
                "delivered": told.delivered,
            }
            for told in tactic.feedback
        ],
    }
