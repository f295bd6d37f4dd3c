"""The uploads of a recording as files of steps: written in the scenario if they are small, or put beside it."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sandbox.core.errors import InputError
from sandbox.kernel.blobs import Blobs
from sandbox.scenario.attached import type_of

SMALL_TEXT, SMALL = 4_000, 600
"""The largest files that stand in a scenario, as text and in base64; in bytes."""

_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")


class Beside:
    """Files that go into a folder beside a scenario; ``made`` has their contents by path from the scenario."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self.made: dict[str, bytes] = {}

    def path(self, name: str, content: bytes) -> str:
        """Where a file is put: under its own name, or with a number if another one has that."""
        safe = _UNSAFE.sub("_", Path(name).name).lstrip(".") or "file"
        stem, suffix = Path(safe).stem, Path(safe).suffix
        number, found = 1, f"{self._folder}/{safe}"
        while self.made.get(found, content) != content:
            number += 1
            found = f"{self._folder}/{stem}-{number}{suffix}"
        self.made[found] = content
        return found


def specs_of(
    rows: list[dict[str, Any]], files: Blobs, put: Callable[[str, bytes], str], referred: Callable[[str], Any]
) -> list[dict[str, Any]]:
    """Uploads as a step says them; ``put`` gives the path of one that is not small, ``referred`` names ids in texts.

    Raises :class:`InputError` for one whose bytes are gone.
    """
    return [_spec(row, files, put, referred) for row in rows]


def _spec(
    row: dict[str, Any], files: Blobs, put: Callable[[str, bytes], str], referred: Callable[[str], Any]
) -> dict[str, Any]:
    name = row["filename"]
    try:
        content = files.get(row["sha256"])
    except KeyError:
        raise InputError(
            f"the file {name} that was uploaded is gone", "JOURNAL", f"its SHA-256 is {row['sha256']}"
        ) from None
    spec: dict[str, Any] = {"name": name}
    text = _text(content)
    if text is not None:
        spec["text"] = referred(text)
    elif len(content) <= SMALL:
        spec["base64"] = b64encode(content).decode()
    else:
        path = put(name, content)
        spec = {"path": path, **({} if Path(path).name == name else spec)}
    if row["content_type"] != type_of(name):
        spec["type"] = row["content_type"]
    return spec | ({"field": row["field"]} if row["field"] != "files" else {})


def _text(content: bytes) -> str | None:
    """A small file as text; None if it is none that a scenario could hold as it is."""
    if not content or len(content) > SMALL_TEXT:
        return None
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        return None
    return text if all(char.isprintable() or char in "\n\t" for char in text) else None
