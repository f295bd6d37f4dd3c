"""One customer's world, and the one place where something is done in it."""

from __future__ import annotations

import asyncio
import json
import time
import traceback
from collections.abc import Callable, Generator, Iterable
from dataclasses import replace
from functools import partial
from typing import Any, cast

from sandbox.core.errors import AdcpError, ApiError, InputError, SandboxError
from sandbox.core.time import iso
from sandbox.journal.store import Entry
from sandbox.kernel.actor import Actor
from sandbox.kernel.checkers import CHECKERS, Violation
from sandbox.kernel.endpoint import Endpoint, Principal, Reply
from sandbox.kernel.network import PeerTimeout, PeerUnreachable
from sandbox.kernel.webhooks import Letter
from sandbox.kernel.world import World
from sandbox.protocol.dialect import AdcpDialect
from sandbox.protocol.errors import error_body
from sandbox.protocol.tools import TOOLS
from sandbox.protocol.versions import VERSIONS
from sandbox.server.clock import Clock
from sandbox.server.fault_rules import CONTROLS
from sandbox.server.outbox import Outbox
from sandbox.server.writer import Writer

SLICE_S = 0.005
"""How long a world may run before other requests get a turn."""

CLIENT = "driver"
"""The actor that stands for whoever calls from outside."""

NETWORK = "_network"
"""Whose controls are those of faults; no actor can be called so."""

MARKET = "_market"
"""Whose control ``settle`` writes to the trace what was delivered up to now."""

ADCP = "adcp"
"""The kind of an input that is a call of an AdCP agent; its name is ``agent.tool``."""

Make = Callable[[], World]

Judge = Callable[[int, Entry, Reply], None]
"""Is told of an answer that is not the recorded one: the number of its input, the input, the answer now."""


class Host:
    """Serves one world: one input at a time, in the order of arrival.

    ``make`` builds the world at its first instant. Inputs are stamped with the simulated time at which they
    are taken, and acknowledged when the journal has them. A read sees what has been done by then, and is answered
    when the journal has that too.
    """

    def __init__(
        self, name: str, platform_id: str, make: Make, clock: Clock, writer: Writer, outbox: Outbox | None = None
    ) -> None:
        self.name = name
        self._platform_id = platform_id
        self._make = make
        self._clock = clock
        self._writer = writer
        self._outbox = outbox
        self._replaying = False
        self._turn = asyncio.Lock()
        self._closed = ""
        self._entering: set[asyncio.Task[Reply]] = set()
        self.inputs = 0
        """How many inputs there were since the first instant."""
        self._build()

    def _build(self) -> None:
        self.world = self._make()
        self.world.network.outside = self._send_out
        self.world.network.transit.real_clients = True
        self.platform: Actor = self.world.actors[self._platform_id]
        self.checkers = [checker(self.world) for checker in CHECKERS]
        for checker in self.checkers:
            for event in self.world.trace.events:
                checker.on_event(event)
            self.world.trace.listen(checker.on_event)

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
        if known is None or not known.mutating:
            return await self._read(operation, payload, principal, bearer)
        shown = known.masked(payload)
        return await self._enter(
            "call", operation, shown, principal, lambda: self._calling(self._platform_id, operation, shown, principal)
        )

    async def ask(self, agent_id: str, tool: str, payload: dict[str, Any], principal: Principal) -> Reply:
        """Have a tool of an AdCP agent do its work; answers are in the form of the protocol, refusals too.

        Tools that only read are answered at once and are no inputs.
        """
        endpoint = self.world.actors[agent_id].endpoint
        assert endpoint is not None
        known = endpoint.operations.get(tool)
        try:
            if known is None or not (known.mutating or TOOLS[tool].mutating):
                return await self._read(tool, payload, principal, None, endpoint)
            begin = partial(self._calling, agent_id, tool, payload, principal, adcp=True)
            return await self._enter(ADCP, f"{agent_id}.{tool}", payload, principal, begin)
        except ApiError as error:
            return _out_of_order(error.message)

    async def control(self, name: str, arguments: dict[str, Any]) -> Reply:
        """Let an actor do something by itself: ``actor.control``."""
        principal = Principal(CLIENT)
        return await self._enter("control", name, arguments, principal, lambda: self._controlling(name, arguments))

    async def run_to(self, at_ms: int) -> None:
        """Let everything happen that is due up to and including an instant."""
        async with self._turn:
            await self._run(at_ms)

    async def run_until(self, to_ms: int, kinds: frozenset[str]) -> int:
        """Run like :meth:`run_to`, but only to the first event of one of these kinds; gives where that is, in ms."""
        async with self._turn:
            env, trace, turn = self.world.env, self.world.trace.events, time.perf_counter()
            while env.peek() <= to_ms:
                seen = len(trace)
                env.step()
                if any(event.kind in kinds for event in trace[seen:]):
                    return self.world.now
                if time.perf_counter() - turn > SLICE_S:
                    await self._give_way()
                    turn = time.perf_counter()
        return to_ms

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
        self._closed = why
        async with self._turn:
            pass

    async def _read(
        self,
        operation: str,
        payload: dict[str, Any],
        principal: Principal,
        bearer: str | None,
        endpoint: Endpoint | None = None,
    ) -> Reply:
        self._writer.check()
        if self._clock.now() > self.world.now and not self._turn.locked():
            await self.run_to(self._clock.now())
        endpoint = endpoint or self.platform.endpoint
        assert endpoint is not None
        try:
            next(endpoint.handle(operation, payload, principal, {"bearer": bearer} if bearer else None))
        except StopIteration as done:
            reply: Reply = done.value
            if self._writer.behind is not None:
                await self._writer.behind
            return reply
        except Exception:  # noqa: BLE001 - a bug of ours is an answer too
            return _bug(operation, isinstance(endpoint.dialect, AdcpDialect))
        raise TypeError(f"{operation} takes simulated time, so it is no read")

    async def _enter(
        self,
        kind: str,
        name: str,
        payload: dict[str, Any],
        principal: Principal,
        begin: Callable[[], Generator[Any, Any, Reply]],
    ) -> Reply:
        """Take an input. It is done whole, and recorded, even if whoever sent it does not wait for the answer."""
        entering = asyncio.ensure_future(self._take(kind, name, payload, principal, begin))
        self._entering.add(entering)
        entering.add_done_callback(self._entering.discard)
        return await asyncio.shield(entering)

    async def _take(
        self,
        kind: str,
        name: str,
        payload: dict[str, Any],
        principal: Principal,
        begin: Callable[[], Generator[Any, Any, Reply]],
    ) -> Reply:
        self._writer.check()
        async with self._turn:
            at_ms = max(self._clock.now(), self.world.now)
            await self._run(at_ms)
            reply = await self._finish(name, begin(), kind == ADCP)
            self._clock.push(self.world.now)
            self.inputs += 1
            entry = Entry(
                self.name,
                at_ms,
                kind,
                name,
                json.dumps(payload),
                principal.id,
                principal.user,
                reply.status,
                reply.json(),
            )
            written = self._writer.add(entry)
        await written
        return reply

    def _calling(
        self, to: str, operation: str, payload: dict[str, Any], principal: Principal, adcp: bool = False
    ) -> Generator[Any, Any, Reply]:
        try:
            return (yield from self.world.network.call(CLIENT, to, operation, payload, principal))
        except (PeerTimeout, PeerUnreachable) as error:
            if adcp:
                return _out_of_order(f"{to} gives no answer: {error}")
            failure = ApiError("INTERNAL_ERROR", f"the platform gives no answer: {error}")
            return Reply(False, failure.body(), failure.status)

    def _controlling(self, name: str, arguments: dict[str, Any]) -> Generator[Any, Any, Reply]:
        actor_id, _, control = name.partition(".")
        try:
            result: Any = None
            if actor_id == NETWORK:
                result = CONTROLS[control](self.world, dict(arguments))
            elif actor_id == MARKET:
                self.world.market.settle()
            else:
                result = self.world.actors[actor_id].controls[control](**arguments)
            if isinstance(result, Generator):
                result = yield from result
        except (SandboxError, KeyError) as error:
            failure = ApiError("VALIDATION_ERROR", str(error.args[0] if isinstance(error, KeyError) else error))
            return Reply(False, failure.body(), failure.status)
        yield self.world.env.timeout(0)
        return Reply(True, {"result": result if _plain(result) else None})

    # -- time --------------------------------------------------------------------------------------------

    async def _give_way(self) -> None:
        """Let others have a turn. Raises CONFLICT if the world was closed meanwhile."""
        await asyncio.sleep(0)
        if self._closed:
            raise ApiError("CONFLICT", self._closed)

    async def _run(self, until_ms: int) -> None:
        if self._closed:
            raise ApiError("CONFLICT", self._closed)
        env, turn = self.world.env, time.perf_counter()
        while env.peek() <= until_ms:
            env.step()
            if time.perf_counter() - turn > SLICE_S:
                await self._give_way()
                turn = time.perf_counter()
        if self.world.now < until_ms:
            env.run(until=until_ms)

    async def _finish(self, name: str, steps: Generator[Any, Any, Reply], adcp: bool = False) -> Reply:
        """Step the world until a process has its reply; our own bug in it becomes INTERNAL_ERROR.

        A bug in something else that goes on in the world is logged, and the world goes on.
        """
        process, turn = self.world.spawn(steps), time.perf_counter()
        while not process.processed:
            try:
                self.world.env.step()
            except Exception:  # noqa: BLE001 - a bug of ours is an answer too
                if not process.is_alive:
                    return _bug(name, adcp)
                traceback.print_exc()
            if time.perf_counter() - turn > SLICE_S:
                await asyncio.sleep(0)
                turn = time.perf_counter()
        return cast("Reply", process.value)

    # -- replay ------------------------------------------------------------------------------------------

    def replay(self, entries: Iterable[Entry], until_ms: int, judge: Judge | None = None) -> int:
        """Do again what was done, from the first instant up to ``until_ms``; gives how many inputs that were.

        Raises :class:`InputError` at the first answer that is not the recorded one, or what ``judge`` raises then.
        """
        count = 0
        self._replaying = True
        for count, entry in enumerate(entries, start=1):
            reply = self._again(entry)
            if (reply.status, json.dumps(reply.body)) != (entry.status, entry.answer):
                (judge or _refuse)(count, entry, reply)
        self._catch_up(until_ms)
        self._replaying = False
        self.inputs += count
        return count

    def _send_out(self, letter: Letter) -> None:
        """A webhook leaves the world; one that is only sent again by a replay has left before."""
        if self._outbox is not None and not self._replaying:
            self._outbox.put(replace(letter, webhook_id=f"{self.name}-{letter.webhook_id}"))

    def _catch_up(self, until_ms: int) -> None:
        """Let everything happen up to an instant, in spite of our own bugs: there they were the first time too."""
        while True:
            try:
                return self.world.run(until_ms)
            except Exception:  # noqa: BLE001 - it goes to the log
                traceback.print_exc()

    def _again(self, entry: Entry) -> Reply:
        self._catch_up(entry.at_ms)
        payload, principal = json.loads(entry.payload), Principal(entry.principal, user=entry.user)
        for file in payload.get("files") or () if entry.kind == "call" else ():
            if file["sha256"] not in self.world.files:
                raise InputError(
                    f"a file that came with {entry.name} at {iso(entry.at_ms)} is not in {self.world.files.folder}",
                    "--journal",
                    "files are in .adcp-sandbox/files where the server was started; start it there, or put them here",
                )
        if entry.kind == "call":
            steps = self._calling(self._platform_id, entry.name, payload, principal)
        elif entry.kind == ADCP:
            agent_id, _, tool = entry.name.rpartition(".")
            steps = self._calling(agent_id, tool, payload, principal, adcp=True)
        else:
            steps = self._controlling(entry.name, payload)
        finishing = self._finish(entry.name, steps, entry.kind == ADCP)
        while True:
            try:
                finishing.send(None)
            except StopIteration as done:
                reply: Reply = done.value
                return reply


def _plain(value: Any) -> bool:
    try:
        json.dumps(value)
    except (TypeError, ValueError):
        return False
    return True


def _out_of_order(message: str) -> Reply:
    """SERVICE_UNAVAILABLE of an AdCP agent."""
    error = AdcpError("SERVICE_UNAVAILABLE", message, retry_after=1)
    return Reply(False, error_body(error, VERSIONS[-1]), 503)


def _bug(operation: str, adcp: bool = False) -> Reply:
    """The answer to a mistake of ours, which goes to the log in full."""
    traceback.print_exc()
    if adcp:
        return _out_of_order(f"{operation} failed by a mistake of the sandbox; the server's log has it in full")
    error = ApiError(
        "INTERNAL_ERROR", f"{operation} failed by a mistake of the sandbox; the server's log has it in full"
    )
    return Reply(False, error.body(), error.status)


def _refuse(number: int, entry: Entry, reply: Reply) -> None:
    """Raise what stops a start: a recorded answer is another one now."""
    status, answer = reply.status, json.dumps(reply.body)
    at = next((n for n, (a, b) in enumerate(zip(answer, entry.answer, strict=False)) if a != b), 0)
    window = slice(max(0, at - 60), at + 60)
    was, now = f"{entry.status} …{entry.answer[window]}…", f"{status} …{answer[window]}…"
    raise InputError(
        f"input {number} of {entry.world} ({entry.name} at {iso(entry.at_ms)}) is answered differently now:\n"
        f"  recorded: {was}\n  now:      {now}",
        "--journal",
        "it was written by another version or configuration; keep it for that one, or give another journal",
    )
