"""Designs: everything that decides how a picture looks, the raw material that it is made of, and what stands in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

Area = tuple[int, int, int, int]
"""A rectangle in pixels: left, top, width, height."""

Element = Literal["logo", "product", "headline", "body", "cta"]
ELEMENTS: tuple[Element, ...] = ("logo", "product", "headline", "body", "cta")

LAYOUTS = ("split", "hero", "type")
"""Picture beside text; picture first; text first."""

SCHEMES = ("light", "dark", "brand")
"""Schemes of colours."""

PICTURES = {"PNG": "image/png", "JPEG": "image/jpeg", "GIF": "image/gif", "WEBP": "image/webp"}
"""Formats of source pictures that can be drawn, with their media types."""

TYPEFACE = "Aileron"
"""The typeface that Pillow brings; it has the signs of ASCII and typographic quotation marks."""


@dataclass(slots=True)
class Rights:
    """Whether a source asset may be used. ``expires_ms`` is in simulated time."""

    status: str = "unknown"
    expires_ms: int | None = None
    notes: str | None = None


@dataclass(slots=True)
class SourceAsset:
    """An input of a session: raw material with its role, lock, rights and provenance (rules 193, 194).

    ``digest`` names its bytes in ``world.files``; None if only an address or a text is known. Sizes are those
    of the picture in pixels, None if it is none.
    """

    asset_id: str
    asset_type: str
    role: str
    label: str
    provenance: dict[str, Any]
    rights: Rights
    locked: bool = False
    can_transform: bool = True
    preservation_notes: str | None = None
    filename: str | None = None
    url: str | None = None
    content: str | None = None
    content_type: str | None = None
    digest: str | None = None
    size_bytes: int | None = None
    width: int | None = None
    height: int | None = None
    render_crop: Area | None = None
    subject_bounds: Area | None = None

    @property
    def drawable(self) -> bool:
        """True if there is a picture that can be drawn."""
        return self.digest is not None and self.width is not None


@dataclass(slots=True, frozen=True)
class Design:
    """Everything that decides how a variant looks, the source assets aside.

    ``sizes`` are steps of a fifth, zero is normal; ``brightness``, ``contrast`` and ``spacing`` are steps too.
    ``colours`` overrides the palette's ``background``, ``button`` or ``text``.
    """

    layout: str
    scheme: str
    headline: str
    body: str
    cta: str
    side: str = ""
    """Where the product is: ``left`` (in columns: on top), ``right``, or where it is usual."""
    sizes: tuple[tuple[str, int], ...] = ()
    brightness: int = 0
    contrast: int = 0
    spacing: int = 0
    decorated: bool = True
    uppercase: bool = False
    cover: bool = False
    """The product fills its panel and may be cropped there, if it may be transformed."""
    hidden: tuple[str, ...] = ()
    colours: tuple[tuple[str, str], ...] = ()

    def size(self, element: str) -> int:
        """The size step of an element."""
        return dict(self.sizes).get(element, 0)

    def shows(self, element: str) -> bool:
        """True if the element is not hidden."""
        return element not in self.hidden


@dataclass(slots=True, frozen=True)
class Placement:
    """Where a source asset stands in a render, and which part of it is shown."""

    asset_id: str
    role: str
    box: Area
    crop: Area


@dataclass(slots=True, frozen=True)
class TextRun:
    """A text in a render. ``size_px`` is that of the letters, ``contrast`` the WCAG ratio against what is behind."""

    role: str
    text: str
    box: Area
    size_px: int
    contrast: float
    cut: bool
    """True if not all of it found room."""
    missing: str = ""
    """The signs that the typeface does not have."""
