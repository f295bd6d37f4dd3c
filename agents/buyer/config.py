"""Settings of the buyer platform in a scenario. ``{kind: buyer}`` is a complete one."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator

from sandbox.core.time import DAY_MS, HOUR_MS, SECOND_MS, parse_duration, zone_of
from sandbox.domain.channels import CHANNELS


def _read_duration(value: Any) -> Any:
    return parse_duration(value) if isinstance(value, str | float | int) and not isinstance(value, bool) else value


Duration = Annotated[
    int,
    BeforeValidator(_read_duration),
    Field(gt=0),
    WithJsonSchema({"type": ["string", "number"], "description": "A duration such as 2d, 3h30m or PT15M"}),
]
"""A duration; ms once read."""

Domain = Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+$")]


def _known_zone(name: str) -> str:
    zone_of(name)
    return name


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class CustomerConfig(_Strict):
    """A tenant of the platform."""

    name: str = Field(min_length=1, description="Name of the company")
    principal: str = Field(
        default="", pattern=r"^([a-z][a-z0-9_-]*)?$", description="Who steps act as; made from the name if absent"
    )
    authorised_sellers: list[str] | None = Field(
        default=None, description="Sales agents with credentials of its own, for ROUTED; null is all"
    )

    @model_validator(mode="after")
    def _named(self) -> CustomerConfig:
        if not self.principal:
            words = "".join(c if c.isascii() and c.isalnum() else " " for c in self.name.lower()).split()
            if not words or not words[0][0].isalpha():
                raise ValueError("give a principal; the name makes none")
            self.principal = "-".join(words)
        return self


class BrandConfig(_Strict):
    """What is known about a brand: its manifest, in the words of AdCP's brand manifest."""

    name: str = Field(min_length=1, description="Name of the brand")
    industry: str | None = Field(default=None, description="Industry")
    colors: dict[str, str] = Field(default={}, description="Colours by role, such as primary")
    tagline: str | None = Field(default=None, description="Tagline")
    tone: str | None = Field(default=None, description="Tone of voice")
    logo: str | None = Field(default=None, description="URL of the logo; made from the domain if absent")


class BrandsConfig(_Strict):
    """The world's knowledge of brands by domain (rules 28 to 30)."""

    registered: dict[Domain, BrandConfig] = Field(
        default={
            "acme.com": BrandConfig(
                name="Acme Corp",
                industry="Technology",
                colors={"primary": "#FF5733"},
                tagline="Innovation for Everyone",
                tone="professional",
            )
        },
        description="Brands in the registry",
    )
    enriched: dict[Domain, BrandConfig] = Field(
        default={
            "globex.com": BrandConfig(
                name="Globex", industry="Manufacturing", colors={"primary": "#0B6E4F"}, tone="confident"
            )
        },
        description="Brands that only enrichment finds",
    )


class PropertiesConfig(_Strict):
    """What the property registry knows besides the publishers of the world (rule 150)."""

    targetable: dict[str, list[str]] = Field(
        default={
            "domain": ["nytimes.com", "cnn.com", "bbc.co.uk", "washingtonpost.com"],
            "ios_bundle": ["com.facebook.katana", "com.netflix.Netflix"],
            "android_package": ["com.facebook.katana"],
        },
        description="Identifiers that can be targeted, by type",
    )
    registered: list[str] = Field(default=[], description="Domains that are registered, but not yet targetable")


class AdvertiserConfig(_Strict):
    """An advertiser that is there when the world starts."""

    name: str = Field(min_length=1, description="Name of the advertiser")
    brand: Domain | None = Field(
        default=None, description="Domain of its brand, registered or enriched; it can do nothing without one"
    )
    customer: str | None = Field(default=None, description="Principal of its customer; the first if absent")
    sandbox: bool = Field(default=False, description="Whether it uses sandbox accounts")


class RequestsConfig(_Strict):
    """How requests to sales agents are made."""

    timeout: Duration = Field(default=120 * SECOND_MS, description="How long to wait for an answer")
    retries: int = Field(default=3, ge=0, le=10, description="Further attempts after a transient failure")


class MixConfig(_Strict):
    """How much of a campaign's money one channel gets."""

    min: float = Field(default=0.0, ge=0, le=1, description="Least share")
    max: float = Field(default=1.0, gt=0, le=1, description="Greatest share")

    @model_validator(mode="after")
    def _ordered(self) -> MixConfig:
        if self.min > self.max:
            raise ValueError("min is more than max")
        return self


class OptimizationConfig(_Strict):
    """How running DECISIONED campaigns with goals are optimised (rules 46 and 174 to 176)."""

    interval: Duration | None = Field(default=DAY_MS, description="How often to look for improvements; null is never")
    most_moved: float = Field(default=0.2, gt=0, le=1, description="Share of what remains that one run may move")
    evidence: int = Field(default=20, ge=1, description="Results that must have been seen, or been due, before a run")
    explore: bool = Field(default=True, description="Try what is little known from time to time (Thompson sampling)")
    suggestion_ttl: Duration = Field(default=7 * DAY_MS, description="How long a suggestion waits for approval")
    channel_mix: dict[str, MixConfig] = Field(default={}, description="Shares of channels that runs keep to")

    @model_validator(mode="after")
    def _possible(self) -> OptimizationConfig:
        unknown = [name for name in self.channel_mix if name not in CHANNELS]
        if unknown:
            raise ValueError(f"unknown channel {unknown[0]!r} in channel_mix; there are {', '.join(CHANNELS)}")
        if sum(mix.min for mix in self.channel_mix.values()) > 1:
            raise ValueError("the least shares of channel_mix are more than everything")
        return self


class BuyerConfig(_Strict):
    """The buyer platform: whose it is, what it charges, which agents it knows and how it talks to them."""

    customers: list[CustomerConfig] = Field(
        default=[CustomerConfig(name="Acme", principal="acme")], min_length=1, description="Tenants"
    )
    fee_percent: float = Field(default=8.0, ge=0, lt=100, description="Margin on DECISIONED campaigns")
    brands: BrandsConfig = Field(default_factory=BrandsConfig, description="Brands by domain")
    properties: PropertiesConfig = Field(default_factory=PropertiesConfig, description="The property registry")
    advertisers: list[AdvertiserConfig] = Field(default=[], description="Advertisers from the start")
    sellers: list[str] | None = Field(default=None, description="Sales agents it knows; null is all")
    timezone: Annotated[str, AfterValidator(_known_zone)] = Field(
        default="UTC", description="IANA time zone in which daily caps of campaigns count their days"
    )
    poll_interval: Duration | None = Field(
        default=6 * HOUR_MS, description="How often statuses and delivery are asked for; null is never"
    )
    webhooks: bool = Field(default=True, description="Whether agents are asked to call back")
    adcp_version: Literal["3.0", "3.1", "3.2"] = Field(default="3.1", description="Release it prefers")
    requests: RequestsConfig = Field(default_factory=RequestsConfig, description="Timeouts and retries")
    optimization: OptimizationConfig = Field(default_factory=OptimizationConfig, description="Optimisation in flight")

    @model_validator(mode="after")
    def _consistent(self) -> BuyerConfig:
        principals = [customer.principal for customer in self.customers]
        if len(principals) != len(set(principals)):
            raise ValueError("two customers have the same principal")
        known = [*self.brands.registered, *self.brands.enriched]
        for advertiser in self.advertisers:
            if advertiser.customer is not None and advertiser.customer not in principals:
                raise ValueError(f"advertiser {advertiser.name!r} belongs to no customer: {advertiser.customer!r}")
            if advertiser.brand is not None and advertiser.brand not in known:
                raise ValueError(f"nothing is known about the brand {advertiser.brand!r} of {advertiser.name!r}")
        return self
