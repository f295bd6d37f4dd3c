"""The outcome agents of a served sandbox, each at an address of its own: JSON over HTTP (seed 002, rule 206).

``POST /agents/<id>/get-proposals`` and the other four operations. A token belongs to one agent and one customer, whose
world it leads to. It comes as ``X-API-Key``, as bearer token, or as password of basic authentication whose user is the
customer's principal: the caller chooses.
"""

from __future__ import annotations

from typing import Any, get_args

from aiohttp import web

from sandbox.core.errors import ApiError
from sandbox.kernel.actor import Actor
from sandbox.kernel.endpoint import Reply
from sandbox.operations.outcome import BODIES
from sandbox.operations.outcome_auth import Credentials, Method
from sandbox.operations.outcome_dialect import IDEMPOTENCY
from sandbox.server.agents_requests import token_of
from sandbox.server.bodies import parse_object
from sandbox.server.served import Served

CHALLENGE = 'Bearer realm="outcome agent", Basic realm="outcome agent"'


class AgentsOutcome:
    """Serves all outcome agents on the port of the agents; ``base`` is its address."""

    def __init__(self, served: Served, base: str) -> None:
        self._served = served
        self._base = base

    @property
    def _agents(self) -> dict[str, Actor]:
        actors = next(iter(self._served.hosts.values())).world.actors.values()
        return {actor.id: actor for actor in actors if actor.role == "outcome"}

    def rows(self) -> list[dict[str, Any]]:
        """The agents as the ready line lists them; ``token`` is the first customer's, ``tokens`` has everybody's."""
        principals = [customer.principal for customer in self._served.customers]
        return [
            {
                "id": agent_id,
                "url": f"{self._base}/agents/{agent_id}",
                "token": token_of(agent_id, principals[0]),
                "tokens": {principal: token_of(agent_id, principal) for principal in principals},
            }
            for agent_id in self._agents
        ]

    def add_routes(self, app: web.Application) -> None:
        """Enter the five operations."""
        app.router.add_post(f"/agents/{{agent}}/{{operation:{'|'.join(BODIES)}}}", self._handle)

    async def _handle(self, request: web.Request) -> web.Response:
        agent_id, operation = request.match_info["agent"], request.match_info["operation"]
        if agent_id not in self._agents:
            return _refusal(ApiError("NOT_FOUND", f"there is no outcome agent {agent_id}"))
        principal = self._principal(agent_id, request)
        if principal is None:
            why = "Unauthorized: send a token of this agent as X-API-Key, bearer token or basic authentication"
            return _refusal(ApiError("UNAUTHORIZED", why), {"WWW-Authenticate": CHALLENGE})
        try:
            payload: dict[str, Any] = {"body": parse_object(await request.read())}
        except ApiError as error:
            return _refusal(error)
        if key := request.headers.get(IDEMPOTENCY):
            payload["headers"] = {IDEMPOTENCY: key}
        return _answer(await self._served.ask(principal, agent_id, operation, payload))

    def _principal(self, agent_id: str, request: web.Request) -> str | None:
        """Whose token it is; None if it is not one of this agent's. All are compared, in constant time each."""
        found = None
        methods: tuple[Method, ...] = get_args(Method)
        for customer in self._served.customers:
            token = token_of(agent_id, customer.principal)
            for method in methods:
                if Credentials(method, token, customer.principal).fit(request.headers):
                    found = customer.principal
        return found


def _answer(reply: Reply) -> web.Response:
    """The agent's answer. An agent that is down gives none: 503, as from a proxy before it."""
    body = reply.body
    if not reply.ok and not isinstance(body.get("error"), str):
        body = {"error": "Service unavailable: the agent gives no answer"}
    return web.json_response(body, status=reply.status)


def _refusal(error: ApiError, headers: dict[str, str] | None = None) -> web.Response:
    body = {"error": error.message, "code": error.code} | ({"field": error.field} if error.field else {})
    return web.json_response(body, status=error.status, headers=headers)
