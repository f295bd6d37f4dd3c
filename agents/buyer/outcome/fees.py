"""What a tactic costs its advertiser: passthrough, revenue share or cost per unit (rule 200). Exact, in micros.

The charge holds everything: media and the agent's fee. It is a function of all that was delivered, not of single
days, so that roundings never add up; and it is never more than the tactic's budget.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from agents.buyer.outcome.records import Price
from sandbox.core.money import micros
from sandbox.operations.outcome import PASSTHROUGH, REVENUE_SHARE, UNITS


def units_of(price: Price, counts: Mapping[str, int]) -> int:
    """How much of what is paid for was delivered; ``counts`` are by the delivery engine's names."""
    unit = UNITS.get(price.method)
    return 0 if unit is None else counts.get(unit.counter, 0)


def charge_micros(price: Price, media_micros: int, units: int, budget_micros: int) -> int:
    """What the advertiser pays for media of that cost and for that many units; at most the budget.

    Fractions of a micro are the advertiser's.
    """
    if price.method in UNITS:
        due = micros(price.rate) * units // UNITS[price.method].size
    elif price.method == REVENUE_SHARE:
        due = media_micros + int(media_micros * Decimal(price.rate) / 100)
    else:
        assert price.method == PASSTHROUGH
        due = media_micros
    return min(due, budget_micros)


def media_limit_micros(price: Price, budget_micros: int) -> int:
    """The most that media may cost, so that the fee on them still fits into the budget."""
    if price.method != REVENUE_SHARE:
        return budget_micros
    limit = int(budget_micros * 100 / (100 + Decimal(price.rate)))
    while limit + int(limit * Decimal(price.rate) / 100) > budget_micros:
        limit -= 1
    return limit
