"""What creative sessions remember: source assets, variants with their lineage, renders and checks."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from agents.buyer.platform import BuyerPlatform

Area = tuple[int, int, int, int]
"""A rectangle in pixels: left, top, width, height."""

Stage = Literal["draft", "final", "postflight"]
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


@dataclass(slots=True, frozen=True)
class Render:
    """A picture of a variant in one format; its bytes are in ``world.files``."""

    format_id: dict[str, Any]
    width: int
    height: int
    digest: str
    size_bytes: int
    placements: tuple[Placement, ...]
    texts: tuple[TextRun, ...]


@dataclass(slots=True, frozen=True)
class Check:
    """What one check of an evaluator found. ``blocking`` failures stop finalisation (rule 192)."""

    evaluator: str
    check: str
    stage: Stage
    status: Literal["pass", "warn", "fail", "not_run"]
    message: str
    blocking: bool = False
    format_id: dict[str, Any] | None = None
    asset_id: str | None = None


@dataclass(slots=True)
class Variant:
    """A draft of a session, and where it comes from. ``finals`` are its renders once it is approved."""

    variant_id: str
    name: str
    design: Design
    created_ms: int
    parent_id: str | None = None
    root_id: str = ""
    depth: int = 0
    feedback: str | None = None
    applied: list[str] = field(default_factory=list)
    not_applied: list[dict[str, str]] = field(default_factory=list)
    status: Literal["draft", "approved", "finalized", "discarded"] = "draft"
    renders: list[Render] = field(default_factory=list)
    finals: list[Render] = field(default_factory=list)
    checks: dict[Stage, list[Check]] = field(default_factory=dict)
    checked_ms: dict[Stage, int] = field(default_factory=dict)


@dataclass(slots=True, frozen=True)
class Saved:
    """A manifest that came of a session: of which variant, and with which picture."""

    creative_id: str
    variant_id: str
    render: Render


@dataclass(slots=True)
class CreativeSession:
    """A review workflow of a campaign; what it saves are manifests, it is none itself (rule 191)."""

    session_id: str
    customer_id: int
    campaign_id: str
    name: str
    idea: str
    audience: str | None
    channel: str | None
    goal: str | None
    clickthrough_url: str | None
    targets: list[dict[str, Any]]
    unsupported: list[dict[str, Any]]
    """Formats of the campaign's products that the adapter cannot draw."""
    assets: list[SourceAsset]
    created_ms: int
    updated_ms: int
    status: Literal["open", "approved", "finalized", "discarded"] = "open"
    based_on: dict[str, str] | None = None
    variants: dict[str, Variant] = field(default_factory=dict)
    approved_id: str | None = None
    saved: dict[tuple[str, str], Saved] = field(default_factory=dict)
    """The manifests that were saved, by their format."""

    @property
    def creative_ids(self) -> list[str]:
        """The manifests that were saved."""
        return [saved.creative_id for saved in self.saved.values()]


class CreativeSessions:
    """The platform's creative sessions by id, in the order in which they were started."""

    def __init__(self, platform: BuyerPlatform) -> None:
        self.platform = platform
        self.sessions: dict[str, CreativeSession] = {}
