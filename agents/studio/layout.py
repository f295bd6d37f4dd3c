"""Layouts: which part of a format each element gets. Boxes are cut from boxes, so that none overlap."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from agents.studio.design import Area, Design

_TALL, _WIDE, _STRIP = 1.6, 1.15, 3.0
_STRIP_HEIGHT = 150
"""Formats flatter than this, and three times as wide as high, have one row."""

_TINY = 60
"""Height of formats with hardly room for two lines, such as a mobile banner's."""


@dataclass(slots=True, frozen=True)
class Box:
    """A rectangle in pixels."""

    x: int
    y: int
    w: int
    h: int

    @property
    def area(self) -> Area:
        """As a plain tuple."""
        return self.x, self.y, self.w, self.h

    def inset(self, dx: int, dy: int | None = None) -> Box:
        """Smaller by so much on each side."""
        dy = dx if dy is None else dy
        return Box(self.x + dx, self.y + dy, max(1, self.w - 2 * dx), max(1, self.h - 2 * dy))

    def left(self, width: int) -> tuple[Box, Box]:
        """Cut off a column at the left; the column and the rest."""
        width = max(0, min(width, self.w - 1))
        return replace(self, w=width), replace(self, x=self.x + width, w=self.w - width)

    def right(self, width: int) -> tuple[Box, Box]:
        """Cut off a column at the right; the column and the rest."""
        width = max(0, min(width, self.w - 1))
        return replace(self, x=self.x + self.w - width, w=width), replace(self, w=self.w - width)

    def top(self, height: int) -> tuple[Box, Box]:
        """Cut off a row at the top; the row and the rest."""
        height = max(0, min(height, self.h - 1))
        return replace(self, h=height), replace(self, y=self.y + height, h=self.h - height)

    def bottom(self, height: int) -> tuple[Box, Box]:
        """Cut off a row at the bottom; the row and the rest."""
        height = max(0, min(height, self.h - 1))
        return replace(self, y=self.y + self.h - height, h=height), replace(self, h=self.h - height)

    def middle(self, height: int) -> Box:
        """A row of that height in the middle."""
        height = min(height, self.h)
        return replace(self, y=self.y + (self.h - height) // 2, h=height)


@dataclass(slots=True, frozen=True)
class Needs:
    """The natural sizes of the elements in pixels, width first; zero for what is not shown."""

    logo: tuple[int, int]
    small_logo: int
    """Width of the logo where there is little room."""
    cta: tuple[int, int]
    picture: bool
    body: bool


@dataclass(slots=True, frozen=True)
class Layout:
    """Where the elements go. ``panel`` is the field behind the product."""

    headline: Box
    panel: Box | None = None
    body: Box | None = None
    logo: Box | None = None
    cta: Box | None = None
    centred: bool = False


def measure(width: int, height: int) -> float:
    """The size of a format: the side of a square as large, in pixels."""
    return math.sqrt(width * height)


def is_strip(width: int, height: int) -> bool:
    """True if a format has room for one row only, as a leaderboard has."""
    return height < _STRIP_HEIGHT and width >= _STRIP * height


def arrange(width: int, height: int, design: Design, needs: Needs) -> Layout:
    """The layout of a design in a format."""
    page = Box(0, 0, width, height)
    if is_strip(width, height):
        return _strip(page, design, needs)
    if height >= _TALL * width:
        return _tower(page, design, needs)
    if width >= _WIDE * height and design.layout == "split":
        return _columns(page, design, needs, 0.42)
    if width >= 2 * height and design.layout == "hero":
        return _columns(page, design, needs, 0.5)
    return _poster(page, design, needs) if design.layout == "type" else _stage(page, design, needs)


def _margin(page: Box, design: Design) -> int:
    return max(5, round(min(page.w, page.h) * min(0.13, 0.075 * 1.3**design.spacing)))


def _share(base: float, design: Design, least: float = 0.18, most: float = 0.62) -> float:
    return min(most, max(least, base * 1.2 ** design.size("product")))


def _strip(page: Box, design: Design, needs: Needs) -> Layout:
    """One row: picture, logo, texts, button."""
    margin = max(4, round(page.h * 0.11 * 1.3**design.spacing))
    panel, rest = None, page
    if needs.picture:
        wide = {"split": 1.3, "hero": 1.8 if page.h > _TINY else 1.4, "type": 1.0}[design.layout]
        broad = round(min(page.w * 0.34, page.h * wide * 1.2 ** design.size("product")))
        panel, rest = page.right(broad) if design.side == "right" else page.left(broad)
    rest = rest.inset(margin + 2, margin)
    cta = logo = body = None
    if needs.cta[0]:
        cta, rest = rest.right(min(needs.cta[0], round(page.w * 0.3)))
        cta = cta.middle(needs.cta[1])
        rest = rest.right(margin + 4)[1]
    if needs.logo[0]:
        most = round(page.w * 0.19)
        logo, rest = rest.left(needs.logo[0] if needs.logo[0] <= most else min(needs.small_logo, most))
        logo = logo.middle(needs.logo[1])
        rest = rest.left(margin + 4)[1]
    headline = rest
    if needs.body and design.layout != "type" and rest.h >= 56:
        headline, body = rest.top(round(rest.h * 0.62))
    return Layout(headline, panel, body, logo, cta)


def _stack(column: Box, needs: Needs, gap: int, centred: bool = False) -> Layout:
    """One under the other: logo, headline, body, button."""
    cta = logo = body = None
    if needs.logo[0]:
        logo, column = column.top(needs.logo[1])
        column = column.top(gap)[1]
    if needs.cta[0]:
        cta, column = column.bottom(needs.cta[1])
        narrow = min(cta.w, needs.cta[0])
        cta = replace(cta, x=cta.x + (cta.w - narrow) // 2 if centred else cta.x, w=narrow)
        column = column.bottom(gap)[1]
    headline = column
    if needs.body and column.h >= 62:
        headline, body = column.top(round(column.h * 0.66))
    return Layout(headline, None, body, logo, cta, centred)


def _columns(page: Box, design: Design, needs: Needs, share: float) -> Layout:
    """Text on one side, picture on the other."""
    margin, panel, column = _margin(page, design), None, page
    if needs.picture:
        broad = round(min(page.w * _share(share, design), page.h * 1.9))
        panel, column = page.left(broad) if design.side == "left" else page.right(broad)
    return replace(_stack(column.inset(margin), needs, round(margin * 0.7)), panel=panel)


def _stage(page: Box, design: Design, needs: Needs) -> Layout:
    """The picture on top; under it the headline, and a row with logo and button."""
    margin, panel, rest = _margin(page, design), None, page
    if needs.picture:
        panel, rest = page.top(round(page.h * _share(0.5, design)))
    return replace(_footed(rest.inset(margin), needs, round(margin * 0.6)), panel=panel)


def _poster(page: Box, design: Design, needs: Needs) -> Layout:
    """The headline large; a small picture beside it, logo and button at the foot."""
    margin = _margin(page, design)
    column, panel = page, None
    if needs.picture:
        broad = round(min(page.w * _share(0.27, design), page.h * 1.2))
        panel, column = page.left(broad) if design.side == "left" else page.right(broad)
    return replace(_footed(column.inset(margin), needs, round(margin * 0.7)), panel=panel)


def _footed(box: Box, needs: Needs, gap: int) -> Layout:
    """Headline and body over a row with the logo at the left and the button at the right."""
    logo = cta = body = None
    tall = max(needs.logo[1] if needs.logo[0] else 0, needs.cta[1] if needs.cta[0] else 0)
    if tall:
        foot, box = box.bottom(tall)
        box = box.bottom(gap)[1]
        if needs.cta[0]:
            cta, foot = foot.right(min(needs.cta[0], round(foot.w * (0.62 if needs.logo[0] else 1))))
            cta, foot = cta.middle(needs.cta[1]), foot.right(gap)[1]
        if needs.logo[0]:
            logo = foot.left(needs.logo[0])[0] if needs.logo[0] < foot.w else foot
            logo = logo.middle(needs.logo[1])
    headline = box
    if needs.body and box.h >= 62:
        headline, body = box.top(round(box.h * 0.72))
    return Layout(headline, None, body, logo, cta)


def _tower(page: Box, design: Design, needs: Needs) -> Layout:
    """A skyscraper: everything one under the other."""
    margin, panel, column = max(8, _margin(page, design)), None, page
    centred = design.layout != "split"
    if needs.picture:
        tall = round(page.h * _share({"split": 0.42, "hero": 0.46, "type": 0.28}[design.layout], design))
        panel, column = page.bottom(tall) if design.side == "right" else page.top(tall)
    stacked = _stack(column.inset(margin, round(margin * 1.2)), needs, round(margin * 0.9), centred)
    return replace(stacked, panel=panel)
