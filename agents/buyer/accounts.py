"""Accounts with sales agents: which there are for an advertiser, and which may be linked (rules 18 and 23 to 26)."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Any, NotRequired

from typing_extensions import TypedDict

from agents.buyer.brands import Resolution
from agents.buyer.context import branded_advertiser_for, customer_of, platform_of
from agents.buyer.own_accounts import find_accounts
from agents.buyer.records import Advertiser
from agents.buyer.wire import group
from sandbox.core.errors import AdcpError, ApiError
from sandbox.kernel.endpoint import Context
from sandbox.operations import Body, Group, Request
from sandbox.operations.model import Id

if TYPE_CHECKING:
    from agents.buyer.credentials import Credential
    from agents.buyer.platform import BuyerPlatform

operation: Group = group("accounts")

Json = dict[str, Any]


class LinkedAccount(Body):
    """An account with a sales agent that an advertiser buys on."""

    partner_id: Id
    account_id: Id
    billing_type: str | None = None


class AvailableAccounts(Body):
    """Query of ``list_available_accounts``."""

    partner_id: Id
    credential_id: Id | None = None


class BillingOptions(TypedDict):
    """Who may pay; ``default`` is null if there is a choice to make."""

    default: str | None
    supported: list[str]


class AvailableAccount(TypedDict):
    """An account that can be linked: ``house`` is who operates it, ``advertiser`` the domain of its brand."""

    accountId: str
    name: str
    house: str | None
    advertiser: str | None
    partnerId: str
    sandbox: NotRequired[bool]
    billingOptions: BillingOptions


class AvailableAccountsAnswer(TypedDict):
    """The accounts, and how the agent can be paid in general."""

    accounts: list[AvailableAccount]
    billingOptions: BillingOptions


@operation(
    "list_available_accounts",
    "GET",
    "/advertisers/{advertiserId}/accounts/available",
    params=AvailableAccounts,
    answer=AvailableAccountsAnswer,
    mutating=True,
    rules=(18, 19, 23, 24, 34),
)
def list_available_accounts(ctx: Context, request: Request) -> Generator[Any, Any, AvailableAccountsAnswer]:
    """The accounts of one sales agent that the advertiser's brand has there; only these can be linked."""
    platform, query = platform_of(ctx), request.params
    advertiser = branded_advertiser_for(ctx, request.path["advertiserId"])
    if query.partner_id not in platform.sellers.known():
        raise ApiError("NOT_FOUND", f"there is no sales agent {query.partner_id}", "partnerId")
    if not platform.storefronts.linkable(query.partner_id):
        raise ApiError("VALIDATION_ERROR", f"partnerId: {_not_linkable(query.partner_id)}", "partnerId")
    credential = platform.credentials.chosen(customer_of(ctx).customer_id, query.partner_id, query.credential_id)
    found = yield from _discover(platform, advertiser, str(advertiser.brand), credential)
    supported = yield from _supported(platform, query.partner_id)
    return {
        "accounts": [_wire(query.partner_id, account, supported) for account in found],
        "billingOptions": _options(None, supported),
    }


def check_links(
    platform: BuyerPlatform, advertiser: Advertiser, wanted: list[LinkedAccount], brand: Resolution | None = None
) -> Generator[Any, Any, list[Json]]:
    """The links in wire form; VALIDATION_ERROR for an account that the agent does not have (rule 25).

    From then on the accounts are used with the credentials that show them (rule 26). ``brand`` is the
    advertiser's new brand, if it is about to get one.
    """
    domain = str(brand.domain if brand is not None else advertiser.brand)
    links: list[Json] = []
    ties: list[tuple[str, str, Credential]] = []
    for number, link in enumerate(wanted):
        field = f"linkedAccounts[{number}]"
        if link.partner_id not in platform.sellers.known():
            raise ApiError("VALIDATION_ERROR", f"{field}: no sales agent {link.partner_id}", f"{field}.partnerId")
        if not platform.storefronts.linkable(link.partner_id):
            raise ApiError("VALIDATION_ERROR", f"{field}: {_not_linkable(link.partner_id)}", f"{field}.accountId")
        credential, account = yield from _find(platform, advertiser, domain, link, field)
        supported = yield from _supported(platform, link.partner_id)
        _check_billing(link, account, supported, f"{field}.billingType")
        ties.append((link.partner_id, link.account_id, credential))
        links.append(link.model_dump(by_alias=True, exclude_none=True))
    for tie in ties:
        platform.credentials.tie(*tie)
    return links


def _not_linkable(seller_id: str) -> str:
    return (
        f"accounts with {seller_id} can't be linked, since it requires no credentials of yours; only sources with "
        "requiresCredentials: true support that"
    )


def _find(
    platform: BuyerPlatform, advertiser: Advertiser, domain: str, link: LinkedAccount, field: str
) -> Generator[Any, Any, tuple[Credential, Json]]:
    """The account of a link, and the credentials that show it."""
    for credential in platform.credentials.active(advertiser.customer_id, link.partner_id):
        for account in (yield from _discover(platform, advertiser, domain, credential)):
            if account["account_id"] == link.account_id:
                return credential, account
    raise ApiError(
        "VALIDATION_ERROR",
        f"{field}: {link.account_id} is none of the accounts that list_available_accounts gives",
        f"{field}.accountId",
    )


def _discover(
    platform: BuyerPlatform, advertiser: Advertiser, domain: str, credential: Credential
) -> Generator[Any, Any, list[Json]]:
    seller_id = credential.agent_id
    try:
        found: list[Json] = yield from find_accounts(platform, advertiser, domain, seller_id, credential)
    except AdcpError as error:
        raise ApiError("INTERNAL_ERROR", f"{seller_id} gives no accounts: {error}") from error
    return found


def _supported(platform: BuyerPlatform, seller_id: str) -> Generator[Any, Any, list[str]]:
    capabilities = yield from platform.sellers.capabilities(seller_id)
    supported: list[str] = capabilities.get("account", {}).get("supported_billing", [])
    return supported


def _options(billing: str | None, supported: list[str]) -> BillingOptions:
    """Who may pay for an account; one whose billing is settled has that as its default."""
    if billing is not None:
        return {"default": billing, "supported": [billing]}
    return {"default": supported[0] if len(supported) == 1 else None, "supported": supported}


def _check_billing(link: LinkedAccount, account: Json, supported: list[str], field: str) -> None:
    """A billing type is one of those that there are, and given if there is a choice to make (rule 25)."""
    options = _options(account.get("billing"), supported)
    if link.billing_type is None and options["default"] is None and len(options["supported"]) > 1:
        raise ApiError("VALIDATION_ERROR", f"{field}: choose one of {', '.join(options['supported'])}", field)
    if link.billing_type is not None and link.billing_type not in options["supported"]:
        known = ", ".join(options["supported"]) or "none"
        raise ApiError("VALIDATION_ERROR", f"{field}: {link.account_id} supports {known}", field)


def _wire(seller_id: str, account: Json, supported: list[str]) -> AvailableAccount:
    body: AvailableAccount = {
        "accountId": account["account_id"],
        "name": account["name"],
        "house": account.get("operator"),
        "advertiser": account.get("brand", {}).get("domain"),
        "partnerId": seller_id,
        "billingOptions": _options(account.get("billing"), supported),
    }
    if account.get("sandbox"):
        body["sandbox"] = True
    return body
