"""Refinements of get_products: include, omit, more like this, and wishes in plain words (refinement.mdx).

A refinement carries all that matters; nothing is remembered from the call before. Products that it includes
come first, then those like them, then those that its wishes ask for; when it only omits, the rest stays.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from agents.seller.policy.matching import match_brief, read_brief
from agents.seller.records import Product
from sandbox.core.errors import AdcpError

MAX_REFINEMENTS = 25
"""Change requests in one call (facts 4.13)."""

_SIMILAR = 3
"""How many products ``more_like_this`` adds."""


def refine_products(
    candidates: Sequence[Product], refine: list[dict[str, Any]]
) -> tuple[list[tuple[Product, str]], list[dict[str, Any]]]:
    """Products with their reasons, and ``refinement_applied``: one entry for each request, in its order."""
    _check(refine)
    by_id = {product.product_id: product for product in candidates}
    omitted = {e["product_id"] for e in refine if e["scope"] == "product" and e.get("action") == "omit"}
    chosen: dict[str, str] = {}
    applied = []
    for entry in refine:
        if entry["scope"] == "product":
            applied.append(_product(entry, by_id, omitted, chosen))
        elif entry["scope"] == "request":
            applied.append(_wish(entry, by_id, omitted, chosen))
        else:
            applied.append({"scope": "proposal", "proposal_id": entry["proposal_id"], "status": "unable"})
    positive = [e for e in refine if e["scope"] == "request" or e.get("action", "include") != "omit"]
    if not any(entry["scope"] != "proposal" for entry in positive):
        chosen = {product_id: "" for product_id in by_id if product_id not in omitted}
    return [(by_id[product_id], why) for product_id, why in chosen.items()], applied


def _check(refine: list[dict[str, Any]]) -> None:
    if len(refine) > MAX_REFINEMENTS:
        raise AdcpError("INVALID_REQUEST", f"at most {MAX_REFINEMENTS} refinements in one call", field="refine")
    for scope, key in (("product", "product_id"), ("proposal", "proposal_id")):
        ids = [entry[key] for entry in refine if entry["scope"] == scope]
        if len(ids) != len(set(ids)):
            raise AdcpError("INVALID_REQUEST", f"two refinements name the same {scope}", field="refine")


def _product(
    entry: dict[str, Any], by_id: dict[str, Product], omitted: set[str], chosen: dict[str, str]
) -> dict[str, Any]:
    product_id, action = entry["product_id"], entry.get("action", "include")
    result = {"scope": "product", "product_id": product_id, "status": "applied"}
    if action == "omit":
        return {**result, "notes": "left out"}
    if product_id not in by_id:
        return {**result, "status": "unable", "notes": "no such product is on offer"}
    chosen.setdefault(product_id, "Kept on your request.")
    if action == "more_like_this":
        alike = _like(by_id[product_id], [p for p in by_id.values() if p.product_id not in omitted])
        for other in alike:
            chosen.setdefault(other.product_id, f"Similar to {by_id[product_id].name}.")
        if not alike:
            return {**result, "status": "partial", "notes": "nothing similar is on offer"}
    if entry.get("ask"):
        return {**result, "status": "partial", "notes": "kept; its terms can't be changed by words"}
    return result


def _like(product: Product, others: list[Product]) -> list[Product]:
    """Those that share most: channels count double, topics and countries once."""

    def shared(other: Product) -> int:
        channels = len(set(product.channels) & set(other.channels))
        topics = len(set(product.audience) & set(other.audience))
        return 2 * channels + topics + (product.delivery_type == other.delivery_type)

    ranked = sorted((o for o in others if o is not product and shared(o) > 1), key=lambda o: -shared(o))
    return ranked[:_SIMILAR]


def _wish(
    entry: dict[str, Any], by_id: dict[str, Product], omitted: set[str], chosen: dict[str, str]
) -> dict[str, Any]:
    brief = read_brief(entry["ask"])
    matches = [(p, match_brief(brief, p)) for p in by_id.values() if p.product_id not in omitted]
    fitting = sorted(((p, m) for p, m in matches if m.fits), key=lambda pair: -pair[1].score)
    for product, match in fitting:
        chosen.setdefault(product.product_id, match.relevance)
    if fitting:
        return {"scope": "request", "status": "applied"}
    return {"scope": "request", "status": "unable", "notes": "nothing on offer answers this"}
