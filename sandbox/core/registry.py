"""A named table of things that can be looked up and listed: agents, pacing strategies, operations."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

from sandbox.core.errors import InputError

T = TypeVar("T")


class Registry(Generic[T]):
    """Names to things of one kind; a name is given once."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._items: dict[str, T] = {}

    def add(self, name: str, item: T) -> T:
        """Register ``item``; ``ValueError`` if the name is taken."""
        if name in self._items:
            raise ValueError(f"{self.kind} {name!r} is registered twice")
        self._items[name] = item
        return item

    def register(self, name: str) -> Callable[[T], T]:
        """The decorator form of :meth:`add`."""
        return lambda item: self.add(name, item)

    def get(self, name: str) -> T:
        """The thing of that name; :class:`InputError` with the nearest names otherwise."""
        if name in self._items:
            return self._items[name]
        near = difflib.get_close_matches(name, self._items, n=3)
        hint = f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(sorted(self._items))}"
        raise InputError(f"unknown {self.kind} {name!r}", hint=hint)

    def __contains__(self, name: str) -> bool:
        return name in self._items

    def __iter__(self) -> Iterator[str]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)
