"""Products as the protocol writes them (core/product.json)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agents.seller.forecasts import forecast_wire
from agents.seller.makegoods import makegood_terms
from agents.seller.metrics import METRICS
from agents.seller.records import Product
from sandbox.core.time import HOUR_MS

if TYPE_CHECKING:
    from agents.seller.seller import Seller

_REQUIRED = (
    "product_id",
    "name",
    "description",
    "publisher_properties",
    "delivery_type",
    "pricing_options",
    "reporting_capabilities",
    "format_ids",
)


def product_wire(
    seller: Seller,
    product: Product,
    period: tuple[int, int],
    relevance: str = "",
    fields: list[str] | None = None,
) -> dict[str, Any]:
    """A product with its forecast for ``period`` (ms, half open). ``fields`` limits the optional fields."""
    body: dict[str, Any] = {
        "product_id": product.product_id,
        "name": product.name,
        "description": product.description,
        "publisher_properties": _properties(product),
        "channels": list(product.channels),
        "format_ids": [fmt.ref for fmt in product.formats],
        "placements": _placements(product),
        "delivery_type": product.delivery_type,
        "exclusivity": product.exclusivity,
        "pricing_options": [option.wire() for option in product.pricing],
        "reporting_capabilities": _reporting(seller),
        "property_targeting_allowed": True,
        "creative_policy": {"co_branding": "optional", "landing_page": "any", "templates_available": False},
    }
    if fields is None or "forecast" in fields:
        body["forecast"] = forecast_wire(seller, product, *period)
    terms = makegood_terms(seller.config) if product.guaranteed else None
    if terms is not None:
        body["measurement_terms"] = terms
    if seller.config.cancellation_notice:
        body["cancellation_policy"] = _cancellation_policy(seller)
    if relevance:
        body["brief_relevance"] = relevance
    if fields is None:
        return body
    return {name: value for name, value in body.items() if name in _REQUIRED or name in fields}


def _properties(product: Product) -> list[dict[str, Any]]:
    domains = dict.fromkeys(offer.domain for offer in product.offers)
    return [{"publisher_domain": domain, "selection_type": "all"} for domain in domains]


def _placements(product: Product) -> list[dict[str, Any]]:
    return [
        {
            "kind": "publisher_ref",
            "placement_id": offer.placement_id,
            "publisher_domain": offer.domain,
            "name": f"{offer.property_name} {offer.local_id}",
            "mode": "included",
        }
        for offer in product.offers
    ]


def _reporting(seller: Seller) -> dict[str, Any]:
    return {
        "available_reporting_frequencies": ["hourly", "daily"],
        "expected_delay_minutes": seller.config.reporting_delay // 60_000,
        "timezone": "UTC",
        "supports_webhooks": True,
        "available_metrics": list(METRICS),
        "supports_creative_breakdown": True,
        "supports_geo_breakdown": {"country": True, "region": True},
        "supports_device_type_breakdown": True,
        "date_range_support": "date_range",
        "windowed_pull_granularities": ["hourly", "daily"],
    }


def _cancellation_policy(seller: Seller) -> dict[str, Any]:
    hours = max(1, round(seller.config.cancellation_notice / HOUR_MS))
    return {
        "notice_period": {"interval": hours, "unit": "hours"},
        "cancellation_fee": {"type": "none"},
    }
