"""From a call to the agent that serves it, and who the caller is."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from sandbox.core.errors import AdcpError
from sandbox.kernel.network import Network

if TYPE_CHECKING:
    from agents.governance.agent import GovernanceAgent
    from agents.governance.plans import Plan
    from sandbox.kernel.endpoint import Context


def governance_of(ctx: Context) -> GovernanceAgent:
    """The governance agent whose tool is called."""
    return cast("GovernanceAgent", ctx.actor)


def check_caller(ctx: Context, caller: str) -> None:
    """An actor calls under its own address only; PERMISSION_DENIED otherwise. Customers from outside may name any."""
    if ctx.principal.id not in ctx.world.actors or ctx.principal.role == "driver":
        return
    if Network.agent_at(caller) != ctx.principal.id:
        own = Network.url(ctx.principal.id)
        raise AdcpError("PERMISSION_DENIED", f"the caller is {own}, not {caller}", field="caller")


def plan_for(ctx: Context, plan_id: str, caller: str) -> Plan:
    """The plan for a caller: its own, or one that was delegated to the address of the agent that calls.

    What a caller says of itself grants nothing (specification.mdx, "Delegations"). PLAN_NOT_FOUND for absent and
    foreign plans alike.
    """
    plans = governance_of(ctx).plans
    own = plans.get((ctx.principal.id, plan_id))
    if own is not None:
        return own
    for plan in plans.values() if Network.agent_at(caller) == ctx.principal.id else ():
        delegated = (entry["agent_url"] for entry in plan.body.get("delegations", []))
        if plan.plan_id == plan_id and any(Network.same_agent(url, caller) for url in delegated):
            return plan
    raise AdcpError("PLAN_NOT_FOUND", f"there is no plan {plan_id}", field="plan_id")


def check_open(agent: GovernanceAgent, plan: Plan) -> None:
    """CAMPAIGN_SUSPENDED while people look into the plan as a whole."""
    if plan.key in agent.suspended:
        raise AdcpError("CAMPAIGN_SUSPENDED", f"plan {plan.plan_id} is suspended until people have looked at it")
