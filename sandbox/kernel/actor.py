"""Actors: the parties of the ecosystem, and how a scenario finds their kinds."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Callable, Generator
from dataclasses import dataclass
from functools import cache
from random import Random
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from sandbox.core.errors import InputError
from sandbox.kernel.endpoint import Endpoint, Principal, Reply

if TYPE_CHECKING:
    from sandbox.kernel.world import World

ENTRY_POINTS = "adcp_sandbox.agents"
"""The entry-point group in which packages register kinds of actors."""

Control = Callable[..., Any]
"""What a scenario's ``do:`` step can do to an actor; called with the step's ``with:`` as keywords."""


class Actor:
    """A party that receives messages, sends messages and does things of its own over time.

    Subclasses set ``endpoint`` (requests come in there), ``inbox`` (webhooks come in there) and
    ``controls``; :meth:`start` is called once, when the whole world has been built.
    """

    role = "actor"

    def __init__(self, world: World, actor_id: str) -> None:
        self.world = world
        self.id = actor_id
        self.ids = world.ids(actor_id)
        self.endpoint: Endpoint | None = None
        self.inbox: Endpoint | None = None
        self.controls: dict[str, Control] = {"go_down": self.go_down, "come_back": self.come_back}

    @property
    def now(self) -> int:
        """Simulated time in ms."""
        return self.world.now

    def start(self) -> None:
        """Begin what the actor does by itself. By default, nothing."""
        return

    def rng(self, purpose: str) -> Random:
        """This actor's random stream for one purpose."""
        return self.world.streams.stream(self.id, purpose)

    def call(
        self, to: str, operation: str, payload: dict[str, Any], timeout_ms: int | None = None
    ) -> Generator[Any, Any, Reply]:
        """Send a request and wait for the answer: ``reply = yield from self.call(…)``.

        Raises :class:`~sandbox.kernel.network.PeerUnreachable` or ``PeerTimeout`` when none comes.
        """
        return self.world.network.call(self.id, to, operation, payload, Principal(self.id, self.role), timeout_ms)

    def emit(self, kind: str, **data: Any) -> None:
        """Write an event of this actor into the trace."""
        self.world.trace.emit(self.world.now, kind, self.id, data)

    def status(self, entity: str, entity_id: str, old: str | None, new: str, why: str = "") -> None:
        """Say in the trace that a thing of this actor changed its state (``entity`` names a lifecycle)."""
        self.emit("status", entity=entity, id=entity_id, old=old, new=new, why=why)

    def decide(self, entity: str, entity_id: str, decision: str, why: str) -> None:
        """Say in the trace what this actor decided about a thing, and why."""
        self.emit("decision", entity=entity, id=entity_id, decision=decision, why=why)

    def on_line_exhausted(self, line_id: str) -> None:
        """Called when a delivery line that this actor opened can buy no further impression."""
        return

    def go_down(self) -> None:
        """Stop answering: requests and webhooks to this actor are refused until it comes back."""
        self.world.network.set_down(self.id, True)

    def come_back(self) -> None:
        """Answer again."""
        self.world.network.set_down(self.id, False)


@dataclass(slots=True, frozen=True)
class ActorKind:
    """A kind of actor that a scenario can name.

    ``config`` is the pydantic model of its settings in a scenario; ``build(world, actor_id, config)`` makes
    one; ``generate(rng, count)`` invents the settings of ``count`` of them (``generate: N``).
    """

    name: str
    config: type[BaseModel]
    build: Callable[[World, str, Any], Actor]
    generate: Callable[[Random, int], list[dict[str, Any]]] | None = None


@cache
def _installed() -> dict[str, importlib.metadata.EntryPoint]:
    return {point.name: point for point in importlib.metadata.entry_points(group=ENTRY_POINTS)}


def actor_kinds() -> list[str]:
    """The names of all kinds that are installed."""
    return sorted(_installed())


def actor_kind(name: str) -> ActorKind:
    """Load one kind; :class:`InputError` when none of that name is installed."""
    if name not in _installed():
        raise InputError(f"unknown kind of actor {name!r}", hint=f"installed are {', '.join(actor_kinds())}")
    kind = _installed()[name].load()
    if not isinstance(kind, ActorKind):
        raise InputError(f"entry point {name!r} of {ENTRY_POINTS} is not an ActorKind")
    return kind
