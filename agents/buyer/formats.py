"""Creative formats: which ones a campaign needs, and what agents say about them (rules 65, 190)."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Any

from agents.buyer.context import campaign_for, customer_of, platform_of
from agents.buyer.creative.answers import Formats, Templates
from agents.buyer.creative.templates import TEMPLATES
from agents.buyer.records import Campaign, Creative
from agents.buyer.wire import group
from sandbox.core.errors import AdcpError, ApiError
from sandbox.domain.formats import format_key, parse_format
from sandbox.kernel.endpoint import Context
from sandbox.operations import Group, Request

if TYPE_CHECKING:
    from agents.buyer.platform import BuyerPlatform

operation: Group = group("formats")

Format = dict[str, Any]
"""A format identifier on the wire: ``{agent_url, id}``."""


@operation("list_formats", "GET", "/formats", answer=Formats, mutating=True, rules=(190,))
def list_formats(ctx: Context, _request: Request) -> Generator[Any, Any, dict[str, Any]]:
    """All formats that the customer's sales agents know."""
    platform = platform_of(ctx)
    yield from learn_all(platform, platform.sellers.agents(customer_of(ctx), routed=False))
    return {"formats": list(platform.formats.values()), "total": len(platform.formats)}


@operation("get_format", "GET", "/formats/{agentUrl}/{formatId}", answer=dict[str, Any], mutating=True, rules=(190,))
def get_format(ctx: Context, request: Request) -> Generator[Any, Any, dict[str, Any]]:
    """One format by its agent and id."""
    platform = platform_of(ctx)
    yield from learn_all(platform, platform.sellers.agents(customer_of(ctx), routed=False))
    key = format_key({"agent_url": request.path["agentUrl"], "id": request.path["formatId"]})
    if key not in platform.formats:
        raise ApiError("NOT_FOUND", f"there is no format {key[1]} of {key[0]}")
    return platform.formats[key]


@operation(
    "list_creative_templates",
    "GET",
    "/campaigns/{campaignId}/creatives/templates",
    aliases=("/campaigns/{campaignId}/creatives/formats",),
    answer=Templates,
    mutating=True,
    rules=(190,),
)
def list_creative_templates(ctx: Context, request: Request) -> Generator[Any, Any, dict[str, Any]]:
    """Templates, and the formats that the campaign's products need: deduplicated, and product by product."""
    platform = platform_of(ctx)
    campaign = campaign_for(ctx, request.path["campaignId"])
    products = campaign_products(platform, campaign)
    yield from learn_all(platform, list(dict.fromkeys(seller_id for seller_id, _ in products)))
    needed = distinct([ref for _, product in products for ref in product.get("format_ids", [])])
    types = {kind for ref in needed for kind in required_types(platform, ref)}
    return {
        "templates": [
            {"template_id": template.template_id, "asset_type": template.asset_type.upper()}
            for template in TEMPLATES
            if template.asset_type in types or not types
        ],
        "campaign_format_ids": needed,
        "campaign_products": [
            {
                "product_id": product["product_id"],
                "name": product["name"],
                "sales_agent_id": seller_id,
                "format_ids": product.get("format_ids", []),
            }
            for seller_id, product in products
        ],
    }


def coverage(platform: BuyerPlatform, campaign: Campaign) -> dict[str, list[Format]]:
    """``{required, covered, missing}`` over the formats of every selected product (rule 65).

    Covered is what is required and has a manifest; missing is the rest.
    """
    products = campaign_products(platform, campaign)
    required = distinct([ref for _, product in products for ref in product.get("format_ids", [])])
    covered = [ref for ref in required if covers(platform, campaign, ref)]
    return {"required": required, "covered": covered, "missing": [ref for ref in required if ref not in covered]}


def covers(platform: BuyerPlatform, campaign: Campaign, ref: Format) -> bool:
    """True if a manifest of the campaign can be delivered as a format."""
    from agents.buyer.manifest_wire import serves

    return any(serves(platform, creative, ref) for creative in campaign_creatives(platform, campaign))


def campaign_products(platform: BuyerPlatform, campaign: Campaign) -> list[tuple[str, dict[str, Any]]]:
    """The products that a campaign has selected or bought, each once, with their sales agents."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for session in (platform.sessions[discovery_id] for discovery_id in campaign.discovery_ids):
        for selection in session.selections:
            found.setdefault((selection.seller_id, selection.product_id), selection.product)
    for buy in campaign.media_buys:
        if buy.status in ("CANCELED", "REJECTED", "ARCHIVED"):
            continue
        ids = [staged.product_id for staged in buy.products] + [line.product_id for line in buy.packages]
        for product_id in ids:
            product = product_of(platform, campaign, buy.seller_id, product_id)
            if product is not None:
                found.setdefault((buy.seller_id, product_id), product)
    return [(seller_id, product) for (seller_id, _), product in found.items()]


def product_of(platform: BuyerPlatform, campaign: Campaign, seller_id: str, product_id: str) -> dict[str, Any] | None:
    """A product as its agent offered it in one of the campaign's sessions, the latest first."""
    for discovery_id in reversed(campaign.discovery_ids):
        session = platform.sessions[discovery_id]
        for selection in session.selections:
            if (selection.seller_id, selection.product_id) == (seller_id, product_id):
                return selection.product
        for product in session.products.get(seller_id, []):
            if product["product_id"] == product_id:
                return product
    return None


def campaign_creatives(platform: BuyerPlatform, campaign: Campaign) -> list[Creative]:
    """The manifests of a campaign that have not been deleted, in the order in which they were made."""
    return [
        creative
        for creative in platform.creatives.values()
        if creative.campaign_id == campaign.campaign_id and creative.archived_ms is None
    ]


def learn(platform: BuyerPlatform, seller_id: str) -> Generator[Any, Any, None]:
    """Ask an agent once for the formats that it takes, and remember them."""
    if seller_id in platform.formats_of:
        return
    found: list[Format] = []
    request: dict[str, Any] = {}
    while True:
        body = yield from platform.sellers.request(seller_id, "list_creative_formats", request)
        found.extend(body["formats"])
        page = body.get("pagination", {})
        if not page.get("has_more") or "cursor" not in page:
            break
        request = {"pagination": {"cursor": page["cursor"]}}
    platform.formats_of[seller_id] = [format_key(fmt["format_id"]) for fmt in found]
    for fmt in found:
        platform.formats.setdefault(format_key(fmt["format_id"]), fmt)


def learn_all(platform: BuyerPlatform, sellers: list[str]) -> Generator[Any, Any, list[AdcpError | None]]:
    """Ask several agents; one that fails is asked again next time."""
    return (yield from platform.sellers.gather([learn(platform, seller_id) for seller_id in sellers]))


def required_types(platform: BuyerPlatform, ref: Format) -> list[str]:
    """The types of the assets that a format must have: as its agent said, else as its standard id says."""
    known = platform.formats.get(format_key(ref))
    if known is None:
        return [_BY_ENDING.get(ref["id"].rpartition("_")[2]) or parse_format(ref["id"]).asset[1]]
    return [slot["asset_type"] for slot in known.get("assets", []) if slot.get("required")]


_BY_ENDING = {"html": "html", "html5": "html", "js": "javascript", "tag": "javascript", "vast": "vast"}
"""The type of the main asset by the end of a format's id, such as ``display_300x250_html``."""


def distinct(refs: list[Format]) -> list[Format]:
    """Format identifiers, each once."""
    return list({format_key(ref): ref for ref in refs}.values())
