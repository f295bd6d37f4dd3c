"""Which media buys a reading tool is about."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agents.seller.accounts import find_account
from agents.seller.records import MediaBuy

if TYPE_CHECKING:
    from agents.seller.seller import Seller
    from sandbox.kernel.endpoint import Context


def scoped_buys(seller: Seller, ctx: Context, request: dict[str, Any]) -> list[MediaBuy]:
    """The caller's buys that a request is about: by account, ids and states."""
    found = seller.buys_of(ctx.principal)
    if "account" in request:
        account = find_account(seller, ctx.principal, request["account"])
        found = [buy for buy in found if account is not None and buy.account_id == account.account_id]
    ids = request.get("media_buy_ids")
    if ids is not None:
        found = [buy for buy in found if buy.media_buy_id in ids]
    wanted = request.get("status_filter", None if ids is not None else ["active"])
    if wanted is not None:
        states = [wanted] if isinstance(wanted, str) else wanted
        found = [buy for buy in found if buy.status in states]
    return found
