"""Requests of creative sessions; in snake_case, as those of manifests are (rule 2)."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AliasChoices, Field, model_validator

from agents.buyer.creative.bodies import FileName, FormatRef, WebUrl
from agents.buyer.sessions.adapter import DIRECTIONS
from sandbox.operations import SnakeBody
from sandbox.operations.model import Id, Instant

Role = Literal["product", "logo", "background", "reference", "headline", "body", "call_to_action"]
RightsStatus = Literal["cleared", "unknown", "restricted", "expired"]
ProvenanceSource = Literal["upload", "dam", "catalog", "campaign", "url", "brand", "generated", "unknown"]
Text = Annotated[str, Field(min_length=1, max_length=200)]


class AreaBody(SnakeBody):
    """A rectangle of a picture, in pixels."""

    x: int = Field(ge=0)
    y: int = Field(ge=0)
    width: int = Field(ge=1)
    height: int = Field(ge=1)


class RightsBody(SnakeBody):
    """Whether an asset may be used, and until when (rule 193)."""

    status: RightsStatus = "unknown"
    expires_at: Instant | None = None
    notes: str | None = Field(default=None, max_length=1000)


class ProvenanceBody(SnakeBody):
    """Where an asset comes from; says nothing about rights (rule 193)."""

    source: ProvenanceSource
    reference: str | None = Field(default=None, max_length=2000)
    creator: str | None = Field(default=None, max_length=200)


class SourceAssetBody(SnakeBody):
    """An input: an asset of one of the campaign's manifests, an uploaded file, an address or a text."""

    asset_id: Id | None = None
    filename: FileName | None = None
    url: WebUrl | None = None
    content: Text | None = None
    role: Role | None = None
    label: str | None = Field(default=None, min_length=1, max_length=200)
    locked_asset: bool = False
    can_transform: bool | None = None
    preservation_notes: str | None = Field(default=None, max_length=1000)
    rights: RightsBody = RightsBody()
    provenance: ProvenanceBody | None = None
    render_crop: AreaBody | None = None
    subject_bounds: AreaBody | None = None

    @model_validator(mode="after")
    def _consistent(self) -> SourceAssetBody:
        given = [n for n in ("asset_id", "filename", "url", "content") if getattr(self, n) is not None]
        if len(given) != 1:
            raise ValueError("give one of asset_id, filename, url and content")
        if self.locked_asset and self.can_transform:
            raise ValueError("a locked asset stays as it is: can_transform is false")
        if self.content is not None and self.role not in ("headline", "body", "call_to_action"):
            raise ValueError("a text has the role headline, body or call_to_action")
        if self.content is None and self.role in ("headline", "body", "call_to_action"):
            raise ValueError("headline, body and call_to_action are texts: give content")
        return self


class BasedOn(SnakeBody):
    """A variant of another session of the campaign, as a starting point."""

    session_id: Id
    variant_id: Id


class StartSession(SnakeBody):
    """Body of ``start_creative_session``. Without an idea the campaign's brief is one."""

    idea: str | None = Field(
        default=None, min_length=1, max_length=4000, validation_alias=AliasChoices("idea", "brief", "prompt")
    )
    name: str | None = Field(default=None, min_length=1, max_length=255)
    audience: str | None = Field(default=None, max_length=1000)
    channel: str | None = Field(default=None, max_length=100)
    goal: str | None = Field(default=None, max_length=1000)
    headline: Text | None = None
    body: Text | None = None
    call_to_action: Annotated[str, Field(min_length=1, max_length=40)] | None = None
    clickthrough_url: WebUrl | None = None
    source_asset: SourceAssetBody | None = None
    source_assets: Annotated[list[SourceAssetBody], Field(max_length=20)] = []
    target_format_id: FormatRef | None = None
    target_format_ids: Annotated[list[FormatRef], Field(max_length=20)] = []
    variant_count: int = Field(default=3, ge=1, le=len(DIRECTIONS))
    adapter: str | None = None
    based_on: BasedOn | None = None

    @property
    def sources(self) -> list[tuple[str, SourceAssetBody]]:
        """All source assets, each with its place in the request."""
        first = [("source_asset", self.source_asset)] if self.source_asset is not None else []
        return first + [(f"source_assets[{i}]", asset) for i, asset in enumerate(self.source_assets)]

    @property
    def targets(self) -> list[tuple[str, dict[str, Any]]]:
        """All target formats, each with its place in the request."""
        one = [("target_format_id", self.target_format_id)] if self.target_format_id is not None else []
        refs = one + [(f"target_format_ids[{i}]", ref) for i, ref in enumerate(self.target_format_ids)]
        return [(field, ref.model_dump()) for field, ref in refs]


class ListSessions(SnakeBody):
    """Query of ``list_creative_sessions``."""

    status: Literal["open", "approved", "finalized", "discarded"] | None = None
    take: int = Field(default=50, ge=1, le=100)
    skip: int = Field(default=0, ge=0)


class ListVariants(SnakeBody):
    """Query of ``list_creative_session_variants``."""

    status: Literal["draft", "approved", "finalized", "discarded"] | None = None
    leaves_only: bool = False
    take: int = Field(default=50, ge=1, le=100)
    skip: int = Field(default=0, ge=0)


class RefineVariant(SnakeBody):
    """Body of ``refine_creative_session``."""

    variant_id: Id
    feedback: str = Field(
        min_length=1, max_length=2000, validation_alias=AliasChoices("feedback", "instruction", "prompt")
    )
    variant_count: int = Field(default=1, ge=1, le=4)


class EvaluateVariant(SnakeBody):
    """Body of ``evaluate_creative_session``; without a variant, the approved one."""

    stage: Literal["draft", "final", "postflight"] = "draft"
    variant_id: Id | None = None


class ApproveVariant(SnakeBody):
    """Body of ``approve_creative_session_variant``."""

    variant_id: Id


class FinalizeSession(SnakeBody):
    """Body of ``finalize_creative_session``; without formats, all target formats."""

    variant_id: Id | None = None
    name: str | None = Field(default=None, min_length=1, max_length=200)
    format_ids: Annotated[list[FormatRef], Field(min_length=1, max_length=20)] | None = None
