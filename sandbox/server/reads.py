"""Which reads the journal gets: those that told a client something since the last input."""

from __future__ import annotations

import json
from typing import Any

from sandbox.kernel.endpoint import Principal, Reply

MOST = 10_000
"""How many different questions are remembered at a time."""


class Reads:
    """The last answer to each question, so that a client that asks all the time does not fill the journal."""

    def __init__(self) -> None:
        self._last: dict[tuple[str, str, str, str], tuple[int, int]] = {}
        """When it was asked, and the hash of the answer."""

    def forget(self) -> None:
        """Begin anew: there was an input, and that an answer is still the same says something about it."""
        self._last.clear()

    def tells_more(self, name: str, payload: dict[str, Any], principal: Principal, reply: Reply, at_ms: int) -> bool:
        """True if the answer is not the one that the same question of the same caller had the last time.

        In the same simulated millisecond, with no input since, it is the same: nobody has to look.
        """
        question = name, json.dumps(payload), principal.id, principal.user
        asked_ms, before = self._last.get(question, (-1, None))
        if asked_ms == at_ms:
            return False
        answer = hash((reply.status, reply.json()))
        if question not in self._last and len(self._last) >= MOST:
            self._last.clear()
        self._last[question] = at_ms, answer
        return answer != before
