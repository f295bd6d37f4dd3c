"""What feedback strategies steer by: an even plan, and how far the line is from it.

Due-time pacing follows its plan to the ms. A feedback strategy sees what was spent once a stretch, an hour as a
rule, and changes the rate at which the line takes part or bids; between two looks spend is left to chance. Two
things bound what that costs: a line stops when it is :data:`LEAD` of its total, or one stretch, ahead of the
plan, and where a flight, or a day whose cap is the limit, comes to its end, pacing is by due time ("fast
finish"), so that the rest is spent.
"""

from __future__ import annotations

from math import exp, log
from typing import NamedTuple

from sandbox.core.time import HOUR_MS
from sandbox.delivery.pacing import Pace, Stretch, even

LEAD = 0.02
"""How much of its total a line may be ahead of its plan."""

FINISH = 0.1
"""The last part of a flight that is paced by due time."""

FINISH_MS = 2 * HOUR_MS
"""The last part of a flight, at least, and of a day."""

SLOWEST = log(1e-6)
"""The logarithm of the lowest rate, one of a million opportunities."""


class Course(NamedTuple):
    """An even plan for a stretch and the way there. Amounts are micros of a budget or impressions of a goal."""

    at: float
    """What the plan wants to be used at the beginning of the stretch."""
    end: float
    """What it wants to be used at the end."""
    hourly: float
    """What the plan wants in an hour, but at least one unit: what errors are measured in."""
    ahead: float
    """How much more is used than planned."""
    hours: float
    """How long the stretch before was; 0 where there was none."""
    spent: float
    """What that stretch used."""
    wanted: float
    """What it was to use."""
    stopped: bool
    """The line was stopped for being too far ahead in the stretch before: it would have used more."""
    ceiling: float
    """The cumulative amount at which the line stops."""


def course(stretch: Stretch, anew: bool = False) -> Course | Pace:
    """The course of a stretch; a pace by due time where the flight or the day has to be finished.

    The plan goes on where it was, be spend ahead of it or behind. After a pause, and where there was none, it
    begins at what is used. With ``anew`` each stretch plans what is left, whatever the plan was.
    """
    memory, used, length_ms = stretch.memory, float(stretch.used), stretch.to_ms - stretch.from_ms
    steady = memory.get("from_ms", stretch.to_ms) <= stretch.from_ms <= memory.get("to_ms", 0)
    since_ms = stretch.from_ms - memory["from_ms"] if steady else 0
    begun = planned = memory["at"] if steady else used
    if since_ms:
        planned += (memory["end"] - begun) * since_ms / (memory["to_ms"] - memory["from_ms"])
    at = used if anew else planned
    more = max(0.0, stretch.total - at) * length_ms / (stretch.end_ms - stretch.from_ms)
    today = stretch.within_day(more, at)
    if last := _last(stretch, capped=today < more):
        memory.pop("to_ms", None)
        return last
    found = Course(
        at=at,
        end=at + today,
        hourly=max(today * HOUR_MS / length_ms, stretch.unit, 1.0),
        ahead=used - at,
        hours=since_ms / HOUR_MS,
        spent=used - memory["used"] if steady else 0.0,
        wanted=planned - begun,
        stopped=steady and used + stretch.unit > memory["ceiling"],
        ceiling=min(float(stretch.total), at + today + max(today, LEAD * stretch.total)),
    )
    memory.update(from_ms=stretch.from_ms, to_ms=stretch.to_ms, used=used)
    memory.update(at=at, end=found.end, ceiling=found.ceiling)
    return found


def _last(stretch: Stretch, capped: bool) -> Pace | None:
    """A pace by due time near the end of the day if its cap is the limit, and near the end of the flight."""
    memory, base = stretch.memory, stretch.base
    if capped and stretch.day_left is not None and stretch.day_end_ms - stretch.from_ms <= FINISH_MS:
        memory.update(day_end_ms=stretch.day_end_ms, day_goal=stretch.used + stretch.day_left)
    if memory.get("day_end_ms") == stretch.day_end_ms:
        part = (stretch.to_ms - stretch.from_ms) / (min(stretch.day_end_ms, stretch.end_ms) - stretch.from_ms)
        return Pace(base, base + stretch.within_day((min(memory["day_goal"], stretch.total) - base) * part))
    finish_ms = max(FINISH_MS, FINISH * (stretch.end_ms - stretch.start_ms))
    return even.allowance(stretch) if stretch.end_ms - stretch.from_ms <= finish_ms else None


def rate(logarithm: float) -> float:
    """A rate of at most 1 from its logarithm."""
    return min(1.0, exp(max(SLOWEST, logarithm)))
