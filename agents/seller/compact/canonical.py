"""Products as the compact tools write them (core/canonical-product.json), and the versions of the whole feed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agents.seller.product_wire import product_wire
from agents.seller.records import Product
from sandbox.domain.formats import Format
from sandbox.protocol.idempotency import digest

if TYPE_CHECKING:
    from agents.seller.seller import Seller

Json = dict[str, Any]

_ESTABLISHED = ("format_ids", "property_targeting_allowed", "creative_policy", "cancellation_policy")
"""Fields that only products of get_products have."""

_PLAIN = ("channels", "placements", "exclusivity", "measurement_terms", "brief_relevance")
"""Optional fields that cost nothing to make."""

_KINDS = {"display": "image", "dooh": "image", "video": "video_hosted", "audio": "audio_hosted"}


def canonical_product(
    seller: Seller,
    product: Product,
    period: tuple[int, int] | None = None,
    fields: list[str] | None = None,
    relevance: str = "",
) -> Json:
    """A product, with its forecast for ``period`` (ms, half open) if there is one; ``fields`` names what is wanted."""
    body = product_wire(seller, product, period or (0, 0), relevance, None if period else list(_PLAIN))
    body = {name: value for name, value in body.items() if name not in _ESTABLISHED}
    body["format_options"] = [format_option(fmt) for fmt in product.formats]
    body["overlay_support"] = overlay_support(seller)
    body["media_buy_support"] = {"frequency_cap": True}
    if fields is None:
        return body
    return {name: value for name, value in body.items() if name in ("product_id", "name") or name in fields}


def format_kind(fmt: Format) -> str:
    """The canonical kind of a format."""
    return _KINDS[fmt.medium]


def format_option(fmt: Format) -> Json:
    """A format as a canonical option; its id is the one that creatives name."""
    sizes = {"width": fmt.width, "height": fmt.height, "duration_ms": fmt.duration_ms}
    return {
        "format_option_id": fmt.format_id,
        "display_name": fmt.name,
        "format_kind": format_kind(fmt),
        "params": {name: size for name, size in sizes.items() if size},
    }


def overlay_support(seller: Seller) -> Json:
    """The dimensions of targeting that a package can have."""
    names = ["geo_countries", "geo_countries_exclude", "device_type", "device_type_exclude"]
    names += ["frequency_cap", "property_list"]
    if seller.config.audience_targeting is not None:
        names += ["audience_include", "audience_exclude"]
    return dict.fromkeys(names, True)


def versions(seller: Seller, products: list[Product]) -> tuple[str, str]:
    """``feed_version`` and ``pricing_version`` of everything on sale; forecasts are part of neither."""
    rows = [canonical_product(seller, product) for product in products]
    prices = [row.pop("pricing_options") for row in rows]
    return f"feed_{digest(rows)[:20]}", f"prices_{digest(prices)[:20]}"
