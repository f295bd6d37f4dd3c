"""Files that belong to a world, by the SHA-256 of their content: in a folder, or in memory."""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from pathlib import Path

_NAME = re.compile(r"^[0-9a-f]{64}$")


class Blobs:
    """A store that only grows. Messages and state name a file by its digest, never by a path.

    ``folder`` keeps the files on disk, where they outlive the process; None keeps them in memory.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder
        self._held: dict[str, bytes] = {}
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)

    def put(self, content: bytes) -> str:
        """Keep a file; gives its digest. Keeping it twice is keeping it once."""
        digest = hashlib.sha256(content).hexdigest()
        if self.folder is None:
            self._held[digest] = content
        elif not (self.folder / digest).exists():
            handle, name = tempfile.mkstemp(dir=self.folder, prefix=".new-")
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            self.adopt(Path(name), digest)
        return digest

    def adopt(self, path: Path, digest: str) -> None:
        """Take over a complete file in the folder, whose digest is known, by renaming it.

        Raises :class:`ValueError` in memory, where there is nothing to rename.
        """
        if self.folder is None:
            raise ValueError("files in memory have no path")
        path.replace(self.folder / digest)

    def get(self, digest: str) -> bytes:
        """The content of a file. Raises :class:`KeyError` if there is none of that digest."""
        if not _NAME.match(digest):
            raise KeyError(digest)
        if self.folder is None:
            return self._held[digest]
        try:
            return (self.folder / digest).read_bytes()
        except FileNotFoundError:
            raise KeyError(digest) from None

    def __contains__(self, digest: object) -> bool:
        if not isinstance(digest, str) or not _NAME.match(digest):
            return False
        return digest in self._held if self.folder is None else (self.folder / digest).exists()
