"""Accounts with sales agents: which there are for an advertiser, and which may be linked (rules 24, 25, 34)."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Any

from agents.buyer.brands import Resolution
from agents.buyer.context import branded_advertiser_for, customer_of, platform_of
from agents.buyer.records import Advertiser
from agents.buyer.wire import group
from sandbox.core.errors import AdcpError, ApiError
from sandbox.kernel.endpoint import Context
from sandbox.operations import Body, Group, Request
from sandbox.operations.model import Id

if TYPE_CHECKING:
    from agents.buyer.platform import BuyerPlatform

operation: Group = group("accounts")


class LinkedAccount(Body):
    """An account with a sales agent that an advertiser buys on."""

    partner_id: Id
    account_id: Id
    billing_type: str | None = None


class AvailableAccounts(Body):
    """Query of ``list_available_accounts``."""

    partner_id: Id
    credential_id: Id | None = None


@operation(
    "list_available_accounts",
    "GET",
    "/advertisers/{advertiserId}/accounts/available",
    params=AvailableAccounts,
    rules=(24, 34),
)
def list_available_accounts(ctx: Context, request: Request) -> Generator[Any, Any, dict[str, Any]]:
    """The accounts of one sales agent that the advertiser's brand has there; only these can be linked."""
    platform, partner_id = platform_of(ctx), request.params.partner_id
    advertiser = branded_advertiser_for(ctx, request.path["advertiserId"])
    if partner_id not in platform.sellers.agents(customer_of(ctx), routed=False):
        raise ApiError("NOT_FOUND", f"there is no sales agent {partner_id}", "partnerId")
    accounts = yield from _available(platform, advertiser, str(advertiser.brand), partner_id)
    capabilities = yield from platform.sellers.capabilities(partner_id)
    supported = capabilities.get("account", {}).get("supported_billing", [])
    default = supported[0] if len(supported) == 1 else None
    return {"accounts": accounts, "billingOptions": {"default": default, "supported": supported}}


def check_links(
    platform: BuyerPlatform, advertiser: Advertiser, wanted: list[LinkedAccount], brand: Resolution | None = None
) -> Generator[Any, Any, list[dict[str, Any]]]:
    """The links in wire form; VALIDATION_ERROR for an account that the agent does not have (rule 25).

    ``brand`` is the advertiser's new brand, if it is about to get one.
    """
    domain = brand.domain if brand is not None else advertiser.brand
    known = platform.sellers.agents(platform.customer(advertiser.customer_id), routed=False)
    links: list[dict[str, Any]] = []
    for number, link in enumerate(wanted):
        field = f"linkedAccounts[{number}]"
        if link.partner_id not in known:
            raise ApiError("VALIDATION_ERROR", f"{field}: no sales agent {link.partner_id}", f"{field}.partnerId")
        accounts = yield from _available(platform, advertiser, str(domain), link.partner_id)
        if link.account_id not in [account["accountId"] for account in accounts]:
            raise ApiError(
                "VALIDATION_ERROR",
                f"{field}: {link.account_id} is none of the accounts that list_available_accounts gives",
                f"{field}.accountId",
            )
        links.append(link.model_dump(by_alias=True, exclude_none=True))
    return links


def _available(
    platform: BuyerPlatform, advertiser: Advertiser, domain: str, seller_id: str
) -> Generator[Any, Any, list[dict[str, Any]]]:
    """Ask an agent for its accounts, and keep those of the brand; sandbox ones for a sandbox advertiser."""
    query = {"sandbox": True} if advertiser.sandbox else {}
    try:
        body = yield from platform.sellers.request(seller_id, "list_accounts", query)
    except AdcpError as error:
        raise ApiError("INTERNAL_ERROR", f"{seller_id} gives no accounts: {error}") from error
    return [
        {
            "accountId": account["account_id"],
            "name": account["name"],
            "house": account.get("operator"),
            "advertiser": account.get("brand", {}).get("domain"),
            "partnerId": seller_id,
            "billingOptions": {"supported": [account["billing"]] if "billing" in account else []},
        }
        for account in body["accounts"]
        if account.get("brand", {}).get("domain") == domain
        and bool(account.get("sandbox")) == advertiser.sandbox
        and account["status"] == "active"
    ]
