"""Compiled: the opportunities of an hour, with the people behind them, and the tables that people are drawn from.

Like ``loop.py``, this is the compiled form of what ``reference.py`` says in plain Python.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from sandbox.core.time import HOUR_MS
from sandbox.delivery.bits import compiled, mix, unit
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
        if rest[i] < 1.0:
            small[smalls] = i
            smalls += 1
        else:
            large[larges] = i
            larges += 1
    while smalls and larges:
        smalls -= 1
        low, high = small[smalls], large[larges - 1]
        accept[low], alias[low] = rest[low], high
        rest[high] -= 1.0 - rest[low]
        if rest[high] < 1.0:
            larges -= 1
            small[smalls] = high
            smalls += 1
    return accept, alias


@compiled
def _person(key: Any, draws: Any, at: Any, count: Any) -> Any:
    """The person of an opportunity: by activity, out of the ``count`` people of ``draws[at:]``; all, if at < 0."""
    bits = mix(key, PERSON)
    number = np.int64(unit(bits) * count)
    if at < 0:
        return np.int32(number)
    one = draws[at + number]
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
        from_ms, until_ms, at, people = spans[p, 0], spans[p, 1], spans[p, 2], spans[p, 3]
        for i in range(counts[p]):
            key = mix(keys[p], np.uint64(i))
            t = np.int32(unit(mix(key, TIME)) * _TICKS)
            if from_ms <= hour_ms + t * TICK_MS < until_ms:
                tick[found], place[found], number[found] = t, places[p], i
                who[found] = _person(key, draws, at, people)
                head[np.int64(t * scale) + 1] += 1
                found += 1
    for b in range(total):
        head[b + 1] += head[b]
    made = Traffic(
        np.empty(found, np.int32), np.empty(found, np.int32), np.empty(found, np.int32), np.empty(found, np.int32)
    )
    for j in range(found):
        bucket = np.int64(tick[j] * scale)
        at = head[bucket]
        made.tick[at], made.place[at], made.number[at], made.who[at] = tick[j], place[j], number[j], who[j]
        head[bucket] = at + 1
    for j in range(1, found):  # all are near their place now
        at = j
        if made.tick[j - 1] <= made.tick[j]:
            continue
        late, where, which, whose = made.tick[j], made.place[j], made.number[j], made.who[j]
        while at > 0 and made.tick[at - 1] > late:
            made.tick[at], made.place[at] = made.tick[at - 1], made.place[at - 1]
            made.number[at], made.who[at] = made.number[at - 1], made.who[at - 1]
            at -= 1
        made.tick[at], made.place[at], made.number[at], made.who[at] = late, where, which, whose
    return made
