"""Rendering of manifests: one preview for each set of inputs, as a published page or as HTML."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agents.creative.catalogs import Feed
from agents.creative.formats import BuildFormat
from agents.creative.pages import page_of
from agents.studio.macros import item_values
from agents.studio.shelf import HTML

if TYPE_CHECKING:
    from agents.creative.agent import CreativeAgent

Body = dict[str, Any]

_SCREEN = (640, 360)


def previews_of(
    agent: CreativeAgent,
    manifest: Body,
    fmt: BuildFormat,
    inputs: list[Body] | None,
    output: str,
    feed: Feed | None = None,
) -> list[Body]:
    """The previews of a manifest; without inputs one, and with a catalog filled in with its first item."""
    rows: list[Body] = []
    item = feed and (feed.item or next(iter(feed.items), None))
    base = item_values(feed.catalog, item) if feed and item else {}
    for asked in inputs or [{"name": "Default"}]:
        values = base | {name.strip("{}"): str(value) for name, value in asked.get("macros", {}).items()}
        render = _render(agent, fmt, page_of(manifest, fmt, values), output)
        rows.append({"preview_id": agent.ids.next("prv"), "renders": [render], "input": asked})
    return rows


def _render(agent: CreativeAgent, fmt: BuildFormat, page: str, output: str) -> Body:
    width, height = fmt.width or _SCREEN[0], fmt.height or _SCREEN[1]
    body: Body = {
        "render_id": agent.ids.next("rnd"),
        "output_format": output,
        "role": "primary",
        "dimensions": {"width": width, "height": height},
        "embedding": {"recommended_sandbox": "", "requires_https": False, "supports_fullscreen": False},
    }
    if output in ("url", "both"):
        expires_ms = agent.now + agent.config.preview_validity
        body["preview_url"] = agent.shelf.publish(page.encode(), "preview.html", HTML, expires_ms)
    if output in ("html", "both"):
        body["preview_html"] = page
    return body
