"""Generation: picture and words for a message and a brand, and the refinement of what was made before.

It composes, it does not invent: words come from the message, the brand and the catalog, colours from the brand. The
same request makes the same bytes in every run. What a message asks for beyond that is told, not pretended.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agents.creative.brands import Brand
from agents.creative.catalogs import Feed
from agents.studio.copywriting import call_to_action, headlines
from agents.studio.design import Design
from agents.studio.refine import refine
from agents.studio.shelf import PNG

if TYPE_CHECKING:
    from agents.creative.agent import CreativeAgent
    from agents.creative.formats import BuildFormat

Body = dict[str, Any]

PICTURE = "generated_image"
"""The slot of the picture."""


@dataclass(slots=True, frozen=True)
class Drafted:
    """A design, and in words what became of the wishes of a refinement."""

    design: Design
    told: str


def draft(agent: CreativeAgent, message: str, manifest: Body | None, brand: Brand, feed: Feed | None) -> Drafted:
    """The design for a message; with a manifest, that manifest's design, changed as the message says."""
    if manifest is None:
        return Drafted(_first(message, brand, feed), "")
    before = _earlier(agent, manifest["assets"], message, brand, feed)
    if not message:
        return Drafted(before, "")
    done = refine(before, message, [])
    told = [f"done: {what}" for what in done.applied]
    told += [f"not done: {row['request']} ({row['reason']})" for row in done.not_applied]
    return Drafted(done.design, "; ".join(told))


def _first(message: str, brand: Brand, feed: Feed | None) -> Design:
    item = feed.item if feed is not None else None
    told = item.get("title", item.get("name", "")) if item is not None else ""
    titles = [str(told)] if told else headlines(message, brand.name, brand.tagline)
    support = str(item.get("description", "")) if item is not None else brand.tagline
    bold = "bold" in f"{message} {brand.tone}".lower()
    cta = call_to_action(message, "")
    return Design("hero", "brand" if bold else "light", titles[0], support if support != titles[0] else "", cta)


def _earlier(agent: CreativeAgent, assets: Body, message: str, brand: Brand, feed: Feed | None) -> Design:
    """The design of a manifest: remembered by its picture, or as near as its texts tell."""
    texts = {name: str(a["content"]) for name, a in assets.items() if a.get("asset_type") == "text"}
    for asset in assets.values():
        known = agent.designs.get(agent.shelf.digest_of(str(asset.get("url", ""))))
        if known is not None:
            return known
    first = _first(message, brand, feed)
    return Design("hero", first.scheme, texts.get("headline", first.headline), "", texts.get("cta", ""))


def generate(agent: CreativeAgent, fmt: BuildFormat, design: Design, brand: Brand, landing: str) -> Body:
    """The assets of a generated creative in one format. The picture is published as PNG."""
    from agents.studio.drawing import Scene, draw

    drawing = draw(Scene(brand.name, brand.colors, brand.tone, {}), design, fmt.width, fmt.height)
    url = agent.shelf.publish(drawing.png, f"{fmt.width}x{fmt.height}.png", PNG)
    agent.designs[agent.shelf.digest_of(url)] = design
    picture = {"asset_type": "image", "url": url, "width": fmt.width, "height": fmt.height, "format": "png"}
    assets: Body = {PICTURE: {**picture, "alt_text": design.headline}}
    for slot, text in (("headline", design.headline), ("cta", design.cta)):
        if text:
            assets[slot] = {"asset_type": "text", "content": text}
    if landing:
        assets["click_url"] = {"asset_type": "url", "url_type": "clickthrough", "url": landing}
    return assets
