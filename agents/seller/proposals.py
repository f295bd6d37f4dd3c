"""Proposals: plans over several products that buyers finalize and then buy (proposal-negotiation.mdx)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agents.seller.compact.purchases import package_of
from agents.seller.compact.refining import commitment_of
from agents.seller.compact.snapshots import enter
from agents.seller.records import MediaBuy, Product, Proposal
from sandbox.core.errors import AdcpError
from sandbox.core.money import amount, micros, split
from sandbox.core.time import iso

if TYPE_CHECKING:
    from agents.seller.seller import Seller

_MOST = 4
"""Products in one proposal."""


def offer_proposals(
    seller: Seller, buyer: str, request: dict[str, Any], found: list[tuple[Product, str]]
) -> list[dict[str, Any]]:
    """One proposal over the best products at a fixed price; none if there are fewer than two.

    The share of a product falls with its rank: of n products the k-th gets n - k + 1 parts.
    """
    best = [p for p, _ in found if any(option.is_fixed for option in p.pricing)][:_MOST]
    if len(best) < 2:
        return []
    parts = len(best) * (len(best) + 1) // 2
    shares = [round(100 * (len(best) - rank) / parts, 2) for rank in range(len(best))]
    shares[0] = round(100 - sum(shares[1:]), 2)
    allocations = [
        {
            "product_id": product.product_id,
            "allocation_percentage": share,
            "pricing_option_id": next(o.option_id for o in product.pricing if o.is_fixed),
            "rationale": f"number {rank} among what fits the brief",
            "sequence": rank,
        }
        for rank, (product, share) in enumerate(zip(best, shares, strict=True), start=1)
    ]
    most = request.get("filters", {}).get("budget_range", {}).get("max")
    standing = seller.proposals.get(seller.config.proposal_id)
    if standing is not None and standing.buyer == buyer and _on_offer(seller, standing):
        return [proposal_wire(seller, standing)]
    proposal = Proposal(
        proposal_id=seller.config.proposal_id if standing is None and seller.config.proposal_id else _new_id(seller),
        buyer=buyer,
        name=f"{seller.name}: {' and '.join(dict.fromkeys(c for p in best for c in p.channels))}",
        allocations=allocations,
        created_ms=seller.now,
        expires_ms=seller.now + seller.config.proposal_validity,
        alignment="The best products for the brief, more of the budget on the better ones.",
        budget_micros=None if most is None else micros(most),
        brand=_brand(request),
        status="committed" if seller.config.proposals_firm else "draft",
    )
    seller.proposals[proposal.proposal_id] = proposal
    seller.status("proposal", proposal.proposal_id, None, proposal.status, "offered")
    return [proposal_wire(seller, proposal)]


def _on_offer(seller: Seller, proposal: Proposal) -> bool:
    """True if a proposal can still be bought: not expired, declined or bought, and nobody decides about it."""
    open_still = proposal.declined is None and proposal.status != "accepted"
    return open_still and seller.now < proposal.expires_ms and proposal.task_id not in seller.desk.cases


def _brand(request: dict[str, Any]) -> dict[str, Any]:
    """The key of the brand that a request names, by itself or by its account."""
    brand = request.get("brand") or request.get("account", {}).get("brand", {})
    return {name: brand[name] for name in ("domain", "brand_id", "countries") if name in brand}


def _new_id(seller: Seller) -> str:
    return seller.ids.next("prop")


def proposal_wire(seller: Seller, proposal: Proposal) -> dict[str, Any]:
    """A proposal as get_products carries it (core/proposal.json)."""
    body: dict[str, Any] = {
        "proposal_id": proposal.proposal_id,
        "name": proposal.name,
        "allocations": proposal.allocations,
        "proposal_status": "draft" if proposal.status == "draft" else "committed",
        "expires_at": iso(proposal.expires_ms),
        "brief_alignment": proposal.alignment,
    }
    if proposal.budget_micros is not None:
        guidance = {"recommended": amount(proposal.budget_micros), "currency": seller.config.currency}
        body["total_budget_guidance"] = guidance
    return body


def refine_proposals(
    seller: Seller, buyer: str, refine: list[dict[str, Any]], applied: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """The proposals that a refinement keeps or finalizes; fills in its entries of ``refinement_applied``.

    Finalizing holds the terms until ``expires_at``; only one proposal in a call (MULTI_FINALIZE_UNSUPPORTED).
    """
    final = [entry for entry in refine if entry.get("action") == "finalize"]
    if len(final) > 1:
        raise AdcpError("MULTI_FINALIZE_UNSUPPORTED", "finalize one proposal in a call", field="refine")
    kept = []
    for position, entry in enumerate(refine):
        if entry["scope"] != "proposal":
            continue
        proposal = seller.proposals.get(entry["proposal_id"])
        result = applied[position]
        if proposal is None or proposal.buyer != buyer:
            result["notes"] = "no such proposal"
        elif entry.get("action") == "omit":
            result["status"] = "applied"
        elif proposal.declined is not None:
            result["notes"] = "the proposal was declined"
        elif seller.now >= proposal.expires_ms:
            result["notes"] = "the proposal has expired"
        elif entry.get("action") == "finalize" and proposal.terms is not None and proposal.status == "draft":
            commitment, _, why = commitment_of(seller, proposal, [])
            if commitment is None:
                result["notes"] = why
            else:
                result["status"] = "applied"
                kept.append(proposal_wire(seller, enter(seller, commitment, "finalized by the buyer")))
        else:
            if entry.get("action") == "finalize" and proposal.status == "draft":
                _commit(seller, proposal)
            result["status"] = "applied"
            kept.append(proposal_wire(seller, proposal))
    return kept


def _commit(seller: Seller, proposal: Proposal) -> None:
    proposal.expires_ms = seller.now + seller.config.proposal_validity
    proposal.status = "committed"
    seller.status("proposal", proposal.proposal_id, "draft", "committed", "finalized by the buyer")


def proposal_to_buy(seller: Seller, buyer: str, proposal_id: str) -> Proposal:
    """The committed proposal that a purchase names.

    Raises PROPOSAL_NOT_FOUND, PROPOSAL_EXPIRED, PROPOSAL_NOT_COMMITTED, or INVALID_STATE if it was declined or is
    bought already. An acceptance that waits for input can be sent again with what it lacked.
    """
    proposal = seller.proposals.get(proposal_id)
    if proposal is None or proposal.buyer != buyer:
        raise AdcpError("PROPOSAL_NOT_FOUND", f"there is no proposal {proposal_id}", field="proposal_id")
    check_open(proposal)
    waiting = seller.desk.cases.get(proposal.task_id)
    if waiting is not None and waiting.task.status == "input-required":
        return proposal
    if waiting is not None:
        raise AdcpError("INVALID_STATE", f"{proposal_id} waits for a decision already", field="proposal_id")
    if seller.now >= proposal.expires_ms:
        raise AdcpError("PROPOSAL_EXPIRED", f"{proposal_id} has expired", field="proposal_id")
    if proposal.status == "draft":
        raise AdcpError("PROPOSAL_NOT_COMMITTED", f"{proposal_id} must be finalized first", field="proposal_id")
    return proposal


def check_open(proposal: Proposal) -> None:
    """INVALID_STATE if a proposal was declined or bought."""
    what = "declined" if proposal.declined is not None else "bought already" if proposal.status == "accepted" else ""
    if what:
        raise AdcpError("INVALID_STATE", f"{proposal.proposal_id} has been {what}", field="proposal_id")


def packages_of(seller: Seller, account_id: str, proposal: Proposal, request: dict[str, Any]) -> list[dict[str, Any]]:
    """Package requests by the terms of a proposal, or by its shares; they add up to the total budget exactly."""
    total = request.get("total_budget")
    if total is None or total["currency"] != seller.config.currency:
        raise AdcpError(
            "INVALID_REQUEST",
            f"a proposal needs a total_budget in {seller.config.currency}",
            field="total_budget",
        )
    if proposal.terms is not None:
        check_total(proposal, total)
        return [package_of(seller, account_id, purchase, "proposal_id") for purchase in proposal.terms["purchases"]]
    shares = [allocation["allocation_percentage"] for allocation in proposal.allocations]
    budgets = split(micros(total["amount"]), shares)
    return [
        {
            "product_id": allocation["product_id"],
            "pricing_option_id": allocation["pricing_option_id"],
            "budget": amount(budget),
        }
        for allocation, budget in zip(proposal.allocations, budgets, strict=True)
    ]


def check_total(proposal: Proposal, total: dict[str, Any]) -> None:
    """REQUOTE_REQUIRED for another total than the terms say."""
    agreed = (proposal.terms or {})["total_budget"]
    if total["currency"] != agreed["currency"] or micros(total["amount"]) != micros(agreed["amount"]):
        why = f"the terms are for {agreed['amount']} {agreed['currency']}; another total is another proposal"
        raise AdcpError("REQUOTE_REQUIRED", why, field="total_budget")


def accept(seller: Seller, proposal: Proposal, buy: MediaBuy) -> None:
    """Note that a proposal became a media buy, or changed one."""
    seller.status("proposal", proposal.proposal_id, proposal.status, "accepted", f"bought as {buy.media_buy_id}")
    proposal.status, proposal.accepted_ms, proposal.task_id = "accepted", seller.now, ""
    proposal.media_buy_id = buy.media_buy_id
    if proposal.terms is not None:
        buy.proposal_id = proposal.proposal_id
        proposal.packages = proposal.packages or list(buy.packages)
