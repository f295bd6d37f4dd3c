"""buy_products: buy published offers as they are (task-reference/buy_products.mdx)."""

from __future__ import annotations

from collections.abc import Generator
from functools import partial
from typing import TYPE_CHECKING, Any

from agents.seller.accounts import account_for
from agents.seller.compact import opportunities
from agents.seller.compact.answers import commitment_wire
from agents.seller.compact.canonical import versions
from agents.seller.compact.controls import read_controls
from agents.seller.compact.purchases import package_of, purchase_wire
from agents.seller.compact.selection import on_sale
from agents.seller.compact.snapshots import enter
from agents.seller.compact.terms import digest_of
from agents.seller.context import seller_of
from agents.seller.governance import clear_order
from agents.seller.media_buys import decide
from agents.seller.orders import Order, read_order
from agents.seller.packages import fetch_lists
from agents.seller.proposals import accept
from agents.seller.records import MediaBuy, Proposal
from sandbox.core.errors import AdcpError
from sandbox.core.money import amount, micros, split
from sandbox.core.time import iso

if TYPE_CHECKING:
    from agents.seller.seller import Seller
    from sandbox.kernel.endpoint import Context

Json = dict[str, Any]

_ROOT = (
    "advertiser_industry",
    "daily_budget_cap",
    "frequency_cap",
    "budget_allocation",
    "pacing",
    "bidding",
    "invoice_recipient",
    "purchase_order_ref",
    "agency_estimate_number",
)
"""Fields of the request that are terms."""


def buy_products(ctx: Context, request: Json) -> Generator[Any, Any, Json]:
    """Sell published offers: at once, or by a task that somebody decides later (``submitted``).

    CONFLICT for versions of the feed or of its prices that are not the present ones; what else is refused is refused
    as create_media_buy does.
    """
    seller = seller_of(ctx)
    account = account_for(ctx, request["account"], spending=True)
    _check_versions(seller, request)
    wanted = order_request(
        request, _key(request.get("brand") or account.brand), _packages(seller, account.account_id, request)
    )
    wanted["controls"] = read_controls(request)
    lists = yield from fetch_lists(ctx, wanted["packages"])
    order = read_order(ctx, seller, wanted, lists)
    order.asked, order.tool, order.answer = request, ctx.operation, commitment_wire
    order.conclude = partial(_conclude, order=order)
    yield from clear_order(ctx, seller, order)
    return decide(seller, order)


def order_request(request: Json, brand: Json, packages: list[Json]) -> Json:
    """What create_media_buy would be asked for the same."""
    same = (
        "account",
        "start_time",
        "end_time",
        "advertiser_industry",
        "invoice_recipient",
        "io_acceptance",
        "agency_estimate_number",
        "paused",
        "push_notification_config",
        "reporting_webhook",
        "context",
    )
    body = {name: request[name] for name in same if name in request}
    if "purchase_order_ref" in request:
        body["po_number"] = request["purchase_order_ref"]
    return {**body, "brand": brand, "packages": packages}


def _key(brand: Json) -> Json:
    return {name: brand[name] for name in ("domain", "brand_id", "countries") if name in brand}


def _check_versions(seller: Seller, request: Json) -> None:
    present = dict(zip(("feed_version", "pricing_version"), versions(seller, on_sale(seller)), strict=True))
    for name, version in present.items():
        if request.get(name, version) != version:
            why = f"{name} is not the present one; list products again"
            raise AdcpError("CONFLICT", why, field=name, details={"current_version": version})


def _packages(seller: Seller, account_id: str, request: Json) -> list[Json]:
    """Package requests; purchases without a budget share evenly what the total leaves."""
    policy, total = request.get("bidding"), request.get("total_budget")
    if total is not None and total["currency"] != seller.config.currency:
        raise AdcpError("INVALID_REQUEST", f"we sell in {seller.config.currency}", field="total_budget.currency")
    entries = [
        package_of(seller, account_id, purchase, f"purchases[{number}]", policy)
        for number, purchase in enumerate(request["purchases"])
    ]
    open_ones = [entry for entry in entries if "budget" not in entry]
    given = sum(micros(entry["budget"]) for entry in entries if "budget" in entry)
    if open_ones and total is None:
        number = entries.index(open_ones[0])
        why = "give a budget for each purchase, or a total_budget"
        raise AdcpError("INVALID_REQUEST", why, field=f"purchases[{number}].budget")
    left = (micros(total["amount"]) if total is not None else given) - given
    if left < 0 or (left > 0 and not open_ones):
        raise AdcpError("INVALID_REQUEST", "the budgets do not add up to total_budget", field="total_budget")
    for entry, share in zip(open_ones, split(left, [1] * len(open_ones)) if open_ones else [], strict=True):
        entry["budget"] = amount(share)
    for entry in entries:
        entry.setdefault("pacing", request.get("pacing", "even"))
    return entries


def _conclude(seller: Seller, buy: MediaBuy, order: Order) -> None:
    """Keep what was accepted as a proposal, as if it had been negotiated."""
    asked = order.asked
    pairs = zip(buy.packages.values(), asked["purchases"], strict=True)
    terms: Json = {
        "brand": order.request["brand"],
        "source_feed_version": asked["feed_version"],
        "purchases": [purchase_wire(seller, buy, package, purchase) for package, purchase in pairs],
        "start_time": iso(buy.start_ms),
        "end_time": iso(buy.end_ms),
        "total_budget": {"amount": amount(buy.budget_micros), "currency": buy.currency},
        **{name: asked[name] for name in _ROOT if name in asked},
    }
    if "pricing_version" in asked:
        terms["source_pricing_version"] = asked["pricing_version"]
    if buy.daily_cap_micros is not None:
        terms["budget_cap_timezone"] = "UTC"
    opportunity_id = asked.get("opportunity", {}).get("opportunity_id", "")
    proposal = Proposal(
        "", buy.buyer, f"{seller.name}: bought as published", [], 0, 0, "committed", terms=terms,
        digest=digest_of(terms), brand=order.request["brand"], account_id=buy.account_id, opportunity_id=opportunity_id,
    )  # fmt: skip
    accept(seller, enter(seller, proposal, "bought as published"), buy)
    opportunities.won(seller, buy.buyer, opportunity_id)
