"""The compliance test controller of a creative agent: what happens by itself elsewhere, on demand.

docs/building/by-layer/L3/comply-test-controller.mdx. It acts on the agent's own state, and is there only where the
settings say ``test_controller: true``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agents.creative import controls
from agents.creative.context import agent_of
from agents.creative.library import library_of
from agents.seller.controller.force import force_account_status as force_account
from agents.seller.controller.force import moved
from agents.seller.controller.state import Refused
from agents.seller.controller.tool import play
from agents.seller.library import set_creative
from sandbox.core.errors import InputError
from sandbox.domain.lifecycles import LIFECYCLES

if TYPE_CHECKING:
    from agents.creative.agent import CreativeAgent
    from sandbox.kernel.endpoint import Context

Body = dict[str, Any]


def comply_test_controller(ctx: Context, request: Body) -> Body:
    """Do a scenario of creative agents."""
    return play(SCENARIOS, ctx, agent_of(ctx), request)


def force_account_status(ctx: Context, agent: CreativeAgent, request: Body, params: Body) -> Body:
    """Move an account of the caller."""
    return force_account(ctx, agent.as_seller, request, params)


def force_creative_status(ctx: Context, agent: CreativeAgent, _request: Body, params: Body) -> Body:
    """Move a creative that the caller sees."""
    creative_id, new = params["creative_id"], params["status"]
    seen = library_of(agent, agent.accounts_of(ctx.principal))
    creative = next((one for one in seen if one.creative_id == creative_id), None)
    if creative is None:
        raise Refused("NOT_FOUND", f"there is no creative {creative_id}")
    old = creative.status
    if old != new and not LIFECYCLES["creative"].allows(old, new):
        raise Refused("INVALID_TRANSITION", f"creative {creative_id} can't go from {old} to {new}", old)
    if old != new:
        agent.desk.reviews.pop(creative.label, None)
        set_creative(agent.as_seller, creative, new, params.get("rejection_reason") or "forced by the test controller")
    return moved(f"creative {creative_id}", old, new)


def seed_creative(_ctx: Context, agent: CreativeAgent, _request: Body, params: Body) -> Body:
    """A creative in the libraries of all sandbox accounts."""
    creative_id, fixture = params["creative_id"], params.get("fixture", {})
    if fixture.get("status", "approved") not in LIFECYCLES["creative"].states:
        raise Refused("INVALID_PARAMS", f"fixture.status: use one of {', '.join(LIFECYCLES['creative'].states)}")
    known = agent.controller.seed(("creative", creative_id), fixture)
    controls.seed_creative(agent, creative_id, fixture)
    return _seeded(known, f"creative {creative_id}")


def seed_creative_format(ctx: Context, agent: CreativeAgent, request: Body, params: Body) -> Body:
    """A format for the account that is named, or for all sandbox accounts."""
    format_id, fixture = params.get("format_id"), params.get("fixture", {})
    if not isinstance(format_id, str) or not format_id:
        raise Refused("INVALID_PARAMS", "format_id: name the format")
    account_id = request.get("account", {}).get("account_id")
    known = agent.controller.seed(("creative_format", str(account_id), format_id), fixture)
    try:
        made = controls.seed_format(agent, format_id, fixture, account_id)
    except InputError as error:
        raise Refused("NOT_FOUND", error.message) from None
    agent.controller.formats.setdefault(ctx.principal.id, {})[format_id] = made
    return _seeded(known, f"format {format_id}")


def _seeded(known: str | None, what: str) -> Body:
    return {"message": f"{what} is there"} if known is None else {"previous_state": known, "current_state": known}


SCENARIOS: dict[str, Any] = {
    scenario.__name__: scenario
    for scenario in (force_account_status, force_creative_status, seed_creative, seed_creative_format)
}
