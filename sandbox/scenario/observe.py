"""Watching the trace: is a status reached, how many messages or events of a kind were there."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from sandbox.scenario.compare import described, mismatch
from sandbox.scenario.conditions import (
    EventCondition,
    EventMatch,
    MessageCondition,
    MessageMatch,
    StatusCondition,
    StatusMatch,
)
from sandbox.scenario.references import resolve, shown
from sandbox.scenario.select import select

if TYPE_CHECKING:
    from sandbox.kernel.trace import Event

MAX_SEEN = 6
"""How many things a message names."""

TraceCondition = StatusCondition | MessageCondition | EventCondition


class StatusWatch:
    """Keeps the state of each thing that a status condition is about."""

    kind = "status"
    """The kind of event that it is about."""

    def __init__(self, match: StatusMatch, names: Mapping[str, Any]) -> None:
        self._match = match
        self._id = None if match.id is None else str(resolve(match.id, names))
        self._states: dict[tuple[str, str], str] = {}

    def feed(self, event: Event) -> bool:
        """Take an event in; True if it is about one of the things."""
        match, data = self._match, event.data
        if event.kind != "status" or data["entity"] != match.entity:
            return False
        if self._id is not None and data["id"] != self._id:
            return False
        if match.actor is not None and event.actor != match.actor:
            return False
        self._states[event.actor, data["id"]] = data["new"]
        return True

    def forget(self) -> None:
        """States last; there is nothing to count anew."""

    def any(self) -> bool:
        """True if there is anything to judge yet."""
        return bool(self._states)

    def some(self) -> bool:
        """True if one of the things is in the state."""
        return any(map(self._match.matches, self._states.values()))

    def every(self) -> bool:
        """True if there are such things and all of them are in the state."""
        return bool(self._states) and all(self._match.matches(state) for state in self._states.values())

    def wanted(self) -> str:
        """What is expected, in words."""
        match = self._match
        state = match.state or (f"one of {', '.join(match.states or ())}" if match.states else "")
        return f"{self._subject()} to be {state or f'anything but {match.other_than}'}"

    def seen(self) -> str:
        """What is there, in words."""
        if not self._states:
            return f"no {self._match.entity}"
        found = [f"{thing} {state}" for (_, thing), state in self._states.items()]
        more = f" and {len(found) - MAX_SEEN} more" if len(found) > MAX_SEEN else ""
        return ", ".join(found[:MAX_SEEN]) + more

    def _subject(self) -> str:
        whose = f" of {self._match.actor}" if self._match.actor else ""
        return f"{self._match.entity}{f' {self._id}' if self._id else ''}{whose}"


class CountWatch:
    """Counts the events or messages that a condition is about."""

    def __init__(self, match: MessageMatch | EventMatch, names: Mapping[str, Any]) -> None:
        self.kind = match.kind
        self._match = match
        self._paths: dict[str, Any] = resolve(match.body if isinstance(match, MessageMatch) else match.data, names)
        self._count: Any = resolve(match.count, names)
        self._seen = 0

    def feed(self, event: Event) -> bool:
        """Take an event in; True if it counts."""
        if not self._fits(event):
            return False
        self._seen += 1
        return True

    def forget(self) -> None:
        """Count anew, from the opening of a window on."""
        self._seen = 0

    def any(self) -> bool:
        """True if anything was counted yet."""
        return self._seen > 0

    def some(self) -> bool:
        """True if there are as many as there must be."""
        return not mismatch(self._count, [self._seen])

    every = some

    def wanted(self) -> str:
        """What is expected, in words."""
        return f"{described(self._count)} of {self._subject()}"

    def seen(self) -> str:
        """What is there, in words."""
        return str(self._seen)

    def _subject(self) -> str:
        match = self._match
        paths = f" with {shown(self._paths)}" if self._paths else ""
        if isinstance(match, EventMatch):
            return f"{match.kind} by {match.actor}{paths}"
        operation = "" if match.kind == "webhook" else f" {match.operation}"
        return f"{match.kind}{operation} from {match.sender} to {match.to}{paths}"

    def _fits(self, event: Event) -> bool:
        match = self._match
        if event.kind != match.kind:
            return False
        if isinstance(match, EventMatch):
            return fnmatchcase(event.actor, match.actor) and _all_there(self._paths, event.data)
        sender, to, data = event.actor, event.data["to"], event.data
        names = [(sender, match.sender), (to, match.to)]
        if match.kind != "webhook":
            names.append((data["operation"], match.operation))
        if not all(fnmatchcase(name, pattern) for name, pattern in names):
            return False
        if match.ok is not None and data.get("ok") is not match.ok:
            return False
        return _all_there(self._paths, data.get("body", data.get("payload", {})))


Watch = StatusWatch | CountWatch


def watch(condition: TraceCondition, names: Mapping[str, Any]) -> Watch:
    """A watch for a condition, with its references replaced.

    Raises :class:`~sandbox.scenario.references.UnknownNameError` for what no step has saved.
    """
    if isinstance(condition, StatusCondition):
        return StatusWatch(condition.status, names)
    if isinstance(condition, MessageCondition):
        return CountWatch(condition.message, names)
    return CountWatch(condition.event, names)


def _all_there(paths: Mapping[str, Any], value: Any) -> bool:
    return all(not mismatch(expected, select(value, path)) for path, expected in paths.items())
