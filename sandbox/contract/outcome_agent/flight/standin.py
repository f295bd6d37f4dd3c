"""Stands in the sandbox's world for an agent outside: takes what the platform sends, and keeps it to be sent on."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any

from sandbox.contract.outcome_agent.flight.record import Json, Sent
from sandbox.core.errors import AdcpError, ApiError
from sandbox.kernel.actor import Actor
from sandbox.kernel.endpoint import Context, Endpoint, Operation, Reply
from sandbox.kernel.world import World
from sandbox.operations.outcome import BODIES
from sandbox.operations.outcome_dialect import IDEMPOTENCY, operations

NAME = "checked"


class StandIn(Actor):
    """Acknowledges everything; ``proposals`` is what it answers to ``get-proposals``.

    Writes an event ``asked`` for each message, so that time can be stopped there.
    """

    role = "outcome"

    def __init__(self, world: World) -> None:
        super().__init__(world, NAME)
        self.proposals: Json = {"proposals": []}
        self._waiting: list[Sent] = []
        self.endpoint = Endpoint(self, _Plain(), operations({name: partial(self._hear, name) for name in BODIES}))
        world.add(self)

    @property
    def url(self) -> str:
        """Where the platform finds it."""
        return self.world.network.url(self.id).rstrip("/")

    def take(self) -> list[Sent]:
        """What has come since the last time."""
        waiting, self._waiting = self._waiting, []
        return waiting

    def _hear(self, operation: str, ctx: Context, request: Json) -> Json:
        message = Sent(operation, request["body"], request["headers"].get(IDEMPOTENCY, ""), self.now)
        self._waiting.append(message)
        self.emit("asked", operation=operation)
        if operation == "get-proposals":
            return self.proposals
        return {"acknowledged": True} if operation == "accept-proposal" else {}


class _Plain:
    """Passes everything through."""

    def open(self, ctx: Context, operation: Operation, payload: Json) -> Json:
        return payload

    def close(self, ctx: Context, operation: Operation, payload: Json, result: Any) -> Reply:
        return Reply(True, result)

    def fail(self, ctx: Context, payload: Json, error: AdcpError | ApiError) -> Reply:
        return Reply(False, {"error": error.message}, 500)

    def unknown(self, ctx: Context, known: Iterable[str]) -> ApiError:
        return ApiError("NOT_FOUND", f"there is no {ctx.operation}")
