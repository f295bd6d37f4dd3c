"""get_adcp_capabilities, and what host and brand have in common (docs/sponsored-intelligence/specification.mdx)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agents.sponsored.context import agent_of
from agents.sponsored.controller import SCENARIOS
from agents.sponsored.elements import CATALOG, STANDARD
from sandbox.core.errors import AdcpError

if TYPE_CHECKING:
    from agents.sponsored.agent import SponsoredAgent
    from sandbox.kernel.endpoint import Context

Body = dict[str, Any]


def get_adcp_capabilities(ctx: Context, request: Body) -> Body:
    """Releases, how the agent is reached, and what a session with it can do."""
    agent = agent_of(ctx)
    transports = [{"type": kind, "url": f"{agent.url}/{kind}"} for kind in ("mcp", "a2a")]
    block = {
        "endpoint": {"transports": transports, "preferred": "mcp"},
        "capabilities": capabilities_of(agent),
        "brand_url": f"https://{agent.config.brand}/.well-known/brand.json",
    }
    body = agent.capabilities(request, "sponsored_intelligence", "sponsored-intelligence", block)
    body["experimental_features"] = ["sponsored_intelligence.core"]
    if agent.config.test_controller:
        body["compliance_testing"] = {"scenarios": list(SCENARIOS)}
    return body


def capabilities_of(agent: SponsoredAgent) -> Body:
    """What the brand's side can do (sponsored-intelligence/si-capabilities.json): text, cards, surfaces, a checkout."""
    return {
        "modalities": {"conversational": True, "voice": False, "video": False, "avatar": False},
        "components": {"standard": list(STANDARD)},
        "commerce": {"acp_checkout": agent.config.checkout_url is not None},
        "a2ui": {"supported": True, "catalogs": [CATALOG]},
        "mcp_apps": False,
    }


def negotiated(agent: SponsoredAgent, host: Body) -> Body:
    """What both sides can do. Standard components are everybody's; what else a host doesn't claim, it hasn't.

    ``capability_unsupported`` for a host that takes no text.
    """
    ours = capabilities_of(agent)
    if host.get("modalities", {}).get("conversational", True) is False:
        why, field = "this agent answers in text only", "supported_capabilities.modalities.conversational"
        raise AdcpError("capability_unsupported", why, field, recovery="correctable")
    theirs = host.get("components", {}).get("standard", STANDARD)
    catalogs = host.get("a2ui", {}).get("catalogs", [CATALOG])
    surfaces = bool(host.get("a2ui", {}).get("supported")) and CATALOG in catalogs
    pays = bool(host.get("commerce", {}).get("acp_checkout")) and ours["commerce"]["acp_checkout"]
    return {
        **ours,
        "components": {"standard": [component for component in STANDARD if component in theirs]},
        "commerce": {"acp_checkout": pays},
        "a2ui": {"supported": surfaces, "catalogs": [CATALOG] if surfaces else []},
    }
