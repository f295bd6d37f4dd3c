"""The actor that stands for a real service: what comes to its door is asked outside."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from sandbox.core.errors import AdcpError, ApiError, InputError
from sandbox.core.time import SECOND_MS
from sandbox.kernel.actor import Actor, ActorKind
from sandbox.kernel.endpoint import Context, Dialect, Endpoint, Operation, Principal, Reply
from sandbox.kernel.latency import Latency
from sandbox.kernel.network import PeerBroken, PeerRefused, PeerTimeout, PeerUnreachable
from sandbox.kernel.real import ANNOUNCE, QUIET, Answer, NoReply
from sandbox.peers.config import CONFIGS, PeerConfig
from sandbox.protocol.tools import TOOLS

if TYPE_CHECKING:
    from sandbox.kernel.world import World

SETTLED_MS = SECOND_MS
"""How long after an answer the service is listened to: by then whoever asked has the answer."""


class Peer(Actor):
    """A real service in the world. ``config`` says where it is; only the one who makes the calls reads that."""

    kind: ClassVar[str]

    def __init__(self, world: World, actor_id: str, config: PeerConfig) -> None:
        super().__init__(world, actor_id)
        self.config = config
        self.name = config.name or actor_id
        self.endpoint = PeerEndpoint(self, self.operations())
        self.listening = False

    def operations(self) -> Iterable[Operation]:
        """What it may be asked."""
        raise NotImplementedError

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
                hint="start the service first; `announce` is a path at which it takes a POST",
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


class PeerEndpoint(Endpoint):
    """The door of a real service: a request goes out as it is, and the answer comes in as it is."""

    __slots__ = ("peer",)

    def __init__(self, peer: Peer, operations: Iterable[Operation]) -> None:
        super().__init__(peer, _Outside(), operations)
        self.peer = peer

    def handle(
        self, operation: str, payload: dict[str, Any], principal: Principal, notes: Mapping[str, Any] | None = None
    ) -> Generator[Any, Any, Reply]:
        """Ask the service; takes the latency of its settings. Raises :class:`NoReply`."""
        peer, known = self.peer, self.operations.get(operation)
        shown = payload if known is None else known.masked(payload)
        answer: Answer = yield peer.world.real.ask(peer.id, operation, payload, shown, principal)
        latency = Latency(peer.config.latency.median, peer.config.latency.p95)
        if answer.lost != "timeout":
            yield peer.world.env.timeout(latency.draw(peer.rng("latency")))
        peer.listen()
        if answer.lost:
            raise _lost(answer, peer.id, operation)
        return Reply(answer.ok, answer.body, answer.status)


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


class _Outside(Dialect):
    """A service opens, closes and words everything itself."""

    def open(self, ctx: Context, operation: Operation, payload: dict[str, Any]) -> dict[str, Any]:
        raise NotImplementedError

    def close(self, ctx: Context, operation: Operation, payload: dict[str, Any], result: Any) -> Reply:
        raise NotImplementedError

    def fail(self, ctx: Context, payload: dict[str, Any], error: AdcpError | ApiError) -> Reply:
        raise NotImplementedError

    def unknown(self, ctx: Context, known: Iterable[str]) -> AdcpError | ApiError:
        raise NotImplementedError


def outside(name: str, detail: Any = None, secrets: tuple[str, ...] = ()) -> Operation:
    """An operation that a service has. All change something, as far as one can tell from here."""
    return Operation(name, _never, mutating=True, detail=detail, secrets=secrets)


def _never(_ctx: Context, _request: dict[str, Any]) -> Any:
    raise NotImplementedError("a real service has no handlers here")


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
