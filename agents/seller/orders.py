"""Orders: a create_media_buy request that has been checked, and how it becomes a media buy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agents.seller.accounts import account_for
from agents.seller.buy_states import covered, next_status, remember, set_status, watch_dates
from agents.seller.library import take_inline
from agents.seller.lines import open_line
from agents.seller.packages import Lists, check_fit, read_package
from agents.seller.policy.approval import BuyFacts
from agents.seller.proposals import accept, proposal_to_buy
from agents.seller.records import Account, MediaBuy, Package
from agents.seller.reports import schedule_reports
from agents.seller.wire import instant
from sandbox.core.errors import AdcpError
from sandbox.core.money import amount, micros, split
from sandbox.core.time import MINUTE_MS

if TYPE_CHECKING:
    from agents.seller.seller import Seller
    from sandbox.kernel.endpoint import Context

TRANSIT_MS = MINUTE_MS
"""How long a start may lie in the past because the request was on its way."""


@dataclass(slots=True)
class Order:
    """What a buyer ordered. ``start_ms`` None is "asap"; ``creatives`` are inline ones by package."""

    buyer: str
    version: str
    account: Account
    request: dict[str, Any]
    start_ms: int | None
    end_ms: int
    packages: list[Package]
    creatives: list[list[dict[str, Any]]]

    def facts(self, now_ms: int) -> BuyFacts:
        """What the approval policy looks at."""
        brand = self.request["brand"]
        industries = [*brand.get("industries", []), self.request.get("advertiser_industry")]
        return BuyFacts(
            now_ms=now_ms,
            start_ms=now_ms if self.start_ms is None else self.start_ms,
            end_ms=self.end_ms,
            budget_micros=sum(package.budget_micros for package in self.packages),
            brand=brand["domain"],
            industries=tuple(industry for industry in industries if industry),
            product_ids=tuple(package.product.product_id for package in self.packages),
        )


def read_order(ctx: Context, seller: Seller, request: dict[str, Any], lists: Lists) -> Order:
    """Check a create_media_buy request wholly; nothing is entered yet. Errors are those of its packages."""
    account = account_for(ctx, request["account"], spending=True)
    start_ms, end_ms = _flight(seller.now, request)
    flight = (seller.now if start_ms is None else start_ms, end_ms)
    wanted = request.get("packages") or _from_proposal(seller, ctx.principal.id, request)
    packages, creatives = [], []
    for number, entry in enumerate(wanted):
        field = f"packages[{number}]"
        package = read_package(seller, account, entry, flight, lists, field)
        inline = entry.get("creatives", [])
        for position, creative in enumerate(inline):
            place = f"{field}.creatives[{position}]"
            check_fit(package.product, creative["creative_id"], creative, place)
        packages.append(package)
        creatives.append(inline)
    return Order(ctx.principal.id, ctx.version, account, request, start_ms, end_ms, packages, creatives)


def _flight(now_ms: int, request: dict[str, Any]) -> tuple[int | None, int]:
    asap = request["start_time"] == "asap"
    start_ms = None if asap else instant(request["start_time"], "start_time")
    end_ms = instant(request["end_time"], "end_time")
    if start_ms is not None and start_ms < now_ms - TRANSIT_MS:
        raise AdcpError("INVALID_REQUEST", "start_time is in the past; write asap", field="start_time")
    if end_ms <= (now_ms if start_ms is None else max(now_ms, start_ms)):
        raise AdcpError("INVALID_REQUEST", "the flight ends before it begins", field="end_time")
    return start_ms, end_ms


def _from_proposal(seller: Seller, buyer: str, request: dict[str, Any]) -> list[dict[str, Any]]:
    """Package requests by the shares of a committed proposal; they add up to the total budget exactly."""
    if "proposal_id" not in request:
        raise AdcpError("INVALID_REQUEST", "give packages or a proposal_id", field="packages")
    proposal = proposal_to_buy(seller, buyer, request["proposal_id"])
    total = request.get("total_budget")
    if total is None or total["currency"] != seller.config.currency:
        raise AdcpError(
            "INVALID_REQUEST",
            f"a proposal needs a total_budget in {seller.config.currency}",
            field="total_budget",
        )
    shares = [allocation["allocation_percentage"] for allocation in proposal.allocations]
    budgets = split(micros(total["amount"]), shares)
    return [
        {
            "product_id": allocation["product_id"],
            "pricing_option_id": allocation["pricing_option_id"],
            "budget": amount(budget),
        }
        for allocation, budget in zip(proposal.allocations, budgets, strict=True)
    ]


def book(
    seller: Seller, order: Order, why: str, media_buy_id: str | None = None, package_ids: Sequence[str] = ()
) -> MediaBuy:
    """Make a media buy of an approved order and put its packages onto the market; ids may be given, or are new.

    The order may have waited for days: INVALID_STATE if its flight is over by now, PRODUCT_UNAVAILABLE if a
    product has gone.
    """
    now = seller.now
    if order.end_ms <= now:
        raise AdcpError("INVALID_STATE", "the flight was over before the buy was approved", field="end_time")
    for number, package in enumerate(order.packages):
        if not seller.sellable(package.product):
            field = f"packages[{number}].product_id"
            raise AdcpError("PRODUCT_UNAVAILABLE", f"{package.product.product_id} is gone", field=field)
    buy = _new_buy(seller, order, media_buy_id)
    for number, (package, inline) in enumerate(zip(order.packages, order.creatives, strict=True)):
        package.package_id = package_ids[number] if number < len(package_ids) else seller.ids.next("pkg")
        buy.packages[package.package_id] = package
        seller.package_buys[package.package_id] = buy.media_buy_id
        take_inline(seller, order.account, package, inline)
    seller.media_buys[buy.media_buy_id] = buy
    set_status(seller, buy, next_status(buy, covered(seller, buy), now), why)
    remember(seller, buy, order.buyer, "created", f"{len(buy.packages)} packages")
    for package in buy.packages.values():
        open_line(seller, buy, package)
    watch_dates(seller, buy)
    if order.request.get("proposal_id") and not order.request.get("packages"):
        accept(seller, order.request["proposal_id"], buy.media_buy_id)
    schedule_reports(seller, buy)
    return buy


def _new_buy(seller: Seller, order: Order, media_buy_id: str | None) -> MediaBuy:
    request = order.request
    return MediaBuy(
        media_buy_id=media_buy_id or seller.ids.next("mb"),
        buyer=order.buyer,
        account_id=order.account.account_id,
        currency=seller.config.currency,
        start_ms=seller.now if order.start_ms is None else order.start_ms,
        end_ms=order.end_ms,
        packages={},
        created_ms=seller.now,
        updated_ms=seller.now,
        confirmed_ms=seller.now,
        version=order.version,
        held=bool(request.get("paused")),
        po_number=request.get("po_number"),
        invoice_recipient=request.get("invoice_recipient"),
        context=request.get("context"),
        reporting=request.get("reporting_webhook"),
    )
