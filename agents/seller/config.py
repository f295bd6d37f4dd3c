"""Settings of a sales agent in a scenario. ``{kind: seller, publishers: [a]}`` is a complete one."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import (
    Field,
    field_validator,
    model_validator,
)

from agents.seller.config_products import (
    AudienceTargetingConfig,
    Duration,
    FinancialsConfig,
    MeasurementConfig,
    Price,
    Probability,
    ProductConfig,
    Strict,
)
from agents.seller.config_times import DelayConfig, OfficeHours
from sandbox.core.time import MINUTE_MS
from sandbox.domain.channels import CHANNELS
from sandbox.domain.formats import REFERENCE_AGENT
from sandbox.domain.pricing import MODELS
from sandbox.protocol.signing_settings import SigningSettings

Share = Annotated[float, Field(ge=0.0, lt=1.0)]


class BuyRule(Strict):
    """A ground to refuse a media buy; all conditions that it names must hold."""

    budget_under: float | None = Field(default=None, ge=0, description="Total budget below this")
    budget_over: float | None = Field(default=None, ge=0, description="Total budget above this")
    category: str | None = Field(default=None, description="Industry of the advertiser, or a part of it")
    brand: str | None = Field(default=None, description="Domain of the brand")
    product: str | None = Field(default=None, description="A package buys this product")
    start_within: Duration | None = Field(default=None, description="The flight starts sooner than this")
    flight_over: Duration | None = Field(default=None, description="The flight is longer than this")
    reason: str = Field(default="", description="What the buyer is told")

    @model_validator(mode="after")
    def _says_something(self) -> BuyRule:
        if not self.model_fields_set - {"reason"}:
            raise ValueError("a rule needs a condition")
        return self


class CreativeRule(Strict):
    """A ground to refuse a creative; all conditions that it names must hold."""

    format: str | None = Field(default=None, description="Id of the creative's format")
    name_contains: str | None = Field(default=None, description="Part of the creative's name, any case")
    asset_contains: str | None = Field(default=None, description="Part of an asset's URL or text, any case")
    missing_asset: str | None = Field(default=None, description="The creative lacks this asset")
    reason: str = Field(default="", description="What the buyer is told")

    @model_validator(mode="after")
    def _says_something(self) -> CreativeRule:
        if not self.model_fields_set - {"reason"}:
            raise ValueError("a rule needs a condition")
        return self


class Policy(Strict):
    """Who decides, when, and how often the answer is no."""

    mode: Literal["automatic", "manual"] = Field(default="automatic", description="Who decides")
    delay: DelayConfig | None = Field(
        default=None,
        description="How long a person takes; without it a manual decision waits for a scenario step",
    )
    office_hours: OfficeHours | None = Field(default=None, description="When people decide; always if absent")
    probability_of_rejection: Probability = Field(default=0.0, description="Chance of a refusal without a rule")

    @model_validator(mode="before")
    @classmethod
    def _word(cls, value: Any) -> Any:
        if isinstance(value, str):
            return {"mode": value}
        if isinstance(value, dict) and "mode" not in value and ("delay" in value or "office_hours" in value):
            return {"mode": "manual", **value}
        return value


Requirement = Literal[
    "po_number",
    "creatives",
    "io_acceptance",
    "invoice_recipient",
    "advertiser_industry",
    "agency_estimate_number",
]


class ApprovalConfig(Policy):
    """How new media buys are approved."""

    reject_if: list[BuyRule] = Field(default=[], description="Grounds to refuse a buy")
    requires: list[Requirement] = Field(default=[], description="What a buy must have; else input is required")


class UpdateApprovalConfig(Policy):
    """How changes to live media buys are approved."""

    self_serve: list[Literal["pause", "cancel", "creatives", "budget", "dates", "packages", "targeting"]] = Field(
        default=["pause", "cancel", "creatives"],
        description="Changes that need no person even in manual mode",
    )
    reject_if: list[BuyRule] = Field(default=[], description="Grounds to refuse a change, by its outcome")


class ReviewConfig(Policy):
    """How creatives are reviewed."""

    reject_if: list[CreativeRule] = Field(default=[], description="Grounds to refuse a creative")


class HeldAccount(Strict):
    """An account that somebody opened with the sales agent before the world started."""

    id: str = Field(default="", description="account_id; made if absent")
    credential: str = Field(default="", description="Account identifier of the credentials that show it; none if empty")
    brand: str = Field(min_length=1, description="Domain of the brand")
    name: str = Field(default="", description="Name; made from brand and operator if absent")
    operator: str = Field(default="", description="Domain of whoever operates it; the brand itself if absent")
    billing: Literal["operator", "agent", "advertiser"] = Field(default="operator", description="Who pays")
    sandbox: bool = Field(default=False, description="Whether nothing in it is real")


class AccountsConfig(Policy):
    """Who may have an account, and which accounts there are from the start."""

    operator_auth: bool = Field(
        default=False,
        description="Operators need credentials of their own and open accounts with the agent itself; buyers can "
        "declare sandbox accounts only",
    )
    sandbox_brands: list[str] = Field(
        default=[],
        description="Brands that exist for tests, such as *.example: their accounts are in an open sandbox, where "
        "nothing waits for people and the accounts of a buyer share creatives",
    )
    existing: list[HeldAccount] = Field(default=[], description="Accounts that are there from the start")


class SellerConfig(Strict):
    """A sales agent: whose inventory it sells, what, for how much, and how it decides."""

    name: str = Field(default="", description="Name; the actor's id if absent")
    publishers: list[str] = Field(default=[], description="Ids of publishers it sells; all that let it if empty")
    approval: ApprovalConfig = Field(default_factory=ApprovalConfig, description="Approval of new buys")
    updates: UpdateApprovalConfig = Field(
        default_factory=UpdateApprovalConfig, description="Approval of changes to buys"
    )
    creative_review: ReviewConfig = Field(default_factory=ReviewConfig, description="Review of creatives")
    creative_library: bool | None = Field(
        default=True,
        description="true: sync_creatives; false: creatives inline; null: the agent does not say",
    )
    accounts: AccountsConfig = Field(default_factory=AccountsConfig, description="Accounts and their approval")
    financials: FinancialsConfig | None = Field(
        default=None, description="What it tells of spend, credit and invoices of accounts; null: nothing"
    )
    audience_targeting: AudienceTargetingConfig | None = Field(
        default=None, description="Matching of buyers' audiences (sync_audiences); null: it takes none"
    )
    measurement: MeasurementConfig | None = Field(
        default=None, description="Measurement of others by which it can be billed; null: by its own count only"
    )
    assign_ahead: bool = Field(
        default=False,
        description="Whether creatives can be assigned to packages before they are sent; an assignment to a package "
        "that is not there is then told in its row and refuses nothing else",
    )
    format_agent: str = Field(
        default=REFERENCE_AGENT, description="Creative agent that defines the formats which products name"
    )
    notify_always: bool = Field(
        default=False, description="Whether it sends webhooks about media buys that it answered at once, too"
    )
    echo_idempotency_key: bool = Field(default=False, description="Whether answers repeat the idempotency_key")
    proposal_id: str = Field(default="", description="Id of its standing proposal; new ones if empty")
    proposals_firm: bool = Field(default=False, description="Whether proposals can be bought without being finalized")
    unresolved_lists: Literal["refuse", "hold"] = Field(
        default="refuse",
        description="A package whose property or collection list can't be had: refused, or taken and not delivered",
    )
    event_tracking: bool = Field(default=False, description="Whether it takes event sources and events of buyers")
    event_snippet: str = Field(
        default="", description="HTML for pages that send events, with {event_source_id} in it; none if empty"
    )
    catalog_management: bool = Field(default=False, description="Whether it keeps catalogs of buyers")
    test_controller: bool = Field(default=False, description="Whether it offers comply_test_controller")
    specialisms: list[str] = Field(default=[], description="Specialisms of AdCP that it claims, such as sales-social")
    governance_aware: bool = Field(
        default=False, description="Whether it wants signed intents and asks the governance agents of accounts"
    )
    departments: list[str] = Field(
        default=[],
        description="Governance, creative, signals, brand or sponsored-intelligence agents whose tools it offers too",
    )
    heeds_own_plans: bool = Field(
        default=False,
        description="Whether it holds buyers to plans that they keep with its departments, on accounts that name no "
        "governance agent",
    )
    request_signing: SigningSettings | None = Field(
        default=None, description="How it verifies signed requests when it is served; null: it does not"
    )
    cancellation_notice: Duration = Field(default=0, description="How long a canceled buy goes on delivering")
    cancellable: bool = Field(default=True, description="Whether buyers may cancel at all")
    products: list[ProductConfig] = Field(default=[], description="Products; one for each placement if empty")
    test_products: list[ProductConfig] = Field(
        default=[], description="Products that are never offered, but sold to those who know their ids, such as tests"
    )
    formats: list[str] = Field(
        default=[], description="Formats that all products take besides their own: ids, or agent_url/id"
    )
    rate_card: dict[str, dict[str, Price]] = Field(
        default={}, description="Prices by channel and pricing model, in units of currency"
    )
    pricing_models: list[str] = Field(default=["cpm"], description="Models in which generated products are sold")
    guaranteed: bool | list[str] | None = Field(
        default=None, description="Channels that are sold guaranteed; channel's custom if null"
    )
    currency: str = Field(default="USD", pattern=r"^[A-Z]{3}$", description="Currency of all prices")
    min_budget: float = Field(default=0.0, ge=0, description="Lowest budget of a package")
    proposals: bool = Field(default=True, description="Whether briefs are answered with proposals too")
    lifecycle_tools: bool = Field(default=True, description="Whether it has the compact tools, where it speaks 3.2")
    max_holds: int = Field(default=25, ge=0, description="Committed proposals that are held for one buyer at a time")
    proposal_validity: Duration = Field(default=7 * 24 * 60 * MINUTE_MS, description="How long a proposal holds")
    adcp_versions: list[Literal["3.0", "3.1", "3.2"]] = Field(
        default=["3.0", "3.1", "3.2"], min_length=1, description="Releases of AdCP that it speaks"
    )
    pacing_method: Literal["due_time", "throttling", "adaptive", "pid"] = Field(
        default="due_time", description="How it keeps packages that are to be paced evenly on their plan"
    )
    reporting_delay: Duration = Field(default=0, description="How long after an hour its counts can be reported")
    reporting_jitter: Duration = Field(default=0, description="How much later than that a report may be, at random")
    late_share: Share = Field(
        default=0.0, description="Part of each hour's counts that is missing until it is restated"
    )
    ivt_rate: Share = Field(
        default=0.0, description="Part of each hour's counts that is invalid traffic, taken off later"
    )
    restatement_delay: Duration = Field(
        default=2 * 24 * 60 * MINUTE_MS, description="How long after an hour its counts are restated, for good"
    )
    count_discrepancy: float = Field(
        default=0.0, ge=-0.5, le=0.5, description="By how much it counts more than the buyer on average (0.03 is 3 %)"
    )
    makegood: Literal["none", "extend", "credit"] = Field(
        default="credit", description="What a guaranteed package gets that fell short"
    )
    makegood_limit: Duration = Field(
        default=14 * 24 * 60 * MINUTE_MS, description="By how much a makegood prolongs a flight at most"
    )
    makegood_tolerance: Probability = Field(default=0.01, description="Shortfall for which nothing is owed")

    @field_validator("pricing_models")
    @classmethod
    def _known_models(cls, value: list[str]) -> list[str]:
        unknown = [model for model in value if model not in MODELS]
        if unknown or not value:
            raise ValueError(f"unknown pricing models {unknown}, use {', '.join(MODELS)}")
        return value

    @field_validator("rate_card")
    @classmethod
    def _known_rates(cls, value: dict[str, dict[str, float]]) -> dict[str, dict[str, float]]:
        for channel, rates in value.items():
            if channel not in CHANNELS:
                raise ValueError(f"unknown channel {channel!r} in the rate card")
            unknown = [model for model in rates if model not in MODELS]
            if unknown:
                raise ValueError(f"unknown pricing models {unknown} in the rate card")
        return value

    @property
    def restates(self) -> bool:
        """True if what it reports of an hour at first is provisional."""
        return self.late_share > 0 or self.ivt_rate > 0

    @property
    def settling_ms(self) -> int:
        """How long after an hour its counts are final."""
        return self.restatement_delay if self.restates else self.reporting_delay

    @model_validator(mode="after")
    def _signing_is_of_its_releases(self) -> SellerConfig:
        if self.request_signing is not None:
            self.request_signing.refuse_release(list(self.adcp_versions))
        return self

    @model_validator(mode="after")
    def _reports_before_it_restates(self) -> SellerConfig:
        if self.restates and self.restatement_delay <= self.reporting_delay:
            raise ValueError("restatement_delay must be longer than reporting_delay")
        return self

    @model_validator(mode="after")
    def _distinct_products(self) -> SellerConfig:
        ids = [product.id for product in (*self.products, *self.test_products)]
        if len(ids) != len(set(ids)):
            raise ValueError("two products have the same id")
        return self
