"""Compiled: the opportunities of an hour, with the people behind them, and the tables that people are drawn from.

Like ``loop.py``, this is the compiled form of what ``reference.py`` says in plain Python.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from sandbox.core.time import HOUR_MS
from sandbox.delivery.bits import compiled, leaf, mix, u, unit, unmanaged
from sandbox.delivery.tables import ACCEPT, PERSON, TICK_MS, TIME

_TICKS = HOUR_MS // TICK_MS


@compiled
def alias_table(scaled: Any) -> Any:
    """Walker's table (1977) for weights of mean 1, in one pass of two work lists: ``(accept, alias)``."""
    count = scaled.shape[0]
    rest, accept, alias = scaled.copy(), np.ones(count), np.arange(count).astype(np.int32)
    small, large = np.empty(count, np.int64), np.empty(count, np.int64)
    smalls = larges = 0
    for i in range(count):
        if rest[u(i)] < 1.0:
            small[u(smalls)] = i
            smalls += 1
        else:
            large[u(larges)] = i
            larges += 1
    while smalls and larges:
        smalls -= 1
        low, high = small[u(smalls)], large[u(larges - 1)]
        accept[u(low)], alias[u(low)] = rest[u(low)], high
        rest[u(high)] -= 1.0 - rest[u(low)]
        if rest[u(high)] < 1.0:
            larges -= 1
            small[u(smalls)] = high
            smalls += 1
    return accept, alias


@leaf
def _person(key: Any, draws: Any, at: Any, count: Any) -> Any:
    """The person of an opportunity: by activity, out of the ``count`` people of ``draws[at:]``; all, if at < 0."""
    bits = mix(key, PERSON)
    number = np.int64(unit(bits) * count)
    if at < 0:
        return np.int32(number)
    one = draws[u(at + number)]
    return one.own if one.accept >= 1.0 or unit(mix(bits, ACCEPT)) < one.accept else one.other


@unmanaged
def traffic(hour_ms: Any, sources: Any, draws: Any, drawn: Any, head: Any, made: Any) -> Any:
    """Put the opportunities of an hour into ``made``, in order of time, of placement, of number; returns how many.

    Times are uniform in the hour, in whole ticks, and sorted by dropping them into as many buckets as there are.
    ``drawn`` and ``made`` have room for all that the ``sources`` count, ``head`` for one more number, all 0.
    """
    total, found = drawn.shape[0], 0
    scale = total / _TICKS
    for s in range(sources.shape[0]):
        source = sources[u(s)]
        base, from_ms, until_ms, at, people = source.key, source.from_ms, source.until_ms, source.people, source.users
        place = source.place
        for i in range(source.count):
            key = mix(base, np.uint64(i))
            t = np.int32(unit(mix(key, TIME)) * _TICKS)
            if from_ms <= hour_ms + t * TICK_MS < until_ms:
                one = drawn[u(found)]
                one.tick, one.place, one.number, one.who = t, place, i, _person(key, draws, at, people)
                head[u(np.int64(t * scale) + 1)] += 1
                found += 1
    for b in range(total):
        head[u(b + 1)] += head[u(b)]
    for j in range(found):
        bucket = np.int64(drawn[u(j)].tick * scale)
        made[u(head[u(bucket)])] = drawn[u(j)]
        head[u(bucket)] += 1
    late = drawn[0:1]  # what was drawn is no longer needed
    for j in range(1, found):  # all are near their place now
        at = j
        if made[u(j - 1)].tick > made[u(j)].tick:
            late[0] = made[u(j)]
            while at > 0 and made[u(at - 1)].tick > late[0].tick:
                made[u(at)] = made[u(at - 1)]
                at -= 1
            made[u(at)] = late[0]
    return found
