"""The compiled loop: draws opportunities and decides them one by one, in order of time.

All compiled code is in this file, because the on-disk cache of a compiled function is renewed when its own
file changes, not when another one does. ``reference.py`` does the same in plain Python; any change here is a
change there.
"""

from __future__ import annotations

from collections.abc import Callable
from math import ceil, cos, exp, log, pi, sqrt
from typing import Any, TypeVar

import numba as nb
import numpy as np

from sandbox.core.time import HOUR_MS
from sandbox.delivery.tables import FOREVER, Traffic

# what the draws of an opportunity are for; retries of PERSON go on in steps of 256
TIME, PERSON, ACCEPT, COUNTRY, DEVICE, MARKET_A, MARKET_B, VIEWABLE, CLICK, VIEW, COMPLETION, CONVERSION, ROTATION = (
    np.uint64(n) for n in range(1, 14)
)
CPM, VCPM, CPC, CPCV, CPV, CPA, CPP, FLAT = range(8)
F = TypeVar("F", bound=Callable[..., Any])
FAR = 4.0e18
TRIES = 1024

_GAMMA, _MIX1, _MIX2 = (np.uint64(n) for n in (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB))
_S30, _S27, _S31, _S11, _ONE, _STEP = (np.uint64(n) for n in (30, 27, 31, 11, 1, 256))

compiled = nb.njit(cache=True, error_model="numpy")
inlined = nb.njit(inline="always", cache=True, error_model="numpy")
# without reference counts of arrays, which cost more than deciding: for functions that make no array
unmanaged: Callable[[F], F] = nb.njit(cache=True, error_model="numpy", _nrt=False)  # type: ignore[call-overload]


@inlined
def mix(key: Any, counter: Any) -> Any:
    """64 random bits for ``counter`` under ``key`` (both unsigned 64-bit); see ``hashing.py``."""
    z = key + (counter + _ONE) * _GAMMA
    z = (z ^ (z >> _S30)) * _MIX1
    z = (z ^ (z >> _S27)) * _MIX2
    return z ^ (z >> _S31)


@inlined
def unit(bits: Any) -> Any:
    """A float in [0, 1) from 64 random bits."""
    return np.float64(bits >> _S11) * (1.0 / (1 << 53))


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
def traffic(hour_ms: Any, places: Any, counts: Any, keys: Any, from_ms: Any, until_ms: Any) -> Any:
    """The :class:`Traffic` of an hour; ``places`` are numbers, the other arrays have an entry for each.

    Times are uniform in the hour and sorted by dropping them into as many buckets as there are times.
    """
    total = counts.sum()
    after, place, number = np.empty(total, np.int32), np.empty(total, np.int32), np.empty(total, np.int32)
    head = np.zeros(total + 1, np.int64)
    scale, found = total / HOUR_MS, 0
    for p in range(places.shape[0]):
        for i in range(counts[p]):
            t = np.int32(unit(mix(mix(keys[p], np.uint64(i)), TIME)) * HOUR_MS)
            if from_ms[p] <= hour_ms + t < until_ms[p]:
                after[found], place[found], number[found] = t, places[p], i
                head[np.int64(t * scale) + 1] += 1
                found += 1
    for b in range(total):
        head[b + 1] += head[b]
    made = Traffic(np.empty(found, np.int32), np.empty(found, np.int32), np.empty(found, np.int32))
    for j in range(found):
        bucket = np.int64(after[j] * scale)
        at = head[bucket]
        made.after_ms[at], made.place[at], made.number[at] = after[j], place[j], number[j]
        head[bucket] += 1
    for j in range(1, found):  # all are near their place now
        late, where, which, at = made.after_ms[j], made.place[j], made.number[j], j
        while at > 0 and made.after_ms[at - 1] > late:
            made.after_ms[at] = made.after_ms[at - 1]
            made.place[at], made.number[at] = made.place[at - 1], made.number[at - 1]
            at -= 1
        made.after_ms[at], made.place[at], made.number[at] = late, where, which
    return made


@inlined
def person(key: Any, place: Any, people: Any) -> Any:
    """The user of an opportunity: by activity, from the audience of the placement."""
    who: Any = np.int64(0)
    for attempt in range(TRIES):
        bits = mix(key, PERSON + np.uint64(attempt) * _STEP)
        who = np.int64(unit(bits) * people.users)
        if people.accept.shape[0] > 1 and unit(mix(bits, ACCEPT)) >= people.accept[who]:
            who = np.int64(people.alias[who])
        if place.audience >= 1.0 or unit(mix(place.audience_key, np.uint64(who))) < place.audience:
            return who
    for _ in range(people.users):  # a tiny audience: the next user who is in it
        who = who + 1 if who + 1 < people.users else 0
        if unit(mix(place.audience_key, np.uint64(who))) < place.audience:
            return who
    return who


@inlined
def pick(draw: Any, edges: Any, codes: Any, first: Any, last: Any) -> Any:
    """The code whose share of [0, 1) the draw falls into."""
    for i in range(first, last - 1):
        if draw < edges[i]:
            return codes[i]
    return codes[last - 1]


@inlined
def passes(terms: Any, slots: Any, first: Any, last: Any, ring: Any, user: Any, time_ms: Any) -> Any:
    """True if none of the caps ``slots[first:last]`` stops this user now: one look at the oldest exposure each."""
    for s in range(first, last):
        cap = terms[slots[s]]
        cell = user * cap.stride + cap.base
        if cap.limit == 0 or ring[cell + 1 + ring[cell]] > max(np.int64(0), time_ms - cap.window):
            return False
    return True


@inlined
def remember(terms: Any, slots: Any, first: Any, last: Any, ring: Any, user: Any, time_ms: Any) -> None:
    """Count one exposure of this user in the caps ``slots[first:last]``."""
    for s in range(first, last):
        cap = terms[slots[s]]
        cell = user * cap.stride + cap.base
        oldest = ring[cell]
        if cap.limit > 0:
            ring[cell + 1 + oldest] = time_ms
            ring[cell] = oldest + 1 if oldest + 1 < cap.limit else 0


@unmanaged
def replay(
    exposures: Any, caps_at: Any, caps: Any, creative_caps_at: Any, creative_caps: Any, terms: Any, ring: Any
) -> None:
    """Fill rings from the exposure log, as if their caps had always been there."""
    for i in range(exposures.time_ms.shape[0]):
        who, when = np.int64(exposures.user[i]), exposures.time_ms[i]
        n, of = exposures.line[i], exposures.creative[i]
        remember(terms, caps, caps_at[n], caps_at[n + 1], ring, who, when)
        remember(terms, creative_caps, creative_caps_at[of], creative_caps_at[of + 1], ring, who, when)


@inlined
def happens(key: Any, purpose: Any, rate: Any) -> Any:
    """True if an outcome of this rate happens to the opportunity."""
    return unit(mix(key, purpose)) < rate


@inlined
def clearing_price(place: Any, key: Any) -> Any:
    """What it takes to win here: the floor or the best competing bid, in micros CPM, rounded up."""
    price = place.floor
    if place.sigma >= 0.0:
        radius = sqrt(-2.0 * log(1.0 - unit(mix(key, MARKET_A))))
        normal = radius * cos(2.0 * pi * unit(mix(key, MARKET_B)))
        price = max(price, exp(place.log_median + place.sigma * normal))
    return np.int64(ceil(min(price, FAR)))


@inlined
def reached(level: Any, at: Any, end: Any, line: Any) -> Any:
    """When the plan from ``at`` to ``end`` reaches a level; a level plan that has it had it from the start."""
    if end > at:
        ahead = ceil((level - at) * (line.plan_to - line.plan_from) / (end - at))
        return line.plan_from + np.int64(min(ahead, FAR))
    return line.start if level <= at else np.int64(FOREVER)


@inlined
def next_due(line: Any) -> Any:
    """When a line may serve next, after its counters or its terms have changed; marks a line that is full."""
    line.dearest = (line.remainder + line.top) // line.divisor
    if line.spent + line.dearest > line.budget or 0 <= line.goal <= line.impressions:
        line.full = 1
    if line.full != 0 or line.live == 0 or 0 <= line.daily_cap < line.today + line.dearest:
        return np.int64(FOREVER)
    money = reached(line.spent + line.half, line.plan_at, line.plan_end, line)
    goal = reached(line.impressions + 0.5, line.goal_at, line.goal_end, line)
    return max(line.start, money, goal)


@inlined
def line_up(t: Any, first: Any, last: Any, candidates: Any, due_ms: Any, queue: Any) -> Any:
    """Put the candidates ``[first:last)`` that are due into the queue, earliest due first; returns how many."""
    waiting = 0
    for c in range(first, last):
        n = candidates[c]
        if due_ms[n] <= t:
            at = waiting
            while at > 0 and due_ms[queue[at - 1]] > due_ms[n]:
                queue[at] = queue[at - 1]
                at -= 1
            queue[at] = n
            waiting += 1
    return waiting


@inlined
def aimed(n: Any, key: Any, place: Any, limits: Any) -> Any:
    """True if the country and the device of an opportunity suit a line that is particular about them."""
    country = pick(
        unit(mix(key, COUNTRY)), limits.country_edges, limits.country_codes, place.countries, place.countries_end
    )
    device = pick(unit(mix(key, DEVICE)), limits.device_edges, limits.device_codes, place.devices, place.devices_end)
    return limits.country_ok[n, country] != 0 and limits.device_ok[n, device] != 0


@inlined
def affordable(n: Any, charge: Any, limits: Any, groups: Any) -> Any:
    """True if all budget groups of a line can pay a charge."""
    for g in range(limits.groups_at[n], limits.groups_at[n + 1]):
        group = groups[limits.groups[g]]
        if 0 <= group.total < group.spent + charge or 0 <= group.daily < group.today + charge:
            return False
    return True


@inlined
def rotate(n: Any, key: Any, who: Any, t: Any, limits: Any, ring: Any) -> Any:
    """A creative in proportion to the weights of those that no cap stops; -1 if there is none."""
    pairs, caps_at, caps = limits.rotation, limits.creative_caps_at, limits.creative_caps
    first, last, whole = limits.rotation_at[n], limits.rotation_at[n + 1], np.int64(0)
    for p in range(first, last, 2):
        if passes(limits.cap_terms, caps, caps_at[pairs[p]], caps_at[pairs[p] + 1], ring, who, t):
            whole += pairs[p + 1]
    left = np.int64(unit(mix(key, ROTATION)) * whole)
    for p in range(first, last, 2):
        if passes(limits.cap_terms, caps, caps_at[pairs[p]], caps_at[pairs[p] + 1], ring, who, t):
            left -= pairs[p + 1]
            if left < 0:
                return pairs[p]
    return np.int64(-1)


@inlined
def charge_for(line: Any, place: Any, key: Any, price: Any) -> Any:
    """Count one impression with its outcomes, and charge it: exact, what is no whole micro is carried on."""
    viewable = happens(key, VIEWABLE, place.viewability)
    click = happens(key, CLICK, place.click_rate)
    view = happens(key, VIEW, place.view_rate)
    completed = view and happens(key, COMPLETION, place.completion_rate)
    rate = line.conversion_rate if line.conversion_rate >= 0.0 else place.conversion_rate
    conversion = happens(key, CONVERSION, rate)
    line.impressions += 1
    line.viewable += viewable
    line.clicks += click
    line.views += view
    line.completed += completed
    line.conversions += conversion
    model = line.model
    billed = model in (CPM, CPP) or (model == VCPM and viewable) or (model == CPC and click)
    billed = billed or (model == CPV and view) or (model == CPCV and completed) or (model == CPA and conversion)
    owed = line.remainder + (price if billed else 0)
    charge = owed // line.divisor
    line.remainder = owed - charge * line.divisor
    line.spent += charge
    line.today += charge
    return charge


@inlined
def may_show(n: Any, t: Any, key: Any, who: Any, place: Any, clearing: Any, limits: Any, state: Any) -> Any:
    """The creative that a due line shows here and now, or -1."""
    line = state.lines[n]
    if t >= line.stop or (line.fixed == 0 and line.bid < clearing):
        return np.int64(-1)
    if line.aims != 0 and not aimed(n, key, place, limits):
        return np.int64(-1)
    if not affordable(n, line.dearest, limits, state.groups):
        return np.int64(-1)
    first, last = limits.caps_at[n], limits.caps_at[n + 1]
    if not passes(limits.cap_terms, limits.caps, first, last, state.ring, who, t):
        return np.int64(-1)
    return rotate(n, key, who, t, limits, state.ring)


@inlined
def show(n: Any, t: Any, key: Any, who: Any, place: Any, clearing: Any, creative: Any, limits: Any, state: Any) -> Any:
    """Enter one impression into all books; returns its charge."""
    line, groups, ring = state.lines[n], state.groups, state.ring
    second_price = line.fixed == 0 and line.model in (CPM, VCPM)
    charge = charge_for(line, place, key, clearing if second_price else line.top)
    for g in range(limits.groups_at[n], limits.groups_at[n + 1]):
        groups[limits.groups[g]].spent += charge
        groups[limits.groups[g]].today += charge
    remember(limits.cap_terms, limits.caps, limits.caps_at[n], limits.caps_at[n + 1], ring, who, t)
    first, last = limits.creative_caps_at[creative], limits.creative_caps_at[creative + 1]
    remember(limits.cap_terms, limits.creative_caps, first, last, ring, who, t)
    state.due_ms[n] = next_due(line)
    return charge


@unmanaged
def decide(
    hour_ms: Any, hour: Any, first: Any, last: Any, keys: Any, people: Any, limits: Any, state: Any, out: Any
) -> Any:
    """Decide the opportunities ``[first:last)`` of an hour; ``keys`` are those of the placements' hours.

    Fills the columns ``out`` with the exposures and returns how many there are.
    """
    served, queue = 0, state.queue
    for n in range(state.lines.shape[0]):
        state.due_ms[n] = next_due(state.lines[n])
    for i in range(first, last):
        t, where = hour_ms + hour.after_ms[i], hour.place[i]
        place, key, who, clearing, won = limits.places[where], np.uint64(0), np.int64(-1), np.int64(-1), False
        c, end = limits.candidates_at[where], limits.candidates_at[where + 1]
        while c < end and not won:
            until = limits.equals_end[c]
            waiting = line_up(t, c, until, limits.candidates, state.due_ms, queue)
            c = until
            for q in range(waiting):
                n = queue[q]
                if who < 0:
                    key = mix(keys[where], np.uint64(hour.number[i]))
                    who = person(key, place, people)
                if clearing < 0 and state.lines[n].fixed == 0:
                    clearing = clearing_price(place, key)
                creative = may_show(n, t, key, who, place, clearing, limits, state)
                if creative >= 0:
                    charge = show(n, t, key, who, place, clearing, creative, limits, state)
                    out.time_ms[served], out.user[served], out.line[served] = t, who, n
                    out.creative[served], out.charge_micros[served] = creative, charge
                    served, won = served + 1, True
                    break
    return served
