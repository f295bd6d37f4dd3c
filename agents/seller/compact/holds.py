"""Inventory that committed proposals keep for their buyers, until they expire or are declined.

Only guaranteed products are kept: of those the impressions that the terms promise. A draft keeps nothing, and what was
accepted is delivered by its media buy.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from agents.seller.compact.terms import flight_of
from agents.seller.forecasts import expected_impressions
from agents.seller.makegoods import promised
from agents.seller.records import Package, Product, Proposal
from sandbox.core.errors import AdcpError
from sandbox.core.time import parse_instant

if TYPE_CHECKING:
    from agents.seller.seller import Seller
    from agents.seller.updates import Plan

_VOLUME = ("budget_micros", "impressions")
"""Attributes of a package on which it depends how much it is promised."""

Need = tuple[str, int, int, int]
"""A guaranteed product, a flight (ms, half open), and the impressions wanted in it."""


def is_held(seller: Seller, proposal: Proposal) -> bool:
    """True while a proposal keeps its inventory; an acceptance that waits for a decision keeps it too."""
    live = proposal.status == "committed" and proposal.terms is not None and proposal.declined is None
    return live and (seller.now < proposal.expires_ms or bool(proposal.task_id))


def needs(seller: Seller, proposal: Proposal) -> Iterator[Need]:
    """What the terms of a proposal promise."""
    if proposal.terms is None or proposal.kind == "media_buy_cancellation":
        return
    for purchase in proposal.terms["purchases"]:
        product = seller.products.get(purchase["product_id"])
        if product is not None and product.guaranteed and purchase.get("impressions"):
            start_ms, end_ms = parse_instant(purchase["start_time"]), parse_instant(purchase["end_time"])
            yield product.product_id, start_ms, end_ms, int(purchase["impressions"])


def why_not(seller: Seller, proposal: Proposal, siblings: Sequence[Proposal]) -> str:
    """Why inventory can't be kept for a proposal beside its siblings of the same call; empty if it can."""
    others = [*_holds(seller), *siblings]
    if sum(other.buyer == proposal.buyer for other in others) >= seller.config.max_holds:
        return f"at most {seller.config.max_holds} proposals are held for one buyer at a time"
    if proposal.terms is None or flight_of(proposal.terms)[1] <= seller.now:
        return "the flight is over"
    for purchase in proposal.terms["purchases"] if proposal.kind != "media_buy_cancellation" else []:
        product = seller.products.get(purchase["product_id"])
        if product is None or product.sold_out or not seller.sellable(product):
            return f"{purchase['product_id']} can't be had any more"
    for need in needs(seller, proposal):
        if need[3] > _left(seller, need, others, proposal.media_buy_id):
            return f"{need[0]} has not enough impressions left in this flight"
    return ""


def check_free(seller: Seller, packages: Sequence[Package], flight: tuple[int, int], field: str) -> None:
    """PRODUCT_UNAVAILABLE if a direct purchase would take what is kept for somebody."""
    for number, package in enumerate(packages):
        _check_package(seller, package, flight, "", f"{field}[{number}].product_id")


def check_more(seller: Seller, plan: Plan) -> None:
    """PRODUCT_UNAVAILABLE if a change of a media buy would take what is kept for somebody."""
    buy = plan.buy
    flight = plan.fields.get("start_ms", buy.start_ms), plan.fields.get("end_ms", buy.end_ms)
    for number, change in enumerate(plan.packages):
        after = replace(change.package, **{name: change.fields[name] for name in _VOLUME if name in change.fields})
        if (promised(after) or 0) > (promised(change.package) or 0):
            _check_package(seller, after, flight, buy.media_buy_id, f"packages[{number}]")
    for number, (package, _) in enumerate(plan.added):
        _check_package(seller, package, flight, "", f"new_packages[{number}].product_id")


def _check_package(seller: Seller, package: Package, flight: tuple[int, int], own_buy: str, field: str) -> None:
    held, wanted, product_id = _holds(seller), promised(package), package.product.product_id
    start_ms = flight[0] if package.start_ms is None else package.start_ms
    end_ms = flight[1] if package.end_ms is None else package.end_ms
    need = (product_id, start_ms, end_ms, wanted or 0)
    if wanted and _kept(seller, need, held) and wanted > _left(seller, need, held, own_buy):
        why = f"what is left of {product_id} in this flight is held for others"
        raise AdcpError("PRODUCT_UNAVAILABLE", why, field=field)


def _holds(seller: Seller) -> list[Proposal]:
    return [proposal for proposal in seller.proposals.values() if is_held(seller, proposal)]


def _kept(seller: Seller, need: Need, others: Sequence[Proposal]) -> float:
    return sum(_overlap(need, other) for proposal in others for other in needs(seller, proposal))


def _left(seller: Seller, need: Need, others: Sequence[Proposal], own_buy: str) -> float:
    """Impressions that are neither booked (but by the buy ``own_buy``) nor kept for others."""
    product: Product = seller.products[need[0]]
    booked = 0.0
    for buy in seller.media_buys.values():
        if buy.terminal or buy.media_buy_id == own_buy:
            continue
        for package in buy.live:
            sold = promised(package) or 0
            booked += _overlap(need, (package.product.product_id, *buy.window(package), sold))
    return expected_impressions(seller, product, need[1], need[2]) - booked - _kept(seller, need, others)


def _overlap(need: Need, other: Need) -> float:
    """How many impressions of ``other`` fall into the flight of ``need``, if they are of the same product."""
    common = min(need[2], other[2]) - max(need[1], other[1])
    length = other[2] - other[1]
    return other[3] * common / length if need[0] == other[0] and common > 0 else 0.0
