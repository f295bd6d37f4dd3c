"""The simulated agents, each at an address of its own: AdCP over MCP and A2A, for those with a token.

=============================================  =======================================================
``/agents/<id>/mcp``                           streamable HTTP, stateless
``/agents/<id>/a2a``                           JSON-RPC, A2A 1.0 and 0.3
``/agents/<id>/.well-known/agent-card.json``   what A2A clients read first; needs no token
``/.well-known/brand.json``, ``jwks.json``     which agents there are, and with which keys they sign webhooks
=============================================  =======================================================
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any, Self

from aiohttp import web
from aiohttp.typedefs import Middleware

from sandbox.core.errors import AdcpError
from sandbox.kernel.endpoint import Operation, Reply
from sandbox.protocol.errors import error_body
from sandbox.protocol.versions import VERSIONS
from sandbox.server.agents_a2a import AgentsA2a
from sandbox.server.agents_mcp import AgentsMcp
from sandbox.server.asgi import Asgi, Message, Receive, Send, mount
from sandbox.server.bodies import MAX_JSON_BYTES
from sandbox.server.served import Served

SESSION = "adcp_sandbox.session"
"""Where a request's scope holds its :class:`Session`."""

_ROLES = {"seller": "sales"}
"""Roles whose agents have another name in AdCP."""


@dataclass(slots=True, frozen=True)
class Session:
    """A request's agent, and the customer whose token it came with."""

    agent_id: str
    principal: str


class Agents:
    """All agents of a served sandbox: ``async with Agents(served, base) as agents``.

    A token belongs to one agent and one customer, and selects that customer's world. ``base`` is the address of the
    port that they share.
    """

    def __init__(self, served: Served, base: str) -> None:
        self.served = served
        self.base = base
        self._stack = AsyncExitStack()
        self._mcp = AgentsMcp(self)
        self._a2a = AgentsA2a(self)

    async def __aenter__(self) -> Self:
        await self._stack.enter_async_context(self._mcp)
        self._stack.push_async_callback(self._a2a.close)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    # -- who is there ------------------------------------------------------------------------------------

    def url(self, agent_id: str, path: str) -> str:
        """An address of an agent."""
        return f"{self.base}/agents/{agent_id}/{path}"

    def rows(self) -> list[dict[str, Any]]:
        """The agents as the ready line lists them; ``token`` is the first customer's, ``tokens`` has everybody's."""
        customers = [customer.principal for customer in self.served.customers]
        return [
            {
                "id": agent.id,
                "role": _ROLES.get(agent.role, agent.role),
                "mcp": self.url(agent.id, "mcp"),
                "a2a": self.url(agent.id, "a2a"),
                "token": token_of(agent.id, customers[0]),
                "tokens": {principal: token_of(agent.id, principal) for principal in customers},
            }
            for agent in self.served.agents.values()
        ]

    def tools(self, agent_id: str) -> list[Operation]:
        """The tools that an agent offers."""
        endpoint = self.served.agents[agent_id].endpoint
        assert endpoint is not None
        return list(endpoint.operations.values())

    def releases(self, agent_id: str) -> tuple[str, ...]:
        """The releases of AdCP that an agent speaks."""
        endpoint = self.served.agents[agent_id].endpoint
        assert endpoint is not None
        supported: tuple[str, ...] = getattr(endpoint.dialect, "supported", VERSIONS)
        return supported

    def session(self, agent_id: str, token: str | None) -> Session | None:
        """Whose token it is; None if it is not one of this agent's."""
        given, found = (token or "").encode(), None
        customers = [customer.principal for customer in self.served.customers]
        for principal in customers:
            if hmac.compare_digest(token_of(agent_id, principal).encode(), given):
                found = Session(agent_id, principal)
        return found

    async def ask(self, session: Session, tool: str, payload: dict[str, Any]) -> Reply:
        """Have a tool do its work."""
        try:
            json.dumps(payload, allow_nan=False)
        except (ValueError, RecursionError) as error:
            refusal = AdcpError("INVALID_REQUEST", f"the request is no JSON: {error}")
            return Reply(False, error_body(refusal, VERSIONS[-1]), 400)
        return await self.served.ask(session.principal, session.agent_id, tool, payload)

    # -- the port ----------------------------------------------------------------------------------------

    def app(self, middlewares: Sequence[Middleware]) -> web.Application:
        """The routes of the port."""
        app = web.Application(middlewares=middlewares, client_max_size=MAX_JSON_BYTES)
        mount(app, "/agents/{agent}/mcp", self._guarded(self._mcp.asgi))
        for path in ("/agents/{agent}/.well-known", "/agents/{agent}/a2a/.well-known"):
            app.router.add_get(path + "/agent-card.json", self._card)
        mount(app, "/agents/{agent}/a2a", self._guarded(self._a2a.asgi))
        app.router.add_get("/.well-known/jwks.json", self._keys)
        app.router.add_get("/.well-known/brand.json", self._brand)
        return app

    def _guarded(self, inner: Asgi) -> Asgi:
        """401 for whoever has no token of the agent."""

        async def asgi(scope: Message, receive: Receive, send: Send) -> None:
            agent_id, token = scope["path"].split("/")[2], _bearer(scope)
            if agent_id not in self.served.agents:
                await _answer(send, 404, {"error": f"there is no agent {agent_id}"})
                return
            session = self.session(agent_id, token)
            if session is None:
                realm = f'Bearer realm="{self.base}{scope["path"]}"'
                why = "" if token is None else ', error="invalid_token", error_description="no token of this agent"'
                code = "AUTH_MISSING" if token is None else "AUTH_INVALID"
                error = AdcpError(code, "send the header Authorization: Bearer <token> with a token of this agent")
                await _answer(send, 401, error_body(error, VERSIONS[-1]), realm + why)
                return
            await inner({**scope, SESSION: session}, receive, send)

        return asgi

    async def _card(self, request: web.Request) -> web.Response:
        agent_id = request.match_info["agent"]
        if agent_id not in self.served.agents:
            raise web.HTTPNotFound
        return web.json_response(self._a2a.card(agent_id))

    async def _keys(self, _request: web.Request) -> web.Response:
        return web.json_response({"keys": [self.served.keyring.jwk(agent_id) for agent_id in self.served.agents]})

    async def _brand(self, _request: web.Request) -> web.Response:
        keys = f"{self.base}/.well-known/jwks.json"
        rows = [
            {"type": row["role"], "id": row["id"], "url": row[transport], "jwks_uri": keys}
            for row in self.rows()
            for transport in ("mcp", "a2a")
        ]
        return web.json_response({"agents": rows})


def token_of(agent_id: str, principal: str) -> str:
    """The bearer token by which a customer of a local sandbox speaks to an agent."""
    return f"sk_agent_{principal}_{agent_id}"


def _bearer(scope: Message) -> str | None:
    for name, value in scope["headers"]:
        if name == b"authorization":
            scheme, _, token = value.decode("latin-1").partition(" ")
            return token.strip() or None if scheme.lower() == "bearer" else None
    return None


async def _answer(send: Send, status: int, body: dict[str, Any], challenge: str = "") -> None:
    headers = [(b"content-type", b"application/json")]
    if challenge:
        headers.append((b"www-authenticate", challenge.encode()))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps(body).encode()})
