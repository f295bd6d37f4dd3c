"""list_creative_formats: the formats that this agent's products take."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from agents.seller.context import seller_of
from agents.seller.wire import page
from sandbox.domain.formats import Format, format_key

if TYPE_CHECKING:
    from sandbox.kernel.endpoint import Context


def list_creative_formats(ctx: Context, request: dict[str, Any]) -> dict[str, Any]:
    """All formats of all products, each once, filtered and paged.

    A caller that seeded formats by the test controller sees these alone, and those of products by their ids.
    """
    seller = seller_of(ctx)
    seeded = seller.controller.formats.get(ctx.principal.id, {}).values()
    used = [fmt for product in seller.products.values() for fmt in product.formats]
    formats = list(dict.fromkeys([*seeded, *used] if "format_ids" in request or not seeded else seeded))
    found = [fmt for fmt in formats if _passes(fmt, request)]
    rows, pagination = page(found, request.get("pagination"))
    return {"status": "completed", "formats": [fmt.wire() for fmt in rows], "pagination": pagination}


def _passes(fmt: Format, request: dict[str, Any]) -> bool:
    wanted = [format_key(ref) for ref in request.get("format_ids", [])]
    if wanted and format_key(fmt.ref) not in wanted:
        return False
    if "type" in request and fmt.medium != request["type"]:
        return False
    if "asset_types" in request and fmt.asset[1] not in request["asset_types"]:
        return False
    if request.get("name_search", "").lower() not in fmt.name.lower():
        return False
    return all(test(fmt, request[name]) for name, test in _SIZES.items() if name in request) and not request.get(
        "is_responsive", False
    )


_SIZES: dict[str, Callable[[Format, int], bool]] = {
    "max_width": lambda fmt, limit: 0 < fmt.width <= limit,
    "max_height": lambda fmt, limit: 0 < fmt.height <= limit,
    "min_width": lambda fmt, limit: fmt.width >= limit,
    "min_height": lambda fmt, limit: fmt.height >= limit,
}
