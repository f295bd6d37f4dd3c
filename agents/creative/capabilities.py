"""get_adcp_capabilities: what a creative agent can do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agents.creative.context import agent_of
from agents.creative.controller import SCENARIOS

if TYPE_CHECKING:
    from sandbox.kernel.endpoint import Context

_SPECIALISMS = {
    "template": "creative-template",
    "generative": "creative-generative",
    "ad_server": "creative-ad-server",
}


def get_adcp_capabilities(ctx: Context, request: dict[str, Any]) -> dict[str, Any]:
    """Releases, accounts, and which of the ways to work it knows."""
    agent = agent_of(ctx)
    config = agent.config
    block: dict[str, Any] = {
        "has_creative_library": config.library,
        "supports_generation": config.personality == "generative",
        "supports_transformation": True,
        "supports_compliance": False,
        "bills_through_adcp": bool(config.prices),
    }
    body = agent.capabilities(request, "creative", _SPECIALISMS[config.personality], block)
    return {**body, "compliance_testing": {"scenarios": list(SCENARIOS)}} if config.test_controller else body
