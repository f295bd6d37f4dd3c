"""Identifiers that are the same in every run of the same world.

No ``uuid4``: an identifier is a function of the world's seed, the actor that makes it and how many of its
kind that actor has made before.
"""

from __future__ import annotations

import hashlib
import uuid
from collections import Counter


class Ids:
    """Makes identifiers for one actor (or for the world, under the name ``world``)."""

    __slots__ = ("_made", "first_number", "owner", "seed")

    def __init__(self, seed: int, owner: str, first_number: int = 1) -> None:
        self.seed = seed
        self.owner = owner
        self.first_number = first_number
        self._made: Counter[str] = Counter()

    def _digest(self, prefix: str) -> bytes:
        self._made[prefix] += 1
        text = f"{self.seed}/{self.owner}/{prefix}/{self._made[prefix]}"
        return hashlib.sha256(text.encode()).digest()

    def next(self, prefix: str) -> str:
        """An identifier such as ``mb_3f9a1c07be``: prefix and ten hexadecimal digits."""
        return f"{prefix}_{self._digest(prefix).hex()[:10]}"

    def number(self, prefix: str) -> int:
        """A running number for ids that are numbers on the wire (advertisers): 1, 2, 3, … from ``first_number``."""
        self._made[prefix] += 1
        return self.first_number + self._made[prefix] - 1

    def uuid(self, prefix: str = "uuid") -> str:
        """An identifier in the form of a version 4 UUID, for fields that demand one."""
        return str(uuid.UUID(bytes=self._digest(prefix)[:16], version=4))
