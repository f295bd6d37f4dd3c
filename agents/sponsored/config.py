"""Settings of a sponsored-intelligence agent: ``{kind: sponsored, brand: acme.example, offerings: […]}``."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator

from agents.seller.config_products import Duration
from agents.studio.vendor import VendorConfig
from sandbox.core.money import MOST
from sandbox.core.time import HOUR_MS, MINUTE_MS, SECOND_MS, parse_instant

Domain = Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+$")]
Address = Annotated[str, Field(pattern=r"^https://[A-Za-z0-9.-]+(:[0-9]+)?(/[A-Za-z0-9._~!$&'()*+,;=:@%/?#-]*)?$")]
Amount = Annotated[float, Field(ge=0, le=MOST)]
Id = Annotated[str, Field(pattern=r"^[a-zA-Z0-9_-]+$")]
Units = Annotated[int, Field(ge=0)]


def _read_instant(value: Any) -> Any:
    return parse_instant(value) if isinstance(value, str) else value


Instant = Annotated[
    int,
    BeforeValidator(_read_instant),
    WithJsonSchema({"type": "string", "description": "An instant such as 2026-06-01T00:00:00Z"}),
]
"""An instant; ms since 1970 once read."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class VariantConfig(_Strict):
    """One version of a product, such as a size."""

    id: Id = Field(description="Identifier, unique within the product")
    name: str = Field(min_length=1, description="Name with its kind, such as Size 14")
    price: Amount | None = Field(default=None, description="Price in units of currency; the product's if absent")
    stock: Units | None = Field(default=None, description="Units that are left; no end if absent")


class ProductConfig(_Strict):
    """Something that the brand sells."""

    id: Id = Field(description="product_id, unique within the agent")
    name: str = Field(min_length=1, description="Name")
    description: str = Field(default="", description="What it is; answers quote it")
    words: list[str] = Field(default=[], description="Further words by which it is found")
    price: Amount = Field(description="Price in units of currency")
    original_price: Amount | None = Field(default=None, description="Price before a sale")
    stock: Units | None = Field(default=None, description="Units that are left; no end if absent")
    image_url: Address | None = Field(default=None, description="Picture")
    url: Address | None = Field(default=None, description="Page of the product")
    variants: list[VariantConfig] = Field(default=[], description="Versions, each with a stock of its own")

    @model_validator(mode="after")
    def _consistent(self) -> ProductConfig:
        _distinct("variants", [variant.id for variant in self.variants])
        if self.variants and self.stock is not None:
            raise ValueError("the stock of a product with variants is that of its variants: leave stock out")
        return self


class OfferingConfig(_Strict):
    """What a session can be about."""

    id: Id = Field(description="offering_id")
    title: str = Field(min_length=1, description="Title")
    summary: str = Field(default="", description="What is offered, in a sentence")
    tagline: str = Field(default="", description="Line that promotes it")
    expires: Instant | None = Field(default=None, description="When it ends; never if absent")
    active: bool = Field(default=True, description="Whether the campaign runs")
    countries: list[Annotated[str, Field(pattern=r"^[A-Z]{2}$")]] = Field(
        default=[], description="Countries in which it is offered; everywhere if empty"
    )
    image_url: Address | None = Field(default=None, description="Picture")
    landing_url: Address | None = Field(default=None, description="Page of the offering")
    products: list[ProductConfig] = Field(default=[], description="Products")


class SponsoredConfig(VendorConfig):
    """A brand that speaks for itself in assistants: what it offers, and how sessions go."""

    brand: Domain = Field(description="Domain of the brand, which pays for what is said")
    currency: str = Field(default="USD", pattern=r"^[A-Z]{3}$", description="Currency of all prices")
    offerings: list[OfferingConfig] = Field(min_length=1, description="Offerings")
    low_stock: Units = Field(default=3, description="Up to how many units a stock is called low")
    offering_ttl: Duration = Field(
        default=HOUR_MS, ge=SECOND_MS, description="How long an answer about an offering holds"
    )
    session_timeout: Duration = Field(
        default=5 * MINUTE_MS, ge=SECOND_MS, description="Silence after which a session is over"
    )
    checkout_url: Address | None = Field(
        default=None, description="ACP checkout; without it nothing can be bought here"
    )
    handoff_ttl: Duration = Field(default=30 * MINUTE_MS, ge=SECOND_MS, description="How long a checkout stays open")
    privacy_policy_url: Address | None = Field(default=None, description="Privacy policy that users acknowledge")
    strict_consent: bool = Field(
        default=False, description="Refuse consent without its time, its scope and the privacy policy"
    )
    disclosure: str = Field(default="", description="Label of what is said; 'Sponsored by' and the name if absent")
    test_controller: bool = Field(default=False, description="Offer comply_test_controller")

    @model_validator(mode="after")
    def _consistent(self) -> SponsoredConfig:
        _distinct("offerings", [offering.id for offering in self.offerings])
        _distinct("products", [product.id for offering in self.offerings for product in offering.products])
        return self


def _distinct(what: str, ids: list[str]) -> None:
    if len(ids) != len(set(ids)):
        raise ValueError(f"two {what} have the same id")
