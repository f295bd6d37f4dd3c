"""Plays a scenario some of whose actors are real services, and plays it again without them.

The edges are served on free ports meanwhile, since a service has to reach the platform and the agents of the world.
What the services say and ask is in the journal; with that alone the same run comes about again, to the same digest.
A run that was stopped in the middle goes on from its journal.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from sandbox.core.errors import InputError
from sandbox.journal.store import Journal
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

FINISHED, PORTS = "finished", "ports"
"""Values of a journal: whether its run is over, and the ports on which services know the sandbox."""

Progress = Callable[[int], None] | None
Say = Callable[[str], None]


class Played(Served):
    """A sandbox whose one world is that of a scenario being played; all customers act in it."""

    played = True
    goes_on = False
    """True if the journal has an earlier part of the run."""

    def start(self, judge: Any = None) -> None:
        """Build the world, and let it go on from what the journal has.

        Raises :class:`InputError` if the journal has a run that is over.
        """
        if self.journal.read(FINISHED):
            raise InputError(
                f"{self.journal.shown()} has a run already, and it is over",
                "--journal",
                "--replay plays it again without the services; for a new run give another journal, or remove this one",
            )
        self.build()
        entries = list(self.journal.entries(self.one.name))
        self.goes_on = bool(entries)
        if entries:
            self.one.go_on(entries)

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
    say: Say = lambda _line: None,
) -> RunResult:
    """Play a scenario and judge it, as :func:`sandbox.scenario.run` does.

    ``journal`` is where to keep what is needed to play it again; a run in it that was stopped goes on, of which ``say``
    is told. ``address`` is where to serve, by default on free ports, or those of the run that goes on.
    Raises :class:`InputError` for mistakes in the scenario, for a journal whose run is over, and for services that are
    to be told where the sandbox is, and are not there.
    """
    settings = Settings(scenario, seed, journal=journal, driver=Driver)
    return asyncio.run(_play(settings, address or Address(port=0, agents_port=0), progress, say))


async def _play(settings: Settings, address: Address, progress: Progress, say: Say) -> RunResult:
    async with _running(settings, address) as running:
        served = running.served
        assert isinstance(served, Played)
        if served.goes_on:
            say(f"going on with the run in {served.journal.shown()}; services are asked what it does not have")
        try:
            await served.writer.remember(PORTS, [urlsplit(url).port for url in (running.base, running.agents_base)])
            failed = await _to_its_end(served, progress)
            await served.writer.remember(FINISHED, True)
        except OSError as error:
            if served.writer.broken is None:
                raise
            hint = "the same command goes on with what is in it"
            raise InputError(f"{served.journal.shown()}: {error}", "--journal", hint) from None
        return served.play.result(failed)


async def _to_its_end(served: Played, progress: Progress) -> str:
    """Let everything happen; gives the step that ended it before its time, if one did."""
    try:
        await served.one.play(served.scenario.end_ms, progress, OVER)
    except StepFailed as failure:
        return str(failure)
    except InputError:
        if not served.goes_on:  # it could not begin: there is no run to play again
            await served.writer.clear({})
        raise
    finally:
        served.clock.push(served.one.world.now)
    return ""


def _running(settings: Settings, address: Address) -> Running:
    """The edges, on the ports on which services know them if a run goes on and nobody wants others."""
    journal = Journal(settings.journal)
    try:
        ports = None if journal.read(FINISHED) else journal.read(PORTS)
    finally:
        journal.close()
    if not ports or address.port or address.agents_port:
        return Running(settings, address, Played)
    try:
        return Running(settings, replace(address, port=ports[0], agents_port=ports[1]), Played)
    except InputError as error:
        if error.where not in ("--port", "--agents-port"):
            raise
        raise InputError(
            f"services know the run that is to go on at the ports {ports[0]} and {ports[1]}: {error.message}",
            error.where,
            "free the port, or say --port and --agents-port and let the services know",
        ) from None


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
        again = one.played_again(list(served.journal.entries(one.name)))
        try:
            again.play(scenario.end_ms, progress)
        except StepFailed as failure:
            failed = str(failure)
        return served.play.result(failed), again.inputs
    finally:
        served.journal.close()
