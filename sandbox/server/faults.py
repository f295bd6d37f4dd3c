"""Faults on the real connections of a served sandbox: requests over REST, MCP and A2A, and their answers.

What happens to a message is decided by the rules and the chance of the caller's world, and that decision is an input
which the journal keeps: a replay decides the same, without connections. A request that never got through is in no
world; one whose answer was lost was served like any other. Waits are real time and leave the simulated clock alone.
"""

from __future__ import annotations

import asyncio
import json
import math
from dataclasses import dataclass
from random import Random
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Middleware

from sandbox.core.errors import ApiError
from sandbox.core.time import SECOND_MS
from sandbox.kernel.faults import Effect, Leg
from sandbox.kernel.faults.damage import spoiled
from sandbox.operations import Route
from sandbox.server import wire
from sandbox.server.agents_requests import called, token_of
from sandbox.server.asgi import BODY
from sandbox.server.bodies import MAX_JSON_BYTES, refused
from sandbox.server.host import Host
from sandbox.server.inputs import CLIENT, NETWORK
from sandbox.server.rest import Handler, bearer, failure
from sandbox.server.served import Served


@dataclass(slots=True, frozen=True)
class _Spot:
    """Which message a request is, and in whose world."""

    host: Host
    leg: Leg


class ConnectionFaults:
    """Carries out faults on connections; ``middleware`` goes around everything that answers."""

    def __init__(self, served: Served) -> None:
        self._served = served
        self._ended = asyncio.Event()
        self._passed: dict[tuple[str, str, str], asyncio.Event] = {}
        routes = [(operation.name, operation.detail) for operation in served.operations.values()]
        self._routes = {(r.method, path): name for name, r in routes for path in (r.path, *r.aliases)}
        self._public = {name for name, route in routes if isinstance(route, Route) and route.public}

    def end(self) -> None:
        """Keep nobody waiting any more."""
        self._ended.set()

    @property
    def middleware(self) -> Middleware:
        """Serves requests as the rules let it."""

        @web.middleware
        async def strike(request: web.Request, handler: Handler) -> web.StreamResponse:
            spot = await self._spot(request) if self._rules() else None
            if spot is None:
                return await handler(request)
            effect = await self._decide(spot)
            ended = await self._before(request, spot, effect)
            if ended is not None:
                return ended
            response = await handler(request)
            for _ in range(0 if request.content_type.startswith("multipart/") else effect.copies):
                await handler(request)
            self._let_go(spot, "request")
            if not isinstance(response, web.Response) or response.prepared:
                return response
            accepted = response.status < 400 and b'"adcp_error"' not in _bytes(response)
            return await self._after(request, response, spot, await self._decide(spot, "answer", accepted))

        return strike

    # -- whose request it is -----------------------------------------------------------------------------

    def _rules(self) -> bool:
        return any(host.world.network.faults.rules for host in self._served.hosts.values())

    async def _spot(self, request: web.Request) -> _Spot | None:
        """The message behind a request; None for what is none, and for strangers."""
        route = request.match_info.route.resource
        operation = self._routes.get((request.method, "" if route is None else route.canonical))
        agent = request.match_info.get("agent", "")
        if operation is not None:
            to, message = self._served.platform_id, operation
        elif request.method == "POST" and (agent in self._served.agents or request.path == "/mcp"):
            request[BODY] = await _read(request)
            to, message = agent or self._served.platform_id, _named(request.path, request[BODY])
        else:
            return None
        host = self._host(agent, bearer(request), operation in self._public)
        return None if host is None else _Spot(host, Leg(CLIENT, to, message))

    def _host(self, agent: str, token: str | None, public: bool) -> Host | None:
        hosts = self._served.hosts
        if agent:
            return next((host for name, host in hosts.items() if token_of(agent, name) == token), None)
        if public:
            return next(iter(hosts.values()))
        caller = self._served.caller(token) if token else None
        return None if caller is None else hosts.get(caller.principal)

    async def _decide(self, spot: _Spot, direction: str = "request", accepted: bool = True) -> Effect:
        """What happens to the message: an input of its world if there is a rule about such messages."""
        leg = Leg(spot.leg.sender, spot.leg.to, spot.leg.message, direction)
        if not spot.host.world.network.faults.concerned(leg):
            return Effect()
        names = {"sender": leg.sender, "to": leg.to, "message": leg.message, "direction": direction}
        reply = await spot.host.control(f"{NETWORK}.strike", {**names, "accepted": accepted})
        return Effect(**reply.body["result"])

    # -- what happens to it ------------------------------------------------------------------------------

    async def _before(self, request: web.Request, spot: _Spot, effect: Effect) -> web.StreamResponse | None:
        """Take a request in; gives what its sender gets if it ends here."""
        if effect.rate and BODY not in request:
            request[BODY] = await _read(request)
        await self._wait(effect.delay_ms + effect.drip_ms(len(request.get(BODY, b""))))
        await self._held(spot, "request", effect)
        if effect.end == "refused":
            return _refusal(effect)
        if effect.end == "cut":
            return failure(refused("body", "it is cut short"))
        if effect.end == "reset":
            return await wire.reset(request)
        return await wire.hang_up(request) if effect.end else None

    async def _after(
        self, request: web.Request, response: web.Response, spot: _Spot, effect: Effect
    ) -> web.StreamResponse:
        """Send an answer out."""
        await self._wait(effect.delay_ms)
        self._let_go(spot, "answer")
        await self._held(spot, "answer", effect)
        if effect.spoiled:
            response = _spoiled(response, spot.host.world.seed)
        match effect.end:
            case "refused":
                return _refusal(effect)
            case "reset":
                return await wire.reset(request)
            case "cut":
                return await wire.cut_short(request, response)
            case "lost" | "unsent":
                return await wire.silence(request, self._ended)
        return await wire.drip(request, response, effect.rate) if effect.rate else response

    async def _wait(self, wait_ms: int) -> None:
        if wait_ms:
            await _sooner(self._ended.wait(), wait_ms / SECOND_MS)

    async def _held(self, spot: _Spot, direction: str, effect: Effect) -> None:
        """Hold a message back until another one of its link has passed."""
        if effect.hold_ms:
            passed = self._passed[spot.host.name, spot.leg.to, direction] = asyncio.Event()
            await _sooner(passed.wait(), effect.hold_ms / SECOND_MS)

    def _let_go(self, spot: _Spot, direction: str) -> None:
        """A message passes: the one that waits for that follows when this one has gone."""
        waiting = self._passed.pop((spot.host.name, spot.leg.to, direction), None)
        if waiting is not None:
            asyncio.get_running_loop().call_later(wire.TICK_S, waiting.set)


async def _sooner(waiting: Any, seconds: float) -> None:
    try:
        await asyncio.wait_for(waiting, min(seconds, wire.MOST_S))
    except TimeoutError:
        return


async def _read(request: web.Request) -> bytes:
    if (request.content_length or 0) > MAX_JSON_BYTES:
        raise refused("body", f"it is larger than {MAX_JSON_BYTES} bytes")
    return await request.read()


def _named(path: str, body: bytes) -> str:
    """What rules call a message over MCP or A2A: its tool or operation, else the method of JSON-RPC."""
    if path != "/mcp":
        call = called(path, body)
        if call is not None:
            return call.tool
    try:
        message = json.loads(body)
        arguments = message.get("params", {}).get("arguments") or {}
        return str(arguments.get("operation") or message.get("params", {}).get("name") or message["method"])
    except (ValueError, KeyError, AttributeError, RecursionError):
        return "unreadable"


def _refusal(effect: Effect) -> web.Response:
    """An HTTP status instead of an answer, with Retry-After where the rule has one."""
    code = "RATE_LIMITED" if effect.status == 429 else "INTERNAL_ERROR"
    headers = {} if effect.retry_after_s is None else {"Retry-After": str(math.ceil(effect.retry_after_s))}
    return failure(ApiError(code, "a fault of the connection, by a rule of this sandbox"), effect.status, headers)


def _bytes(response: web.Response) -> bytes:
    return response.body if isinstance(response.body, bytes) else b""


def _spoiled(response: web.Response, seed: int) -> web.Response:
    """An answer that breaks its schema: in MCP and A2A what the tool says, while the envelope stays whole."""
    rng = Random(seed)
    try:
        document = json.loads(_bytes(response))
    except ValueError:
        return response
    if not isinstance(document, dict):
        return response
    broken = _broken(document, rng)
    body = json.dumps(spoiled(document, rng) if broken is None else broken).encode()
    headers = {name: value for name, value in response.headers.items() if name.lower() != "content-length"}
    return web.Response(body=body, status=response.status, headers=headers)


def _broken(value: Any, rng: Random) -> Any:
    """A JSON-RPC answer with what its tool says spoiled; None if there is no such thing in it."""
    if isinstance(value, list):
        parts = [_broken(item, rng) for item in value]
        found = any(part is not None for part in parts)
        return [old if new is None else new for old, new in zip(value, parts, strict=True)] if found else None
    if not isinstance(value, dict):
        return None
    if isinstance(value.get("structuredContent"), dict):
        said = spoiled(value["structuredContent"], rng)
        return {**value, "structuredContent": said, "content": [{"type": "text", "text": json.dumps(said)}]}
    if isinstance(value.get("data"), dict):
        return {**value, "data": spoiled(value["data"], rng)}
    inner = {name: _broken(item, rng) for name, item in value.items()}
    if all(part is None for part in inner.values()):
        return None
    return {name: value[name] if part is None else part for name, part in inner.items()}
