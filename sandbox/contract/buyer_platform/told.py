"""What the platform tells sales agents: seen in its debug, while faults keep an agent from answering.

Needs a served sandbox (``--control``); :class:`~sandbox.contract.check.Skipped` is raised without one.
"""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import Any

from sandbox.contract.buyer_platform.answers import Body
from sandbox.contract.buyer_platform.faults import fault
from sandbox.contract.buyer_platform.platform import Platform
from sandbox.contract.check import expect


async def search(platform: Platform, advertiser: str, agent: str) -> Body:
    """What an agent is asked in a discovery."""
    async with fault(platform, kind="unavailable", to=agent, message="get_products"):
        body = {"advertiserId": advertiser, "debug": True}
        found = await platform.ok("POST", "discovery/discover-products", body)
    rows = [row for row in found.get("agentResults") or [] if row.get("agentId") == agent]
    return _last(rows[0] if rows else {}, f"agentResults of {agent}, which is down")


async def order(platform: Platform, campaign: Body, *more: str) -> Body:
    """The last request of an execution whose first agent takes no orders, and no calls of the tools ``more``."""
    agent = campaign["products"][0]["salesAgentId"]
    async with AsyncExitStack() as down:
        for message in (*more, "create_media_buy"):
            await down.enter_async_context(fault(platform, kind="unavailable", to=agent, message=message))
        done = await platform.ok("POST", f"campaigns/{campaign['campaignId']}/execute", {"debug": True})
    expect(done.get("success") is False, "success while the agent is down", False, done.get("success"))
    return _last(done["errors"][0].get("debug") or {}, "errors[0].debug")


def _last(shown: Body, where: str) -> Body:
    logs: list[Any] = shown.get("debugLogs") or []
    expect(bool(logs), f"debugLogs in {where}", "what it was asked", shown)
    found: Body = logs[-1]["request"]["body"]
    return found
