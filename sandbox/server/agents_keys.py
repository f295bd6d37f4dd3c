"""The public keys of the simulated agents, and the documents that say where they are.

Agents sign webhooks with one key each, which is the same in all worlds. Governance agents sign ``governance_context``
with another one (docs/building/by-layer/L1/security.mdx, "AdCP JWS profile"), and each customer's world has its own: a
token is verified by the key set that the customer's brand.json names for the agent whose ``url`` is the token's ``iss``
("Key discovery").

============================================  ==================================================================
``/.well-known/jwks.json``                    keys of webhooks, and the governance keys of the first customer
``/.well-known/brand.json``                   the first customer's
``/customers/<principal>/brand.json``         a customer's: which agents there are, and where their keys
``/agents/<id>/keys/<principal>/jwks.json``   the governance keys of an agent in a customer's world, and no others
============================================  ==================================================================
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from aiohttp import web

from sandbox.kernel.network import Network

if TYPE_CHECKING:
    from sandbox.kernel.actor import Actor
    from sandbox.server.served import Served

Json = dict[str, Any]


class AgentsKeys:
    """``rows`` gives the agents as the ready line has them; ``base`` is the address of their port."""

    def __init__(self, served: Served, base: str, rows: Callable[[], Sequence[Json]]) -> None:
        self._served = served
        self._base = base
        self._rows = rows

    def add_routes(self, app: web.Application) -> None:
        """The documents; none needs a token."""
        app.router.add_get("/.well-known/jwks.json", self._all_keys)
        app.router.add_get("/.well-known/brand.json", self._brand)
        app.router.add_get("/customers/{customer}/brand.json", self._brand)
        app.router.add_get("/agents/{agent}/keys/{customer}/jwks.json", self._governance_keys)

    async def _all_keys(self, request: web.Request) -> web.Response:
        keys = [self._served.keyring.jwk(agent_id) for agent_id in self._served.agents]
        issuers = self._issuers(self._customer(request))
        return web.json_response({"keys": keys + [key for agent in issuers.values() for key in agent["keys"]]})

    async def _governance_keys(self, request: web.Request) -> web.Response:
        found = self._issuers(self._customer(request)).get(request.match_info["agent"])
        if found is None:
            raise web.HTTPNotFound
        return web.json_response(found)

    async def _brand(self, request: web.Request) -> web.Response:
        customer = self._customer(request)
        agents = [
            {
                "type": row["role"],
                "id": row["id"],
                "url": row[transport],
                "jwks_uri": f"{self._base}/.well-known/jwks.json",
            }
            for row in self._rows()
            for transport in ("mcp", "a2a")
        ]
        for agent_id in self._issuers(customer):
            keys = f"{self._base}/agents/{agent_id}/keys/{customer}/jwks.json"
            agents.append({"type": "governance", "id": agent_id, "url": Network.url(agent_id), "jwks_uri": keys})
        return web.json_response({"agents": agents})

    def _customer(self, request: web.Request) -> str:
        """The customer in the address, or the first one."""
        customers = [customer.principal for customer in self._served.customers]
        asked = request.match_info.get("customer", customers[0])
        if asked not in customers:
            raise web.HTTPNotFound
        return asked

    def _issuers(self, customer: str) -> dict[str, Json]:
        """The agents of a customer's world that sign tokens, with their key sets."""
        actors = self._served.host(customer).world.actors.values()
        return {actor.id: keys for actor in actors if (keys := _key_set(actor)) is not None}


def _key_set(actor: Actor) -> Json | None:
    """The public keys of an actor's tokens (``jwks`` of governance agents); None if it signs none."""
    keys: Json | None = getattr(actor, "jwks", None)
    return keys
