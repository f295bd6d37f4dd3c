"""Handing a user over to a checkout, and the end of sessions (tasks/si_terminate_session.mdx)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agents.sponsored.catalog import WHOLE
from agents.sponsored.context import agent_of
from agents.sponsored.conversation import summary_of
from agents.sponsored.records import Checkout, Choice, Session
from sandbox.core.errors import AdcpError
from sandbox.core.money import amount
from sandbox.core.time import iso

if TYPE_CHECKING:
    from agents.sponsored.agent import SponsoredAgent
    from sandbox.kernel.endpoint import Context

Body = dict[str, Any]

ENDS = {
    "handoff_transaction": "complete",
    "handoff_complete": "complete",
    "user_exit": "terminated",
    "session_timeout": "terminated",
    "host_terminated": "terminated",
}
"""Reasons for an end, and the state in which they leave a session."""


def handoff(agent: SponsoredAgent, session: Session, choice: Choice) -> Body:
    """What the host needs to take a user to the checkout; it stands in every answer while a handoff is pending."""
    product = agent.products[choice.product_id]
    return {
        "type": "transaction",
        "intent": {"action": "purchase", "product": _product(agent, choice), "price": _price(agent, choice)},
        "context_for_checkout": {
            "conversation_summary": summary_of(agent, session),
            "applied_offers": [product.offering_id],
        },
    }


def _product(agent: SponsoredAgent, choice: Choice) -> Body:
    product = agent.products[choice.product_id]
    body: Body = {"product_id": product.id, "name": product.name}
    chosen = product.variant(choice.variant_id)
    if chosen is not None:
        body |= {"variant_id": chosen.id, "variant": chosen.name}
    return {**body, "url": product.config.url} if product.config.url else body


def _price(agent: SponsoredAgent, choice: Choice) -> Body:
    value = agent.products[choice.product_id].price_micros(choice.variant_id)
    return {"amount": amount(value), "currency": agent.config.currency}


def si_terminate_session(ctx: Context, request: Body) -> Body:
    """End a session; ending it again changes nothing and is answered as before.

    SESSION_NOT_FOUND for unknown sessions and those of other callers.
    """
    agent = agent_of(ctx)
    session = agent.sessions.get(request["session_id"])
    if session is None or session.caller != ctx.principal.id:
        raise AdcpError("SESSION_NOT_FOUND", "there is no such session", "session_id")
    agent.expire(session)
    if session.ending is None:
        session.ending = _end(agent, session, request)
    return {"status": "completed", **session.ending}


def _end(agent: SponsoredAgent, session: Session, request: Body) -> Body:
    reason = request["reason"]
    body: Body = {"session_id": session.session_id, "terminated": True}
    if not session.ended:
        if reason == "handoff_transaction":
            body |= _acp_handoff(agent, session, request)
        if "acp_handoff" not in body and reason not in ("session_timeout", "host_terminated"):
            body["follow_up"] = _follow_up(session)
        agent.move(session, ENDS[reason], reason)
    return {**body, "session_status": session.status}


def _acp_handoff(agent: SponsoredAgent, session: Session, request: Body) -> Body:
    """The checkout of what is to be bought; empty if nothing is, if it is gone, or if the host can't check out."""
    choice = session.choice or _intended(agent, session, request)
    sellable = choice is not None and choice.product_id in {product.id for product in agent.products_in(session)}
    if choice is None or not sellable or not session.can("commerce", "acp_checkout"):
        return {}
    product = agent.products[choice.product_id]
    if product.left(choice.variant_id) == 0:
        session.missed.append(product.id)
        return {}
    token = f"chk_{agent.ids.uuid('checkout')}"
    checkout = Checkout(session.session_id, choice, agent.now + agent.config.handoff_ttl)
    agent.checkouts[token] = checkout
    return {
        "acp_handoff": {
            "checkout_url": agent.config.checkout_url,
            "checkout_token": token,
            "payload": {
                "session_id": session.session_id,
                "product": _product(agent, choice),
                "price": _price(agent, choice),
                "applied_offers": [product.offering_id],
            },
            "expires_at": iso(checkout.expires_ms),
        }
    }


def _intended(agent: SponsoredAgent, session: Session, request: Body) -> Choice | None:
    """What the host says that the user wants, if it is one of our products in a version that there is."""
    named = request.get("termination_context", {}).get("transaction_intent", {}).get("product", {})
    product_id, variant_id = named.get("product_id"), named.get("variant_id", WHOLE)
    product = next((one for one in agent.products_in(session) if one.id == product_id), None)
    if product is None or not isinstance(variant_id, str) or variant_id not in product.stock:
        return None
    return Choice(product.id, variant_id)


def _follow_up(session: Session) -> Body:
    """What the host can offer for later: news of what was sold out, or to keep what was talked about."""
    if session.missed:
        return {"action": "subscribe_updates", "data": {"product_ids": list(dict.fromkeys(session.missed))}}
    if session.focus:
        return {"action": "save_for_later", "data": {"product_ids": list(session.focus)}}
    return {"action": "none"}
