"""Drawing: one design in one format becomes a picture, byte for byte the same for the same inputs."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from agents.studio import lettering
from agents.studio.design import Design, Placement, SourceAsset, TextRun
from agents.studio.layout import Box, Layout, Needs, arrange, is_strip, measure
from agents.studio.palette import INK, WHITE, Palette, Rgb, contrast, legible, make_palette, mix
from agents.studio.pictures import Placed, contained, covering, is_cutout, loses_little

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw

_FINE = 4
"""Shapes are drawn so many times larger, and made smaller again, for smooth edges."""

_ROUND_TONES = ("playful", "friendly", "warm", "fun", "casual")
"""Tones of voice that get round buttons."""


@dataclass(slots=True, frozen=True)
class Picture:
    """A source asset with its picture."""

    asset: SourceAsset
    image: Image


@dataclass(slots=True, frozen=True)
class Scene:
    """What there is to draw: the brand, and the pictures of a session by role."""

    brand: str
    colors: dict[str, str]
    tone: str
    pictures: dict[str, Picture]


@dataclass(slots=True)
class Drawing:
    """A finished picture as PNG, and what stands where in it."""

    png: bytes
    placements: list[Placement] = field(default_factory=list)
    texts: list[TextRun] = field(default_factory=list)


def draw(scene: Scene, design: Design, width: int, height: int) -> Drawing:
    """Draw a design in a format of that size in pixels."""
    return _Sheet(scene, design, width, height).finish()


class _Sheet:
    """One picture in the making."""

    def __init__(self, scene: Scene, design: Design, width: int, height: int) -> None:
        from PIL import Image

        self.scene, self.design = scene, design
        self.size = measure(width, height)
        self.width, self.height = width, height
        self.palette: Palette = make_palette(scene.brand, scene.colors, design)
        self.image = Image.new("RGB", (width, height), self.palette.page)
        self.placements: list[Placement] = []
        self.texts: list[TextRun] = []
        shown = scene.pictures if design.shows("product") else {}
        self.product = shown.get("product")
        self.mark_height = self._mark_height()
        self.button = self._button()
        self.layout: Layout = arrange(width, height, design, self._needs())

    # -- sizes -------------------------------------------------------------------------------------------

    def _mark_height(self) -> int:
        most = self.height * (0.62 if is_strip(self.width, self.height) else 0.3)
        return round(min(max(16, self.size * 0.082 * 1.2 ** self.design.size("logo")), most))

    def _button(self) -> lettering.Block | None:
        """The text of the button at its size."""
        text = lettering.plain(self.design.cta)
        if not text or not self.design.shows("cta"):
            return None
        size = max(min(self.size * 0.056, 24), self.size * 0.034) * 1.15 ** self.design.size("cta")
        strip = is_strip(self.width, self.height)
        most = self.width * (0.24 if strip else 0.8 if self.height > self.width else 0.46)
        high = min(self.height * 0.7, 64) if strip else self.height
        largest = max(10, round(min(size, high / 2.1)))
        return lettering.fit(text, round(most), round(largest * 1.3), largest, 9, 1.0)

    def _needs(self) -> Needs:
        logo, small, cta = (0, 0), 0, (0, 0)
        if self.design.shows("logo"):
            logo = (self._mark_width(), self.mark_height)
            small = logo[0] if "logo" in self.scene.pictures else logo[1]
        if self.button is not None:
            cta = (self.button.width + round(self.button.size * 1.9), round(self.button.size * 2.15))
        picture = self.design.shows("product") and (self.product is not None or self.design.layout != "type")
        return Needs(logo, small, cta, picture, bool(self.design.body) and self.design.shows("body"))

    def _mark_width(self) -> int:
        tall = self.mark_height
        if (logo := self.scene.pictures.get("logo")) is not None:
            placed = contained(logo.image, logo.asset, Box(0, 0, tall * 5, tall))
            return placed.box.w
        name = lettering.plain(self.scene.brand)
        return round(tall * 1.34) + lettering.length(name, max(9, round(tall * 0.62)), 0.8)

    # -- the picture -------------------------------------------------------------------------------------

    def finish(self) -> Drawing:
        """Draw everything, from the back to the front."""
        self._background()
        if self.layout.panel is not None:
            self._panel(self.layout.panel)
        if self.layout.logo is not None:
            self._logo(self.layout.logo)
        self._words()
        if self.layout.cta is not None and self.button is not None:
            self._draw_button(self.layout.cta, self.button)
        out = io.BytesIO()
        self.image.save(out, "PNG")
        return Drawing(out.getvalue(), self.placements, self.texts)

    def _background(self) -> None:
        """The page; a background picture is veiled, so that texts stay readable."""
        picture = self.scene.pictures.get("background")
        if picture is None:
            return
        from PIL import Image

        page = Box(0, 0, self.width, self.height)
        if picture.asset.locked or not picture.asset.can_transform:
            self._put(picture, "background", contained(picture.image, picture.asset, page))
            return
        self._put(picture, "background", covering(picture.image, picture.asset, page))
        self.image = Image.blend(self.image, Image.new("RGB", self.image.size, self.palette.page), 0.72)

    def _panel(self, panel: Box) -> None:
        """The field of the product, with the product or, where there is none, shapes alone."""
        bare = self.scene.pictures.get("background") is not None
        product = self.product
        if product is not None and self._fills(product, panel):
            self._put(product, "product", covering(product.image, product.asset, panel))
            return
        if not bare:
            self._pen().rectangle(_corners(panel), fill=self.palette.panel)
            if self.design.decorated:
                self._shapes(panel, alone=product is None)
        if product is not None:
            room = panel.inset(max(3, round(panel.w * 0.07)), max(3, round(panel.h * 0.07)))
            placed = contained(product.image, product.asset, room)
            self._shadow(placed)
            self._put(product, "product", placed)

    def _fills(self, product: Picture, panel: Box) -> bool:
        """True if the product may fill its panel: a photograph that loses little by it, or on request."""
        asset = product.asset
        if asset.locked or not asset.can_transform:
            return False
        return self.design.cover or (not is_cutout(product.image) and loses_little(asset, panel))

    def _shapes(self, panel: Box, alone: bool) -> None:
        """A disc behind the product; several discs where they are all there is."""
        tone, first = self.palette.tone, self.palette.mark
        radius = round(min(panel.w, panel.h) * (0.46 if alone else 0.44))
        x, y = panel.x + panel.w // 2, panel.y + panel.h // 2
        discs = [(x, y, radius, tone)]
        if alone:
            accent = first if contrast(first, self.palette.panel) > 1.3 else self.palette.ink
            discs = [
                (x - radius // 3, y - radius // 6, radius, tone),
                (x + round(radius * 0.55), y - round(radius * 0.35), round(radius * 0.5), mix(tone, accent, 0.35)),
                (x + round(radius * 0.3), y + round(radius * 0.5), round(radius * 0.34), mix(tone, accent, 0.8)),
            ]
        for left, top, size, colour in discs:
            self._shape("ellipse", Box(left - size, top - size, 2 * size, 2 * size), colour, within=panel)

    def _shadow(self, placed: Placed) -> None:
        """A soft shadow under a picture, in the form of what is seen of it."""
        from PIL import Image, ImageFilter

        soft = max(2, round(min(placed.box.w, placed.box.h) * 0.05))
        mask = Image.new("L", self.image.size, 0)
        mask.paste(placed.image.getchannel("A").point(lambda a: a * 0.38), (placed.box.x, placed.box.y + soft // 2))
        mask = mask.filter(ImageFilter.GaussianBlur(soft))
        self.image.paste(mix(self.palette.panel, (0, 0, 0), 0.85), (0, 0), mask)

    def _put(self, picture: Picture, role: str, placed: Placed) -> None:
        self.image.paste(placed.image, (placed.box.x, placed.box.y), placed.image)
        self.placements.append(Placement(picture.asset.asset_id, role, placed.box.area, placed.crop))

    # -- the brand's mark --------------------------------------------------------------------------------

    def _logo(self, box: Box) -> None:
        picture = self.scene.pictures.get("logo")
        if picture is None:
            self._wordmark(box)
            return
        fitted = contained(picture.image, picture.asset, box)
        x = box.x + (box.w - fitted.box.w) // 2 if self.layout.centred else box.x
        placed = Placed(Box(x, fitted.box.y, fitted.box.w, fitted.box.h), fitted.crop, fitted.image)
        if contrast(_average(placed.image), self.palette.page) < 1.6:
            chip = WHITE if contrast(_average(placed.image), WHITE) > 2 else INK
            self._shape("rounded", placed.box.inset(-3), chip)
        self._put(picture, "logo", placed)

    def _wordmark(self, box: Box) -> None:
        """A badge with the brand's initial, and its name if there is room."""
        name = lettering.plain(self.scene.brand)
        tall, gap = box.h, round(box.h * 0.3)
        block = lettering.fit(name, max(1, box.w - tall - gap), round(tall * 1.1), round(tall * 0.62), 9, 0.8)
        named = not block.cut and len(block.lines) == 1
        wide = tall + gap + block.width if named else tall
        x = box.x + (box.w - wide) // 2 if self.layout.centred else box.x
        mark = self.palette.mark if contrast(self.palette.mark, self.palette.page) >= 1.5 else self.palette.ink
        badge, ink = Box(x, box.y, tall, tall), legible(self.palette.ink, self._behind(box))
        self._shape("rounded", badge, mark)
        initial = lettering.Block((name[:1].upper(),), round(tall * 0.66), 1.0)
        self._write(initial, badge, "mark", legible(self.palette.page, [mark]), centred=True)
        if named:
            self._write(block, Box(x + tall + gap, box.y, block.width + 2, tall), "brand", ink)

    # -- words -------------------------------------------------------------------------------------------

    def _words(self) -> None:
        """Headline and body, together in the middle of their boxes."""
        layout, design = self.layout, self.design
        if not design.shows("headline") or not design.headline:
            return
        headline = lettering.plain(design.headline.upper() if design.uppercase else design.headline)
        big = 0.165 if design.layout == "type" else 0.125
        largest = round(max(11, self.size * big * 1.15 ** design.size("headline")))
        block = lettering.fit(headline, layout.headline.w, layout.headline.h, largest, 9, 1.0)
        if layout.body is None:
            self._write(block, layout.headline, "headline", self._ink(layout.headline), centred=layout.centred)
            return
        most = max(10, round(min(block.size * 0.62, self.size * 0.062 * 1.15 ** design.size("body"))))
        both = layout.headline.h + layout.body.h
        gap = round(block.size * 0.28)
        body = lettering.fit(lettering.plain(design.body), layout.body.w, both - gap - block.height, most, 9)
        x, w = layout.headline.x, layout.headline.w
        y = layout.headline.y + max(0, (both - block.height - gap - body.height) // 2)
        self._write(block, Box(x, y, w, block.height), "headline", self._ink(layout.headline), centred=layout.centred)
        if body.cut:
            return
        ink = self._ink(layout.body)
        soft = mix(ink, self.palette.page, 0.22)
        ink = soft if contrast(soft, self.palette.page) >= 5 else ink
        place = Box(x, y + block.height + gap, w, body.height)
        self._write(body, place, "body", ink, centred=layout.centred)

    def _ink(self, box: Box) -> Rgb:
        """The palette's ink; where a picture lies behind a text, the ink that can be read there."""
        if "background" in self.scene.pictures:
            return legible(self.palette.ink, self._behind(box))
        return self.palette.ink

    def _draw_button(self, box: Box, block: lettering.Block) -> None:
        fill, room = self.palette.button, box.w - round(block.size * 0.8)
        if block.width > room:
            block = lettering.fit(" ".join(block.lines), room, round(block.size * 1.3), block.size, 9, block.bold)
        self._shape("pill" if self.scene.tone.lower() in _ROUND_TONES else "rounded", box, fill)
        self._write(block, box, "call_to_action", legible(WHITE, [fill]), centred=True)

    def _write(self, block: lettering.Block, box: Box, role: str, ink: Rgb, centred: bool = False) -> None:
        """Write a block in the middle of a box's height, at its left or in the middle of its width."""
        face, pen = lettering.font(block.size), self._pen()
        wide = lettering.stroke(block.size, block.bold)
        _, cap, _, base = (round(side) for side in face.getbbox("H"))
        top = box.y + (box.h - block.leading * (len(block.lines) - 1) - (base - cap)) // 2 - cap
        x = box.x + max(0, (box.w - block.width) // 2) if centred else box.x
        seen = Box(x, top + cap, min(block.width, box.w), base - cap + block.leading * (len(block.lines) - 1))
        behind = self._behind(seen)
        for number, line in enumerate(block.lines):
            spare = (box.w - lettering.length(line, block.size, block.bold)) // 2 if centred else 0
            bearing = 0 if centred else face.getbbox(line)[0]
            place = (round(box.x + spare + wide - bearing), top + number * block.leading)
            pen.text(place, line, font=face, fill=ink, stroke_width=wide, stroke_fill=ink)
        if role == "mark":
            return
        text = " ".join(block.lines)
        worst = round(min(contrast(ink, colour) for colour in behind), 2)
        missing = lettering.unknown_signs(text)
        self.texts.append(TextRun(role, text, seen.area, block.size, worst, block.cut, missing))

    # -- tools -------------------------------------------------------------------------------------------

    def _pen(self) -> ImageDraw:
        from PIL import ImageDraw

        return ImageDraw.Draw(self.image)

    def _behind(self, box: Box) -> list[Rgb]:
        """The darkest and the lightest colour in a box, before something is written there."""
        part = self.image.crop((box.x, box.y, box.x + box.w, box.y + box.h)).resize((16, 16))
        raw = part.tobytes()
        found: list[Any] = sorted((tuple(raw[i : i + 3]) for i in range(0, len(raw), 3)), key=sum)
        return [found[0], found[-1]]

    def _shape(self, form: str, box: Box, colour: Rgb, within: Box | None = None) -> None:
        """A filled form with smooth edges, cut off at the borders of ``within``."""
        from PIL import Image, ImageDraw

        mask = Image.new("L", (box.w * _FINE, box.h * _FINE), 0)
        pen, corners = ImageDraw.Draw(mask), (0, 0, box.w * _FINE - 1, box.h * _FINE - 1)
        if form == "ellipse":
            pen.ellipse(corners, fill=255)
        else:
            share = 0.5 if form == "pill" else 0.2
            pen.rounded_rectangle(corners, round(min(box.w, box.h) * _FINE * share), fill=255)
        mask = mask.resize((box.w, box.h), Image.Resampling.BOX)
        whole = Image.new("L", self.image.size, 0)
        whole.paste(mask, (box.x, box.y))
        if within is not None:
            seen = Image.new("L", self.image.size, 0)
            seen.paste(whole.crop(_corners(within, 0)), (within.x, within.y))
            whole = seen
        self.image.paste(colour, (0, 0), whole)


def _corners(box: Box, last: int = 1) -> tuple[int, int, int, int]:
    return box.x, box.y, box.x + box.w - last, box.y + box.h - last


def _average(image: Image) -> Rgb:
    """The average colour of what is seen of a picture."""
    from PIL import Image as Images
    from PIL import ImageStat

    flat = Images.new("RGB", image.size)
    flat.paste(image)
    mask = image.getchannel("A").point(lambda a: 255 if a > 127 else 0)
    if mask.getextrema() == (0, 0):
        return INK
    red, green, blue = (round(part) for part in ImageStat.Stat(flat, mask).mean)
    return red, green, blue
