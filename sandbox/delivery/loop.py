"""The compiled loop: decides the opportunities of an hour one by one, in order of time.

``reference.py`` does the same in plain Python; any change here is a change there.
"""

from __future__ import annotations

from math import ceil, cos, exp, log, pi, sqrt
from typing import Any

import numpy as np

from sandbox.delivery.bits import happens, inlined, leaf, mix, pick, prefetch, u, unit, unmanaged
from sandbox.delivery.tables import (
    CLICK,
    COMPLETION,
    CONVERSION,
    COUNTRY,
    DELAY,
    DEVICE,
    ENGAGEMENT,
    FOREVER,
    MARKET_A,
    MARKET_B,
    PARTICIPATION,
    ROTATION,
    TICK_MS,
    VALUE_A,
    VALUE_B,
    VIEW,
    VIEWABLE,
)

CPM, VCPM, CPC, CPCV, CPV, CPA, CPP, FLAT = range(8)
FAR = 4.0e18
AHEAD = 12
VALUE_SIGMA = 0.5
VIEWED, CLICKED, PLAYED, COMPLETED, ENGAGED, FIRST, MIDDLE, THIRD, CONVERTED = (1 << bit for bit in range(9))
_STEP = np.uint64(256)


@leaf
def passes(terms: Any, slots: Any, first: Any, last: Any, cells: Any, row: Any, tick: Any) -> Any:
    """True if none of the caps ``slots[first:last]`` stops this person now: one look at an exposure each."""
    for s in range(first, last):
        cap = terms[u(slots[u(s)])]
        if cap.limit == 0:
            return False
        at = row + cap.ring
        newest = np.int64(cells[u(at)]) - cap.limit
        if newest < 0:
            newest += cap.length
        if np.int64(cells[u(at + 1 + newest)]) > max(np.int64(0), tick - cap.window):
            return False
    return True


@leaf
def remember(terms: Any, rings: Any, first: Any, last: Any, cells: Any, row: Any, tick: Any) -> None:
    """Count one exposure of this person in the rings ``rings[first:last]``."""
    for r in range(first, last):
        cap = terms[u(rings[u(r)])]
        at = row + cap.ring
        oldest = np.int64(cells[u(at)])
        cells[u(at + 1 + oldest)] = tick
        cells[u(at)] = oldest + 1 if oldest + 1 < cap.length else 0


@unmanaged
def replay(ticks: Any, row: Any, rings_at: Any, rings: Any, of: Any, terms: Any, cells: Any) -> None:
    """Fill rings from the exposure log: ``rings`` by what is in the column ``of`` (lines, or creatives)."""
    for i in range(ticks.shape[0]):
        remember(terms, rings, rings_at[u(of[u(i)])], rings_at[u(of[u(i)] + 1)], cells, row[u(i)], ticks[u(i)])


@leaf
def normal(key: Any, a: Any, b: Any) -> Any:
    """A draw of the standard normal distribution."""
    return sqrt(-2.0 * log(1.0 - unit(mix(key, a)))) * cos(2.0 * pi * unit(mix(key, b)))


@inlined
def clearing_price(place: Any, key: Any) -> Any:
    """What it takes to win here: the floor or the best competing bid, in micros CPM, rounded up."""
    price = place.floor
    if place.sigma >= 0.0:
        price = max(price, exp(place.log_median + place.sigma * normal(key, MARKET_A, MARKET_B)))
    return np.int64(ceil(min(price, FAR)))


@leaf
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
        n = candidates[u(c)]
        if due_ms[u(n)] <= t:
            at = waiting
            while at > 0 and due_ms[u(queue[u(at - 1)])] > due_ms[u(n)]:
                queue[u(at)] = queue[u(at - 1)]
                at -= 1
            queue[u(at)] = n
            waiting += 1
    return waiting


@leaf
def area(place: Any, key: Any, edges: Any, codes: Any) -> Any:
    """The code of the country or region of an opportunity."""
    return pick(unit(mix(key, COUNTRY)), edges, codes, place.countries, place.countries_end)


@leaf
def device(place: Any, key: Any, edges: Any, codes: Any) -> Any:
    """The code of the device of an opportunity."""
    return pick(unit(mix(key, DEVICE)), edges, codes, place.devices, place.devices_end)


@inlined
def belongs(who: Any, segments: Any, limits: Any) -> Any:
    """True if a person is in one of the segments at least."""
    first, last = limits.segments_at[u(segments)], limits.segments_at[u(segments + 1)]
    for s in range(first, last):
        segment = limits.segments[u(s)]
        if unit(mix(limits.segment_keys[u(segment)], np.uint64(who))) < limits.segment_shares[u(segment)]:
            return True
    return False


@inlined
def aimed(n: Any, key: Any, who: Any, place: Any, limits: Any) -> Any:
    """True if an opportunity suits a line that is particular about places, devices or people."""
    where = u(area(place, key, limits.country_edges, limits.country_codes))
    what = u(device(place, key, limits.device_edges, limits.device_codes))
    if limits.country_ok[u(n), where] == 0 or limits.device_ok[u(n), what] == 0:
        return False
    wanted = limits.segments_at[u(2 * n + 1)] - limits.segments_at[u(2 * n)]
    return (wanted == 0 or belongs(who, 2 * n, limits)) and not belongs(who, 2 * n + 1, limits)


@inlined
def affordable(n: Any, charge: Any, limits: Any, groups: Any) -> Any:
    """True if all budget groups of a line can pay a charge."""
    for g in range(limits.groups_at[u(n)], limits.groups_at[u(n + 1)]):
        group = groups[u(limits.groups[u(g)])]
        if 0 <= group.total < group.spent + charge or 0 <= group.daily < group.today + charge:
            return False
    return True


@inlined
def rotate(n: Any, key: Any, row: Any, tick: Any, limits: Any, cells: Any) -> Any:
    """A creative in proportion to the weights of those that no cap stops; -1 if there is none."""
    pairs, caps_at, caps = limits.rotation, limits.creative_caps_at, limits.creative_caps
    first, last, whole = limits.rotation_at[u(n)], limits.rotation_at[u(n + 1)], np.int64(0)
    for p in range(first, last, 2):
        if passes(limits.cap_terms, caps, caps_at[u(pairs[u(p)])], caps_at[u(pairs[u(p)] + 1)], cells, row, tick):
            whole += pairs[u(p + 1)]
    left = np.int64(unit(mix(key, ROTATION)) * whole)
    for p in range(first, last, 2):
        if passes(limits.cap_terms, caps, caps_at[u(pairs[u(p)])], caps_at[u(pairs[u(p)] + 1)], cells, row, tick):
            left -= pairs[u(p + 1)]
            if left < 0:
                return pairs[u(p)]
    return np.int64(-1)


@inlined
def outcome_of(line: Any, place: Any, key: Any) -> Any:
    """Draw and count what an impression brings, as bits, each from its own stream."""
    viewable = happens(key, VIEWABLE, place.viewability)
    click = happens(key, CLICK, place.click_rate)
    view = happens(key, VIEW, place.view_rate)
    played = unit(mix(key, COMPLETION)) if view else 1.0
    engaged = happens(key, ENGAGEMENT, place.engagement_rate)
    rate = place.click_conversion_rate if click else place.conversion_rate
    rate = line.conversion_rate if line.conversion_rate >= 0.0 else rate
    converted = False
    if happens(key, CONVERSION, rate):
        window = line.click_window if click else (line.view_window if viewable else np.int64(-1))
        converted = delay_of(line, key) < window
    line.impressions += 1
    line.viewable += viewable
    line.clicks += click
    line.views += view
    line.completed += played < place.completion_rate
    line.engagements += engaged
    line.first_quartile += played < place.first_rate
    line.midpoint += played < place.mid_rate
    line.third_quartile += played < place.third_rate
    bits = VIEWED * viewable | CLICKED * click | PLAYED * view | COMPLETED * (played < place.completion_rate)
    bits |= ENGAGED * engaged | FIRST * (played < place.first_rate) | MIDDLE * (played < place.mid_rate)
    return bits | THIRD * (played < place.third_rate) | CONVERTED * converted


@leaf
def delay_of(line: Any, key: Any) -> Any:
    """How long after its impression a conversion comes, in ms."""
    return np.int64(-log(1.0 - unit(mix(key, DELAY))) * line.delay)


@leaf
def value_of(line: Any, key: Any) -> Any:
    """What a conversion is worth, in micros."""
    return np.int64(min(exp(line.log_value + VALUE_SIGMA * normal(key, VALUE_A, VALUE_B)), FAR))


@inlined
def charge_for(line: Any, bits: Any, price: Any) -> Any:
    """Charge an impression by what it brings: exact, what is no whole micro is carried on."""
    model = line.model
    billed = model in (CPM, CPP) or (model == VCPM and bits & VIEWED) or (model == CPC and bits & CLICKED)
    billed = billed or (model == CPV and bits & PLAYED) or (model == CPCV and bits & COMPLETED)
    billed = billed or (model == CPA and bits & CONVERTED)
    owed = line.remainder + (price if billed else 0)
    charge = owed // line.divisor
    line.remainder = owed - charge * line.divisor
    line.spent += charge
    line.today += charge
    if model == CPA:
        line.pending += charge
    return charge


@inlined
def may_show(
    n: Any, t: Any, tick: Any, key: Any, who: Any, row: Any, place: Any, clearing: Any, limits: Any, state: Any
) -> Any:
    """The creative that a due line shows here and now, or -1."""
    line = state.lines[u(n)]
    if t >= line.stop or (line.fixed == 0 and line.offer < max(clearing, line.floor)):
        return np.int64(-1)
    if line.participation < 1.0 and not happens(key, PARTICIPATION + np.uint64(n) * _STEP, line.participation):
        return np.int64(-1)
    if line.aims != 0 and not aimed(n, key, who, place, limits):
        return np.int64(-1)
    if not affordable(n, line.dearest, limits, state.groups):
        return np.int64(-1)
    first, last = limits.caps_at[u(n)], limits.caps_at[u(n + 1)]
    if not passes(limits.cap_terms, limits.caps, first, last, state.cells, row, tick):
        return np.int64(-1)
    return rotate(n, key, row, tick, limits, state.cells)


@inlined
def price_of(line: Any, place: Any, clearing: Any) -> Any:
    """What an impression costs if it is charged, in 1/divisor micros."""
    if line.fixed != 0 or line.model not in (CPM, VCPM):
        return line.top
    return line.offer if place.first_price != 0 else max(clearing, line.floor)


@inlined
def show(n: Any, tick: Any, row: Any, charge: Any, creative: Any, limits: Any, state: Any) -> None:
    """Enter one impression into the books of groups, caps and pacing."""
    groups, cells = state.groups, state.cells
    for g in range(limits.groups_at[u(n)], limits.groups_at[u(n + 1)]):
        groups[u(limits.groups[u(g)])].spent += charge
        groups[u(limits.groups[u(g)])].today += charge
    remember(limits.cap_terms, limits.rings, limits.rings_at[u(n)], limits.rings_at[u(n + 1)], cells, row, tick)
    first, last = limits.creative_rings_at[u(creative)], limits.creative_rings_at[u(creative + 1)]
    remember(limits.cap_terms, limits.creative_rings, first, last, cells, row, tick)
    state.due_ms[u(n)] = next_due(state.lines[u(n)])


@leaf
def row_of(place: Any, who: Any, rows: Any, stride: Any) -> Any:
    """Where the rings of a person begin, as this publisher knows the person."""
    row = np.int64(rows[u(place.rows + who)]) if place.rows >= 0 else np.int64(who)
    return row * stride


@unmanaged
def decide(
    hour_ms: Any,
    hour_tick: Any,
    hour: Any,
    first: Any,
    last: Any,
    keys: Any,
    limits: Any,
    state: Any,
    out: Any,
    to: Any,
) -> Any:
    """Decide the opportunities ``[first:last)`` of an hour; ``keys`` are those of the placements' hours.

    ``hour_tick`` is the hour in the ticks of the rings. Fills the columns ``out`` with the exposures and ``to``
    with the conversions that they will bring; returns how many there are of each.
    """
    served, converted, queue, stride = 0, 0, state.queue, state.stride
    for n in range(state.lines.shape[0]):
        state.due_ms[u(n)] = next_due(state.lines[u(n)])
    for i in range(first, last):
        if stride > 0 and i + AHEAD < last:
            coming = row_of(limits.places[u(hour.place[u(i + AHEAD)])], hour.who[u(i + AHEAD)], limits.rows, stride)
            for cell in range(coming, coming + min(stride, 64), 16):
                prefetch(state.cells, cell)
        t, where = hour_ms + hour.tick[u(i)] * TICK_MS, hour.place[u(i)]
        place, key, clearing, won = limits.places[u(where)], np.uint64(0), np.int64(-1), False
        tick, who, row = hour_tick + hour.tick[u(i)], hour.who[u(i)], np.int64(-1)
        c, end = limits.candidates_at[u(where)], limits.candidates_at[u(where + 1)]
        while c < end and not won:
            until = limits.equals_end[u(c)]
            waiting = line_up(t, c, until, limits.candidates, state.due_ms, queue)
            c = until
            for q in range(waiting):
                n = queue[u(q)]
                line = state.lines[u(n)]
                if row < 0:
                    key = mix(keys[u(where)], np.uint64(hour.number[u(i)]))
                    row = row_of(place, who, limits.rows, stride)
                if clearing < 0 and line.fixed == 0:
                    clearing = clearing_price(place, key)
                creative = may_show(n, t, tick, key, who, row, place, clearing, limits, state)
                if creative >= 0:
                    bits = outcome_of(line, place, key)
                    charge = charge_for(line, bits, price_of(line, place, clearing))
                    show(n, tick, row, charge, creative, limits, state)
                    r = u(served)
                    out.time_ms[r], out.user[r], out.line[r], out.place[r] = t, who, n, where
                    out.creative[r], out.charge_micros[r], out.outcome[r] = creative, charge, bits
                    out.country[r] = area(place, key, limits.country_edges, limits.country_codes)
                    out.device[r] = device(place, key, limits.device_edges, limits.device_codes)
                    if bits & CONVERTED:
                        to.at_ms[u(converted)], to.exposure[u(converted)] = t + delay_of(line, key), served
                        to.value[u(converted)] = value_of(line, key)
                        converted += 1
                    served, won = served + 1, True
                    break
    return served, converted
