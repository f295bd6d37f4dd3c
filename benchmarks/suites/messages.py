"""Messages: a request through the network and the one door, next to what it is made of."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Generator, Iterable
from pathlib import Path
from typing import Any

import simpy

from benchmarks import campaign
from benchmarks.measure import Row, compare, take_turns, timed
from sandbox.core.errors import AdcpError, ApiError
from sandbox.kernel.actor import Actor
from sandbox.kernel.endpoint import Context, Endpoint, Operation, Principal, Reply
from sandbox.kernel.world import World
from sandbox.protocol.versions import from_wire
from sandbox.scenario import load
from sandbox.scenario.build import build

TIMEOUTS, FUNCTION, HANDLER = "two SimPy timeouts", "a call with JSON both ways", "the handler alone"
_PAYLOAD = {"brief": "Readers of the business pages", "buying_mode": "brief", "list": [1, 2, 3], "nested": {"a": 1.5}}


def rows(quick: bool) -> list[Row]:
    """Requests with their answers a second: an echo, and ``get_products`` with its schemas checked."""
    count, rounds = (200, 3) if quick else (2_000, 7)
    echo = {
        "ours": lambda: _exchange(_echo_world(), "buyer", "seller", "echo", _PAYLOAD, count),
        TIMEOUTS: lambda: _timeouts(2 * count),
        FUNCTION: lambda: _function(count),
    }
    asked = count // 10
    products = {"ours": lambda: _ask(asked, alone=False), HANDLER: lambda: _ask(asked, alone=True)}
    found = take_turns(echo, rounds)
    made = [compare("messages", "an echo", count, "requests", found, name) for name in (TIMEOUTS, FUNCTION)]
    found = take_turns(products, rounds)
    return [*made, compare("messages", "get_products", asked, "requests", found, HANDLER)]


class _Plain:
    """A dialect that checks nothing."""

    def open(self, ctx: Context, operation: Operation, payload: dict[str, Any]) -> dict[str, Any]:
        return payload

    def close(self, ctx: Context, operation: Operation, payload: dict[str, Any], result: Any) -> Reply:
        return Reply(True, result)

    def fail(self, ctx: Context, payload: dict[str, Any], error: AdcpError | ApiError) -> Reply:
        return Reply(False, {"code": error.code})

    def unknown(self, ctx: Context, known: Iterable[str]) -> ApiError:
        return ApiError("NOT_FOUND", f"there is {', '.join(known)}")


class _Echo(Actor):
    def __init__(self, world: World, actor_id: str) -> None:
        super().__init__(world, actor_id)
        self.endpoint = Endpoint(self, _Plain(), [Operation("echo", lambda _, request: {"echo": request})])


def _echo_world() -> World:
    world = World(1, 0)
    world.add(_Echo(world, "buyer"))
    world.add(_Echo(world, "seller"))
    world.ecosystem.link("seller", "buyer", "authorised_for")
    return world


def _exchange(world: World, sender: str, to: str, operation: str, payload: dict[str, Any], count: int) -> float:
    principal = Principal(sender, world.actors[sender].role)

    def talk() -> Generator[Any, Any, None]:
        for _ in range(count):
            reply = yield from world.network.call(sender, to, operation, payload, principal)
            assert reply.ok, reply.body

    world.spawn(talk())
    return timed(lambda: world.run(world.now + 10_000 * count))


def _timeouts(count: int) -> float:
    env = simpy.Environment()

    def wait() -> Generator[Any, Any, None]:
        for _ in range(count):
            yield env.timeout(1)

    env.process(wait())
    return timed(env.run)


def _function(count: int) -> float:
    def call() -> Any:
        request = json.loads(json.dumps(_PAYLOAD))
        return json.loads(json.dumps({"echo": request}))

    return timed(lambda: [call() for _ in range(count)])


def _ask(count: int, alone: bool) -> float:
    """Ask an agent of the measured scenario for its products, with or without everything around its handler."""
    with tempfile.TemporaryDirectory() as folder:
        world = build(load(campaign.write(Path(folder, "scenario.yaml"), sellers=1, users=1_000)))
    world.run(world.now + 60_000)
    payload = {"brief": "Readers", "buying_mode": "brief", "brand": {"domain": "acme.com"}}
    if not alone:
        return _exchange(world, "buyer", "agent0", "get_products", payload, count)
    actor = world.actors["agent0"]
    assert actor.endpoint is not None
    operation = actor.endpoint.operations["get_products"]
    request = from_wire("get_products", "request", payload, "3.1")
    handle: Callable[[], Any] = lambda: operation.handler(  # noqa: E731
        Context(world, actor, Principal("buyer", "buyer"), "get_products", "3.1"), dict(request)
    )
    return timed(lambda: [_finish(handle()) for _ in range(count)])


def _finish(result: Any) -> Any:
    return list(result) if isinstance(result, Generator) else result
