"""What a check is, how it fails, and what is found."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, Generic, Literal, TypeVar

from sandbox.contract.talk import Exchange

Severity = Literal["must", "should"]
"""What fails a ``must`` does not conform; what fails a ``should`` is warned of."""

Outcome = Literal["passed", "failed", "skipped"]


class Failed(Exception):
    """What was checked is not so: what it is about, what would be right, and what was found."""

    def __init__(self, what: str, wanted: Any = None, found: Any = None) -> None:
        super().__init__(what, wanted, found)
        self.what, self.wanted, self.found = what, wanted, found


class Skipped(Exception):
    """It can't be checked here; the text says why."""


def expect(holds: bool, what: str, wanted: Any = None, found: Any = None) -> None:
    """Raise :class:`Failed` unless ``holds``; ``what`` names the field or the thing, as in ``"status"``."""
    if not holds:
        raise Failed(what, wanted, found)


T = TypeVar("T")


@dataclass(slots=True, frozen=True)
class Check(Generic[T]):
    """One thing that must be so. ``rule`` says where that is written (``rule 204``, ``RFC 6902``)."""

    name: str
    rule: str
    severity: Severity
    body: Callable[[T], Awaitable[None]]
    timeout_s: float

    @property
    def says(self) -> str:
        """What must be so."""
        return (self.body.__doc__ or "").strip()


@dataclass(slots=True)
class Finding:
    """How a check went, with the conversation that shows it."""

    check: Check[Any]
    outcome: Outcome
    what: str = ""
    wanted: Any = None
    found: Any = None
    seconds: float = 0.0
    exchanges: list[Exchange] = field(default_factory=list)

    @property
    def broken(self) -> bool:
        """True if the subject does not conform because of it."""
        return self.outcome == "failed" and self.check.severity == "must"

    @property
    def detail(self) -> str:
        """What is wrong, in a line."""
        if self.wanted is None and self.found is None:
            return self.what
        return f"{self.what}: wanted {_brief(self.wanted)}, found {_brief(self.found)}"

    @property
    def curl(self) -> str:
        """A command that repeats the last exchange; empty if there was none."""
        return self.exchanges[-1].curl() if self.exchanges else ""


class Checks(Generic[T]):
    """The checks of one subject, in the order in which they are written; ``tidy`` is done after each of them."""

    def __init__(self, tidy: Callable[[T], Awaitable[None]] | None = None) -> None:
        self._checks: dict[str, Check[T]] = {}
        self._tidy = tidy

    def add(
        self, name: str, rule: str, severity: Severity = "must", timeout_s: float = 60.0
    ) -> Callable[[Callable[[T], Awaitable[None]]], Callable[[T], Awaitable[None]]]:
        """Register a function as a check: ``@CHECKS.add("group.name", "rule 204")``."""

        def register(body: Callable[[T], Awaitable[None]]) -> Callable[[T], Awaitable[None]]:
            if name in self._checks:
                raise ValueError(f"check {name!r} is registered twice")
            self._checks[name] = Check(name, rule, severity, self._tidied(body), timeout_s)
            return body

        return register

    def _tidied(self, body: Callable[[T], Awaitable[None]]) -> Callable[[T], Awaitable[None]]:
        tidy = self._tidy
        if tidy is None:
            return body

        @wraps(body)
        async def run(subject: T) -> None:
            try:
                await body(subject)
            finally:
                await tidy(subject)

        return run

    def __iter__(self) -> Iterator[Check[T]]:
        return iter(self._checks.values())

    def __len__(self) -> int:
        return len(self._checks)


@dataclass(slots=True, frozen=True)
class Subject(Generic[T]):
    """What can be checked.

    ``open(url, auth, talk)`` gives what the checks get, and raises :class:`~sandbox.core.errors.InputError` if nothing
    answers there. ``options`` are the names of further options that it understands; ``open`` gets those that were
    given as keywords. ``official`` are checks of others that run only when asked for.
    """

    name: str
    title: str
    open: Callable[..., AbstractAsyncContextManager[T]]
    checks: Checks[T]
    options: tuple[str, ...] = ()
    official: Checks[T] | None = None


def _brief(value: Any) -> str:
    text = " ".join((value if isinstance(value, str) else repr(value)).split())
    return text if len(text) <= 300 else f"{text[:299]}…"
