"""The compiled loop: decides the opportunities of an hour one by one, in order of time.

``reference.py`` does the same in plain Python; any change here is a change there.
"""

from __future__ import annotations

from math import ceil, cos, exp, log, pi, sqrt
from typing import Any

import numpy as np

from sandbox.delivery.bits import happens, leaf, mix, pick, prefetch, u, unit, unmanaged
from sandbox.delivery.tables import (
    CLICK,
    CLICKED,
    COMPLETED,
    COMPLETION,
    CONVERTED,
    CONVERTS,
    COUNTRY,
    DELAY,
    DEVICE,
    ENGAGED,
    ENGAGEMENT,
    FIRST,
    FOREVER,
    MARKET_A,
    MARKET_B,
    MIDDLE,
    MODELS,
    PARTICIPATION,
    PLAYED,
    ROTATION,
    SHOWN,
    THIRD,
    TICK_MS,
    VALUE_A,
    VALUE_B,
    VIEW,
    VIEWABLE,
    VIEWED,
)

CPM, VCPM, CPA = MODELS["cpm"], MODELS["vcpm"], MODELS["cpa"]
FAR = 4.0e18
AHEAD = 12
VALUE_SIGMA = 0.5
_STEP = np.uint64(256)


@leaf
def passes(caps: Any, numbers: Any, first: Any, last: Any, cells: Any, row: Any, tick: Any) -> Any:
    """True if none of the caps ``numbers[first:last]`` stops this person now: one look at an exposure each."""
    for s in range(first, last):
        cap = caps[u(numbers[u(s)])]
        if cap.limit == 0:
            return False
        at = row + cap.ring
        newest = np.int64(cells[u(at)]) - cap.limit
        if newest < 0:
            newest += cap.length
        since = np.int64(cells[u(at + 1 + newest)])
        if since > 0 and since > tick - cap.window:
            return False
    return True


@leaf
def remember(caps: Any, numbers: Any, first: Any, last: Any, cells: Any, row: Any, tick: Any) -> None:
    """Count one exposure of this person in the rings ``numbers[first:last]``."""
    for r in range(first, last):
        cap = caps[u(numbers[u(r)])]
        at = row + cap.ring
        oldest = np.int64(cells[u(at)])
        cells[u(at + 1 + oldest)] = tick
        cells[u(at)] = oldest + 1 if oldest + 1 < cap.length else 0


@unmanaged
def replay(ticks: Any, row: Any, rings_at: Any, rings: Any, of: Any, caps: Any, cells: Any) -> None:
    """Fill rings from the exposure log: ``rings`` by what is in the column ``of`` (lines, or creatives)."""
    for i in range(ticks.shape[0]):
        remember(caps, rings, rings_at[u(of[u(i)])], rings_at[u(of[u(i)] + 1)], cells, row[u(i)], ticks[u(i)])


@leaf
def normal(key: Any, a: Any, b: Any) -> Any:
    """A draw of the standard normal distribution."""
    return sqrt(-2.0 * log(1.0 - unit(mix(key, a)))) * cos(2.0 * pi * unit(mix(key, b)))


@leaf
def clearing_price(place: Any, key: Any) -> Any:
    """What it takes to win here: the floor or the best competing bid, in micros CPM, rounded up."""
    price = place.floor
    if place.sigma >= 0.0:
        rival = exp(place.log_median + place.sigma * normal(key, MARKET_A, MARKET_B))
        price = larger(price, rival)
    return whole(ceil(price))


@leaf
def whole(amount: Any) -> Any:
    """A float as a whole number, of which there are none too large."""
    return np.int64(amount) if amount < FAR else np.int64(FAR)


@leaf
def larger(a: Any, b: Any) -> Any:
    """The larger one; ``max`` is compiled at length."""
    return a if a > b else b  # noqa: FURB136


@leaf
def reached(level: Any, at: Any, end: Any, line: Any) -> Any:
    """When the plan from ``at`` to ``end`` reaches a level; a level plan that has it had it from the start."""
    if end > at:
        return line.plan_from + whole(ceil((level - at) * (line.plan_to - line.plan_from) / (end - at)))
    return line.start if level <= at else np.int64(FOREVER)


@leaf
def next_due(line: Any) -> Any:
    """When a line may serve next, after its counters or its terms have changed; marks a line that is full."""
    line.dearest = (line.remainder + line.top) // line.divisor
    if line.spent + line.dearest > line.budget or 0 <= line.goal <= line.impressions:
        line.full = 1
    if line.full != 0 or line.live == 0 or 0 <= line.daily_cap < line.today + line.dearest:
        return np.int64(FOREVER)
    due = reached(line.spent + line.half, line.plan_at, line.plan_end, line)
    goal = reached(line.impressions + 0.5, line.goal_at, line.goal_end, line)
    return larger(line.start, larger(due, goal))


@leaf
def line_up(t: Any, first: Any, last: Any, numbers: Any, due_ms: Any, queue: Any) -> Any:
    """Put the candidates ``numbers[first:last]`` that are due into the queue, earliest first; returns how many."""
    waiting = 0
    for c in range(first, last):
        n = numbers[u(c)]
        if due_ms[u(n)] <= t:
            at = waiting
            while at > 0 and due_ms[u(queue[u(at - 1)])] > due_ms[u(n)]:
                queue[u(at)] = queue[u(at - 1)]
                at -= 1
            queue[u(at)] = n
            waiting += 1
    return waiting


@leaf
def belongs(who: Any, first: Any, last: Any, numbers: Any, segments: Any) -> Any:
    """True if a person is in one of the segments ``numbers[first:last]`` at least."""
    for s in range(first, last):
        segment = segments[u(numbers[u(s)])]
        if unit(mix(segment.key, np.uint64(who))) < segment.share:
            return True
    return False


@leaf
def aimed(mine: Any, place: Any, key: Any, who: Any, numbers: Any, shares: Any, segments: Any) -> Any:
    """True if an opportunity suits a line that is particular about places, devices or people."""
    area = pick(unit(mix(key, COUNTRY)), shares, place.countries, place.countries_end)
    device = pick(unit(mix(key, DEVICE)), shares, place.devices, place.devices_end)
    if numbers[u(mine.countries + area)] == 0 or numbers[u(mine.devices + device)] == 0:
        return False
    if mine.inside < mine.inside_end and not belongs(who, mine.inside, mine.inside_end, numbers, segments):
        return False
    return not belongs(who, mine.outside, mine.outside_end, numbers, segments)


@leaf
def affordable(mine: Any, charge: Any, numbers: Any, groups: Any) -> Any:
    """True if all budget groups of a line can pay a charge."""
    for g in range(mine.groups, mine.groups_end):
        group = groups[u(numbers[u(g)])]
        if 0 <= group.total < group.spent + charge or 0 <= group.daily < group.today + charge:
            return False
    return True


@leaf
def rotate(mine: Any, key: Any, row: Any, tick: Any, numbers: Any, creatives: Any, caps: Any, cells: Any) -> Any:
    """A creative in proportion to the weights of those that no cap stops; -1 if there is none."""
    left, drawn = np.int64(0), False
    for _ in range(2):  # once for the sum of the weights, once for the one that is drawn
        for p in range(mine.rotation, mine.rotation_end, 2):
            one = creatives[u(numbers[u(p)])]
            if passes(caps, numbers, one.caps, one.caps_end, cells, row, tick):
                left += -numbers[u(p + 1)] if drawn else numbers[u(p + 1)]
                if left < 0:
                    return numbers[u(p)]
        left, drawn = np.int64(unit(mix(key, ROTATION)) * left), True
    return np.int64(-1)


@leaf
def outcome_of(line: Any, place: Any, key: Any) -> Any:
    """Draw and count what an impression brings, as bits, each from its own stream."""
    viewable = happens(key, VIEWABLE, place.viewability)
    click = happens(key, CLICK, place.click_rate)
    view = happens(key, VIEW, place.view_rate)
    played = unit(mix(key, COMPLETION)) if view else 1.0
    completed, engaged = played < place.completion_rate, happens(key, ENGAGEMENT, place.engagement_rate)
    first, middle, third = played < place.first_rate, played < place.mid_rate, played < place.third_rate
    line.impressions += 1
    line.viewable += viewable
    line.clicks += click
    line.views += view
    line.completed += completed
    line.engagements += engaged
    line.first_quartile += first
    line.midpoint += middle
    line.third_quartile += third
    bits = VIEWED * viewable | CLICKED * click | PLAYED * view | COMPLETED * completed | ENGAGED * engaged
    bits |= FIRST * first | MIDDLE * middle | THIRD * third
    rate = place.click_conversion_rate if click else place.conversion_rate
    if happens(key, CONVERTS, line.conversion_rate if line.conversion_rate >= 0.0 else rate):
        window = line.click_window if click else (line.view_window if viewable else np.int64(-1))
        bits |= CONVERTED * (delay_of(line, key) < window)
    return bits


@leaf
def delay_of(line: Any, key: Any) -> Any:
    """How long after its impression a conversion comes, in ms."""
    return np.int64(-log(1.0 - unit(mix(key, DELAY))) * line.delay)


@leaf
def value_of(line: Any, key: Any) -> Any:
    """What a conversion is worth, in micros."""
    return whole(exp(line.log_value + VALUE_SIGMA * normal(key, VALUE_A, VALUE_B)))


@leaf
def charge_for(line: Any, bits: Any, price: Any) -> Any:
    """Charge an impression by what it brings: exact, what is no whole micro is carried on."""
    owed = line.remainder + (price if line.billed & (bits | SHOWN) != 0 else 0)
    charge = owed // line.divisor
    line.remainder = owed - charge * line.divisor
    line.spent += charge
    line.today += charge
    if line.model == CPA:
        line.pending += charge
    return charge


@leaf
def may_show(
    n: Any, line: Any, mine: Any, t: Any, tick: Any, key: Any, who: Any, row: Any, place: Any, clearing: Any,
    limits: Any, groups: Any, cells: Any
) -> Any:  # fmt: skip
    """The creative that a due line shows here and now, or -1."""
    if t >= line.stop or (line.fixed == 0 and (line.offer < clearing or line.offer < line.floor)):
        return np.int64(-1)
    if line.participation < 1.0 and not happens(key, PARTICIPATION + np.uint64(n) * _STEP, line.participation):
        return np.int64(-1)
    numbers = limits.numbers
    if line.aims != 0 and not aimed(mine, place, key, who, numbers, limits.shares, limits.segments):
        return np.int64(-1)
    if not affordable(mine, line.dearest, numbers, groups):
        return np.int64(-1)
    if not passes(limits.caps, numbers, mine.caps, mine.caps_end, cells, row, tick):
        return np.int64(-1)
    return rotate(mine, key, row, tick, numbers, limits.creatives, limits.caps, cells)


@leaf
def price_of(line: Any, place: Any, clearing: Any) -> Any:
    """What an impression costs if it is charged, in 1/divisor micros."""
    if line.fixed != 0 or (line.model != CPM and line.model != VCPM):
        return line.top
    if place.first_price != 0:
        return line.offer
    return larger(clearing, line.floor)


@leaf
def show(
    mine: Any, shown: Any, tick: Any, row: Any, charge: Any, numbers: Any, caps: Any, groups: Any, cells: Any
) -> None:
    """Enter one impression into the books of groups and caps."""
    for g in range(mine.groups, mine.groups_end):
        group = groups[u(numbers[u(g)])]
        group.spent += charge
        group.today += charge
    remember(caps, numbers, mine.rings, mine.rings_end, cells, row, tick)
    remember(caps, numbers, shown.rings, shown.rings_end, cells, row, tick)


@leaf
def row_of(place: Any, who: Any, rows: Any, stride: Any) -> Any:
    """Where the rings of a person begin, as this publisher knows the person."""
    row = np.int64(rows[u(place.rows + who)]) if place.rows >= 0 else np.int64(who)
    return row * stride


@unmanaged
def decide(
    hour_ms: Any, hour_tick: Any, hour: Any, first: Any, last: Any, keys: Any, limits: Any, state: Any, out: Any,
    to: Any
) -> Any:  # fmt: skip
    """Decide the opportunities ``[first:last)`` of an hour; ``keys`` are those of the placements' hours.

    ``hour_tick`` is the hour in the ticks of the rings. Fills the columns ``out`` with the exposures and the
    records ``to`` with the conversions that they will bring; returns how many there are of each.
    """
    served, converted = 0, 0
    places, numbers, rows, shares = limits.places, limits.numbers, limits.rows, limits.shares
    lines, cells, stride, due_ms, queue = state.lines, state.cells, state.stride, state.due_ms, state.queue
    for n in range(lines.shape[0]):
        due_ms[u(n)] = next_due(lines[u(n)])
    for i in range(first, last):
        if stride > 0 and i + AHEAD < last:
            soon = hour[u(i + AHEAD)]
            near = row_of(places[u(soon.place)], soon.who, rows, stride)
            for cell in range(near, near + (stride if stride < 64 else 64), 16):  # noqa: FURB136
                prefetch(cells, cell)
        chance = hour[u(i)]
        place, t, tick = places[u(chance.place)], hour_ms + chance.tick * TICK_MS, hour_tick + chance.tick
        key, clearing, row, won = np.uint64(0), np.int64(-1), np.int64(-1), False
        c = place.candidates
        while c < place.candidates_end and not won:
            until = numbers[u(place.equals + c - place.candidates)]
            waiting = line_up(t, c, until, numbers, due_ms, queue)
            c = until
            for q in range(waiting):
                n = queue[u(q)]
                line, mine = lines[u(n)], limits.terms[u(n)]
                if row < 0:
                    key = mix(keys[u(chance.place)], np.uint64(chance.number))
                    row = row_of(place, chance.who, rows, stride)
                if clearing < 0 and line.fixed == 0:
                    clearing = clearing_price(place, key)
                creative = may_show(
                    n, line, mine, t, tick, key, chance.who, row, place, clearing, limits, state.groups, cells
                )
                if creative >= 0:
                    bits = outcome_of(line, place, key)
                    charge = charge_for(line, bits, price_of(line, place, clearing))
                    shown = limits.creatives[u(creative)]
                    show(mine, shown, tick, row, charge, numbers, limits.caps, state.groups, cells)
                    due_ms[u(n)] = next_due(line)
                    r = u(served)
                    out.time_ms[r], out.user[r], out.line[r], out.place[r] = t, chance.who, n, chance.place
                    out.creative[r], out.charge_micros[r], out.outcome[r] = creative, charge, bits
                    out.country[r] = pick(unit(mix(key, COUNTRY)), shares, place.countries, place.countries_end)
                    out.device[r] = pick(unit(mix(key, DEVICE)), shares, place.devices, place.devices_end)
                    if bits & CONVERTED:
                        coming = to[u(converted)]
                        coming.at_ms, coming.exposure = t + delay_of(line, key), served
                        coming.value = value_of(line, key)
                        converted += 1
                    served, won = served + 1, True
                    break
    return served, converted
