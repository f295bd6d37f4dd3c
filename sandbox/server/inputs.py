"""What comes into a world from outside, and what it makes the world do."""

from __future__ import annotations

import json
import traceback
from collections.abc import Generator
from dataclasses import dataclass
from typing import Any, Self

from sandbox.core.errors import AdcpError, ApiError, SandboxError
from sandbox.journal.store import READ, Entry
from sandbox.kernel.endpoint import Principal, Reply
from sandbox.kernel.network import PeerTimeout, PeerUnreachable
from sandbox.kernel.world import World
from sandbox.protocol.errors import error_body
from sandbox.protocol.versions import VERSIONS
from sandbox.server.fault_rules import CONTROLS

CLIENT = "driver"
"""The actor that stands for whoever calls from outside."""

NETWORK = "_network"
"""Whose controls are those of faults; no actor can be called so."""

MARKET = "_market"
"""Whose control ``settle`` writes to the trace what was delivered up to now."""

CALL, ADCP, CONTROL, WEBHOOK = "call", "adcp", "control", "webhook"
"""Kinds of inputs: an operation of the platform, ``agent.tool``, ``actor.control``, and ``receiver.sender``."""

PEER = "peer"
"""The kind of an entry that is the answer of a real service; its name is ``actor.operation``."""

BEGIN = "begin:"
"""Before the kind of an entry that says where an input began that had to wait for a real service."""

MOST_READ = 256 * 1024
"""Longer answers to reads are not kept, in characters."""

Steps = Generator[Any, Any, Reply]


@dataclass(slots=True, frozen=True)
class Input:
    """One input: its kind, its name, its payload without secrets, and who sent it."""

    kind: str
    name: str
    payload: dict[str, Any]
    principal: Principal

    @classmethod
    def of(cls, entry: Entry) -> Self:
        """The input that a journal has."""
        principal = Principal(entry.principal, user=entry.user)
        return cls(entry.kind.removeprefix(BEGIN), entry.name, json.loads(entry.payload), principal)

    def entry(self, world: str, at_ms: int, reply: Reply | None) -> Entry:
        """As a journal has it: with its answer, or (None) as one that has only begun."""
        kind = self.kind if reply is not None else BEGIN + self.kind
        status, answer = (reply.status, reply.json()) if reply is not None else (0, "{}")
        payload, by = json.dumps(self.payload), self.principal
        return Entry(world, at_ms, kind, self.name, payload, by.id, by.user, status, answer)

    def read_entry(self, world: str, at_ms: int, reply: Reply) -> Entry:
        """As a journal has it if it changes nothing; the answer is null if it is a very long one."""
        text, payload, by = reply.json(), json.dumps(self.payload), self.principal
        answer = text if len(text) <= MOST_READ else "null"
        return Entry(world, at_ms, READ + self.kind, self.name, payload, by.id, by.user, reply.status, answer)

    def steps(self, world: World, platform_id: str) -> Steps:
        """The process that does it in a world."""
        one, _, two = self.name.rpartition(".")
        match self.kind:
            case "call":
                return _calling(world, platform_id, self.name, self.payload, self.principal)
            case "adcp":
                return _calling(world, one, two, self.payload, self.principal, adcp=True)
            case "webhook":
                return world.network.arrived(two, one, self.payload)
        return _controlling(world, self.name, self.payload)


def _calling(
    world: World, to: str, operation: str, payload: dict[str, Any], principal: Principal, adcp: bool = False
) -> Steps:
    try:
        return (yield from world.network.call(CLIENT, to, operation, payload, principal))
    except (PeerTimeout, PeerUnreachable) as error:
        if adcp:
            return out_of_order(f"{to} gives no answer: {error}")
        failure = ApiError("INTERNAL_ERROR", f"the platform gives no answer: {error}")
        return Reply(False, failure.body(), failure.status)


def _controlling(world: World, name: str, arguments: dict[str, Any]) -> Steps:
    actor_id, _, control = name.partition(".")
    try:
        result: Any = None
        if actor_id == NETWORK:
            result = CONTROLS[control](world, dict(arguments))
        elif actor_id == MARKET:
            world.market.settle()
        else:
            result = world.actors[actor_id].controls[control](**arguments)
        if isinstance(result, Generator):
            result = yield from result
    except (SandboxError, KeyError) as error:
        failure = ApiError("VALIDATION_ERROR", str(error.args[0] if isinstance(error, KeyError) else error))
        return Reply(False, failure.body(), failure.status)
    yield world.env.timeout(0)
    return Reply(True, {"result": result if _plain(result) else None})


def _plain(value: Any) -> bool:
    try:
        json.dumps(value)
    except (TypeError, ValueError):
        return False
    return True


def out_of_order(message: str) -> Reply:
    """SERVICE_UNAVAILABLE of an AdCP agent."""
    error = AdcpError("SERVICE_UNAVAILABLE", message, retry_after=1)
    return Reply(False, error_body(error, VERSIONS[-1]), 503)


def bug(operation: str, adcp: bool = False) -> Reply:
    """The answer to a mistake of ours, which goes to the log in full."""
    traceback.print_exc()
    words = f"{operation} failed by a mistake of the sandbox; the server's log has it in full"
    if adcp:
        return out_of_order(words)
    error = ApiError("INTERNAL_ERROR", words)
    return Reply(False, error.body(), error.status)
