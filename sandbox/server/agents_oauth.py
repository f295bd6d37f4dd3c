"""OAuth for agents: the customer's API key for an agent's token (RFC 6749 4.4, RFC 8414, RFC 8707, RFC 9728).

``POST /oauth/token`` with ``grant_type=client_credentials``, the customer's principal and API key as client id and
secret (in the form, or by HTTP Basic), and the agent's address as ``resource``. The token is the one of the ready line.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import unquote_plus

from aiohttp import web

from sandbox.core.errors import ApiError
from sandbox.server.agents_requests import token_of
from sandbox.server.bodies import parse_form

if TYPE_CHECKING:
    from sandbox.server.served import Served

RESOURCE = "/.well-known/oauth-protected-resource"
SERVER = "/.well-known/oauth-authorization-server"
TOKEN = "/oauth/token"  # noqa: S105 - a path

_DOORS = ("mcp", "a2a")
_NO_STORE = {"Cache-Control": "no-store"}


class AgentsOauth:
    """The authorization server of all agents; ``base``, its issuer, is the address of their port."""

    def __init__(self, served: Served, base: str) -> None:
        self._served = served
        self._base = base

    def add_routes(self, app: web.Application) -> None:
        """Add the metadata of agents and of the server, and the token endpoint."""
        app.router.add_get(RESOURCE + "/agents/{agent}/{door}", self._resource)
        app.router.add_get(SERVER, self._server)
        app.router.add_post(TOKEN, self._token)

    async def _resource(self, request: web.Request) -> web.Response:
        agent_id, door = request.match_info["agent"], request.match_info["door"]
        if agent_id not in self._served.agents or door not in _DOORS:
            raise web.HTTPNotFound
        body = {
            "resource": f"{self._base}/agents/{agent_id}/{door}",
            "authorization_servers": [self._base],
            "bearer_methods_supported": ["header"],
        }
        return web.json_response(body)

    async def _server(self, _request: web.Request) -> web.Response:
        body = {
            "issuer": self._base,
            "token_endpoint": self._base + TOKEN,
            "grant_types_supported": ["client_credentials"],
            "response_types_supported": [],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        }
        return web.json_response(body)

    async def _token(self, request: web.Request) -> web.Response:
        if request.content_type != "application/x-www-form-urlencoded":
            return _refused("invalid_request", "send the parameters as application/x-www-form-urlencoded")
        try:
            form = parse_form(await request.read())
        except ApiError as error:
            return _refused("invalid_request", error.message)
        if form.get("grant_type") != "client_credentials":
            return _refused("unsupported_grant_type", "grant_type is client_credentials")
        customer = self._customer(request, form)
        if customer is None:
            why = "the client is a customer's principal, its secret an API key of this customer"
            return _refused("invalid_client", why, 401, {"WWW-Authenticate": f'Basic realm="{self._base}"'})
        agent_id = self._agent(form.get("resource", ""))
        if agent_id is None:
            return _refused("invalid_target", "resource is the address of an agent here, as in the ready line")
        body = {"access_token": token_of(agent_id, customer), "token_type": "Bearer"}
        return web.json_response(body, headers=_NO_STORE)

    def _customer(self, request: web.Request, form: Mapping[str, str]) -> str | None:
        """The principal of the customer whose key was sent; None if it is nobody's."""
        client, secret = _basic(request) or (form.get("client_id", ""), form.get("client_secret", ""))
        caller = self._served.caller(secret)
        return caller.principal if caller is not None and caller.principal == client else None

    def _agent(self, resource: str) -> str | None:
        doors = {f"{self._base}/agents/{agent}/{door}": agent for agent in self._served.agents for door in _DOORS}
        return doors.get(resource.rstrip("/"))


def _basic(request: web.Request) -> tuple[str, str] | None:
    """Client id and secret of an Authorization header; None if there is none that can be read."""
    scheme, _, told = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        client, _, secret = base64.b64decode(told, validate=True).decode().partition(":")
    except ValueError:
        return None
    return unquote_plus(client), unquote_plus(secret)


def _refused(code: str, why: str, status: int = 400, headers: Mapping[str, str] | None = None) -> web.Response:
    body = {"error": code, "error_description": why}
    return web.json_response(body, status=status, headers={**_NO_STORE, **(headers or {})})
