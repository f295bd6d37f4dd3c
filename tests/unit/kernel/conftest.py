"""A small world with an echoing actor, without AdCP and without REST."""

from collections.abc import Callable, Generator, Iterable
from typing import Any

import pytest

from sandbox.core.errors import AdcpError, ApiError
from sandbox.kernel.actor import Actor
from sandbox.kernel.endpoint import Context, Endpoint, Operation, Principal, Reply
from sandbox.kernel.faults import Fault
from sandbox.kernel.latency import Latency
from sandbox.kernel.network import NetworkConfig
from sandbox.kernel.world import World


class PlainDialect:
    """Takes everything, answers what the handler says."""

    def open(self, ctx: Context, operation: Operation, payload: dict[str, Any]) -> dict[str, Any]:
        return payload

    def close(self, ctx: Context, operation: Operation, payload: dict[str, Any], result: Any) -> Reply:
        return Reply(True, result)

    def fail(self, ctx: Context, payload: dict[str, Any], error: AdcpError | ApiError) -> Reply:
        return Reply(False, {"code": error.code})

    def unknown(self, ctx: Context, known: Iterable[str]) -> ApiError:
        return ApiError("NOT_FOUND", f"there is {', '.join(known)}")


class Echo(Actor):
    """Answers with what it got; counts what reached it."""

    def __init__(self, world: World, actor_id: str, role: str = "seller") -> None:
        super().__init__(world, actor_id)
        self.role = role
        self.served: list[dict[str, Any]] = []
        self.heard: list[dict[str, Any]] = []
        self.refuse = 0
        operations = [Operation("echo", self.echo), Operation("slow", self.slow), Operation("fail", self.fail)]
        self.endpoint = Endpoint(self, PlainDialect(), operations)
        self.inbox = Endpoint(self, PlainDialect(), [Operation("webhook", self.webhook)])

    def echo(self, ctx: Context, request: dict[str, Any]) -> dict[str, Any]:
        self.served.append(request)
        return {"echo": request, "by": ctx.principal.id}

    def slow(self, ctx: Context, request: dict[str, Any]) -> Generator[Any, Any, dict[str, Any]]:
        yield self.world.env.timeout(request["ms"])
        self.served.append(request)
        return {"at": ctx.now}

    def fail(self, ctx: Context, request: dict[str, Any]) -> dict[str, Any]:
        raise ApiError("CONFLICT", "no")

    def webhook(self, ctx: Context, request: dict[str, Any]) -> dict[str, Any]:
        self.heard.append(request)
        if self.refuse > 0:
            self.refuse -= 1
            raise ApiError("INTERNAL_ERROR", "later")
        return {}


MakeWorld = Callable[..., World]


@pytest.fixture
def make_world() -> MakeWorld:
    def make(*faults: Fault, seed: int = 1, latency: Latency = Latency(10, 10)) -> World:  # noqa: B008
        world = World(seed, 0, NetworkConfig(latency=latency, faults=list(faults)))
        world.add(Echo(world, "buyer", "buyer"))
        world.add(Echo(world, "seller"))
        world.ecosystem.link("seller", "buyer", "authorised_for")
        return world

    return make


def ask(world: World, operation: str, payload: dict[str, Any], **options: Any) -> list[Any]:
    """Let the buyer call the seller; the list fills with the reply or the exception."""
    got: list[Any] = []

    def steps() -> Generator[Any, Any, None]:
        try:
            got.append((yield from world.actors["buyer"].call("seller", operation, payload, **options)))
        except Exception as error:  # noqa: BLE001 - the test looks at it
            got.append(error)

    world.spawn(steps())
    return got


DRIVER = Principal("driver")
