"""What callers say of creatives: bodies of the manifest operations (rules 178 to 184)."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from agents.buyer.caps import CapBody
from agents.buyer.creative.bundle import is_safe_path
from sandbox.operations import SnakeBody
from sandbox.operations.model import Id
from sandbox.operations.operation import MAX_FILES

ASSET_TYPES = (
    "IMAGE", "VIDEO", "AUDIO", "HTML", "JAVASCRIPT", "CSS", "VAST", "URL", "FONT", "LOGO", "DOCUMENT", "TEXT",
)  # fmt: skip

MAX_TEXT = 256 * 1024
"""Characters of an inline asset."""

_URL = re.compile(r"^https?://[^\s/?#]\S*$", re.IGNORECASE)


def _vast(value: Any) -> Any:
    return "VAST" if value == "VIDEO_VAST" else value


def _web_url(value: str) -> str:
    if not _URL.match(value) or not value.isprintable():
        raise ValueError("give an absolute http or https URL")
    return value


def _file_name(value: str) -> str:
    if not is_safe_path(value):
        raise ValueError("give the name of a file, or a relative path without '..'")
    return value


AssetType = Annotated[
    Literal["IMAGE", "VIDEO", "AUDIO", "HTML", "JAVASCRIPT", "CSS", "VAST", "URL", "FONT", "LOGO", "DOCUMENT", "TEXT"],
    BeforeValidator(_vast),
]
"""Rule 181; VIDEO_VAST is the older name of VAST (conflict C22)."""

UrlType = Annotated[Literal["CLICKTHROUGH", "TRACKER_PIXEL", "TRACKER_SCRIPT", "VAST"], BeforeValidator(_vast)]
WebUrl = Annotated[str, Field(max_length=8192), AfterValidator(_web_url)]
FileName = Annotated[str, AfterValidator(_file_name)]
Macro = Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]*$", max_length=64)]
FormatKind = Literal[
    "image", "html5", "display_tag", "image_carousel", "video_hosted", "video_vast", "audio_hosted",
    "audio_daast", "sponsored_placement", "native_in_feed", "responsive_creative", "agent_placement", "custom",
]  # fmt: skip


class FormatRef(SnakeBody):
    """A format by its agent and id."""

    agent_url: str = Field(min_length=1)
    id: str = Field(pattern=r"^[a-zA-Z0-9_-]+$")


class UrlAsset(SnakeBody):
    """An asset that is a URL."""

    url: WebUrl
    url_type: UrlType


class WebhookSecurity(SnakeBody):
    """How the calls of a webhook are signed. ``secret`` is used at the door only, and is not kept."""

    method: Literal["hmac_sha256", "api_key", "none"]
    hmac_header: str | None = Field(default=None, pattern=r"^[A-Za-z0-9-]{1,64}$")
    api_key_header: str | None = Field(default=None, pattern=r"^[A-Za-z0-9-]{1,64}$")
    secret: str | None = None


class WebhookAsset(SnakeBody):
    """A server that renders dynamic content for each impression (core/assets/webhook-asset.json)."""

    url: WebUrl
    method: Literal["GET", "POST"] = "POST"
    timeout_ms: int = Field(default=500, ge=10, le=5000)
    response_type: Literal["html", "json", "xml", "javascript"] = "html"
    supported_macros: list[Macro] = []
    required_macros: list[Macro] = []
    security: WebhookSecurity


class NewAsset(SnakeBody):
    """An asset: hosted at ``url``, given inline as ``content``, or uploaded as the file ``filename``.

    ``asset_type`` is found out for a file if it is left out.
    """

    asset_type: AssetType | None = None
    filename: FileName | None = None
    label: str | None = Field(default=None, max_length=255)
    url: WebUrl | None = None
    content: str | None = Field(default=None, max_length=MAX_TEXT)
    url_type: UrlType | None = None
    width: int | None = Field(default=None, ge=1, le=100_000)
    height: int | None = Field(default=None, ge=1, le=100_000)
    duration_ms: int | None = Field(default=None, ge=1, le=86_400_000)


class Reclassified(SnakeBody):
    """A new type for an asset."""

    asset_id: Id
    asset_type: AssetType


class FormatParams(SnakeBody):
    """Parameters of a format kind: size in pixels, length in ms, exact or from and to."""

    width: int | None = Field(default=None, ge=1)
    height: int | None = Field(default=None, ge=1)
    duration_ms_exact: int | None = Field(default=None, ge=1)
    duration_ms_range: Annotated[list[int], Field(min_length=2, max_length=2)] | None = None


class Metadata(SnakeBody):
    """What creating and updating have in common."""

    message: str | None = Field(default=None, max_length=10_000)
    tag: str | None = Field(default=None, max_length=255)
    quality: str | None = Field(default=None, max_length=64)
    template_id: str | None = Field(default=None, pattern=r"^[A-Za-z0-9_-]{1,100}$")
    format_id: FormatRef | None = None
    format_kind: FormatKind | None = None
    params: FormatParams | None = None
    url_asset: UrlAsset | None = None
    webhook_asset: WebhookAsset | None = None


class CreateCreative(Metadata):
    """Body of ``create_creative``: the metadata of the multipart request."""

    name: str = Field(min_length=1, max_length=255)
    assets: Annotated[list[NewAsset], Field(max_length=MAX_FILES)] = []
    frequency_caps: list[CapBody] = Field(default=[], alias="frequencyCaps")


class UpdateCreative(Metadata):
    """Body of ``update_creative``; what is left out stays."""

    name: str | None = Field(default=None, min_length=1, max_length=255)
    new_assets: Annotated[list[NewAsset], Field(max_length=MAX_FILES)] = []
    delete_asset_ids: list[Id] = []
    reclassify_assets: list[Reclassified] = []
    frequency_caps: list[CapBody] | None = Field(default=None, alias="frequencyCaps")


class ListCreatives(SnakeBody):
    """Query of ``list_creatives``."""

    quality: str | None = None
    search: str | None = None
    include_frequency_caps: bool = Field(default=False, alias="includeFrequencyCaps")
    take: int = Field(default=50, ge=1, le=100)
    skip: int = Field(default=0, ge=0)


class Preview(SnakeBody):
    """Query of ``get_creative``: ``preview`` adds the rendered page."""

    preview: bool = False
