"""The sponsored-intelligence agent: its offerings, its sessions and their clock, and its door."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from agents.sponsored import controls
from agents.sponsored.capabilities import get_adcp_capabilities
from agents.sponsored.catalog import WHOLE, Offering, Product, money, offerings_of
from agents.sponsored.config import SponsoredConfig
from agents.sponsored.controller import comply_test_controller
from agents.sponsored.handoff import si_terminate_session
from agents.sponsored.offerings import si_get_offering
from agents.sponsored.records import Checkout, Lookup, Session
from agents.sponsored.sessions import si_initiate_session, si_send_message
from agents.studio.vendor import Vendor
from sandbox.core.money import micros

if TYPE_CHECKING:
    from sandbox.kernel.world import World


class SponsoredAgent(Vendor):
    """An agent that speaks for a brand inside an assistant. Tables are keyed by id, in the order of their making."""

    role = "sponsored"

    def __init__(self, world: World, actor_id: str, config: SponsoredConfig) -> None:
        super().__init__(world, actor_id, config)
        self.config: SponsoredConfig = config
        self.offerings: dict[str, Offering] = offerings_of(config.offerings, config.low_stock)
        self.products: dict[str, Product] = {}
        for offering in self.offerings.values():
            self.products.update(offering.products)
        self.lookups: dict[str, Lookup] = {}
        self.sessions: dict[str, Session] = {}
        self.checkouts: dict[str, Checkout] = {}
        changes: list[Any] = [si_get_offering, si_initiate_session, si_send_message, si_terminate_session]
        if config.test_controller:
            changes.append(comply_test_controller)
        # A lookup changes nothing for the protocol, but its token is remembered.
        self.endpoint = self.serve([get_adcp_capabilities], changes)
        for control in (controls.check_out, controls.set_stock, controls.end_offering):
            self.controls[control.__name__] = partial(control, self)

    def remember(self, lookup: Lookup) -> str:
        """Keep what was shown; gives its token. What has expired is forgotten."""
        self.lookups = {token: one for token, one in self.lookups.items() if self.now < one.expires_ms}
        token = f"offering_{self.ids.uuid('offering')}"
        self.lookups[token] = lookup
        return token

    def products_in(self, session: Session) -> list[Product]:
        """The products of a session's offerings that are open, sold out ones among them."""
        mine = [self.offerings[offering_id] for offering_id in session.offering_ids]
        still = [
            one for one in mine if one.status(self.now, session.user.country) in ("available", "limited", "sold_out")
        ]
        return [product for offering in still for product in offering.products.values()]

    def original_price(self, product: Product, variant_id: str = WHOLE) -> str:
        """What a product on sale cost before; empty if it is on no sale, or for a variant with a price of its own."""
        usual, now = product.config.original_price, product.price_micros(variant_id)
        if usual is None or now != micros(product.config.price) or micros(usual) <= now:
            return ""
        return money(micros(usual), self.config.currency)

    def move(self, session: Session, new: str, why: str) -> None:
        """Change the state of a session and say so in the trace; an ended one forgets what was said."""
        if new != session.status:
            self.status("si_session", session.session_id, session.status, new, why)
            session.status = new
        if session.ended:
            session.forget()

    def watch(self, session: Session) -> None:
        """End a session after silence; looks again whenever it could be over."""
        self.world.at(session.expires_ms, partial(self._look, session))

    def _look(self, session: Session) -> None:
        self.expire(session)
        if not session.ended:
            self.watch(session)

    def expire(self, session: Session) -> None:
        """End a session if nothing was heard of it for too long."""
        if not session.ended and self.now >= session.expires_ms:
            session.timed_out = True
            self.move(session, "terminated", "session_timeout")
