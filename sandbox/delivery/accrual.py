"""Flat rates: a total that accrues with time, not with delivery.

What is left to accrue is spread evenly over the rest of the flight. A stretch ends at the hour or at the next
change of the line; its amount is set aside in the line's budget groups when it begins, so that no other line
can spend it meanwhile, whatever instants the engine is asked to stop at.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Accrual:
    """How a flat-rate line is charged: ``left_micros`` accrue evenly in ``[since_ms, end_ms)``."""

    left_micros: int
    since_ms: int
    end_ms: int
    from_ms: int = 0
    to_ms: int = 0
    granted_micros: int = 0
    """What of the stretch budget, daily cap and groups can pay; 0 while the line is not active."""
    booked_micros: int = 0
    """What of ``granted_micros`` the line has been charged so far."""

    @classmethod
    def of(cls, rate_micros: int, start_ms: int, end_ms: int, now_ms: int) -> Accrual:
        """A line whose flight may have begun before it was added: the time before is not charged."""
        made = cls(rate_micros, start_ms, end_ms)
        made.change(now_ms, 0, start_ms, end_ms)
        return made

    def change(self, now_ms: int, more_micros: int, start_ms: int, end_ms: int) -> None:
        """Spread what is left, and ``more_micros``, over the rest of a flight ``[start_ms, end_ms)``."""
        self.left_micros = max(0, self.left_micros - self._up_to(now_ms) + more_micros)
        self.since_ms, self.end_ms = max(now_ms, start_ms), end_ms

    def _up_to(self, at_ms: int) -> int:
        length_ms = self.end_ms - self.since_ms
        if length_ms <= 0:
            return 0
        return self.left_micros * (min(max(at_ms, self.since_ms), self.end_ms) - self.since_ms) // length_ms

    def passed(self, at_ms: int) -> int:
        """What of the stretch is over by an instant, whoever can pay it."""
        return self._up_to(min(max(at_ms, self.from_ms), self.to_ms)) - self._up_to(self.from_ms)

    def charge(self, at_ms: int) -> int:
        """The charge since the last one, up to an instant."""
        more = min(self.granted_micros, self.passed(at_ms)) - self.booked_micros
        self.booked_micros += more
        return more

    def close(self) -> int:
        """End the stretch; returns what was set aside for it and not charged."""
        unused = self.granted_micros - self.booked_micros
        self.from_ms = self.to_ms = self.granted_micros = self.booked_micros = 0
        return unused

    def open(self, from_ms: int, to_ms: int, room_micros: int) -> int:
        """Begin a stretch that can be charged ``room_micros`` at most; returns when its money is used up."""
        if from_ms >= to_ms:
            return to_ms
        self.from_ms, self.to_ms = from_ms, to_ms
        due = self.passed(to_ms)
        self.granted_micros = max(0, min(due, room_micros))
        if self.granted_micros == due:
            return to_ms
        return from_ms + (to_ms - from_ms) * self.granted_micros // due
