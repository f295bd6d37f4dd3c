"""Real services of one world: has them asked while the world stands still, and keeps what they say."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass

from sandbox.journal.store import Entry
from sandbox.kernel.real import ANNOUNCE, QUIET, Answer, RealCall
from sandbox.kernel.world import World
from sandbox.peers.services import Services
from sandbox.server.clock import Clock
from sandbox.server.inputs import PEER, Input
from sandbox.server.turn import Turn
from sandbox.server.writer import Writer

LONGEST_S = 60.0
"""For how long a service that asks without end is listened to, in real seconds."""

POLL_S = 0.005


@dataclass(slots=True)
class Section:
    """An input that is being done; ``begun`` once the journal says where it began."""

    given: Input
    at_ms: int
    begun: bool = False


class RealSide:
    """``name`` gives the name of the world. What comes in meanwhile is counted by :meth:`busy`."""

    def __init__(
        self, world: World, name: Callable[[], str], turn: Turn, clock: Clock, writer: Writer, services: Services
    ) -> None:
        self._world = world
        self._name = name
        self._turn = turn
        self._clock = clock
        self._writer = writer
        self._services = services
        self._sections: list[Section] = []
        self._inside = 0
        self._last_s = 0.0

    @contextmanager
    def busy(self) -> Iterator[None]:
        """A request from outside is here, or waits for its turn."""
        self._inside += 1
        try:
            yield
        finally:
            self._inside -= 1
            self._last_s = time.monotonic()

    @contextmanager
    def section(self, given: Input, at_ms: int) -> Iterator[None]:
        """An input is being done."""
        mine = Section(given, at_ms)
        self._sections.append(mine)
        try:
            yield
        finally:
            self._sections.remove(mine)

    async def ask(self, call: RealCall) -> Answer:
        """Make a call; others get in until the answer is there. The journal has the answer before anything goes on.

        Where inputs began that wait for it is in the journal before the service is asked: what it does meanwhile
        is acknowledged, and must be found again in the right order.
        """
        for section in self._sections:
            if not section.begun:
                section.begun = True
                self._writer.add(section.given.entry(self._name(), section.at_ms, None))
        if self._writer.behind is not None:
            await self._writer.behind
        with self._clock.standing():
            answer = await self._turn.stand_still(self._made(call))
        if answer.ok or call.operation != ANNOUNCE:  # who could not be told is told at the next start
            await self._writer.add(entry_of(call, answer, self._name(), self._world.now))
        return answer

    async def _made(self, call: RealCall) -> Answer:
        if call.operation != QUIET:
            return await self._services.ask(call, self._name())
        config = self._services.config(call.actor)
        assert config is not None
        await self._silence(config.quiet_ms / 1000)
        return Answer()

    async def _silence(self, quiet_s: float) -> None:
        """Wait until nobody outside has asked anything for so long."""
        begun = time.monotonic()
        while (now := time.monotonic()) - begun < LONGEST_S:
            busy = self._inside > len(self._sections)
            left = max(self._last_s, begun) + quiet_s - now
            if not busy and left <= 0:
                return
            await asyncio.sleep(POLL_S if busy else max(left, 0.001))


def entry_of(call: RealCall, answer: Answer, world: str, at_ms: int) -> Entry:
    """An answer as a journal has it."""
    by = call.principal
    told = json.dumps(asdict(answer))
    return Entry(world, at_ms, PEER, call.name, json.dumps(call.shown), by.id, by.user, answer.status, told)
