"""Faults of the network, seeded: which messages are lost, late or refused, and when."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from random import Random
from typing import Literal

FaultKind = Literal["drop", "delay", "answer_lost", "unavailable"]


@dataclass(slots=True)
class Fault:
    """One fault rule.

    ``drop`` loses the message before it arrives, ``answer_lost`` after it was served, ``unavailable``
    refuses it with a transient error, ``delay`` adds ``delay_ms``. ``sender``, ``to`` and ``message`` (an
    operation's name, or ``webhook``) are glob patterns; the rule holds in ``[from_ms, until_ms)``, with
    ``probability``, and at most ``count`` times.
    """

    kind: FaultKind
    sender: str = "*"
    to: str = "*"
    message: str = "*"
    from_ms: int | None = None
    until_ms: int | None = None
    probability: float = 1.0
    count: int | None = None
    delay_ms: int = 0

    def strikes(self, sender: str, to: str, message: str, now_ms: int, rng: Random) -> bool:
        """True if the rule hits this message; counts the hit."""
        if self.count is not None and self.count <= 0:
            return False
        if self.from_ms is not None and now_ms < self.from_ms:
            return False
        if self.until_ms is not None and now_ms >= self.until_ms:
            return False
        names = ((sender, self.sender), (to, self.to), (message, self.message))
        if not all(fnmatchcase(name, pattern) for name, pattern in names):
            return False
        if self.probability < 1.0 and rng.random() >= self.probability:
            return False
        if self.count is not None:
            self.count -= 1
        return True
