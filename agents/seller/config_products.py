"""Settings of what a sales agent sells: products, prices, audiences, the terms of measurement."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator

from sandbox.core.time import MINUTE_MS, parse_duration
from sandbox.domain.pricing import AUCTIONABLE, MODELS


def _read_duration(value: Any) -> Any:
    return parse_duration(value) if isinstance(value, (str, int, float)) and not isinstance(value, bool) else value


Duration = Annotated[
    int,
    BeforeValidator(_read_duration),
    Field(ge=0),
    WithJsonSchema({"type": ["string", "number"], "description": "A duration such as 2d, 3h30m or PT15M"}),
]
"""A duration; ms once read."""

Probability = Annotated[float, Field(ge=0.0, le=1.0)]
Price = Annotated[float, Field(gt=0.0)]


class Strict(BaseModel):
    """A part of the settings; a field that it does not know is a mistake."""

    model_config = ConfigDict(extra="forbid")


class PriceConfig(Strict):
    """One way to buy a product: a fixed price, or a floor above which buyers bid."""

    model: str = Field(default="cpm", description="Pricing model: cpm, vcpm, cpc, cpcv, cpv, cpp, cpa, flat_rate")
    price: Price | None = Field(default=None, description="Fixed price in units of currency")
    floor: float | None = Field(default=None, ge=0, description="Lowest bid in units of currency")
    min_spend: float = Field(default=0.0, ge=0, description="Lowest budget of a package")
    id: str | None = Field(default=None, description="Id of the option; made from model and kind if absent")
    parameters: dict[str, Any] = Field(default={}, description="The model's own parameters")

    @model_validator(mode="after")
    def _one_price(self) -> PriceConfig:
        if self.model not in MODELS:
            raise ValueError(f"unknown pricing model {self.model!r}, use one of {', '.join(MODELS)}")
        if (self.price is None) == (self.floor is None):
            raise ValueError("give either a price (fixed) or a floor (auction)")
        if self.floor is not None and self.model not in AUCTIONABLE:
            raise ValueError(f"{self.model} is sold at a fixed price only")
        return self


class ProductConfig(Strict):
    """A product spelled out, instead of one made from a placement."""

    id: str = Field(min_length=1, description="product_id")
    name: str = Field(default="", description="Name; the id if absent")
    description: str = Field(default="", description="Description; made from channel and publisher if absent")
    placements: list[str] = Field(
        default=[],
        description="Placements it covers: ids, publisher ids or domains; all of the channels if empty",
    )
    channels: list[str] = Field(default=[], description="Only placements of these channels")
    delivery_type: Literal["guaranteed", "non_guaranteed"] | None = Field(
        default=None, description="Channel's custom if absent"
    )
    pricing: list[PriceConfig] = Field(default=[], description="Ways to buy it; the rate card if empty")
    formats: list[str] = Field(default=[], description="Format ids, or agent_url/id; those of the placements if empty")
    countries: list[str] = Field(default=[], description="Countries it is sold in; all of the placements if empty")
    audience: list[str] = Field(default=[], description="Words for whom it reaches; briefs are matched against them")
    exclusivity: Literal["none", "category", "exclusive"] = Field(default="none", description="Exclusive or not")
    sold_out: bool = Field(default=False, description="Can't be bought for now")


class AudienceTargetingConfig(Strict):
    """How a sales agent matches buyers' audiences with the people that it knows."""

    match_delay: Duration = Field(default=60 * MINUTE_MS, description="How long matching takes, give or take a half")
    match_rate: Probability = Field(default=0.5, description="Part of the identifiers that it finds")
    minimum_size: int = Field(default=100, ge=1, description="Matched people below which an audience can't be used")


class FinancialsConfig(Strict):
    """What a sales agent tells of the money of accounts (get_account_financials)."""

    credit_limit: Price | None = Field(default=None, description="Credit line of an account; none is shown if null")
    deposit: float = Field(default=0.0, ge=0, description="What accounts that pay in advance have paid in")


class MeasurementConfig(Strict):
    """By which measurement of somebody else a sales agent lets itself be billed (core/measurement-terms.json)."""

    windows: list[str] = Field(default=["c7"], min_length=1, description="Measurement windows that it agrees to")
    least_variance: float = Field(default=10.0, ge=0, description="Percent of variance that it has to be granted")
