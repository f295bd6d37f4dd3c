"""Settings of a brand agent: ``{kind: brand, brands: [{id: acme, domain: acme.example, name: Acme}]}`` is complete."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from agents.seller.config import Policy
from agents.studio.vendor import VendorConfig

Use = Literal[
    "likeness", "voice", "name", "endorsement", "motion_capture", "signature", "catchphrase", "sync",
    "background_music", "editorial", "commercial", "ai_generated_image",
]  # fmt: skip
RightType = Literal["talent", "character", "brand_ip", "music", "stock_media"]
Country = Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
Hex = Annotated[str, Field(pattern=r"^#[0-9A-Fa-f]{6}$")]
Domain = Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+$")]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class RightsPrice(_Strict):
    """One way to license a right."""

    id: str = Field(min_length=1, description="pricing_option_id, unique within the agent")
    model: Literal["flat_rate", "cpm"] = Field(default="flat_rate", description="A fee, or by impressions")
    price: float = Field(ge=0, description="Fee of a period, or CPM, in units of currency")
    currency: str = Field(default="USD", pattern=r"^[A-Z]{3}$", description="Currency")
    period: Literal["daily", "weekly", "monthly", "quarterly", "annual", "one_time"] = Field(
        default="one_time", description="Period of the fee"
    )
    impression_cap: int | None = Field(default=None, ge=1, description="Impressions that it covers")
    overage_cpm: float | None = Field(default=None, ge=0, description="CPM beyond the cap")


class RightsConfig(_Strict):
    """A right that can be licensed."""

    id: str = Field(min_length=1, description="rights_id, unique within the agent")
    name: str = Field(min_length=1, description="Name")
    description: str = Field(default="", description="What it is; searches read it")
    type: RightType = Field(default="brand_ip", description="Kind of right")
    uses: list[Use] = Field(min_length=1, description="What may be done with it")
    countries: list[Country] = Field(default=[], description="Countries in which it can be licensed; all if empty")
    excluded_countries: list[Country] = Field(default=[], description="Countries in which it cannot")
    excluded_buyers: list[Domain] = Field(default=[], description="Brands that don't get it, such as competitors")
    restrictions: list[str] = Field(default=[], description="What generated content must not do")
    exclusive: bool = Field(default=False, description="One licensee at a time in a country")
    disclosure: str = Field(default="", description="Text that must be shown with what is made of it")
    prices: list[RightsPrice] = Field(min_length=1, description="Pricing options")
    approval: Policy = Field(default_factory=Policy, description="Who decides about a licence, and how long it takes")


class BrandConfig(_Strict):
    """A brand whose identity the agent serves."""

    id: str = Field(pattern=r"^[a-z0-9_]+$", description="brand_id")
    domain: Domain = Field(description="Domain of the house")
    name: str = Field(min_length=1, description="Name")
    description: str = Field(default="", description="What it is")
    industries: list[str] = Field(default=[], description="Industries")
    tagline: str = Field(default="", description="Tagline")
    voice: str = Field(default="", description="Tone of voice in a sentence")
    attributes: list[str] = Field(default=[], description="Tone of voice in words, the first one leading")
    dos: list[str] = Field(default=[], description="What texts should do; for linked accounts")
    donts: list[str] = Field(default=[], description="What texts should not do; for linked accounts")
    colors: dict[Literal["primary", "secondary", "accent", "background", "text"], Hex] = Field(
        default={}, description="Colours by role"
    )
    logos: list[dict[str, Any]] = Field(default=[], description="Logos as brand.json has them, with a url")
    fonts: dict[Literal["primary", "secondary"], str] = Field(default={}, description="Families of fonts by role")
    guidelines: dict[str, Any] = Field(default={}, description="Visual guidelines; for linked accounts")
    rights: list[RightsConfig] = Field(default=[], description="Rights of this brand")


class BrandAgentConfig(VendorConfig):
    """A brand agent: which brands it speaks for, and what it licenses."""

    brands: list[BrandConfig] = Field(min_length=1, description="Brands")

    @model_validator(mode="after")
    def _distinct(self) -> BrandAgentConfig:
        rights = [right for brand in self.brands for right in brand.rights]
        for what, ids in (
            ("brands", [brand.id for brand in self.brands]),
            ("rights", [right.id for right in rights]),
            ("prices", [price.id for right in rights for price in right.prices]),
        ):
            if len(ids) != len(set(ids)):
                raise ValueError(f"two {what} have the same id")
        return self
