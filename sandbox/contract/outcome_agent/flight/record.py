"""What is known of a flight when it is over."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]


@dataclass(slots=True)
class Sent:
    """A message to the agent; ``status`` is the last attempt's, None if no answer came. ``at_ms`` is simulated."""

    operation: str
    body: Json
    key: str
    at_ms: int
    status: int | None = None
    answer: Any = None

    @property
    def taken(self) -> bool:
        """True if the agent said 200, or another status of that kind."""
        return self.status is not None and 200 <= self.status < 300


@dataclass(slots=True)
class Action:
    """Something that the agent asked of the platform, and what came of it; ``error`` is ``{code, message, field?}``."""

    operation: str
    body: Json
    at_ms: int
    ok: bool = False
    error: Json = field(default_factory=dict)


@dataclass(slots=True)
class Snapshot:
    """How the tactic stood at an instant, money in micros: its budget, and what its media buys spend or may spend."""

    at_ms: int
    budget_micros: int
    committed_micros: int
    ends_ms: list[int]
    """When its running media buys end."""


@dataclass(slots=True)
class Flight:
    """A flight. ``problem`` says why it came to nothing; ``tactic`` is how the platform shows it at the end."""

    base: str = ""
    """Address of the platform."""
    problem: str = "it was broken off"
    stage: str = "proposal"
    """How far it came: ``proposal``, ``acceptance``, ``flight``."""
    proposal: Json = field(default_factory=dict)
    tactic: Json = field(default_factory=dict)
    again: Json = field(default_factory=dict)
    """The answer to the repeated acceptance."""
    sent: list[Sent] = field(default_factory=list)
    actions: list[Action] = field(default_factory=list)
    snapshots: dict[str, Snapshot] = field(default_factory=dict)
    marks: dict[str, int] = field(default_factory=dict)
    """Instants of what the advertiser did, in ms: ``start, paused, resumed, end``."""

    def messages(self, *operations: str) -> list[Sent]:
        """The messages of some operations, in order."""
        return [one for one in self.sent if one.operation in operations]

    def between(self, first_ms: int, until_ms: int) -> list[Action]:
        """What the agent asked of the platform from one instant to before another."""
        return [one for one in self.actions if first_ms <= one.at_ms < until_ms]
