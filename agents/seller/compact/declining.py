"""decline_proposals: the buyer will not pursue proposals; for good (task-reference/decline_proposals.mdx)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agents.seller.compact import opportunities
from agents.seller.compact.refining import owned
from agents.seller.context import seller_of
from sandbox.core.errors import AdcpError

if TYPE_CHECKING:
    from agents.seller.seller import Seller
    from sandbox.kernel.endpoint import Context

Json = dict[str, Any]


def decline_proposals(ctx: Context, request: Json) -> Json:
    """One result for each, in their order. What was held is free again; the first reason that was given stands."""
    seller, ids = seller_of(ctx), [entry["proposal_id"] for entry in request["declines"]]
    for number, proposal_id in enumerate(ids):
        if proposal_id in ids[:number]:
            field = f"declines[{number}].proposal_id"
            raise AdcpError("INVALID_REQUEST", "two entries name the same proposal", field=field)
    results = [_decline(seller, ctx.principal.id, entry, request) for entry in request["declines"]]
    if all(result["outcome"] == "declined" for result in results):
        opportunities.update(seller, ctx.principal.id, request)
    return {"results": results}


def _decline(seller: Seller, buyer: str, entry: Json, request: Json) -> Json:
    proposal = owned(seller, buyer, entry["proposal_id"])
    result = {"proposal_id": entry["proposal_id"], "outcome": "unable"}
    if proposal is None:
        return {**result, "reason": "there is no such proposal"}
    if proposal.status == "accepted" or proposal.task_id:
        return {**result, "reason": "it has been accepted"}
    if not opportunities.matches(proposal.opportunity_id, request):
        return {**result, "reason": "it belongs to another opportunity"}
    if proposal.declined is None:
        proposal.declined = (entry["reason"], entry.get("detail", ""))
        seller.decide("proposal", proposal.proposal_id, "declined", ": ".join(filter(None, proposal.declined)))
    return {**result, "outcome": "declined"}
