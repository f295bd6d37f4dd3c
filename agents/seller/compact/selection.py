"""Which products fit structured criteria (media-buy/product-discovery-criteria.json), for all compact tools."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agents.seller.compact.canonical import format_kind, overlay_support
from agents.seller.filters import apply_filters
from agents.seller.records import Product
from sandbox.core.errors import AdcpError
from sandbox.domain.targeting import read_caps, read_overlay

if TYPE_CHECKING:
    from agents.seller.seller import Seller

Json = dict[str, Any]

_HINTS = ("availability_horizon", "format_kinds", "ext")
"""Offer filters that the filters of get_products do not have: a hint, and one that is applied here."""


def on_sale(seller: Seller) -> list[Product]:
    """Everything that can be bought now, in the order of the catalogue."""
    return [
        product
        for product in seller.products.values()
        if product.offered and not product.sold_out and seller.sellable(product)
    ]


def select(seller: Seller, criteria: Json, field: str = "criteria") -> list[Product]:
    """The products that meet all criteria. UNSUPPORTED_FEATURE for a criterion that can't be honoured."""
    check_criteria(seller, criteria, field)
    filters = dict(criteria.get("offer_filters", {}))
    countries = criteria.get("targeting_overlay", {}).get("geo_countries")
    found = on_sale(seller)
    if "product_ids" in criteria:
        found = [product for product in found if product.product_id in criteria["product_ids"]]
    if "format_kinds" in filters:
        kinds = filters["format_kinds"]
        found = [product for product in found if any(format_kind(fmt) in kinds for fmt in product.formats)]
    found, _ = apply_filters(seller, found, {name: filters[name] for name in filters if name not in _HINTS})
    if countries:
        found, _ = apply_filters(seller, found, {"countries": countries})
    return found if _supported(seller, criteria) else []


def check_criteria(seller: Seller, criteria: Json, field: str) -> None:
    """UNSUPPORTED_FEATURE for criteria that would otherwise be dropped in silence."""
    if "catalog" in criteria and not seller.config.catalog_management:
        raise AdcpError("UNSUPPORTED_FEATURE", "the agent keeps no catalogs", field=f"{field}.catalog")
    for place in ("offer_filters", "targeting_overlay"):
        if "property_list" in criteria.get(place, {}):
            why = "lists are taken with a purchase, not with criteria"
            raise AdcpError("UNSUPPORTED_FEATURE", why, field=f"{field}.{place}.property_list")
    read_overlay(criteria.get("targeting_overlay"), f"{field}.targeting_overlay")
    read_caps(criteria.get("media_buy_frequency_cap"), f"{field}.media_buy_frequency_cap")


def check_outcome(criteria: Json, field: str) -> None:
    """UNSUPPORTED_FEATURE for planning from an outcome, which ``media_buy.outcome_target`` does not claim."""
    if "outcome_target" in criteria:
        why = "say in the brief what is to be reached"
        raise AdcpError("UNSUPPORTED_FEATURE", "plans are not made from outcomes", f"{field}.outcome_target", None, why)


def _supported(seller: Seller, criteria: Json) -> bool:
    """True if the dimensions that the buyer wants to set later can be set; all products are alike in that."""
    overlay, known = criteria.get("required_overlay_support", {}), overlay_support(seller)
    shared = criteria.get("required_media_buy_support", {})
    return all(known.get(name) == wanted for name, wanted in overlay.items() if name != "ext") and (
        set(shared) <= {"frequency_cap"}
    )
