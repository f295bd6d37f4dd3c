"""Asking sales agents for products: the requests of a discovery session, and what comes back."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Any

from agents.buyer.catalogs import for_discovery
from agents.buyer.records import Advertiser, Session
from sandbox.core.errors import AdcpError, ApiError
from sandbox.core.money import amount
from sandbox.core.time import iso_date

if TYPE_CHECKING:
    from agents.buyer.platform import BuyerPlatform

MAX_PAGES = 20
"""Pages of products that are read from one agent for one discovery."""


def ask_agents(
    platform: BuyerPlatform,
    session: Session,
    advertiser: Advertiser,
    agents: list[str],
    all_may_fail: bool = False,
) -> Generator[Any, Any, None]:
    """Ask several agents at once and keep what they offer.

    INTERNAL_ERROR if every one of them fails: a hard failure is not the same as no products (rule 6).
    """
    questions = [_ask(platform, session, advertiser, agent) for agent in agents]
    answers: list[Any] = yield from platform.sellers.gather(questions)
    for agent, answer in zip(agents, answers, strict=True):
        if isinstance(answer, AdcpError):
            session.failures.append(failure(platform, agent, answer))
        else:
            session.products[agent] = answer["products"]
            session.proposals[agent] = answer.get("proposals", [])
    if agents and len(session.failures) == len(agents) and not all_may_fail:
        raise ApiError(
            "INTERNAL_ERROR",
            f"every sales agent failed: {session.failures[0]['error']}",
            details={"agentResults": session.failures},
        )


def failure(platform: BuyerPlatform, agent: str, error: AdcpError) -> dict[str, Any]:
    """What went wrong with an agent, for ``debug`` (rule 123)."""
    return {
        "agentId": agent,
        "agentName": platform.sellers.name(agent),
        "success": False,
        "productCount": 0,
        "error": str(error),
        "rawResponseData": {"errors": [{"code": error.code, "message": error.message}]},
        "debugLogs": (error.details or {}).get("debugLogs", []),
    }


def _ask(
    platform: BuyerPlatform, session: Session, advertiser: Advertiser, agent: str
) -> Generator[Any, Any, dict[str, Any]]:
    request = yield from base_request(platform, session, advertiser, agent)
    if session.brief:
        request.update(buying_mode="brief", brief=session.brief)
    else:
        request["buying_mode"] = "wholesale"
    return (yield from read_products(platform, agent, request))


def base_request(
    platform: BuyerPlatform, session: Session, advertiser: Advertiser, agent: str
) -> Generator[Any, Any, dict[str, Any]]:
    """What every get_products request of a session says: brand, account (rule 34), filters, property list."""
    routed = session.campaign_type == "ROUTED"
    account = yield from platform.sellers.account(agent, advertiser, routed)
    request: dict[str, Any] = {"brand": {"domain": advertiser.brand}, "account": account}
    filters: dict[str, Any] = {}
    if session.channels:
        filters["channels"] = session.channels
    if session.countries:
        filters["countries"] = session.countries
    if session.start_ms is not None and session.end_ms is not None:
        filters["start_date"] = iso_date(session.start_ms)
        filters["end_date"] = iso_date(session.end_ms - 1)
    if session.budget_micros is not None:
        filters["budget_range"] = {"max": amount(session.budget_micros), "currency": session.currency}
    if filters:
        request["filters"] = filters
    listed = platform.lists.reference(advertiser)
    if listed is not None:  # rule 132
        request["property_list"] = listed
    campaign = platform.campaigns.get(session.campaign_id) if session.campaign_id else None
    catalog = for_discovery(platform, campaign, agent)
    if catalog is not None:  # rule 49
        request["catalog"] = catalog
    return request


def read_products(platform: BuyerPlatform, agent: str, request: dict[str, Any]) -> Generator[Any, Any, dict[str, Any]]:
    """The answer of get_products with the products of all its pages.

    The exchange goes along with an error, as ``details.debugLogs``.
    """
    log: list[dict[str, Any]] = []
    answer: dict[str, Any] = {}
    cursor: dict[str, Any] = {}
    for _ in range(MAX_PAGES):
        try:
            body = yield from platform.sellers.request(agent, "get_products", {**request, **cursor}, log=log)
        except AdcpError as error:
            error.details = {**(error.details or {}), "debugLogs": log or (error.details or {}).get("debugLogs", [])}
            raise
        products = [*answer.get("products", []), *body.get("products", [])]
        answer = {**(answer or body), "products": products}
        page = body.get("pagination", {})
        if not page.get("has_more") or "cursor" not in page:
            break
        cursor = {"pagination": {"cursor": page["cursor"]}}
    return answer
