"""Plays a scenario some of whose actors are real services, and plays it again without them.

The edges are served on free ports meanwhile, since a service has to reach the platform and the agents of the world.
What the services say and ask is in the journal; with that alone the same run comes about again, to the same digest.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from sandbox.core.errors import InputError
from sandbox.scenario.driver import Driver, StepFailed
from sandbox.scenario.run import Play
from sandbox.server.app import Address, Running
from sandbox.server.customers import seat
from sandbox.server.host import Host
from sandbox.server.served import Served, Settings

if TYPE_CHECKING:
    from sandbox.results.result import RunResult
    from sandbox.scenario.load import Scenario

OVER = "the scenario is over"

Progress = Callable[[int], None] | None


class Played(Served):
    """A sandbox whose one world is that of a scenario being played; all customers act in it."""

    played = True

    def start(self, judge: Any = None) -> None:
        """Build the world. Raises :class:`InputError` if the journal has a run already."""
        if self.journal.worlds():
            raise InputError(
                f"{self.journal.shown()} has a run already", "--journal", "play it again with --replay, or give another"
            )
        self.build()

    def build(self) -> None:
        """Build the world, and what judges it."""
        one = self._host(None)
        one.world.network.transit.real_clients = False
        self.play = Play(self.scenario, one.world)
        one.reserve()

    @property
    def one(self) -> Host:
        """The world that there is."""
        return next(iter(self.hosts.values()))

    def host(self, principal: str) -> Host:
        """The same world for everybody."""
        return self.one

    def seats(self, world: str) -> list[dict[str, Any]]:
        """All customers."""
        keys = self.platform.directory.keys()
        return [seat(customer, keys) for customer in self.customers]

    async def begin(self) -> None:
        """Nothing happens before the scenario does; requests wait until then."""


def play(
    scenario: Scenario,
    seed: int | None = None,
    journal: str = "memory",
    address: Address | None = None,
    progress: Progress = None,
) -> RunResult:
    """Play a scenario and judge it, as :func:`sandbox.scenario.run` does.

    ``journal`` is where to keep what is needed to play it again; ``address`` where to serve, by default on free ports.
    Raises :class:`InputError` for mistakes in the scenario, and for services that are to be told where the sandbox is,
    and are not there.
    """
    settings = Settings(scenario, seed, journal=journal, driver=Driver)
    return asyncio.run(_play(settings, address or Address(port=0, agents_port=0), progress))


async def _play(settings: Settings, address: Address, progress: Progress) -> RunResult:
    async with Running(settings, address, Played) as running:
        served = running.served
        assert isinstance(served, Played)
        failed = ""
        try:
            await served.one.play(settings.scenario.end_ms, progress, OVER)
        except StepFailed as failure:
            failed = str(failure)
        except InputError:  # it could not begin: there is no run to play again
            await served.writer.clear({})
            raise
        served.clock.push(served.one.world.now)
        return served.play.result(failed)


def play_again(scenario: Scenario, journal: str, seed: int | None = None, progress: Progress = None) -> RunResult:
    """Play a run again from its journal, without the services, and judge it.

    Raises :class:`InputError` for a journal of another scenario, world or seed, and where the world asks the services
    something else now.
    """
    return replayed(scenario, journal, seed, progress)[0]


def replayed(
    scenario: Scenario, journal: str, seed: int | None = None, progress: Progress = None
) -> tuple[RunResult, int]:
    """Like :func:`play_again`, and how many inputs there were."""
    served = Played(Settings(scenario, seed, journal=journal, driver=Driver))
    try:
        served.build()
        one, failed = served.one, ""
        again = one.again(list(served.journal.entries(one.name)))
        try:
            again.play(scenario.end_ms, progress)
        except StepFailed as failure:
            failed = str(failure)
        return served.play.result(failed), again.inputs
    finally:
        served.journal.close()
