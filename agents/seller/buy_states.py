"""The states of a media buy: when it waits, delivers, rests and ends (specification.mdx, state transitions).

A buy's state follows from facts: its dates, the buyer's pause, whether every package has an approved
creative, and what is spent. :func:`refresh` looks at the facts and moves the buy; whoever changes a fact
calls it.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from agents.seller.lines import approved_creatives, sync_line
from agents.seller.records import MediaBuy, Package
from sandbox.core.time import iso

if TYPE_CHECKING:
    from agents.seller.seller import Seller

_PENDING = ("pending_creatives", "pending_start")
_CHANGES = ("update_budget", "update_dates", "update_packages", "add_packages")


def next_status(buy: MediaBuy, covered: bool, now_ms: int) -> str:
    """The state that the facts ask for. ``covered``: every live package has an approved creative.

    A buy whose flight ends before it ever could start is canceled by the seller: nothing was delivered, so
    it is not completed.
    """
    if buy.terminal:
        return buy.status
    if not buy.live:
        return "canceled"
    waiting = buy.status in (*_PENDING, "")
    if now_ms >= buy.end_ms:
        return "canceled" if waiting else "completed"
    if waiting and not covered:
        return "pending_creatives"
    if waiting and now_ms < buy.start_ms:
        return "pending_start"
    if not waiting and all(_done(buy, package, now_ms) for package in buy.live):
        return "completed"
    return "paused" if buy.held else "active"


def _done(buy: MediaBuy, package: Package, now_ms: int) -> bool:
    return package.exhausted or now_ms >= buy.window(package)[1]


def covered(seller: Seller, buy: MediaBuy) -> bool:
    """True if every package that was not canceled has an approved creative, or the test controller waived that."""
    return buy.media_buy_id in seller.controller.waived or all(
        approved_creatives(seller, buy, package) for package in buy.live
    )


def refresh(seller: Seller, buy: MediaBuy, why: str) -> None:
    """Move a buy to the state that the facts ask for, and bring its lines in step."""
    new = next_status(buy, covered(seller, buy), seller.now)
    if new != buy.status:
        if new == "canceled" and buy.live:
            why = f"{why} and it never could start"
        if new == "canceled" and buy.cancellation is None:
            buy.cancellation = cancellation(seller, "seller", why)
        set_status(seller, buy, new, why)
    for package in buy.packages.values():
        sync_line(seller, buy, package, why)


def set_status(seller: Seller, buy: MediaBuy, new: str, why: str) -> None:
    """Change the state of a buy and say so in the trace."""
    old = buy.status or None
    buy.status = new
    buy.updated_ms = seller.now
    seller.status("media_buy", buy.media_buy_id, old, new, why)
    if buy.terminal and old is not None:
        buy.impairments.clear()
        seller.on_buy_ended(buy)


def watch_dates(seller: Seller, buy: MediaBuy) -> None:
    """Wake the buy at every instant at which its dates or those of its packages matter."""
    instants = {buy.start_ms: "its flight begins", buy.end_ms: "its flight is over"}
    for package in buy.live:
        for at_ms, word in zip(buy.window(package), ("begins", "is over"), strict=True):
            instants.setdefault(at_ms, f"the flight of {package.package_id} {word}")
    for at_ms, why in sorted(instants.items()):
        if at_ms > seller.now:
            seller.world.at(at_ms, partial(_wake, seller, buy, why))


def _wake(seller: Seller, buy: MediaBuy, why: str) -> None:
    if not buy.terminal:
        refresh(seller, buy, why)


def cancellation(seller: Seller, who: str, reason: str) -> dict[str, Any]:
    """The record of a cancellation (core/cancellation)."""
    record: dict[str, Any] = {"canceled_at": iso(seller.now), "canceled_by": who}
    return {**record, "reason": reason} if reason else record


def mutated(seller: Seller, buy: MediaBuy, who: str, action: str, summary: str = "") -> None:
    """Count a mutation: the revision goes up by one, and the history says who did what."""
    buy.revision += 1
    buy.updated_ms = seller.now
    remember(seller, buy, who, action, summary)


def remember(seller: Seller, buy: MediaBuy, who: str, action: str, summary: str = "") -> None:
    """Add an entry to the history of a buy."""
    entry = {"revision": buy.revision, "timestamp": iso(seller.now), "actor": who, "action": action}
    buy.history.append({**entry, "summary": summary} if summary else entry)


def valid_actions(buy: MediaBuy, can_cancel: bool) -> list[str]:
    """What the buyer can do now (specification.mdx, get_media_buys; enums/media-buy-valid-action.json)."""
    if buy.terminal:
        return []
    cancel = ["cancel"] if can_cancel and buy.cancel_at_ms is None else []
    if buy.status in _PENDING:
        return ["pause", *(["resume"] if buy.held else []), *cancel, "sync_creatives"]
    return ["resume" if buy.status == "paused" else "pause", *cancel, *_CHANGES, "sync_creatives"]
