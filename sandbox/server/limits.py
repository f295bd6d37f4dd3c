"""How many requests a customer may send, over REST and MCP together (rule 4)."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from sandbox.core.errors import ApiError


class RateLimit:
    """A token bucket for each customer: ``per_s`` requests a second, twice as many at once. 0 limits nothing."""

    def __init__(self, per_s: float = 0.0, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.per_s = per_s
        self._monotonic = monotonic
        self._left: dict[str, tuple[float, float]] = {}

    def take(self, who: str) -> float:
        """Count a request; gives the seconds to wait if it is too many, else 0."""
        if not self.per_s:
            return 0.0
        now = self._monotonic()
        left, since = self._left.get(who, (2 * self.per_s, now))
        left = min(2 * self.per_s, left + (now - since) * self.per_s)
        if left < 1:
            self._left[who] = (left, now)
            return (1 - left) / self.per_s
        self._left[who] = (left - 1, now)
        return 0.0

    def admit(self, who: str) -> None:
        """Count a request. Raises RATE_LIMITED, with the seconds to wait, if it is too many."""
        wait_s = self.take(who)
        if wait_s:
            raise ApiError("RATE_LIMITED", "too many requests", details={"retryAfterSeconds": math.ceil(wait_s)})
