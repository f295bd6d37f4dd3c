"""Settings of the buyer platform in a scenario. ``{kind: buyer}`` is a complete one."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator

from sandbox.core.time import DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS, parse_duration, zone_of
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
    company: str = Field(default="", description="Legal name of the company; the name if absent")
    api_key: str = Field(default="", description="API key of its first user; sk_sandbox_PRINCIPAL if absent")
    notify_url: str | None = Field(default=None, description="Where its notifications are sent as webhooks")
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
        self.company = self.company or self.name
        self.api_key = self.api_key or f"sk_sandbox_{self.principal}"
        return self


def _upper(value: Any) -> Any:
    return value.upper() if isinstance(value, str) else value


Role = Annotated[Literal["ADMIN", "MEMBER"], BeforeValidator(_upper)]
"""What a person may do for a customer (rule 15)."""


class MembershipConfig(_Strict):
    """That a person works for a customer."""

    customer: str = Field(description="Principal of the customer")
    role: Role = Field(default="MEMBER", description="ADMIN or MEMBER")
    active: bool = Field(default=True, description="False: it has ended, or was not accepted yet")


class UserConfig(_Strict):
    """A person who uses the platform."""

    email: str = Field(pattern=r"^[^@\s]+@[^@\s]+$", description="E-mail address")
    name: str = Field(default="", description="Name; the e-mail address if absent")
    api_key: str | None = Field(default=None, min_length=1, description="A key of the person's own")
    memberships: list[MembershipConfig] = Field(default=[], description="For whom the person works")
    super_admin: bool = Field(default=False, description="Staff of the platform, who may act for every customer")


class SourceConfig(_Strict):
    """An inventory source of a storefront: a sales agent, and how one gets at it."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    agent: str = Field(min_length=1, description="Id of the sales agent")
    source_id: str = Field(default="", alias="sourceId", description="Id; src_AGENT if absent")
    name: str = Field(default="", description="Name; the agent's if absent")
    protocol: Literal["MCP", "A2A"] = Field(default="MCP", description="Protocol that the agent speaks")
    requires_credentials: bool | None = Field(
        default=None, description="Whether buyers need credentials of their own; null is what the agent says"
    )
    auth: Literal["API_KEY", "JWT", "OAUTH"] = Field(default="API_KEY", description="Kind of its credentials")
    status: Literal["ACTIVE", "PENDING", "DISABLED"] = Field(default="ACTIVE", description="State of the agent")

    @model_validator(mode="after")
    def _named(self) -> SourceConfig:
        self.source_id = self.source_id or f"src_{self.agent}"
        return self


class StorefrontConfig(_Strict):
    """A storefront: a name under which inventory sources are offered."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    id: int | None = Field(default=None, ge=1, description="Number; its position in the list if absent")
    platform_id: str = Field(min_length=1, alias="platformId", description="Readable id, such as premium-video")
    name: str = Field(min_length=1, description="Name")
    publisher_domain: str = Field(
        default="", alias="publisherDomain", description="Domain of its publisher; the first agent's first if absent"
    )
    enabled: bool = Field(default=True, description="Whether buyers see it")
    sources: list[SourceConfig] = Field(default=[], description="Inventory sources")

    @model_validator(mode="after")
    def _distinct(self) -> StorefrontConfig:
        ids = [source.source_id for source in self.sources]
        if len(ids) != len(set(ids)):
            raise ValueError(f"two sources of {self.platform_id} have the same sourceId")
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
            "ios_bundle": ["com.facebook.katana", "com.netflix.Netflix", "com.spotify.music"],
            "android_package": ["com.facebook.katana", "com.spotify.music", "com.example.app"],
            "apple_app_store_id": ["284882215", "324684580"],
            "google_play_id": ["com.example.app"],
            "roku_store_id": ["12"],
            "fire_tv_asin": ["B00X4WHP5E"],
            "samsung_app_id": ["G19173000091"],
        },
        description="Identifiers that can be targeted, by type",
    )
    registered: list[str] = Field(
        default=["hulu.com", "espn.com"], description="Domains that are registered, but not yet targetable"
    )
    blocked: dict[str, Literal["ad_server", "cdn", "tracker", "intermediary"]] = Field(
        default={
            "doubleclick.net": "ad_server",
            "googlesyndication.com": "ad_server",
            "adnxs.com": "intermediary",
            "rubiconproject.com": "intermediary",
            "cloudfront.net": "cdn",
            "akamaihd.net": "cdn",
            "google-analytics.com": "tracker",
            "scorecardresearch.com": "tracker",
        },
        description="Domains without pages of their own, and what they are; with all that is below them",
    )


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


class CompatibilityConfig(_Strict):
    """Where documents and clients of the real platform disagree, and a client needs the other reading."""

    campaign_type_required: bool = Field(
        default=False, description="Refuse a campaign without campaignType instead of making it DECISIONED"
    )
    breakdown_optional: bool = Field(default=False, description="Give summaries over REST without a breakdown too")
    sdk_case_aliases: bool = Field(
        default=False, description="Add Status and EventType beside status and eventType, as an SDK expects them"
    )


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


class AudiencesConfig(_Strict):
    """How audiences are matched with the people that the platform knows (rules 141 to 143)."""

    match_delay: Duration = Field(default=10 * MINUTE_MS, description="How long matching takes, give or take a half")
    match_rate: float = Field(default=0.6, ge=0, le=1, description="Share of identifiers that are found")
    minimum_size: int = Field(default=100, ge=1, description="Matched people below which an audience is TOO_SMALL")
    error_rate: float = Field(default=0.0, ge=0, le=1, description="How often matching ends in ERROR")


class BuyerConfig(_Strict):
    """The buyer platform: whose it is, what it charges, which agents it knows and how it talks to them."""

    customers: list[CustomerConfig] = Field(
        default=[CustomerConfig(name="Acme", principal="acme")], min_length=1, description="Tenants"
    )
    users: list[UserConfig] = Field(
        default=[], description="People; a customer for whom nobody works has admin@PRINCIPAL.example"
    )
    storefronts: list[StorefrontConfig] | None = Field(
        default=None, description="Storefronts; null is one for each sales agent"
    )
    fee_percent: float = Field(default=8.0, ge=0, lt=100, description="Margin on DECISIONED campaigns")
    brands: BrandsConfig = Field(default_factory=BrandsConfig, description="Brands by domain")
    properties: PropertiesConfig = Field(default_factory=PropertiesConfig, description="The property registry")
    advertisers: list[AdvertiserConfig] = Field(default=[], description="Advertisers from the start")
    sellers: list[str] | None = Field(default=None, description="Sales agents it knows; null is all")
    governance: str | None = Field(default=None, description="Governance agent that it asks before it commits money")
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
    compatibility: CompatibilityConfig = Field(
        default_factory=CompatibilityConfig, description="Other readings of the platform's documents"
    )
    audiences: AudiencesConfig = Field(default_factory=AudiencesConfig, description="Matching of audiences")

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

    @model_validator(mode="after")
    def _distinct_people(self) -> BuyerConfig:
        principals = [customer.principal for customer in self.customers]
        emails = [user.email.casefold() for user in self.users]
        if len(emails) != len(set(emails)):
            raise ValueError("two users have the same e-mail address")
        keys = [customer.api_key for customer in self.customers]
        keys += [user.api_key for user in self.users if user.api_key is not None]
        if len(keys) != len(set(keys)):
            raise ValueError("an API key is given twice")
        for user in self.users:
            for membership in user.memberships:
                if membership.customer not in principals:
                    raise ValueError(f"{user.email} works for no customer: {membership.customer!r}")
            if user.api_key is not None and not (user.super_admin or any(m.active for m in user.memberships)):
                raise ValueError(f"{user.email} has an API key, but works for nobody")
        return self

    @model_validator(mode="after")
    def _distinct_storefronts(self) -> BuyerConfig:
        shops = self.storefronts or []
        for number, shop in enumerate(shops, start=1):
            shop.id = shop.id or number
        if len({shop.id for shop in shops}) != len(shops):
            raise ValueError("two storefronts have the same id")
        return self
