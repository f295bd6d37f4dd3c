"""The clock of a served sandbox: moved by a client, or by real time."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sandbox.core.errors import InputError

_FACTOR = re.compile(r"x(\d+(?:\.\d+)?)")

FASTEST = 1_000_000
"""How much faster than real time a clock may run: eleven days a second."""


def read_mode(text: str) -> float:
    """The factor of ``manual`` (0), ``real`` (1) or ``xN`` (N). Raises :class:`InputError`."""
    if text in ("manual", "real"):
        return float(text == "real")
    found = _FACTOR.fullmatch(text)
    if found is None or not 0 < float(found[1]) <= FASTEST:
        raise InputError(
            f"unknown clock {text!r}",
            "--clock",
            f"use manual, real, or x60 for an hour in a minute; x{FASTEST} at most",
        )
    return float(found[1])


class Clock:
    """Simulated time of all worlds that are served together, in ms; it never goes back.

    ``factor`` is how much faster than real time it runs; 0 stands still between advances. Work that takes
    simulated time (an answer that was on its way for 80 ms) pushes it.
    """

    def __init__(self, mode: str, now_ms: int, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.mode = mode
        self.factor = read_mode(mode)
        self._monotonic = monotonic
        self._floor_ms = now_ms
        self._since = monotonic()
        self._standing = 0

    def now(self) -> int:
        """Simulated time in ms."""
        if self.factor and not self._standing:
            self.push(self._floor_ms + round((self._monotonic() - self._since) * 1000 * self.factor))
        return self._floor_ms

    @contextmanager
    def standing(self) -> Iterator[None]:
        """Let time stand still meanwhile, whatever real time does."""
        self.now()
        self._standing += 1
        try:
            yield
        finally:
            self._standing -= 1
            self._since = self._monotonic()

    def push(self, at_ms: int) -> None:
        """Let it be at least ``at_ms``."""
        if at_ms > self._floor_ms:
            self._floor_ms = at_ms
            self._since = self._monotonic()
