"""Creative manifests as callers see them: rows of lists, and in full (rules 7, 177 and 183)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agents.buyer.caps import caps_wire
from agents.buyer.creative.preview import format_previews, preview_url, render_page
from agents.buyer.creative.trackers import click_url, impression_url, supported_macros
from agents.buyer.manifest_wire import agents_for, creative_asset, is_synced, slots, targets, url_role
from sandbox.core.errors import AdcpError
from sandbox.core.time import iso

if TYPE_CHECKING:
    from agents.buyer.formats import Format
    from agents.buyer.platform import BuyerPlatform
    from agents.buyer.records import Campaign, Creative

Json = dict[str, Any]


def summary(platform: BuyerPlatform, campaign: Campaign, creative: Creative) -> Json:
    """The row of a list (rule 7)."""
    agents = agents_for(platform, campaign, creative)
    detected = _detected(platform, creative)
    return {
        "creative_id": creative.creative_id,
        "campaign_id": creative.campaign_id,
        "name": creative.name,
        "template_id": creative.template_id or (detected and detected["template_id"]),
        "format_id": creative.format_id,
        "brand_domain": creative.brand_domain,
        "preview_url": preview_url(platform, creative.creative_id),
        "asset_count": len(creative.assets),
        "sync_status": {
            "synced": sum(is_synced(creative, agent) for agent in agents),
            "agent_count": len(agents),
        },
        "created_at": iso(creative.created_ms),
        "updated_at": iso(creative.updated_ms),
    }


def full(platform: BuyerPlatform, campaign: Campaign, creative: Creative, with_page: bool = False) -> Json:
    """The full manifest, in snake_case but for ``frequencyCaps`` (conflict C28); a pure function of what is known."""
    body = summary(platform, campaign, creative)
    last = max(creative.synced.values(), default=None)
    body["sync_status"]["last_synced_at"] = None if last is None else iso(last)
    refs = targets(platform, campaign, creative)
    made = platform.creative_store.of(creative.creative_id)
    if with_page:
        body["preview_html"] = render_page(platform, creative, refs[0] if refs else None)
    return {
        **body,
        "message": creative.message,
        "tag": creative.tag,
        "quality": creative.quality,
        "format_kind": creative.format_kind,
        "params": made.params,
        "target_format_ids": refs,
        "assets": creative.assets,
        "auto_detected_template": _detected(platform, creative),
        "format_previews": format_previews(platform, creative, refs),
        "html_processing": made.report,
        "creative_manifest": _manifest(platform, creative, refs),
        "review_status": dict(creative.review),
        "tracking": _tracking(platform, creative, refs),
        "frequencyCaps": caps_wire(creative.caps),
    }


def _detected(platform: BuyerPlatform, creative: Creative) -> dict[str, str] | None:
    """The template that was found out; None where the caller said one."""
    return None if creative.template_id else platform.creative_store.of(creative.creative_id).template


def _manifest(platform: BuyerPlatform, creative: Creative, refs: list[Format]) -> Json | None:
    """AdCP's form in the first format; None if there is none, or its agent has not described it."""
    try:
        body = creative_asset(platform, creative, refs[0]) if refs else {}
    except AdcpError:
        return None
    return {"format_id": body["format_id"], "assets": body["assets"]} if body else None


def _tracking(platform: BuyerPlatform, creative: Creative, refs: list[Format]) -> Json:
    impression, click = impression_url(platform, creative), click_url(platform, creative)
    roles = {url_role(slot) for ref in refs for slot in slots(platform, ref) if slot.get("asset_type") == "url"}
    page = platform.creative_store.of(creative.creative_id).report is not None
    injected = []
    if page or "impression" in roles:
        injected.append({"asset_type": "URL", "url_type": "TRACKER_PIXEL", "url": impression})
    if click is not None and (page or "click" in roles):
        injected.append({"asset_type": "URL", "url_type": "CLICKTHROUGH", "url": click})
    return {
        "impression_url": impression,
        "click_url": click,
        "supported_macros": supported_macros(platform, refs),
        "injected_assets": injected,
    }
