"""Planning cycles of buyers (core/opportunity-context.json): open until they are closed, and then no more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.core.errors import AdcpError

if TYPE_CHECKING:
    from agents.seller.seller import Seller


def begin(seller: Seller, buyer: str, request: dict[str, Any]) -> str:
    """The id of the cycle that a request for proposals belongs to, empty if none; INVALID_STATE for a closed one."""
    told: dict[str, Any] = request.get("opportunity", {})
    if not told:
        return ""
    known = seller.opportunities.setdefault((buyer, told["opportunity_id"]), {"status": "open"})
    if known["status"] == "closed":
        why = f"the opportunity {told['opportunity_id']} is closed"
        raise AdcpError("INVALID_STATE", why, field="opportunity.opportunity_id")
    known.update(told)
    return str(told["opportunity_id"])


def matches(opportunity_id: str, request: dict[str, Any]) -> bool:
    """False if the request names a cycle that the proposal does not belong to."""
    told = request.get("opportunity")
    return told is None or told["opportunity_id"] == opportunity_id


def update(seller: Seller, buyer: str, request: dict[str, Any]) -> None:
    """Note what a request says about its cycle."""
    told = request.get("opportunity")
    if told is not None:
        seller.opportunities.setdefault((buyer, told["opportunity_id"]), {"status": "open"}).update(told)


def won(seller: Seller, buyer: str, opportunity_id: str) -> None:
    """Close the cycle of something that was bought here."""
    if opportunity_id:
        known = seller.opportunities.setdefault((buyer, opportunity_id), {})
        known.update(status="closed", close_reason="accepted_with_seller")
