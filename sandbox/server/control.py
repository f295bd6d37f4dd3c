"""The control API: the clock, the trace, the worlds, faults. It is never part of a simulated API."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Annotated, Any

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, PydanticUserError, TypeAdapter, ValidationError, model_validator

from sandbox.core.errors import ApiError
from sandbox.core.time import DAY_MS, iso
from sandbox.kernel.trace import Event
from sandbox.scenario.units import Duration, Instant
from sandbox.server.bodies import parse_object, read_model, refused
from sandbox.server.books import Books
from sandbox.server.faults_api import FaultsApi
from sandbox.server.host import Host
from sandbox.server.served import Served

FURTHEST_MS = 10 * 366 * DAY_MS
"""How far one request may move the clock: ten years."""

MOST_EVENTS = 1_000

PREFIX = "/_sandbox"


class Advance(BaseModel):
    """How far to move the clock. With ``stop_on`` it stops at the first event of one of these kinds."""

    model_config = ConfigDict(extra="forbid")

    by: Annotated[Duration, Field(gt=0)] | None = None
    to: Instant | None = None
    stop_on: list[str] = []
    customer: str | None = None

    @model_validator(mode="after")
    def _one(self) -> Advance:
        if (self.by is None) == (self.to is None):
            raise ValueError("give one of `by` and `to`")
        return self


class Control:
    """Serves ``/_sandbox``."""

    def __init__(self, served: Served) -> None:
        self.served = served
        self._books = Books(served, self._host)

    def add_routes(self, app: web.Application) -> None:
        """Enter all routes."""
        router = app.router
        router.add_get(f"{PREFIX}/clock", self.clock)
        router.add_post(f"{PREFIX}/clock/advance", self.advance)
        router.add_post(f"{PREFIX}/reset", self.reset)
        router.add_get(f"{PREFIX}/events", self.events)
        router.add_get(f"{PREFIX}/world", self.world)
        self._books.add_routes(app, PREFIX)
        FaultsApi(self._host).add_routes(app, PREFIX)
        router.add_post(f"{PREFIX}/actors/{{actor}}/{{control}}", self.control)

    # -- clock -------------------------------------------------------------------------------------------

    def _clock(self) -> dict[str, Any]:
        status = "advancing" if self.served.advancing else "ready"
        return {"now": iso(self.served.clock.now()), "mode": self.served.settings.clock, "status": status}

    async def clock(self, request: web.Request) -> web.Response:
        """``{now, mode, status}``."""
        return web.json_response(self._clock())

    async def advance(self, request: web.Request) -> web.Response:
        """Move the clock; answers when everything due has happened."""
        wanted = await read_model(request, Advance)
        now_ms = self.served.clock.now()
        to_ms = wanted.to if wanted.to is not None else now_ms + (wanted.by or 0)
        if to_ms < now_ms:
            raise refused("to", f"the clock is at {iso(now_ms)} and goes forward only")
        if to_ms - now_ms > FURTHEST_MS:
            raise refused("by" if wanted.by else "to", "ten years are the furthest in one request")
        if wanted.stop_on:
            to_ms = await self._host(wanted.customer).run_until(to_ms, frozenset(wanted.stop_on))
        await self.served.advance(to_ms)
        return web.json_response(self._clock())

    async def reset(self, request: web.Request) -> web.Response:
        """Begin anew at the first instant; nothing of before is left."""
        await self.served.reset()
        return web.json_response(self._clock())

    # -- looking -----------------------------------------------------------------------------------------

    async def events(self, request: web.Request) -> web.Response:
        """Events of one customer's world: ``{events: [{seq, at, kind, actor, data}], last, now}``."""
        after, limit = _number(request, "after", 0), _number(request, "limit", 100)
        if not 1 <= limit <= MOST_EVENTS:
            raise refused("limit", f"give a number from 1 to {MOST_EVENTS}")
        wanted = {kind for text in request.query.getall("type", []) for kind in text.split(",") if kind}
        trace = self._host(request.query.get("customer")).world.trace.events
        found: list[Event] = []
        for event in trace[max(0, after) :]:
            if not wanted or event.kind in wanted:
                found.append(event)
                if len(found) == limit:
                    break
        last = found[-1].seq if len(found) == limit else len(trace)
        now = iso(self.served.clock.now())
        return web.json_response({"events": [_wire(event) for event in found], "last": max(last, after), "now": now})

    async def world(self, request: web.Request) -> web.Response:
        """What there is: the clock, the actors with their controls, the customers, breaches that checkers found."""
        host = self._host(request.query.get("customer"))
        world = host.world
        actors = [
            {
                "id": actor.id,
                "role": actor.role,
                "controls": {name: list(inspect.signature(do).parameters) for name, do in actor.controls.items()},
            }
            for actor in world.actors.values()
            if actor.role != "driver"
        ]
        return web.json_response(
            {
                **self._clock(),
                "scenario": self.served.scenario.name,
                "fingerprint": self.served.scenario.file.fingerprint(),
                "seed": world.seed,
                "customer": host.name,
                "platform": self.served.platform_id,
                "start": iso(self.served.start_ms),
                "customers": self.customers(),
                "actors": actors,
                "inputs": host.inputs,
                "events": len(world.trace.events),
                "digest": world.trace.digest(),
                "opportunities": world.market.opportunities,
                "violations": [str(v) for checker in host.checkers for v in checker.violations],
            }
        )

    def customers(self) -> list[dict[str, Any]]:
        """The customers with an API key each."""
        keys = self.served.platform.directory.keys()
        return [
            {"id": c.customer_id, "name": c.name, "principal": c.principal, "api_key": keys[c.principal]}
            for c in self.served.customers
        ]

    # -- changing ----------------------------------------------------------------------------------------

    async def control(self, request: web.Request) -> web.Response:
        """Let an actor do something by itself, such as a sales agent approve; the body has the arguments."""
        host = self._host(request.query.get("customer"))
        actor_id, name = request.match_info["actor"], request.match_info["control"]
        actor = host.world.actors.get(actor_id)
        control = None if actor is None or actor.role == "driver" else actor.controls.get(name)
        if actor is None or control is None:
            raise ApiError("NOT_FOUND", f"there is no control {actor_id}.{name}; {PREFIX}/world lists them")
        arguments = parse_object(await request.read()) if request.body_exists else {}
        _check(control, name, arguments)
        reply = await host.control(f"{actor_id}.{name}", arguments)
        return web.json_response(reply.body, status=reply.status)

    def _host(self, principal: str | None) -> Host:
        known = [customer.principal for customer in self.served.customers]
        wanted = principal or known[0]
        if wanted not in known:
            raise refused("customer", f"there is no customer {wanted!r}; there are {', '.join(known)}")
        return self.served.host(wanted)


def _wire(event: Event) -> dict[str, Any]:
    return {
        "seq": event.seq,
        "at": iso(event.at_ms),
        "at_ms": event.at_ms,
        "kind": event.kind,
        "actor": event.actor,
        "data": event.data,
    }


def _number(request: web.Request, name: str, default: int) -> int:
    text = request.query.get(name)
    try:
        return default if text is None else int(text)
    except ValueError:
        raise refused(name, f"give a whole number, not {text!r}") from None


def _check(control: Callable[..., Any], name: str, arguments: dict[str, Any]) -> None:
    """Refuse arguments that a control does not take."""
    parameters = inspect.signature(control).parameters
    try:
        inspect.signature(control).bind(**arguments)
    except TypeError as error:
        raise refused("body", f"{error}; {name} takes {', '.join(parameters) or 'nothing'}") from None
    for argument, value in arguments.items():
        try:
            TypeAdapter(parameters[argument].annotation).validate_python(value, strict=True)
        except ValidationError:
            raise refused(argument, f"{name} takes {parameters[argument].annotation} here") from None
        except PydanticUserError:
            continue  # a type that pydantic can't read by its name
