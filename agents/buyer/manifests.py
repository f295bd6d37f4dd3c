"""Creative manifests of a campaign: create, list, read, change, delete (rules 177 to 185)."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Any

from agents.buyer.caps import caps_wire, replace_caps
from agents.buyer.context import campaign_for, creative_for, platform_of
from agents.buyer.creative.answers import Manifest, Manifests
from agents.buyer.creative.bodies import (
    CreateCreative,
    FormatRef,
    ListCreatives,
    Metadata,
    NewAsset,
    Preview,
    UpdateCreative,
    UrlAsset,
)
from agents.buyer.creative.intake import reclassified, take_in
from agents.buyer.creative.production import Produced, Production
from agents.buyer.creative.templates import detect_template
from agents.buyer.creative.wire import full, summary
from agents.buyer.creatives import propagate, withdraw
from agents.buyer.formats import campaign_creatives, campaign_products, learn_all
from agents.buyer.records import Campaign, Creative
from agents.buyer.wire import group
from sandbox.core.errors import ApiError
from sandbox.core.time import iso
from sandbox.kernel.endpoint import Context
from sandbox.operations import Group, Request
from sandbox.operations.paging import name_matches, window

if TYPE_CHECKING:
    from agents.buyer.platform import BuyerPlatform

operation: Group = group("creatives")
Steps = Generator[Any, Any, dict[str, Any]]

__all__ = ["CreateCreative", "FormatRef", "NewAsset", "UrlAsset", "create_creative", "operation"]

SECRETS = ("body.webhook_asset.security.secret",)


@operation(
    "create_creative",
    "POST",
    "/campaigns/{campaignId}/creatives/create",
    body=CreateCreative,
    success_status=201,
    aliases=("/campaigns/{campaignId}/creatives",),
    answer=Manifest,
    files=True,
    mcp=False,
    secrets=SECRETS,
    rules=(177, 178, 179, 180, 181, 182, 183, 185),
)
def create_creative(ctx: Context, request: Request) -> Steps:
    """Make a manifest of metadata and files. The media buys of the campaign that run already get it too."""
    platform, body = platform_of(ctx), request.body
    campaign = campaign_for(ctx, request.path["campaignId"])
    if campaign.status == "ARCHIVED":
        raise ApiError("INVALID_STATE", "the campaign is archived")
    _check_format(body)
    assets = take_in(platform, body, body.assets, request.files, "assets", [])
    creative = Creative(
        creative_id=platform.ids.next("cm"),
        campaign_id=campaign.campaign_id,
        name=body.name,
        format_id=None,
        format_kind=None,
        template_id=None,
        brand_domain=platform.advertisers[campaign.advertiser_id].brand or "",
        assets=[],
        created_ms=ctx.now,
        updated_ms=ctx.now,
        content_ms=ctx.now,
    )
    _produce(platform, creative, assets)
    _describe(platform, creative, body)
    platform.creatives[creative.creative_id] = creative
    replace_caps(platform, "CREATIVE", creative.creative_id, creative.caps, body.frequency_caps)
    yield from propagate(platform, campaign)
    return (yield from _learned(platform, campaign, creative))


@operation(
    "list_creatives",
    "GET",
    "/campaigns/{campaignId}/creatives",
    params=ListCreatives,
    aliases=("/campaigns/{campaignId}/creativeManifest",),
    answer=Manifests,
    rules=(7, 8, 10, 108),
)
def list_creatives(ctx: Context, request: Request) -> dict[str, Any]:
    """The campaign's manifests, summarised; caps only if asked for (conflict C21)."""
    platform, query = platform_of(ctx), request.params
    campaign = campaign_for(ctx, request.path["campaignId"])
    found = [
        creative
        for creative in campaign_creatives(platform, campaign)
        if query.quality in (None, creative.quality) and name_matches(creative.name, query.search)
    ]
    rows = []
    for creative in window(found, query.take, query.skip):
        row = summary(platform, campaign, creative)
        if query.include_frequency_caps:
            row["frequencyCaps"] = caps_wire(creative.caps)
        rows.append(row)
    return {"manifests": rows, "total": len(found)}


@operation(
    "get_creative",
    "GET",
    "/campaigns/{campaignId}/creatives/{creativeId}",
    params=Preview,
    answer=Manifest,
    rules=(7, 108),
)
def get_creative(ctx: Context, request: Request) -> dict[str, Any]:
    """One manifest with its assets, reviews, previews, tracking and caps; its page too if that is asked for."""
    campaign = campaign_for(ctx, request.path["campaignId"])
    creative = creative_for(ctx, campaign.campaign_id, request.path["creativeId"])
    return full(platform_of(ctx), campaign, creative, with_page=request.params.preview)


@operation(
    "update_creative",
    "PUT",
    "/campaigns/{campaignId}/creatives/{creativeId}",
    body=UpdateCreative,
    answer=Manifest,
    files=True,
    secrets=SECRETS,
    rules=(98, 112, 179, 180, 184, 186),
)
def update_creative(ctx: Context, request: Request) -> Steps:
    """Change a manifest; every media buy that shows it gets the new one."""
    platform, body = platform_of(ctx), request.body
    campaign = campaign_for(ctx, request.path["campaignId"])
    creative = creative_for(ctx, campaign.campaign_id, request.path["creativeId"])
    _check_format(body)
    before = _content(platform, creative)
    kept = reclassified(body, creative.assets)
    assets = take_in(platform, body, body.new_assets, request.files, "new_assets", kept)
    if assets != creative.assets:
        gone = [asset for asset in creative.assets if asset["asset_id"] in body.delete_asset_ids]
        _produce(platform, creative, assets)
        archive = platform.creative_store.produced[creative.creative_id].archived
        archive.extend({**asset, "archived_at": iso(ctx.now)} for asset in gone)
    _describe(platform, creative, body)
    if body.name is not None:
        creative.name = body.name
    if _content(platform, creative) != before:
        creative.content_ms = ctx.now
        platform.creative_store.of(creative.creative_id).agent_previews.clear()
    creative.updated_ms = ctx.now
    if body.frequency_caps is not None:
        replace_caps(platform, "CREATIVE", creative.creative_id, creative.caps, body.frequency_caps)
    yield from propagate(platform, campaign)
    return (yield from _learned(platform, campaign, creative))


@operation(
    "delete_creative",
    "DELETE",
    "/campaigns/{campaignId}/creatives/{creativeId}",
    success_status=204,
    rules=(184,),
)
def delete_creative(ctx: Context, request: Request) -> Steps:
    """Archive a manifest with all its assets, and take it off the packages that show it."""
    platform = platform_of(ctx)
    campaign = campaign_for(ctx, request.path["campaignId"])
    creative = creative_for(ctx, campaign.campaign_id, request.path["creativeId"])
    creative.archived_ms = creative.updated_ms = ctx.now
    archive = platform.creative_store.produced[creative.creative_id].archived
    archive.extend({**asset, "archived_at": iso(ctx.now)} for asset in creative.assets)
    yield from withdraw(platform, campaign, creative)
    return {}


def _check_format(body: Metadata) -> None:
    """Rule 180, and parameters only where there is a format kind."""
    if body.format_id is not None and body.format_kind is not None:
        raise ApiError("VALIDATION_ERROR", "format_kind: give format_id or format_kind, not both", "format_kind")
    if body.params is not None and body.format_id is not None:
        raise ApiError("VALIDATION_ERROR", "params: they go with format_kind, not with format_id", "params")


def _produce(platform: BuyerPlatform, creative: Creative, assets: list[dict[str, Any]]) -> None:
    """Make what is served of the assets, and take both over; nothing changes if that fails."""
    production = Production(platform, creative, assets)
    production.commit()
    creative.assets = production.assets
    made = platform.creative_store.produced.setdefault(creative.creative_id, Produced())
    made.report = production.report
    made.template = detect_template(platform.world.files, assets)


def _describe(platform: BuyerPlatform, creative: Creative, body: Metadata) -> None:
    """Take over what the metadata says besides the assets."""
    made = platform.creative_store.produced[creative.creative_id]
    if body.format_id is not None:
        creative.format_id, creative.format_kind = body.format_id.model_dump(), None
        made.params = {}
    if body.format_kind is not None:
        creative.format_id, creative.format_kind = None, body.format_kind
        made.params = {}
    if body.params is not None:
        made.params = body.params.model_dump(exclude_none=True)
    for name in ("message", "tag", "quality", "template_id"):
        if name in body.model_fields_set:
            setattr(creative, name, getattr(body, name))


def _content(platform: BuyerPlatform, creative: Creative) -> tuple[Any, ...]:
    """What sales agents get to see of a manifest."""
    params = platform.creative_store.of(creative.creative_id).params
    return creative.name, creative.format_id, creative.format_kind, params, creative.assets


def _learned(platform: BuyerPlatform, campaign: Campaign, creative: Creative) -> Steps:
    """The full manifest, once the agents have said what their formats are."""
    yield from learn_all(platform, list(dict.fromkeys(seller for seller, _ in campaign_products(platform, campaign))))
    return full(platform, campaign, creative)
