"""si_initiate_session and si_send_message (docs/sponsored-intelligence/specification.mdx, Session Lifecycle)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agents.sponsored import conversation
from agents.sponsored.capabilities import negotiated
from agents.sponsored.catalog import WHOLE
from agents.sponsored.consent import known_user
from agents.sponsored.context import agent_of
from agents.sponsored.conversation import Turn
from agents.sponsored.disclosure import sponsored_context, take_receipt
from agents.sponsored.elements import ACTIONS, surface, ui_elements
from agents.sponsored.handoff import handoff
from agents.sponsored.offerings import alternatives, offering_named
from agents.sponsored.records import Choice, Lookup, Session
from sandbox.core.errors import AdcpError
from sandbox.core.time import SECOND_MS

if TYPE_CHECKING:
    from agents.sponsored.agent import SponsoredAgent
    from agents.sponsored.catalog import Product
    from sandbox.kernel.endpoint import Context

Body = dict[str, Any]


def si_initiate_session(ctx: Context, request: Body) -> Body:
    """Begin a conversation about an offering, or about all that are open; the intent is answered at once.

    REFERENCE_NOT_FOUND for unknown offerings and tokens, ``offer_unavailable`` for an offering that has nothing,
    ``capability_unsupported``, and INVALID_REQUEST for an identity that breaks the rules of consent.
    """
    agent = agent_of(ctx)
    user = known_user(agent, request["identity"])
    common = negotiated(agent, request.get("supported_capabilities", {}))
    lookup = _lookup(ctx, agent, request)
    offering_ids = _offerings(agent, request, lookup, user.country)
    session_id = f"sess_{agent.ids.uuid('session')}"
    take_receipt(ctx, agent, session_id, request)
    expires_ms = agent.now + agent.config.session_timeout
    session = Session(session_id, ctx.principal.id, offering_ids, common, user, expires_ms)
    if lookup is not None:
        session.shown = list(lookup.shown)
    agent.sessions[session_id] = session
    why = (
        f"media buy {request['media_buy_id']}"
        if "media_buy_id" in request
        else request.get("placement", "asked by the host")
    )
    agent.status("si_session", session_id, None, "active", why)
    agent.watch(session)
    turn = conversation.answer(agent, session, request["intent"])
    shown = _shown(session, turn)
    said: Body = {"message": f"{conversation.greeting(agent, session)} {_opening(agent, session, turn)}"}
    elements = ui_elements(agent, session, shown)
    if elements:
        said["ui_elements"] = elements
    return {
        "status": "completed",
        "session_id": session_id,
        "session_status": "active",
        "session_ttl_seconds": agent.config.session_timeout // SECOND_MS,
        "response": said,
        "negotiated_capabilities": common,
        "sponsored_context": sponsored_context(agent, len(shown) > 1),
    }


def _lookup(ctx: Context, agent: SponsoredAgent, request: Body) -> Lookup | None:
    """What was shown under the offering token; a token of somebody else is like one that never was."""
    if "offering_token" not in request:
        return None
    lookup = agent.lookups.get(request["offering_token"])
    if lookup is None or lookup.caller != ctx.principal.id or agent.now >= lookup.expires_ms:
        why, hint = "there is no such token, or no longer", "look the offering up again"
        raise AdcpError("REFERENCE_NOT_FOUND", why, "offering_token", suggestion=hint)
    if request.get("offering_id", lookup.offering_id) != lookup.offering_id:
        raise AdcpError("INVALID_REQUEST", f"the token is that of {lookup.offering_id}", "offering_id")
    return lookup


def _offerings(agent: SponsoredAgent, request: Body, lookup: Lookup | None, country: str) -> tuple[str, ...]:
    wanted = request.get("offering_id") if lookup is None else lookup.offering_id
    if wanted is None:
        found = tuple(one.id for one in agent.offerings.values() if one.open(agent.now, country))
        if found:
            return found
        raise AdcpError("offer_unavailable", "nothing is offered at present", recovery="correctable")
    offering = offering_named(agent, wanted)
    if offering.open(agent.now, country):
        return (wanted,)
    others = alternatives(agent, offering, country)
    raise AdcpError(
        "offer_unavailable",
        f"{offering.config.title} is not available: {offering.status(agent.now, country)}",
        "offering_id",
        recovery="correctable",
        suggestion=f"offered are {', '.join(others)}" if others else None,
        details={"unavailable_reason": offering.status(agent.now, country), "alternative_offering_ids": others},
    )


def _opening(agent: SponsoredAgent, session: Session, turn: Turn) -> str:
    """What follows the greeting: a session begins as active, so nobody is handed off or taken leave of yet."""
    if turn.choice is not None:
        session.buying = True
        product = agent.products[turn.choice.product_id]
        return f"You would like {product.name}; say yes and I hand you over to the checkout."
    return "What would you like to know?" if turn.over else turn.text


def si_send_message(ctx: Context, request: Body) -> Body:
    """Answer a message, or what a user did with a button or card.

    SESSION_NOT_FOUND for unknown and expired sessions and those of other callers, SESSION_TERMINATED for ended ones.
    """
    agent = agent_of(ctx)
    session = session_of(ctx, agent, request["session_id"])
    if session.ended:
        why = f"the session is {session.status}"
        raise AdcpError("SESSION_TERMINATED", why, "session_id", suggestion="initiate another session")
    done = _action(agent, session, request)
    take_receipt(ctx, agent, session.session_id, request)
    session.expires_ms = agent.now + agent.config.session_timeout
    session.turns += 1
    turn = conversation.act(agent, session, *done) if done else conversation.answer(agent, session, request["message"])
    shown = _shown(session, turn)
    response: Body = {"message": turn.text}
    if session.can("a2ui", "supported"):
        response["surface"] = surface(agent, session, turn.text, shown)
    else:
        elements = ui_elements(agent, session, shown)
        if elements:
            response["ui_elements"] = elements
    if turn.choice is not None:
        session.choice = turn.choice
        agent.move(session, "pending_handoff", "the user wants to buy")
    elif turn.over and session.status == "active":
        agent.move(session, "complete", "the user has taken leave")
    body: Body = {
        "status": "completed",
        "session_id": session.session_id,
        "session_status": session.status,
        "response": response,
        "sponsored_context": sponsored_context(agent, len(shown) > 1),
    }
    if session.choice is not None:
        body["handoff"] = handoff(agent, session, session.choice)
    return body


def session_of(ctx: Context, agent: SponsoredAgent, session_id: str) -> Session:
    """The caller's session; SESSION_NOT_FOUND for one of somebody else, and for one that expired."""
    session = agent.sessions.get(session_id)
    if session is not None:
        agent.expire(session)
    if session is None or session.caller != ctx.principal.id or session.timed_out:
        raise AdcpError("SESSION_NOT_FOUND", "the session has expired or does not exist", "session_id")
    return session


def _shown(session: Session, turn: Turn) -> list[Product]:
    """The products of an answer, which the user has before the eyes from now on."""
    if turn.products:
        session.shown = [product.id for product in turn.products]
    return turn.products


def _action(agent: SponsoredAgent, session: Session, request: Body) -> tuple[str, Choice | None] | None:
    """What the user did with a component, and to which product; None for a message.

    VALIDATION_ERROR for actions and products that are not ours.
    """
    if "action_response" not in request:
        return None
    done = request["action_response"]
    action, payload = done.get("action"), done.get("payload", {})
    if action not in ACTIONS:
        why, field = f"no component of ours has the action {action!r}", "action_response.action"
        raise AdcpError("VALIDATION_ERROR", why, field, suggestion=f"actions are {', '.join(ACTIONS)}")
    product_id, variant_id = payload.get("product_id"), payload.get("variant_id")
    if product_id is None:
        return ACTIONS[action], None
    product = next((one for one in agent.products_in(session) if one.id == product_id), None)
    if product is None:
        raise AdcpError("VALIDATION_ERROR", "this session has no such product", "action_response.payload.product_id")
    if variant_id is not None and variant_id not in [variant.id for variant in product.config.variants]:
        raise AdcpError("VALIDATION_ERROR", "the product has no such variant", "action_response.payload.variant_id")
    return ACTIONS[action], Choice(product.id, variant_id or WHOLE)
