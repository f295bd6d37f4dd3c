"""What a caller sends along comes back unchanged."""

from __future__ import annotations

from sandbox.contract.check import expect
from sandbox.contract.sales_agent.agent import Agent
from sandbox.contract.sales_agent.checks import CHECKS
from sandbox.contract.sales_agent.orders import order, sells, unknown_buy

_SPEC = "core/context.json; docs/building/by-layer/L2/context-sessions.mdx"
SENT = {"trace": "check-17", "deep": {"list": [1, "two", None, {"three": 3.5}], "ünï": "✓"}}


@CHECKS.add("context.reads", _SPEC)
async def reads(agent: Agent) -> None:
    """An answer echoes the context of its request."""
    body = await agent.ok("get_adcp_capabilities", {"context": SENT})
    expect(body.get("context") == SENT, "context", SENT, body.get("context"))


@CHECKS.add("context.writes", _SPEC)
async def writes(agent: Agent) -> None:
    """The answer to an order echoes its context."""
    await sells(agent)
    reply = await agent.call("create_media_buy", await order(agent, context=SENT))
    expect(reply.body.get("context") == SENT, "context", SENT, reply.body.get("context"))


@CHECKS.add("context.refusals", _SPEC)
async def refusals(agent: Agent) -> None:
    """A refusal echoes the context of its request."""
    reply = await agent.call("update_media_buy", await unknown_buy(agent, context=SENT))
    found = (reply.told.body or {}).get("context")
    expect(found == SENT, "context", SENT, found)


@CHECKS.add("context.kept", _SPEC)
async def kept(agent: Agent) -> None:
    """The context of one request is in no answer to another one."""
    await agent.ok("get_adcp_capabilities", {"context": SENT})
    body = await agent.ok("get_adcp_capabilities")
    expect(body.get("context") is None, "context", "none", body.get("context"))
