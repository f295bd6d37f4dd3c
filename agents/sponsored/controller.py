"""comply_test_controller: it moves accounts and ends sessions (compliance/comply-test-controller-request.json)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agents.seller.controller.force import force_account_status as force_account
from agents.seller.controller.force import moved
from agents.seller.controller.state import Refused
from agents.seller.controller.tool import play
from agents.sponsored.context import agent_of

if TYPE_CHECKING:
    from agents.sponsored.agent import SponsoredAgent
    from sandbox.kernel.endpoint import Context

Body = dict[str, Any]


def force_account_status(ctx: Context, agent: SponsoredAgent, request: Body, params: Body) -> Body:
    """Move an account of the caller."""
    return force_account(ctx, agent.as_seller, request, params)


def force_session_status(ctx: Context, agent: SponsoredAgent, _request: Body, params: Body) -> Body:
    """End a session of the caller, as ``complete`` or ``terminated``; an end is final."""
    session_id, new = params["session_id"], params["status"]
    session = agent.sessions.get(session_id)
    if session is None or session.caller != ctx.principal.id:
        raise Refused("NOT_FOUND", f"there is no session {session_id}")
    agent.expire(session)
    old = session.status
    if session.ended and old != new:
        raise Refused("INVALID_TRANSITION", f"session {session_id} can't go from {old} to {new}", old)
    if not session.ended:
        agent.move(session, new, params.get("termination_reason", "forced by the test controller"))
    return moved(f"session {session_id}", old, new)


SCENARIOS = {scenario.__name__: scenario for scenario in (force_account_status, force_session_status)}


def comply_test_controller(ctx: Context, request: Body) -> Body:
    """Do a scenario, in the words of all test controllers."""
    return play(SCENARIOS, ctx, agent_of(ctx), request)
