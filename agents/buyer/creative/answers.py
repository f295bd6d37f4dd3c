"""What the operations on creatives and formats answer: in snake_case, but for ``frequencyCaps`` (conflict C28)."""

from __future__ import annotations

from typing import Any, NotRequired

from typing_extensions import TypedDict

from sandbox.operations.answer import Url, When


class FormatId(TypedDict):
    """A format: the agent that defines it, and its id there. A template's parameters may come with it."""

    agent_url: str
    id: str
    width: NotRequired[int]
    height: NotRequired[int]
    duration_ms: NotRequired[float]


class Asset(TypedDict):
    """One asset. Sizes are in pixels, lengths in ms, ``file_size`` in bytes; ``sha256`` is that of the original."""

    asset_id: str
    asset_type: str
    asset_source: str
    filename: NotRequired[str]
    label: NotRequired[str]
    mime_type: NotRequired[str]
    file_size: NotRequired[int]
    sha256: NotRequired[str]
    url: NotRequired[Url]
    url_type: NotRequired[str]
    content: NotRequired[str]
    width: NotRequired[int]
    height: NotRequired[int]
    duration_ms: NotRequired[int]
    entry_point: NotRequired[str]
    bundle_files: NotRequired[list[str]]
    method: NotRequired[str]
    timeout_ms: NotRequired[int]
    response_type: NotRequired[str]
    supported_macros: NotRequired[list[str]]
    required_macros: NotRequired[list[str]]
    security: NotRequired[dict[str, str]]


class SyncStatus(TypedDict):
    """How many of the agents that take the manifest have it as it is now (conflict C30)."""

    synced: int
    agent_count: int
    last_synced_at: NotRequired[When | None]


class Template(TypedDict):
    """The template that was found out, and by what: ``asset_type`` or ``content``."""

    template_id: str
    method: str


class FormatPreview(TypedDict):
    """A page that shows the manifest in one format, at its native size in pixels."""

    format_id: FormatId | None
    preview_url: Url
    width: int
    height: int
    rendered_by: str


class HtmlProcessing(TypedDict):
    """What was done to the HTML of a manifest."""

    processed_assets: list[str]
    rewritten_refs: int
    unresolved_refs: list[str]
    macros_injected: list[str]


class Tracking(TypedDict):
    """Trackers of a manifest, with macros in braces, and the macros that its formats support (rule 183).

    ``injected_assets`` are the URL assets that formats with room for them get besides.
    """

    impression_url: str
    click_url: str | None
    supported_macros: list[str]
    injected_assets: list[dict[str, str]]


class Summary(TypedDict):
    """A row of a list (rule 7)."""

    creative_id: str
    campaign_id: str
    name: str
    template_id: str | None
    format_id: FormatId | None
    brand_domain: str
    preview_url: Url
    asset_count: int
    sync_status: SyncStatus
    created_at: When
    updated_at: When
    frequencyCaps: NotRequired[list[dict[str, Any]]]


class Manifests(TypedDict):
    """A page of summaries."""

    manifests: list[Summary]
    total: int


class Manifest(Summary):
    """A manifest in full. ``creative_manifest`` is AdCP's form of it in its first target format."""

    message: str | None
    tag: str | None
    quality: str | None
    format_kind: str | None
    params: dict[str, Any]
    target_format_ids: list[FormatId]
    assets: list[Asset]
    auto_detected_template: Template | None
    format_previews: list[FormatPreview]
    html_processing: HtmlProcessing | None
    creative_manifest: dict[str, Any] | None
    review_status: dict[str, str]
    tracking: Tracking
    preview_html: NotRequired[str]


class AgentFailure(TypedDict):
    """A sales agent that could not render a preview."""

    sales_agent_id: str
    code: str
    message: str


class Previews(TypedDict):
    """What :func:`preview_creative` rendered, or had rendered."""

    creative_id: str
    previews: list[FormatPreview]
    agent_errors: list[AgentFailure]


class TextPage(TypedDict):
    """A text for a browser."""

    contentType: str
    text: str


class StoredFile(TypedDict):
    """A stored file by its SHA-256."""

    contentType: str
    file: str


class DashboardUrl(TypedDict):
    """Where people manage the creatives of a campaign."""

    url: Url


class Formats(TypedDict):
    """The registry of formats over all agents, each as AdCP describes it (core/format.json)."""

    formats: list[dict[str, Any]]
    total: int


class TemplateRow(TypedDict):
    """A template, and the type of asset that it is about."""

    template_id: str
    asset_type: str


class ProductFormats(TypedDict):
    """What one selected product needs."""

    product_id: str
    name: str
    sales_agent_id: str
    format_ids: list[FormatId]


class Templates(TypedDict):
    """Templates and formats for a campaign (rule 190)."""

    templates: list[TemplateRow]
    campaign_format_ids: list[FormatId]
    campaign_products: list[ProductFormats]
