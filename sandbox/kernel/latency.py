"""How long a message takes from one actor to another."""

from __future__ import annotations

import math
from dataclasses import dataclass
from random import Random

_Z95 = 1.6448536269514722  # the 95th percentile of the standard normal distribution


@dataclass(slots=True, frozen=True)
class Latency:
    """A log-normal latency given by its median and 95th percentile in ms (equal: a constant)."""

    median_ms: int = 40
    p95_ms: int = 120

    def __post_init__(self) -> None:
        if self.median_ms < 0 or self.p95_ms < self.median_ms:
            raise ValueError("latency needs 0 <= median <= p95")

    def draw(self, rng: Random) -> int:
        """One latency in whole ms."""
        if self.median_ms == self.p95_ms or self.median_ms == 0:
            return self.median_ms
        sigma = math.log(self.p95_ms / self.median_ms) / _Z95
        return round(self.median_ms * math.exp(sigma * rng.gauss(0.0, 1.0)))


NO_LATENCY = Latency(0, 0)
