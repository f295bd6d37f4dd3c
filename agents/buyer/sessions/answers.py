"""Answers about creative sessions; in snake_case, as those about manifests are (rule 2)."""

from __future__ import annotations

from typing import Literal, NotRequired

from typing_extensions import TypedDict

from agents.buyer.sessions.bodies import ProvenanceSource, RightsStatus, Role
from sandbox.operations.answer import Url, When

SessionStatus = Literal["open", "approved", "finalized", "discarded"]
VariantStatus = Literal["draft", "approved", "finalized", "discarded"]
StageName = Literal["draft", "final", "postflight"]
CheckStatus = Literal["pass", "warn", "fail", "not_run"]


class FormatId(TypedDict):
    """A format by its agent and id."""

    agent_url: str
    id: str


class AreaAnswer(TypedDict):
    """A rectangle in pixels."""

    x: int
    y: int
    width: int
    height: int


class RightsAnswer(TypedDict):
    """Rights of an asset as they are now (rule 193)."""

    status: RightsStatus
    expires_at: When | None
    notes: str | None


class ProvenanceAnswer(TypedDict):
    """Where an asset comes from (rule 193)."""

    source: ProvenanceSource
    reference: NotRequired[str]
    creator: NotRequired[str]


class SourceAssetAnswer(TypedDict):
    """A source asset (rule 194). ``checksum`` is the SHA-256 of its bytes."""

    asset_id: str
    asset_type: str
    role: Role
    label: str
    locked_asset: bool
    can_transform: bool
    preservation_notes: str | None
    rights: RightsAnswer
    provenance: ProvenanceAnswer
    filename: NotRequired[str]
    url: NotRequired[str]
    content: NotRequired[str]
    content_type: NotRequired[str]
    checksum: NotRequired[str]
    size_bytes: NotRequired[int]
    width: NotRequired[int]
    height: NotRequired[int]
    preview_url: NotRequired[Url]
    render_crop: NotRequired[AreaAnswer]
    subject_bounds: NotRequired[AreaAnswer]


class AssetStore(TypedDict):
    """The source assets of a session."""

    assets: list[SourceAssetAnswer]


class PlacementAnswer(TypedDict):
    """Where a source asset stands in a picture, and which part of it is shown there."""

    asset_id: str
    role: str
    box: AreaAnswer
    render_crop: AreaAnswer


class RenderAnswer(TypedDict):
    """A picture of a variant in one format."""

    format_id: FormatId
    width: int
    height: int
    content_type: str
    size_bytes: int
    checksum: str
    preview_url: Url
    placements: list[PlacementAnswer]


class FormatRender(RenderAnswer):
    """A final picture in one format, and the manifest that carries it (rule 197)."""

    variant_id: str
    renderer: str
    creative_id: str | None


class CheckAnswer(TypedDict):
    """A finding of an evaluator. ``blocking`` ones stop finalisation; those of drafts are advisory (rule 192)."""

    evaluator: str
    check: str
    stage: StageName
    status: CheckStatus
    blocking: bool
    message: str
    format_id: NotRequired[FormatId]
    asset_id: NotRequired[str]


class Badge(TypedDict):
    """How a variant stands with an evaluator at a stage."""

    evaluator: str
    question: str
    stage: StageName
    status: CheckStatus
    advisory: bool
    blocking: bool
    warnings: int
    failures: int
    evaluated_at: When | None


class Lineage(TypedDict):
    """Where a variant comes from."""

    parent_variant_id: str | None
    root_variant_id: str
    depth: int
    feedback: str | None
    child_variant_ids: list[str]


class NotApplied(TypedDict):
    """A part of a request that was not done."""

    request: str
    reason: str


class Copy(TypedDict):
    """The words of a variant."""

    headline: str
    body: str
    call_to_action: str


class DesignAnswer(TypedDict):
    """How a variant is composed."""

    layout: str
    scheme: str
    hidden: list[str]


class VariantAnswer(TypedDict):
    """A draft of a session."""

    variant_id: str
    name: str
    status: VariantStatus
    quality: Literal["draft", "final"]
    lineage: Lineage
    copy: Copy
    design: DesignAnswer
    preview_url: Url | None
    renders: list[RenderAnswer]
    applied: list[str]
    not_applied: list[NotApplied]
    evaluators: list[Badge]
    created_at: When


class EvaluatorAnswer(TypedDict):
    """An evaluator and the stages at which it runs (rule 195)."""

    evaluator: str
    question: str
    stages: list[StageName]


class RendererCapabilities(TypedDict):
    """What the adapter can do."""

    modalities: list[str]
    input_content_types: list[str]
    output_content_types: list[str]
    min_side: int
    max_side: int
    layouts: list[str]
    schemes: list[str]
    refinements: list[str]


class RenderingModel(TypedDict):
    """How pictures come about."""

    adapter: str
    kind: str
    deterministic: bool
    typeface: str


class CreativeFormats(TypedDict):
    """Which formats the campaign's products need, and which of them have a manifest (rules 65, 196)."""

    required: list[FormatId]
    covered: list[FormatId]
    missing: list[FormatId]


class BasedOnAnswer(TypedDict):
    """The variant with which a session began."""

    session_id: str
    variant_id: str


class SessionRow(TypedDict):
    """A session in a list."""

    session_id: str
    campaign_id: str
    name: str
    idea: str
    status: SessionStatus
    target_format_ids: list[FormatId]
    variant_count: int
    approved_variant_id: str | None
    creative_ids: list[str]
    created_at: When
    updated_at: When


class SessionAnswer(SessionRow):
    """A creative session: a review workflow, no manifest (rule 191)."""

    audience: str | None
    channel: str | None
    goal: str | None
    clickthrough_url: str | None
    adapter: str
    unsupported_format_ids: list[FormatId]
    source_asset: SourceAssetAnswer | None
    asset_store: AssetStore
    variants: list[VariantAnswer]
    renderer_capabilities: RendererCapabilities
    rendering_model: RenderingModel
    evaluators: list[EvaluatorAnswer]
    creative_formats: CreativeFormats
    based_on: NotRequired[BasedOnAnswer]
    format_renders: NotRequired[list[FormatRender]]


class SessionList(TypedDict):
    """Sessions of a campaign."""

    sessions: list[SessionRow]
    total: int


class Gallery(TypedDict):
    """Variants of a session."""

    session_id: str
    variants: list[VariantAnswer]
    total: int


class RefineAnswer(TypedDict):
    """What became of a refinement."""

    session_id: str
    parent_variant_id: str
    variants: list[VariantAnswer]
    applied: list[str]
    not_applied: list[NotApplied]


class EvaluateAnswer(TypedDict):
    """What the evaluators of a stage found."""

    session_id: str
    variant_id: str
    stage: StageName
    status: CheckStatus
    advisory: bool
    blocked: bool
    evaluators: list[Badge]
    checks: list[CheckAnswer]


class SavedManifest(TypedDict):
    """A manifest that finalisation made."""

    creative_id: str
    name: str
    format_id: FormatId
    covers_format: bool


class FinalizeAnswer(TypedDict):
    """What finalisation saved, and what the campaign still lacks (rule 196)."""

    session: SessionAnswer
    variant_id: str
    creatives: list[SavedManifest]
    warnings: list[CheckAnswer]
    creative_formats: CreativeFormats
    format_renders: list[FormatRender]
