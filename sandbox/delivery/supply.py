"""Opportunities: what traffic comes to a placement in an hour.

Everything about an opportunity is a function of the seed, the placement, the hour and its number in that
hour, so no decision and no cut of time can change the traffic.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from math import cos, log, pi, sqrt
from typing import Any

import numba as nb
import numpy as np
from numpy.typing import NDArray

from sandbox.core.time import HOUR_MS, weekday
from sandbox.delivery.hashing import mix, py_mix, py_unit, unit
from sandbox.delivery.model import Placement, Population

# purposes of the draws of one opportunity; the kernel goes on from 16
TIME, PERSON, COUNTRY, DEVICE, AUDIENCE = (np.uint64(n) for n in range(1, 6))
RETRIES = 64


def key_of(seed: int, *names: object) -> int:
    """A 64-bit key for a named counter-based stream."""
    text = "\x1f".join([str(seed), *(str(n) for n in names)])
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "little")


@dataclass(slots=True)
class Batch:
    """The opportunities of one hour on some placements, in order of time."""

    time_ms: NDArray[np.int64]
    user: NDArray[np.int32]
    placement: NDArray[np.int32]
    country: NDArray[np.int32]
    device: NDArray[np.int32]
    key: NDArray[np.uint64]


class Crowd:
    """Draws users in proportion to their activity, by an alias table (Walker 1977)."""

    def __init__(self, seed: int, population: Population) -> None:
        self.users = population.users
        if population.activity_shape is None:
            self.accept = np.ones(1)
            self.alias = np.zeros(1, np.int32)
        else:
            rng = np.random.Generator(np.random.PCG64(key_of(seed, "activity")))
            weights = rng.gamma(population.activity_shape, size=self.users)
            self.accept, self.alias = _alias_table(weights / weights.sum())


def _alias_table(shares: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
    """Walker's table, built in one pass of two work lists."""
    count = len(shares)
    scaled = shares * count
    alias = np.arange(count, dtype=np.int32)
    accept = np.ones(count)
    small = [i for i in range(count) if scaled[i] < 1.0]
    large = [i for i in range(count) if scaled[i] >= 1.0]
    while small and large:
        low, high = small.pop(), large[-1]
        accept[low], alias[low] = scaled[low], high
        scaled[high] -= 1.0 - scaled[low]
        if scaled[high] < 1.0:
            small.append(large.pop())
    return accept, alias


class Stream:
    """The traffic of one placement."""

    def __init__(self, seed: int, index: int, placement: Placement, codes: dict[str, dict[str, int]]) -> None:
        self.index = index
        self.placement = placement
        self.key = key_of(seed, "supply", placement.placement_id)
        self.audience_key = key_of(seed, "audience", placement.publisher_id)
        self.countries = _cumulative(placement.countries, codes["country"])
        self.devices = _cumulative(placement.devices, codes["device"])
        whole = sum(placement.hour_shape) * sum(placement.week_shape)
        per_week = placement.daily_opportunities * 7
        self.per_hour = [[per_week * h * d / whole for h in placement.hour_shape] for d in placement.week_shape]

    def expected(self, hour_ms: int) -> float:
        """Opportunities to expect in an hour."""
        start_ms, end_ms = self.placement.start_ms, self.placement.end_ms
        if (start_ms is not None and hour_ms < start_ms) or (end_ms is not None and hour_ms >= end_ms):
            return 0.0
        return self.per_hour[weekday(hour_ms)][hour_ms // HOUR_MS % 24]

    def count(self, hour_ms: int) -> int:
        """Opportunities that do come in an hour: Poisson in the normal approximation, rounded at random."""
        mean = self.expected(hour_ms)
        if mean <= 0:
            return 0
        key = py_mix(self.key, hour_ms)
        first, second, third = (py_unit(py_mix(key, n)) for n in range(3))
        normal = sqrt(-2.0 * log(1.0 - first)) * cos(2.0 * pi * second)
        return max(0, int(mean + sqrt(mean) * normal + third))


def _cumulative(
    shares: dict[str, float], codes: dict[str, int]
) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
    whole = sum(shares.values())
    names = [codes.setdefault(name, len(codes)) for name in shares]
    edges = np.cumsum([share / whole for share in shares.values()])
    edges[-1] = 1.0
    return edges, np.array(names, np.int32)


def batch(streams: list[Stream], crowd: Crowd, hour_ms: int) -> Batch:
    """All opportunities of an hour on these placements, in order of time; ties in order of placement."""
    counts = [stream.count(hour_ms) for stream in streams]
    total = sum(counts)
    made = Batch(
        np.empty(total, np.int64),
        np.empty(total, np.int32),
        np.empty(total, np.int32),
        np.empty(total, np.int32),
        np.empty(total, np.int32),
        np.empty(total, np.uint64),
    )
    at = 0
    for stream, count in zip(streams, counts, strict=True):
        _fill(
            np.uint64(py_mix(stream.key, hour_ms ^ 0x5EED)),
            np.uint64(stream.audience_key),
            stream.placement.audience,
            hour_ms,
            stream.index,
            crowd.users,
            crowd.accept,
            crowd.alias,
            *stream.countries,
            *stream.devices,
            made.time_ms[at : at + count],
            made.user[at : at + count],
            made.placement[at : at + count],
            made.country[at : at + count],
            made.device[at : at + count],
            made.key[at : at + count],
        )
        at += count
    order = np.argsort(made.time_ms, kind="stable")
    return Batch(
        made.time_ms[order],
        made.user[order],
        made.placement[order],
        made.country[order],
        made.device[order],
        made.key[order],
    )


@nb.njit(cache=True)  # type: ignore[untyped-decorator]
def _fill(  # noqa: PLR0913, PLR0917 - a compiled loop takes plain arrays
    key: Any,
    audience_key: Any,
    audience: Any,
    hour_ms: Any,
    placement: Any,
    users: Any,
    accept: Any,
    alias: Any,
    country_edges: Any,
    country_codes: Any,
    device_edges: Any,
    device_codes: Any,
    time_out: Any,
    user_out: Any,
    placement_out: Any,
    country_out: Any,
    device_out: Any,
    key_out: Any,
) -> None:
    count = time_out.shape[0]
    for i in range(count):
        mine = mix(key, np.uint64(i))
        time_out[i] = hour_ms + np.int64((i + unit(mix(mine, TIME))) * 3_600_000.0 / count)
        person = np.int64(0)
        for attempt in range(RETRIES):
            bits = mix(mine, PERSON + np.uint64(attempt) * np.uint64(1 << 20))
            person = np.int64(unit(bits) * users)
            if accept.shape[0] > 1 and unit(mix(bits, AUDIENCE)) >= accept[person]:
                person = np.int64(alias[person])
            if audience >= 1.0 or unit(mix(audience_key, np.uint64(person))) < audience:
                break
        user_out[i] = person
        placement_out[i] = placement
        country_out[i] = _pick(country_edges, country_codes, unit(mix(mine, COUNTRY)))
        device_out[i] = _pick(device_edges, device_codes, unit(mix(mine, DEVICE)))
        key_out[i] = mine


@nb.njit(inline="always", cache=True)  # type: ignore[untyped-decorator]
def _pick(edges: Any, codes: Any, draw: Any) -> Any:
    for i in range(edges.shape[0]):
        if draw < edges[i]:
            return codes[i]
    return codes[edges.shape[0] - 1]
