"""Advertisers: a brand account of a customer, with its defaults for campaigns (rules 27 to 42)."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AfterValidator, ConfigDict, Field, WithJsonSchema

from agents.buyer.accounts import LinkedAccount, check_links
from agents.buyer.answers import advertisers as answers
from agents.buyer.brands import Resolution
from agents.buyer.caps import CapBody, caps_wire, replace_caps
from agents.buyer.context import advertiser_for, customer_of, platform_of
from agents.buyer.records import Advertiser, Customer
from agents.buyer.wire import group
from sandbox.core.errors import ApiError
from sandbox.core.time import iso
from sandbox.kernel.endpoint import Context
from sandbox.operations import Body, Group, Request
from sandbox.operations.paging import limit_offset, name_matches

if TYPE_CHECKING:
    from agents.buyer.platform import BuyerPlatform

operation: Group = group("advertisers")

DEFAULT_UTM = {
    "utm_source": "scope3",
    "utm_medium": "agentic",
    "utm_campaign": "{CAMPAIGN_ID}",
    "utm_content": "{CREATIVE_ID}",
    "utm_media_buy": "{MEDIA_BUY_ID}",
    "utm_package": "{PACKAGE_ID}",
}
"""What is appended to landing pages when an advertiser says nothing (rule 36)."""


def _domain(value: str) -> str:
    """The bare domain of ``https://www.acme.com/``."""
    host = value.strip().lower().partition("://")[2] or value.strip().lower()
    host = host.partition("/")[0].removeprefix("www.")
    if "." not in host or not all(c.isalnum() or c in ".-" for c in host):
        raise ValueError("give the domain of the brand's site, such as acme.com")
    return host


BrandDomain = Annotated[
    str,
    AfterValidator(_domain),
    WithJsonSchema({"type": "string", "pattern": r"^(https?://)?([A-Za-z0-9-]+\.)+[A-Za-z0-9-]+(/.*)?$"}),
]


class UtmParam(Body):
    """One UTM parameter; the value is static, or a macro that is resolved at the click (conflict C64)."""

    param_key: str = Field(pattern=r"^[a-zA-Z0-9_-]{1,100}$")
    param_value: str = Field(min_length=1, max_length=200)


UtmParams = Annotated[list[UtmParam], Field(max_length=20)]


class ListAdvertisers(Body):
    """Query of ``list_advertisers``; ``take`` and ``skip`` are taken too (conflict C43)."""

    status: Literal["ACTIVE", "ARCHIVED"] | None = None
    name: str | None = None
    limit: int = Field(default=10, ge=1, le=10)
    offset: int = Field(default=0, ge=0)
    take: int | None = Field(default=None, ge=1, le=10)
    skip: int | None = Field(default=None, ge=0)


class CreateAdvertiser(Body):
    """Body of ``create_advertiser``; ``brandDomain`` is an older name of ``brand`` (conflict C54)."""

    model_config = ConfigDict(json_schema_extra={"anyOf": [{"required": ["brand"]}, {"required": ["brandDomain"]}]})

    name: str = Field(min_length=1, max_length=255)
    brand: BrandDomain | None = None
    brand_domain: BrandDomain | None = None
    description: str | None = None
    save_brand: bool = False
    sandbox: bool = False
    linked_accounts: list[LinkedAccount] = []
    optimization_apply_mode: Literal["AUTO", "MANUAL"] = "MANUAL"
    utm_config: UtmParams | None = None
    frequency_caps: list[CapBody] = []


class UpdateAdvertiser(Body):
    """Body of ``update_advertiser``; what is left out stays."""

    name: str | None = Field(default=None, min_length=1, max_length=255)
    description: str | None = None
    brand: BrandDomain | None = None
    brand_domain: BrandDomain | None = None
    save_brand: bool = False
    linked_accounts: list[LinkedAccount] = []
    optimization_apply_mode: Literal["AUTO", "MANUAL"] | None = None
    utm_config: UtmParams | None = None
    frequency_caps: list[CapBody] | None = None


@operation(
    "list_advertisers",
    "GET",
    "/advertisers",
    params=ListAdvertisers,
    envelope="mirror",
    answer=answers.AdvertiserList,
    rules=(7, 8, 9, 10),
)
def list_advertisers(ctx: Context, request: Request) -> dict[str, Any]:
    """The customer's advertisers, summarised: ``{items, total, hasMore, nextOffset}``."""
    query: ListAdvertisers = request.params
    rows = [
        _summary(advertiser)
        for advertiser in platform_of(ctx).advertisers.values()
        if advertiser.customer_id == customer_of(ctx).customer_id
        and query.status in (None, advertiser.status)
        and name_matches(advertiser.name, query.name)
    ]
    limit = query.take if query.take is not None else query.limit
    return limit_offset(rows, limit, query.skip if query.skip is not None else query.offset)


@operation(
    "get_advertiser",
    "GET",
    "/advertisers/{advertiserId}",
    envelope="mirror",
    answer=answers.Advertiser,
    rules=(7, 32, 108),
)
def get_advertiser(ctx: Context, request: Request) -> dict[str, Any]:
    """One advertiser with its brand, accounts, UTM parameters and frequency caps."""
    return _full(advertiser_for(ctx, request.path["advertiserId"]))


@operation(
    "create_advertiser",
    "POST",
    "/advertisers",
    body=CreateAdvertiser,
    success_status=201,
    envelope="mirror",
    answer=answers.Advertiser,
    rules=(25, 27, 28, 29, 30, 31, 33, 35, 36, 37),
)
def create_advertiser(ctx: Context, request: Request) -> Generator[Any, Any, dict[str, Any]]:
    """Make an advertiser for a brand that is registered, or enriched and to be saved."""
    platform, body = platform_of(ctx), request.body
    domain = body.brand or body.brand_domain
    if domain is None:
        raise ApiError("VALIDATION_ERROR", "brand: the field is required", "brand")
    brand = platform.brands.resolve(domain, body.save_brand)
    advertiser = build_advertiser(platform, customer_of(ctx), body.name, brand, body.sandbox)
    advertiser.description = body.description
    advertiser.apply_mode = body.optimization_apply_mode
    if body.utm_config is not None:
        advertiser.utm = _utm(body.utm_config)
    advertiser.linked_accounts = yield from check_links(platform, advertiser, body.linked_accounts)
    platform.brands.save(brand.domain)
    enter_advertiser(platform, advertiser)
    replace_caps(platform, "ADVERTISER", advertiser.advertiser_id, advertiser.caps, body.frequency_caps)
    return _full(advertiser)


@operation(
    "update_advertiser",
    "PUT",
    "/advertisers/{advertiserId}",
    body=UpdateAdvertiser,
    envelope="mirror",
    answer=answers.Advertiser,
    rules=(25, 33, 37, 39, 40, 98),
)
def update_advertiser(ctx: Context, request: Request) -> Generator[Any, Any, dict[str, Any]]:
    """Change an advertiser: accounts are added, UTM parameters and caps replaced, a new brand is linked."""
    platform, body = platform_of(ctx), request.body
    advertiser = advertiser_for(ctx, request.path["advertiserId"])
    domain = body.brand or body.brand_domain
    brand = None if domain is None else platform.brands.resolve(domain, body.save_brand)
    utm = None if body.utm_config is None else _utm(body.utm_config)
    links = yield from check_links(platform, advertiser, body.linked_accounts, brand)
    if brand is not None:
        platform.brands.save(brand.domain)
        _link_brand(advertiser, brand)
        platform.sellers.forget_accounts(advertiser)
    if body.name is not None:
        advertiser.name = body.name
    if "description" in body.model_fields_set:
        advertiser.description = body.description
    if body.optimization_apply_mode is not None:
        advertiser.apply_mode = body.optimization_apply_mode
    if utm is not None:
        advertiser.utm = utm
    if body.frequency_caps is not None:
        replace_caps(platform, "ADVERTISER", advertiser.advertiser_id, advertiser.caps, body.frequency_caps)
    _add_links(advertiser, links)
    advertiser.updated_ms = ctx.now
    return _full(advertiser)


def build_advertiser(
    platform: BuyerPlatform, customer: Customer, name: str, brand: Resolution | None, sandbox: bool = False
) -> Advertiser:
    """An advertiser with the defaults of rules 33, 35 and 36; it is not in the platform's table yet."""
    advertiser = Advertiser(
        advertiser_id=str(platform.ids.number("advertiser")),
        customer_id=customer.customer_id,
        name=name,
        description=None,
        brand=None,
        brand_warning=None,
        linked_brand=None,
        sandbox=sandbox,
        apply_mode="MANUAL",
        status="ACTIVE",
        created_ms=platform.now,
        updated_ms=platform.now,
        utm=[{"paramKey": key, "paramValue": value} for key, value in DEFAULT_UTM.items()],
    )
    if brand is not None:
        _link_brand(advertiser, brand)
    return advertiser


def enter_advertiser(platform: BuyerPlatform, advertiser: Advertiser) -> None:
    """Put a new advertiser into the platform's table."""
    platform.advertisers[advertiser.advertiser_id] = advertiser
    platform.status("advertiser", advertiser.advertiser_id, None, advertiser.status, "created")


def _link_brand(advertiser: Advertiser, brand: Resolution) -> None:
    advertiser.brand = brand.domain
    advertiser.linked_brand = brand.linked
    advertiser.brand_warning = brand.warning


def _add_links(advertiser: Advertiser, links: list[dict[str, Any]]) -> None:
    """Add accounts; one that is linked already is not linked twice (rule 39)."""
    known = [(link["partnerId"], link["accountId"]) for link in advertiser.linked_accounts]
    advertiser.linked_accounts.extend(link for link in links if (link["partnerId"], link["accountId"]) not in known)


def _utm(params: list[UtmParam]) -> list[dict[str, str]]:
    """UTM parameters as they are kept; a key may occur once."""
    keys = [param.param_key for param in params]
    for number, key in enumerate(keys):
        if key in keys[:number]:
            field = f"utmConfig[{number}].paramKey"
            raise ApiError("VALIDATION_ERROR", f"{field}: {key} is given twice", field)
    return [{"paramKey": param.param_key, "paramValue": param.param_value} for param in params]


def _summary(advertiser: Advertiser) -> dict[str, Any]:
    """The row of a list (rule 7)."""
    return {
        "id": advertiser.advertiser_id,
        "name": advertiser.name,
        "status": advertiser.status,
        "brand": advertiser.brand,
        "sandbox": advertiser.sandbox,
        "linkedAccountCount": len(advertiser.linked_accounts),
        "createdAt": iso(advertiser.created_ms),
        "updatedAt": iso(advertiser.updated_ms),
    }


def _full(advertiser: Advertiser) -> dict[str, Any]:
    """The full resource."""
    return {
        **_summary(advertiser),
        "description": advertiser.description,
        "brandWarning": advertiser.brand_warning,
        "linkedBrand": advertiser.linked_brand,
        "linkedAccounts": advertiser.linked_accounts,
        "optimizationApplyMode": advertiser.apply_mode,
        "utmConfig": advertiser.utm,
        "frequencyCaps": caps_wire(advertiser.caps),
    }
