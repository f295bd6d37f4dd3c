"""Does again what a journal has, without serving it: the worlds, and every answer compared with the one given then."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from sandbox.core.errors import InputError
from sandbox.core.time import iso
from sandbox.journal.diff import Difference, differences
from sandbox.journal.store import Entry, Journal
from sandbox.kernel.endpoint import Reply
from sandbox.scenario.load import Scenario, load
from sandbox.server.served import Served, Settings


@dataclass(slots=True, frozen=True)
class Changed:
    """An input of a world that is answered otherwise than it was."""

    world: str
    number: int
    operation: str
    at_ms: int
    found: list[Difference]

    def title(self) -> str:
        """Which input it is, in words."""
        return f"input {self.number} of {self.world}, {self.operation} at {iso(self.at_ms)}, is answered otherwise now"


@dataclass(slots=True, frozen=True)
class World:
    """A customer's world as the journal leaves it: its inputs, where its clock is, the SHA-256 of its trace."""

    name: str
    seed: int
    inputs: int
    now_ms: int
    digest: str


@dataclass(slots=True, frozen=True)
class Redone:
    """A journal, done again up to the first answer that differs (``changed``)."""

    scenario: Scenario
    start_ms: int
    clock_ms: int
    worlds: list[World]
    changed: Changed | None
    files: Path | None = None
    """Where uploads are kept."""


class _Stopped(Exception):
    """The first answer that differs ends the replay."""


def redo(url: str, scenario: str | None = None) -> Redone:
    """Build the worlds of a journal anew.

    ``scenario`` says where the scenario is now, if not where it was served. Raises :class:`InputError` for a journal
    of another world or seed, and for files that are missing.
    """
    loaded, seed, played = _scenario(url, scenario)
    if played:
        return _play_again(url, loaded, seed)
    changed: list[Changed] = []

    def judge(number: int, entry: Entry, reply: Reply) -> None:
        old = {"status": entry.status, "answer": json.loads(entry.answer)}
        new = {"status": reply.status, "answer": json.loads(json.dumps(reply.body))}
        found = list(differences(old, new))
        changed.append(Changed(entry.world, number, entry.name, entry.at_ms, found))
        raise _Stopped

    with _served(Settings(loaded, seed, journal=url, files=_files(url))) as served:
        with suppress(_Stopped):
            served.start(judge)
        worlds = [
            World(host.name, host.world.seed, host.inputs, host.world.now, host.world.trace.digest())
            for host in served.hosts.values()
        ]
        loaded.name = scenario or loaded.name
        return Redone(loaded, served.start_ms, served.clock.now(), worlds, next(iter(changed), None), _files(url))


@contextmanager
def _served(settings: Settings) -> Iterator[Served]:
    """A sandbox that nobody is served by; its journal is read only."""
    served = Served(settings)
    try:
        yield served
    finally:
        served.journal.close()


def _play_again(url: str, scenario: Scenario, seed: int) -> Redone:
    """A scenario with real services, played again without them."""
    from sandbox.server.play import replayed

    result, inputs = replayed(scenario, url, seed)
    assert result.world is not None
    world = World(scenario.name, seed, inputs, result.world.now, result.digest)
    return Redone(scenario, scenario.start_ms, result.world.now, [world], None)


def _scenario(url: str, given: str | None) -> tuple[Scenario, int, bool]:
    """The scenario that a journal is of, its seed, and whether it was played (not served).

    The name by which it was served is the identity of both.
    """
    journal = Journal(url)
    try:
        identity = journal.read("identity")
    finally:
        journal.close()
    if identity is None:
        raise InputError(f"{journal.shown()} is empty: nothing was ever served with it", "JOURNAL")
    try:
        loaded = load(given or identity["scenario"])
    except InputError as error:
        if given is not None or error.where:
            raise
        hint = "say with --scenario where its file is now"
        raise InputError(f"it is of the scenario {identity['scenario']!r}: {error.message}", "JOURNAL", hint) from None
    if loaded.file.fingerprint() != identity["world"]:
        raise InputError(
            f"it is of another world than that of {loaded.name}: actors, population or network have changed since",
            "JOURNAL",
            "say with --scenario where the file is as it was served",
        )
    loaded.name = identity["scenario"]
    return loaded, int(identity["seed"]), bool(identity.get("played"))


def _files(url: str) -> Path | None:
    """The folder of the files that were uploaded: beside the journal, or where a server started here keeps them."""
    prefix, _, path = url.partition(":///")
    beside = Path(path).parent / "files" if prefix == "sqlite" and path else Path(".adcp-sandbox/files")
    here = Path(".adcp-sandbox/files")
    return beside if beside.is_dir() else here if here.is_dir() else None
