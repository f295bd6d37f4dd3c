"""The creative adapter: first directions for an idea, and the renders of a design in every target format.

It composes; it does not invent. Pictures are the session's source assets, words come from the buyer and the
brand, colours from the brand. The same session makes the same bytes in every run.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from agents.buyer.formats import required_types
from agents.buyer.sessions.cdn import PNG, publish, render_name
from agents.buyer.sessions.records import CreativeSession, Render
from agents.studio.copywriting import call_to_action, headlines
from agents.studio.design import LAYOUTS, SCHEMES, Design, SourceAsset
from sandbox.domain.formats import format_key, parse_format

if TYPE_CHECKING:
    from agents.buyer.platform import BuyerPlatform
    from agents.buyer.sessions.bodies import StartSession

ADAPTER = "compositor"
"""The adapter that every session uses."""

LEAST, MOST = 40, 4096
"""Sides of formats that it draws, in pixels."""

DRAWN_ROLES = ("product", "logo", "background")
"""Roles of source pictures that are drawn; the first asset of each."""

DIRECTIONS = (
    ("Product beside the message", "split", "light", 0),
    ("Product in the light", "hero", "dark", 1),
    ("Message first, in the brand's colour", "type", "brand", 2),
    ("Calm and bright", "hero", "light", 3),
    ("Bold side by side", "split", "brand", 1),
    ("Message first, by night", "type", "dark", 0),
)
"""Directions of first drafts: a name, a layout, a scheme of colours, and which headline."""


def size_of(platform: BuyerPlatform, ref: dict[str, Any]) -> tuple[int, int] | None:
    """The size in pixels in which a format can be drawn; None if the adapter cannot draw it."""
    if required_types(platform, ref) != ["image"]:
        return None
    fmt = parse_format(ref["id"])
    width, height = fmt.width, fmt.height
    for render in platform.formats.get(format_key(ref), {}).get("renders", [])[:1]:
        told = render.get("dimensions", {})
        width, height = told.get("width", width), told.get("height", height)
    return (width, height) if LEAST <= min(width, height) <= max(width, height) <= MOST else None


def brand_of(platform: BuyerPlatform, campaign_id: str) -> dict[str, Any]:
    """What is known about the brand of a campaign: its manifest (rule 32)."""
    advertiser = platform.advertisers[platform.campaigns[campaign_id].advertiser_id]
    linked = advertiser.linked_brand or {}
    return {"name": advertiser.name, **linked.get("manifest", {})}


def first_designs(session: CreativeSession, brand: dict[str, Any], body: StartSession) -> list[Design]:
    """The designs of the first drafts."""
    tagline = str(brand.get("tagline") or "")
    titles = [body.headline] if body.headline else _told(session, "headline")
    titles = titles or headlines(session.idea, str(brand["name"]), tagline)
    cta = body.call_to_action or next(iter(_told(session, "call_to_action")), "")
    cta = cta or call_to_action(session.idea, session.goal or "")
    support = body.body or next(iter(_told(session, "body")), "")
    designs: list[Design] = []
    for _, layout, scheme, number in DIRECTIONS[: body.variant_count]:
        title = titles[number % len(titles)]
        line = support or next((text for text in (tagline, titles[0]) if text and text != title), "")
        bold = str(brand.get("tone", "")).lower() == "bold"
        designs.append(Design(layout, scheme, title, line, cta, uppercase=bold))
    return designs


def _told(session: CreativeSession, role: str) -> list[str]:
    """The texts among the source assets that have a role."""
    return [asset.content for asset in session.assets if asset.role == role and asset.content]


def drawn(session: CreativeSession) -> dict[str, SourceAsset]:
    """The source assets that are drawn, by role."""
    found: dict[str, SourceAsset] = {}
    for asset in session.assets:
        if asset.drawable and asset.role in DRAWN_ROLES:
            found.setdefault(asset.role, asset)
    return found


def render_all(platform: BuyerPlatform, session: CreativeSession, design: Design) -> list[Render]:
    """Draw a design in every target format of the session; the pictures go to the world's files."""
    from agents.studio.drawing import Picture, Scene, draw
    from agents.studio.pictures import load

    brand = brand_of(platform, session.campaign_id)
    files = platform.world.files
    pictures = {role: Picture(asset, load(files, asset)) for role, asset in drawn(session).items()}
    scene = Scene(str(brand["name"]), brand.get("colors") or {}, str(brand.get("tone") or ""), pictures)
    renders: list[Render] = []
    for ref in session.targets:
        size = size_of(platform, ref)
        if size is None:
            continue  # its agent has said by now what it is; the evaluators tell
        drawing = draw(scene, design, *size)
        digest, weight = files.put(drawing.png), len(drawing.png)
        render = Render(ref, *size, digest, weight, tuple(drawing.placements), tuple(drawing.texts))
        publish(platform, digest, render_name(render), PNG)
        renders.append(render)
    return renders


def alternatives(design: Design, count: int) -> list[Design]:
    """Further ways to the same texts: other schemes and layouts, the nearest first."""
    found = [replace(design, side="right" if design.side == "left" else "left")]
    found += [replace(design, scheme=scheme) for scheme in SCHEMES if scheme != design.scheme]
    found += [replace(design, layout=layout) for layout in LAYOUTS if layout != design.layout]
    return found[:count]
