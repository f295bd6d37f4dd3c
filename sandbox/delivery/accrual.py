"""Flat rates: a total that accrues with time, not with delivery.

What is left to accrue is spread evenly over the rest of the flight. A stretch ends at the hour or at the next
change of the line; its amount is set aside in the line's budget groups when it begins, so that no other line
can spend it meanwhile, whatever instants the engine is asked to stop at.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Accrual:
    """How a flat-rate line is charged. ``left_micros`` is what was to accrue when the stretch began."""

    left_micros: int
    from_ms: int = 0
    to_ms: int = 0
    due_micros: int = 0
    """What of ``left_micros`` belongs to the stretch."""
    granted_micros: int = 0
    """What of ``due_micros`` budget, daily cap and groups can pay; 0 while the line is not active."""
    booked_micros: int = 0
    """What of ``granted_micros`` the line has been charged so far."""

    @classmethod
    def of(cls, rate_micros: int, start_ms: int, end_ms: int, now_ms: int) -> Accrual:
        """A line whose flight may have begun before it was added: the time before is not charged."""
        length_ms = max(1, end_ms - start_ms)
        return cls(rate_micros * max(0, end_ms - max(start_ms, now_ms)) // length_ms)

    def passed(self, at_ms: int) -> int:
        """What of the stretch is over by an instant, whoever can pay it."""
        length_ms = self.to_ms - self.from_ms
        if length_ms <= 0:
            return 0
        return self.due_micros * (min(max(at_ms, self.from_ms), self.to_ms) - self.from_ms) // length_ms

    def charge(self, at_ms: int) -> int:
        """The charge since the last one, up to an instant."""
        more = min(self.granted_micros, self.passed(at_ms)) - self.booked_micros
        self.booked_micros += more
        return more

    def close(self, at_ms: int) -> int:
        """End the stretch; returns what was set aside for it and not charged."""
        self.left_micros -= self.passed(at_ms)
        unused = self.granted_micros - self.booked_micros
        self.from_ms = self.to_ms = self.due_micros = self.granted_micros = self.booked_micros = 0
        return unused

    def open(self, from_ms: int, to_ms: int, end_ms: int, room_micros: int) -> int:
        """Begin a stretch of a flight that ends at ``end_ms``; returns when its money is used up."""
        if from_ms >= to_ms:
            return to_ms
        self.from_ms, self.to_ms = from_ms, to_ms
        self.due_micros = self.left_micros * (to_ms - from_ms) // (end_ms - from_ms)
        self.granted_micros = max(0, min(self.due_micros, room_micros))
        if self.granted_micros == self.due_micros:
            return to_ms
        return from_ms + (to_ms - from_ms) * self.granted_micros // self.due_micros
