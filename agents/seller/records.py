"""What a sales agent keeps: products, accounts, media buys, packages, creatives, proposals."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sandbox.domain.formats import Format
from sandbox.domain.inventory import Offer
from sandbox.domain.pricing import PricingOption

TERMINAL = ("completed", "rejected", "canceled")
"""States of a media buy that nothing follows."""


@dataclass(slots=True, frozen=True)
class Product:
    """What a sales agent sells: placements under one name, at one or more prices."""

    product_id: str
    name: str
    description: str
    offers: tuple[Offer, ...]
    formats: tuple[Format, ...]
    delivery_type: str
    pricing: tuple[PricingOption, ...]
    countries: tuple[str, ...] = ()
    audience: tuple[str, ...] = ()
    exclusivity: str = "none"
    sold_out: bool = False
    offered: bool = True
    """False if it is sold to those who know its id, and never offered."""

    @property
    def channels(self) -> tuple[str, ...]:
        """The channels of its placements, each once."""
        return tuple(dict.fromkeys(offer.channel.name for offer in self.offers))

    @property
    def guaranteed(self) -> bool:
        """True if delivery is promised."""
        return self.delivery_type == "guaranteed"

    def option(self, option_id: str) -> PricingOption | None:
        """The pricing option of that id."""
        return next((option for option in self.pricing if option.option_id == option_id), None)


@dataclass(slots=True)
class Account:
    """A buyer's account. ``buyer`` is the caller that it belongs to; empty if it is anybody's with the credentials."""

    account_id: str
    buyer: str
    brand: dict[str, Any]
    operator: str
    sandbox: bool
    billing: str
    status: str
    name: str
    payment_terms: str | None = None
    credential: str = ""
    """Which credentials a caller needs to see it, by their account identifier; none if empty."""
    declared: bool = True
    """False if it was opened on the spot for a request that named it, or for a test."""
    used: bool = True
    """False if it was opened on the spot and no request that named it was accepted yet."""
    claims: int = 0
    """How many requests that named it before it was used are still being served."""

    @property
    def key(self) -> tuple[str, str, str, bool]:
        """The natural key among the accounts of a caller: for which brand, through which operator, for real or not."""
        return account_key(self.brand, self.operator, self.sandbox)

    def ref(self) -> dict[str, Any]:
        """The account as media buys carry it (core/account.json)."""
        body: dict[str, Any] = {
            "account_id": self.account_id,
            "name": self.name,
            "status": self.status,
            "brand": self.brand,
            "operator": self.operator,
            "billing": self.billing,
        }
        if self.payment_terms:
            body["payment_terms"] = self.payment_terms
        if self.sandbox:
            body["sandbox"] = True
        return body


def account_key(brand: dict[str, Any], operator: str, sandbox: bool) -> tuple[str, str, str, bool]:
    """The natural key of an account."""
    return str(brand.get("domain", "")), str(brand.get("brand_id", "")), operator, sandbox


@dataclass(slots=True)
class Creative:
    """A creative in the library of an account. ``body`` is what the buyer sent last."""

    creative_id: str
    account_id: str
    body: dict[str, Any]
    created_ms: int
    updated_ms: int
    label: str
    """Its id in the trace: ``creative_id``, with the account before it if another account has the same."""
    status: str = ""
    reason: str = ""
    reviews: int = 0
    """Reviews that have begun; one that has been overtaken by a newer one decides nothing."""


@dataclass(slots=True)
class Package:
    """A line of a media buy: one product for one budget. Its delivery line has the same id."""

    package_id: str
    product: Product
    option: PricingOption
    budget_micros: int
    pacing: str = "even"
    bid_micros: int | None = None
    start_ms: int | None = None
    end_ms: int | None = None
    impressions: int | None = None
    paused: bool = False
    canceled: bool = False
    exhausted: bool = False
    cancel_at_ms: int | None = None
    cancellation: dict[str, Any] | None = None
    overlay: dict[str, Any] = field(default_factory=dict)
    daily_cap_micros: int | None = None
    """The most that it may spend in a day (UTC)."""
    properties: tuple[str, ...] | None = None
    """What the overlay's property list resolved to; None without a list."""
    assignments: dict[str, float | None] = field(default_factory=dict)
    """Weights by creative id."""
    extras: dict[str, Any] = field(default_factory=dict)
    """Fields that are carried along and given back: context, ext, agency_estimate_number …"""


@dataclass(slots=True)
class MediaBuy:
    """A media buy. ``held`` is the buyer's pause, also while the status is still pending."""

    media_buy_id: str
    buyer: str
    account_id: str
    currency: str
    start_ms: int
    end_ms: int
    packages: dict[str, Package]
    created_ms: int
    version: str
    status: str = ""
    revision: int = 1
    held: bool = False
    updated_ms: int = 0
    confirmed_ms: int | None = None
    cancel_at_ms: int | None = None
    cancellation: dict[str, Any] | None = None
    rejection_reason: str = ""
    po_number: str | None = None
    invoice_recipient: dict[str, Any] | None = None
    context: dict[str, Any] | None = None
    reporting: dict[str, Any] | None = None
    reports_sent: int = 0
    reporting_since: int = 0
    """Counts changes of the reporting webhook; a schedule of an older one ends."""
    impairments: list[dict[str, Any]] = field(default_factory=list)
    history: list[dict[str, Any]] = field(default_factory=list)
    feedback: list[dict[str, Any]] = field(default_factory=list)
    name: str = ""
    daily_cap_micros: int | None = None
    """The most that all packages may spend together in a day (UTC)."""
    frequency_cap: dict[str, Any] | None = None
    """A cap of the whole buy, whose counter its packages share."""
    proposal_id: str = ""
    """The proposal with its accepted terms; empty if it was bought without any."""

    @property
    def terminal(self) -> bool:
        """True if nothing can change any more."""
        return self.status in TERMINAL

    @property
    def live(self) -> list[Package]:
        """The packages that were not canceled."""
        return [package for package in self.packages.values() if not package.canceled]

    @property
    def budget_micros(self) -> int:
        """The sum of the budgets of all packages; a canceled one counts with what it may have spent."""
        return sum(package.budget_micros for package in self.packages.values())

    def window(self, package: Package) -> tuple[int, int]:
        """The flight of a package: its own dates within those of the buy."""
        start = self.start_ms if package.start_ms is None else max(package.start_ms, self.start_ms)
        end = self.end_ms if package.end_ms is None else min(package.end_ms, self.end_ms)
        return start, end


@dataclass(slots=True)
class Proposal:
    """A plan that a seller offers: products with shares of a budget.

    With ``terms`` it is a snapshot of release 3.2: they never change, and other terms are another proposal.
    """

    proposal_id: str
    buyer: str
    name: str
    allocations: list[dict[str, Any]]
    created_ms: int
    expires_ms: int
    status: str = "draft"
    alignment: str = ""
    budget_micros: int | None = None
    brand: dict[str, Any] = field(default_factory=dict)
    """For whom it is; empty if nobody said."""
    terms: dict[str, Any] | None = None
    """The commercial terms (media-buy/commercial-terms.json)."""
    digest: str = ""
    kind: str = "new_media_buy"
    parent: str = ""
    account_id: str = ""
    criteria: dict[str, Any] = field(default_factory=dict)
    brief: str = ""
    opportunity_id: str = ""
    media_buy_id: str = ""
    """What it changes, or what became of it."""
    base_revision: int | None = None
    """The revision of the media buy that it changes."""
    packages: list[str] = field(default_factory=list)
    """Once accepted: the package of each purchase."""
    accepted_ms: int | None = None
    declined: tuple[str, str] | None = None
    """Reason and detail that the buyer gave."""
    task_id: str = ""
    """The task under which its acceptance waits for a decision."""
