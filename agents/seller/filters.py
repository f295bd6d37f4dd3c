"""The filters of get_products (core/product-filters.json), and how many products each one left out."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from agents.seller.forecasts import FORECAST_DAYS, expected_impressions
from agents.seller.metrics import METRICS
from agents.seller.records import Product
from agents.seller.wire import instant
from sandbox.core.money import micros
from sandbox.core.time import DAY_MS
from sandbox.domain.formats import REFERENCE_AGENT, format_key

if TYPE_CHECKING:
    from agents.seller.seller import Seller


def features_of(seller: Seller) -> dict[str, bool]:
    """What ``get_adcp_capabilities`` says under ``media_buy.features``."""
    return {
        "inline_creative_management": True,
        "property_list_filtering": True,
        "catalog_management": seller.config.catalog_management,
        "committed_metrics_supported": False,
    }


_HINTS = ("start_date", "end_date", "ext")
"""Filters that restrict nothing by themselves: dates only say which period a forecast covers."""


def dates_of(filters: dict[str, Any], now_ms: int) -> tuple[int, int]:
    """The period of interest, half open, in ms: the filter's days, else the next thirty."""
    start = instant(filters["start_date"], "filters.start_date") if "start_date" in filters else now_ms
    end = start + FORECAST_DAYS * DAY_MS
    if "end_date" in filters:
        end = instant(filters["end_date"], "filters.end_date") + DAY_MS
    return max(start, now_ms), max(end, start)


def apply_filters(
    seller: Seller, products: list[Product], filters: dict[str, Any]
) -> tuple[list[Product], dict[str, Any]]:
    """The products that pass every filter, and how many each excluded (``filter_diagnostics``).

    A filter on something that no product of the sandbox offers (regions, keywords, signals …) excludes all.
    """
    excluded: dict[str, Any] = {}
    left = products
    for name, wanted in filters.items():
        if name in _HINTS:
            continue
        test = _TESTS.get(name)
        kept = [p for p in left if test is not None and test(p, wanted)]
        if name == "min_exposures":
            start_ms, end_ms = dates_of(filters, seller.now)
            kept = [p for p in left if expected_impressions(seller, p, start_ms, end_ms) >= wanted]
        elif name == "required_features":
            kept = left if _has_features(seller, wanted) else []
        if len(kept) < len(left):
            excluded[name] = {"count": len(left) - len(kept)}
        left = kept
    return left, {"semantics": "only", "total_candidates": len(products), "excluded_by": excluded}


def _has_features(seller: Seller, wanted: dict[str, Any]) -> bool:
    return all(features_of(seller).get(name, False) for name, needed in wanted.items() if needed)


def _in_budget(product: Product, wanted: dict[str, Any]) -> bool:
    """True if some option of that currency can be bought for at most ``max``."""
    options = [option for option in product.pricing if option.currency == wanted["currency"]]
    most = wanted.get("max")
    return any(most is None or option.min_spend_micros <= micros(most) for option in options)


def _sold_in(product: Product, wanted: list[str]) -> bool:
    countries = product.countries or [country for offer in product.offers for country in offer.country_codes]
    return any(country in wanted for country in countries)


_TESTS: dict[str, Callable[[Product, Any], bool]] = {
    "delivery_type": lambda p, wanted: p.delivery_type == wanted,
    "exclusivity": lambda p, wanted: p.exclusivity == wanted,
    "is_fixed_price": lambda p, wanted: any(option.is_fixed == wanted for option in p.pricing),
    "pricing_currencies": lambda p, wanted: any(option.currency in wanted for option in p.pricing),
    "format_ids": lambda p, wanted: any(
        format_key(fmt.ref) in [format_key(ref) for ref in wanted] for fmt in p.formats
    ),
    "standard_formats_only": lambda p, wanted: not wanted or all(fmt.agent_url == REFERENCE_AGENT for fmt in p.formats),
    "budget_range": _in_budget,
    "countries": _sold_in,
    "channels": lambda p, wanted: any(channel in wanted for channel in p.channels),
    "required_metrics": lambda _, wanted: all(metric in METRICS for metric in wanted),
}
