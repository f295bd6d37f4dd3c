"""How a seller counts an hour: not quite as the buyer does, at first incompletely, and for good in the end.

A seller counts on its ad server, a buyer where the ad is shown; the two never agree exactly. What the seller
first reports of an hour lacks what arrives late, and its last word leaves out invalid traffic. Figures are whole
numbers, and of an hour no figure exceeds one that it is a part of: all are resized by the same factor and
rounded with the same draw.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from math import floor
from random import Random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agents.seller.config import SellerConfig

Counts = Counter[str]
"""Counters by the engine's names: impressions, spend_micros, viewable, clicks, views …"""

_UNIT = {
    "cpm": "impressions",
    "cpp": "impressions",
    "vcpm": "viewable",
    "cpc": "clicks",
    "cpv": "views",
    "cpcv": "completed_views",
}
"""What is charged for, by pricing model; the others do not charge by anything that is counted here."""

_AS_THEY_ARE = ("conversions", "conversion_value_micros", "spend_micros")
"""Conversions come from the advertiser's own events; spend follows the unit that is charged for."""


@dataclass(slots=True, frozen=True)
class HourCount:
    """A seller's count of one hour: in full, as first reported, and for good. Neither of those exceeds the first."""

    full: Counts
    provisional: Counts
    final: Counts


def count_hour(
    delivered: Mapping[str, int], model: str, room_micros: int, config: SellerConfig, rng: Random
) -> HourCount:
    """Count an hour of a package sold by a pricing model, of whose budget ``room_micros`` are left.

    The discrepancy of the hour lies between nothing and twice the usual one. Billing follows this count, but
    never passes the budget.
    """
    excess = 2 * config.count_discrepancy * rng.random()
    full = _resized(delivered, 1 + excess, rng.random(), model)
    full["spend_micros"] = min(full["spend_micros"], max(room_micros, 0))
    provisional = _resized(full, 1 - config.late_share, rng.random(), model)
    final = _resized(full, 1 - config.ivt_rate, rng.random(), model)
    return HourCount(full, provisional, final)


def _resized(counts: Mapping[str, int], factor: float, draw: float, model: str) -> Counts:
    """All figures times a factor, rounded at random without bias; spend in proportion to what is charged for."""
    if factor == 1:
        return Counter(counts)
    made = Counter(
        {name: value if name in _AS_THEY_ARE else floor(value * factor + draw) for name, value in counts.items()}
    )
    unit = _UNIT.get(model)
    if unit is not None and counts.get(unit):
        made["spend_micros"] = counts.get("spend_micros", 0) * made[unit] // counts[unit]
    return made
