"""Preview pages: a manifest as HTML. Everything in them came from callers, so everything is escaped.

Code of callers stands in frames without rights. Trackers stand in ``data-`` attributes: a page that somebody looks
at counts nothing.
"""

from __future__ import annotations

from html import escape
from typing import Any

from agents.creative.catalogs import Feed
from agents.creative.formats import BuildFormat
from agents.studio.macros import item_values, substitute

Body = dict[str, Any]

MAX_SHOWN = 20_000
"""Characters of a text that a page shows."""

_POLICY = "default-src 'none'; img-src * data:; media-src *; frame-src data:; style-src 'unsafe-inline'"
_SIZE = (640, 360)


def page_of(manifest: Body, fmt: BuildFormat, values: dict[str, str]) -> str:
    """A manifest with its macros filled in, as a whole page."""
    return _page(_shown(manifest, fmt, values))


def picture_of_catalog(manifest: Body, fmt: BuildFormat, feed: Feed, limit: int = 50) -> str:
    """A manifest once for each item of a catalog, as it looks when that item is served."""
    parts = []
    for item in feed.items[:limit]:
        values = item_values(feed.catalog, item)
        name = escape(str(item.get("item_id", "")))
        parts.append(f'<section data-item-id="{name}">{_shown(manifest, fmt, values)}</section>')
    return _page("".join(parts) or _shown(manifest, fmt, {}))


def _page(inner: str) -> str:
    policy = f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
    head = f'<head><meta charset="utf-8">{policy}<title>Preview</title></head>'
    return f"<!doctype html><html>{head}<body>{inner}</body></html>"


def _shown(manifest: Body, fmt: BuildFormat, values: dict[str, str]) -> str:
    assets: Body = manifest["assets"]
    width, height = fmt.width or _SIZE[0], fmt.height or _SIZE[1]
    inner = "".join(_asset(asset, values) for asset in assets.values() if isinstance(asset, dict))
    urls = {name: a["url"] for name, a in assets.items() if isinstance(a, dict) and a.get("asset_type") == "url"}
    click, pixel = (escape(substitute(str(urls.get(name, "")), values)) for name in ("click_url", "impression_tracker"))
    link = f' href="{click}"' if click.startswith(("https://", "http://")) else ""
    return (
        f'<div style="width:{width}px;height:{height}px;overflow:hidden;border:1px solid #ccc" '
        f'data-click-url="{click}" data-impression-url="{pixel}">'
        f'<a{link} target="_blank" rel="noopener noreferrer">{inner}</a></div>'
    )


def _asset(asset: Body, values: dict[str, str]) -> str:
    kind = asset.get("asset_type")
    if kind == "image":
        return (
            f'<img src="{_url(asset, values)}" alt="{escape(str(asset.get("alt_text", "")))}" style="max-width:100%">'
        )
    if kind == "video":
        return f'<video src="{_url(asset, values)}" controls style="max-width:100%"></video>'
    if kind == "audio":
        return f'<audio src="{_url(asset, values)}" controls></audio>'
    if kind in ("text", "markdown"):
        return f"<p>{escape(str(asset.get('content', ''))[:MAX_SHOWN])}</p>"
    if kind == "html":
        return (
            f'<iframe sandbox srcdoc="{escape(str(asset.get("content", ""))[:MAX_SHOWN])}" style="border:0"></iframe>'
        )
    if kind in ("vast", "javascript"):
        told = asset.get("content", asset.get("url", ""))
        return f"<pre>{escape(str(told)[:MAX_SHOWN])}</pre>"
    return ""


def _url(asset: Body, values: dict[str, str]) -> str:
    url = substitute(str(asset.get("url", "")), values)
    return escape(url) if url.startswith(("https://", "http://")) else ""
