"""The simulated network: requests with answers, webhooks with retries, latency and faults on each link.

Messages cross it as JSON text, so no two actors ever share an object.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from sandbox.core.errors import SandboxError
from sandbox.core.time import DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS
from sandbox.kernel.endpoint import Principal, Reply
from sandbox.kernel.faults import Fault
from sandbox.kernel.latency import NO_LATENCY, Latency

if TYPE_CHECKING:
    from sandbox.kernel.world import World

DOMAIN = "sandbox.test"
"""The reserved domain under which the actors of a world have their addresses."""

CALL_TIMEOUT_MS = 120 * SECOND_MS
"""How long an actor waits for an answer if it does not say otherwise; a driver has a day."""

WEBHOOK_RETRIES_MS = (
    5 * SECOND_MS,
    30 * SECOND_MS,
    5 * MINUTE_MS,
    30 * MINUTE_MS,
    2 * HOUR_MS,
    6 * HOUR_MS,
    16 * HOUR_MS,
)
"""Waits before each further attempt of a webhook; together just over the 24 hours that
docs/building/by-layer/L3/webhooks.mdx asks for."""


class PeerUnreachable(SandboxError):
    """The other side can't be reached: down, not authorised, or the message was lost at once."""


class PeerTimeout(SandboxError):
    """No answer came in time. Whether the other side acted is not known."""


@dataclass(slots=True)
class NetworkConfig:
    """Latency by default and of single links ``(sender, to)``, fault rules, webhook retries."""

    latency: Latency = field(default_factory=Latency)
    links: dict[tuple[str, str], Latency] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    webhook_retries_ms: Sequence[int] = WEBHOOK_RETRIES_MS


@dataclass(slots=True, frozen=True)
class Letter:
    """A webhook that leaves the world: who sends it, where to, and its JSON text.

    ``adcp`` says that it is one of the protocol's, which is signed. ``authentication`` is that of the receiver's
    push_notification_config (core/push-notification-config.json), if it has one.
    """

    sender: str
    url: str
    webhook_id: str
    text: str
    adcp: bool = False
    authentication: Mapping[str, Any] | None = None


class Network:
    """Carries messages between the actors of a world."""

    def __init__(self, world: World, config: NetworkConfig) -> None:
        self._world = world
        self.config = config
        self.outside: Callable[[Letter], None] | None = None
        """Takes webhooks to the real world."""
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
        self._calls += 1
        call_id = f"c{self._calls}"
        text = json.dumps(payload, allow_nan=False)
        shown = self._shown(to, operation, json.loads(text))
        self._emit("call", sender, id=call_id, to=to, operation=operation, payload=shown)
        if not self._world.ecosystem.may_call(sender, to):
            raise self._lost(PeerUnreachable, call_id, sender, to, operation, f"not authorised for {to}")
        env = self._world.env
        carried = env.process(self._carry(sender, to, operation, text, principal))
        if timeout_ms is None:
            driven = self._world.ecosystem.role(sender) == "driver"
            timeout_ms = DAY_MS if driven else CALL_TIMEOUT_MS
        limit = env.timeout(timeout_ms)
        yield carried | limit
        if not carried.processed:
            raise self._lost(PeerTimeout, call_id, sender, to, operation, "no answer in time")
        outcome = cast("Reply | str", carried.value)
        if isinstance(outcome, str):
            if outcome == "answer lost":
                yield limit
                raise self._lost(PeerTimeout, call_id, sender, to, operation, outcome)
            raise self._lost(PeerUnreachable, call_id, sender, to, operation, outcome)
        body = json.dumps(outcome.body, allow_nan=False)
        self._emit("reply", to, id=call_id, to=sender, operation=operation, ok=outcome.ok, body=json.loads(body))
        return Reply(outcome.ok, json.loads(body), outcome.status)

    def _carry(
        self, sender: str, to: str, operation: str, text: str, principal: Principal
    ) -> Generator[Any, Any, Reply | str]:
        """Take a request there and its answer back; text instead of a reply says what went wrong."""
        refused = yield from self._travel(sender, to, operation)
        if refused:
            return refused
        endpoint = self._world.actors[to].endpoint
        if endpoint is None:
            return f"{to} takes no requests"
        reply: Reply = yield from endpoint.handle(operation, json.loads(text), principal)
        if self._strikes("answer_lost", sender, to, operation):
            return "answer lost"
        yield self._world.env.timeout(self._latency(to, sender))
        return reply

    def _travel(self, sender: str, to: str, message: str) -> Generator[Any, Any, str]:
        """Spend the time on the way; the answer says what stopped the message, or is empty."""
        delay_ms = self._latency(sender, to)
        for fault in self.config.faults:
            if fault.kind == "delay" and self._hit(fault, sender, to, message):
                delay_ms += fault.delay_ms
        yield self._world.env.timeout(delay_ms)
        if self._strikes("drop", sender, to, message):
            return "message lost"
        if to in self._down:
            return f"{to} is down"
        if self._strikes("unavailable", sender, to, message):
            return f"{to} is unavailable"
        return ""

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
        becomes of it there changes nothing here. See :class:`Letter` for the last two arguments.
        """
        text = json.dumps(payload, allow_nan=False)
        to = self.actor_at(url)
        if to or self.outside is None:
            self._world.spawn(self._notify(sender, to, text))
            return
        self._calls += 1
        webhook_id = f"w{self._calls}"
        self._emit("webhook", sender, id=webhook_id, to=url, attempt=1, payload=json.loads(text))
        self.outside(Letter(sender, url, webhook_id, text, adcp, authentication))

    def _notify(self, sender: str, to: str, text: str) -> Generator[Any, Any, None]:
        self._calls += 1
        webhook_id = f"w{self._calls}"
        for attempt, wait_ms in enumerate((0, *self.config.webhook_retries_ms), start=1):
            if wait_ms:
                yield self._world.env.timeout(wait_ms)
            self._emit("webhook", sender, id=webhook_id, to=to, attempt=attempt, payload=json.loads(text))
            why = yield from self._deliver(sender, to, text)
            self._emit("webhook_result", sender, id=webhook_id, to=to, attempt=attempt, ok=not why, why=why)
            if not why:
                return

    def _deliver(self, sender: str, to: str, text: str) -> Generator[Any, Any, str]:
        if not self._world.ecosystem.may_notify(sender, to):
            return "not authorised"
        refused = yield from self._travel(sender, to, "webhook")
        if refused:
            return refused
        inbox = self._world.actors[to].inbox
        if inbox is None:
            return f"{to} takes no webhooks"
        principal = Principal(sender, self._world.actors[sender].role)
        reply: Reply = yield from inbox.handle("webhook", json.loads(text), principal)
        if self._strikes("answer_lost", sender, to, "webhook"):
            return "answer lost"
        yield self._world.env.timeout(self._latency(to, sender))
        return "" if reply.ok else f"answered with an error: {json.dumps(reply.body)[:200]}"

    # -- helpers -----------------------------------------------------------------------------------------

    def _shown(self, to: str, operation: str, payload: dict[str, Any]) -> dict[str, Any]:
        """What the trace shows of a request: everything but its secrets."""
        actor = self._world.actors.get(to)
        known = actor.endpoint.operations.get(operation) if actor is not None and actor.endpoint is not None else None
        return payload if known is None else known.masked(payload)

    def _emit(self, kind: str, actor: str, **data: Any) -> None:
        self._world.trace.emit(self._world.now, kind, actor, data)

    def _lost(
        self, kind: type[SandboxError], call_id: str, sender: str, to: str, operation: str, why: str
    ) -> SandboxError:
        self._emit("lost", sender, id=call_id, to=to, operation=operation, why=why)
        return kind(f"{operation} to {to}: {why}")

    def _link_rng(self, sender: str, to: str) -> Random:
        return self._world.streams.stream("network", sender, to)

    def _latency(self, sender: str, to: str) -> int:
        if "driver" in (self._world.ecosystem.role(sender), self._world.ecosystem.role(to)):
            return NO_LATENCY.median_ms
        latency = self.config.links.get((sender, to), self.config.latency)
        return latency.draw(self._link_rng(sender, to))

    def _strikes(self, kind: str, sender: str, to: str, message: str) -> bool:
        return any(f.kind == kind and self._hit(f, sender, to, message) for f in self.config.faults)

    def _hit(self, fault: Fault, sender: str, to: str, message: str) -> bool:
        rng = self._world.streams.stream("faults", sender, to)
        hit = fault.strikes(sender, to, message, self._world.now, rng)
        if hit:
            self._emit("fault", sender, fault=fault.kind, link=f"{sender}->{to}", detail=message)
        return hit
