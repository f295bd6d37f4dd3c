"""How long people take to decide, and when they work."""

from __future__ import annotations

from random import Random

from agents.seller.config_times import DelayConfig, OfficeHours
from sandbox.core.time import DAY_MS, day_start, weekday
from sandbox.kernel.latency import Latency


def decision_time(now_ms: int, delay: DelayConfig, hours: OfficeHours | None, rng: Random) -> int:
    """The instant (ms) at which somebody decides about what comes in now.

    The delay is calendar time; what falls outside office hours waits for the next opening.
    """
    drawn = Latency(delay.median, delay.median if delay.p95 is None else delay.p95).draw(rng)
    return next_open(now_ms + drawn, hours)


def next_open(at_ms: int, hours: OfficeHours | None) -> int:
    """The instant itself if it lies in office hours, else the next opening."""
    if hours is None:
        return at_ms
    local = at_ms + hours.offset_ms
    for day in range(8):
        midnight = day_start(local) + day * DAY_MS
        if weekday(midnight) not in hours.weekdays:
            continue
        opens, closes = midnight + hours.from_ms, midnight + hours.to_ms
        if local < closes:
            return max(local, opens) - hours.offset_ms
    raise AssertionError("a week without a working day")
