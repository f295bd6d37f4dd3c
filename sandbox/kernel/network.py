"""The simulated network: requests with answers, latency and faults on each link. Webhooks have a file of their own.

Messages cross it as JSON text, so no two actors ever share an object.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from sandbox.core.errors import SandboxError
from sandbox.core.time import DAY_MS, SECOND_MS
from sandbox.kernel.endpoint import Principal, Reply
from sandbox.kernel.faults import Effect, Fault, Faults, Leg
from sandbox.kernel.faults.damage import spoiled
from sandbox.kernel.latency import Latency
from sandbox.kernel.real import NoReply
from sandbox.kernel.transit import Transit
from sandbox.kernel.webhooks import WEBHOOK_RETRIES_MS, Letter, Webhooks

if TYPE_CHECKING:
    from sandbox.kernel.world import World

DOMAIN = "sandbox.test"
"""The reserved domain under which the actors of a world have their addresses."""

_THIS_MACHINE = ("127.0.0.1", "localhost", "::1")
_SERVED = re.compile(r"/agents/([^/]+)/(?:(?:mcp|a2a)/?|files/.+)")
"""Paths at which a served sandbox has its agents."""

CALL_TIMEOUT_MS = 120 * SECOND_MS
"""How long an actor waits for an answer if it does not say otherwise; a driver has a day."""


class PeerUnreachable(SandboxError):
    """The other side can't be reached: down, not authorised, or no connection came about. It has not acted."""


class PeerTimeout(SandboxError):
    """No answer came in time. Whether the other side acted is not known."""


class PeerBroken(PeerTimeout):
    """The connection broke before the whole answer was there. Whether the other side acted is not known."""


class PeerRefused(PeerUnreachable):
    """An HTTP status came instead of an answer, perhaps with the seconds to wait.

    After a status below 500 the other side has not acted; after another one that is not known.
    """

    def __init__(self, message: str, status: int = 503, retry_after_s: int | None = None) -> None:
        super().__init__(message, status, retry_after_s)
        self.message = message
        self.status = status
        self.retry_after_s = retry_after_s

    def __str__(self) -> str:
        return self.message


@dataclass(slots=True)
class NetworkConfig:
    """Latency by default and of single links ``(sender, to)``, fault rules, webhook retries."""

    latency: Latency = field(default_factory=Latency)
    links: dict[tuple[str, str], Latency] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    webhook_retries_ms: Sequence[int] = WEBHOOK_RETRIES_MS


@dataclass(slots=True)
class _Loss:
    """Why a call has no answer. ``silent`` ones are noticed only when the time is over."""

    error: SandboxError
    why: str
    silent: bool = False


@dataclass(slots=True)
class _Answer:
    """The answer to a call; a spoiled one breaks its schema by a fault."""

    reply: Reply
    spoiled: bool


class Network:
    """Carries messages between the actors of a world."""

    def __init__(self, world: World, config: NetworkConfig) -> None:
        self._world = world
        self.config = config
        self.faults = Faults(world, config.faults)
        self.transit = Transit(world, config.latency, config.links, self.faults)
        self._webhooks = Webhooks(world, self)
        self._down: set[str] = set()
        self._calls = 0

    # -- addresses and outages ---------------------------------------------------------------------------

    @staticmethod
    def url(actor_id: str, path: str = "") -> str:
        """The address of an actor, for URLs in messages."""
        return f"https://{actor_id}.{DOMAIN}/{path}"

    @staticmethod
    def actor_at(url: str) -> str:
        """The actor behind an address made by :meth:`url`; empty for a foreign address."""
        host = urlsplit(url).hostname or ""
        return host.removesuffix(f".{DOMAIN}") if host.endswith(f".{DOMAIN}") else ""

    @classmethod
    def agent_at(cls, url: str) -> str:
        """The agent behind an address in the world, or on the agents' port of a sandbox on this machine; else empty.

        The number of the port does not matter, so that a journal can be replayed on another one.
        """
        at = urlsplit(url)
        served = _SERVED.fullmatch(at.path) if at.hostname in _THIS_MACHINE else None
        return served[1] if served else cls.actor_at(url)

    @classmethod
    def same_agent(cls, one: str, other: str) -> bool:
        """True if two addresses are the same but for a slash at the end, or lead to the same agent."""
        return one.rstrip("/") == other.rstrip("/") or cls.agent_at(one) == cls.agent_at(other) != ""

    @property
    def outside(self) -> Callable[[Letter], None] | None:
        """Takes webhooks to the real world."""
        return self._webhooks.outside

    @outside.setter
    def outside(self, way: Callable[[Letter], None] | None) -> None:
        self._webhooks.outside = way

    def is_down(self, actor_id: str) -> bool:
        """True while an actor is off the network."""
        return actor_id in self._down

    def number(self) -> int:
        """A new number for a message."""
        self._calls += 1
        return self._calls

    def set_down(self, actor_id: str, down: bool) -> None:
        """Take an actor off the network, or bring it back."""
        (self._down.add if down else self._down.discard)(actor_id)
        self._emit("fault", actor_id, fault="down" if down else "up", link=actor_id, detail="")

    # -- requests ----------------------------------------------------------------------------------------

    def call(
        self,
        sender: str,
        to: str,
        operation: str,
        payload: dict[str, Any],
        principal: Principal,
        timeout_ms: int | None = None,
    ) -> Generator[Any, Any, Reply]:
        """Send a request and wait for its answer; see :meth:`Actor.call`."""
        call_id = f"c{self.number()}"
        text = json.dumps(self.faults.stamped(sender, payload), allow_nan=False)
        shown = self._shown(to, operation, json.loads(text))
        self._emit("call", sender, id=call_id, to=to, operation=operation, payload=shown)
        if not self._world.ecosystem.may_call(sender, to):
            why = f"not authorised for {to}"
            raise self._lost(_Loss(_unreachable(to, operation, why), why), call_id, sender, to, operation)
        env = self._world.env
        if timeout_ms is None:
            driven = self._world.ecosystem.role(sender) == "driver"
            timeout_ms = DAY_MS if driven else CALL_TIMEOUT_MS
        carried = env.process(self._carry(sender, to, operation, text, principal, env.now + timeout_ms))
        limit = env.timeout(timeout_ms)
        yield carried | limit
        outcome = cast("_Answer | _Loss", carried.value) if carried.processed else _too_late(to, operation)
        if isinstance(outcome, _Loss):
            if outcome.silent and not limit.processed:
                yield limit
            raise self._lost(outcome, call_id, sender, to, operation)
        reply, body = outcome.reply, json.dumps(outcome.reply.body, allow_nan=False)
        told = {"id": call_id, "to": sender, "operation": operation, "ok": reply.ok, "body": json.loads(body)}
        self._emit("reply", to, **told, **({"spoiled": True} if outcome.spoiled else {}))
        return Reply(reply.ok, json.loads(body), reply.status, body)

    def _carry(
        self, sender: str, to: str, operation: str, text: str, principal: Principal, until_ms: float
    ) -> Generator[Any, Any, _Answer | _Loss]:
        """Take a request there and its answer back."""
        leg = Leg(sender, to, operation)
        arrived = yield from self.transit.there(leg, len(text))
        lost = self._stopped(leg, arrived)
        if lost is not None:
            return lost
        endpoint = self._world.actors[to].endpoint
        if endpoint is None:
            return _Loss(_unreachable(to, operation, f"{to} takes no requests"), f"{to} takes no requests")
        if self._world.now > until_ms and arrived.rate:
            return _too_late(to, operation)
        for _ in range(arrived.copies):
            self._world.spawn(self._copy(leg, text, principal))
        try:
            reply: Reply = yield from endpoint.handle(operation, json.loads(text), principal)
        except NoReply as none:
            return _Loss(none.error, none.why, none.silent)
        reply = Reply(reply.ok, self.faults.stamped(to, reply.body), reply.status)
        answer = Leg(sender, to, operation, "answer")
        size = len(json.dumps(reply.body)) if self.faults.concerned(answer) else 0
        effect = yield from self.transit.back(answer, size, reply.ok)
        if effect.spoiled:
            rng = self._world.streams.stream("faults", sender, to)
            reply = Reply(reply.ok, spoiled(reply.body, rng), reply.status)
        return self._stopped(answer, effect) or _Answer(reply, effect.spoiled)

    def _stopped(self, leg: Leg, effect: Effect) -> _Loss | None:
        """What keeps a message from being read, if anything."""
        to, operation, request = leg.to, leg.message, leg.direction == "request"
        if request and effect.end != "unsent" and self.is_down(to):
            return _Loss(_unreachable(to, operation, f"{to} is down"), f"{to} is down")
        match effect.end:
            case "":
                return None
            case "unsent":
                return _Loss(_unreachable(to, operation, "message lost"), "message lost")
            case "lost":
                return _Loss(_too_late(to, operation).error, "answer lost", silent=True)
            case "refused":
                return _refusal(leg, effect.status, effect.retry_after_s)
            case "cut" if request:
                return _refusal(leg, 400)
            case "cut":
                why = "the answer is cut short"
            case "reset":
                why = "connection reset"
        return _Loss(PeerBroken(f"{operation} to {to}: {why}"), why)

    def _copy(self, leg: Leg, text: str, principal: Principal) -> Generator[Any, Any, None]:
        """A request arrives once more. Its answer is for nobody, but the trace has it."""
        yield self._world.env.timeout(self.transit.latency_ms(leg.sender, leg.to))
        endpoint = self._world.actors[leg.to].endpoint
        if endpoint is None or self.is_down(leg.to):
            return
        try:
            reply: Reply = yield from endpoint.handle(leg.message, json.loads(text), principal)
        except NoReply:
            return
        shown = json.loads(json.dumps(reply.body))
        self._emit("copy", leg.to, to=leg.sender, operation=leg.message, ok=reply.ok, body=shown)

    # -- webhooks ----------------------------------------------------------------------------------------

    def notify(
        self,
        sender: str,
        url: str,
        payload: dict[str, Any],
        adcp: bool = False,
        authentication: Mapping[str, Any] | None = None,
    ) -> None:
        """Send a webhook in the background; retries carry the same body until one is acknowledged.

        One to an address outside of the world is handed over to ``outside``, if there is such a way out; what
        becomes of it there changes nothing here. See :class:`~sandbox.kernel.webhooks.Letter` for the last two
        arguments.
        """
        self._webhooks.send(sender, url, payload, adcp, authentication)

    def arrived(self, sender: str, to: str, payload: dict[str, Any]) -> Generator[Any, Any, Reply]:
        """Take a webhook that came from a real service; gives what the receiver says to it."""
        return self._webhooks.arrived(sender, to, payload)

    # -- helpers -----------------------------------------------------------------------------------------

    def _shown(self, to: str, operation: str, payload: dict[str, Any]) -> dict[str, Any]:
        """What the trace shows of a request: everything but its secrets."""
        actor = self._world.actors.get(to)
        known = actor.endpoint.operations.get(operation) if actor is not None and actor.endpoint is not None else None
        return payload if known is None else known.masked(payload)

    def _emit(self, kind: str, actor: str, **data: Any) -> None:
        self._world.trace.emit(self._world.now, kind, actor, data)

    def _lost(self, loss: _Loss, call_id: str, sender: str, to: str, operation: str) -> SandboxError:
        self._emit("lost", sender, id=call_id, to=to, operation=operation, why=loss.why)
        return loss.error


def _unreachable(to: str, operation: str, why: str) -> PeerUnreachable:
    return PeerUnreachable(f"{operation} to {to}: {why}")


def _too_late(to: str, operation: str) -> _Loss:
    why = "no answer in time"
    return _Loss(PeerTimeout(f"{operation} to {to}: {why}"), why)


def _refusal(leg: Leg, status: int, retry_after_s: int | None = None) -> _Loss:
    why = f"{leg.to} answered with status {status}"
    return _Loss(PeerRefused(f"{leg.message} to {leg.to}: {why}", status, retry_after_s), why)
