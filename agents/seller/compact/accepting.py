"""accept_proposal: a committed proposal makes, changes or ends a media buy (task-reference/accept_proposal.mdx)."""

from __future__ import annotations

from collections.abc import Generator
from functools import partial
from typing import TYPE_CHECKING, Any

from agents.seller.accounts import account_for
from agents.seller.apply import end_by_cancellation
from agents.seller.buy_states import mutated
from agents.seller.compact import opportunities
from agents.seller.compact.amending import amend, check_base
from agents.seller.compact.answers import commitment_wire
from agents.seller.compact.buying import order_request
from agents.seller.compact.controls import read_controls
from agents.seller.compact.purchases import package_of
from agents.seller.context import seller_of
from agents.seller.governance import clear_order
from agents.seller.media_buys import decide
from agents.seller.orders import read_order
from agents.seller.packages import fetch_lists
from agents.seller.proposals import accept, check_total, proposal_to_buy
from agents.seller.records import MediaBuy, Proposal
from sandbox.core.errors import AdcpError
from sandbox.core.time import parse_instant

if TYPE_CHECKING:
    from agents.seller.seller import Seller
    from sandbox.kernel.endpoint import Context

Json = dict[str, Any]


def accept_proposal(ctx: Context, request: Json) -> Generator[Any, Any, Json]:
    """Accept exactly the terms that the digest names. Their inventory is held: that it was sold else is no reason.

    Raises PROPOSAL_NOT_FOUND, PROPOSAL_NOT_COMMITTED, PROPOSAL_EXPIRED, INVALID_STATE, and CONFLICT for other terms
    than the buyer has seen or a media buy that has changed since.
    """
    seller = seller_of(ctx)
    account = account_for(ctx, request["account"], spending=True)
    proposal = proposal_to_buy(seller, ctx.principal.id, request["proposal_id"])
    _check(seller, proposal, request, account.account_id, account.brand)
    if proposal.kind == "new_media_buy":
        return (yield from _buy(ctx, seller, proposal, account.account_id, request))
    buy = seller.media_buys[proposal.media_buy_id]
    check_base(proposal, buy)
    if proposal.kind == "media_buy_cancellation":
        _cancel(seller, proposal, buy)
    else:
        yield from amend(ctx, seller, proposal, buy, request)
        accept(seller, proposal, buy)
    opportunities.won(seller, buy.buyer, proposal.opportunity_id)
    return commitment_wire(seller, buy)


def _check(seller: Seller, proposal: Proposal, request: Json, account_id: str, brand: Json) -> None:
    if proposal.terms is None:
        why = "it has shares but no terms: finalize it with refine_proposals, or buy it with create_media_buy"
        raise AdcpError("INVALID_STATE", why, field="proposal_id")
    if request["proposal_terms_digest"] != proposal.digest:
        raise AdcpError("CONFLICT", "these are not the terms of the proposal", field="proposal_terms_digest")
    owner = seller.media_buys[proposal.media_buy_id].account_id if proposal.base_revision else proposal.account_id
    if owner not in ("", account_id) or brand.get("domain") != proposal.brand.get("domain"):
        raise AdcpError("INVALID_REQUEST", "the proposal was made for another account or brand", field="account")
    if not opportunities.matches(proposal.opportunity_id, request):
        raise AdcpError("INVALID_REQUEST", "the proposal belongs to another opportunity", field="opportunity")
    if "total_budget" in request:
        check_total(proposal, request["total_budget"])
    read_controls(request)


def _buy(ctx: Context, seller: Seller, proposal: Proposal, account_id: str, request: Json) -> Generator[Any, Any, Json]:
    terms = proposal.terms or {}
    packages = [package_of(seller, account_id, purchase, "proposal_id") for purchase in terms["purchases"]]
    wanted = order_request({**terms, **request}, proposal.brand, packages)
    if parse_instant(terms["start_time"]) <= seller.now:
        wanted["start_time"] = "asap"
        for entry in packages:
            entry.pop("start_time", None)
    wanted["controls"] = read_controls({**terms, **request})
    lists = yield from fetch_lists(ctx, packages)
    order = read_order(ctx, seller, wanted, lists, proposal)
    order.asked, order.tool, order.answer = request, ctx.operation, commitment_wire
    order.conclude = partial(_won, opportunity_id=proposal.opportunity_id)
    yield from clear_order(ctx, seller, order)
    return decide(seller, order)


def _won(seller: Seller, buy: MediaBuy, opportunity_id: str) -> None:
    opportunities.won(seller, buy.buyer, opportunity_id)


def _cancel(seller: Seller, proposal: Proposal, buy: MediaBuy) -> None:
    """End a media buy at the instant on which both agreed, or now if that has passed."""
    agreed: Json = (proposal.terms or {})["cancellation_terms"]
    at_ms, reason = parse_instant(agreed["effective_at"]), agreed.get("reason", "")
    proposal.packages = list(seller.proposals[proposal.parent].packages)
    accept(seller, proposal, buy)
    if at_ms <= seller.now:
        end_by_cancellation(seller, buy, "buyer", reason)
        return
    buy.cancel_at_ms = at_ms
    mutated(seller, buy, buy.buyer, "cancellation_requested", reason)
    seller.world.at(at_ms, partial(_end, seller, buy, reason))


def _end(seller: Seller, buy: MediaBuy, reason: str) -> None:
    if not buy.terminal:
        end_by_cancellation(seller, buy, "buyer", reason)
