"""Governed accounts: sync_governance, and the gate before every commitment (specification.mdx, "Seller enforcement").

An agent with ``governance_aware`` wants the buyer's signed intent for every commitment on an account that has a
governance agent, and asks that agent itself about what it will really deliver, before it sells.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from agents.seller.accounts import find_account
from agents.seller.context import seller_of
from agents.seller.departments import governor_at, own_plan
from sandbox.core.errors import AdcpError
from sandbox.core.money import amount
from sandbox.core.time import iso
from sandbox.kernel.network import PeerTimeout, PeerUnreachable
from sandbox.protocol.answers import understood
from sandbox.protocol.errors import from_body
from sandbox.protocol.versions import envelope, to_wire

if TYPE_CHECKING:
    from agents.governance.agent import GovernanceAgent
    from agents.seller.orders import Order
    from agents.seller.records import Package
    from agents.seller.seller import Seller
    from agents.seller.updates import Plan
    from sandbox.kernel.endpoint import Context

Steps = Generator[Any, Any, None]
Json = dict[str, Any]


def sync_governance(ctx: Context, request: Json) -> Json:
    """Bind accounts to governance agents; one row an account, in which credentials are never shown.

    An address at which nobody answers is refused: an account that nobody can judge would only seem to be governed.
    """
    seller, rows = seller_of(ctx), []
    for entry in request["accounts"]:
        account = find_account(seller, ctx.principal, entry["account"])
        if account is None:
            why = {"code": "ACCOUNT_NOT_FOUND", "message": "the account reference can't be resolved"}
            rows.append({"account": entry["account"], "status": "failed", "errors": [why]})
            continue
        url = entry["governance_agents"][0]["url"]
        governor = governor_at(seller, url)
        if governor is None:
            why = {"code": "GOVERNANCE_UNAVAILABLE", "message": f"no governance agent answers at {url}"}
            rows.append({"account": entry["account"], "status": "failed", "errors": [why]})
            continue
        # The credentials that the buyer hands over let this agent ask.
        seller.world.ecosystem.link(governor.id, seller.id, "authorised_for")
        seller.governed[account.account_id] = url
        seller.decide("account", account.account_id, "governed", f"{url} is asked before every commitment")
        rows.append({"account": entry["account"], "status": "synced", "governance_agents": [{"url": url}]})
    return {"status": "completed", "accounts": rows}


def clear_order(ctx: Context, seller: Seller, order: Order) -> Steps:
    """Let an order pass, or raise PERMISSION_DENIED, GOVERNANCE_DENIED or GOVERNANCE_UNAVAILABLE."""
    total = sum(package.budget_micros for package in order.packages)
    start_ms = seller.now if order.start_ms is None else order.start_ms
    planned = planned_delivery(seller, order.packages, (start_ms, order.end_ms), total)
    yield from _clear(ctx, seller, order.account.account_id, order.asked, total, "purchase", planned)


def clear_update(ctx: Context, seller: Seller, plan: Plan) -> Steps:
    """Let a change pass; one that only reduces risk passes without being asked about."""
    buy, facts = plan.buy, plan.facts(seller.now)
    more = max(0, facts.budget_micros - buy.budget_micros)
    resumed = buy.held and plan.fields.get("held") is False
    if plan.cancel or not (more or plan.added or resumed or facts.end_ms > buy.end_ms):
        return
    packages = [*buy.live, *(package for package, _ in plan.added)]
    planned = planned_delivery(seller, packages, (facts.start_ms, facts.end_ms), more)
    planned["media_buy_id"] = buy.media_buy_id
    yield from _clear(ctx, seller, buy.account_id, plan.asked, more, "modification", planned)


def planned_delivery(seller: Seller, packages: list[Package], flight: tuple[int, int], total_micros: int) -> Json:
    """What the agent will deliver (core/planned-delivery.json): where, on which channels, when, for how much."""
    countries: dict[str, None] = {}
    for package in packages:
        wanted = package.overlay.get("geo_countries") or package.product.countries
        countries.update(dict.fromkeys(wanted or (c for o in package.product.offers for c in o.country_codes)))
    body: Json = {
        "channels": list(dict.fromkeys(name for package in packages for name in package.product.channels)),
        "start_time": iso(flight[0]),
        "end_time": iso(flight[1]),
        "total_budget": amount(total_micros),
        "currency": seller.config.currency,
    }
    audience = [{"type": "description", "description": name} for package in packages for name in _audiences(package)]
    if audience:
        body["audience_targeting"] = audience
    return {**body, "geo": {"countries": list(countries)}} if countries else body


def _audiences(package: Package) -> list[str]:
    return [*package.overlay.get("audience_include", []), *package.overlay.get("audience_exclude", [])]


def _clear(ctx: Context, seller: Seller, account_id: str, request: Json, more: int, phase: str, planned: Json) -> Steps:
    url = seller.governed.get(account_id)
    if url is None:
        _heed_own_plan(ctx, seller, account_id, request, phase, planned)
        return
    governor, own = governor_at(seller, url), seller.world.network.url(seller.id)
    if governor is None:
        raise AdcpError("GOVERNANCE_UNAVAILABLE", f"the keys of {url} can't be fetched", recovery="transient")
    token = check_token(ctx, governor, request, more, seller.config.currency, seller.tokens_seen)
    question = {"caller": own, "plan_id": request.get("plan_id", ""), "governance_context": token}
    question |= {"phase": phase, "planned_delivery": planned}
    yield from _ask(seller, governor.id, question, iss=url)


def check_token(
    ctx: Context, governor: GovernanceAgent, request: Json, commitment: int, currency: str, seen: dict[str, Any]
) -> str:
    """The request's governance_context, if it allows this request of this caller now; ``seen`` are tokens used before.

    The checklist of docs/building/by-layer/L1/security.mdx. PERMISSION_DENIED with what is wrong.
    """
    from agents.governance.token import check_binding, check_claims, read

    token = request.get("governance_context")
    if not isinstance(token, str):
        raise AdcpError(
            "PERMISSION_DENIED", "the account is governed: send the governance_context", field="governance_context"
        )
    claims = read(token, governor.jwks)
    check_claims(claims, governor.url, ctx.world.network.url(ctx.actor.id), "intent", ctx.now)
    wire = to_wire(ctx.operation, "request", request, ctx.version)
    check_binding(claims, ctx.operation, wire, commitment, currency)
    if seen.setdefault(claims["jti"], request.get("idempotency_key")) != request.get("idempotency_key"):
        raise AdcpError("PERMISSION_DENIED", "governance_context was used already", field="governance_context")
    return token


def _heed_own_plan(ctx: Context, seller: Seller, account_id: str, request: Json, phase: str, planned: Json) -> None:
    """Hold the buyer to a plan that it keeps with this agent itself; GOVERNANCE_DENIED with the findings."""
    brand = str(seller.accounts[account_id].brand.get("domain", ""))
    found = own_plan(ctx, brand, request.get("plan_id")) if seller.config.heeds_own_plans else None
    if found is None:
        return
    from agents.governance.checks import examine

    governor, plan = found
    question = {"caller": seller.world.network.url(seller.id), "plan_id": plan.plan_id, "phase": phase}
    asking = replace(ctx, actor=governor, operation="check_governance")
    _heed(seller, plan.plan_id, examine(asking, question | {"planned_delivery": planned}))


def _ask(seller: Seller, governor: str, question: Json, iss: str) -> Steps:
    """Ask for the execution. Without a clear yes nothing is sold."""
    try:
        reply = yield from seller.call(governor, "check_governance", envelope("3.1") | question)
    except (PeerUnreachable, PeerTimeout) as lost:
        raise AdcpError("GOVERNANCE_UNAVAILABLE", f"{iss} does not answer: {lost}", recovery="transient") from lost
    if not reply.ok:
        error = from_body(reply.body)
        raise AdcpError("GOVERNANCE_DENIED", f"{iss} refuses: {error}", field="governance_context")
    try:
        verdict = understood("check_governance", reply, "3.1")
    except AdcpError as broken:
        raise AdcpError("GOVERNANCE_UNAVAILABLE", f"{iss}: {broken.message}", recovery="transient") from broken
    _heed(seller, question["plan_id"], verdict)


def _heed(seller: Seller, plan_id: str, verdict: Json) -> None:
    if verdict.get("verdict") != "approved":
        why, findings = str(verdict.get("explanation", "")), verdict.get("findings", [])
        seller.decide("governance", plan_id, "denied", why)
        raise AdcpError("GOVERNANCE_DENIED", why, details={"findings": findings})
