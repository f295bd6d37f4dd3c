"""The local half of a served world: driver and judge live here, everything they ask for happens there.

Local time follows the server's clock, and the server's events come into the local trace, so whoever listens
to the trace or waits for an instant notices no difference.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator
from functools import partial
from typing import TYPE_CHECKING, Any

from sandbox.core.errors import InputError
from sandbox.core.time import HOUR_MS
from sandbox.kernel.actor import Actor
from sandbox.kernel.endpoint import Principal, Reply
from sandbox.kernel.network import Network, NetworkConfig, PeerTimeout, PeerUnreachable
from sandbox.kernel.world import Wake, World
from sandbox.scenario.driver import Driver
from sandbox.scenario.remote.client import Sandbox, Trouble
from sandbox.scenario.remote.wire import send

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sandbox.kernel.endpoint import Operation
    from sandbox.kernel.trace import Event
    from sandbox.scenario.load import Scenario

Steps = Generator[Any, Any, Any]


class Mirror(World):
    """Mirrors the world that a sandbox serves.

    ``plan`` is the same world as this scenario builds it, which is never run: it knows the actors, their
    operations and controls. ``keys`` are API keys by customer; steps act for the customer ``own``.
    """

    def __init__(self, plan: World, sandbox: Sandbox, keys: Mapping[str, str], own: str) -> None:
        super().__init__(plan.seed, plan.start_ms)
        self.sandbox = sandbox
        self.keys = keys
        self.own = own
        self.network = _Wire(self)
        self._due: deque[tuple[Callable[[], Any], Wake]] = deque()
        self._seqs: list[int] = []
        self._playing = False
        self._end_ms: int | None = None
        for actor in plan.actors.values():
            if actor.role != "driver":
                self.add(_Distant(self, actor))

    def local_seq(self, seq: int) -> int:
        """The number in the local trace of an event of the served world; 0 if it is not there."""
        return self._seqs[seq - 1] if 0 < seq <= len(self._seqs) else 0

    def play(self, end_ms: int, awaited: Callable[[], str], progress: Callable[[int], None] | None) -> None:
        """Let time pass, here and there, up to and including an instant.

        ``awaited`` tells the kind of event that somebody here waits for, so that the server stops for it;
        ``progress`` is called with the simulated time, at most once for each simulated hour.
        """
        self._end_ms = end_ms
        self._playing = True
        try:
            self._play(end_ms, awaited, progress)
        finally:
            self._playing = False

    def _play(self, end_ms: int, awaited: Callable[[], str], progress: Callable[[int], None] | None) -> None:
        reported_ms = self.now
        self.sandbox.advance(self.now)
        while True:
            while self.env.peek() <= self.now:
                self.env.step()
            if self._due:
                do, done = self._due.popleft()
                outcome = do()
                if self.follow() > end_ms:
                    break  # the end of the clock cuts it off
                done.succeed(outcome)
            elif self.now < end_ms:
                self.sandbox.advance(int(min(self.env.peek(), end_ms)), awaited())
                self.follow()
            else:
                break
            if progress is not None and self.now - reported_ms >= HOUR_MS:
                reported_ms = self.now
                progress(reported_ms)

    def settle(self) -> None:
        """Enter what was delivered up to the end of the run. What comes after it is entered too from here on."""
        self.sandbox.settle()
        self.follow()
        self._end_ms = None

    def follow(self) -> int:
        """Go where the server's clock is, and enter what has happened there; gives that instant in ms.

        Never beyond the end of a run.
        """
        events, now_ms = self.sandbox.events(len(self._seqs))
        until_ms = now_ms if self._end_ms is None else min(now_ms, self._end_ms)
        if until_ms > self.now:
            self.env.run(until=until_ms)
        for event in events:
            if event.at_ms > until_ms:
                break
            self._seqs.append(self.trace.emit(event.at_ms, event.kind, event.actor, event.data).seq)
        return now_ms

    def when_all_is_done(self, do: Callable[[], Any]) -> Steps:
        """Have something done that may take time on the server, when nothing else is due here at this instant."""
        if not self._playing:
            outcome = do()
            self.follow()
            return outcome
        done = self.env.event()
        self._due.append((do, done))
        return (yield done)


class RemoteDriver(Driver):
    """A driver whose world is a mirror."""

    def __init__(self, mirror: Mirror, scenario: Scenario) -> None:
        super().__init__(mirror, scenario)
        self._mirror = mirror

    def measure(self, metric: str, selectors: Mapping[str, Any]) -> float | int | None:
        return self._mirror.sandbox.measure(metric, selectors)


class _Distant(Actor):
    """Stands for an actor of the served world: what it takes is known here, what it does is done there."""

    def __init__(self, mirror: Mirror, original: Actor) -> None:
        super().__init__(mirror, original.id)
        self._mirror = mirror
        self.role = original.role
        self.endpoint = original.endpoint
        self.customers = getattr(original, "customers", {})
        self.controls = {name: partial(self._do, name) for name in original.controls}

    def _do(self, control: str, /, **arguments: Any) -> Steps:
        problem = yield from self._mirror.when_all_is_done(
            lambda: self._mirror.sandbox.act(self.id, control, arguments)
        )
        if problem:
            raise InputError(problem)


class _Wire(Network):
    """The network of a mirror: every request goes to the server."""

    def __init__(self, mirror: Mirror) -> None:
        super().__init__(mirror, NetworkConfig())
        self._mirror = mirror
        self._reads = 0
        mirror.trace.listen(self._on_event)

    def _on_event(self, event: Event) -> None:
        """Know who is down, as the server's trace tells it."""
        if event.kind == "fault" and event.data["fault"] in ("down", "up"):
            (self._down.add if event.data["fault"] == "down" else self._down.discard)(event.actor)

    def call(
        self,
        sender: str,
        to: str,
        operation: str,
        payload: dict[str, Any],
        principal: Principal,
        timeout_ms: int | None = None,
    ) -> Generator[Any, Any, Reply]:
        """Send a request and wait for its answer, as :meth:`Network.call` does."""
        mirror = self._mirror
        endpoint = mirror.actors[to].endpoint
        assert endpoint is not None
        known = endpoint.operations[operation]
        if not known.mutating:
            return self._read(sender, to, known, payload, principal)
        mark = len(mirror.trace.events)
        reply: Reply = yield from mirror.when_all_is_done(lambda: self._send(to, known, payload, principal))
        for event in mirror.trace.events[mark:]:
            if event.kind == "lost" and event.actor == sender:
                why = event.data["why"]
                late = why in ("no answer in time", "answer lost")
                raise (PeerTimeout if late else PeerUnreachable)(f"{operation} to {to}: {why}")
        return reply

    def _read(self, sender: str, to: str, operation: Operation, payload: dict[str, Any], principal: Principal) -> Reply:
        """A request that changes nothing. The server does not trace it, so the two events are made here."""
        self._reads += 1
        call_id, now, name = f"r{self._reads}", self._mirror.now, operation.name
        asked = {"id": call_id, "to": to, "operation": name, "payload": operation.masked(payload)}
        self._mirror.trace.emit(now, "call", sender, asked)
        if to in self._down:
            self._emit("lost", sender, id=call_id, to=to, operation=name, why=f"{to} is down")
            raise PeerUnreachable(f"{name} to {to}: {to} is down")
        reply = self._send(to, operation, payload, principal)
        told = {"id": call_id, "to": sender, "operation": name, "ok": reply.ok, "body": reply.body}
        self._mirror.trace.emit(now, "reply", to, told)
        return reply

    def _send(self, to: str, operation: Operation, payload: dict[str, Any], principal: Principal) -> Reply:
        key = self._mirror.keys.get(principal.id)
        if key is not None and principal.id != self._mirror.own:
            raise Trouble(
                f"a step acts for {principal.id}, which has a world of its own in a served sandbox",
                f"only steps of {self._mirror.own} can be played",
            )
        reply = send(self._mirror.sandbox, to, operation.detail, payload, key, self._mirror.files)
        if reply.status == 401 and key is not None:
            raise Trouble(f"{self._mirror.sandbox.url} refuses the API key of {principal.id}")
        return reply
