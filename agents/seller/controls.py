"""What a scenario's steps can do to a sales agent: decide what waits, revoke, pause, cancel.

Without an argument that names it, a control means the newest thing that it could apply to. A control that
finds nothing to act on is the scenario's mistake (:class:`InputError`).
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from agents.seller.accounts import set_account_status
from agents.seller.apply import end_by_cancellation
from agents.seller.approvals import Case
from agents.seller.buy_states import mutated, refresh, set_status
from agents.seller.library import set_creative
from agents.seller.lines import sync_line
from agents.seller.policy.approval import Decision
from agents.seller.records import Account, Creative, MediaBuy
from agents.seller.tell import tell
from sandbox.core.errors import InputError
from sandbox.domain.lifecycles import LIFECYCLES

if TYPE_CHECKING:
    from agents.seller.seller import Seller
    from sandbox.kernel.actor import Control


def controls_of(seller: Seller) -> dict[str, Control]:
    """The controls of a sales agent by name."""
    table: dict[str, Control] = {
        "approve": approve,
        "reject": reject,
        "ask_input": ask_input,
        "approve_creative": approve_creative,
        "reject_creative": reject_creative,
        "revoke_creative": revoke_creative,
        "pause": pause,
        "resume": resume,
        "cancel": cancel,
        "set_account": set_account,
        "sell_out": sell_out,
        "tell": tell,
    }
    return {name: partial(control, seller) for name, control in table.items()}


def approve(seller: Seller, media_buy: str | None = None, task: str | None = None) -> None:
    """Approve what waits: a new buy, or a change of one."""
    seller.desk.settle(_case(seller, media_buy, task), Decision("approve", "approved by the seller"))


def reject(seller: Seller, reason: str = "declined", media_buy: str | None = None, task: str | None = None) -> None:
    """Refuse what waits; when nothing waits, reject a buy that has not begun."""
    case = _find_case(seller, media_buy, task)
    if case is not None:
        seller.desk.settle(case, Decision("reject", reason))
        return
    if task is not None:
        raise InputError(f"{seller.id} has no task {task!r} that waits")
    buy = _buy(seller, media_buy, ("pending_creatives", "pending_start"), "reject")
    buy.rejection_reason = reason
    mutated(seller, buy, seller.id, "rejected", reason)
    seller.decide("media_buy", buy.media_buy_id, "reject", reason)
    set_status(seller, buy, "rejected", reason)
    for package in buy.packages.values():
        sync_line(seller, buy, package, "rejected by the seller")


def ask_input(seller: Seller, missing: str | list[str], media_buy: str | None = None, task: str | None = None) -> None:
    """Ask the buyer for what is missing; the decision waits until it comes."""
    names = [missing] if isinstance(missing, str) else missing
    case = _case(seller, media_buy, task)
    if case.task.status == "input-required":
        raise InputError(f"task {case.task.task_id} waits for input already", hint="the buyer has to answer first")
    seller.desk.settle(case, Decision("ask_input", f"missing: {', '.join(names)}", tuple(names)))


def _case(seller: Seller, media_buy: str | None, task: str | None) -> Case:
    case = _find_case(seller, media_buy, task)
    if case is None:
        named = f" for {task or media_buy}" if task or media_buy else ""
        waiting = ", ".join(seller.desk.cases) or "nothing"
        raise InputError(f"nothing waits for {seller.id}'s decision{named}", hint=f"waiting: {waiting}")
    return case


def _find_case(seller: Seller, media_buy: str | None, task: str | None) -> Case | None:
    if task is not None:
        return seller.desk.cases.get(task)
    if media_buy is not None:
        mine = [case for case in seller.desk.cases.values() if case.media_buy_id == media_buy]
        return mine[-1] if mine else None
    return seller.desk.newest()


def approve_creative(seller: Seller, creative: str | None = None) -> None:
    """Approve a creative that waits for review, or one that was suspended."""
    _judge_creative(seller, creative, "approved", "approved by the seller", ("pending_review", "suspended"))


def reject_creative(seller: Seller, reason: str = "against our policies", creative: str | None = None) -> None:
    """Refuse a creative that waits for review."""
    _judge_creative(seller, creative, "rejected", reason, ("pending_review",))


def revoke_creative(
    seller: Seller, reason: str = "against our policies", creative: str | None = None, state: str = "rejected"
) -> None:
    """Take the approval of a running creative away: ``rejected`` for good, or ``suspended`` for now."""
    if state not in ("rejected", "suspended"):
        raise InputError(f"a creative can't be revoked to {state!r}", hint="use rejected or suspended")
    _judge_creative(seller, creative, state, reason, ("approved",))


def _judge_creative(seller: Seller, creative_id: str | None, new: str, why: str, states: tuple[str, ...]) -> None:
    found = [
        creative
        for creative in seller.creatives.values()
        if creative.status in states and creative_id in (None, creative.creative_id)
    ]
    if not found:
        named = f" {creative_id!r}" if creative_id else ""
        raise InputError(f"{seller.id} has no creative{named} that is {' or '.join(states)}")
    newest: Creative = max(enumerate(found), key=lambda pair: (pair[1].updated_ms, pair[0]))[1]
    seller.desk.reviews.pop(newest.label, None)
    verdict = {"approved": "approve", "rejected": "reject", "suspended": "suspend"}[new]
    seller.decide("creative", newest.label, verdict, why)
    set_creative(seller, newest, new, why)


def pause(seller: Seller, reason: str = "", media_buy: str | None = None) -> None:
    """Halt a running buy from the seller's side."""
    _hold(seller, _buy(seller, media_buy, ("active",), "pause"), True, reason or "paused by the seller")


def resume(seller: Seller, reason: str = "", media_buy: str | None = None) -> None:
    """Let a halted buy run again."""
    _hold(seller, _buy(seller, media_buy, ("paused",), "resume"), False, reason or "resumed by the seller")


def _hold(seller: Seller, buy: MediaBuy, held: bool, why: str) -> None:
    buy.held = held
    mutated(seller, buy, seller.id, "paused" if held else "resumed", why)
    refresh(seller, buy, why)


def cancel(seller: Seller, reason: str = "", media_buy: str | None = None) -> None:
    """Cancel a buy from the seller's side, at once."""
    states = ("pending_creatives", "pending_start", "active", "paused")
    end_by_cancellation(seller, _buy(seller, media_buy, states, "cancel"), "seller", reason)


def _buy(seller: Seller, media_buy_id: str | None, states: tuple[str, ...], action: str) -> MediaBuy:
    found = [
        buy for buy in seller.media_buys.values() if buy.status in states and media_buy_id in (None, buy.media_buy_id)
    ]
    if not found:
        named = f" {media_buy_id}" if media_buy_id else ""
        known = ", ".join(f"{b.media_buy_id} ({b.status})" for b in seller.media_buys.values()) or "none"
        raise InputError(f"{seller.id} has no media buy{named} to {action}", hint=f"media buys: {known}")
    return found[-1]


def set_account(seller: Seller, status: str, account: str | None = None, reason: str = "") -> None:
    """Move an account to another state: active, suspended, payment_required, rejected or closed."""
    found: list[Account] = [a for a in seller.accounts.values() if account in (None, a.account_id)]
    if not found:
        raise InputError(f"{seller.id} has no account {account or ''}".rstrip())
    newest = found[-1]
    if not LIFECYCLES["account"].allows(newest.status, status):
        raise InputError(f"account {newest.account_id} can't go from {newest.status} to {status}")
    seller.desk.applicants.pop(newest.account_id, None)
    set_account_status(seller, newest, status, reason or "set by the seller")


def sell_out(seller: Seller, product: str) -> None:
    """Take a product off the market; what was sold goes on."""
    if product not in seller.products:
        raise InputError(f"{seller.id} has no product {product!r}", hint=f"products: {', '.join(seller.products)}")
    seller.products[product] = replace(seller.products[product], sold_out=True)
    seller.decide("product", product, "sold_out", "sold out")
