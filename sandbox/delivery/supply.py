"""Supply: what traffic comes to a placement, and who the people are.

Everything about an opportunity is a function of the seed, the placement, the hour and its number in that
hour, so no decision and no cut of time can change the traffic. This file says how many opportunities there
are and under which key; ``loop.py`` draws the rest of an opportunity when it needs it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sandbox.core.rng import derive
from sandbox.core.time import DAY_MS, HOUR_MS, WEEK_MS
from sandbox.delivery.hashing import mix, poisson
from sandbox.delivery.model import Placement, Population, Targeting
from sandbox.delivery.tables import Traffic

_MONDAY_MS = 3 * DAY_MS  # 1970-01-01 was a Thursday
_HOURS = WEEK_MS // HOUR_MS


class Stream:
    """The traffic of one placement, from the instant ``known_ms`` at which it was added."""

    def __init__(self, seed: int, placement: Placement, known_ms: int) -> None:
        self.placement = placement
        self.from_ms = max(known_ms, placement.start_ms or 0)
        self.until_ms = 1 << 62 if placement.end_ms is None else placement.end_ms
        self.audience_key = derive(seed, "audience", placement.publisher_id)
        self._key = derive(seed, "supply", placement.placement_id)
        whole = sum(placement.hour_shape) * sum(placement.week_shape)
        weekly = placement.daily_opportunities * 7
        self._means = [weekly * h * d / whole for d in placement.week_shape for h in placement.hour_shape]
        self._before = [0.0, *(float(v) for v in np.cumsum(self._means))]

    def key(self, hour_ms: int) -> int:
        """The key of the opportunities of an hour; number ``i`` has the key ``mix(key, i)``."""
        return mix(self._key, hour_ms + 1)

    def count(self, hour_ms: int) -> int:
        """Opportunities drawn for an hour; those outside ``[from_ms, until_ms)`` do not come."""
        if hour_ms >= self.until_ms or hour_ms + HOUR_MS <= self.from_ms:
            return 0
        return poisson(self._means[(hour_ms + _MONDAY_MS) // HOUR_MS % _HOURS], mix(self._key, hour_ms))

    def expected(self, from_ms: int, to_ms: int) -> float:
        """Opportunities to expect in ``[from_ms, to_ms)``."""
        from_ms, to_ms = max(from_ms, self.placement.start_ms or 0), min(to_ms, self.until_ms)
        return self._up_to(to_ms) - self._up_to(from_ms) if from_ms < to_ms else 0.0

    def _up_to(self, at_ms: int) -> float:
        weeks, rest_ms = divmod(at_ms + _MONDAY_MS, WEEK_MS)
        hour, part_ms = divmod(rest_ms, HOUR_MS)
        return weeks * self._before[-1] + self._before[hour] + self._means[hour] * part_ms / HOUR_MS


def cumulative(shares: dict[str, float]) -> list[float]:
    """Upper edges of the shares in [0, 1]; the last one is 1."""
    edges = [float(v) for v in np.cumsum(list(shares.values())) / sum(shares.values())]
    edges[-1] = 1.0
    return edges


def activity(seed: int, population: Population) -> NDArray[np.float64] | None:
    """How active each user is, with mean 1; None if all are equal."""
    if population.activity_shape is None:
        return None
    # the legacy generator: its numbers are the same in every version of NumPy
    rng = np.random.RandomState(derive(seed, "activity") % (1 << 32))
    weights = rng.gamma(population.activity_shape, size=population.users)
    return np.asarray(weights * (population.users / weights.sum()), np.float64)


def allows(include: tuple[str, ...], exclude: tuple[str, ...], value: str) -> bool:
    """True if a targeting dimension lets a value through; an empty ``include`` side means everything."""
    return (not include or value in include) and value not in exclude


def share(placement: Placement, targeting: Targeting) -> float:
    """The part of a placement's traffic that a targeting lets through."""
    if not allows(targeting.properties, targeting.properties_exclude, placement.property_id):
        return 0.0
    part = 1.0
    for shares, include, exclude in (
        (placement.countries, targeting.countries, targeting.countries_exclude),
        (placement.devices, targeting.devices, targeting.devices_exclude),
    ):
        part *= sum(v for name, v in shares.items() if allows(include, exclude, name)) / sum(shares.values())
    return part


def hour_traffic(hour_ms: int, streams: list[Stream], places: list[int]) -> Traffic:
    """All opportunities of an hour on the placements with these numbers, in order of time."""
    from sandbox.delivery.loop import traffic

    mine = [streams[number] for number in places]
    made: Traffic = traffic(
        hour_ms,
        np.array(places, np.int64),
        np.array([stream.count(hour_ms) for stream in mine], np.int64),
        np.array([stream.key(hour_ms) for stream in mine], np.uint64),
        np.array([stream.from_ms for stream in mine], np.int64),
        np.array([stream.until_ms for stream in mine], np.int64),
    )
    return made


def arrivals(hour_ms: int, until_ms: int, streams: list[Stream]) -> int:
    """Opportunities of an hour before ``until_ms``; times are drawn only where a border cuts the hour."""
    whole, cut = 0, []
    for number, stream in enumerate(streams):
        if until_ms == hour_ms + HOUR_MS and stream.from_ms <= hour_ms and stream.until_ms >= until_ms:
            whole += stream.count(hour_ms)
        elif hour_ms < until_ms and stream.from_ms < until_ms and stream.until_ms > hour_ms:
            cut.append(number)
    if not cut:
        return whole
    return whole + int(np.searchsorted(hour_traffic(hour_ms, streams, cut).after_ms, until_ms - hour_ms))
