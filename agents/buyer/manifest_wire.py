"""Creative manifests as callers see them, and as AdCP has them (rules 177 to 183)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from agents.buyer.caps import caps_wire
from agents.buyer.formats import TEMPLATES, Format, required_types
from agents.buyer.records import Creative
from sandbox.core.errors import AdcpError
from sandbox.core.time import iso
from sandbox.domain.formats import format_key, parse_format

if TYPE_CHECKING:
    from agents.buyer.platform import BuyerPlatform

KINDS = {
    "image": "image",
    "html5": "html",
    "display_tag": "javascript",
    "video_hosted": "video",
    "video_vast": "vast",
    "audio_hosted": "audio",
}
"""The type of the main asset of a canonical format kind."""

SCREEN = (1920, 1080)
"""Size of a video if nobody says another one, in pixels."""

MACROS = ["{CAMPAIGN_ID}", "{CREATIVE_ID}", "{MEDIA_BUY_ID}", "{PACKAGE_ID}", "{DEVICE_TYPE}", "{COUNTRY}"]
"""Universal macros that the trackers carry (rule 183)."""


def main_types(creative: Creative) -> list[str]:
    """The types of a manifest's assets that are shown or heard, each once."""
    return list(dict.fromkeys(a["asset_type"].lower() for a in creative.assets if a["asset_type"] != "URL"))


def serves(platform: BuyerPlatform, creative: Creative, ref: Format) -> bool:
    """True if a manifest can be delivered as a format.

    A manifest with a ``format_id`` is of that format. Another one fits where every asset that the format
    needs is there, in the right size if the asset's size is known (rule 182).
    """
    if creative.format_id is not None:
        return format_key(creative.format_id) == format_key(ref)
    needed = required_types(platform, ref)
    if creative.format_kind is not None and KINDS.get(creative.format_kind) not in needed:
        return False
    fmt = parse_format(ref["id"])
    for kind in needed:
        fitting = [a for a in creative.assets if a["asset_type"].lower() == kind]
        if fmt.width:
            fitting = [a for a in fitting if a.get("width", fmt.width) == fmt.width]
            fitting = [a for a in fitting if a.get("height", fmt.height) == fmt.height]
        if not fitting:
            return False
    return bool(needed)


def creative_asset(platform: BuyerPlatform, creative: Creative, ref: Format) -> dict[str, Any]:
    """The manifest as AdCP's creative of one format (core/creative-asset.json).

    Assets go to the format's slots by type, those whose label is the slot's name first. The clickthrough is
    wrapped by the platform's click tracker (rule 183).
    """
    slots = platform.formats.get(format_key(ref), {}).get("assets") or []
    left = list(creative.assets)
    assets: dict[str, Any] = {}
    for slot in sorted(slots, key=lambda slot: not slot.get("required", False)):
        kind, name = slot.get("asset_type"), slot.get("asset_id")
        fitting = [a for a in left if a["asset_type"].lower() == kind and _is_click(a) == (kind == "url")]
        if not name or not fitting:
            continue
        chosen = next((a for a in fitting if a.get("label") == name), fitting[0])
        left.remove(chosen)
        assets[name] = _asset(platform, creative, chosen, ref)
    if not assets:
        raise AdcpError(
            "CREATIVE_REJECTED",
            f"manifest {creative.creative_id} has no asset that {ref['id']} takes",
            recovery="correctable",
        )
    return {"creative_id": creative.creative_id, "name": creative.name, "format_id": ref, "assets": assets}


def _is_click(asset: dict[str, Any]) -> bool:
    return asset["asset_type"] == "URL" and asset.get("url_type") == "CLICKTHROUGH"


def _asset(platform: BuyerPlatform, creative: Creative, asset: dict[str, Any], ref: Format) -> dict[str, Any]:
    kind = asset["asset_type"].lower()
    fmt = parse_format(ref["id"])
    if kind == "url":
        return {"asset_type": "url", "url": click_url(platform, creative), "url_type": "clickthrough"}
    if kind == "vast":
        where = {"delivery_type": "url", "url": asset["url"]} if asset.get("url") else {
            "delivery_type": "inline", "content": asset["content"]
        }
        return {"asset_type": "vast", **where}
    if kind in ("html", "javascript", "css", "text"):
        return {"asset_type": kind, "content": asset.get("content") or asset["url"]}
    body: dict[str, Any] = {"asset_type": kind, "url": asset["url"]}
    if kind in ("image", "video"):
        body["width"] = asset.get("width") or fmt.width or SCREEN[0]
        body["height"] = asset.get("height") or fmt.height or SCREEN[1]
    if kind in ("video", "audio") and (asset.get("duration_ms") or fmt.duration_ms):
        body["duration_ms"] = asset.get("duration_ms") or fmt.duration_ms
    return body


def click_url(platform: BuyerPlatform, creative: Creative) -> str | None:
    """The click tracker's URL, which keeps the landing page in ``rurl``; None without a clickthrough."""
    landing = next((a["url"] for a in creative.assets if _is_click(a)), None)
    if landing is None:
        return None
    return platform.world.network.url(
        platform.id, f"click?creative={creative.creative_id}&rurl={quote(landing, safe='')}"
    )


def summary(platform: BuyerPlatform, creative: Creative, agents: list[str]) -> dict[str, Any]:
    """The row of a list (rule 7). ``agents`` are the sales agents whose products take the manifest."""
    synced = [agent for agent in agents if is_synced(creative, agent)]
    return {
        "creative_id": creative.creative_id,
        "campaign_id": creative.campaign_id,
        "name": creative.name,
        "template_id": creative.template_id,
        "format_id": creative.format_id,
        "brand_domain": creative.brand_domain,
        "preview_url": platform.world.network.url(platform.id, f"previews/{creative.creative_id}.html"),
        "asset_count": len(creative.assets),
        "sync_status": {"synced": len(synced), "agent_count": len(agents)},
        "created_at": iso(creative.created_ms),
        "updated_at": iso(creative.updated_ms),
    }


def full(platform: BuyerPlatform, creative: Creative, agents: list[str], targets: list[Format]) -> dict[str, Any]:
    """The full manifest, in snake_case but for ``frequencyCaps`` (conflict C28)."""
    body = summary(platform, creative, agents)
    last = max(creative.synced.values(), default=None)
    body["sync_status"]["last_synced_at"] = None if last is None else iso(last)
    main = next((kind for kind in main_types(creative) if kind in TEMPLATES), None)
    detected = {"template_id": TEMPLATES[main], "method": "asset_type"} if main else None
    impression = f"impression?creative={creative.creative_id}&campaign={{CAMPAIGN_ID}}&country={{COUNTRY}}"
    return {
        **body,
        "message": creative.message,
        "tag": creative.tag,
        "quality": creative.quality,
        "format_kind": creative.format_kind,
        "target_format_ids": targets,
        "assets": creative.assets,
        "auto_detected_template": detected,
        "format_previews": [
            {"format_id": ref, "preview_url": f"{body['preview_url']}?format={ref['id']}"} for ref in targets
        ],
        "review_status": dict(creative.review),
        "tracking": {
            "impression_url": platform.world.network.url(platform.id, impression),
            "click_url": click_url(platform, creative),
            "supported_macros": MACROS,
        },
        "frequencyCaps": caps_wire(creative.caps),
    }


def is_synced(creative: Creative, seller_id: str) -> bool:
    """True if an agent has the manifest as it is now."""
    return creative.synced.get(seller_id, -1) >= creative.content_ms
