"""Supply: what traffic comes to a placement, and who the people are.

Everything about an opportunity is a function of the seed, the placement, the hour and its number in that
hour, so no decision and no cut of time can change the traffic. This file says how many opportunities there
are and under which key; ``loop.py`` draws the rest of an opportunity when it needs it.
"""

from __future__ import annotations

from itertools import pairwise
from math import exp
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sandbox.core.rng import derive
from sandbox.core.time import DAY_MS, HOUR_MS, WEEK_MS, parse_instant
from sandbox.delivery.hashing import mix, normal, poisson
from sandbox.delivery.model import Placement, Targeting
from sandbox.delivery.people import People
from sandbox.delivery.tables import OPPORTUNITY, SOURCE, TICK_MS

_MONDAY_MS = 3 * DAY_MS  # 1970-01-01 was a Thursday
_HOURS = WEEK_MS // HOUR_MS
_GROWS_FROM_MS = parse_instant("2026-01-01")


class Stream:
    """The traffic of one placement, from the instant ``known_ms`` at which it was added."""

    def __init__(self, seed: int, placement: Placement, known_ms: int) -> None:
        self.placement = placement
        self.from_ms = max(known_ms, placement.start_ms or 0)
        self.until_ms = 1 << 62 if placement.end_ms is None else placement.end_ms
        self._key = derive(seed, "supply", placement.placement_id)
        whole = sum(placement.hour_shape) * sum(placement.week_shape)
        weekly = placement.daily_opportunities * 7
        self._means = [weekly * h * d / whole for d in placement.week_shape for h in placement.hour_shape]
        self._before = [0.0, *(float(v) for v in np.cumsum(self._means))]
        self._special = {parse_instant(day): factor for day, factor in placement.special_days.items()}
        self._steady = not self._special and not placement.growth

    def key(self, hour_ms: int) -> int:
        """The key of the opportunities of an hour; number ``i`` has the key ``mix(key, i)``."""
        return mix(self._key, hour_ms + 1)

    def count(self, hour_ms: int) -> int:
        """Opportunities drawn for an hour; those outside ``[from_ms, until_ms)`` do not come."""
        if hour_ms >= self.until_ms or hour_ms + HOUR_MS <= self.from_ms:
            return 0
        mean = self._means[(hour_ms + _MONDAY_MS) // HOUR_MS % _HOURS] * self._factor(hour_ms - hour_ms % DAY_MS)
        key, sigma = mix(self._key, hour_ms), self.placement.noise
        if sigma:
            mean *= exp(sigma * normal(mix(key, 3)) - 0.5 * sigma * sigma)
        return poisson(mean, key)

    def _factor(self, day_ms: int) -> float:
        """What growth and special days make of a day."""
        if self._steady:
            return 1.0
        grown = float((1.0 + self.placement.growth) ** ((day_ms - _GROWS_FROM_MS) / DAY_MS))
        return grown * self._special.get(day_ms, 1.0)

    def expected(self, from_ms: int, to_ms: int) -> float:
        """Opportunities to expect in ``[from_ms, to_ms)``; noise has a mean of 1."""
        from_ms, to_ms = max(from_ms, self.placement.start_ms or 0), min(to_ms, self.until_ms)
        if from_ms >= to_ms:
            return 0.0
        if self._steady:
            return float(self._up_to(to_ms) - self._up_to(from_ms))
        edges = [from_ms, *range(from_ms - from_ms % DAY_MS + DAY_MS, to_ms, DAY_MS), to_ms]
        return sum((self._factor(a - a % DAY_MS) * (self._up_to(b) - self._up_to(a)) for a, b in pairwise(edges)), 0.0)

    def _up_to(self, at_ms: int) -> float:
        weeks, rest_ms = divmod(at_ms + _MONDAY_MS, WEEK_MS)
        hour, part_ms = divmod(rest_ms, HOUR_MS)
        return weeks * self._before[-1] + self._before[hour] + self._means[hour] * part_ms / HOUR_MS


def cumulative(shares: dict[str, float]) -> list[float]:
    """Upper edges of the shares in [0, 1]; the last one is 1."""
    edges = [float(v) for v in np.cumsum(list(shares.values())) / sum(shares.values())]
    edges[-1] = 1.0
    return edges


def allows(include: tuple[str, ...], exclude: tuple[str, ...], value: str) -> bool:
    """True if a targeting dimension lets a value through; an empty ``include`` side means everything."""
    return (not include or value in include) and value not in exclude


def allows_area(aim: Targeting, code: str) -> bool:
    """True if a targeting lets a country (``US``) or a region (``US-NY``) through; a region is in its country."""
    country = code.partition("-")[0]
    if not allows(aim.countries, aim.countries_exclude, country):
        return False
    return allows(aim.regions, aim.regions_exclude, code)


def share(placement: Placement, targeting: Targeting, segments: dict[str, float]) -> float:
    """The part of a placement's traffic that a targeting lets through; segments are independent of each other."""
    if not allows(targeting.properties, targeting.properties_exclude, placement.property_id):
        return 0.0
    areas = sum(part for code, part in placement.countries.items() if allows_area(targeting, code))
    devices = sum(
        part for name, part in placement.devices.items() if allows(targeting.devices, targeting.devices_exclude, name)
    )
    outside, kept = 1.0, 1.0
    for name in targeting.segments:
        outside *= 1.0 - segments.get(name, 0.0)
    for name in targeting.segments_exclude:
        kept *= 1.0 - segments.get(name, 0.0)
    people = (1.0 - outside if targeting.segments else 1.0) * kept
    return people * areas / sum(placement.countries.values()) * devices / sum(placement.devices.values())


def hour_traffic(hour_ms: int, streams: list[Stream], places: list[int], people: People) -> NDArray[Any]:
    """All opportunities of an hour on the placements with these numbers, in order of time: OPPORTUNITY records."""
    from sandbox.delivery.traffic import traffic

    sources = np.zeros(len(places), SOURCE)
    for i, number in enumerate(places):
        stream = streams[number]
        when = stream.from_ms, stream.until_ms
        sources[i] = (stream.key(hour_ms), number, stream.count(hour_ms), *when, *people.draw(stream.placement))
    total = int(sources["count"].sum())
    drawn, head, made = np.empty(total, OPPORTUNITY), np.zeros(total + 1, np.int32), np.empty(total, OPPORTUNITY)
    return made[: traffic(hour_ms, sources, people.draws, drawn, head, made)]


def first_tick(hour_ms: int, at_ms: int) -> int:
    """The first tick of an hour that is not earlier than an instant."""
    return -((hour_ms - at_ms) // TICK_MS)


def _arrivals(hour_ms: int, until_ms: int, streams: list[Stream], people: People) -> int:
    """Opportunities of an hour before ``until_ms``; times are drawn only where a border cuts the hour."""
    whole, cut = 0, []
    for number, stream in enumerate(streams):
        if until_ms == hour_ms + HOUR_MS and stream.from_ms <= hour_ms and stream.until_ms >= until_ms:
            whole += stream.count(hour_ms)
        elif hour_ms < until_ms and stream.from_ms < until_ms and stream.until_ms > hour_ms:
            cut.append(number)
    if not cut:
        return whole
    return whole + int(
        np.searchsorted(hour_traffic(hour_ms, streams, cut, people)["tick"], first_tick(hour_ms, until_ms))
    )


class Arrivals:
    """Counts the opportunities of a world that began at ``start_ms``."""

    def __init__(self, start_ms: int) -> None:
        self._hour_ms, self._found = start_ms - start_ms % HOUR_MS, 0

    def until(self, now_ms: int, streams: list[Stream], people: People) -> int:
        """Opportunities on all placements before an instant that is not earlier than the last one."""
        while self._hour_ms + HOUR_MS <= now_ms:
            self._found += _arrivals(self._hour_ms, self._hour_ms + HOUR_MS, streams, people)
            self._hour_ms += HOUR_MS
        return self._found + _arrivals(self._hour_ms, now_ms, streams, people)
