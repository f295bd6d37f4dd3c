"""Who pays for what is said, and what the host commits to (sponsored-intelligence/si-sponsored-context.json)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.core.errors import AdcpError
from sandbox.core.time import iso

if TYPE_CHECKING:
    from agents.sponsored.agent import SponsoredAgent
    from sandbox.kernel.endpoint import Context

Body = dict[str, Any]


def sponsored_context(agent: SponsoredAgent, several: bool) -> Body:
    """The declaration of an answer; ``several`` products form a set to choose from, one is only presented."""
    label = agent.config.disclosure or f"Sponsored by {agent.name}"
    near = ("near_each_influenced_output", "near_influenced_output")
    timing, proximity = near if several else ("at_first_influenced_output", "near_rendered_unit")
    return {
        "paying_principal": {"brand": {"domain": agent.config.brand}, "display_name": agent.name},
        "context_use": "comparison_set" if several else "presentation_only",
        "disclosure_obligation": {"required": True, "label_text": label, "timing": timing, "proximity": proximity},
        "declared_at": iso(agent.now),
        "declared_by": {"agent_url": agent.url, "role": "brand_agent"},
    }


def take_receipt(ctx: Context, agent: SponsoredAgent, session_id: str, request: Body) -> None:
    """Keep in the trace what the host decided about our declaration; releases before 3.1 have no receipts.

    INVALID_REQUEST for the receipt of somebody else's declaration, or of one that leaves the disclosure out.
    """
    receipt = request.get("sponsored_context_receipt")
    if receipt is None or ctx.version == "3.0":
        return
    declared, host = receipt["sponsored_context"], receipt["host_receipt"]
    place = "sponsored_context_receipt.sponsored_context"
    if declared["paying_principal"]["brand"]["domain"] != agent.config.brand:
        why = f"this is not a declaration of {agent.config.brand}"
        raise AdcpError("INVALID_REQUEST", why, f"{place}.paying_principal.brand")
    if not declared["disclosure_obligation"]["required"]:
        why = "we declared that disclosure is required"
        raise AdcpError("INVALID_REQUEST", why, f"{place}.disclosure_obligation.required")
    agent.decide("si_session", session_id, f"context_{host['status']}", declared["context_use"])
