"""list_products: what is on sale, page by page, without side effects (task-reference/list_products.mdx)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agents.seller.accounts import check_account
from agents.seller.compact.canonical import canonical_product, versions
from agents.seller.compact.selection import on_sale, select
from agents.seller.context import seller_of
from agents.seller.filters import dates_of
from agents.seller.wire import page
from sandbox.core.errors import AdcpError

if TYPE_CHECKING:
    from sandbox.kernel.endpoint import Context

PAGE_SIZE = 25
"""Products of a page if the caller does not say (the schema's default)."""


def list_products(ctx: Context, request: dict[str, Any]) -> dict[str, Any]:
    """Products that meet the criteria, or ``unchanged`` if the caller knows this version of the feed.

    A request for forecasts is always answered in full: they change with every booking.
    """
    seller, criteria = seller_of(ctx), request.get("criteria", {})
    if "account" in request:
        check_account(ctx, request["account"])
    feed, prices = versions(seller, on_sale(seller))
    scope = "account" if "account" in request else "public"
    body: dict[str, Any] = {"feed_version": feed, "pricing_version": prices, "cache_scope": scope}
    found, fields = select(seller, criteria), request.get("fields")
    known = request.get("if_feed_version") == feed and request.get("if_pricing_version", prices) == prices
    if "if_pricing_version" in request and "if_feed_version" not in request:
        raise AdcpError("INVALID_REQUEST", "if_pricing_version needs if_feed_version", field="if_pricing_version")
    if known and "forecast" not in (fields or []):
        return {"outcome": "unchanged", **body}
    wanted = {"max_results": request.get("max_results", PAGE_SIZE)}
    if "cursor" in request:
        wanted["cursor"] = request["cursor"]
    rows, pagination = page(found, wanted)
    dates = dates_of(criteria.get("offer_filters", {}), seller.now)
    period = dates if "forecast" in (fields or []) else None
    body["products"] = [canonical_product(seller, product, period, fields) for product in rows]
    if pagination["has_more"]:
        body["next_cursor"] = pagination["cursor"]
    return {"outcome": "listed", **body}
