"""Films that are watched to their end, on television and in online video."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random
from typing import Any

from agents.outcome.strategies.base import Offer, Result, Standing, Strategy, by_value

EVIDENCE = 200
"""Impressions that a product must have had before it is judged."""


class CompletedViews(Strategy):
    """Buys by price of a completed view, and moves money to where completed views turn out cheapest."""

    name = "completed_views"
    execution = "Most completed views for the money on connected television and online video"
    channels = ("ctv", "olv")

    def choose(self, offers: Sequence[Offer], fields: Mapping[str, Any]) -> dict[str, float]:
        """Completed views for the money; what is no video has none."""
        films = [offer for offer in offers if offer.channel.completion_rate > 0]
        return by_value(films, lambda offer: offer.channel.completion_rate / offer.cpm_micros)

    def review(
        self, results: Sequence[Result], standing: Standing, fields: Mapping[str, Any], rng: Random
    ) -> tuple[str, str] | None:
        """From the dearest completed views to the cheapest, if they differ by more than a tenth."""
        known = [one for one in results if one.impressions >= EVIDENCE and one.spend_micros]
        if len(known) < 2:
            return super().review(results, standing, fields, rng)
        ranked = sorted(known, key=lambda one: (one.completed_views / one.spend_micros, one.key))
        worst, best = ranked[0], ranked[-1]
        better = best.completed_views * worst.spend_micros > 1.1 * worst.completed_views * best.spend_micros
        return (worst.key, best.key) if better else None
