"""Scenarios that move a thing to another state, by the rules that hold for it anyway."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agents.seller.accounts import may_use, set_account_status
from agents.seller.apply import end_by_cancellation
from agents.seller.buy_states import mutated, set_status
from agents.seller.controller.state import Refused
from agents.seller.library import set_creative
from agents.seller.lines import sync_line
from sandbox.domain.lifecycles import LIFECYCLES

if TYPE_CHECKING:
    from agents.seller.records import MediaBuy
    from agents.seller.seller import Seller
    from sandbox.kernel.endpoint import Context

WHY = "forced by the test controller"


def moved(what: str, old: str, new: str) -> dict[str, Any]:
    """The answer of a scenario that changed a state."""
    return {"previous_state": old, "current_state": new, "message": f"{what} went from {old} to {new}"}


def _check(lifecycle: str, what: str, old: str, new: str) -> bool:
    """True if there is something to do. INVALID_TRANSITION if the lifecycle forbids it."""
    if old != new and not LIFECYCLES[lifecycle].allows(old, new):
        raise Refused("INVALID_TRANSITION", f"{what} can't go from {old} to {new}", old)
    return old != new


def force_creative_status(
    ctx: Context, seller: Seller, _request: dict[str, Any], params: dict[str, Any]
) -> dict[str, Any]:
    """Move a creative of the caller."""
    creative_id, new = params["creative_id"], params["status"]
    found = [
        creative
        for creative in seller.creatives.values()
        if creative.creative_id == creative_id and may_use(seller.accounts[creative.account_id], ctx.principal)
    ]
    if not found:
        raise Refused("NOT_FOUND", f"there is no creative {creative_id}")
    creative, what = found[-1], f"creative {creative_id}"
    old = creative.status
    if _check("creative", what, old, new):
        seller.desk.reviews.pop(creative.label, None)
        set_creative(seller, creative, new, params.get("rejection_reason") or params.get("reason_detail") or WHY)
    return moved(what, old, new)


def force_account_status(
    ctx: Context, seller: Seller, _request: dict[str, Any], params: dict[str, Any]
) -> dict[str, Any]:
    """Move an account of the caller."""
    account_id, new = params["account_id"], params["status"]
    account = seller.accounts.get(account_id)
    if account is None or not may_use(account, ctx.principal):
        raise Refused("NOT_FOUND", f"there is no account {account_id}")
    old, what = account.status, f"account {account_id}"
    if _check("account", what, old, new):
        seller.desk.applicants.pop(account_id, None)
        set_account_status(seller, account, new, WHY)
    return moved(what, old, new)


def buy_of(ctx: Context, seller: Seller, media_buy_id: str) -> MediaBuy:
    """A media buy of the caller, or NOT_FOUND."""
    buy = next((buy for buy in seller.buys_of(ctx.principal) if buy.media_buy_id == media_buy_id), None)
    if buy is None:
        raise Refused("NOT_FOUND", f"there is no media buy {media_buy_id}")
    return buy


def force_media_buy_status(
    ctx: Context, seller: Seller, _request: dict[str, Any], params: dict[str, Any]
) -> dict[str, Any]:
    """Move a media buy of the caller."""
    buy, new = buy_of(ctx, seller, params["media_buy_id"]), params["status"]
    old, what = buy.status, f"media buy {buy.media_buy_id}"
    if _check("media_buy", what, old, new):
        move_buy(seller, buy, new, params.get("rejection_reason") or WHY)
    return moved(what, old, new)


def move_buy(seller: Seller, buy: MediaBuy, new: str, why: str) -> None:
    """Move a media buy to a state that its lifecycle allows, and its lines with it."""
    if new == "canceled":
        end_by_cancellation(seller, buy, "seller", why)
        return
    if new == "rejected":
        buy.rejection_reason = why
    buy.held = new == "paused"
    seller.controller.waived.add(buy.media_buy_id)
    mutated(seller, buy, seller.id, new, why)
    set_status(seller, buy, new, why)
    for package in buy.packages.values():
        sync_line(seller, buy, package, why)
