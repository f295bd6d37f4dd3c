"""The simulated agents, each at an address of its own: AdCP over MCP and A2A, for those with a token.

=============================================  =======================================================
``/agents/<id>/mcp``                           streamable HTTP, stateless
``/agents/<id>/a2a``                           JSON-RPC, A2A 1.0 and 0.3
``/agents/<id>/adcp/<tool>``                   a POST for each tool, where the vectors of request signing go
``/agents/<id>/.well-known/agent-card.json``   what A2A clients read first; needs no token
``/agents/<id>/get-proposals``, ``…``           outcome agents: the five operations of seed 002
``/agents/<id>/files/<digest>/<name>``         files that an agent publishes; needs no token
``/webhooks/<id>/<sender>/<customer>/…``        webhooks of real services of the scenario
``/oauth/token``, ``/.well-known/oauth-…``     a token of an agent for an API key of the platform
``/.well-known/brand.json``, ``jwks.json``     which agents there are, and with which keys they sign
=============================================  =======================================================
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AsyncExitStack
from typing import Any, Self

from aiohttp import web
from aiohttp.typedefs import Middleware

from sandbox.kernel.endpoint import Operation, Reply
from sandbox.protocol.versions import VERSIONS, present_name
from sandbox.server.agents_a2a import AgentsA2a
from sandbox.server.agents_files import AgentsFiles
from sandbox.server.agents_keys import AgentsKeys
from sandbox.server.agents_mcp import AgentsMcp
from sandbox.server.agents_oauth import AgentsOauth
from sandbox.server.agents_outcome import AgentsOutcome
from sandbox.server.agents_plain import AgentsPlain
from sandbox.server.agents_requests import Gate, token_of
from sandbox.server.agents_webhooks import AgentsWebhooks
from sandbox.server.asgi import Asgi, Message, Receive, Send, mount
from sandbox.server.bodies import MAX_JSON_BYTES, whole_numbers
from sandbox.server.served import Served
from sandbox.server.session import MESSAGE, Session

_ROLES = {"seller": "sales"}
"""Roles whose agents have another name in AdCP."""


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
        self._plain = AgentsPlain(self)
        self._gate = Gate(served, base)
        self._files = AgentsFiles(served, base)
        self._oauth = AgentsOauth(served, base)
        self._keys = AgentsKeys(served, base, self.rows)
        self.outcome = AgentsOutcome(served, base)
        self._webhooks = AgentsWebhooks(served, base)

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

    async def ask(self, session: Session, tool: str, payload: dict[str, Any]) -> Reply:
        """Have a tool do its work."""
        name, request = present_name(tool), whole_numbers(payload)
        reply = await self.served.ask(session.principal, session.agent_id, name, request)
        return self._files.outside(reply)

    # -- the port ----------------------------------------------------------------------------------------

    def app(self, middlewares: Sequence[Middleware]) -> web.Application:
        """The routes of the port."""
        app = web.Application(middlewares=middlewares, client_max_size=MAX_JSON_BYTES)
        for path, door in self.doors().items():
            mount(app, f"/agents/{{agent}}/{path}", door)
        for path in ("/agents/{agent}/.well-known", "/agents/{agent}/a2a/.well-known"):
            app.router.add_get(path + "/agent-card.json", self._card)
        self._files.add_routes(app)
        self._oauth.add_routes(app)
        self.outcome.add_routes(app)
        self._webhooks.add_routes(app)
        self._keys.add_routes(app)
        return app

    def doors(self) -> dict[str, Asgi]:
        """What answers below an agent's address, by path."""
        plain = self._gate.guard(self._plain.asgi)
        doors = {"mcp": self._gate.guard(self._mcp.asgi), "a2a": self._gate.guard(self._mcp_too(self._a2a.asgi))}
        return doors | {f"{below}adcp/{{tool:.+}}": plain for below in ("", "mcp/", "a2a/")}

    def _mcp_too(self, a2a: Asgi) -> Asgi:
        """A2A, and MCP at the same address: both are JSON-RPC, and a tool call says by its method what it is.

        Clients that look at an agent from outside, such as probes of its authentication, know one address of it.
        """

        async def asgi(scope: Message, receive: Receive, send: Send) -> None:
            method = (scope[MESSAGE] or {}).get("method")
            door = self._mcp.asgi if method in ("tools/call", "tools/list") else a2a
            await door(scope, receive, send)

        return asgi

    async def _card(self, request: web.Request) -> web.Response:
        agent_id = request.match_info["agent"]
        if agent_id not in self.served.agents:
            raise web.HTTPNotFound
        return web.json_response(self._a2a.card(agent_id))
