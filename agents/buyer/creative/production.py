"""From uploaded files to what is served: files on the simulated CDN, pages and style sheets rewritten (rule 182)."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

from agents.buyer.creative.bundle import entry_point, unpack
from agents.buyer.creative.css import rewrite_css
from agents.buyer.creative.html import MAX_PAGE_BYTES, Page, Trackers, decode, rewrite_page
from agents.buyer.creative.mime import detect
from agents.buyer.creative.trackers import click_through, impression_url, landing_page
from sandbox.core.errors import ApiError

if TYPE_CHECKING:
    from agents.buyer.platform import BuyerPlatform
    from agents.buyer.records import Creative
    from sandbox.kernel.blobs import Blobs

Asset = dict[str, Any]

MAX_MARKUP_BYTES = 1024 * 1024
"""HTML and CSS of one manifest together."""

_ELSEWHERE = re.compile(r"^\s*(?:[a-zA-Z][a-zA-Z0-9+.-]*:|//|#|\{|$)")
"""References that name no file: with a scheme or a host, within the page, or a macro."""


@dataclass(slots=True)
class Produced:
    """What was made of a manifest, besides its assets."""

    report: dict[str, Any] | None = None
    """``html_processing``; None without HTML."""
    params: dict[str, Any] = field(default_factory=dict)
    """Parameters of a canonical format kind, such as ``duration_ms_exact``."""
    archived: list[Asset] = field(default_factory=list)
    """Assets that were deleted, with ``archived_at``."""
    template: dict[str, str] | None = None
    """The template that the assets make."""
    agent_previews: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    """What sales agents rendered, by format."""


@dataclass(slots=True)
class CreativeStore:
    """What the platform keeps of creatives beside their records."""

    served: dict[tuple[str, str], str] = field(default_factory=dict)
    """MIME types of the files on the CDN, by digest and name."""
    produced: dict[str, Produced] = field(default_factory=dict)
    """By creative id."""

    def of(self, creative_id: str) -> Produced:
        """What was made of a manifest; nothing yet for one that is not known."""
        return self.produced.get(creative_id) or Produced()


@dataclass(slots=True)
class Folder:
    """Files that refer to each other by relative paths: MIME type and digest by path."""

    files: dict[str, tuple[str, str]]
    urls: dict[str, str] = field(default_factory=dict)


class Production:
    """One manifest on its way to the CDN. Nothing is kept before :meth:`commit`, but for the bytes of files."""

    def __init__(self, platform: BuyerPlatform, creative: Creative, assets: list[Asset]) -> None:
        self._platform = platform
        self._files: Blobs = platform.world.files
        self._left = MAX_MARKUP_BYTES
        self._served: dict[tuple[str, str], str] = {}
        self._rewritten = 0
        self._unresolved: dict[str, None] = {}
        self._macros: dict[str, None] = {}
        self._pages: list[str] = []
        self._trackers = Trackers(
            wrap=lambda landing: click_through(platform, creative, landing),
            landing=landing_page(assets),
            pixels=(impression_url(platform, creative), *_urls(assets, "TRACKER_PIXEL")),
            scripts=_urls(assets, "TRACKER_SCRIPT"),
        )
        uploads = Folder({a["filename"]: (a["mime_type"], a["sha256"]) for a in assets if "filename" in a})
        self.assets = [self._asset(asset, uploads) for asset in assets]

    @property
    def report(self) -> dict[str, Any] | None:
        """``html_processing`` of the manifest."""
        if not self._pages:
            return None
        return {
            "processed_assets": self._pages,
            "rewritten_refs": self._rewritten,
            "unresolved_refs": list(self._unresolved),
            "macros_injected": list(self._macros),
        }

    def commit(self) -> None:
        """Put the files on the CDN."""
        self._platform.creative_store.served.update(self._served)

    def _asset(self, asset: Asset, uploads: Folder) -> Asset:
        """The asset with the address, or the text, under which it is served."""
        name = asset.get("filename", "")
        try:
            if asset["asset_type"] == "HTML" and "sha256" in asset:
                return self._html(asset, uploads)
            if asset["asset_source"] == "upload":
                return {**asset, "url": self._url_of(uploads, name)}
            if asset["asset_source"] == "inline":
                return {**asset, "content": self._files.get(asset["sha256"]).decode()}
        except ValueError as error:
            raise ApiError("VALIDATION_ERROR", f"{name or asset['asset_id']}: {error}", "assets") from None
        return asset

    def _html(self, asset: Asset, uploads: Folder) -> Asset:
        self._pages.append(asset["asset_id"])
        made = {key: value for key, value in asset.items() if key not in ("entry_point", "bundle_files")}
        content = self._files.get(asset["sha256"])
        if asset.get("mime_type") == "application/zip":
            folder = self._unpack(content)
            name = entry_point(list(folder.files))
            content = self._files.get(folder.files[name][1])
            made |= {"entry_point": name, "bundle_files": list(folder.files)}
            for other in folder.files:
                if other != name:
                    self._url_of(folder, other)
        else:
            folder, name = uploads, asset.get("filename", "index.html")
        page = self._page(content, folder, name, self._trackers)
        self._macros |= dict.fromkeys(page.macros)
        if page.width and page.height:
            made |= {"width": asset.get("width", page.width), "height": asset.get("height", page.height)}
        if asset["asset_source"] == "inline":
            return {**made, "content": page.text}
        return {**made, "url": self._publish(name, "text/html", self._files.put(page.text.encode()))}

    def _unpack(self, content: bytes) -> Folder:
        files = {}
        for name, inner in unpack(content).items():
            try:
                mime = detect(inner, name, "", also=("application/json",))
            except ValueError as error:
                raise ValueError(f"{name!r} in the bundle: {error}") from None
            files[name] = (mime, self._files.put(inner))
        return Folder(files)

    def _url_of(self, folder: Folder, name: str) -> str:
        """The address of a file; of a page or style sheet, after its own references are replaced."""
        if name in folder.urls:
            return folder.urls[name]
        mime, digest = folder.files[name]
        folder.urls[name] = self._publish(name, mime, digest)
        if mime == "text/css":
            text = rewrite_css(self._markup(self._files.get(digest)), lambda ref: self._resolve(folder, name, ref))
            folder.urls[name] = self._publish(name, mime, self._files.put(text.encode()))
        elif mime == "text/html":
            text = self._page(self._files.get(digest), folder, name, None).text
            folder.urls[name] = self._publish(name, mime, self._files.put(text.encode()))
        return folder.urls[name]

    def _page(self, content: bytes, folder: Folder, name: str, trackers: Trackers | None) -> Page:
        return rewrite_page(self._markup(content), lambda ref: self._resolve(folder, name, ref), trackers)

    def _markup(self, content: bytes) -> str:
        if len(content) > MAX_PAGE_BYTES:
            raise ValueError(f"HTML and CSS may have {MAX_PAGE_BYTES // 1024} KB a file")
        self._left -= len(content)
        if self._left < 0:
            raise ValueError(f"HTML and CSS of a manifest may have {MAX_MARKUP_BYTES // 1024} KB together")
        return decode(content)

    def _resolve(self, folder: Folder, referrer: str, ref: str) -> str | None:
        """The address of what a relative reference names: by its path, else by its file name if only one has it."""
        if _ELSEWHERE.match(ref):
            return None
        path, mark, fragment = ref.strip().partition("#")
        path = unquote(path.partition("?")[0])
        wanted = posixpath.normpath(posixpath.join(posixpath.dirname(referrer), path)).lstrip("/")
        same = [name for name in folder.files if posixpath.basename(name) == posixpath.basename(path)]
        found = wanted if wanted in folder.files else same[0] if len(same) == 1 else None
        if found is None:
            self._unresolved.setdefault(ref[:500])
            return None
        self._rewritten += 1
        return self._url_of(folder, found) + mark + fragment

    def _publish(self, name: str, mime: str, digest: str) -> str:
        base = posixpath.basename(name)
        self._served[digest, base] = mime
        return self._platform.world.network.url(self._platform.id, f"files/{digest}/{quote(base, safe='')}")


def _urls(assets: list[Asset], url_type: str) -> tuple[str, ...]:
    return tuple(asset["url"] for asset in assets if asset.get("url_type") == url_type)
