"""Settings of a creative agent in a scenario. ``{kind: creative}`` is a complete one."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator

from agents.studio.prices import Price
from agents.studio.vendor import VendorConfig
from sandbox.core.time import DAY_MS, parse_duration


def _read_duration(value: Any) -> Any:
    return parse_duration(value) if isinstance(value, str | float | int) and not isinstance(value, bool) else value


Duration = Annotated[
    int,
    BeforeValidator(_read_duration),
    Field(ge=0),
    WithJsonSchema({"type": ["string", "number"], "description": "A duration such as 2d, 3h30m or PT15M"}),
]
"""A duration; ms once read."""

Personality = Literal["template", "generative", "ad_server"]


class BrandLook(BaseModel):
    """What the agent knows about a brand that no brand agent of the world serves."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, description="Name of the brand")
    tagline: str = Field(default="", description="Its tagline")
    tone: str = Field(default="", description="Its tone of voice, such as bold or playful")
    colors: dict[str, str] = Field(default={}, description="Colours by role: primary, secondary, accent")


class StoredCreative(BaseModel):
    """A creative that somebody loaded into the ad server before the world started."""

    model_config = ConfigDict(extra="forbid")

    id: str = Field(min_length=1, description="creative_id")
    brand: str = Field(min_length=1, description="Domain of the brand whose accounts see it")
    name: str = Field(default="", description="Name; the id if absent")
    format: str = Field(description="Id of one of the agent's formats")
    concept: str = Field(default="", description="Id of the concept that groups sizes of one idea")
    assets: dict[str, dict[str, Any]] = Field(default={}, description="Assets by slot, as manifests have them")


class CreativeConfig(VendorConfig):
    """A creative agent: what kind it is, what it builds, what it charges."""

    personality: Personality = Field(
        default="template",
        description="template: lays out assets; generative: makes them from a brief; ad_server: serves stored ones",
    )
    sizes: list[Annotated[str, Field(pattern=r"^[1-9]\d{0,3}x[1-9]\d{0,3}$")]] = Field(
        default=["300x250", "728x90", "320x50", "160x600"], min_length=1, description="Sizes of display formats"
    )
    lengths: list[Annotated[int, Field(gt=0)]] = Field(default=[15, 30], description="Lengths of videos in seconds")
    library: bool = Field(default=True, description="Whether it keeps creatives of buyers")
    stored: list[StoredCreative] = Field(default=[], description="Creatives that are there from the start")
    brands: dict[str, BrandLook] = Field(default={}, description="Brands by their domain")
    test_controller: bool = Field(default=False, description="Whether it offers comply_test_controller")
    prices: list[Price] = Field(default=[], description="Rate card; without one it bills out of band")
    preview_validity: Duration = Field(default=DAY_MS, description="How long previews can be seen")
    build_time: Duration = Field(
        default=0, description="How long a production build takes; longer than two minutes is a task"
    )

    @model_validator(mode="after")
    def _distinct(self) -> CreativeConfig:
        for what, ids in (("prices", [p.id for p in self.prices]), ("stored", [c.id for c in self.stored])):
            if len(ids) != len(set(ids)):
                raise ValueError(f"two {what} have the same id")
        return self
