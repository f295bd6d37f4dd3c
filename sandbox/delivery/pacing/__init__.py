"""Pacing strategies: how much a line may have spent by when. One file each, one line here.

A strategy is asked once per line and hour, and again after each change of the line. It answers with the
cumulative amount allowed at the beginning and at the end of the stretch; in between the engine goes in a
straight line. It may also say in which part of the opportunities the line takes part at all, and what part of its bid
it bids. The next charge is due at the first millisecond at which that line reaches the spend plus half
of the charge, so a line is never ahead of its plan by more than half a charge. An impressions goal is paced
by the same strategies, with impressions in the place of money.

``even``, ``asap`` and ``front_loaded`` are plans (due-time pacing). The others keep the even plan by feedback:
once a stretch they look at what was spent and change a rate; ``course.py`` has what they share.
"""

from collections.abc import Callable
from math import inf
from typing import NamedTuple

from sandbox.core.registry import Registry


class Stretch(NamedTuple):
    """The stretch of time to plan, in ms, inside a flight ``[start_ms, end_ms)``.

    Amounts are micros for a budget, impressions for a goal.
    """

    from_ms: int
    to_ms: int
    start_ms: int
    end_ms: int
    total: int
    """The budget or the goal."""
    used: int
    """What is spent (delivered) so far."""
    due: float
    """What the plan so far wanted to be used by ``from_ms``; ``used`` itself where there was no plan."""
    unit: float
    """What one impression (click, view …) uses."""
    day_end_ms: int
    """When the day of the budget's time zone is over."""
    day_left: int | None = None
    """What the daily cap leaves of this day; None without one."""
    memory: dict[str, float] = {}
    """What the strategy wants to remember until it is asked again for this line."""

    @property
    def base(self) -> float:
        """Where to plan from: the plan so far, or what is used where that is more than a unit off the plan."""
        return self.due if abs(self.due - self.used) <= self.unit else float(self.used)

    def within_day(self, more: float, base: float | None = None) -> float:
        """``more`` for the stretch, but no more than the stretch's even part of what the daily cap leaves.

        A plan that does not begin at :attr:`base` says where it does.
        """
        if self.day_left is None:
            return max(0.0, more)
        left = self.used + self.day_left - (self.base if base is None else base)
        part = (self.to_ms - self.from_ms) / (min(self.day_end_ms, self.end_ms) - self.from_ms)
        return max(0.0, min(more, left * part))


class Pace(NamedTuple):
    """The pace of a stretch: the cumulative amounts allowed at its beginning and at its end."""

    at: float
    end: float
    participation: float = 1.0
    """The fraction of the opportunities that the line considers."""
    bid_factor: float = 1.0
    """What part of its bid a line bids in auctions, at most 1."""


NOTHING = Pace(inf, inf)
"""Nothing to pace."""

Strategy = Callable[[Stretch], Pace]

PACING: Registry[Strategy] = Registry("pacing strategy")

from sandbox.delivery.pacing import adaptive, asap, even, front_loaded, pid, throttling  # noqa: E402

PACING.add("even", even.allowance)
PACING.add("asap", asap.allowance)
PACING.add("front_loaded", front_loaded.allowance)
PACING.add("throttling", throttling.allowance)
PACING.add("adaptive", adaptive.allowance)
PACING.add("adaptive_bids", adaptive.bid_allowance)
PACING.add("pid", pid.allowance)
