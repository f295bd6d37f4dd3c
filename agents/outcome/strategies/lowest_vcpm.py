"""The cheapest viewable impressions, on channels that are viewable enough."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from agents.outcome.strategies.base import Offer, Strategy, by_value

FLOOR = 0.5
"""Viewability below which it does not buy if nobody says otherwise."""


class LowestVcpm(Strategy):
    """Buys by price of a viewable impression; asks for the viewability that the advertiser wants at least."""

    name = "lowest_vcpm"
    execution = "Lowest cost of a viewable impression, above a floor of viewability"
    frequency_cap = {"impressions": 5, "period": "day"}

    def custom_fields(self) -> list[dict[str, str]]:
        """The floor in percent."""
        about = "Least viewability in percent, such as 60"
        return [{"fieldName": "viewabilityFloor", "fieldType": "number", "description": about}]

    def choose(self, offers: Sequence[Offer], fields: Mapping[str, Any]) -> dict[str, float]:
        """Viewable impressions for the money; nothing that is below the floor."""
        floor = float(fields.get("viewabilityFloor", 100 * FLOOR)) / 100
        viewable = [offer for offer in offers if offer.channel.viewability >= floor]
        return by_value(viewable, lambda offer: offer.channel.viewability / offer.cpm_micros)
