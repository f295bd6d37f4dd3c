"""Discovery: what sales agents offer for a brief, kept in a session (rules 115 to 123, 131 and 132)."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Annotated, Any, Literal, NotRequired

from pydantic import BeforeValidator, Field
from typing_extensions import TypedDict

from agents.buyer.asking import ask_agents
from agents.buyer.context import (
    branded_advertiser_for,
    campaign_for,
    customer_of,
    platform_of,
    session_for,
)
from agents.buyer.offers import BudgetContext, ProductGroup, Summary, View, agent_matches, show
from agents.buyer.records import Advertiser, Campaign, Session
from agents.buyer.refine import RefineItem, Refinement, refine
from agents.buyer.wire import Channels, Countries, budget_context, group
from sandbox.core.errors import ApiError
from sandbox.kernel.endpoint import Context
from sandbox.operations import Body, Group, Request
from sandbox.operations.answer import Url, When
from sandbox.operations.model import Id, Instant, PositiveAmount

if TYPE_CHECKING:
    from agents.buyer.platform import BuyerPlatform

operation: Group = group("discovery")


def _total(value: Any) -> Any:
    return value["total"] if isinstance(value, dict) and "total" in value else value


class FlightDates(Body):
    """A flight; half open once both are read."""

    start_date: Instant
    end_date: Instant


class Discover(View):
    """Body of ``discover_products``: a new discovery, or with ``refine`` a change of an old one."""

    advertiser_id: Id
    channels: Channels = []
    countries: Countries = []
    brief: str | None = None
    campaign_id: Id | None = None
    budget: Annotated[PositiveAmount, BeforeValidator(_total)] | None = None
    flight_dates: FlightDates | None = None
    discovery_id: Id | None = None
    refine: Annotated[list[RefineItem], Field(min_length=1, max_length=25)] | None = None


class LoggedRequest(TypedDict):
    """A request to a sales agent; what authorises it is left out."""

    method: str
    url: Url
    headers: dict[str, str]
    body: dict[str, Any]


class LoggedResponse(TypedDict):
    """What came back."""

    status: int
    body: dict[str, Any]


class DebugLog(TypedDict):
    """One exchange with a sales agent; without a response if none came."""

    timestamp: When
    type: Literal["request"]
    request: LoggedRequest
    response: LoggedResponse | None
    error: NotRequired[str]


class AgentResult(TypedDict):
    """A sales agent that failed (rule 123)."""

    agentId: str
    agentName: str
    success: Literal[False]
    productCount: Literal[0]
    error: str
    rawResponseData: dict[str, Any]
    debugLogs: list[DebugLog]


class Discovery(TypedDict):
    """The part of a session's results that was asked for. ``refinementApplied`` is there after a refinement."""

    discoveryId: str
    productGroups: list[ProductGroup]
    totalGroups: int
    hasMoreGroups: bool
    summary: Summary
    budgetContext: BudgetContext
    agentResults: NotRequired[list[AgentResult]]
    refinementApplied: NotRequired[list[Refinement]]


@operation(
    "discover_products",
    "POST",
    "/discovery/discover-products",
    body=Discover,
    answer=Discovery,
    rules=(6, 46, 115, 116, 117, 118, 119, 120, 121, 122, 123, 127, 128, 131, 132),
)
def discover_products(ctx: Context, request: Request) -> Generator[Any, Any, dict[str, Any]]:
    """Ask the sales agents what they offer; with ``refine``, ask them to change what they offered."""
    platform, body = platform_of(ctx), request.body
    advertiser = branded_advertiser_for(ctx, body.advertiser_id)
    if body.refine is not None:
        session = _cached(ctx, body, advertiser)
        applied = yield from refine(platform, session, advertiser, body.refine)
        return {**_answer(platform, session, body), "refinementApplied": applied}
    campaign = campaign_for(ctx, body.campaign_id) if body.campaign_id is not None else None
    if campaign is not None and campaign.status == "ARCHIVED":
        raise ApiError("INVALID_STATE", "the campaign is archived", "campaignId")
    session = _new_session(platform, advertiser, campaign, body)
    known = platform.sellers.agents(customer_of(ctx), session.campaign_type == "ROUTED")
    wanted = [
        agent
        for agent in known
        if agent_matches(agent, platform.sellers.name(agent), body.sales_agent_ids, body.sales_agent_names)
    ]
    yield from ask_agents(platform, session, advertiser, wanted)
    platform.sessions[session.discovery_id] = session
    if campaign is not None:
        campaign.discovery_ids.append(session.discovery_id)
        campaign.updated_ms = platform.now
    return _answer(platform, session, body)


@operation(
    "browse_discovery",
    "GET",
    "/discovery/{discoveryId}/discover-products",
    params=View,
    answer=Discovery,
    rules=(115, 116, 117, 118, 119, 120, 122, 123, 128),
)
def browse_discovery(ctx: Context, request: Request) -> dict[str, Any]:
    """Page and filter what the agents offered in a session."""
    return _answer(platform_of(ctx), session_for(ctx, request.path["discoveryId"]), request.params)


def discover_for_campaign(
    platform: BuyerPlatform, advertiser: Advertiser, campaign: Campaign
) -> Generator[Any, Any, Session]:
    """Discover products for a campaign by its own brief and constraints, and attach the session (rule 48).

    An agent that fails is noted in the session and does not stop the others.
    """
    session = _session_of(platform, advertiser, campaign)
    routed = campaign.campaign_type == "ROUTED"
    agents = platform.sellers.agents(platform.customer(campaign.customer_id), routed)
    platform.sessions[session.discovery_id] = session
    campaign.discovery_ids.append(session.discovery_id)
    yield from ask_agents(platform, session, advertiser, agents, all_may_fail=True)
    return session


def _cached(ctx: Context, body: Discover, advertiser: Advertiser) -> Session:
    """The session that is to be refined; VALIDATION_ERROR without one, or without results in it (rule 127)."""
    if body.discovery_id is None:
        raise ApiError("VALIDATION_ERROR", "discoveryId: refine needs the session to refine", "discoveryId")
    session = session_for(ctx, body.discovery_id)
    if session.advertiser_id != advertiser.advertiser_id:
        raise ApiError("VALIDATION_ERROR", "advertiserId: the session belongs to another advertiser", "advertiserId")
    if not any(session.products.values()) and not any(session.proposals.values()):
        raise ApiError("VALIDATION_ERROR", "refine: the session has no results to refine", "refine")
    return session


def _new_session(platform: BuyerPlatform, advertiser: Advertiser, campaign: Campaign | None, body: Discover) -> Session:
    """A session by the request; what it leaves out comes from the campaign that it names."""
    session = _session_of(platform, advertiser, campaign)
    if campaign is not None and campaign.advertiser_id != advertiser.advertiser_id:
        raise ApiError("VALIDATION_ERROR", "campaignId: the campaign is another advertiser's", "campaignId")
    session.brief = body.brief or session.brief
    session.channels = body.channels or session.channels
    session.countries = body.countries or session.countries
    session.budget_micros = body.budget or session.budget_micros
    if body.flight_dates is not None:
        session.start_ms, session.end_ms = body.flight_dates.start_date, body.flight_dates.end_date
        if session.end_ms <= session.start_ms:
            raise ApiError(
                "VALIDATION_ERROR", "flightDates.endDate: the flight ends before it starts", "flightDates.endDate"
            )
    return session


def _session_of(platform: BuyerPlatform, advertiser: Advertiser, campaign: Campaign | None) -> Session:
    return Session(
        discovery_id=platform.ids.uuid("discovery"),
        customer_id=advertiser.customer_id,
        advertiser_id=advertiser.advertiser_id,
        campaign_id=campaign.campaign_id if campaign else None,
        campaign_type=campaign.campaign_type if campaign else "DECISIONED",
        brief=campaign.brief if campaign else None,
        channels=list(campaign.channels) if campaign else [],
        countries=list(campaign.countries) if campaign else [],
        budget_micros=campaign.budget_micros if campaign else None,
        start_ms=campaign.start_ms if campaign else None,
        end_ms=campaign.end_ms if campaign else None,
        created_ms=platform.now,
        currency=campaign.currency if campaign else "USD",
    )


def _answer(platform: BuyerPlatform, session: Session, view: View) -> dict[str, Any]:
    """What is shown of a session: the view, the budget, and the agents that failed if debugging."""
    names = {agent: platform.sellers.name(agent) for agent in session.products}
    budgets = [s.budget_micros for s in session.selections if s.budget_micros is not None]
    body = show(session, names, view)
    body["budgetContext"] = budget_context(session.budget_micros, budgets)
    if view.debug:
        body["agentResults"] = session.failures
    return body
