"""The actor that stands for a real service: what comes to its door is asked outside."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Generator, Iterable
from typing import TYPE_CHECKING, Any, ClassVar

from sandbox.core.errors import InputError
from sandbox.core.time import SECOND_MS
from sandbox.kernel.actor import Actor, ActorKind
from sandbox.kernel.endpoint import Context, Endpoint, Operation, Principal, Reply
from sandbox.kernel.latency import Latency
from sandbox.kernel.network import PeerBroken, PeerRefused, PeerTimeout, PeerUnreachable
from sandbox.kernel.real import ANNOUNCE, QUIET, WEBHOOK, Answer, NoReply
from sandbox.kernel.webhooks import Letter
from sandbox.peers.config import CONFIGS, PeerConfig
from sandbox.peers.plain import PlainDialect
from sandbox.protocol.tools import TOOLS

if TYPE_CHECKING:
    from sandbox.kernel.world import World

SETTLED_MS = SECOND_MS
"""How long after an answer the service is listened to: by then whoever asked has the answer."""


class Peer(Actor, ABC):
    """A real service in the world. ``config`` says where it is; only the one who makes the calls reads that."""

    kind: ClassVar[str]

    def __init__(self, world: World, actor_id: str, config: PeerConfig) -> None:
        super().__init__(world, actor_id)
        self.config = config
        self.name = config.name or actor_id
        self.endpoint = self.door = Endpoint(self, PlainDialect(), self.operations())
        self.inbox = Endpoint(self, PlainDialect(), [Operation("webhook", _bring, mutating=True)])
        self.listening = False

    @abstractmethod
    def operations(self) -> Iterable[Operation]:
        """What it may be asked."""

    def start(self) -> None:
        """Let the service know where the sandbox is, if it wants to."""
        if self.config.announce is not None:
            self.world.spawn(self._announce())

    def _announce(self) -> Generator[Any, Any, None]:
        answer: Answer = yield self.world.real.ask(self.id, ANNOUNCE, {}, {}, Principal(self.id, self.role))
        if not answer.ok:
            why = answer.why or f"it answers with status {answer.status}"
            raise InputError(
                f"actors.{self.id}.announce: {self.config.announce} was not told where the sandbox is: {why}",
                hint="start the service first; `announce` is a path at which it takes a POST"
                if answer.why
                else "`announce` is a path at which it takes a POST; leave it out for a service that has none",
            )
        self.listen()

    def listen(self) -> None:
        """Let time stand still once, shortly, until the service does nothing by itself any more."""
        if self.config.quiet_ms and not self.listening:
            self.listening = True
            self.world.spawn(self._listen())

    def _listen(self) -> Generator[Any, Any, None]:
        yield self.world.env.timeout(SETTLED_MS)
        self.listening = False
        yield self.world.real.ask(self.id, QUIET, {}, {}, Principal(self.id, self.role))


def _ask(ctx: Context, request: dict[str, Any]) -> Generator[Any, Any, Reply]:
    """Ask the service: the request goes out as it is, and the answer comes in as it is.

    Takes the latency of the service's settings. Raises :class:`NoReply`.
    """
    peer = ctx.actor
    assert isinstance(peer, Peer)
    shown = peer.door.operations[ctx.operation].masked(request)
    answer: Answer = yield peer.world.real.ask(peer.id, ctx.operation, request, shown, ctx.principal)
    latency = Latency(peer.config.latency.median, peer.config.latency.p95)
    if answer.lost != "timeout":
        yield peer.world.env.timeout(latency.draw(peer.rng("latency")))
    peer.listen()
    if answer.lost:
        raise _lost(answer, peer.id, ctx.operation)
    return Reply(answer.ok, answer.body, answer.status)


def _bring(ctx: Context, payload: dict[str, Any]) -> Generator[Any, Any, Reply]:
    """Bring the service a webhook, whose :class:`Letter` is in the notes. Raises :class:`NoReply`.

    That no answer comes is noticed when the service's time is over, in simulated time too.
    """
    peer, letter = ctx.actor, ctx.notes["letter"]
    assert isinstance(peer, Peer)
    assert isinstance(letter, Letter)
    shown = {"to": letter.url, "id": letter.webhook_id, "body": payload, "adcp": letter.adcp}
    skew_ms = peer.world.network.faults.skew_ms(letter.sender)
    whole = {**shown, "authentication": letter.authentication, "skew_ms": skew_ms}
    answer: Answer = yield peer.world.real.ask(peer.id, WEBHOOK, whole, shown, ctx.principal)
    peer.listen()
    if answer.lost == "timeout":
        yield peer.world.env.timeout(peer.config.timeout)
    if answer.lost:
        lost = _lost(answer, peer.id, "webhook")
        raise NoReply(lost.error, answer.why, final=answer.status == CONFLICT)
    return Reply(True, answer.body, answer.status)


CONFLICT = 409
"""The status by which a receiver says that it never takes this webhook: its key came with another body."""


def _lost(answer: Answer, to: str, operation: str) -> NoReply:
    """The error that a simulated actor would cause."""
    words = f"{operation} to {to}: {answer.why}"
    match answer.lost:
        case "timeout":
            return NoReply(PeerTimeout(words), answer.why, silent=True)
        case "broken":
            return NoReply(PeerBroken(words), answer.why)
        case "refused":
            return NoReply(PeerRefused(words, answer.status, answer.retry_after_s), answer.why)
    return NoReply(PeerUnreachable(words), answer.why)


def outside(name: str, detail: Any = None, secrets: tuple[str, ...] = ()) -> Operation:
    """An operation that a service has. All change something, as far as one can tell from here."""
    return Operation(name, _ask, mutating=True, detail=detail, secrets=secrets)


class AgentOf(Peer):
    """A real AdCP agent; any tool may be asked for, it knows itself which it has."""

    def operations(self) -> Iterable[Operation]:
        return [outside(tool, secrets=("accounts",) if tool == "sync_governance" else ()) for tool in TOOLS]


def _agent(kind: str) -> type[Peer]:
    return type(f"Real{kind.capitalize()}", (AgentOf,), {"role": kind, "kind": kind})


def peer_kind(kind: str) -> ActorKind:
    """A kind of actor as a real service. :class:`InputError` for a kind that can't be one."""
    if kind not in CONFIGS:
        raise InputError(f"an actor of kind {kind!r} can't be real", hint=f"these can: {', '.join(CONFIGS)}")
    if kind == "outcome":
        from sandbox.peers.outcome import RealOutcomeAgent

        return ActorKind(kind, CONFIGS[kind], RealOutcomeAgent)
    if kind == "buyer":
        from sandbox.peers.platform import RealPlatform

        return ActorKind(kind, CONFIGS[kind], RealPlatform)
    return ActorKind(kind, CONFIGS[kind], _agent(kind))
