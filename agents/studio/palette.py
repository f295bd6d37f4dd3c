"""Colours: what a brand's colours become as page, panel, ink and button, and how well texts stand out."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from agents.studio.design import Design

Rgb = tuple[int, int, int]

WHITE: Rgb = (255, 255, 255)
BLACK: Rgb = (0, 0, 0)
INK: Rgb = (20, 22, 28)
NIGHT: Rgb = (13, 16, 23)

READABLE = 4.5
"""The least contrast of text by WCAG 2.1, level AA."""


@dataclass(slots=True, frozen=True)
class Palette:
    """The colours of one picture."""

    page: Rgb
    panel: Rgb
    tone: Rgb
    """Shapes on the panel."""
    ink: Rgb
    button: Rgb
    mark: Rgb
    """The brand's own colour, for its mark."""


def parse_colour(text: str) -> Rgb | None:
    """A colour by its CSS name or hexadecimal code; None if it is none."""
    from PIL import ImageColor

    try:
        red, green, blue = ImageColor.getrgb(text)[:3]
    except ValueError:
        return None
    return red, green, blue


def mix(one: Rgb, other: Rgb, share: float) -> Rgb:
    """``one`` with a share of ``other``, from 0 to 1."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue


def luminance(colour: Rgb) -> float:
    """Relative luminance by WCAG 2.1, from 0 to 1."""
    parts = [c / 255 for c in colour]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: Rgb, other: Rgb) -> float:
    """Contrast ratio by WCAG 2.1, from 1 to 21."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def legible(wanted: Rgb, behind: list[Rgb]) -> Rgb:
    """The wanted colour of a text, or the one of black and white that stands out best from all behind it."""
    if min(contrast(wanted, colour) for colour in behind) >= READABLE:
        return wanted
    return max((wanted, INK, WHITE, BLACK), key=lambda ink: min(contrast(ink, colour) for colour in behind))


def brand_colours(name: str, colors: Mapping[str, str]) -> tuple[Rgb, Rgb]:
    """A brand's first and second colour; a brand without colours gets a muted one that its name decides."""
    known = {role: rgb for role, text in colors.items() if (rgb := parse_colour(text)) is not None}
    if not known:
        hue = int(hashlib.sha256(name.encode()).hexdigest()[:4], 16) % 360
        first = parse_colour(f"hsl({hue}, 42%, 38%)") or INK
    else:
        first = known.get("primary") or next(iter(known.values()))
    others = [rgb for rgb in (known.get("secondary"), known.get("accent"), *known.values()) if rgb and rgb != first]
    return first, others[0] if others else mix(first, BLACK, 0.55)


def make_palette(name: str, colors: Mapping[str, str], design: Design) -> Palette:
    """The palette of a design for a brand."""
    first, second = brand_colours(name, colors)
    if design.scheme == "dark":
        page, panel, ink, button = mix(NIGHT, first, 0.10), mix(NIGHT, first, 0.26), WHITE, first
    elif design.scheme == "brand":
        ink = legible(WHITE, [first])
        page, panel = first, mix(first, BLACK if luminance(first) > 0.1 else WHITE, 0.16)
        button = second if contrast(second, first) >= 3 else ink
    else:
        page, panel, ink, button = mix(WHITE, first, 0.03), mix(WHITE, first, 0.16), mix(INK, first, 0.06), first
    own = dict(design.colours)
    if "background" in own:
        page = parse_colour(own["background"]) or page
        panel = mix(page, BLACK if luminance(page) > 0.25 else WHITE, 0.10)
        ink = legible(ink, [page])
    page, panel = (_brighter(colour, design.brightness) for colour in (page, panel))
    page, panel = (_stronger(colour, design.contrast) for colour in (page, panel))
    if design.contrast > 0:
        ink = BLACK if luminance(page) > 0.25 else WHITE
    ink = legible(ink, [page]) if "text" not in own else parse_colour(own["text"]) or ink
    if design.contrast < 0:
        ink = mix(ink, page, 0.12 * -design.contrast)
    button = parse_colour(own.get("button", "")) or button
    if contrast(button, page) < 1.5:
        button = ink
    tone = mix(panel, first if contrast(first, panel) > 1.3 else ink, 0.14)
    return Palette(page, panel, tone, ink, button, first)


def _brighter(colour: Rgb, steps: int) -> Rgb:
    return mix(colour, WHITE if steps > 0 else BLACK, 1 - 0.8 ** abs(steps)) if steps else colour


def _stronger(colour: Rgb, steps: int) -> Rgb:
    """More contrast pushes a background to black or white, whichever is nearer."""
    if steps <= 0:
        return colour
    return mix(colour, WHITE if luminance(colour) > 0.25 else BLACK, 1 - 0.65**steps)
