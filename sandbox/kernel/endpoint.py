"""The one door: every message to an actor comes in here, whoever sent it and however it travelled.

What differs between AdCP and the platform's REST interface (who may call, what a valid request is, what
makes a retry harmless, what an error looks like) is in the endpoint's :class:`Dialect`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from sandbox.core.errors import AdcpError, ApiError

if TYPE_CHECKING:
    from sandbox.kernel.actor import Actor
    from sandbox.kernel.world import World

Steps = Generator[Any, Any, Any]
"""A SimPy process: yields events, returns a value."""

Handler = Callable[["Context", dict[str, Any]], Any]
"""``handler(context, request)`` returns the answer's body, or is a generator function that returns it."""


@dataclass(slots=True, frozen=True)
class Principal:
    """Who calls: an actor, or a customer through the platform's API.

    ``role`` is the caller's role (``buyer``, ``seller`` …); a scenario's own steps have ``driver``. ``user`` is
    the e-mail address of the person behind a customer, if it is known who that is.
    """

    id: str
    role: str = "driver"
    user: str = ""


@dataclass(slots=True, frozen=True)
class Operation:
    """One operation of an endpoint: an AdCP tool or a REST operation.

    ``mutating`` says that it changes the world: things, the clock, or what chance will do. ``secrets`` are the
    places in a payload (``body.auth.token``) that no trace, log or journal may show. ``detail`` holds what only
    the dialect understands, such as the REST method, path and models.
    """

    name: str
    handler: Handler
    mutating: bool = False
    detail: Any = None
    secrets: tuple[str, ...] = ()

    def masked(self, payload: dict[str, Any]) -> dict[str, Any]:
        """The payload with its secrets struck out; the payload itself stays as it is."""
        for place in self.secrets:
            payload = _masked(payload, place.split("."))
        return payload


HIDDEN = "[redacted]"
"""What stands where a secret was."""


def _masked(value: Any, place: list[str]) -> Any:
    """A value without its secret; what is no object where there should be one may itself be the secret."""
    if not isinstance(value, dict):
        return value if value is None else HIDDEN
    if place[0] not in value:
        return value
    secret = value[place[0]]
    if secret is None:
        return value
    inner = HIDDEN if len(place) == 1 else _masked(secret, place[1:])
    return {**value, place[0]: inner}


@dataclass(slots=True, frozen=True)
class Reply:
    """What comes back through the door. ``ok`` is False when ``body`` describes an error.

    ``text`` is the body as the JSON text that crossed the network; empty if it crossed none. See :meth:`json`.
    """

    ok: bool
    body: dict[str, Any]
    status: int = 200
    text: str = field(default="", compare=False, repr=False)

    def json(self) -> str:
        """The body as JSON text, written once however many want it."""
        return self.text or json.dumps(self.body)


@dataclass(slots=True)
class Context:
    """What a handler knows about the call that it serves."""

    world: World
    actor: Actor
    principal: Principal
    operation: str
    version: str = ""
    """The negotiated AdCP release, for example ``3.1``."""
    notes: dict[str, Any] = field(default_factory=dict)
    """Room for the dialect, for example the key under which the answer is remembered."""
    at_end: list[Callable[[bool], None]] = field(default_factory=list)
    """Called when the request is answered, with whether it was accepted."""

    @property
    def now(self) -> int:
        """Simulated time in ms."""
        return self.world.now

    def call(self, to: str, operation: str, payload: dict[str, Any]) -> Generator[Any, Any, Reply]:
        """Call another actor from a handler: ``reply = yield from ctx.call(…)``."""
        return self.actor.call(to, operation, payload)


class Answered(Exception):
    """Raised by :meth:`Dialect.open` when the answer is known without the handler (a replay)."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply)
        self.reply = reply


class Dialect(Protocol):
    """How one protocol opens a request, closes an answer and words an error."""

    def open(self, ctx: Context, operation: Operation, payload: dict[str, Any]) -> dict[str, Any]:
        """Check the payload and give the request that the handler gets.

        Raises :class:`AdcpError` or :class:`ApiError` to refuse, :class:`Answered` to answer at once.
        """
        ...

    def close(self, ctx: Context, operation: Operation, payload: dict[str, Any], result: Any) -> Reply:
        """Make the reply out of what the handler returned."""
        ...

    def fail(self, ctx: Context, payload: dict[str, Any], error: AdcpError | ApiError) -> Reply:
        """Make the reply out of an error."""
        ...

    def unknown(self, ctx: Context, known: Iterable[str]) -> AdcpError | ApiError:
        """The error for an operation that the endpoint does not have."""
        ...


class Endpoint:
    """The operations of one actor behind one dialect."""

    __slots__ = ("actor", "dialect", "operations")

    def __init__(self, actor: Actor, dialect: Dialect, operations: Iterable[Operation]) -> None:
        self.actor = actor
        self.dialect = dialect
        self.operations: Mapping[str, Operation] = {op.name: op for op in operations}

    def handle(
        self, operation: str, payload: dict[str, Any], principal: Principal, notes: Mapping[str, Any] | None = None
    ) -> Generator[Any, Any, Reply]:
        """Serve one request; takes as much simulated time as its handler does.

        ``notes`` is what the edge knows about the request besides, such as the token of a public operation.
        """
        ctx = Context(self.actor.world, self.actor, principal, operation, notes=dict(notes or {}))
        accepted = False
        try:
            known = self.operations.get(operation)
            if known is None:
                raise self.dialect.unknown(ctx, self.operations)
            request = self.dialect.open(ctx, known, payload)
            result = known.handler(ctx, request)
            if isinstance(result, Generator):
                result = yield from result
            reply = self.dialect.close(ctx, known, payload, result)
            accepted = reply.ok
            return reply
        except Answered as answered:
            return answered.reply
        except (AdcpError, ApiError) as error:
            return self.dialect.fail(ctx, payload, error)
        finally:
            for end in ctx.at_end:
                end(accepted)
