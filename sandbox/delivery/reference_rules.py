"""Rules of the reference engine that need nothing but the model: prices, targeting, outcomes, caps, plans."""

from __future__ import annotations

from fractions import Fraction
from math import ceil, exp, inf, log
from typing import Any, NamedTuple

from sandbox.core.rng import derive
from sandbox.delivery.hashing import mix, normal, unit
from sandbox.delivery.model import Cap, Line, Placement, Population
from sandbox.delivery.pacing import NOTHING, Pace
from sandbox.delivery.supply import allows, allows_area, cumulative

# what the draws of an opportunity are for; those of several lines go on in steps of 256
TIME, PERSON, ACCEPT, COUNTRY, DEVICE, MARKET_A, MARKET_B = range(1, 8)
VIEWABLE, CLICK, VIEW, COMPLETION, CONVERSION, ROTATION = range(8, 14)
ENGAGEMENT, DELAY, VALUE_A, VALUE_B, PARTICIPATION = range(14, 19)


class Plan(NamedTuple):
    """The pace of a stretch; infinite amounts where there is nothing to pace."""

    from_ms: int
    to_ms: int
    money: Pace = NOTHING
    goal: Pace = NOTHING

    @property
    def participation(self) -> float:
        """The fraction of the opportunities that the line considers."""
        return min(self.money.participation, self.goal.participation)

    @property
    def bid_factor(self) -> float:
        """What part of its bid the line bids."""
        return min(self.money.bid_factor, self.goal.bid_factor)


def worth(line: Line) -> int:
    """The price that ranks a line: its bid, or its fixed price."""
    price = line.price
    return price.rate_micros if price.fixed or price.bid_micros is None else price.bid_micros


def top_price(line: Line, users: int) -> Fraction:
    """The most that one impression can cost, in micros."""
    model, price = line.price.model, line.price
    if model in ("cpm", "vcpm"):
        return Fraction(worth(line), 1000)
    if model == "cpp":
        return Fraction(price.rate_micros * 100, users)
    return Fraction(0 if model == "flat_rate" else price.rate_micros)


def half_price(line: Line, users: int) -> float:
    """Half of :func:`top_price`, in the same steps of rounding as the engine."""
    per = {"cpm": 1000, "vcpm": 1000, "cpp": users}.get(line.price.model, 1)
    return 0.5 * float(top_price(line, users) * per) / float(per)


def planned(plan: Plan, pace: Pace, at_ms: int, used: int) -> float:
    """What a plan wants to be used by an instant; it stands still when it is over."""
    at, end = pace.at, pace.end
    if at == inf:
        return used
    return at + (end - at) * (min(at_ms, plan.to_ms) - plan.from_ms) / (plan.to_ms - plan.from_ms)


def reached(plan: Plan, pace: Pace, level: float, start_ms: int) -> float:
    """When a plan reaches a level; a level plan that has it had it from the start of the flight."""
    at, end = pace.at, pace.end
    if end > at:
        return plan.from_ms + ceil((level - at) * (plan.to_ms - plan.from_ms) / (end - at))
    return start_ms if level <= at else inf


def suits(line: Line, placement: Placement, key: int, who: int, population: Population, seed: int) -> bool:
    """True if the targeting of a line lets the opportunity through."""
    aim = line.targeting

    def belongs(name: str) -> bool:
        return unit(mix(derive(seed, "segment", name), who)) < population.segments.get(name, 0.0)

    return (
        allows(aim.properties, aim.properties_exclude, placement.property_id)
        and allows_area(aim, area(placement, key))
        and allows(aim.devices, aim.devices_exclude, device(placement, key))
        and (not aim.segments or any(belongs(name) for name in aim.segments))
        and not any(belongs(name) for name in aim.segments_exclude)
    )


def area(placement: Placement, key: int) -> str:
    """The country or region of an opportunity."""
    return _pick(placement.countries, unit(mix(key, COUNTRY)))


def device(placement: Placement, key: int) -> str:
    """The device of an opportunity."""
    return _pick(placement.devices, unit(mix(key, DEVICE)))


def _pick(shares: dict[str, float], draw: float) -> str:
    return next(name for name, edge in zip(shares, cumulative(shares), strict=True) if draw < edge)


def clearing_price(placement: Placement, key: int) -> int:
    """The floor or the best competing bid, in micros CPM, rounded up."""
    rivals, price = placement.competition, float(placement.floor_micros)
    if rivals:
        price = max(price, exp(log(rivals.median_micros) + rivals.sigma * normal(key, MARKET_A, MARKET_B)))
    return ceil(price)


def outcomes(line: Line, placement: Placement, key: int) -> dict[str, bool]:
    """What happens to an impression, by the names of totals."""

    def happens(purpose: int, rate: float) -> bool:
        return unit(mix(key, purpose)) < rate

    viewable, click = happens(VIEWABLE, placement.viewability), happens(CLICK, placement.click_rate)
    view = happens(VIEW, placement.view_rate)
    played = unit(mix(key, COMPLETION)) if view else 1.0
    rate = placement.click_conversion_rate if click else placement.conversion_rate
    rate = rate if line.conversion_rate is None else line.conversion_rate
    window = line.click_window_ms if click else line.view_window_ms if viewable else -1
    return {
        "viewable": viewable,
        "clicks": click,
        "views": view,
        "completed_views": played < placement.completion_rate,
        "engagements": happens(ENGAGEMENT, placement.engagement_rate),
        "first_quartile": played < placement.completion_rate**0.25,
        "midpoint": played < placement.completion_rate**0.5,
        "third_quartile": played < placement.completion_rate**0.75,
        "conversions": happens(CONVERSION, rate) and delay_ms(line, key) < window,
    }


BILLED = {"vcpm": "viewable", "cpc": "clicks", "cpv": "views", "cpcv": "completed_views", "cpa": "conversions"}
"""What a pricing model charges for, by the names of totals; others charge for the impression, or for nothing."""


def delay_ms(line: Line, key: int) -> int:
    """How long after its impression a conversion comes."""
    return int(-log(1.0 - unit(mix(key, DELAY))) * line.conversion_delay_ms)


def value_micros(line: Line, key: int) -> int:
    """What a conversion is worth."""
    return int(exp(log(max(line.conversion_value_micros, 1)) + 0.5 * normal(key, VALUE_A, VALUE_B)))


def caps_allow(caps: tuple[Cap, ...], instants: list[int], at_ms: int) -> bool:
    """True if every cap lets one more exposure in: fewer than its limit are in the window that ends now."""
    return all(
        sum(1 for t in instants if cap.window_ms is None or t > at_ms - cap.window_ms) < cap.max_impressions
        for cap in caps
    )


def alias_table(weights: Any) -> list[tuple[float, int]]:
    """Walker's alias method: for each user how much of it is its own, and whose the rest is."""
    rest = [float(weight) for weight in weights]
    table = [(1.0, user) for user in range(len(rest))]
    small = [user for user, weight in enumerate(rest) if weight < 1.0]
    large = [user for user, weight in enumerate(rest) if weight >= 1.0]
    while small and large:
        low, high = small.pop(), large[-1]
        table[low] = rest[low], high
        rest[high] -= 1.0 - rest[low]
        if rest[high] < 1.0:
            small.append(large.pop())
    return table
