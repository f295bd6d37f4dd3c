"""Inventory as publishers describe it to those who sell it."""

from __future__ import annotations

from dataclasses import dataclass

from sandbox.domain.channels import Channel
from sandbox.domain.formats import Format


@dataclass(slots=True, frozen=True)
class Offer:
    """A placement that a publisher offers.

    ``placement_id`` is unique in the world, ``local_id`` in the publisher; ``countries`` (ISO 3166-1, or regions by
    ISO 3166-2) and ``devices`` map to shares of the opportunities; rates are fractions of
    impressions (``completion_rate`` of views);
    ``floor_micros`` is a CPM, and ``competition`` what others bid: median CPM in micros and sigma.
    """

    placement_id: str
    local_id: str
    publisher_id: str
    domain: str
    property_name: str
    channel: Channel
    formats: tuple[Format, ...]
    daily_opportunities: int
    countries: dict[str, float]
    devices: dict[str, float]
    floor_micros: int
    competition: tuple[int, float] | None
    viewability: float
    click_rate: float
    view_rate: float
    completion_rate: float
    conversion_rate: float
    topics: tuple[str, ...] = ()

    @property
    def country_codes(self) -> tuple[str, ...]:
        """Its countries, without their regions."""
        return tuple(dict.fromkeys(code.partition("-")[0] for code in self.countries))
