"""What the agent keeps: lookups, sessions and checkouts that it handed off to."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from agents.sponsored.catalog import WHOLE
from agents.sponsored.consent import Known

TERMINAL = ("complete", "terminated")
"""States of a session in which it takes no message (enums/si-session-status.json)."""


@dataclass(slots=True, frozen=True)
class Lookup:
    """What a host was shown under an offering token, until ``expires_ms``."""

    caller: str
    offering_id: str
    shown: tuple[str, ...]
    expires_ms: int


@dataclass(slots=True, frozen=True)
class Choice:
    """What a user wants to buy."""

    product_id: str
    variant_id: str = WHOLE


@dataclass(slots=True)
class Checkout:
    """A purchase that was handed off and is open until ``expires_ms``; ``done`` once it was paid."""

    session_id: str
    choice: Choice
    expires_ms: int
    done: bool = False


@dataclass(slots=True)
class Session:
    """A conversation with the user of one host. What is personal or was said is gone when it has ended."""

    session_id: str
    caller: str
    offering_ids: tuple[str, ...]
    negotiated: dict[str, Any]
    user: Known
    expires_ms: int
    status: str = "active"
    turns: int = 0
    shown: list[str] = field(default_factory=list)
    """Products that the user has seen last, in their order."""
    focus: list[str] = field(default_factory=list)
    """Products that the conversation is about: what ``it`` means."""
    variant_id: str = WHOLE
    topics: list[str] = field(default_factory=list)
    """What was asked for, each once."""
    missed: list[str] = field(default_factory=list)
    """Products that the user wanted and that were sold out."""
    buying: bool = False
    """True while the user has to say what exactly is to be bought."""
    choice: Choice | None = None
    """What is to be bought, once a handoff was asked for."""
    ending: dict[str, Any] | None = None
    """The answer to si_terminate_session, which every later one gets too."""
    timed_out: bool = False

    @property
    def ended(self) -> bool:
        """True if it takes no message any more."""
        return self.status in TERMINAL

    def can(self, group: str, name: str) -> bool:
        """True if host and brand both have a capability, such as ``commerce``, ``acp_checkout``."""
        return bool(self.negotiated.get(group, {}).get(name))

    def forget(self) -> None:
        """Drop what is personal and what was talked about; data of a session goes when it ends."""
        self.user = Known()
        self.shown, self.focus, self.topics, self.missed = [], [], [], []
        self.choice, self.buying = None, False
