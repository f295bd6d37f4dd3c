"""Applying a planned update to a media buy, its packages and their lines, and cancellations with notice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agents.seller.buy_states import cancellation, mutated, refresh, remember, set_status, watch_dates
from agents.seller.compact.controls import enforce
from agents.seller.library import lift_unused, take_inline
from agents.seller.lines import open_line, set_caps, sync_line
from agents.seller.records import MediaBuy, Package
from agents.seller.reports import schedule_reports

if TYPE_CHECKING:
    from agents.seller.seller import Seller
    from agents.seller.updates import PackagePlan, Plan


def apply_plan(seller: Seller, plan: Plan) -> tuple[list[Package], int | None]:
    """Make a checked update so. Gives the packages it touched and when it takes effect (None: now)."""
    buy = plan.buy
    if plan.cancel:
        return _cancel_buy(seller, buy, plan.request.get("cancellation_reason", ""))
    for name, value in plan.fields.items():
        setattr(buy, name, value)
    if plan.fields.keys() & {"daily_cap_micros", "frequency_cap"}:
        enforce(seller, buy)
    affected, effective_ms = [], None
    for change in plan.packages:
        if change.cancel:
            effective_ms = cancel_package(seller, buy, change.package, "buyer", change.reason)
        else:
            _change_package(seller, buy, change)
        affected.append(change.package)
    for package, inline in plan.added:
        _add_package(seller, buy, package, inline)
        affected.append(package)
    lift_unused(buy)
    mutated(seller, buy, buy.buyer, "updated", ", ".join(dict.fromkeys(plan.kinds)))
    why = f"updated by the buyer: {', '.join(dict.fromkeys(plan.kinds)) or 'settings'}"
    refresh(seller, buy, why)
    if "dates" in plan.kinds or plan.added:
        watch_dates(seller, buy)
    if "reporting" in plan.fields:
        schedule_reports(seller, buy)
    return affected, effective_ms


def _change_package(seller: Seller, buy: MediaBuy, change: PackagePlan) -> None:
    package = change.package
    if change.fields.get("budget_micros", 0) > package.budget_micros or "impressions" in change.fields:
        package.exhausted = False
    for name, value in change.fields.items():
        setattr(package, name, value)
    if change.creatives:
        take_inline(seller, seller.accounts[buy.account_id], package, change.creatives)
    if "overlay" in change.fields:
        set_caps(seller, package)


def _add_package(seller: Seller, buy: MediaBuy, package: Package, inline: list[dict[str, Any]]) -> None:
    package.package_id = seller.ids.next("pkg")
    buy.packages[package.package_id] = package
    seller.package_buys[package.package_id] = buy.media_buy_id
    open_line(seller, buy, package)
    take_inline(seller, seller.accounts[buy.account_id], package, inline)


def _cancel_buy(seller: Seller, buy: MediaBuy, reason: str) -> tuple[list[Package], int | None]:
    """Cancel by the buyer. One that delivers goes on until the notice is over, and is canceled then."""
    notice_ms = seller.config.cancellation_notice
    if buy.status in ("active", "paused") and notice_ms:
        buy.cancel_at_ms = seller.now + notice_ms
        mutated(seller, buy, buy.buyer, "cancellation_requested", reason)
        seller.world.at(buy.cancel_at_ms, lambda: _notice_over(seller, buy, reason))
        return list(buy.packages.values()), buy.cancel_at_ms
    end_by_cancellation(seller, buy, "buyer", reason)
    return list(buy.packages.values()), None


def _notice_over(seller: Seller, buy: MediaBuy, reason: str) -> None:
    if not buy.terminal:
        end_by_cancellation(seller, buy, "buyer", reason)


def end_by_cancellation(seller: Seller, buy: MediaBuy, who: str, reason: str) -> None:
    """Cancel a media buy now. ``who`` is buyer or seller. Its creatives are free again."""
    buy.cancellation = cancellation(seller, who, reason)
    buy.cancel_at_ms = None
    mutated(seller, buy, buy.buyer if who == "buyer" else seller.id, "canceled", reason)
    set_status(seller, buy, "canceled", reason or f"canceled by the {who}")
    for package in buy.packages.values():
        sync_line(seller, buy, package, f"canceled by the {who}")


def cancel_package(seller: Seller, buy: MediaBuy, package: Package, who: str, reason: str) -> int | None:
    """Cancel one package; gives the instant at which it stops, None if that is now."""
    notice_ms = seller.config.cancellation_notice
    if buy.status in ("active", "paused") and notice_ms:
        due_ms = seller.now + notice_ms
        package.cancel_at_ms = due_ms
        seller.world.at(due_ms, lambda: _package_notice_over(seller, buy, package, who, reason))
        return due_ms
    _stop_package(seller, package, who, reason)
    return None


def _package_notice_over(seller: Seller, buy: MediaBuy, package: Package, who: str, reason: str) -> None:
    if buy.terminal or package.canceled:
        return
    _stop_package(seller, package, who, reason)
    buy.revision += 1
    remember(seller, buy, seller.id, "package_canceled", package.package_id)
    refresh(seller, buy, f"the notice of {package.package_id} is over")


def _stop_package(seller: Seller, package: Package, who: str, reason: str) -> None:
    package.canceled = True
    package.cancel_at_ms = None
    package.cancellation = cancellation(seller, who, reason)
