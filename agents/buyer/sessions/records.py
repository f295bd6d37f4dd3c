"""What creative sessions remember: source assets, variants with their lineage, renders and checks."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from agents.studio.design import Design, Placement, SourceAsset, TextRun

if TYPE_CHECKING:
    from agents.buyer.platform import BuyerPlatform

Stage = Literal["draft", "final", "postflight"]
"""When a check is made."""


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
