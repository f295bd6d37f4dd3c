"""Probabilistic throttling: the line takes part in a random part of the opportunities.

Agarwal, Ghosh, Wei, You: Budget pacing for targeted online advertisements at LinkedIn (KDD 2014,
doi 10.1145/2623330.2623366). The participation rate starts low ("slow start") and goes one step down when the
line is ahead of its planned cumulative spend, one step up when it is behind. Theirs is a step of 10 percent a
minute. As this one has an hour to wait, its step is larger, and it looks at where the line will be after the
next hour if that brings as much as the last: otherwise it would swing about the plan for ever.
"""

from __future__ import annotations

from sandbox.core.time import HOUR_MS
from sandbox.delivery.pacing import Pace, Stretch
from sandbox.delivery.pacing.course import course

START = 0.1
"""The participation rate of the first hour."""

STEP = 0.3
"""By what part of itself the rate changes in an hour."""

LOWEST = 1e-6


def allowance(stretch: Stretch) -> Pace:
    """A level limit, and the part of the opportunities that the line takes part in."""
    found = course(stretch)
    if isinstance(found, Pace):
        return found
    rate = stretch.memory.get("rate", START)
    if found.hours:
        coming = found.spent * (stretch.to_ms - stretch.from_ms) / (found.hours * HOUR_MS)
        too_much = found.stopped or found.at + found.ahead + coming > found.end
        step = (1.0 + STEP) ** found.hours
        rate = max(LOWEST, min(1.0, rate / step if too_much else rate * step))
    stretch.memory["rate"] = rate
    return Pace(found.ceiling, found.ceiling, rate)
