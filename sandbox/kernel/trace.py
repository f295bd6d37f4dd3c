"""The trace: everything that happened in a run, in order, with a digest over all of it.

Two runs with the same digest did the same things at the same simulated moments. The kinds of events and
their data are listed in ``docs/architecture.md``.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

Listener = Callable[["Event"], None]


_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), allow_nan=False)


def canonical(value: Any) -> str:
    """One text for one JSON value: sorted keys, no white space, ASCII only. Raises on NaN and non-JSON."""
    return _ENCODER.encode(value)


@dataclass(slots=True)
class Event:
    """One thing that happened: ``seq`` counts from 1, ``at_ms`` is simulated time, ``actor`` who did it."""

    seq: int
    at_ms: int
    kind: str
    actor: str
    data: dict[str, Any] = field(default_factory=dict)

    def line(self) -> str:
        """The event as one line of JSON, as the digest sees it and as ``trace.ndjson`` holds it."""
        return canonical(
            {"seq": self.seq, "at_ms": self.at_ms, "kind": self.kind, "actor": self.actor, "data": self.data}
        )


class Trace:
    """The events of one run, and those who listen to them."""

    __slots__ = ("_hash", "_listeners", "events")

    def __init__(self) -> None:
        self.events: list[Event] = []
        self._hash = hashlib.sha256()
        self._listeners: list[Listener] = []

    def listen(self, listener: Listener) -> None:
        """Call ``listener`` with every event from now on, in order."""
        self._listeners.append(listener)

    def emit(self, at_ms: int, kind: str, actor: str, data: dict[str, Any]) -> Event:
        """Write an event. ``data`` is plain JSON and belongs to the trace from here on."""
        event = Event(len(self.events) + 1, at_ms, kind, actor, data)
        self.events.append(event)
        self._hash.update(event.line().encode())
        self._hash.update(b"\n")
        for listener in self._listeners:
            listener(event)
        return event

    def digest(self) -> str:
        """SHA-256 over all events so far, in hexadecimal."""
        return self._hash.copy().hexdigest()

    def of(self, *kinds: str) -> Iterator[Event]:
        """The events of these kinds, in order."""
        return (event for event in self.events if event.kind in kinds)
