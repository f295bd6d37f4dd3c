"""What a run breaks, told so that two runs can be compared: is it the same promise, broken in the same way?"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from sandbox.results.result import RunResult

_BLANKS = (
    (re.compile(r"; \d+ more steps? w(?:as|ere) never taken"), ""),
    (re.compile(r"\d{4}-\d\d-\d\d(?:T[\d:.]+Z?)?"), "@"),
    (re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|\b[a-z]+_[0-9a-f]{10}\b"), "id"),
    (re.compile(r"(?<![\w.])-?0+(?:\.0+)?(?![\w.])"), "none"),
    (re.compile(r"-?\d+(?:[.,]\d+)*(?:e-?\d+)?(?:ms|[smhdw]\b)?(?: \d+(?:ms|[smhdw]\b))*"), "#"),
)
"""What differs between two runs of the same kind; a zero is no number like others, for it may mean that nothing was."""

_NOTHING = re.compile(r"\b(no|none|nothing|never)\b")


@dataclass(slots=True, frozen=True)
class Breach:
    """A broken expectation or step (``kind`` is ``expectation``), or what a checker found (``checker``).

    ``shape`` is how it was broken, without ids, instants and numbers; ``detail`` is the same in full.
    """

    kind: str
    name: str
    shape: str
    detail: str

    @property
    def absence(self) -> bool:
        """True if it consists in nothing being there: what was seen counts, not what was expected."""
        seen = self.shape.rpartition(", saw ")[2]
        return self.kind == "expectation" and not seen.startswith("the error") and bool(_NOTHING.search(seen))

    def same(self, other: Breach) -> bool:
        """True if the other one is the same promise, broken in the same way."""
        return (self.kind, self.name, self.shape) == (other.kind, other.name, other.shape)


def breaches(result: RunResult) -> Iterator[Breach]:
    """All that a run breaks, the first one first."""
    for judged in result.expectations:
        if not judged.held:
            yield Breach("expectation", judged.name, shape(judged.detail), judged.detail)
    for violation in result.violations:
        yield Breach("checker", violation.checker, shape(violation.message), violation.message)


def evidence(result: RunResult) -> tuple[str, ...]:
    """What a run has to show besides a breach that consists in nothing being there, which an empty world shows too.

    That is the first thing that went wrong between the actors: a call without an answer or refused, a failure; else the
    first fault, else the last call of a step. Empty if there is none of them.
    """
    fault: tuple[str, ...] = ()
    called: tuple[str, ...] = ()
    for event in result.trace.events:
        data = event.data
        if event.kind == "fault":
            fault = fault or ("fault", data["fault"], data["link"])
        elif event.kind == "lost" and event.actor != "driver":
            return ("no answer", event.actor, data["to"], data["operation"])
        elif event.kind == "reply" and not data["ok"] and data["to"] != "driver":
            return ("refused", data["to"], event.actor, data["operation"])
        elif event.kind == "status" and data["new"].lower() in ("failed", "rejected"):
            return ("status", event.actor, data["entity"], data["new"])
        elif event.kind == "call" and event.actor == "driver":
            called = ("call", data["to"], data["operation"])
    return fault or called


def shape(text: str) -> str:
    """A text without what differs between two runs of the same kind."""
    for pattern, blank in _BLANKS:
        text = pattern.sub(blank, text)
    return text
