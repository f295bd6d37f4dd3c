"""Previews: pages that show a manifest in a format, and rendering by sales agents (rules 182 and 189).

Pages are made of what callers sent, so everything in them is escaped, scripts have no place in them, and creatives
with code stand in frames of their own. They carry a policy for browsers; the edge sends one as a header too.
"""

from __future__ import annotations

import hmac
from collections.abc import Generator
from html import escape
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from agents.buyer.context import campaign_for, creative_for, platform_of
from agents.buyer.creative.answers import Previews, TextPage
from agents.buyer.creative.bodies import FormatRef
from agents.buyer.formats import Format, campaign_products, learn_all
from agents.buyer.manifest_wire import creative_asset, serves, shown_in, targets
from agents.buyer.wire import group
from sandbox.core.errors import AdcpError, ApiError
from sandbox.domain.formats import format_key, parse_format
from sandbox.kernel.endpoint import Context
from sandbox.operations import Group, Request, SnakeBody

if TYPE_CHECKING:
    from agents.buyer.platform import BuyerPlatform
    from agents.buyer.records import Campaign, Creative

operation: Group = group("creative previews")
pages: Group = Group("creative previews")

Steps = Generator[Any, Any, Any]
Row = dict[str, Any]

SCREEN = (640, 360)
"""Size of a preview whose format has none, in pixels."""

MAX_SHOWN = 20_000
"""Characters of a text that a page shows."""

_POLICY = "default-src 'none'; img-src * data:; media-src *; frame-src *; style-src 'unsafe-inline'"


class PreviewBody(SnakeBody):
    """Body of ``preview_creative``: one format, or all that the manifest is for."""

    format_id: FormatRef | None = None


class PageQuery(SnakeBody):
    """Query of the pages: the id of the format to show, the first one unless it is said."""

    format: str | None = None


@operation(
    "preview_creative",
    "POST",
    "/campaigns/{campaignId}/creatives/{creativeId}/preview",
    body=PreviewBody,
    answer=Previews,
    rules=(189,),
)
def preview_creative(ctx: Context, request: Request) -> Steps:
    """Have a manifest rendered in its formats: by an agent that sells them, else by the platform itself."""
    platform = platform_of(ctx)
    campaign = campaign_for(ctx, request.path["campaignId"])
    creative = creative_for(ctx, campaign.campaign_id, request.path["creativeId"])
    yield from learn_all(platform, list(dict.fromkeys(seller for seller, _ in campaign_products(platform, campaign))))
    refs: list[Format] = targets(platform, campaign, creative)
    wanted = request.body.format_id
    if wanted is not None:
        refs = [ref for ref in [wanted.model_dump()] if serves(platform, creative, ref)]
        if not refs:
            raise ApiError("VALIDATION_ERROR", f"format_id: the manifest does not fit {wanted.id}", "format_id")
    failures: list[Row] = []
    for ref in refs:
        found = yield from _ask(platform, campaign, creative, ref, failures)
        rendered = platform.creative_store.of(creative.creative_id).agent_previews
        if found is None:
            rendered.pop(format_key(ref), None)
        else:
            rendered[format_key(ref)] = found
    rows = format_previews(platform, creative, refs)
    return {"creative_id": creative.creative_id, "previews": rows, "agent_errors": failures}


@operation(
    "get_creative_preview",
    "GET",
    "/campaigns/{campaignId}/creatives/{creativeId}/preview",
    params=PageQuery,
    answer=TextPage,
    mcp=False,
    rules=(182,),
)
def get_creative_preview(ctx: Context, request: Request) -> TextPage:
    """The page that shows a manifest in a format at its native size."""
    campaign = campaign_for(ctx, request.path["campaignId"])
    creative = creative_for(ctx, campaign.campaign_id, request.path["creativeId"])
    return _page(platform_of(ctx), creative, request.params.format)


@pages(
    "open_preview", "GET", "/previews/{creativeId}/{token}", params=PageQuery, answer=TextPage, mcp=False, public=True
)
def open_preview(ctx: Context, request: Request) -> TextPage:
    """The same page under the address ``preview_url``, which nobody can guess."""
    platform, creative_id = platform_of(ctx), request.path["creativeId"]
    creative = platform.creatives.get(creative_id)
    right = hmac.compare_digest(request.path["token"].encode(), _token(platform, creative_id).encode())
    if creative is None or creative.archived_ms is not None or not right:
        raise ApiError("NOT_FOUND", "there is no such preview")
    return _page(platform, creative, request.params.format)


def preview_url(platform: BuyerPlatform, creative_id: str, ref: Format | None = None) -> str:
    """Where a manifest's page is, in one format or its first one."""
    path = f"previews/{creative_id}/{_token(platform, creative_id)}"
    return platform.world.network.url(platform.id, path + (f"?format={quote(ref['id'], safe='')}" if ref else ""))


def format_previews(platform: BuyerPlatform, creative: Creative, refs: list[Format]) -> list[Row]:
    """A preview for each format: what an agent rendered, else the platform's page."""
    rendered = platform.creative_store.of(creative.creative_id).agent_previews
    rows = []
    shown: list[Format | None] = [*refs] or [None]
    for ref in shown:
        width, height = native_size(platform, creative, ref)
        own = {"preview_url": preview_url(platform, creative.creative_id, ref), "rendered_by": platform.id}
        found = rendered.get(format_key(ref), own) if ref else own
        rows.append({"format_id": ref, "width": width, "height": height, **found})
    return rows


def native_size(platform: BuyerPlatform, creative: Creative, ref: Format | None) -> tuple[int, int]:
    """Width and height of a format in pixels; those of the manifest's main asset if it has none."""
    if ref is not None:
        renders = platform.formats.get(format_key(ref), {}).get("renders") or [{}]
        size = renders[0].get("dimensions", {})
        fmt = parse_format(ref["id"])
        width, height = size.get("width") or fmt.width, size.get("height") or fmt.height
        if width and height:
            return round(width), round(height)
    sized = (a for a in shown_in(platform, creative, ref) if a.get("width") and a.get("height"))
    asset = next(sized, {"width": SCREEN[0], "height": SCREEN[1]})
    return asset["width"], asset["height"]


def render_page(platform: BuyerPlatform, creative: Creative, ref: Format | None) -> str:
    """The page as HTML."""
    width, height = native_size(platform, creative, ref)
    shown = "\n".join(_figure(asset, width, height) for asset in shown_in(platform, creative, ref))
    title = escape(f"{creative.name} ({ref['id']})" if ref else creative.name)
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n<title>{title}</title>\n'
        "<style>body{font:14px sans-serif;margin:16px}figure{margin:0 0 16px}iframe{border:0}</style>\n"
        f"</head>\n<body>\n<h1>{title}</h1>\n{shown}\n</body>\n</html>\n"
    )


def _page(platform: BuyerPlatform, creative: Creative, format_id: str | None) -> TextPage:
    refs: list[Format] = targets(platform, platform.campaigns[creative.campaign_id], creative)
    ref = next((ref for ref in refs if format_id in (None, ref["id"])), None)
    if ref is None and format_id is not None:
        known = ", ".join(ref["id"] for ref in refs) or "no formats"
        raise ApiError("NOT_FOUND", f"format: the manifest has {known}, not {format_id!r}", "format")
    return {"contentType": "text/html", "text": render_page(platform, creative, ref)}


def _figure(asset: Row, width: int, height: int) -> str:
    """One asset as it looks or sounds."""
    kind, url = asset["asset_type"], escape(asset.get("url", ""))
    size = f'width="{asset.get("width", width)}" height="{asset.get("height", height)}"'
    frame = f'sandbox="allow-scripts" referrerpolicy="no-referrer" {size}'
    if kind in ("IMAGE", "LOGO"):
        body = f'<img src="{url}" {size} alt="">'
    elif kind == "VIDEO":
        body = f'<video src="{url}" {size} controls></video>'
    elif kind == "AUDIO":
        body = f'<audio src="{url}" controls></audio>'
    elif kind == "HTML":
        content = f'srcdoc="{escape(asset["content"])}"' if "content" in asset else f'src="{url}"'
        body = f"<iframe {content} {frame}></iframe>"
    elif "content" in asset:
        body = f"<pre>{escape(asset['content'][:MAX_SHOWN])}</pre>"
    else:
        body = f"<pre>{url}</pre>"
    label = escape(asset.get("label") or asset.get("filename") or kind)
    return f"<figure>{body}<figcaption>{label}</figcaption></figure>"


def _token(platform: BuyerPlatform, creative_id: str) -> str:
    return hmac.digest(platform.webhook_secret.encode(), f"preview/{creative_id}".encode(), "sha256").hex()[:32]


def _ask(platform: BuyerPlatform, campaign: Campaign, creative: Creative, ref: Format, failures: list[Row]) -> Steps:
    """What the first agent that sells the format and renders previews makes of it; None if there is none."""
    sellers = [
        seller_id
        for seller_id, product in campaign_products(platform, campaign)
        if any(format_key(taken) == format_key(ref) for taken in product.get("format_ids", []))
    ]
    for seller_id in dict.fromkeys(sellers):
        try:
            manifest = {k: value for k, value in creative_asset(platform, creative, ref).items() if k in _MANIFEST}
            request = {"request_type": "single", "creative_manifest": manifest, "output_format": "url"}
            body = yield from platform.sellers.request(seller_id, "preview_creative", request)
        except AdcpError as error:
            if error.code != "UNSUPPORTED_FEATURE":
                failures.append({"sales_agent_id": seller_id, "code": error.code, "message": error.message})
            continue
        render = next((r for p in body.get("previews", []) for r in p["renders"] if "preview_url" in r), None)
        if render is not None:
            size = {side: round(pixels) for side, pixels in render.get("dimensions", {}).items()}
            return {**size, "preview_url": render["preview_url"], "rendered_by": seller_id}
    return None


_MANIFEST = ("format_id", "assets")
