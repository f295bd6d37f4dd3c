"""What vendors charge: options of a rate card (core/vendor-pricing-option.json), and what usage costs by them."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from sandbox.core.money import amount, micros

MODELS = {"cpm": "cpm", "percent_of_media": "percent", "flat_fee": "amount", "per_unit": "unit_price"}
"""Pricing models, and the field that holds the price."""


class Price(BaseModel):
    """One option of a rate card."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = Field(min_length=1, description="pricing_option_id, unique within the agent")
    model: Literal["cpm", "percent_of_media", "flat_fee", "per_unit"] = Field(
        default="cpm", description="How it is charged"
    )
    price: float = Field(ge=0, description="CPM, percent of media, fee or price of a unit, in units of currency")
    currency: str = Field(default="USD", pattern=r"^[A-Z]{3}$", description="Currency")
    period: Literal["monthly", "quarterly", "annual", "campaign"] = Field(
        default="monthly", description="Period of a flat fee"
    )
    unit: str = Field(default="image", description="What is counted where units are charged")
    max_cpm: float | None = Field(default=None, ge=0, description="Most that a percentage of media costs, as a CPM")

    @model_validator(mode="after")
    def _percentage(self) -> Price:
        if self.model == "percent_of_media" and self.price > 100:
            raise ValueError("more than 100 percent of media")
        return self

    def wire(self) -> dict[str, Any]:
        """The option as it stands in answers."""
        body: dict[str, Any] = {"pricing_option_id": self.id, "model": self.model, MODELS[self.model]: self.price}
        if self.model == "flat_fee":
            body["period"] = self.period
        if self.model == "per_unit":
            body["unit"] = self.unit
        if self.model == "percent_of_media" and self.max_cpm is not None:
            body["max_cpm"] = self.max_cpm
        return {**body, "currency": self.currency}

    def cost_micros(self, impressions: int | None, media_spend: float | None) -> int | None:
        """What usage costs; None if it doesn't follow from what was reported (fees, units, numbers left out)."""
        if self.model == "cpm" and impressions is not None:
            return round(micros(self.price) * impressions / 1000)
        if self.model == "percent_of_media" and media_spend is not None:
            share = round(micros(media_spend) * self.price / 100)
            if self.max_cpm is None:
                return share
            return None if impressions is None else min(share, round(micros(self.max_cpm) * impressions / 1000))
        return None

    def told(self) -> str:
        """The price in words."""
        words = {
            "cpm": "per thousand impressions",
            "percent_of_media": "percent of media",
            "flat_fee": self.period,
            "per_unit": f"per {self.unit}",
        }
        return f"{amount(micros(self.price))} {self.currency} {words[self.model]}"
