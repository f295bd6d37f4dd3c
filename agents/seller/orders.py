"""Orders: a create_media_buy request that has been checked, and how it becomes a media buy."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from agents.seller.accounts import account_for
from agents.seller.buy_states import covered, next_status, remember, set_status, watch_dates
from agents.seller.buy_wire import created_wire
from agents.seller.compact.controls import enforce
from agents.seller.compact.holds import check_free
from agents.seller.library import take_inline
from agents.seller.lines import open_line
from agents.seller.packages import Lists, check_fit, read_package
from agents.seller.policy.approval import BuyFacts
from agents.seller.proposals import accept, check_open, packages_of, proposal_to_buy
from agents.seller.records import Account, MediaBuy, Package, Proposal
from agents.seller.reports import schedule_reports
from agents.seller.wire import instant
from sandbox.core.errors import AdcpError
from sandbox.core.time import MINUTE_MS

if TYPE_CHECKING:
    from agents.seller.seller import Seller
    from sandbox.kernel.endpoint import Context

TRANSIT_MS = MINUTE_MS
"""How long a start may lie in the past because the request was on its way."""


@dataclass(slots=True)
class Order:
    """What a buyer ordered. ``start_ms`` None is "asap"; ``creatives`` are inline ones by package.

    ``asked`` is the request as it came and ``request`` what was understood, as create_media_buy would say it;
    ``answer`` words the answer of ``tool``. ``conclude`` is done when it was booked.
    """

    buyer: str
    version: str
    account: Account
    request: dict[str, Any]
    start_ms: int | None
    end_ms: int
    packages: list[Package]
    creatives: list[list[dict[str, Any]]]
    asked: dict[str, Any] = field(default_factory=dict)
    tool: str = "create_media_buy"
    proposal: Proposal | None = None
    answer: Callable[[Seller, MediaBuy], dict[str, Any]] = created_wire
    conclude: Callable[[Seller, MediaBuy], None] | None = None

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


def read_order(
    ctx: Context, seller: Seller, request: dict[str, Any], lists: Lists, proposal: Proposal | None = None
) -> Order:
    """Check a create_media_buy request wholly; nothing is entered yet. Errors are those of its packages.

    ``proposal`` is the one whose terms its packages say; what is held for it needs not be on sale any more.
    """
    account = account_for(ctx, request["account"], spending=True)
    start_ms, end_ms = _flight(seller.now, request)
    flight = (seller.now if start_ms is None else start_ms, end_ms)
    if proposal is None and not request.get("packages"):
        proposal = _proposal(seller, ctx.principal.id, request)
        wanted = packages_of(seller, account.account_id, proposal, request)
    else:
        wanted = request["packages"]
    packages, creatives = [], []
    for number, entry in enumerate(wanted):
        field = f"packages[{number}]"
        package = read_package(seller, account, entry, flight, lists, field, held=proposal is not None)
        inline = entry.get("creatives", [])
        for position, creative in enumerate(inline):
            place = f"{field}.creatives[{position}]"
            check_fit(package.product, creative["creative_id"], creative, place)
        packages.append(package)
        creatives.append(inline)
    if proposal is None:
        check_free(seller, packages, flight, "packages")
    order = Order(ctx.principal.id, ctx.version, account, request, start_ms, end_ms, packages, creatives, request)
    order.proposal = proposal
    return order


def _flight(now_ms: int, request: dict[str, Any]) -> tuple[int | None, int]:
    asap = request["start_time"] == "asap"
    start_ms = None if asap else instant(request["start_time"], "start_time")
    end_ms = instant(request["end_time"], "end_time")
    if start_ms is not None and start_ms < now_ms - TRANSIT_MS:
        raise AdcpError("INVALID_REQUEST", "start_time is in the past; write asap", field="start_time")
    if end_ms <= (now_ms if start_ms is None else max(now_ms, start_ms)):
        raise AdcpError("INVALID_REQUEST", "the flight ends before it begins", field="end_time")
    return start_ms, end_ms


def _proposal(seller: Seller, buyer: str, request: dict[str, Any]) -> Proposal:
    if "proposal_id" not in request:
        raise AdcpError("INVALID_REQUEST", "give packages or a proposal_id", field="packages")
    return proposal_to_buy(seller, buyer, request["proposal_id"])


def book(
    seller: Seller, order: Order, why: str, media_buy_id: str | None = None, package_ids: Sequence[str] = ()
) -> MediaBuy:
    """Make a media buy of an approved order and put its packages onto the market; ids may be given, or are new.

    The order may have waited for days: INVALID_STATE if its flight is over by now, PRODUCT_UNAVAILABLE if a
    product has gone or what is left of it is held for others.
    """
    now = seller.now
    if order.proposal is not None:
        check_open(order.proposal)
    if order.end_ms <= now:
        raise AdcpError("INVALID_STATE", "the flight was over before the buy was approved", field="end_time")
    for number, package in enumerate(order.packages):
        if not seller.sellable(package.product):
            field = f"packages[{number}].product_id"
            raise AdcpError("PRODUCT_UNAVAILABLE", f"{package.product.product_id} is gone", field=field)
    if order.proposal is None:
        check_free(
            seller, order.packages, (now if order.start_ms is None else order.start_ms, order.end_ms), "packages"
        )
    buy = _new_buy(seller, order, media_buy_id)
    for number, (package, inline) in enumerate(zip(order.packages, order.creatives, strict=True)):
        package.package_id = package_ids[number] if number < len(package_ids) else seller.ids.next("pkg")
        buy.packages[package.package_id] = package
        seller.package_buys[package.package_id] = buy.media_buy_id
        take_inline(seller, order.account, package, inline)
    seller.media_buys[buy.media_buy_id] = buy
    set_status(seller, buy, next_status(buy, covered(seller, buy), now), why)
    remember(seller, buy, order.buyer, "created", f"{len(buy.packages)} packages")
    enforce(seller, buy)
    for package in buy.packages.values():
        open_line(seller, buy, package)
    watch_dates(seller, buy)
    if order.proposal is not None:
        accept(seller, order.proposal, buy)
    if order.conclude is not None:
        order.conclude(seller, buy)
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
        **request.get("controls", {}),
    )
