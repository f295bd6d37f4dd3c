"""The sales agent: its state, its door, and what happens to it over time.

What it does is in one module a resource (``products``, ``media_buys``, ``creatives`` …); what it decides is
in ``policy``. This class holds the tables that they share.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from agents.seller.accounts import enter_existing, may_use
from agents.seller.approvals import Desk
from agents.seller.audience_matching import Audience
from agents.seller.buy_states import refresh
from agents.seller.catalog import build_products
from agents.seller.config import SellerConfig
from agents.seller.controller.state import ControllerState
from agents.seller.controls import controls_of
from agents.seller.departments import join_departments
from agents.seller.endpoint import make_endpoint
from agents.seller.ledger import Ledger
from agents.seller.records import Account, Creative, MediaBuy, Package, Product, Proposal
from agents.seller.reports import send_final
from agents.seller.synced import Synced
from agents.seller.tasks import SellerTasks
from sandbox.core.errors import AdcpError, InputError
from sandbox.domain.inventory import Offer
from sandbox.kernel.actor import Actor

if TYPE_CHECKING:
    from agents.publisher.publisher import Publisher
    from sandbox.domain.formats import Format
    from sandbox.kernel.endpoint import Context, Principal
    from sandbox.kernel.world import World


class Seller(Actor):
    """A sales agent. Tables are keyed by id and keep the order in which things were made."""

    role = "seller"

    def __init__(self, world: World, actor_id: str, config: SellerConfig) -> None:
        super().__init__(world, actor_id)
        self.config = config
        self.name = config.name or actor_id
        self.products: dict[str, Product] = {}
        self.accounts: dict[str, Account] = {}
        self.media_buys: dict[str, MediaBuy] = {}
        self.package_buys: dict[str, str] = {}
        self.creatives: dict[tuple[str, str], Creative] = {}
        self.proposals: dict[str, Proposal] = {}
        self.opportunities: dict[tuple[str, str], dict[str, Any]] = {}
        """Planning cycles of buyers, by buyer and id."""
        self.audiences: dict[tuple[str, str], Audience] = {}
        """Buyers' audiences by account and id."""
        self.synced = Synced()
        self.governed: dict[str, str] = {}
        """The governance agent of accounts, by account id."""
        self.tokens_seen: dict[str, Any] = {}
        """Tokens of governance that were used, with the idempotency key of the request."""
        self.controller: ControllerState[Format] = ControllerState()
        self.ledger = Ledger(world, actor_id)
        self.tasks = SellerTasks(self)
        self.desk = Desk(self)
        self.endpoint = make_endpoint(self)
        self.controls.update(controls_of(self))

    def start(self) -> None:
        """Sign with the publishers that let this agent sell, and make products of what they offer."""
        enter_existing(self)
        join_departments(self)
        offers: list[Offer] = []
        for publisher in self._publishers():
            if publisher.authorises(self.id):
                self.world.ecosystem.link(publisher.id, self.id, "sold_by")
                offers.extend(publisher.offers)
            else:
                self.decide("authorisation", publisher.id, "refused", f"{publisher.domain} does not list {self.id}")
        self.products = build_products(self.config, offers, self._population())

    def _population(self) -> int:
        """How many people there are; only prices per rating point depend on it."""
        priced = [
            *self.config.pricing_models,
            *(model for card in self.config.rate_card.values() for model in card),
        ]
        return self.world.market.engine.population.users if "cpp" in priced else 0

    def _publishers(self) -> list[Publisher]:
        wanted = self.config.publishers or self.world.ecosystem.of_role("publisher")
        found: list[Publisher] = []
        for publisher_id in wanted:
            actor = self.world.actors.get(publisher_id)
            if actor is None or actor.role != "publisher":
                known = ", ".join(self.world.ecosystem.of_role("publisher")) or "none"
                raise InputError(f"{self.id} sells {publisher_id!r}, which is no publisher", hint=f"there are {known}")
            found.append(cast("Publisher", actor))
        return found

    def sellable(self, product: Product) -> bool:
        """True while all its publishers let this agent sell; the ecosystem graph decides."""
        linked = self.world.ecosystem.publishers_of(self.id)
        return all(offer.publisher_id in linked for offer in product.offers)

    @property
    def operator_auth(self) -> bool:
        """True if operators need credentials of their own."""
        return self.config.accounts.operator_auth

    def buys_of(self, caller: Principal) -> list[MediaBuy]:
        """All media buys on accounts of the caller."""
        return [buy for buy in self.media_buys.values() if self._is_of(buy, caller)]

    def _is_of(self, buy: MediaBuy, caller: Principal) -> bool:
        return buy.buyer == caller.id and may_use(self.accounts[buy.account_id], caller)

    def buy_for(self, ctx: Context, media_buy_id: str) -> MediaBuy:
        """A media buy of the caller; MEDIA_BUY_NOT_FOUND for foreign ones just as for absent ones."""
        buy = self.media_buys.get(media_buy_id)
        if buy is None or not self._is_of(buy, ctx.principal):
            raise AdcpError("MEDIA_BUY_NOT_FOUND", "there is no such media buy", field="media_buy_id")
        return buy

    def package(self, package_id: str) -> tuple[MediaBuy, Package]:
        """A package of this agent and its media buy."""
        buy = self.media_buys[self.package_buys[package_id]]
        return buy, buy.packages[package_id]

    def on_buy_ended(self, buy: MediaBuy) -> None:
        """A media buy has reached a terminal state: its last report goes out."""
        send_final(self, buy)

    def on_line_exhausted(self, line_id: str) -> None:
        """Note that a package has spent its budget, or reached its goal."""
        if line_id in self.package_buys:
            buy, package = self.package(line_id)
            package.exhausted = True
            refresh(self, buy, "its budget is spent")
