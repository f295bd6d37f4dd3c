"""Compiled: the opportunities of an hour, with the people behind them, and the tables that people are drawn from.

Like ``loop.py``, this is the compiled form of what ``reference.py`` says in plain Python.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from sandbox.core.time import HOUR_MS
from sandbox.delivery.bits import compiled, mix, u, unit
from sandbox.delivery.tables import ACCEPT, PERSON, TICK_MS, TIME, Traffic

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


@compiled
def _person(key: Any, draws: Any, at: Any, count: Any) -> Any:
    """The person of an opportunity: by activity, out of the ``count`` people of ``draws[at:]``; all, if at < 0."""
    bits = mix(key, PERSON)
    number = np.int64(unit(bits) * count)
    if at < 0:
        return np.int32(number)
    one = draws[u(at + number)]
    return one.own if one.accept >= 1.0 or unit(mix(bits, ACCEPT)) < one.accept else one.other


@compiled
def traffic(hour_ms: Any, places: Any, counts: Any, keys: Any, spans: Any, draws: Any) -> Any:
    """The :class:`Traffic` of an hour. ``places`` are numbers; other arrays have an entry or a row for each:

    ``spans`` when its traffic begins and ends (ms), where its people begin in ``draws``, and how many they are.
    Times are uniform in the hour, in whole ticks, and sorted by dropping them into as many buckets as there are.
    """
    total = counts.sum()
    tick, place = np.empty(total, np.int32), np.empty(total, np.int32)
    number, who = np.empty(total, np.int32), np.empty(total, np.int32)
    head = np.zeros(total + 1, np.int32)
    scale, found = total / _TICKS, 0
    for p in range(places.shape[0]):
        from_ms, until_ms, at, people = spans[u(p), 0], spans[u(p), 1], spans[u(p), 2], spans[u(p), 3]
        for i in range(counts[u(p)]):
            key = mix(keys[u(p)], np.uint64(i))
            t = np.int32(unit(mix(key, TIME)) * _TICKS)
            if from_ms <= hour_ms + t * TICK_MS < until_ms:
                tick[u(found)], place[u(found)], number[u(found)] = t, places[u(p)], i
                who[u(found)] = _person(key, draws, at, people)
                head[u(np.int64(t * scale) + 1)] += 1
                found += 1
    for b in range(total):
        head[u(b + 1)] += head[u(b)]
    made = Traffic(
        np.empty(found, np.int32), np.empty(found, np.int32), np.empty(found, np.int32), np.empty(found, np.int32)
    )
    for j in range(found):
        bucket = np.int64(tick[u(j)] * scale)
        at = head[u(bucket)]
        made.tick[u(at)], made.place[u(at)], made.number[u(at)], made.who[u(at)] = (
            tick[u(j)],
            place[u(j)],
            number[u(j)],
            who[u(j)],
        )
        head[u(bucket)] = at + 1
    for j in range(1, found):  # all are near their place now
        at = j
        if made.tick[u(j - 1)] <= made.tick[u(j)]:
            continue
        late, where, which, whose = made.tick[u(j)], made.place[u(j)], made.number[u(j)], made.who[u(j)]
        while at > 0 and made.tick[u(at - 1)] > late:
            made.tick[u(at)], made.place[u(at)] = made.tick[u(at - 1)], made.place[u(at - 1)]
            made.number[u(at)], made.who[u(at)] = made.number[u(at - 1)], made.who[u(at - 1)]
            at -= 1
        made.tick[u(at)], made.place[u(at)], made.number[u(at)], made.who[u(at)] = late, where, which, whose
    return made
