"""One customer's world, and the one place where something is done in it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from sandbox.core.errors import ApiError
from sandbox.journal.store import Entry
from sandbox.kernel.actor import Actor
from sandbox.kernel.checkers import CHECKERS, Violation
from sandbox.kernel.endpoint import Endpoint, Principal, Reply
from sandbox.kernel.webhooks import Letter
from sandbox.kernel.world import World
from sandbox.peers.services import Services
from sandbox.protocol.dialect import AdcpDialect
from sandbox.protocol.tools import TOOLS
from sandbox.server.again import Again, Judge
from sandbox.server.again_played import GoingOn, PlayedAgain
from sandbox.server.clock import Clock
from sandbox.server.inputs import ADCP, CALL, CLIENT, CONTROL, WEBHOOK, Input, bug, out_of_order
from sandbox.server.outbox import Outbox
from sandbox.server.reads import Reads
from sandbox.server.real import RealSide
from sandbox.server.stepping import Stepper
from sandbox.server.turn import Turn
from sandbox.server.writer import Writer


class Host:
    """Serves one world: one input at a time, in the order of arrival.

    The ``world`` is at its first instant. Inputs are stamped with the simulated time at which they
    are taken, and acknowledged when the journal has them. A read sees what has been done by then, and is answered
    when the journal has that too. While the world waits for a real service, inputs are taken as well.
    """

    def __init__(
        self,
        name: str,
        platform_id: str,
        world: World,
        clock: Clock,
        writer: Writer,
        outbox: Outbox | None = None,
        services: Services | None = None,
    ) -> None:
        self.name = name
        self._platform_id = platform_id
        self._clock = clock
        self._writer = writer
        self._outbox = outbox
        self._services = services if services is not None else Services(platform_id)
        self._again: Again | None = None
        self._going_on: GoingOn | None = None
        self._reserved = False
        self._turn = Turn()
        self._entering: set[asyncio.Task[Reply]] = set()
        self._reads = Reads()
        self.keeps_reads = False
        """Whether the journal gets what is only read."""
        self.inputs = 0
        """How many inputs there were since the first instant."""
        self._build(world)

    def _build(self, world: World) -> None:
        self.world = world
        self.world.network.outside = self._send_out
        self.world.network.transit.real_clients = True
        self.platform: Actor = self.world.actors[self._platform_id]
        self.checkers = [checker(self.world) for checker in CHECKERS]
        for checker in self.checkers:
            for event in self.world.trace.events:
                checker.on_event(event)
            self.world.trace.listen(checker.on_event)
        self._real = RealSide(self.world, lambda: self.name, self._turn, self._clock, self._writer, self._services)
        self._stepper = Stepper(self.world, self._real.ask)

    # -- inputs ------------------------------------------------------------------------------------------

    async def call(
        self, operation: str, payload: dict[str, Any], principal: Principal, bearer: str | None = None
    ) -> Reply:
        """Have an operation of the platform done. Reads that change nothing do not wait for inputs before them.

        ``bearer`` is the token of a public operation, which reads find as ``ctx.notes["bearer"]``.
        """
        endpoint = self.platform.endpoint
        assert endpoint is not None
        known = endpoint.operations.get(operation)
        with self._real.busy():
            if known is None or not known.mutating:
                reply = await self._read(operation, payload, principal, bearer, endpoint)
                if (
                    known is not None
                    and principal.role != "public"
                    and self._tells_more(operation, payload, principal, reply)
                ):
                    self._keep(Input(CALL, operation, known.masked(payload), principal), reply)
                return reply
            return await self._enter(Input(CALL, operation, known.masked(payload), principal))

    async def ask(self, agent_id: str, tool: str, payload: dict[str, Any], principal: Principal) -> Reply:
        """Have a tool of an AdCP agent do its work; answers are in the form of the protocol, refusals too.

        Tools that only read are answered at once and are no inputs.
        """
        endpoint = self.world.actors[agent_id].endpoint
        assert endpoint is not None
        known = endpoint.operations.get(tool)
        try:
            with self._real.busy():
                if known is None or not (known.mutating or TOOLS[tool].mutating):
                    reply = await self._read(tool, payload, principal, None, endpoint)
                    name = f"{agent_id}.{tool}"
                    if known is not None and self._tells_more(name, payload, principal, reply):
                        self._keep(Input(ADCP, name, payload, principal), reply)
                    return reply
                return await self._enter(Input(ADCP, f"{agent_id}.{tool}", payload, principal))
        except ApiError as error:
            return out_of_order(error.message)

    async def control(self, name: str, arguments: dict[str, Any]) -> Reply:
        """Let an actor do something by itself: ``actor.control``."""
        return await self._enter(Input(CONTROL, name, arguments, Principal(CLIENT)))

    async def webhook(self, sender: str, to: str, payload: dict[str, Any]) -> Reply:
        """Let an actor have a webhook of a real service."""
        if to not in self.world.actors:
            raise ApiError("NOT_FOUND", f"there is no actor {to}")
        with self._real.busy():
            return await self._enter(Input(WEBHOOK, f"{to}.{sender}", payload, Principal(sender)))

    async def run_to(self, at_ms: int, progress: Callable[[int], None] | None = None) -> None:
        """Let everything happen that is due up to and including an instant."""
        async with self._turn:
            await self._stepper.run(at_ms, progress)

    def reserve(self) -> None:
        """Take no inputs before :meth:`play` stands still."""
        self._turn.take()
        self._reserved = True

    async def play(self, until_ms: int, progress: Callable[[int], None] | None, why: str) -> None:
        """Play the scenario of a reserved world to its end, and close the world then, because of ``why``."""
        self._reserved = False
        try:
            await self._stepper.run(until_ms, progress)
            if self._going_on is not None:
                self._going_on.check_all_done()
        finally:
            self._stepper.closed = why
            await self._turn.leave()

    async def run_until(self, to_ms: int, kinds: frozenset[str]) -> int:
        """Run like :meth:`run_to`, but only to the first event of one of these kinds; gives where that is, in ms."""
        async with self._turn:
            return await self._stepper.run_until(to_ms, kinds)

    def audited(self) -> list[Violation]:
        """What the checkers have found so far, and what they find in the world as it is; it has to be settled."""
        found: list[Violation] = []
        for checker in self.checkers:
            known = len(checker.violations)
            checker.finish()
            found += checker.violations
            del checker.violations[known:]
        return found

    async def close(self, why: str) -> None:
        """Take no further inputs and let no more time pass; done when the input that is under way has ended."""
        self._stepper.closed = why
        if self._reserved:
            self._reserved = False
            await self._turn.leave()
        async with self._turn:
            pass

    async def _read(
        self,
        operation: str,
        payload: dict[str, Any],
        principal: Principal,
        bearer: str | None,
        endpoint: Endpoint,
    ) -> Reply:
        self._writer.check()
        if self._clock.now() > self.world.now and not self._turn.locked():
            await self.run_to(self._clock.now())
        try:
            next(endpoint.handle(operation, payload, principal, {"bearer": bearer} if bearer else None))
        except StopIteration as done:
            reply: Reply = done.value
            if self._writer.behind is not None:
                await self._writer.behind
            return reply
        except Exception:  # noqa: BLE001 - a bug of ours is an answer too
            return bug(operation, isinstance(endpoint.dialect, AdcpDialect))
        raise TypeError(f"{operation} takes simulated time, so it is no read")

    def _tells_more(self, name: str, payload: dict[str, Any], principal: Principal, reply: Reply) -> bool:
        return self.keeps_reads and self._reads.tells_more(name, payload, principal, reply, self.world.now)

    def _keep(self, read: Input, reply: Reply) -> None:
        """Let the journal have what was read, so that an export can promise it. Nobody waits for that."""
        self._writer.add_later(read.read_entry(self.name, self.world.now, reply))

    async def _enter(self, given: Input) -> Reply:
        """Take an input. It is done whole, and recorded, even if whoever sent it does not wait for the answer."""
        self._reads.forget()
        entering = asyncio.ensure_future(self._take(given))
        self._entering.add(entering)
        entering.add_done_callback(self._entering.discard)
        return await asyncio.shield(entering)

    async def _take(self, given: Input) -> Reply:
        self._writer.check()
        stands_still = await self._turn.nest()
        try:
            at_ms = self.world.now if stands_still else max(self._clock.now(), self.world.now)
            if self._stepper.closed:
                raise ApiError("CONFLICT", self._stepper.closed)
            if not stands_still:
                await self._stepper.run(at_ms)
            with self._real.section(given, at_ms):
                reply = await self._stepper.finish(given, given.steps(self.world, self._platform_id))
            self._clock.push(self.world.now)
            self.inputs += 1
            written = self._writer.add(given.entry(self.name, at_ms, reply))
        finally:
            await self._turn.leave()
        await written
        return reply

    # -- replay ------------------------------------------------------------------------------------------

    def replay(self, entries: Iterable[Entry], until_ms: int, judge: Judge | None = None) -> int:
        """Do again what was done, from the first instant up to ``until_ms``; gives how many inputs that were.

        Raises :class:`InputError` at the first answer that is not the recorded one, or what ``judge`` raises then.
        What a sandbox that was killed did not come to write is written.
        """
        again = Again(self.world, self._platform_id, entries, judge)
        self._learn(again)
        again.run(until_ms)
        if again.missing and judge is None:
            self._writer.journal.append(again.missing)
        self.inputs += again.inputs
        return again.inputs

    def played_again(self, entries: Iterable[Entry]) -> PlayedAgain:
        """The replay of a scenario that was played in this world; no webhook leaves it any more."""
        again = PlayedAgain(self.world, self._platform_id, entries)
        self._learn(again)
        return again

    def go_on(self, entries: Iterable[Entry]) -> None:
        """Let :meth:`play` do again what a journal has, and go on with the services from there."""
        again = self._going_on = GoingOn(self.world, self._platform_id, entries, self._real.ask, self._writer.add)
        self._stepper = again.stepper
        self._learn(again)

    def _learn(self, again: Again) -> None:
        """Let services and outbox know what is only done again."""
        self._again = again
        again.learn = lambda call: self._services.learn(call, self.name)

    def _send_out(self, letter: Letter) -> None:
        """A webhook leaves the world; one that is only sent again by a replay has left before."""
        if self._outbox is not None and not (self._again is not None and self._again.behind):
            self._outbox.put(replace(letter, webhook_id=f"{self.name}-{letter.webhook_id}"))
