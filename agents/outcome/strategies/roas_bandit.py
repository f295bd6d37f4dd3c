"""Return on ad spend: a bandit that tries all products and goes where conversions come from (Thompson sampling)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random
from typing import Any

from agents.outcome.strategies.base import Offer, Result, Standing, Strategy

ARMS = 4
"""Products that are tried."""

EVIDENCE = 5
"""Conversions that must have come before money is moved."""


class RoasBandit(Strategy):
    """Spreads money evenly, then draws each product's conversions for the money from what is known of them."""

    name = "roas_bandit"
    execution = "Return on ad spend: tries several products, and moves money to those that sell"

    def custom_fields(self) -> list[dict[str, str]]:
        """What a conversion is worth, in units of currency."""
        return [{"fieldName": "orderValue", "fieldType": "number", "description": "Average value of a conversion"}]

    def choose(self, offers: Sequence[Offer], fields: Mapping[str, Any]) -> dict[str, float]:
        """The cheapest products, all alike."""
        ranked = sorted(offers, key=lambda offer: (offer.cpm_micros, offer.key))[:ARMS]
        return dict.fromkeys((offer.key for offer in ranked), 1.0)

    def review(
        self, results: Sequence[Result], standing: Standing, fields: Mapping[str, Any], rng: Random
    ) -> tuple[str, str] | None:
        """From the worst draw to the best one: a gamma posterior of conversions for the money."""
        if len(results) < 2 or sum(one.conversions for one in results) < EVIDENCE:
            return None
        worth = float(fields.get("orderValue", 1.0))
        draws = {
            one.key: worth * rng.gammavariate(1 + one.conversions, 1.0) / (1_000_000 + one.spend_micros)
            for one in results
        }
        ranked = sorted(draws, key=lambda key: (draws[key], key))
        return ranked[0], ranked[-1]
