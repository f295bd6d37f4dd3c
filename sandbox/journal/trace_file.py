"""A trace as a file: one event a line (NDJSON), in the form that the digest is made of."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path

from sandbox.core.errors import InputError
from sandbox.kernel.trace import Event


def write_trace(events: Iterable[Event], path: Path) -> None:
    """Write events to a file. Its SHA-256 is the digest of the run."""
    with path.open("w", encoding="ascii", newline="\n") as file:
        file.writelines(f"{event.line()}\n" for event in events)


def read_trace(path: Path) -> list[Event]:
    """The events of a file. Raises :class:`InputError` with the line that is no event."""
    events = []
    with path.open(encoding="utf-8") as file:
        for number, line in enumerate(file, start=1):
            try:
                events.append(Event(**json.loads(line)))
            except (ValueError, TypeError):
                raise InputError("this line is no event of a trace", f"{path}:{number}") from None
    return events


def digest_of(path: Path) -> str:
    """The digest of the run whose trace is in the file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
