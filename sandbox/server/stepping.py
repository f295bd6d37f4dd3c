"""Steps a world, in slices, and has real services asked where a step wants that."""

from __future__ import annotations

import asyncio
import time
import traceback
from collections.abc import Awaitable, Callable
from typing import cast

from sandbox.core.errors import ApiError, ScenarioFailure
from sandbox.core.time import HOUR_MS
from sandbox.kernel.endpoint import Reply
from sandbox.kernel.real import Answer, RealCall
from sandbox.kernel.world import World
from sandbox.server.inputs import ADCP, Input, Steps, bug

SLICE_S = 0.005
"""How long a world may run before other requests get a turn."""

Ask = Callable[[RealCall], Awaitable[Answer]]
"""Makes a real call, or gives what the journal has of it."""


class Stepper:
    """Steps one world; whoever calls has the turn. ``ask`` makes calls to real services: a step waits for them.

    A call is made as soon as it waits, one at a time, before anything else is stepped.
    """

    def __init__(self, world: World, ask: Ask) -> None:
        self._world = world
        self.ask = ask
        self.closed = ""
        """Why nothing is stepped any more; empty while it is."""
        self.failure: ScenarioFailure | None = None
        """What ended a scenario that is played in this world."""

    async def run(self, until_ms: int, progress: Callable[[int], None] | None = None) -> None:
        """Let everything happen that is due up to and including an instant. Raises CONFLICT if the world was closed."""
        self._check()
        await self._real()
        env, waiting, turn, told_ms = self._world.env, self._world.real.waiting, time.perf_counter(), self._world.now
        while env.peek() <= until_ms:
            env.step()
            if waiting:
                await self._real()
            if time.perf_counter() - turn > SLICE_S:
                await self._give_way()
                turn = time.perf_counter()
            if progress is not None and self._world.now - told_ms >= HOUR_MS:
                told_ms = self._world.now
                progress(told_ms)
        if self._world.now < until_ms:
            env.run(until=until_ms)

    async def run_until(self, to_ms: int, kinds: frozenset[str]) -> int:
        """Run like :meth:`run`, but only to the first event of one of these kinds; gives where that is, in ms."""
        self._check()
        await self._real()
        env, trace, turn = self._world.env, self._world.trace.events, time.perf_counter()
        while env.peek() <= to_ms:
            seen = len(trace)
            env.step()
            await self._real()
            if any(event.kind in kinds for event in trace[seen:]):
                return self._world.now
            if time.perf_counter() - turn > SLICE_S:
                await self._give_way()
                turn = time.perf_counter()
        return to_ms

    async def finish(self, given: Input, steps: Steps) -> Reply:
        """Step the world until an input has its reply; our own bug in it becomes INTERNAL_ERROR.

        A bug in something else that goes on in the world is logged, and the world goes on.
        """
        process, turn, adcp = self._world.spawn(steps), time.perf_counter(), given.kind == ADCP
        while not process.processed:
            try:
                self._world.env.step()
            except ScenarioFailure as failure:
                self.failure = failure
            except Exception:  # noqa: BLE001 - a bug of ours is an answer too
                if not process.is_alive:
                    return bug(given.name, adcp)
                traceback.print_exc()
            if self._world.real.waiting:
                await self._answer_all()
            if time.perf_counter() - turn > SLICE_S:
                await asyncio.sleep(0)
                turn = time.perf_counter()
        return cast("Reply", process.value)

    async def _real(self) -> None:
        """Have everything asked that waits for a real service."""
        await self._answer_all()
        if self.failure is not None:
            raise self.failure

    async def _answer_all(self) -> None:
        real = self._world.real
        while (call := real.take()) is not None:
            real.end(call, await self.ask(call))

    def _check(self) -> None:
        if self.closed:
            raise ApiError("CONFLICT", self.closed)

    async def _give_way(self) -> None:
        """Let others have a turn. Raises CONFLICT if the world was closed meanwhile."""
        await asyncio.sleep(0)
        self._check()
