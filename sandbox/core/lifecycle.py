"""Lifecycles as data: which states there are, which follow which, which are final."""

from __future__ import annotations

from collections.abc import Iterable, Mapping


class Lifecycle:
    """A state machine that is a table.

    ``transitions`` maps each state to the states that may follow it; a state with none is terminal.
    ``initial`` lists the states in which a thing may be born.
    """

    __slots__ = ("_next", "initial", "name")

    def __init__(self, name: str, initial: Iterable[str], transitions: Mapping[str, Iterable[str]]) -> None:
        self.name = name
        self._next = {state: tuple(following) for state, following in transitions.items()}
        self.initial = tuple(initial)
        known = set(self._next)
        unknown = {s for following in self._next.values() for s in following} | set(self.initial)
        if unknown - known:
            raise ValueError(f"lifecycle {name}: states without a row: {sorted(unknown - known)}")

    @property
    def states(self) -> tuple[str, ...]:
        """All states, in the order of the table."""
        return tuple(self._next)

    def following(self, state: str) -> tuple[str, ...]:
        """The states that may follow ``state``."""
        return self._next[state]

    def is_terminal(self, state: str) -> bool:
        """True if nothing follows ``state``."""
        return not self._next[state]

    def allows(self, old: str | None, new: str) -> bool:
        """True if ``old`` may become ``new``; with ``old`` None, if a thing may be born as ``new``."""
        return new in self.initial if old is None else new in self._next.get(old, ())
