"""From purchases of the compact tools to package requests, and from what was bought to its terms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agents.seller.compact.controls import bid
from agents.seller.makegoods import makegood_terms
from agents.seller.records import MediaBuy, Package, Product
from sandbox.core.errors import AdcpError
from sandbox.core.money import amount
from sandbox.core.time import iso

if TYPE_CHECKING:
    from agents.seller.seller import Seller

Json = dict[str, Any]

_SAME = (
    "product_id",
    "pricing_option_id",
    "budget",
    "daily_budget_cap",
    "impressions",
    "start_time",
    "end_time",
    "pacing",
    "optimization_goals",
    "agency_estimate_number",
    "performance_standards",
    "context",
    "ext",
)
"""Fields that a package request has too."""

_REFUSED = ("min_spend_target", "audience_evidence_requirements", "audience_evidence_pins")


def package_of(seller: Seller, account_id: str, purchase: Json, field: str, policy: Json | None = None) -> Json:
    """The package request that a purchase on an account means; ``policy`` is the bidding policy of the whole buy.

    Raises UNSUPPORTED_FEATURE, VALIDATION_ERROR and REQUOTE_REQUIRED; all other checks are those of packages.
    """
    for name in _REFUSED:
        if name in purchase:
            raise AdcpError("UNSUPPORTED_FEATURE", f"{name} is not offered", field=f"{field}.{name}")
    entry: Json = {name: purchase[name] for name in _SAME if name in purchase}
    entry |= bid(purchase.get("bidding", policy) or {}, f"{field}.bidding")
    overlay = {name: value for name, value in purchase.get("targeting_overlay", {}).items() if value is not None}
    if overlay:
        entry["targeting_overlay"] = overlay
    product = seller.products.get(purchase["product_id"])
    if product is not None:
        entry |= _published(seller, product, purchase, field)
    if "catalog_ids" in purchase:
        entry["catalogs"] = catalogs_of(seller, account_id, purchase["catalog_ids"], f"{field}.catalog_ids")
    return entry


def _published(seller: Seller, product: Product, purchase: Json, field: str) -> Json:
    """What names parts of the published offer: it must be what is published."""
    entry: Json = {}
    option = product.option(purchase["pricing_option_id"])
    if "pricing" in purchase and option is not None and purchase["pricing"] != option.wire():
        why = "the price is another one now; list products again, or ask for a proposal"
        raise AdcpError("REQUOTE_REQUIRED", why, field=f"{field}.pricing")
    if purchase.get("measurement_terms", terms_of(seller, product)) != terms_of(seller, product):
        entry["measurement_terms"] = purchase["measurement_terms"]
    formats = {fmt.format_id: fmt.ref for fmt in product.formats}
    for number, ref in enumerate(purchase.get("format_option_refs", [])):
        if ref["format_option_id"] not in formats:
            place = f"{field}.format_option_refs[{number}]"
            hint = f"use {', '.join(formats)}"
            raise AdcpError("VALIDATION_ERROR", "the product has no such format option", place, suggestion=hint)
        entry.setdefault("format_ids", []).append(formats[ref["format_option_id"]])
    return entry


def terms_of(seller: Seller, product: Product) -> Json | None:
    """The measurement terms that a product is published with; None without any."""
    return makegood_terms(seller.config) if product.guaranteed else None


def catalogs_of(seller: Seller, account_id: str, ids: list[str], field: str) -> list[Json]:
    """Catalogs of an account by their ids; REFERENCE_NOT_FOUND for one that it has not synced."""
    known = {name: body for (owner, name), body in seller.synced.catalogs.items() if owner == account_id}
    for number, catalog_id in enumerate(ids):
        if catalog_id not in known:
            raise AdcpError("REFERENCE_NOT_FOUND", f"there is no catalog {catalog_id}", field=f"{field}[{number}]")
    return [{"catalog_id": catalog_id, "type": known[catalog_id]["type"]} for catalog_id in ids]


def purchase_wire(seller: Seller, buy: MediaBuy, package: Package, asked: Json) -> Json:
    """What was bought, with its price and flight as they were accepted."""
    start_ms, end_ms = buy.window(package)
    carried = ("format_option_refs", "catalog_ids", "bidding", "daily_budget_cap", "optimization_goals")
    body: Json = {
        "product_id": package.product.product_id,
        "pricing_option_id": package.option.option_id,
        "pricing": package.option.wire(),
        "budget": amount(package.budget_micros),
        "start_time": iso(start_ms),
        "end_time": iso(end_ms),
        "pacing": package.pacing,
        **{name: asked[name] for name in (*carried, "agency_estimate_number", "context", "ext") if name in asked},
    }
    measured = asked.get("measurement_terms", terms_of(seller, package.product))
    optional = {
        "impressions": package.impressions,
        "targeting_overlay": package.overlay,
        "measurement_terms": measured,
    }
    return body | {name: value for name, value in optional.items() if value}
