"""Media buys and packages as the protocol writes them (core/package.json, get-media-buys-response.json)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agents.seller.buy_states import valid_actions
from agents.seller.lines import approved_creatives
from agents.seller.records import MediaBuy, Package
from agents.seller.sandbox import creative_of
from sandbox.core.money import amount
from sandbox.core.time import SECOND_MS, iso

if TYPE_CHECKING:
    from agents.seller.seller import Seller


def assignments_wire(package: Package) -> list[dict[str, Any]]:
    """The creative assignments of a package, with weights where the buyer gave any."""
    return [
        {"creative_id": creative_id} if weight is None else {"creative_id": creative_id, "weight": weight}
        for creative_id, weight in package.assignments.items()
    ]


def package_wire(buy: MediaBuy, package: Package) -> dict[str, Any]:
    """The full state of a package, as create and update answers give it."""
    start_ms, end_ms = buy.window(package)
    body: dict[str, Any] = {
        "package_id": package.package_id,
        "product_id": package.product.product_id,
        "budget": amount(package.budget_micros),
        "pacing": package.pacing,
        "pricing_option_id": package.option.option_id,
        "format_ids_to_provide": [fmt.ref for fmt in package.product.formats] if not package.assignments else [],
        "creative_assignments": assignments_wire(package),
        "start_time": iso(start_ms),
        "end_time": iso(end_ms),
        "paused": package.paused,
        "canceled": package.canceled,
        **package.extras,
    }
    _optional(body, package)
    return body


def _optional(body: dict[str, Any], package: Package) -> None:
    if package.bid_micros is not None:
        body["bid_price"] = amount(package.bid_micros)
    if package.impressions is not None:
        body["impressions"] = package.impressions
    if package.overlay:
        body["targeting_overlay"] = package.overlay
    if package.cancellation is not None:
        body["cancellation"] = package.cancellation


def created_wire(seller: Seller, buy: MediaBuy) -> dict[str, Any]:
    """The successful answer of create_media_buy."""
    body: dict[str, Any] = {
        "status": "completed",
        "media_buy_id": buy.media_buy_id,
        "account": seller.accounts[buy.account_id].ref(),
        "media_buy_status": buy.status,
        "confirmed_at": iso(buy.confirmed_ms) if buy.confirmed_ms is not None else None,
        "creative_deadline": iso(buy.end_ms),
        "revision": buy.revision,
        "currency": buy.currency,
        "total_budget": amount(buy.budget_micros),
        "valid_actions": valid_actions(buy, seller.config.cancellable),
        "packages": [package_wire(buy, package) for package in buy.packages.values()],
    }
    if buy.invoice_recipient is not None:
        body["invoice_recipient"] = buy.invoice_recipient
    if seller.accounts[buy.account_id].sandbox:
        body["sandbox"] = True
    return body


def updated_wire(
    seller: Seller, buy: MediaBuy, affected: list[Package], effective_ms: int | None = None
) -> dict[str, Any]:
    """The successful answer of update_media_buy; ``effective_ms`` is when it takes effect (now if None)."""
    body: dict[str, Any] = {
        "status": "completed",
        "media_buy_id": buy.media_buy_id,
        "media_buy_status": buy.status,
        "revision": buy.revision,
        "currency": buy.currency,
        "total_budget": amount(buy.budget_micros),
        "implementation_date": iso(seller.now if effective_ms is None else effective_ms),
        "affected_packages": [package_wire(buy, package) for package in affected],
        "valid_actions": valid_actions(buy, seller.config.cancellable),
    }
    if seller.accounts[buy.account_id].sandbox:
        body["sandbox"] = True
    return body


def listed_wire(seller: Seller, buy: MediaBuy, snapshot: bool, history: int) -> dict[str, Any]:
    """A media buy as get_media_buys lists it; ``history`` is how many entries, newest first."""
    body: dict[str, Any] = {
        "media_buy_id": buy.media_buy_id,
        "account": seller.accounts[buy.account_id].ref(),
        "status": buy.status,
        "health": "impaired" if buy.impairments else "ok",
        "impairments": buy.impairments,
        "currency": buy.currency,
        "total_budget": amount(buy.budget_micros),
        "start_time": iso(buy.start_ms),
        "end_time": iso(buy.end_ms),
        "creative_deadline": iso(buy.end_ms),
        "confirmed_at": iso(buy.confirmed_ms) if buy.confirmed_ms is not None else None,
        "revision": buy.revision,
        "created_at": iso(buy.created_ms),
        "updated_at": iso(buy.updated_ms),
        "valid_actions": valid_actions(buy, seller.config.cancellable),
        "packages": [_listed_package(seller, buy, package, snapshot) for package in buy.packages.values()],
    }
    if buy.rejection_reason:
        body["rejection_reason"] = buy.rejection_reason
    if buy.cancellation is not None and buy.status == "canceled":
        body["cancellation"] = buy.cancellation
    if buy.context is not None:
        body["context"] = buy.context
    if history > 0:
        body["history"] = buy.history[::-1][:history]
    return body


def _listed_package(seller: Seller, buy: MediaBuy, package: Package, snapshot: bool) -> dict[str, Any]:
    start_ms, end_ms = buy.window(package)
    body: dict[str, Any] = {
        "package_id": package.package_id,
        "product_id": package.product.product_id,
        "budget": amount(package.budget_micros),
        "currency": buy.currency,
        "format_ids": [fmt.ref for fmt in package.product.formats],
        "start_time": iso(start_ms),
        "end_time": iso(end_ms),
        "paused": package.paused,
        "canceled": package.canceled,
        "creative_approvals": _approvals(seller, buy, package),
        "format_ids_pending": _pending_formats(seller, buy, package),
    }
    _optional(body, package)
    if "context" in package.extras:
        body["context"] = package.extras["context"]
    if snapshot:
        body["snapshot"] = _snapshot(seller, buy, package)
    return body


def _approvals(seller: Seller, buy: MediaBuy, package: Package) -> list[dict[str, Any]]:
    """Creative states as a package sees them: approved, rejected (also when suspended) or still in review."""
    rows: list[dict[str, Any]] = []
    for creative_id in package.assignments:
        creative = creative_of(seller, buy.account_id, creative_id)
        if creative is None:
            continue
        refused = creative.status in ("rejected", "suspended", "archived")
        state = "rejected" if refused else "approved" if creative.status == "approved" else "pending_review"
        row: dict[str, Any] = {"creative_id": creative_id, "approval_status": state}
        if refused and creative.reason:
            row["rejection_reason"] = creative.reason
        rows.append(row)
    return rows


def _pending_formats(seller: Seller, buy: MediaBuy, package: Package) -> list[dict[str, Any]]:
    if package.canceled or approved_creatives(seller, buy, package):
        return []
    return [fmt.ref for fmt in package.product.formats]


def _snapshot(seller: Seller, buy: MediaBuy, package: Package) -> dict[str, Any]:
    counts = seller.ledger.between(package.package_id, 0, seller.now)
    as_of_ms = seller.ledger.known_until
    start_ms, end_ms = buy.window(package)
    if package.exhausted:
        state = "budget_exhausted"
    elif seller.now >= end_ms:
        state = "flight_ended"
    else:
        state = "delivering" if seller.world.market.line(package.package_id).active else "not_delivering"
    return {
        "as_of": iso(as_of_ms),
        "staleness_seconds": (seller.now - as_of_ms) // SECOND_MS,
        "impressions": counts["impressions"],
        "spend": amount(counts["spend_micros"]),
        "currency": buy.currency,
        "clicks": counts["clicks"],
        "delivery_status": state if seller.now >= start_ms else "not_delivering",
    }
