"""The world: everything that one simulated ecosystem consists of."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Any

import simpy

from sandbox.core.ids import Ids
from sandbox.core.rng import Streams
from sandbox.kernel.blobs import Blobs
from sandbox.kernel.ecosystem import Ecosystem
from sandbox.kernel.market import Market
from sandbox.kernel.network import Network, NetworkConfig
from sandbox.kernel.real import RealCalls
from sandbox.kernel.trace import Trace

if TYPE_CHECKING:
    from sandbox.kernel.actor import Actor


Wake = simpy.Event
"""What a process can wait for."""


class World:
    """One ecosystem with its clock, its actors, its trace, its files and one root seed.

    Time is in ms since 1970 (UTC). A world is a function of its configuration, its seed and the steps
    that a driver takes in it: equal worlds have equal digests. ``first_number`` is where ids that are numbers
    begin, so that worlds that are served side by side share none.
    """

    def __init__(
        self,
        seed: int,
        start_ms: int,
        network: NetworkConfig | None = None,
        users: int = 100_000,
        activity_shape: float | None = None,
        segments: dict[str, float] | None = None,
        first_number: int = 1,
        files: Blobs | None = None,
    ) -> None:
        self.seed = seed
        self.first_number = first_number
        self.files = files or Blobs()
        self.start_ms = start_ms
        self.env = simpy.Environment(initial_time=start_ms)
        self.streams = Streams(seed)
        self.trace = Trace()
        self.ecosystem = Ecosystem()
        self.network = Network(self, network or NetworkConfig())
        self.real = RealCalls(self)
        self.market = Market(self, users, activity_shape, segments)
        self.actors: dict[str, Actor] = {}

    @property
    def now(self) -> int:
        """Simulated time in ms."""
        return int(self.env.now)

    def ids(self, owner: str) -> Ids:
        """A new maker of identifiers; an actor has its own as ``actor.ids``."""
        return Ids(self.seed, owner, self.first_number)

    def add(self, actor: Actor) -> None:
        """Put an actor into the world. Its id must be new."""
        if actor.id in self.actors:
            raise ValueError(f"there are two actors {actor.id!r}")
        self.actors[actor.id] = actor
        self.ecosystem.add(actor.id, actor.role)

    def start(self) -> None:
        """Start all actors, in the order in which they were added."""
        for actor in list(self.actors.values()):
            actor.start()

    def spawn(self, steps: Generator[Any, Any, Any]) -> simpy.Process:
        """Start a process at this moment."""
        return self.env.process(steps)

    def after(self, delay_ms: int, do: Callable[[], Any]) -> None:
        """Call ``do`` after a delay; a generator that it returns is run as a process."""
        self.spawn(self._later(delay_ms, do))

    def at(self, at_ms: int, do: Callable[[], Any]) -> None:
        """Call ``do`` at an instant, or now if that is over; like :meth:`after`."""
        self.after(max(0, at_ms - self.now), do)

    def _later(self, delay_ms: int, do: Callable[[], Any]) -> Generator[Any, Any, None]:
        yield self.env.timeout(delay_ms)
        result = do()
        if isinstance(result, Generator):
            yield from result

    def run(self, until_ms: int, progress: Callable[[int], None] | None = None) -> None:
        """Let everything happen that is due up to and including ``until_ms``, and stop there.

        ``progress`` is called with the simulated time, at most once for each simulated hour.
        """
        reported_ms = self.now
        while self.env.peek() <= until_ms:
            self.env.step()
            if progress is not None and self.now - reported_ms >= 3_600_000:
                reported_ms = self.now
                progress(reported_ms)
        if self.now < until_ms:
            self.env.run(until=until_ms)
