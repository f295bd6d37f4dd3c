"""request_proposals: a draft media plan for a brief (task-reference/request_proposals.mdx)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agents.seller.accounts import account_for
from agents.seller.compact import opportunities
from agents.seller.compact.answers import proposal_wire
from agents.seller.compact.canonical import canonical_product
from agents.seller.compact.selection import check_outcome, select
from agents.seller.compact.snapshots import enter, flight_for, guidance, plan, snapshot
from agents.seller.compact.terms import flight_of
from agents.seller.context import seller_of
from agents.seller.policy.matching import match_brief, read_brief

if TYPE_CHECKING:
    from agents.seller.records import Account, Product, Proposal
    from agents.seller.seller import Seller
    from sandbox.kernel.endpoint import Context

Json = dict[str, Any]


def request_proposals(ctx: Context, request: Json) -> Json:
    """One draft over the products that fit the brief, or ``rejected`` with the reason."""
    seller, criteria = seller_of(ctx), request.get("criteria", {})
    account = account_for(ctx, request["account"]) if "account" in request else None
    check_outcome(criteria, "criteria")
    found = ranked(select(seller, criteria), request["brief"])
    opportunity_id = opportunities.begin(seller, ctx.principal.id, request)
    flight = flight_for(seller, criteria, request.get("opportunity", {}).get("planning_horizon"))
    draft = plan(seller, _brand(request, account), [product for product, _ in found], criteria, flight)
    if draft is None:
        why = (
            "nothing on sale fits the brief and the criteria" if not found else "the budget or the flight is too small"
        )
        return {"outcome": "rejected", "status": "completed", "reason": why}
    proposal = snapshot(
        seller,
        ctx.principal.id,
        draft,
        account_id=account.account_id if account is not None else "",
        opportunity_id=opportunity_id,
        criteria=criteria,
        brief=request["brief"],
        alignment="The best products for the brief, more of the budget on the better ones.",
    )
    proposal = enter(seller, proposal, "asked for by the buyer")
    return {
        "outcome": "proposed",
        "status": "completed",
        "proposals": [{**proposal_wire(proposal), "total_budget_guidance": guidance(seller, proposal)}],
        "products": planned_products(seller, [proposal], {product.product_id: why for product, why in found}),
    }


def ranked(products: list[Product], brief: str) -> list[tuple[Product, str]]:
    """The products that fit a brief, best first, each with the sentence that says why."""
    read = read_brief(brief)
    matches = [(product, match_brief(read, product)) for product in products]
    fitting = sorted(((p, m) for p, m in matches if m.fits), key=lambda pair: -pair[1].score)
    return [(product, match.relevance) for product, match in fitting]


def planned_products(seller: Seller, proposals: list[Proposal], reasons: dict[str, str]) -> list[Json]:
    """The products that proposals are about, each once, with forecasts for the flight."""
    rows: dict[str, Json] = {}
    for proposal in proposals:
        terms = proposal.terms or {"purchases": []}
        for purchase in terms["purchases"]:
            product = seller.products.get(purchase["product_id"])
            if product is not None and product.product_id not in rows:
                why = reasons.get(product.product_id, "")
                rows[product.product_id] = canonical_product(seller, product, flight_of(terms), None, why)
    return list(rows.values())


def _brand(request: Json, account: Account | None) -> Json:
    """The advertiser: told by itself, or by the account."""
    brand: Json = request.get("brand") or (account.brand if account is not None else {})
    return {name: brand[name] for name in ("domain", "brand_id", "countries") if name in brand}
