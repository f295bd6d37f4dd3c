"""The compiled loop: decides opportunities one by one, in order of time.

``reference.py`` does the same in plain Python; any change here is a change there.
"""

from __future__ import annotations

from math import cos, exp, log, pi, sqrt
from typing import Any

import numba as nb
import numpy as np

from sandbox.delivery.hashing import mix, unit

# purposes of draws under the key of an opportunity (supply.py has 1 to 5)
MARKET_A, MARKET_B, VIEWABLE, CLICK, VIEW, COMPLETION, CONVERSION, ROTATION = (
    np.uint64(n) for n in range(16, 24)
)
CPM, VCPM, CPC, CPCV, CPV, CPA, CPP, FLAT = range(8)


@nb.njit(inline="always", cache=True)  # type: ignore[untyped-decorator]
def passes(caps: Any, slots: Any, first: Any, last: Any, ring: Any, user: Any, time_ms: Any) -> Any:
    """True if none of the caps ``slots[first:last]`` stops this user now."""
    for s in range(first, last):
        cap = caps[slots[s]]
        limit = cap.limit
        cell = cap.base + user * (limit + 1)
        seen = ring[cell]
        if seen >= limit and ring[cell + 1 + seen % limit] > time_ms - cap.window:
            return False
    return True


@nb.njit(inline="always", cache=True)  # type: ignore[untyped-decorator]
def record(caps: Any, slots: Any, first: Any, last: Any, ring: Any, user: Any, time_ms: Any) -> None:
    """Count one exposure of this user in the caps ``slots[first:last]``."""
    for s in range(first, last):
        cap = caps[slots[s]]
        cell = cap.base + user * (cap.limit + 1)
        seen = ring[cell]
        ring[cell + 1 + seen % cap.limit] = time_ms
        ring[cell] = seen + 1


@nb.njit(cache=True)  # type: ignore[untyped-decorator]
def replay(
    time_ms: Any,
    user: Any,
    line: Any,
    creative: Any,
    line_caps_at: Any,
    line_caps: Any,
    creative_caps_at: Any,
    creative_caps: Any,
    caps: Any,
    ring: Any,
) -> None:
    """Fill the rings from the exposure log, as if the present caps had always been there."""
    for i in range(time_ms.shape[0]):
        who, when = np.int64(user[i]), time_ms[i]
        record(caps, line_caps, line_caps_at[line[i]], line_caps_at[line[i] + 1], ring, who, when)
        of = creative[i]
        record(caps, creative_caps, creative_caps_at[of], creative_caps_at[of + 1], ring, who, when)


@nb.njit(inline="always", cache=True)  # type: ignore[untyped-decorator]
def choose_creative(
    pairs: Any, first: Any, last: Any, draw: Any, caps: Any, slots_at: Any, slots: Any, ring: Any, user: Any, t: Any
) -> Any:
    """A creative in proportion to the weights of those that no cap stops; -1 if there is none."""
    total = np.int64(0)
    for p in range(first, last, 2):
        of = pairs[p]
        if passes(caps, slots, slots_at[of], slots_at[of + 1], ring, user, t):
            total += pairs[p + 1]
    if total == 0:
        return np.int64(-1)
    left = np.int64(draw * total)
    for p in range(first, last, 2):
        of = pairs[p]
        if passes(caps, slots, slots_at[of], slots_at[of + 1], ring, user, t):
            left -= pairs[p + 1]
            if left < 0:
                return of
    return np.int64(-1)


@nb.njit(inline="always", cache=True)  # type: ignore[untyped-decorator]
def clearing_price(place: Any, key: Any) -> Any:
    """What it takes to win here: the floor or the best competing bid, in micros CPM, rounded up."""
    price = place.floor
    if place.sigma >= 0.0:
        radius = sqrt(-2.0 * log(1.0 - unit(mix(key, MARKET_A))))
        normal = radius * cos(2.0 * pi * unit(mix(key, MARKET_B)))
        price = max(price, exp(place.log_median + place.sigma * normal))
    return np.int64(np.ceil(price))


@nb.njit(inline="always", cache=True)  # type: ignore[untyped-decorator]
def happens(key: Any, purpose: Any, rate: Any) -> Any:
    """True if an outcome of this rate happens to the opportunity."""
    return unit(mix(key, purpose)) < rate


@nb.njit(inline="always", cache=True)  # type: ignore[untyped-decorator]
def billed(model: Any, place: Any, key: Any) -> Any:
    """True if an impression here would be charged under the pricing model."""
    if model == VCPM:
        return happens(key, VIEWABLE, place.viewability)
    if model == CPC:
        return happens(key, CLICK, place.click_rate)
    if model == CPV:
        return happens(key, VIEW, place.view_rate)
    if model == CPCV:
        viewed = happens(key, VIEW, place.view_rate)
        return viewed and happens(key, COMPLETION, place.completion_rate)
    if model == CPA:
        return happens(key, CONVERSION, place.conversion_rate)
    return model != FLAT


@nb.njit(inline="always", cache=True)  # type: ignore[untyped-decorator]
def groups_allow(groups: Any, members: Any, first: Any, last: Any, charge: Any) -> Any:
    """True if every budget group of the line can pay the charge."""
    for g in range(first, last):
        group = groups[members[g]]
        if group.total >= 0 and group.spent + charge > group.total:
            return False
        if group.daily >= 0 and group.today + charge > group.daily:
            return False
        if group.total >= 0 and group.spent >= group.total:
            return False
        if group.daily >= 0 and group.today >= group.daily:
            return False
    return True


@nb.njit(cache=True)  # type: ignore[untyped-decorator]
def decide(  # noqa: PLR0912, PLR0913, PLR0914, PLR0915, PLR0917 - one loop, all of its tables
    time_ms: Any,
    user: Any,
    placement: Any,
    country: Any,
    device: Any,
    key: Any,
    lines: Any,
    places: Any,
    groups: Any,
    country_ok: Any,
    device_ok: Any,
    candidates_at: Any,
    candidates: Any,
    line_groups_at: Any,
    line_groups: Any,
    line_caps_at: Any,
    line_caps: Any,
    creatives_at: Any,
    creatives: Any,
    creative_caps_at: Any,
    creative_caps: Any,
    caps: Any,
    ring: Any,
    out_time: Any,
    out_user: Any,
    out_line: Any,
    out_creative: Any,
    out_charge: Any,
) -> Any:
    """Decide opportunities; fill the ``out`` arrays with the exposures and return how many there are."""
    served = 0
    for i in range(time_ms.shape[0]):
        t, k, who, where = time_ms[i], key[i], np.int64(user[i]), placement[i]
        place = places[where]
        clearing = np.int64(-1)
        for c in range(candidates_at[where], candidates_at[where + 1]):
            n = candidates[c]
            line = lines[n]
            if line.active == 0 or line.full != 0 or t < line.start or t >= line.end:
                continue
            if country_ok[n, country[i]] == 0 or device_ok[n, device[i]] == 0:
                continue
            gate = line.gate + line.slope * (t - line.gate_from)
            if line.model != FLAT and line.spent >= gate:
                continue
            price = line.rate
            if line.fixed == 0:
                if clearing < 0:
                    clearing = clearing_price(place, k)
                if line.bid < clearing:
                    continue
                if line.model == CPM or line.model == VCPM:
                    price = clearing
            billable = billed(line.model, place, k)
            owed = line.remainder + (price if billable else 0)
            charge = owed // line.divisor
            if line.model != FLAT and line.spent + 0.5 * charge >= gate:
                continue
            if line.spent + charge > line.budget:
                line.full = 1
                continue
            if line.daily_cap >= 0 and line.model != FLAT:
                if line.today + charge > line.daily_cap or line.today >= line.daily_cap:
                    continue
            if not groups_allow(groups, line_groups, line_groups_at[n], line_groups_at[n + 1], charge):
                continue
            if not passes(caps, line_caps, line_caps_at[n], line_caps_at[n + 1], ring, who, t):
                continue
            chosen = choose_creative(
                creatives,
                creatives_at[n],
                creatives_at[n + 1],
                unit(mix(k, ROTATION)),
                caps,
                creative_caps_at,
                creative_caps,
                ring,
                who,
                t,
            )
            if chosen < 0:
                continue
            line.remainder = owed - charge * line.divisor
            line.spent += charge
            line.today += charge
            line.impressions += 1
            line.viewable += happens(k, VIEWABLE, place.viewability)
            line.clicks += happens(k, CLICK, place.click_rate)
            if happens(k, VIEW, place.view_rate):
                line.views += 1
                line.completed += happens(k, COMPLETION, place.completion_rate)
            line.conversions += happens(k, CONVERSION, place.conversion_rate)
            if line.model != FLAT and line.spent >= line.budget:
                line.full = 1
            if line.goal >= 0 and line.impressions >= line.goal:
                line.full = 1
            for g in range(line_groups_at[n], line_groups_at[n + 1]):
                groups[line_groups[g]].spent += charge
                groups[line_groups[g]].today += charge
            record(caps, line_caps, line_caps_at[n], line_caps_at[n + 1], ring, who, t)
            of = creative_caps_at[chosen]
            record(caps, creative_caps, of, creative_caps_at[chosen + 1], ring, who, t)
            out_time[served], out_user[served], out_line[served] = t, who, n
            out_creative[served], out_charge[served] = chosen, charge
            served += 1
            break
    return served
