"""Accepted amendments: from the terms of a proposal to an update of its media buy."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Any

from agents.seller.apply import apply_plan
from agents.seller.buy_wire import updated_wire
from agents.seller.compact.controls import read_controls
from agents.seller.compact.purchases import package_of
from agents.seller.compact.terms import flight_of
from agents.seller.governance import clear_update
from agents.seller.packages import fetch_lists
from agents.seller.proposals import check_open
from agents.seller.records import MediaBuy, Package, Proposal
from agents.seller.updates import plan_update
from sandbox.core.errors import AdcpError

if TYPE_CHECKING:
    from agents.seller.seller import Seller
    from sandbox.kernel.endpoint import Context

Json = dict[str, Any]

_KEPT = ("budget", "impressions", "targeting_overlay", "optimization_goals", "pacing", "bid_price", "daily_budget_cap")
"""Fields of a purchase that a package takes over."""


def amend(ctx: Context, seller: Seller, proposal: Proposal, buy: MediaBuy, request: Json) -> Generator[Any, Any, None]:
    """Bring a media buy to the terms of a proposal, all or nothing; no person is asked, since the terms are agreed.

    Purchases of a product and price that are there already change their packages, others are new packages, and
    packages that the terms do not name any more are canceled. What can't be is refused as update_media_buy does.
    """
    changes, bound = difference(seller, proposal.terms or {}, buy)
    changes["controls"] = read_controls({**(proposal.terms or {}), **request})
    lists = yield from fetch_lists(ctx, [*changes["packages"], *changes["new_packages"]])
    plan = plan_update(seller, buy, changes, lists)
    plan.asked, plan.tool, plan.answer = request, ctx.operation, updated_wire
    yield from clear_update(ctx, seller, plan)
    check_base(proposal, buy)
    apply_plan(seller, plan)
    added = iter([package.package_id for package, _ in plan.added])
    proposal.packages = [package_id or next(added) for package_id in bound]


def check_base(proposal: Proposal, buy: MediaBuy) -> None:
    """CONFLICT unless the media buy is as it was when the terms were made; INVALID_STATE if they were accepted."""
    check_open(proposal)
    if proposal.base_revision != buy.revision:
        why = f"the proposal is about revision {proposal.base_revision}, the media buy is at {buy.revision}"
        raise AdcpError("CONFLICT", why, "proposal_id", details={"current_revision": buy.revision})


def difference(seller: Seller, terms: Json, buy: MediaBuy) -> tuple[Json, list[str]]:
    """The update that leads to the terms, and for each purchase its package (empty: it is a new one)."""
    start_ms, end_ms = flight_of(terms)
    left = {package.package_id: package for package in buy.live}
    changes: Json = {"packages": [], "new_packages": []}
    if end_ms != buy.end_ms:
        changes["end_time"] = terms["end_time"]
    if start_ms != buy.start_ms and buy.start_ms > seller.now:
        changes["start_time"] = terms["start_time"]
    bound = []
    for purchase in terms["purchases"]:
        entry = package_of(seller, buy.account_id, purchase, "proposal_id")
        known = _same(left, purchase)
        bound.append(known.package_id if known is not None else "")
        if known is None:
            dates = {name: entry.pop(name) for name in ("start_time", "end_time")}
            late = start_ms > seller.now
            changes["new_packages"].append({**entry, **(dates if late else {})})
            continue
        del left[known.package_id]
        kept = {name: entry[name] for name in _KEPT if name in entry and (name != "pacing" or "pacing" in purchase)}
        if known.end_ms is not None:
            kept["end_time"] = entry["end_time"]
        if known.overlay and "targeting_overlay" not in kept:
            kept["targeting_overlay"] = {}
        changes["packages"].append({"package_id": known.package_id, **kept})
    changes["packages"] += [{"package_id": package_id, "canceled": True} for package_id in left]
    return changes, bound


def _same(left: dict[str, Package], purchase: Json) -> Package | None:
    wanted = purchase["product_id"], purchase["pricing_option_id"]
    found = (p for p in left.values() if (p.product.product_id, p.option.option_id) == wanted)
    return next(found, None)
