"""Files that an agent publishes: pictures, pages and tags, under their digest, some for a limited time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from sandbox.kernel.world import World

PNG, HTML = "image/png", "text/html"


@dataclass(slots=True)
class _File:
    content_type: str
    expires_ms: int | None


class Shelf:
    """The published files of one agent. Their bytes are in ``world.files``."""

    def __init__(self, world: World, agent_id: str) -> None:
        self._world = world
        self._agent_id = agent_id
        self._files: dict[tuple[str, str], _File] = {}

    def publish(self, content: bytes, name: str, content_type: str, expires_ms: int | None = None) -> str:
        """Put a file where everybody can see it; gives its URL. ``expires_ms`` is in simulated time."""
        digest = self._world.files.put(content)
        self._files[digest, name] = _File(content_type, expires_ms)
        return self._world.network.url(self._agent_id, f"files/{digest}/{name}")

    def read(self, digest: str, name: str) -> tuple[str, bytes]:
        """Content type and bytes of a file. Raises :class:`KeyError` if there is none, or none any more."""
        file = self._files[digest, name]
        if file.expires_ms is not None and self._world.now >= file.expires_ms:
            raise KeyError(digest)
        return file.content_type, self._world.files.get(digest)

    def digest_of(self, url: str) -> str:
        """The digest of our file at a URL; empty if it is none of ours."""
        parts = urlsplit(url).path.split("/")
        if len(parts) < 4 or parts[-3] != "files" or self._world.network.agent_at(url) != self._agent_id:
            return ""
        return parts[-2] if (parts[-2], parts[-1]) in self._files else ""
