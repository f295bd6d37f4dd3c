"""get_products: by brief, wholesale, or as a refinement of what was found before."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Any

from agents.seller.accounts import account_for
from agents.seller.context import seller_of
from agents.seller.filters import apply_filters, dates_of
from agents.seller.policy.matching import Match, match_brief, read_brief
from agents.seller.product_wire import product_wire
from agents.seller.properties import resolve_list, restrict
from agents.seller.proposals import offer_proposals, refine_proposals
from agents.seller.records import Product
from agents.seller.refinement import refine_products
from agents.seller.sandbox import answers_all
from agents.seller.wire import page
from sandbox.core.errors import AdcpError

if TYPE_CHECKING:
    from agents.seller.seller import Seller
    from sandbox.kernel.endpoint import Context

Found = list[tuple[Product, str]]
"""Products in order, each with the sentence that says why it was found (empty: no brief)."""


def get_products(ctx: Context, request: dict[str, Any]) -> Generator[Any, Any, dict[str, Any]]:
    """Find products. Filters come before everything else; a property list is fetched from its keeper."""
    seller, mode = seller_of(ctx), request["buying_mode"]
    _check_mode(mode, request)
    if "account" in request:
        account_for(ctx, request["account"])
    on_sale = [p for p in seller.products.values() if p.offered and not p.sold_out and seller.sellable(p)]
    filters = request.get("filters", {})
    candidates, diagnostics = apply_filters(seller, on_sale, filters)
    body: dict[str, Any] = {"status": "completed"}
    if "property_list" in request:
        listed = yield from resolve_list(ctx, request["property_list"], "property_list")
        candidates = restrict(candidates, listed)
        body["property_list_applied"] = True
    if mode == "refine":
        found, body["refinement_applied"] = refine_products(candidates, request["refine"])
    else:
        found = match_products(candidates, request.get("brief", ""))
        if not found and answers_all(seller.config.accounts, request):
            found = [(product, "nothing fits the brief; this is what there is") for product in candidates]
    rows, pagination = page(found, request.get("pagination"))
    period, fields = dates_of(filters, seller.now), request.get("fields")
    body["products"] = [product_wire(seller, product, period, why, fields) for product, why in rows]
    body["pagination"] = pagination
    body["cache_scope"] = "account" if "account" in request else "public"
    if filters:
        body["filter_diagnostics"] = diagnostics
    proposals = _proposals(seller, ctx.principal.id, request, found, body)
    if proposals:
        body["proposals"] = proposals
    return body


def _proposals(
    seller: Seller, buyer: str, request: dict[str, Any], found: Found, body: dict[str, Any]
) -> list[dict[str, Any]]:
    if request["buying_mode"] == "brief" and seller.config.proposals:
        return offer_proposals(seller, buyer, request, found)
    if request["buying_mode"] == "refine":
        return refine_proposals(seller, buyer, request["refine"], body["refinement_applied"])
    return []


def _check_mode(mode: str, request: dict[str, Any]) -> None:
    """brief goes with ``brief``, refine with ``refine``, wholesale with neither (specification.mdx)."""
    for name in ("brief", "refine"):
        if name == mode and not request.get(name):
            raise AdcpError("INVALID_REQUEST", f"buying_mode {mode} needs {name}", field=name)
        if name != mode and name in request:
            raise AdcpError("INVALID_REQUEST", f"buying_mode {mode} takes no {name}", field=name)


def match_products(candidates: list[Product], text: str) -> Found:
    """The products that fit a brief, best first; without a brief all of them, in the catalogue's order."""
    if not text:
        return [(product, "") for product in candidates]
    brief = read_brief(text)
    matches: list[tuple[Product, Match]] = [(p, match_brief(brief, p)) for p in candidates]
    fitting = [(p, match) for p, match in matches if match.fits]
    fitting.sort(key=lambda pair: -pair[1].score)
    return [(product, match.relevance) for product, match in fitting]
