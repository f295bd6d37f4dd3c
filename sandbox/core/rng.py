"""Random streams: one root seed, a stream of its own for each actor and purpose.

Drawing more numbers for one purpose changes no other one, and a stream depends on its names alone, not on
the order in which streams were asked for.
"""

from __future__ import annotations

import hashlib
from random import Random


def derive(seed: int, *names: object) -> int:
    """A 64-bit seed that is a function of ``seed`` and ``names`` alone, on every machine."""
    text = "\x1f".join([str(seed), *(str(n) for n in names)])
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")


class Streams:
    """The random streams of a world."""

    __slots__ = ("_streams", "seed")

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self._streams: dict[tuple[str, ...], Random] = {}

    def stream(self, *names: str) -> Random:
        """The stream of this name: the same object each time, e.g. ``stream("seller-1", "approval")``."""
        if names not in self._streams:
            self._streams[names] = Random(derive(self.seed, *names))
        return self._streams[names]

    def derive(self, *names: object) -> int:
        """A seed for a generator that is kept elsewhere (NumPy, Faker, the delivery kernel)."""
        return derive(self.seed, *names)
