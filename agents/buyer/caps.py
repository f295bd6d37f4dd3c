"""Buyer-side frequency caps on advertisers, campaigns and creatives (rules 105 to 110, conflict C7)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from pydantic import AliasChoices, BaseModel, ConfigDict, Field

from agents.buyer.records import FrequencyCap
from sandbox.core.time import interval_ms, iso

if TYPE_CHECKING:
    from agents.buyer.platform import BuyerPlatform

Level = Literal["ADVERTISER", "CAMPAIGN", "CREATIVE"]
MOST_IMPRESSIONS = 1_000
"""The most that a cap may allow one person: enforcement remembers as many exposures of everybody."""

Unit = Literal["seconds", "minutes", "hours", "days", "weeks", "months", "campaign"]


class Window(BaseModel):
    """A rolling window; ``campaign`` is the whole campaign, whatever its interval (rule 110)."""

    model_config = ConfigDict(extra="forbid")

    interval: int = Field(gt=0, le=100_000_000)
    unit: Unit


class CapBody(BaseModel):
    """A cap as callers write it; advertisers may say ``maxExposure`` for ``max_impressions`` (C7)."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    max_impressions: int = Field(
        gt=0, le=MOST_IMPRESSIONS, validation_alias=AliasChoices("max_impressions", "maxImpressions", "maxExposure")
    )
    window: Window


def replace_caps(
    platform: BuyerPlatform, level: Level, target_id: str, caps: list[FrequencyCap], bodies: list[CapBody]
) -> None:
    """Replace all caps of an entity by ``bodies``: the old ones are archived, and enforcement follows at once.

    Shared by the three levels; an empty list clears (rule 98).
    """
    now = platform.now
    for cap in caps:
        if cap.archived_ms is None:
            cap.archived_ms = cap.updated_ms = now
    caps.extend(
        FrequencyCap(
            cap_id=platform.ids.next("fcap"),
            level=level,
            target_id=target_id,
            max_impressions=body.max_impressions,
            interval=body.window.interval,
            unit=body.window.unit,
            created_ms=now,
            updated_ms=now,
        )
        for body in bodies
    )
    enforce_caps(platform, level, target_id, caps)


def enforce_caps(platform: BuyerPlatform, level: Level, target_id: str, caps: list[FrequencyCap]) -> None:
    """Tell the buyer's enforcement about the caps in force; it counts over all publishers and sellers."""
    from sandbox.delivery.model import Cap

    active = [cap for cap in caps if cap.archived_ms is None]
    if not active and not caps:
        return
    platform.world.market.set_caps(
        level.lower(),
        target_id,
        [
            Cap(cap.max_impressions, None if cap.unit == "campaign" else interval_ms(cap.interval, cap.unit))
            for cap in active
        ],
    )


def caps_wire(caps: list[FrequencyCap]) -> list[dict[str, Any]]:
    """The caps in force with their place and times (rule 109)."""
    return [_wire(cap) for cap in caps if cap.archived_ms is None]


def _wire(cap: FrequencyCap) -> dict[str, Any]:
    body: dict[str, Any] = {
        "id": cap.cap_id,
        "targetLevel": cap.level,
        "targetId": cap.target_id,
        "max_impressions": cap.max_impressions,
        "window": {"interval": cap.interval, "unit": cap.unit},
        "createdAt": iso(cap.created_ms),
        "updatedAt": iso(cap.updated_ms),
        "archivedAt": None,
    }
    if cap.level == "ADVERTISER":
        body["maxExposure"] = cap.max_impressions
    return body
