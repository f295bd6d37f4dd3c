"""What all checkers have in common."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sandbox.core.time import iso

if TYPE_CHECKING:
    from sandbox.kernel.trace import Event
    from sandbox.kernel.world import World


@dataclass(slots=True, frozen=True)
class Violation:
    """A rule of the world that was broken: by which event (0: none), when, and how."""

    checker: str
    seq: int
    at_ms: int
    message: str

    def __str__(self) -> str:
        place = f" (event {self.seq})" if self.seq else ""
        return f"{self.checker} at {iso(self.at_ms)}{place}: {self.message}"


class Checker:
    """Listens to a world's trace and collects violations."""

    name = ""

    def __init__(self, world: World) -> None:
        self.world = world
        self.violations: list[Violation] = []

    def on_event(self, event: Event) -> None:
        """Look at one event."""

    def finish(self) -> None:
        """Look at the world once more when the run is over."""

    def breach(self, message: str, event: Event | None = None) -> None:
        """Report a violation."""
        seq, at_ms = (event.seq, event.at_ms) if event else (0, self.world.now)
        self.violations.append(Violation(self.name, seq, at_ms, message))
