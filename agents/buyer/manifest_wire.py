"""Which formats a creative manifest can serve, and how AdCP has it in one of them (rules 182, 183 and 186)."""

from __future__ import annotations

import json
from html import escape
from typing import TYPE_CHECKING, Any

from agents.buyer.creative.trackers import click_url, impression_url, is_click
from agents.buyer.formats import Format, campaign_products, distinct, required_types
from agents.buyer.records import Campaign, Creative
from sandbox.core.errors import AdcpError
from sandbox.domain.formats import format_key, parse_format

if TYPE_CHECKING:
    from agents.buyer.platform import BuyerPlatform

Json = dict[str, Any]

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

SLACK_MS = 500
"""How much longer or shorter than its format a film or spot may be: encoders add frames."""

_ROLES = {
    "clickthrough": "click",
    "landing_page": "click",
    "click_tracker": "click",
    "impression_tracker": "impression",
    "viewability_tracker": "script",
    "third_party_tracker": "pixel",
}
"""What goes to a URL slot, by the role that the format gives it (core/requirements/url-asset-requirements.json)."""


def slot_kind(asset: Json) -> str:
    """The type of slot that an asset goes to."""
    if asset["asset_type"] == "HTML" and asset.get("mime_type") == "application/zip":
        return "zip"
    return "image" if asset["asset_type"] == "LOGO" else str(asset["asset_type"]).lower()


def serves(platform: BuyerPlatform, creative: Creative, ref: Format) -> bool:
    """True if a manifest can be delivered as a format.

    A manifest with a ``format_id`` is of that format. Another one fits where every asset that the format needs is
    there, in the right size and length as far as they are known (rule 182).
    """
    if creative.format_id is not None:
        return format_key(creative.format_id) == format_key(ref)
    needed = required_types(platform, ref)
    if creative.format_kind is not None and KINDS.get(creative.format_kind) not in needed:
        return False
    if not _params_fit(platform.creative_store.of(creative.creative_id).params, ref):
        return False
    return bool(needed) and all(any(_fits(asset, kind, ref) for asset in creative.assets) for kind in needed)


def shown_in(platform: BuyerPlatform, creative: Creative, ref: Format | None) -> list[Json]:
    """The assets that people see or hear in a format; all of them if none is made for it."""
    found = [asset for asset in creative.assets if asset["asset_type"] != "URL"]
    kinds = required_types(platform, ref) if ref is not None else []
    return [a for a in found if ref is not None and any(_fits(a, kind, ref) for kind in kinds)] or found


def _fits(asset: Json, kind: str, ref: Format) -> bool:
    if asset["asset_type"] == "LOGO" or not _goes_to(asset, kind):
        return False
    fmt = parse_format(ref["id"])
    if fmt.duration_ms and abs(asset.get("duration_ms", fmt.duration_ms) - fmt.duration_ms) > SLACK_MS:
        return False
    if not fmt.width:
        return True
    return bool(asset.get("width", fmt.width) == fmt.width and asset.get("height", fmt.height) == fmt.height)


def _goes_to(asset: Json, kind: str) -> bool:
    return slot_kind(asset) == kind or (slot_kind(asset) == "zip" and kind == "html")


def _params_fit(params: Json, ref: Format) -> bool:
    """True unless the parameters of a format kind and the format say different sizes or lengths."""
    fmt = parse_format(ref["id"])
    if fmt.duration_ms:
        low, high = params.get("duration_ms_range") or (0, fmt.duration_ms)
        if not low <= fmt.duration_ms <= high or params.get("duration_ms_exact", fmt.duration_ms) != fmt.duration_ms:
            return False
    return not fmt.width or (
        params.get("width", fmt.width) == fmt.width and params.get("height", fmt.height) == fmt.height
    )


def targets(platform: BuyerPlatform, campaign: Campaign, creative: Creative) -> list[Format]:
    """The formats of the campaign's products that a manifest can serve; its own one if none of them."""
    needed = distinct([ref for _, p in campaign_products(platform, campaign) for ref in p.get("format_ids", [])])
    found = [ref for ref in needed if serves(platform, creative, ref)]
    return found or ([] if creative.format_id is None else [creative.format_id])


def agents_for(platform: BuyerPlatform, campaign: Campaign, creative: Creative) -> list[str]:
    """The sales agents whose products take a manifest."""
    return list(
        dict.fromkeys(
            seller_id
            for seller_id, product in campaign_products(platform, campaign)
            if any(serves(platform, creative, ref) for ref in product.get("format_ids", []))
        )
    )


def creative_asset(platform: BuyerPlatform, creative: Creative, ref: Format) -> Json:
    """The manifest as AdCP's creative of one format (core/creative-asset.json).

    Assets go to the format's slots by type: the one whose label is the slot's name, else the first of the right
    size. The clickthrough is wrapped by the platform's click tracker; a slot for an impression tracker gets the
    platform's (rule 183).
    """
    left = [asset for asset in creative.assets if asset["asset_type"] != "URL"]
    assets: Json = {}
    for slot in sorted(slots(platform, ref), key=lambda slot: not slot.get("required", False)):
        kind, name = slot.get("asset_type"), slot.get("asset_id")
        if not name or not kind:
            continue
        if kind == "url":
            found = _url(platform, creative, slot)
            if found is not None:
                assets[name] = found
            continue
        logo = "logo" in name
        fitting = [a for a in left if _goes_to(a, kind) and (a["asset_type"] == "LOGO") == logo]
        if fitting:
            sized = [asset for asset in fitting if _fits(asset, kind, ref)] or fitting
            chosen = next((asset for asset in fitting if asset.get("label") == name), sized[0])
            left.remove(chosen)
            assets[name] = _asset(platform, chosen, kind, ref)
    if not any(asset["asset_type"] != "url" for asset in assets.values()):
        raise AdcpError(
            "CREATIVE_REJECTED",
            f"manifest {creative.creative_id} has no asset that {ref['id']} takes",
            recovery="correctable",
        )
    return {"creative_id": creative.creative_id, "name": creative.name, "format_id": ref, "assets": assets}


def slots(platform: BuyerPlatform, ref: Format) -> list[Json]:
    """The slots of a format, as its agent describes them."""
    return list(platform.formats.get(format_key(ref), {}).get("assets") or [])


def url_role(slot: Json) -> str:
    """What a URL slot is for: ``click``, ``impression``, ``script`` or ``pixel``."""
    role = slot.get("requirements", {}).get("role")
    if role:
        return _ROLES.get(role, "click")
    name = slot.get("asset_id", "")
    return (
        "impression" if "impression" in name or "pixel" in name or "tracker" in name.replace("click", "") else "click"
    )


def _url(platform: BuyerPlatform, creative: Creative, slot: Json) -> Json | None:
    role = url_role(slot)
    if role == "click":
        landing = click_url(platform, creative)
        return None if landing is None else {"asset_type": "url", "url": landing, "url_type": "clickthrough"}
    if role == "impression":
        return {"asset_type": "url", "url": impression_url(platform, creative), "url_type": "tracker_pixel"}
    url_type = "TRACKER_SCRIPT" if role == "script" else "TRACKER_PIXEL"
    asset = next((a for a in creative.assets if a.get("url_type") == url_type and not is_click(a)), None)
    return None if asset is None else {"asset_type": "url", "url": asset["url"], "url_type": url_type.lower()}


def _asset(platform: BuyerPlatform, asset: Json, kind: str, ref: Format) -> Json:
    fmt = parse_format(ref["id"])
    if kind == "webhook":
        own = ("asset_id", "asset_source", "asset_type")
        return {"asset_type": "webhook", **{key: value for key, value in asset.items() if key not in own}}
    if kind == "vast":
        if asset["asset_source"] == "url":
            return {"asset_type": "vast", "delivery_type": "url", "url": asset["url"]}
        return {"asset_type": "vast", "delivery_type": "inline", "content": _text(platform, asset)}
    if kind in ("html", "javascript", "css", "text"):
        return {"asset_type": kind, "content": _text(platform, asset)}
    body: Json = {"asset_type": kind, "url": asset["url"]}
    if kind == "zip" and "sha256" in asset:
        body |= {"entry_point": asset["entry_point"], "digest": f"sha256:{asset['sha256']}"}
    if kind in ("image", "video"):
        body["width"] = asset.get("width") or fmt.width or SCREEN[0]
        body["height"] = asset.get("height") or fmt.height or SCREEN[1]
    if kind in ("video", "audio") and (asset.get("duration_ms") or fmt.duration_ms):
        body["duration_ms"] = asset.get("duration_ms") or fmt.duration_ms
    return body


def _text(platform: BuyerPlatform, asset: Json) -> str:
    """The text of an asset as it is served; for one that is hosted elsewhere, what loads it."""
    if "content" in asset:
        return str(asset["content"])
    if asset["asset_source"] == "upload":
        digest = asset["url"].rsplit("/", 2)[1]
        return platform.world.files.get(digest).decode("utf-8", "replace")
    if asset["asset_type"] == "HTML":
        size = "".join(f' {side}="{asset[side]}"' for side in ("width", "height") if side in asset)
        return f'<iframe src="{escape(asset["url"])}"{size} style="border:0"></iframe>'
    if asset["asset_type"] == "JAVASCRIPT":
        source = json.dumps(asset["url"]).replace("<", "\\u003c")
        return f'(function(){{var s=document.createElement("script");s.src={source};document.body.appendChild(s)}})();'
    if asset["asset_type"] == "CSS":
        return f"@import url({json.dumps(asset['url'])});"
    return str(asset["url"])


def is_synced(creative: Creative, seller_id: str) -> bool:
    """True if an agent has the manifest as it is now."""
    return creative.synced.get(seller_id, -1) >= creative.content_ms
