"""Actors that are real services: what they are asked waits here until whoever steps the world has asked it.

A world knows nothing of connections. A request to such an actor is put into :class:`RealCalls` and waits for its
answer; simulated time goes on when the answer is there, so it stands still while a real call runs.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import simpy

from sandbox.core.errors import SandboxError
from sandbox.kernel.endpoint import Principal

if TYPE_CHECKING:
    from sandbox.kernel.world import World

Lost = Literal["", "unreachable", "timeout", "broken", "refused"]

QUIET = "_quiet"
"""The operation of a call that asks nothing: it is over when the service has been silent for a while."""

ANNOUNCE = "_announce"
"""The operation of a call that tells a service where the sandbox is."""

WEBHOOK = "_webhook"
"""The operation of a call that brings a service a webhook: ``{to, id, body, adcp, authentication, skew_ms}``."""


@dataclass(slots=True, frozen=True)
class Answer:
    """What came of a real call: an answer, or (``lost``) why there is none.

    ``refused`` is an HTTP status instead of an answer, perhaps with the seconds to wait.
    """

    ok: bool = True
    status: int = 200
    body: dict[str, Any] = field(default_factory=dict)
    lost: Lost = ""
    why: str = ""
    retry_after_s: int | None = None


@dataclass(slots=True, frozen=True)
class RealCall:
    """A request to a real service; ``answered`` is its event. ``shown`` is the payload without its secrets."""

    actor: str
    operation: str
    payload: dict[str, Any]
    shown: dict[str, Any]
    principal: Principal
    answered: simpy.Event

    @property
    def name(self) -> str:
        """``actor.operation``."""
        return f"{self.actor}.{self.operation}"


class NoReply(Exception):
    """Raised by an endpoint that gives no answer at all.

    ``silent`` if that is noticed only when the time is over, ``final`` if asking once more is of no use.
    """

    def __init__(self, error: SandboxError, why: str, silent: bool = False, final: bool = False) -> None:
        super().__init__(why)
        self.error, self.why, self.silent, self.final = error, why, silent, final


class RealCalls:
    """The calls of a world that wait, in the order in which they were made."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.waiting: deque[RealCall] = deque()
        """Those that nobody has begun to make."""
        self._under_way: list[RealCall] = []

    def ask(
        self, actor: str, operation: str, payload: dict[str, Any], shown: dict[str, Any], principal: Principal
    ) -> simpy.Event:
        """Let a service be asked; the event's value is its :class:`Answer`."""
        call = RealCall(actor, operation, payload, shown, principal, self._world.env.event())
        self.waiting.append(call)
        return call.answered

    def take(self) -> RealCall | None:
        """The next call that has to be made; None if there is none. :meth:`end` ends it."""
        if not self.waiting:
            return None
        call = self.waiting.popleft()
        self._under_way.append(call)
        return call

    def end(self, call: RealCall, answer: Answer) -> None:
        """Give a call its answer."""
        self._under_way.remove(call)
        call.answered.succeed(answer)

    def is_asked(self, actor: str) -> bool:
        """True while a service has been asked something and has not answered."""
        calls = (*self.waiting, *self._under_way)
        return any(call.actor == actor and not call.operation.startswith("_") for call in calls)
