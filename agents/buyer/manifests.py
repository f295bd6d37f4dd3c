"""Creative manifests of a campaign: create, list, read, change, delete (rules 177 to 185)."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from agents.buyer.caps import CapBody, replace_caps
from agents.buyer.context import advertiser_for, campaign_for, creative_for, platform_of
from agents.buyer.creatives import propagate, withdraw
from agents.buyer.formats import Format, campaign_creatives, campaign_products, distinct, learn_all
from agents.buyer.manifest_wire import full, serves, summary
from agents.buyer.records import Campaign, Creative
from agents.buyer.wire import group
from sandbox.core.errors import ApiError
from sandbox.kernel.endpoint import Context
from sandbox.operations import Body, Group, Request, SnakeBody
from sandbox.operations.model import Id
from sandbox.operations.paging import name_matches, window

if TYPE_CHECKING:
    from agents.buyer.platform import BuyerPlatform

operation: Group = group("creatives")
Steps = Generator[Any, Any, dict[str, Any]]

MAX_ASSETS = 20
"""Assets of one request (rule 178)."""


def _vast(value: Any) -> Any:
    return "VAST" if value == "VIDEO_VAST" else value


AssetType = Annotated[
    Literal[
        "IMAGE", "VIDEO", "AUDIO", "HTML", "JAVASCRIPT", "CSS", "VAST", "URL", "FONT", "LOGO", "DOCUMENT", "TEXT"
    ],
    BeforeValidator(_vast),
]
UrlType = Annotated[
    Literal["CLICKTHROUGH", "TRACKER_PIXEL", "TRACKER_SCRIPT", "VAST"], BeforeValidator(_vast)
]
FormatKind = Literal[
    "image", "html5", "display_tag", "image_carousel", "video_hosted", "video_vast", "audio_hosted",
    "audio_daast", "sponsored_placement", "native_in_feed", "responsive_creative", "agent_placement", "custom",
]  # fmt: skip


class FormatRef(SnakeBody):
    """A format by its agent and id."""

    agent_url: str = Field(min_length=1)
    id: str = Field(pattern=r"^[a-zA-Z0-9_-]+$")


class UrlAsset(SnakeBody):
    """An asset that is a URL."""

    url: str = Field(min_length=1)
    url_type: UrlType


class NewAsset(SnakeBody):
    """An asset: hosted at ``url``, given inline as ``content``, or uploaded as the file ``filename``."""

    asset_type: AssetType
    filename: str | None = None
    label: str | None = None
    url: str | None = None
    content: str | None = None
    url_type: UrlType | None = None
    width: int | None = Field(default=None, ge=1)
    height: int | None = Field(default=None, ge=1)
    duration_ms: int | None = Field(default=None, ge=1)


class Reclassified(SnakeBody):
    """A new type for an asset."""

    asset_id: Id
    asset_type: AssetType


class _Metadata(SnakeBody):
    message: str | None = None
    tag: str | None = None
    quality: str | None = None
    template_id: str | None = None
    format_id: FormatRef | None = None
    format_kind: FormatKind | None = None
    url_asset: UrlAsset | None = None


class CreateCreative(_Metadata):
    """Body of ``create_creative``: the metadata of the multipart request."""

    name: str = Field(min_length=1, max_length=255)
    assets: Annotated[list[NewAsset], Field(max_length=MAX_ASSETS)] = []
    frequency_caps: list[CapBody] = Field(default=[], alias="frequencyCaps")


class UpdateCreative(_Metadata):
    """Body of ``update_creative``; what is left out stays."""

    name: str | None = Field(default=None, min_length=1, max_length=255)
    new_assets: Annotated[list[NewAsset], Field(max_length=MAX_ASSETS)] = []
    delete_asset_ids: list[Id] = []
    reclassify_assets: list[Reclassified] = []
    frequency_caps: list[CapBody] | None = Field(default=None, alias="frequencyCaps")


class ListCreatives(SnakeBody):
    """Query of ``list_creatives``."""

    quality: str | None = None
    search: str | None = None
    include_frequency_caps: bool = Field(default=False, alias="includeFrequencyCaps")
    take: int = Field(default=50, ge=1, le=100)
    skip: int = Field(default=0, ge=0)


class Preview(SnakeBody):
    """Query of ``get_creative``; the manifest has its previews anyway."""

    preview: bool = False


class Dashboard(Body):
    """Query of ``get_creative_dashboard_url``."""

    advertiser_id: Id
    campaign_id: Id


@operation(
    "create_creative",
    "POST",
    "/campaigns/{campaignId}/creatives/create",
    body=CreateCreative,
    success_status=201,
    rules=(177, 178, 179, 180, 181, 185),
)
def create_creative(ctx: Context, request: Request) -> Steps:
    """Make a manifest. The media buys of the campaign that run already get it too."""
    platform, body = platform_of(ctx), request.body
    campaign = campaign_for(ctx, request.path["campaignId"])
    if campaign.status == "ARCHIVED":
        raise ApiError("INVALID_STATE", "the campaign is archived")
    creative = Creative(
        creative_id=platform.ids.next("cm"),
        campaign_id=campaign.campaign_id,
        name=body.name,
        format_id=None,
        format_kind=None,
        template_id=None,
        brand_domain=str(platform.advertisers[campaign.advertiser_id].brand),
        assets=[],
        created_ms=ctx.now,
        updated_ms=ctx.now,
        content_ms=ctx.now,
    )
    assets = [_asset(platform, asset, f"assets[{i}]") for i, asset in enumerate(body.assets)]
    _take(platform, creative, body, assets)
    platform.creatives[creative.creative_id] = creative
    replace_caps(platform, "CREATIVE", creative.creative_id, creative.caps, body.frequency_caps)
    yield from propagate(platform, campaign)
    return (yield from _full(platform, campaign, creative))


@operation(
    "list_creatives",
    "GET",
    "/campaigns/{campaignId}/creatives",
    params=ListCreatives,
    aliases=("/campaigns/{campaignId}/creativeManifest",),
    rules=(7, 8, 10, 108),
)
def list_creatives(ctx: Context, request: Request) -> dict[str, Any]:
    """The campaign's manifests, summarised; caps only if asked for (conflict C21)."""
    from agents.buyer.caps import caps_wire

    platform, query = platform_of(ctx), request.params
    campaign = campaign_for(ctx, request.path["campaignId"])
    found = [
        creative
        for creative in campaign_creatives(platform, campaign)
        if query.quality in (None, creative.quality) and name_matches(creative.name, query.search)
    ]
    rows = []
    for creative in window(found, query.take, query.skip):
        row = summary(platform, creative, _agents(platform, campaign, creative))
        if query.include_frequency_caps:
            row["frequencyCaps"] = caps_wire(creative.caps)
        rows.append(row)
    return {"manifests": rows, "total": len(found)}


@operation(
    "get_creative", "GET", "/campaigns/{campaignId}/creatives/{creativeId}", params=Preview, rules=(7, 108)
)
def get_creative(ctx: Context, request: Request) -> Steps:
    """One manifest with its assets, reviews, tracking and caps."""
    campaign = campaign_for(ctx, request.path["campaignId"])
    creative = creative_for(ctx, campaign.campaign_id, request.path["creativeId"])
    return (yield from _full(platform_of(ctx), campaign, creative))


@operation(
    "update_creative",
    "PUT",
    "/campaigns/{campaignId}/creatives/{creativeId}",
    body=UpdateCreative,
    rules=(98, 112, 179, 180, 184, 186),
)
def update_creative(ctx: Context, request: Request) -> Steps:
    """Change a manifest; every media buy that shows it gets the new one."""
    platform, body = platform_of(ctx), request.body
    campaign = campaign_for(ctx, request.path["campaignId"])
    creative = creative_for(ctx, campaign.campaign_id, request.path["creativeId"])
    assets = _changed_assets(platform, creative, body)
    before = (creative.name, creative.format_id, creative.format_kind, creative.assets)
    _take(platform, creative, body, assets)
    if body.name is not None:
        creative.name = body.name
    if (creative.name, creative.format_id, creative.format_kind, creative.assets) != before:
        creative.content_ms = ctx.now
    creative.updated_ms = ctx.now
    if body.frequency_caps is not None:
        replace_caps(platform, "CREATIVE", creative.creative_id, creative.caps, body.frequency_caps)
    yield from propagate(platform, campaign)
    return (yield from _full(platform, campaign, creative))


@operation(
    "delete_creative",
    "DELETE",
    "/campaigns/{campaignId}/creatives/{creativeId}",
    success_status=204,
    rules=(184,),
)
def delete_creative(ctx: Context, request: Request) -> Steps:
    """Archive a manifest with all its assets, and take it off the packages that show it."""
    campaign = campaign_for(ctx, request.path["campaignId"])
    creative = creative_for(ctx, campaign.campaign_id, request.path["creativeId"])
    creative.archived_ms = creative.updated_ms = ctx.now
    yield from withdraw(platform_of(ctx), campaign, creative)
    return {}


@operation(
    "get_creative_dashboard_url",
    "GET",
    "/creative-dashboard-url",
    params=Dashboard,
    aliases=("/dashboard-url",),
    rules=(185,),
)
def get_creative_dashboard_url(ctx: Context, request: Request) -> dict[str, Any]:
    """Where people manage the creatives of a campaign."""
    platform = platform_of(ctx)
    advertiser = advertiser_for(ctx, request.params.advertiser_id)
    campaign = campaign_for(ctx, request.params.campaign_id)
    if campaign.advertiser_id != advertiser.advertiser_id:
        raise ApiError("NOT_FOUND", f"the advertiser has no campaign {campaign.campaign_id}", "campaignId")
    place = f"customers/{advertiser.customer_id}/advertisers/{advertiser.advertiser_id}"
    return {
        "url": platform.world.network.url(platform.id, f"{place}/campaigns/{campaign.campaign_id}/creatives")
    }


def _asset(platform: BuyerPlatform, asset: NewAsset, field: str) -> dict[str, Any]:
    """An asset as it is kept. An uploaded file gets an address of the platform's own."""
    if asset.url is None and asset.content is None and asset.filename is None:
        raise ApiError("VALIDATION_ERROR", f"{field}: give url, content or filename", field)
    if (asset.asset_type == "URL") != (asset.url_type is not None):
        raise ApiError("VALIDATION_ERROR", f"{field}: url_type goes with asset_type URL", f"{field}.url_type")
    asset_id = platform.ids.next("asset")
    kept = {"asset_id": asset_id, **asset.model_dump(exclude_none=True)}
    if asset.url is None and asset.content is None:
        kept["url"] = platform.world.network.url(platform.id, f"assets/{asset_id}/{asset.filename}")
    kept["asset_source"] = "url" if asset.url else "inline" if asset.content else "upload"
    return kept


def _changed_assets(platform: BuyerPlatform, creative: Creative, body: UpdateCreative) -> list[dict[str, Any]]:
    """The assets after deletions, reclassifications and additions; NOT_FOUND for an unknown asset."""
    known = [asset["asset_id"] for asset in creative.assets]
    named = [(f"delete_asset_ids[{i}]", asset_id) for i, asset_id in enumerate(body.delete_asset_ids)]
    named += [(f"reclassify_assets[{i}]", entry.asset_id) for i, entry in enumerate(body.reclassify_assets)]
    for field, asset_id in named:
        if asset_id not in known:
            raise ApiError("NOT_FOUND", f"{field}: the manifest has no asset {asset_id}", field)
    types = {entry.asset_id: entry.asset_type for entry in body.reclassify_assets}
    kept = [
        {**asset, "asset_type": types.get(asset["asset_id"], asset["asset_type"])}
        for asset in creative.assets
        if asset["asset_id"] not in body.delete_asset_ids
    ]
    return kept + [_asset(platform, asset, f"new_assets[{i}]") for i, asset in enumerate(body.new_assets)]


def _take(platform: BuyerPlatform, creative: Creative, body: _Metadata, assets: list[dict[str, Any]]) -> None:
    """Check the metadata against rules 179 and 180, then take it over."""
    if body.format_id is not None and body.format_kind is not None:
        raise ApiError("VALIDATION_ERROR", "format_kind: give format_id or format_kind, not both", "format_kind")
    if body.url_asset is not None:
        url = NewAsset(asset_type="URL", url=body.url_asset.url, url_type=body.url_asset.url_type)
        assets = [*assets, _asset(platform, url, "url_asset")]
    if sum(asset.get("url_type") == "CLICKTHROUGH" for asset in assets) > 1:
        raise ApiError("VALIDATION_ERROR", "url_asset: a manifest has one CLICKTHROUGH at most", "url_asset")
    creative.assets = assets
    if body.format_id is not None:
        creative.format_id, creative.format_kind = body.format_id.model_dump(), None
    if body.format_kind is not None:
        creative.format_id, creative.format_kind = None, body.format_kind
    for name in ("message", "tag", "quality", "template_id"):
        if name in body.model_fields_set:
            setattr(creative, name, getattr(body, name))


def _agents(platform: BuyerPlatform, campaign: Campaign, creative: Creative) -> list[str]:
    """The sales agents whose products take a manifest."""
    return list(
        dict.fromkeys(
            seller_id
            for seller_id, product in campaign_products(platform, campaign)
            if any(serves(platform, creative, ref) for ref in product.get("format_ids", []))
        )
    )


def _full(platform: BuyerPlatform, campaign: Campaign, creative: Creative) -> Steps:
    products = campaign_products(platform, campaign)
    yield from learn_all(platform, list(dict.fromkeys(seller_id for seller_id, _ in products)))
    needed = distinct([ref for _, product in products for ref in product.get("format_ids", [])])
    targets: list[Format] = [ref for ref in needed if serves(platform, creative, ref)]
    if creative.format_id is not None and not targets:
        targets = [creative.format_id]
    return full(platform, creative, _agents(platform, campaign, creative), targets)
