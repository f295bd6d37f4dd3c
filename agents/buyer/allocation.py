"""Choosing products and sharing a budget out among them: pure decisions of auto-selection (rules 129, 130)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from agents.buyer.offers import is_fixed, price
from sandbox.core.money import micros, split
from sandbox.domain.channels import CHANNELS, Channel

WEIGHTS = {"value": 0.5, "measurable": 0.3, "fit": 0.2}
"""What a score is made of: results for the money, whether they can be measured, fit to the brief."""

TEST_SHARE = 0.1
"""Part of the budget that is spread evenly, so that every product is tried."""

VIEW_RATE = 0.6
"""Views per impression of a video, where nobody says otherwise."""


@dataclass(slots=True, frozen=True)
class Candidate:
    """A product that could be selected. Money is in micros; ``capacity_micros`` None is unlimited."""

    seller_id: str
    product: dict[str, Any]
    cpm_micros: int
    floor_micros: int
    capacity_micros: int | None
    score: float

    @property
    def key(self) -> tuple[str, str]:
        """What tells it from others."""
        return self.seller_id, str(self.product["product_id"])


def method_of(goals: Sequence[dict[str, Any]], products: Sequence[dict[str, Any]]) -> str:
    """How products are compared.

    By measurability if conversions count, by score if a delivery metric counts that someone reports, else by
    price alone.
    """
    if any(goal["kind"] == "event" for goal in goals):
        return "measurability"
    wanted = [str(goal.get("metric")) for goal in goals]
    return "scoring" if any(measures(product, wanted) for product in products) else "cpm_heuristic"


def measures(product: dict[str, Any], metrics: Sequence[str]) -> float:
    """The part of ``metrics`` that a product's reports give."""
    given = product.get("reporting_capabilities", {}).get("available_metrics", [])
    return sum(metric in given for metric in metrics) / len(metrics) if metrics else 0.0


def wanted_metrics(goals: Sequence[dict[str, Any]]) -> list[str]:
    """The delivery metrics that goals speak of; conversions for events."""
    return ["conversions" if goal["kind"] == "event" else str(goal["metric"]) for goal in goals]


def candidates(
    offers: Sequence[tuple[str, dict[str, Any]]],
    goals: Sequence[dict[str, Any]],
    method: str,
    min_budget_micros: int,
) -> list[Candidate]:
    """All products with their scores, the best first. ``offers`` are in the order of each agent's answer."""
    costs = [_cost(product, goals, method) for _, product in offers]
    cheapest = min(costs, default=1.0)
    ranks: dict[str, int] = {}
    made: list[Candidate] = []
    for (seller_id, product), cost in zip(offers, costs, strict=True):
        rank = ranks.setdefault(seller_id, 0)
        ranks[seller_id] += 1
        parts = {
            "value": cheapest / cost if cost else 1.0,
            "measurable": 0.0 if method == "cpm_heuristic" else measures(product, wanted_metrics(goals)),
            "fit": 1 / (1 + rank),
        }
        option = product["pricing_options"][0]
        made.append(
            Candidate(
                seller_id=seller_id,
                product=product,
                cpm_micros=effective_cpm(product),
                floor_micros=max(min_budget_micros, _least(option)),
                capacity_micros=capacity(product),
                score=sum(WEIGHTS[name] * value for name, value in parts.items()),
            )
        )
    return sorted(made, key=lambda candidate: (-candidate.score, candidate.key))


def allocate(ranked: Sequence[Candidate], budget_micros: int, most: int) -> tuple[list[tuple[Candidate, int]], int]:
    """Share a budget out among the best products; gives each one's part, and the test budget of each.

    As many of the first ``most`` are taken as the budget can give their floor. All get an equal test budget
    first, the rest goes by score; nobody gets less than its floor or more than it can deliver, and what a
    full product can't take goes to the others. The parts never exceed the budget.
    """
    chosen: list[Candidate] = []
    for candidate in ranked:
        room = candidate.capacity_micros is None or candidate.capacity_micros >= max(1, candidate.floor_micros)
        if room and len(chosen) < most and _floors([*chosen, candidate]) <= budget_micros:
            chosen.append(candidate)
    if not chosen:
        return [], 0
    spare = budget_micros - _floors(chosen)
    test = min(round(budget_micros * TEST_SHARE) // len(chosen), spare // len(chosen))
    parts = [min(max(c.floor_micros, test), _limit(c)) for c in chosen]
    left = budget_micros - sum(parts)
    while left > 0:
        open_ones = [i for i, c in enumerate(chosen) if parts[i] < _limit(c)]
        if not open_ones:
            break
        for i, share in zip(open_ones, split(left, [chosen[i].score for i in open_ones]), strict=True):
            parts[i] = min(parts[i] + share, _limit(chosen[i]))
        left = budget_micros - sum(parts)
    return [(c, part) for c, part in zip(chosen, parts, strict=True) if part > 0], test


def _floors(chosen: Sequence[Candidate]) -> int:
    return sum(candidate.floor_micros for candidate in chosen)


def _limit(candidate: Candidate) -> int:
    return 2**62 if candidate.capacity_micros is None else candidate.capacity_micros


def _least(option: dict[str, Any]) -> int:
    least = micros(option.get("min_spend_per_package", 0))
    whole = option["pricing_model"] == "flat_rate" and is_fixed(option)
    return max(least, micros(price(option))) if whole else least


def capacity(product: dict[str, Any]) -> int | None:
    """What a product can deliver in the flight by its forecast, in micros; None without a forecast."""
    impressions = _forecast(product)
    return None if impressions is None else impressions * effective_cpm(product) // 1000


def _forecast(product: dict[str, Any]) -> int | None:
    points = product.get("forecast", {}).get("points", [])
    ranges = [point.get("metrics", {}).get("impressions") for point in points]
    mids = [float(r["mid"]) for r in ranges if isinstance(r, dict) and "mid" in r]
    return round(max(mids)) if mids else None


def effective_cpm(product: dict[str, Any]) -> int:
    """What 1,000 impressions cost at a product's first price, by what is typical of its channel; micros."""
    option = product["pricing_options"][0]
    rate, channel = micros(price(option)), _channel(product)
    per_impression = {
        "cpc": channel.click_rate,
        "cpv": VIEW_RATE,
        "cpcv": channel.completion_rate,
    }
    if option["pricing_model"] == "cpm":
        return max(1, rate)
    if option["pricing_model"] == "vcpm":
        return max(1, round(rate * channel.viewability))
    if per_impression.get(option["pricing_model"]):
        return max(1, round(rate * per_impression[option["pricing_model"]] * 1000))
    impressions = _forecast(product)
    if option["pricing_model"] == "flat_rate" and impressions:
        return max(1, rate * 1000 // impressions)
    return channel.cpm_micros


def _channel(product: dict[str, Any]) -> Channel:
    return next((CHANNELS[name] for name in product.get("channels", []) if name in CHANNELS), CHANNELS["display"])


def _cost(product: dict[str, Any], goals: Sequence[dict[str, Any]], method: str) -> float:
    """What one wanted result costs, by what is typical of the channel; by price alone, an impression."""
    cpm, channel = effective_cpm(product), _channel(product)
    if method != "scoring":
        return float(cpm)
    rates = {
        "clicks": channel.click_rate,
        "views": VIEW_RATE if channel.completion_rate else channel.viewability,
        "completed_views": channel.completion_rate,
    }
    wanted = [rates.get(metric, channel.viewability) for metric in wanted_metrics(goals)]
    return cpm / max(sum(wanted) / len(wanted), 1e-4)
