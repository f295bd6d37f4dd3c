"""The buyer platform as an actor: its tables, its doors, and what it does by itself."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from agents.buyer import api
from agents.buyer.activity import Activity
from agents.buyer.advertisers import build_advertiser, enter_advertiser
from agents.buyer.audience_state import Audiences
from agents.buyer.brands import BrandRegistry
from agents.buyer.campaign_health import Health
from agents.buyer.config import AdvertiserConfig, BuyerConfig
from agents.buyer.creative.production import CreativeStore
from agents.buyer.creatives import poll_creatives
from agents.buyer.credentials import Credentials
from agents.buyer.deliveries import collect_deliveries
from agents.buyer.events import Events
from agents.buyer.governance import Governance
from agents.buyer.inbox import make_inbox
from agents.buyer.list_agent import ListAgent
from agents.buyer.measurement_state import Measurements
from agents.buyer.members import Directory, customers_of
from agents.buyer.notification_kinds import News
from agents.buyer.notifications import Notifications
from agents.buyer.observations import Observations
from agents.buyer.optimizer import optimize
from agents.buyer.outcome.desk import OutcomeDesk
from agents.buyer.property_checks import PropertyChecks
from agents.buyer.records import Advertiser, Campaign, Creative, Customer, Delivered, MediaBuy, Session, Suggestion
from agents.buyer.sellers import SellerClient
from agents.buyer.sessions.records import CreativeSessions
from agents.buyer.status_sync import on_early_news, poll_statuses
from agents.buyer.storefronts import Storefronts
from agents.buyer.subjects import Subjects
from agents.buyer.syndication_state import Syndications
from agents.buyer.task_state import Tasks
from sandbox.core.errors import InputError
from sandbox.kernel.actor import Actor
from sandbox.kernel.endpoint import Context, Endpoint, Operation, Principal
from sandbox.kernel.world import World
from sandbox.operations import Request, RestDialect

PATH_ALIASES = {
    "accountId": ("advertiserId", "id"),
    "advertiserId": ("id", "accountId"),
    "campaignId": ("id",),
    "creativeId": ("id",),
    "discoveryId": ("id",),
}
"""Other names that callers may give path parameters (conflict C27)."""


CASE_ALIASES = {"status": "Status", "eventType": "EventType"}
"""Keys that an SDK expects in another spelling (conflict C40)."""


class BuyerPlatform(Actor):
    """The platform. Tables are keyed by id and keep the order in which things were made."""

    role = "buyer"

    def __init__(self, world: World, actor_id: str, config: BuyerConfig) -> None:
        super().__init__(world, actor_id)
        self.config = config
        self.customers = {customer.principal: customer for customer in customers_of(config)}
        self.directory = Directory(config)
        self.brands = BrandRegistry(config.brands, self.ids)
        self.advertisers: dict[str, Advertiser] = {}
        self.campaigns: dict[str, Campaign] = {}
        self.sessions: dict[str, Session] = {}
        self.creatives: dict[str, Creative] = {}
        self.creative_store = CreativeStore()
        self.creative_sessions = CreativeSessions(self)
        self.formats: dict[tuple[str, str], dict[str, Any]] = {}
        """What agents said about creative formats, by agent URL and id."""
        self.formats_of: dict[str, list[tuple[str, str]]] = {}
        """The formats that each sales agent takes, once it was asked."""
        self.delivered: dict[tuple[str, str, int], Delivered] = {}
        """What agents reported, by media buy, package and the start of the UTC day in ms."""
        self.reported_until: dict[str, int] = {}
        """Up to when the delivery of a media buy is known, in ms: always the end of a UTC day."""
        self.asked_ms: dict[str, int] = {}
        """When the present day of a media buy was last asked for, for those who read reports."""
        self.reviews_ms: dict[tuple[str, str], int] = {}
        """When a sales agent was last asked how the reviews of a campaign's creatives stand."""
        self.suggestions: dict[str, Suggestion] = {}
        self.events = Events(self)
        self.tasks = Tasks(self)
        self.observations = Observations()
        self.audiences = Audiences(self)
        self.syndications = Syndications(self)
        self.measurements = Measurements()
        self.downloads: dict[str, tuple[str, int]] = {}
        """CSV files by the token of their URL, and until when it holds in ms (rule 167)."""
        self.sellers = SellerClient(self)
        self.governance = Governance(self)
        self.storefronts = Storefronts(self)
        self.credentials = Credentials(self)
        self.webhook_secret = self.ids.uuid("webhook-secret")
        self.lists = ListAgent(self)
        self.checks = PropertyChecks(self)
        self.notifications = Notifications(self)
        subjects = Subjects(self)
        self.news = News(self, subjects)
        self.health = Health(self, self.news)
        self.activity = Activity(self, subjects)
        self.outcome = OutcomeDesk(self)
        doubles = CASE_ALIASES if config.compatibility.sdk_case_aliases else {}
        dialect = RestDialect(self._tenant, PATH_ALIASES, self._on_done, doubles)
        self.endpoint = Endpoint(self, dialect, api.operations())
        self.inbox = make_inbox(self)

    def start(self) -> None:
        """Meet the sales agents, enforce caps and budgets, make the first advertisers, begin to poll and optimise."""
        self.world.add(self.lists)
        known = self._known_sellers()
        for seller_id in known:
            self.world.ecosystem.link(seller_id, self.id, "authorised_for")
            self.world.ecosystem.link(self.lists.id, seller_id, "authorised_for")
        self.storefronts.open(known)
        self.governance.start()
        self.credentials.open()
        self.world.market.enforce(self.id)
        for entry in self.config.advertisers:
            self._found(entry)
        self.news.listen()
        self.activity.listen()
        self.world.spawn(self.health.watch())
        if self.config.poll_interval is not None:
            self.world.spawn(self._poll(self.config.poll_interval))
        if self.config.optimization.interval is not None:
            self.world.spawn(optimize(self, self.config.optimization.interval))

    def customer(self, customer_id: int) -> Customer:
        """The customer of that number."""
        return next(c for c in self.customers.values() if c.customer_id == customer_id)

    def unread_text(self, customer_id: int) -> str:
        """What help texts say of unread notifications; empty if there are none (rule 14)."""
        return self.notifications.unread_text(customer_id)

    def concerns(self, payload: dict[str, Any]) -> bool:
        """True if a public request is about a thing of this world: an authorisation that waits for an answer."""
        return self.credentials.knows((payload.get("body") or {}).get("state"))

    def callback(self, operation_id: str) -> dict[str, Any] | None:
        """The ``push_notification_config`` of a request; None if the platform takes no webhooks."""
        if not self.config.webhooks:
            return None
        return {"url": self.world.network.url(self.id, "webhooks/tasks"), "operation_id": operation_id}

    def report_callback(self) -> dict[str, Any] | None:
        """The ``reporting_webhook`` of a media buy: daily reports; None if the platform takes no webhooks."""
        if not self.config.webhooks:
            return None
        return {
            "url": self.world.network.url(self.id, "webhooks/reports"),
            "authentication": {"schemes": ["Bearer"], "credentials": self.webhook_secret},
            "reporting_frequency": "daily",
        }

    def _on_done(self, ctx: Context, row: Operation, request: Request, result: Any) -> None:
        """An operation has succeeded."""
        self.activity.on_done(ctx, row, request, result)
        self.outcome.on_done(ctx, row, request, result)

    def expect_news(self, seller_id: str, task_id: str) -> None:
        """A task has become known: take in what came about it before."""
        news = self.observations.kept(seller_id, task_id)
        if news is not None:
            self.world.after(0, lambda: on_early_news(self, seller_id, news))

    def expect_order_news(self, buy: MediaBuy) -> None:
        """No answer to an order came: take in what came about it without one."""
        for news in self.observations.kept_for(buy.seller_id, buy.media_buy_id):
            self.expect_news(buy.seller_id, str(news["task_id"]))

    def _tenant(self, principal: Principal) -> Customer | None:
        return self.customers.get(principal.id)

    def _known_sellers(self) -> list[str]:
        present = self.world.ecosystem.of_role("seller")
        wanted = self.config.sellers if self.config.sellers is not None else present
        for seller_id in wanted:
            if seller_id not in present:
                hint = f"there are {', '.join(present) or 'none'}"
                raise InputError(f"{self.id} knows {seller_id!r}, which is no sales agent", hint=hint)
        return list(wanted)

    def _found(self, entry: AdvertiserConfig) -> None:
        """Make an advertiser that the scenario has from the start."""
        customer = self.customers[entry.customer] if entry.customer else next(iter(self.customers.values()))
        brand = None
        if entry.brand is not None:
            self.brands.save(entry.brand)
            brand = self.brands.resolve(entry.brand)
        advertiser = build_advertiser(self, customer, entry.name, brand, entry.sandbox)
        enter_advertiser(self, advertiser)

    def _poll(self, interval_ms: int) -> Generator[Any, Any, None]:
        while True:
            yield self.world.env.timeout(interval_ms)
            yield from poll_statuses(self)
            yield from poll_creatives(self)
            yield from collect_deliveries(self)
