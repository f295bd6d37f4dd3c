"""Accounts of customers with sales agents that require the customer's own credentials (rules 18, 26 and 34)."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Any

from agents.buyer.records import Advertiser
from sandbox.core.errors import AdcpError

if TYPE_CHECKING:
    from agents.buyer.credentials import Credential
    from agents.buyer.platform import BuyerPlatform

Json = dict[str, Any]
MAX_PAGES = 20
"""Pages of accounts that are read with one set of credentials."""


def find_accounts(
    platform: BuyerPlatform, advertiser: Advertiser, domain: str, seller_id: str, credential: Credential
) -> Generator[Any, Any, list[Json]]:
    """The active accounts of a brand that a set of credentials shows, in AdCP's form (core/account.json).

    For a sandbox advertiser those are sandbox accounts, for others real ones (rules 24 and 34).
    """
    query: Json = {"sandbox": True} if advertiser.sandbox else {}
    found: list[Json] = []
    for _ in range(MAX_PAGES):
        signed = credential.account_identifier
        body = yield from platform.sellers.request(seller_id, "list_accounts", query, signed=signed)
        found.extend(body["accounts"])
        page = body.get("pagination", {})
        if not page.get("has_more") or "cursor" not in page:
            break
        query = {**query, "pagination": {"cursor": page["cursor"]}}
    return [
        account
        for account in found
        if account.get("brand", {}).get("domain") == domain
        and bool(account.get("sandbox")) == advertiser.sandbox
        and account["status"] == "active"
    ]


def own_account(platform: BuyerPlatform, seller_id: str, advertiser: Advertiser) -> Generator[Any, Any, Json]:
    """The account on which an advertiser without a linked one buys from such an agent, in AdCP's form.

    A sandbox advertiser gets the sandbox account that the first credentials show, or a new one: the agent
    provides it by itself. So does an agent that lets accounts be declared, if there is one set of credentials. Raises
    :class:`AdcpError`: AUTH_REQUIRED without credentials, ACCOUNT_SETUP_REQUIRED if somebody has to link one.
    """
    active = platform.credentials.active(advertiser.customer_id, seller_id)
    if not active:
        raise AdcpError("AUTH_REQUIRED", f"no credentials are registered for {seller_id}", field="account")
    credential, row = active[0], None
    if advertiser.sandbox:
        known = yield from find_accounts(platform, advertiser, str(advertiser.brand), seller_id, credential)
        row = known[0] if known else None
    else:
        capabilities = yield from platform.sellers.capabilities(seller_id)
        if len(active) > 1 or capabilities.get("account", {}).get("require_operator_auth"):
            raise AdcpError(
                "ACCOUNT_SETUP_REQUIRED",
                f"link an account with {seller_id} to advertiser {advertiser.advertiser_id} first: "
                "list_available_accounts, then update_advertiser with linkedAccounts",
                field="account",
            )
    if row is None:
        row = yield from platform.sellers.declare(seller_id, advertiser, True, credential.account_identifier)
    if "account_id" in row:
        platform.credentials.tie(seller_id, row["account_id"], credential)
    return row
