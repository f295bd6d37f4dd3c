"""What a product can deliver: opportunities that the engine expects, as delivery forecasts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agents.seller.records import Product
from sandbox.core.money import amount
from sandbox.core.time import DAY_MS, iso

if TYPE_CHECKING:
    from agents.seller.seller import Seller

FORECAST_DAYS = 30
"""The period that a forecast covers when the buyer names no dates."""

_SPREAD = 0.15
"""Half width of the range that a forecast gives, as a fraction of its middle."""


def expected_impressions(seller: Seller, product: Product, start_ms: int, end_ms: int) -> int:
    """Opportunities on the product's placements in ``[start_ms, end_ms)``."""
    from sandbox.delivery import Targeting

    placements = [offer.placement_id for offer in product.offers]
    targeting = Targeting(countries=product.countries)
    return round(seller.world.market.forecast(placements, targeting, start_ms, end_ms))


def forecast_wire(seller: Seller, product: Product, start_ms: int, end_ms: int) -> dict[str, Any]:
    """A delivery forecast (core/delivery-forecast.json): available impressions, and what all of them cost."""
    impressions = expected_impressions(seller, product, start_ms, end_ms)
    metrics: dict[str, Any] = {"impressions": _range(impressions)}
    cpm = next((option for option in product.pricing if option.model == "cpm"), None)
    if cpm is not None:
        metrics["spend"] = {"mid": amount(cpm.rate_micros * impressions // 1000)}
    return {
        "points": [{"metrics": metrics}],
        "forecast_range_unit": "availability",
        "method": "guaranteed" if product.guaranteed else "modeled",
        "currency": product.pricing[0].currency,
        "generated_at": iso(seller.now),
        "valid_until": iso(seller.now + DAY_MS),
    }


def _range(mid: int) -> dict[str, int]:
    return {"low": round(mid * (1 - _SPREAD)), "mid": mid, "high": round(mid * (1 + _SPREAD))}
