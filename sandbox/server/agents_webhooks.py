"""Webhooks of real services to actors of the world: ``POST /webhooks/<receiver>/<sender>/<customer>/…``.

Such an address is what a service gets where an actor gives one of its own. It is checked here who sends; what the
receiver says to a webhook is its answer.
"""

from __future__ import annotations

import time
from typing import Any

from aiohttp import web

from sandbox.core.errors import ApiError
from sandbox.protocol.request_signing import SignedRequest
from sandbox.server.bodies import parse_object
from sandbox.server.served import Served


class AgentsWebhooks:
    """Takes webhooks on the port of the agents; ``base`` is its address."""

    def __init__(self, served: Served, base: str) -> None:
        self._served = served
        self._base = base

    def add_routes(self, app: web.Application) -> None:
        """Enter the addresses."""
        app.router.add_post("/webhooks/{to}/{sender}/{customer}/{rest:.*}", self._take)

    async def _take(self, request: web.Request) -> web.Response:
        info, services = request.match_info, self._served.services
        config = services.config(info["sender"])
        known = any(info["customer"] == customer.principal for customer in self._served.customers)
        if config is None or not known or services.config(info["to"]) is not None:
            return _refusal(404, "NOT_FOUND", "no service of this scenario has this address")
        raw = await request.read()
        headers = {name.lower(): ", ".join(request.headers.getall(name)) for name in request.headers}
        signed = SignedRequest("POST", self._base + request.path_qs, headers, raw)
        objection = services.gate.objection(info["sender"], config, signed, time.time())
        if objection:
            return _refusal(401, "UNAUTHORIZED", objection)
        try:
            payload: dict[str, Any] = services.addresses.inward(parse_object(raw))
            reply = await self._served.notify(info["customer"], info["sender"], info["to"], payload)
        except ApiError as error:
            return _refusal(error.status, error.code, error.message)
        return web.json_response(reply.body, status=reply.status)


def _refusal(status: int, code: str, message: str) -> web.Response:
    return web.json_response({"code": code, "message": message}, status=status)
