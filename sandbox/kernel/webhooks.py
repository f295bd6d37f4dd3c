"""Webhooks: sent in the background until they are acknowledged, with the same key and body each time."""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from sandbox.core.time import HOUR_MS, MINUTE_MS, SECOND_MS
from sandbox.kernel.endpoint import Principal, Reply
from sandbox.kernel.faults import Effect, Leg
from sandbox.kernel.real import NoReply

if TYPE_CHECKING:
    from sandbox.kernel.network import Network
    from sandbox.kernel.world import World

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

AHEAD_MS, BEHIND_MS = MINUTE_MS, 6 * MINUTE_MS
"""How far the sender's clock may be ahead of the receiver's, and how far behind: a signature holds for five minutes,
and a minute is allowed for (L1/security.mdx, webhook callbacks)."""

MOST_ATTEMPTS = 8
"""Attempts of one webhook to a real service about whose faults is decided when it leaves the world."""


@dataclass(slots=True, frozen=True)
class Letter:
    """A webhook on its way: who sends it, where to, and its JSON text.

    ``adcp`` says that it is one of the protocol's, which is signed. ``authentication`` is that of the receiver's
    push_notification_config (core/push-notification-config.json), if it has one. ``attempts`` are the faults of its
    first attempts, each with what happens to it and to its acknowledgement; ``skew_ms`` is how far the sender's
    clock is ahead.
    """

    sender: str
    url: str
    webhook_id: str
    text: str
    adcp: bool = False
    authentication: Mapping[str, Any] | None = None
    attempts: tuple[tuple[Effect, Effect], ...] = ()
    skew_ms: int = 0


@dataclass(slots=True, frozen=True)
class _Result:
    """What became of an attempt: why it failed (empty if it did not), and what the receiver asks for then."""

    why: str = ""
    retry_after_s: int = 0
    final: bool = False


class Webhooks:
    """Sends the webhooks of a world; ``outside`` takes those that leave it."""

    def __init__(self, world: World, network: Network) -> None:
        self._world = world
        self._network = network
        self.outside: Callable[[Letter], None] | None = None

    def send(
        self, sender: str, url: str, payload: dict[str, Any], adcp: bool, authentication: Mapping[str, Any] | None
    ) -> None:
        """See :meth:`Network.notify`."""
        network = self._network
        text, to = json.dumps(network.faults.stamped(sender, payload), allow_nan=False), network.actor_at(url)
        letter = Letter(sender, url, "", text, adcp, authentication)
        if to or self.outside is None:
            self._world.spawn(self._notify(letter, to))
            return
        webhook_id = f"w{network.number()}"
        self._emit("webhook", sender, id=webhook_id, to=url, attempt=1, payload=json.loads(text))
        attempts, skew_ms = self._struck(Leg(sender, url, "webhook")), network.faults.skew_ms(sender)
        self.outside(replace(letter, webhook_id=webhook_id, attempts=attempts, skew_ms=skew_ms))

    def _struck(self, leg: Leg) -> tuple[tuple[Effect, Effect], ...]:
        """The faults of a webhook that leaves the world, up to the first attempt that gets through."""
        attempts: list[tuple[Effect, Effect]] = []
        faults, answer = self._network.faults, Leg(leg.sender, leg.to, leg.message, "answer")
        while len(attempts) < MOST_ATTEMPTS and (faults.concerned(leg) or faults.concerned(answer)):
            there = faults.strike(leg)
            attempts.append((there, Effect() if there.harms else faults.strike(answer)))
            if not (there.harms or attempts[-1][1].harms):
                break
        return tuple(attempts)

    def _notify(self, unnumbered: Letter, to: str) -> Generator[Any, Any, None]:
        webhook_id, asked_ms = f"w{self._network.number()}", 0
        letter, sender = replace(unnumbered, webhook_id=webhook_id), unnumbered.sender
        for attempt, wait_ms in enumerate((0, *self._network.config.webhook_retries_ms), start=1):
            if wait_ms:
                yield self._world.env.timeout(max(wait_ms, asked_ms))
            self._emit("webhook", sender, id=webhook_id, to=to, attempt=attempt, payload=json.loads(letter.text))
            result = yield from self._deliver(letter, to)
            self._emit(
                "webhook_result", sender, id=webhook_id, to=to, attempt=attempt, ok=not result.why, why=result.why
            )
            if not result.why or result.final:
                return
            asked_ms = result.retry_after_s * SECOND_MS

    def arrived(self, sender: str, to: str, payload: dict[str, Any]) -> Generator[Any, Any, Reply]:
        """See :meth:`Network.arrived`."""
        webhook_id, inbox = f"w{self._network.number()}", self._world.actors[to].inbox
        self._emit("webhook", sender, id=webhook_id, to=to, attempt=1, payload=payload)
        reply, result = Reply(False, {"message": f"{to} takes no webhooks"}, 503), _Result("not taken")
        if inbox is not None and not self._network.is_down(to):
            principal = Principal(sender, self._world.actors[sender].role)
            reply = yield from inbox.handle("webhook", json.loads(json.dumps(payload)), principal)
            result = _Result("" if reply.ok else f"answered with an error: {json.dumps(reply.body)[:200]}")
        self._emit("webhook_result", sender, id=webhook_id, to=to, attempt=1, ok=reply.ok, why=result.why)
        return reply

    def _deliver(self, letter: Letter, to: str) -> Generator[Any, Any, _Result]:
        network, sender, text = self._network, letter.sender, letter.text
        leg = Leg(sender, to, "webhook")
        if not self._world.ecosystem.may_notify(sender, to):
            return _Result("not authorised")
        arrived = yield from network.transit.there(leg, len(text))
        if arrived.end != "unsent" and network.is_down(to):
            return _Result(f"{to} is down")
        if arrived.end:
            return _ended(arrived, to)
        inbox = self._world.actors[to].inbox
        if inbox is None:
            return _Result(f"{to} takes no webhooks")
        ahead_ms = network.faults.skew_ms(sender) - network.faults.skew_ms(to)
        if arrived.forged or not -BEHIND_MS <= ahead_ms <= AHEAD_MS:
            why = "does not verify" if arrived.forged else f"is of {'later' if ahead_ms > 0 else 'long ago'}"
            return _Result(f"answered with status 401: the signature {why}")
        principal = Principal(sender, self._world.actors[sender].role)
        for _ in range(arrived.copies):
            self._world.spawn(self._copy(leg, letter, principal))
        try:
            reply: Reply = yield from inbox.handle("webhook", json.loads(text), principal, {"letter": letter})
        except NoReply as none:
            return _Result(none.why, getattr(none.error, "retry_after_s", None) or 0, final=none.final)
        effect = yield from network.transit.back(Leg(sender, to, "webhook", "answer"), 0, reply.ok)
        if effect.end:
            return _ended(effect, to)
        why = "" if reply.ok else f"answered with an error: {json.dumps(reply.body)[:200]}"
        return _Result(why, final=reply.status == 409)

    def _copy(self, leg: Leg, letter: Letter, principal: Principal) -> Generator[Any, Any, None]:
        """A webhook arrives once more; the trace has what the receiver says to that."""
        yield self._world.env.timeout(self._network.transit.latency_ms(leg.sender, leg.to))
        inbox = self._world.actors[leg.to].inbox
        if inbox is not None and not self._network.is_down(leg.to):
            text = letter.text
            try:
                reply: Reply = yield from inbox.handle("webhook", json.loads(text), principal, {"letter": letter})
            except NoReply:
                return
            self._emit("copy", leg.to, to=leg.sender, operation="webhook", ok=reply.ok, body=reply.body)

    def _emit(self, kind: str, actor: str, **data: Any) -> None:
        self._world.trace.emit(self._world.now, kind, actor, data)


def _ended(effect: Effect, to: str) -> _Result:
    """What the sender of a webhook knows of one that did not get through."""
    if effect.end == "refused":
        return _Result(f"{to} answered with status {effect.status}", effect.retry_after_s or 0)
    words = {"unsent": "message lost", "lost": "answer lost", "cut": "cut short", "reset": "connection reset"}
    return _Result(words[effect.end])
