"""The publisher: it owns inventory, offers it, and says who may sell it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agents.publisher.config import PublisherConfig
from agents.publisher.placements import delivery_placements, offers_of
from sandbox.kernel.actor import Actor

if TYPE_CHECKING:
    from sandbox.kernel.world import World


class Publisher(Actor):
    """A publisher. ``offers`` is its inventory; sales agents read it and ask :meth:`authorises`."""

    role = "publisher"

    def __init__(self, world: World, actor_id: str, config: PublisherConfig) -> None:
        super().__init__(world, actor_id)
        self.config = config
        self.offers = offers_of(actor_id, config)
        self.domain = self.offers[0].domain
        self.controls.update(authorise=self.authorise, withdraw=self.withdraw)
        self._authorised = None if config.authorises is None else list(config.authorises)

    def start(self) -> None:
        """Bring all placements onto the market."""
        self.world.market.add_placements(delivery_placements(self.offers, self.config))

    def authorises(self, seller_id: str) -> bool:
        """True if the sales agent is in the publisher's adagents.json."""
        return self._authorised is None or seller_id in self._authorised

    def authorise(self, seller: str) -> None:
        """Control: let a sales agent sell the inventory from now on."""
        if self._authorised is not None and seller not in self._authorised:
            self._authorised.append(seller)
        self.world.ecosystem.link(self.id, seller, "sold_by")
        self.decide("authorisation", seller, "authorise", f"{self.domain} may be sold by {seller}")

    def withdraw(self, seller: str) -> None:
        """Control: end a contract; the sales agent can sell the inventory no more. Running buys go on."""
        known: Any = self.world.ecosystem.of_role("seller") if self._authorised is None else self._authorised
        self._authorised = [agent for agent in known if agent != seller]
        self.world.ecosystem.unlink(self.id, seller, "sold_by")
        self.decide("authorisation", seller, "withdraw", f"{self.domain} is no longer sold by {seller}")
