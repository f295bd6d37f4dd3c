"""Creative templates, and which one a manifest is of (rules 182 and 190)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sandbox.kernel.blobs import Blobs


@dataclass(slots=True, frozen=True)
class Template:
    """A template: its id, and the type of asset (in AdCP's lower case) that a manifest of it is about."""

    template_id: str
    asset_type: str
    vendor_hosts: tuple[str, ...] = ()
    """Hosts whose presence in HTML or JavaScript shows the tag of this vendor."""


TEMPLATES = (
    Template("video_standard", "video"),
    Template("video_vast", "vast"),
    Template("audio_standard", "audio"),
    Template("vendor_dcm_tag", "javascript", ("doubleclick.net", "2mdn.net")),
    Template("vendor_sizmek_tag", "javascript", ("serving-sys.com",)),
    Template("vendor_flashtalking_tag", "javascript", ("flashtalking.com",)),
    Template("vendor_celtra_tag", "javascript", ("celtra.com",)),
    Template("vendor_adform_tag", "javascript", ("adform.net",)),
    Template("vendor_innovid_tag", "javascript", ("innovid.com",)),
    Template("display_html", "html"),
    Template("vendor_tag", "javascript"),
    Template("display_image", "image"),
)
"""All templates, the most telling assets first: a page with pictures is a page, a film with a companion a film."""


def detect_template(files: Blobs, assets: list[dict[str, Any]]) -> dict[str, str] | None:
    """``{template_id, method}`` of the template that the assets make; None if they make none.

    ``method`` is ``content`` if a vendor's tag gave it away, else ``asset_type``.
    """
    types = {asset["asset_type"].lower() for asset in assets}
    code = None
    for template in TEMPLATES:
        if template.vendor_hosts and types & {"html", "javascript"}:
            code = _code(files, assets) if code is None else code
            if any(host in code for host in template.vendor_hosts):
                return {"template_id": template.template_id, "method": "content"}
        elif not template.vendor_hosts and template.asset_type in types:
            return {"template_id": template.template_id, "method": "asset_type"}
    return None


def _code(files: Blobs, assets: list[dict[str, Any]]) -> str:
    """All HTML and JavaScript of a manifest as it came."""
    parts = []
    for asset in assets:
        if asset["asset_type"] in ("HTML", "JAVASCRIPT"):
            parts.append(asset["url"] if asset["asset_source"] == "url" else "")
            if "sha256" in asset and asset.get("mime_type") != "application/zip":
                parts.append(files.get(asset["sha256"]).decode("utf-8", "replace"))
    return "\n".join(parts).lower()
