"""What the buyer platform remembers: one slots dataclass a resource, in micros and ms.

The wire form (camelCase, numbers as amounts) is made in the file of each resource; nothing here knows it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Customer:
    """A tenant: whoever holds one API key. Nothing of one customer is visible to another (rule 13)."""

    customer_id: int
    name: str
    principal: str
    """The id under which scenario steps (``as:``) and API keys act for this customer."""
    authorised_sellers: tuple[str, ...] | None = None
    """Sales agents the customer has credentials of its own for: what ROUTED may use (rule 46). None: all."""


@dataclass(slots=True)
class FrequencyCap:
    """A buyer-side cap with its wire form and its place (rules 105 to 110)."""

    cap_id: str
    level: str
    target_id: str
    max_impressions: int
    interval: int
    unit: str
    created_ms: int
    updated_ms: int
    archived_ms: int | None = None


@dataclass(slots=True)
class PropertyList:
    """An include or exclude list with the identifiers that were resolved, as (type, value)."""

    list_id: str
    name: str
    purpose: str
    entries: list[tuple[str, str]]
    created_ms: int
    updated_ms: int
    archived_ms: int | None = None


@dataclass(slots=True)
class Catalog:
    """A catalog in AdCP's form; campaigns attach it by its number."""

    number: int
    catalog_id: str
    content: dict[str, Any]
    archived_ms: int | None = None


@dataclass(slots=True)
class Advertiser:
    """A brand account of a customer. ``advertiser_id`` is a number that travels as text (C6)."""

    advertiser_id: str
    customer_id: int
    name: str
    description: str | None
    brand: str | None
    brand_warning: str | None
    linked_brand: dict[str, Any] | None
    sandbox: bool
    apply_mode: str
    status: str
    created_ms: int
    updated_ms: int
    utm: list[dict[str, str]] = field(default_factory=list)
    linked_accounts: list[dict[str, Any]] = field(default_factory=list)
    caps: list[FrequencyCap] = field(default_factory=list)
    event_sources: dict[str, dict[str, Any]] = field(default_factory=dict)
    property_lists: dict[str, PropertyList] = field(default_factory=dict)
    catalogs: dict[str, Catalog] = field(default_factory=dict)
    """Registered event sources by id: ``{source, created_ms, updated_ms}``."""
    archived_event_sources: list[dict[str, Any]] = field(default_factory=list)
    campaign_ids: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Selection:
    """A product selected in a discovery session. ``product`` is what the sales agent offered then."""

    product_id: str
    seller_id: str
    group_id: str
    group_name: str
    selected_ms: int
    pricing_option_id: str
    bid_micros: int | None = None
    budget_micros: int | None = None
    product: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Session:
    """A discovery session: what the sales agents offered, and what was selected from it (rule 115)."""

    discovery_id: str
    customer_id: int
    advertiser_id: str
    campaign_id: str | None
    campaign_type: str
    brief: str | None
    channels: list[str]
    countries: list[str]
    budget_micros: int | None
    start_ms: int | None
    end_ms: int | None
    created_ms: int
    currency: str = "USD"
    products: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    """Products as AdCP returned them, by sales agent, in the order of the answers."""
    proposals: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    failures: list[dict[str, Any]] = field(default_factory=list)
    selections: list[Selection] = field(default_factory=list)


@dataclass(slots=True)
class StagedProduct:
    """A product on a DRAFT media buy, before it becomes packages."""

    product_id: str
    name: str
    discovery_id: str
    pricing_option_id: str
    budget_micros: int | None
    pacing: str = "even"
    bid_micros: int | None = None
    selected_ms: int = 0


@dataclass(slots=True)
class Package:
    """A deployed line item: one per product and pacing period (rule 78)."""

    package_id: str
    product_id: str
    product_name: str
    pricing_option_id: str
    budget_micros: int
    start_ms: int
    end_ms: int
    pacing: str = "even"
    bid_micros: int | None = None
    period: str | None = None
    paused: bool = False
    canceled: bool = False
    off_list: bool = False
    """It rests because the advertiser's property lists leave none of its inventory."""
    creative_ids: tuple[str, ...] = ()


@dataclass(slots=True)
class MediaBuy:
    """One version of a media buy with one sales agent.

    ``status`` is the platform's (rule 79), ``adcp_status`` the agent's. A version that waits for approval
    is a record of its own with the same ``media_buy_id`` (rule 62) and ``pending_of`` its live version.
    """

    media_buy_id: str
    campaign_id: str
    seller_id: str
    name: str
    status: str
    created_ms: int
    updated_ms: int
    version: int = 1
    adcp_media_buy_id: str | None = None
    adcp_status: str | None = None
    revision: int | None = None
    task_id: str | None = None
    products: list[StagedProduct] = field(default_factory=list)
    packages: list[Package] = field(default_factory=list)
    start_ms: int | None = None
    end_ms: int | None = None
    creative_ids: tuple[str, ...] = ()
    goals: list[dict[str, Any]] = field(default_factory=list)
    pending_request: dict[str, Any] | None = None
    """What was sent and has no answer yet: the change of a waiting version, or an order (``{key, request, …}``)."""
    overdue: dict[str, Any] | None = None
    """A change that the agent should have by now, because of a decision here, and that did not get through."""
    sending: bool = False
    """True while an order or a change is on its way to the sales agent and back."""
    history: list[dict[str, Any]] = field(default_factory=list)
    needs: str | None = None
    """What the sales agent asked for while the buy is INPUT_REQUIRED."""
    message: str | None = None
    """The sales agent's last word: why it rejected, what it wants."""
    tactic: str | None = None
    """The proposal whose outcome agent bought it; None if the advertiser did."""


@dataclass(slots=True)
class Creative:
    """A creative manifest of a campaign (rule 177), and where it stands with each sales agent."""

    creative_id: str
    campaign_id: str
    name: str
    format_id: dict[str, Any] | None
    format_kind: str | None
    template_id: str | None
    brand_domain: str
    assets: list[dict[str, Any]]
    created_ms: int
    updated_ms: int
    content_ms: int = 0
    """When that changed what sales agents get of it."""
    message: str | None = None
    tag: str | None = None
    quality: str | None = None
    archived_ms: int | None = None
    weight: int = 100
    caps: list[FrequencyCap] = field(default_factory=list)
    synced: dict[str, int] = field(default_factory=dict)
    """When the manifest was last synced to a sales agent, in ms."""
    review: dict[str, str] = field(default_factory=dict)
    """The review status that each sales agent reported."""
    inline_with: list[str] = field(default_factory=list)
    """Sales agents that got the manifest inline, with their packages."""


@dataclass(slots=True)
class Campaign:
    """A campaign: flight, budget, goals, and the media buys that came of it."""

    campaign_id: str
    customer_id: int
    advertiser_id: str
    name: str
    campaign_type: str
    status: str
    start_ms: int
    end_ms: int
    budget_micros: int
    currency: str
    created_ms: int
    updated_ms: int
    daily_cap_micros: int | None = None
    pacing: str | None = None
    brief: str | None = None
    channels: list[str] = field(default_factory=list)
    countries: list[str] = field(default_factory=list)
    discovery_ids: list[str] = field(default_factory=list)
    goals: list[dict[str, Any]] = field(default_factory=list)
    apply_mode: str | None = None
    catalog_id: int | None = None
    utm: list[dict[str, str]] = field(default_factory=list)
    audiences: list[dict[str, Any]] = field(default_factory=list)
    periods_mode: str | None = None
    periods: list[dict[str, Any]] = field(default_factory=list)
    caps: list[FrequencyCap] = field(default_factory=list)
    media_buys: list[MediaBuy] = field(default_factory=list)


@dataclass(slots=True)
class Delivered:
    """What a sales agent reported for a package in one UTC day; the latest report of a day counts."""

    impressions: int = 0
    spend_micros: int = 0
    clicks: int = 0
    views: int = 0
    completed_views: int = 0
    conversions: int = 0
    engagements: int = 0
    conversion_value_micros: int = 0


@dataclass(slots=True)
class Adjustment:
    """What a suggestion changes in one package: its budget by so much, its bid to so much, or both."""

    package_id: str
    product_id: str
    delta_micros: int
    reason: str
    old_bid_micros: int | None = None
    new_bid_micros: int | None = None
    """None leaves the bid."""
    bid_reason: str = ""


@dataclass(slots=True)
class Suggestion:
    """What one run of the optimiser wants to change in one media buy (rules 174 to 176)."""

    suggestion_id: str
    run_id: str
    customer_id: int
    campaign_id: str
    media_buy_id: str
    metric: str
    """What is optimised for: a delivery metric, a type of event, ``conversion_value`` or ``roas``."""
    scaling_factor: float
    """The media buy's new budget over the present one."""
    rationale: str
    adjustments: list[Adjustment]
    made_ms: int
    status: str = "CREATED"
    status_ms: int = 0
    reason: str | None = None
    error: str | None = None
    asked_micros: int = 0
    """How much more its sales agent was asked for, while there is no answer."""
    applied_micros: int = 0
    """How much more its media buy has by it; less than zero if it has less."""

    @property
    def growth_micros(self) -> int:
        """How much more the media buy is to have; less than zero if money is taken from it."""
        return sum(adjustment.delta_micros for adjustment in self.adjustments)
