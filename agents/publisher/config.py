"""Settings of a publisher in a scenario."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from sandbox.domain.channels import CHANNELS

Share = Annotated[float, Field(ge=0.0, le=1.0)]
Shares = dict[str, Annotated[float, Field(gt=0.0)]]


class CompetitionConfig(BaseModel):
    """What other buyers bid, as a log-normal CPM."""

    model_config = ConfigDict(extra="forbid")

    median: float = Field(gt=0, description="Median competing bid, CPM in units of currency")
    sigma: float = Field(default=0.5, ge=0, description="Spread of the competing bids (sigma of their logarithm)")


class PlacementConfig(BaseModel):
    """One placement. Everything but the channel has a value that is typical of the channel."""

    model_config = ConfigDict(extra="forbid")

    id: str | None = Field(default=None, pattern=r"^[a-z0-9_]+$", description="Unique within the publisher")
    channel: str = Field(description="Media channel of the specification: display, olv, ctv, …")
    name: str | None = Field(default=None, description="Name of the site or app it belongs to")
    format: str | list[str] | None = Field(default=None, description="Standard format ids that fit it")
    size: str | None = Field(default=None, pattern=r"^\d+x\d+$", description="Size in pixels, such as 300x250")
    duration: int | None = Field(default=None, gt=0, description="Length of the spot in seconds")
    daily_opportunities: int | None = Field(default=None, ge=0, description="Ad opportunities on a mean day")
    countries: Shares | list[str] = Field(
        default={"US": 1.0}, description="Codes of countries or regions (US-NY), or shares by code"
    )
    devices: Shares | None = Field(default=None, description="Shares by device type")
    floor_cpm: float | None = Field(default=None, ge=0, description="Lowest CPM of an auction")
    competition: CompetitionConfig | Literal["none"] | None = Field(
        default=None, description="What others bid in auctions, or none; channel's custom if absent"
    )
    viewability: Share | None = Field(default=None, description="Fraction of impressions that are viewable")
    click_rate: Share | None = Field(default=None, description="Clicks per impression")
    view_rate: Share | None = Field(default=None, description="Views per impression (video and audio)")
    completion_rate: Share | None = Field(default=None, description="Completed views per view")
    engagement_rate: Share = Field(default=0.01, description="Engagements per impression")
    conversion_rate: Share = Field(default=0.0005, description="Conversions per impression that isn't clicked")
    click_conversion_rate: Share = Field(default=0.02, description="Conversions per click")
    first_price: bool = Field(default=False, description="Auctions charge the bid, not the second price")
    hour_shape: Literal["evening", "office", "commute", "flat"] | list[float] | None = Field(
        default=None, description="Curve of the day by name, or 24 weights from midnight UTC on"
    )
    week_shape: Literal["flat", "office", "weekend"] | list[float] = Field(
        default="flat", description="Curve of the week by name, or 7 weights from Monday on"
    )

    @field_validator("channel")
    @classmethod
    def _known_channel(cls, value: str) -> str:
        if value not in CHANNELS:
            raise ValueError(f"unknown channel {value!r}, use one of {', '.join(CHANNELS)}")
        return value

    @field_validator("hour_shape", "week_shape")
    @classmethod
    def _whole_shape(cls, value: object, info: object) -> object:
        length = 24 if getattr(info, "field_name", "") == "hour_shape" else 7
        if isinstance(value, list) and (len(value) != length or min(value) < 0 or sum(value) <= 0):
            raise ValueError(f"give {length} weights, none negative and not all zero")
        return value


class PublisherConfig(BaseModel):
    """A publisher: who it is, what it offers, and who may sell it."""

    model_config = ConfigDict(extra="forbid")

    domain: str = Field(default="", pattern=r"^[a-z0-9.-]*$", description="Domain; made from the name if absent")
    name: str = Field(default="", description="Name; the actor's id if absent")
    topics: list[str] = Field(default=[], description="What it writes about; briefs are matched against it")
    placements: list[PlacementConfig] = Field(min_length=1, description="What it offers")
    audience: Annotated[float, Field(gt=0.0, le=1.0)] = Field(
        default=1.0, description="Fraction of the population that it reaches"
    )
    match_rate: Share = Field(
        default=1.0, description="Fraction of its audience whom the identity graph knows across publishers"
    )
    traffic_growth: float = Field(default=1.0, gt=0, description="Factor on all daily opportunities")
    daily_growth: Annotated[float, Field(gt=-1.0, lt=1.0)] = Field(
        default=0.0, description="Growth of traffic from day to day since 2026 began; 0.001 is 0.1 percent"
    )
    noise: Annotated[float, Field(ge=0.0, le=3.0)] = Field(
        default=0.0, description="Sigma of the log-normal factor, of mean 1, on the traffic of each hour"
    )
    special_days: dict[date, Annotated[float, Field(ge=0.0)]] = Field(
        default={}, description="Factors on the traffic of single days (UTC), such as 2026-11-27: 2.5"
    )
    authorises: list[str] | None = Field(
        default=None, description="Ids of the sales agents that may sell it; null is all who ask"
    )

    @model_validator(mode="after")
    def _distinct_placements(self) -> PublisherConfig:
        ids = [placement.id for placement in self.placements if placement.id]
        if len(ids) != len(set(ids)):
            raise ValueError("two placements have the same id")
        return self
