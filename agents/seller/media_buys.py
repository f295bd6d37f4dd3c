"""create_media_buy and get_media_buys."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Any

from agents.seller.buy_wire import listed_wire
from agents.seller.compact.answers import readback
from agents.seller.compact.controls import controlled
from agents.seller.context import seller_of
from agents.seller.controller.forced_tasks import forced_answer
from agents.seller.governance import clear_order
from agents.seller.orders import Order, book, read_order
from agents.seller.packages import fetch_lists
from agents.seller.policy.approval import decide_buy
from agents.seller.sandbox import policy_for
from agents.seller.scope import scoped_buys
from agents.seller.wire import page
from sandbox.core.errors import AdcpError

if TYPE_CHECKING:
    from agents.seller.seller import Seller
    from sandbox.kernel.endpoint import Context


def create_media_buy(ctx: Context, request: dict[str, Any]) -> Generator[Any, Any, dict[str, Any]]:
    """Sell: at once, or by a task that somebody decides later (``submitted``).

    A request with the ``context_id`` of a task that waits for input takes up that task with what was missing.
    """
    seller = seller_of(ctx)
    lists = yield from fetch_lists(ctx, request.get("packages", []))
    order = read_order(ctx, seller, controlled(request, ctx.version), lists)
    order.asked = request
    yield from clear_order(ctx, seller, order)
    resumed = seller.desk.waiting_for_input(ctx.principal.id, request.get("context_id"))
    if resumed is not None:
        return seller.desk.resume(resumed, order)
    forced = forced_answer(seller, order)
    if forced is not None:
        return forced
    return decide(seller, order)


def decide(seller: Seller, order: Order) -> dict[str, Any]:
    """Sell what was ordered, refuse it, or let it wait for a person."""
    config = policy_for(seller, order.account.account_id, seller.config.approval)
    roll = seller.rng("approval").random()
    decision = decide_buy(config, order.facts(seller.now), order.request, roll)
    if config.mode == "manual" or decision.verdict == "ask_input":
        return seller.desk.queue_order(order, roll)
    return sell(seller, order, decision.verdict, decision.reason, decision.code)


def sell(seller: Seller, order: Order, verdict: str, reason: str, code: str) -> dict[str, Any]:
    """Book an approved order, or raise the error that refuses it."""
    if verdict != "approve":
        seller.decide("media_buy", order.account.account_id, "reject", reason)
        raise AdcpError(code, reason)
    buy = book(seller, order, reason)
    seller.decide("media_buy", buy.media_buy_id, "approve", reason)
    answer = order.answer(seller, buy)
    if seller.config.notify_always:
        seller.tasks.send_result(order.tool, order.buyer, order.request, answer, order.version)
    return answer


def get_media_buys(ctx: Context, request: dict[str, Any]) -> dict[str, Any]:
    """The caller's media buys. Without ids and without a state, only the active ones (specification.mdx)."""
    seller = seller_of(ctx)
    found = scoped_buys(seller, ctx, request)
    rows, pagination = page(found, request.get("pagination"))
    snapshot, history = bool(request.get("include_snapshot")), int(request.get("include_history", 0))
    body: dict[str, Any] = {
        "status": "completed",
        "media_buys": [
            listed_wire(seller, buy, snapshot, history) | (readback(seller, buy) if ctx.version == "3.2" else {})
            for buy in rows
        ],
        "pagination": pagination,
    }
    missing = [i for i in request.get("media_buy_ids", []) if i not in [buy.media_buy_id for buy in found]]
    if missing:
        body["errors"] = [{"code": "MEDIA_BUY_NOT_FOUND", "message": f"there is no media buy {missing[0]}"}]
    return body
