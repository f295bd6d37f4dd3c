"""Source pictures: read from the world's files, cropped and scaled for a place in a render."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agents.studio.design import PICTURES, Area, SourceAsset
from agents.studio.layout import Box

if TYPE_CHECKING:
    from PIL.Image import Image

    from sandbox.kernel.blobs import Blobs

MAX_PIXELS = 40_000_000
"""The most pixels that a source picture may have."""

_LEAST_VISIBLE = 0.55
"""A picture that would lose more than the rest of this when it fills its panel is shown whole."""


@dataclass(slots=True, frozen=True)
class Placed:
    """A part of a source picture, scaled to a box."""

    box: Box
    crop: Area
    image: Image


def inspect(content: bytes) -> tuple[str, int, int]:
    """Media type, width and height of a picture. Raises :class:`ValueError` if it is none that can be drawn."""
    from PIL import Image

    try:
        with Image.open(io.BytesIO(content), formats=list(PICTURES)) as image:
            kind, (width, height) = PICTURES[str(image.format)], image.size
            if width * height > MAX_PIXELS:
                raise ValueError(f"it has more than {MAX_PIXELS:,} pixels")
            image.load()
    except (OSError, SyntaxError, Image.DecompressionBombError) as error:
        raise ValueError(f"it is no readable PNG, JPEG, GIF or WebP picture ({error})") from None
    return kind, width, height


def load(files: Blobs, asset: SourceAsset) -> Image:
    """The picture of an asset, as RGBA in sRGB values."""
    from PIL import Image

    assert asset.digest is not None
    return Image.open(io.BytesIO(files.get(asset.digest)), formats=list(PICTURES)).convert("RGBA")


def is_cutout(image: Image) -> bool:
    """True if the picture has transparent parts, as a cut-out product has."""
    return int(image.getchannel("A").getextrema()[0]) < 250  # type: ignore[arg-type]


def window(asset: SourceAsset) -> Area:
    """The part of a source picture that may be shown: its ``render_crop``, or all of it."""
    assert asset.width is not None
    assert asset.height is not None
    return asset.render_crop or (0, 0, asset.width, asset.height)


def scaled(image: Image, crop: Area, width: int, height: int) -> Image:
    """A part of a picture at a size in pixels."""
    from PIL import Image

    left, top, wide, high = crop
    return image.crop((left, top, left + wide, top + high)).resize((width, height), Image.Resampling.LANCZOS)


def contained(image: Image, asset: SourceAsset, box: Box) -> Placed:
    """All that may be shown, as large as it fits the box, in its middle; never stretched."""
    crop = window(asset)
    scale = min(box.w / crop[2], box.h / crop[3])
    width, height = max(1, round(crop[2] * scale)), max(1, round(crop[3] * scale))
    place = Box(box.x + (box.w - width) // 2, box.y + (box.h - height) // 2, width, height)
    return Placed(place, crop, scaled(image, crop, width, height))


def covering(image: Image, asset: SourceAsset, box: Box) -> Placed:
    """The middle of what may be shown, or of its subject, so that it fills the box."""
    crop = cover_crop(asset, box)
    return Placed(box, crop, scaled(image, crop, box.w, box.h))


def cover_crop(asset: SourceAsset, box: Box) -> Area:
    """The part of a picture that fills a box, around its subject."""
    left, top, wide, high = window(asset)
    scale = min(wide / box.w, high / box.h)
    width, height = min(wide, max(1, round(box.w * scale))), min(high, max(1, round(box.h * scale)))
    bounds = asset.subject_bounds or (left, top, wide, high)
    x = bounds[0] + bounds[2] // 2 - width // 2
    y = bounds[1] + bounds[3] // 2 - height // 2
    return min(max(left, x), left + wide - width), min(max(top, y), top + high - height), width, height


def loses_little(asset: SourceAsset, box: Box) -> bool:
    """True if most of the picture, and all of its subject, is seen when it fills the box."""
    x, y, width, height = cover_crop(asset, box)
    _, _, wide, high = window(asset)
    if asset.subject_bounds is not None:
        left, top, w, h = asset.subject_bounds
        if left < x or top < y or left + w > x + width or top + h > y + height:
            return False
    return width * height >= _LEAST_VISIBLE * wide * high
