"""Rules of the reference engine that need nothing but the model: prices, targeting, outcomes, caps, plans."""

from __future__ import annotations

from fractions import Fraction
from math import ceil, cos, exp, inf, log, pi, sqrt
from typing import Any, NamedTuple

from sandbox.delivery.hashing import mix, unit
from sandbox.delivery.model import Cap, Line, Placement
from sandbox.delivery.supply import allows, cumulative

# what the draws of an opportunity are for; retries of PERSON go on in steps of 256
TIME, PERSON, ACCEPT, COUNTRY, DEVICE, MARKET_A, MARKET_B = range(1, 8)
VIEWABLE, CLICK, VIEW, COMPLETION, CONVERSION, ROTATION = range(8, 14)


class Plan(NamedTuple):
    """Amounts allowed at both ends of a stretch; infinite where there is nothing to pace."""

    from_ms: int
    to_ms: int
    money: tuple[float, float] = (inf, inf)
    goal: tuple[float, float] = (inf, inf)


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


def planned(plan: Plan, amounts: tuple[float, float], at_ms: int, used: int) -> float:
    """What a plan wants to be used by an instant; it stands still when it is over."""
    at, end = amounts
    if at == inf:
        return used
    return at + (end - at) * (min(at_ms, plan.to_ms) - plan.from_ms) / (plan.to_ms - plan.from_ms)


def reached(plan: Plan, amounts: tuple[float, float], level: float, start_ms: int) -> float:
    """When a plan reaches a level; a level plan that has it had it from the start of the flight."""
    at, end = amounts
    if end > at:
        return plan.from_ms + ceil((level - at) * (plan.to_ms - plan.from_ms) / (end - at))
    return start_ms if level <= at else inf


def suits(line: Line, placement: Placement, key: int) -> bool:
    """True if the targeting of a line lets the opportunity through."""
    aim = line.targeting
    country = _pick(placement.countries, unit(mix(key, COUNTRY)))
    device = _pick(placement.devices, unit(mix(key, DEVICE)))
    return (
        allows(aim.properties, aim.properties_exclude, placement.property_id)
        and allows(aim.countries, aim.countries_exclude, country)
        and allows(aim.devices, aim.devices_exclude, device)
    )


def _pick(shares: dict[str, float], draw: float) -> str:
    return next(name for name, edge in zip(shares, cumulative(shares), strict=True) if draw < edge)


def clearing_price(placement: Placement, key: int) -> int:
    """The floor or the best competing bid, in micros CPM, rounded up."""
    rivals, price = placement.competition, float(placement.floor_micros)
    if rivals:
        normal = sqrt(-2.0 * log(1.0 - unit(mix(key, MARKET_A)))) * cos(2.0 * pi * unit(mix(key, MARKET_B)))
        price = max(price, exp(log(rivals.median_micros) + rivals.sigma * normal))
    return ceil(price)


def outcomes(line: Line, placement: Placement, key: int) -> dict[str, bool]:
    """What happens to an impression, by the pricing model that charges for it."""

    def happens(purpose: int, rate: float) -> bool:
        return unit(mix(key, purpose)) < rate

    view = happens(VIEW, placement.view_rate)
    converts = placement.conversion_rate if line.conversion_rate is None else line.conversion_rate
    return {
        "vcpm": happens(VIEWABLE, placement.viewability),
        "cpc": happens(CLICK, placement.click_rate),
        "cpv": view,
        "cpcv": view and happens(COMPLETION, placement.completion_rate),
        "cpa": happens(CONVERSION, converts),
    }


def caps_allow(caps: tuple[Cap, ...], instants: list[int], at_ms: int) -> bool:
    """True if every cap lets one more exposure in: fewer than its limit are in the window that ends now."""
    return all(
        sum(1 for t in instants if cap.window_ms is None or t > at_ms - cap.window_ms) < cap.max_impressions
        for cap in caps
    )


def alias_table(weights: Any) -> list[tuple[float, int]] | None:
    """Walker's alias method: for each user how much of it is its own, and whose the rest is."""
    if weights is None:
        return None
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
