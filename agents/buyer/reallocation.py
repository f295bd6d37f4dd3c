"""Where a campaign's money should go by what is known: beliefs, limits, and the best division of what is left.

Beliefs begin with what is typical of a channel at the price of the product and follow what was delivered. With
exploration one draw from them decides (Thompson sampling), else what is expected.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agents.buyer.allocation import capacity, effective_cpm
from agents.buyer.config import MixConfig, OptimizationConfig
from agents.buyer.evidence import Aim, Item, typical_rate
from sandbox.allocation import (
    BetaRate,
    GammaRate,
    MeanValue,
    Problem,
    Response,
    calibrated,
    diminishing,
    fill,
    fill_above_rate,
)
from sandbox.core.time import DAY_MS

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]

PRIOR_EVENTS = 4.0
"""What a prior rate is worth, in results."""

PRIOR_IMPRESSIONS = 1_000.0
"""What a prior price is worth, in impressions."""

HEADROOM, SLOW_HEADROOM = 1.5, 1.1
"""How much a package is expected to spend in a day over its best recent one: at most, and if it falls short."""


@dataclass(slots=True, frozen=True)
class Belief:
    """What is believed about n packages: expected, and as drawn for this run.

    ``worth`` is what a micro brings: results, or their value in micros. ``rate`` is results per impression,
    ``shown`` impressions for a micro.
    """

    worth: FloatArray
    drawn_worth: FloatArray
    rate: FloatArray
    drawn_rate: FloatArray
    shown: FloatArray


@dataclass(slots=True, frozen=True)
class Limits:
    """What a run has to keep to: the time it is, the flight, and what a day may cost (micros, None: anything)."""

    now_ms: int
    flight_ms: int
    daily_cap_micros: int | None
    free_micros: int
    """Money of the campaign that no media buy has."""


def _column(values: Sequence[float]) -> FloatArray:
    return np.array(values, np.float64)


def evidence(items: Sequence[Item], aim: Aim) -> float:
    """How much is known: results that were seen, or should have been by what is typical.

    Nothing is known about values before there are any.
    """
    if aim.kind == "value" and not any(item.told.conversion_value_micros for item in items):
        return 0.0
    due = (item.told.impressions * typical_rate(aim, item.channel) for item in items)
    return sum(max(float(count), typical) for count, typical in zip(_counts(items, aim), due, strict=True))


def _counts(items: Sequence[Item], aim: Aim) -> list[int]:
    return [int(getattr(item.told, aim.counts)) for item in items]


def believe(items: Sequence[Item], aim: Aim, rng: np.random.Generator | None) -> Belief:
    """What is known about packages; without ``rng`` the draws are what is expected."""
    events = _column(_counts(items, aim))
    impressions = _column([item.told.impressions for item in items])
    spend = _column([item.told.spend_micros for item in items])
    typical = _column([typical_rate(aim, item.channel) for item in items])
    price = _column([(item.package.bid_micros or _cpm(item)) / 1000 for item in items])
    shown = (impressions + PRIOR_IMPRESSIONS) / (spend + PRIOR_IMPRESSIONS * price)
    levelled = calibrated(typical, events, impressions, PRIOR_EVENTS)
    trials = BetaRate.prior(levelled, PRIOR_EVENTS).observe(events, impressions)
    prior = calibrated(typical / price, events, spend, PRIOR_EVENTS)
    yields = GammaRate.prior(prior, PRIOR_EVENTS).observe(events, spend)
    worth, drawn = yields.mean, yields.mean if rng is None else yields.draw(rng)
    if aim.kind == "value":
        values = _column([item.told.conversion_value_micros for item in items])
        pooled = float(values.sum()) / max(1.0, float(events.sum()))
        mean = MeanValue.prior(np.full(len(items), pooled), PRIOR_EVENTS).observe(events, values)
        worth, drawn = worth * mean.mean, drawn * (mean.mean if rng is None else mean.draw(rng))
    return Belief(worth, drawn, trials.mean, trials.mean if rng is None else trials.draw(rng), shown)


def _cpm(item: Item) -> int:
    return effective_cpm(item.product) if item.product.get("pricing_options") else item.channel.cpm_micros


def divide(items: Sequence[Item], aim: Aim, belief: Belief, settings: OptimizationConfig, limits: Limits) -> list[int]:
    """The best remaining budget of each package, in micros; together what remains now and what is free of it.

    No run moves more than ``most_moved`` of what remains, takes more than that share from one package, or breaks
    the minimum of a price. Money that a package can't deliver brings nothing there.
    """
    remaining = np.array([item.remaining_micros for item in items], np.int64)
    pool = int(remaining.sum())
    most = int(pool * settings.most_moved)
    free = min(limits.free_micros, most)
    share = (most - free) / pool if pool else 0.0
    least = np.array([item.least_micros for item in items], np.int64)
    lower = np.maximum(least, remaining - (remaining * share).astype(np.int64))
    upper = np.where(least == remaining, remaining, remaining + most) if pool else remaining
    room = np.array([min(10**17, _capacity(item, limits, pool + free)) for item in items], np.int64)
    idle = np.maximum(remaining - room, 0)
    group, floors, ceilings = _mix(items, lower, np.minimum(upper, room + idle), pool + free, settings.channel_mix)

    def by(worth: FloatArray) -> IntArray:
        response: Response = diminishing(worth / (float(worth.max()) or 1.0), room, idle)
        return fill(
            Problem(
                total_micros=pool + free,
                item=response.item,
                width_micros=response.width_micros,
                slope=response.slope,
                minimum_micros=lower,
                maximum_micros=upper,
                group=group,
                group_minimum_micros=floors,
                group_maximum_micros=ceilings,
            )
        )

    if aim.kind == "rate" and aim.target is not None:
        return [int(part) for part in fill_above_rate(by, belief.shown, belief.drawn_rate, aim.target)]
    return [int(part) for part in by(belief.drawn_worth)]


def _capacity(item: Item, limits: Limits, most: int) -> int:
    """What a package can spend until its end: by its forecast, by its pace so far, by daily caps."""
    left_ms = item.package.end_ms - limits.now_ms
    rooms = [most]
    if item.product.get("pricing_options"):
        whole = capacity(item.product)
        if whole is not None:
            rooms.append(whole * left_ms // limits.flight_ms)
    if item.daily_micros is not None:
        headroom = SLOW_HEADROOM if item.falls_short(limits.now_ms) else HEADROOM
        rooms.append(round(item.daily_micros * headroom * left_ms / DAY_MS))
    if limits.daily_cap_micros is not None:
        rooms.append(limits.daily_cap_micros * left_ms // DAY_MS)
    return min(rooms)


def _mix(
    items: Sequence[Item], lower: IntArray, upper: IntArray, total: int, wanted: dict[str, MixConfig]
) -> tuple[IntArray, IntArray, IntArray]:
    """The channel of each package by number, and what each channel gets at least and at most.

    Shares are of the channels that there are, and are approached as fast as a run may move money.
    """
    names = list(dict.fromkeys(item.channel.name for item in items))
    group = np.array([names.index(item.channel.name) for item in items], np.int64)
    mixes = [wanted.get(name, MixConfig()) for name in names]
    stretch = max(1.0, 1 / sum(mix.max for mix in mixes))
    has = np.array([int(lower[group == n].sum()) for n in range(len(names))], np.int64)
    can = np.array([int(upper[group == n].sum()) for n in range(len(names))], np.int64)
    ceilings = np.maximum(np.array([int(total * min(1.0, mix.max * stretch)) + 1 for mix in mixes], np.int64), has)
    floors = np.clip(np.array([int(total * mix.min) for mix in mixes], np.int64), has, np.minimum(can, ceilings))
    return group, floors if int(floors.sum()) <= total else has, ceilings
