"""Finds a smaller scenario that still breaks the same expectation or checker."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sandbox.core.errors import InputError
from sandbox.scenario.attached import locate_files
from sandbox.scenario.extend import read_extended
from sandbox.scenario.load import load
from sandbox.scenario.run import run
from sandbox.scenario.shrink.breach import Breach, breaches, evidence
from sandbox.scenario.shrink.ddmin import ddmin
from sandbox.scenario.shrink.parts import amounts, at, clock_in_one_unit, containers, smaller, with_value
from sandbox.scenario.source import Where
from sandbox.scenario.write import scenario_text

LISTS: tuple[Where, ...] = (("steps",), ("actors",), ("network", "faults"), ("network", "links"), ("vars",), ())
"""What is made shorter first; ``()`` are the fields of the file itself."""

KEPT = ("name", "title", "clock", "kind")
"""Fields that are never left out: a reader needs them."""

ORDER = ("title", "why", "seed", "clock", "population", "network", "vars", "actors", "steps", "expect")
"""The fields of a file as they are written."""


@dataclass(slots=True)
class Shrunk:
    """A smaller scenario as data and text, what it breaks now, and how many runs it took.

    ``finished`` is False if time ran out before nothing more could be left out.
    """

    data: dict[str, Any]
    text: str
    breach: Breach
    runs: int
    finished: bool


class _OutOfTime(Exception):
    """The limit is reached; what was found so far counts."""


def shrink(
    name: str,
    seed: int | None = None,
    expired: Callable[[], bool] = lambda: False,
    tell: Callable[[str], None] = lambda _line: None,
) -> Shrunk:
    """Make a scenario smaller that fails when it is played with ``seed`` (by default its own).

    Fewer expectations, steps, actors, faults and settings, then smaller numbers and less time; at every stage it breaks
    the same promise in the same way. The same scenario comes to the same result, unless ``expired`` (asked before
    each run) ends the search. ``tell`` gets a line whenever something could be left out. Raises :class:`InputError`
    for a scenario that is wrong, or holds.
    """
    data = _whole(name, seed)
    with TemporaryDirectory(prefix="adcp-sandbox-") as folder:
        search = _Search(Path(folder) / "shrunk.yaml", expired, tell)
        search.begin(name, {key: value for key, value in data.items() if key != "why"})
        finished = search.all()
    found = {**search.data, "why": _why(name, search.target.name, data.get("why"))}
    kept = _beside(name, {key: found[key] for key in ORDER if key in found})
    return Shrunk(kept, scenario_text(kept, search.breach.detail), search.breach, search.runs, finished)


def _why(name: str, broken: str, before: Any) -> str:
    """Where a smaller scenario comes from, and what that one is there for."""
    told = f"Shrunk from {name}. It breaks: {broken}."
    return f"{told} The whole one: {before}" if before else told


def _beside(name: str, data: dict[str, Any]) -> dict[str, Any]:
    """The data with the paths of files as they are read from where the scenario is, or from here for a shipped one."""
    folder = Path(name).absolute().parent if Path(name).is_file() else Path.cwd()
    for where in _files(data):
        data = with_value(data, where, Path(os.path.relpath(at(data, where), folder)).as_posix())
    return data


def _files(data: dict[str, Any]) -> list[Where]:
    """The places of the paths of files that go with requests."""
    return [
        ("steps", number, "files", place, "path")
        for number, step in enumerate(data.get("steps", ()))
        for place, file in enumerate(step.get("files", ()))
        if "path" in file
    ]


def _whole(name: str, seed: int | None) -> dict[str, Any]:
    """The data of a scenario with what it extends, a name for each step, the seed, and the whole paths of files."""
    scenario, document = load(name), read_extended(name)
    locate_files(document)
    data = {**document.data, "seed": scenario.file.seed if seed is None else seed}
    steps = zip(data.get("steps") or (), scenario.file.steps, strict=True)
    data["steps"] = [{"name": spec.title(number), **step} for number, (step, spec) in enumerate(steps, start=1)]
    return {key: value for key, value in data.items() if value not in ([], {}, None)}


class _Search:
    """``data`` is the smallest scenario so far that breaks ``target``, and ``breach`` how that one breaks it."""

    def __init__(self, path: Path, expired: Callable[[], bool], tell: Callable[[str], None]) -> None:
        self.runs = 0
        self._path = path
        self._expired = expired
        self._tell = tell
        self._known: dict[str, Breach | None] = {}

    def begin(self, name: str, data: dict[str, Any]) -> None:
        """Play the scenario as it is; the first thing that it breaks is what all smaller ones have to break."""
        found, self._evidence = self._broken(data)
        if not found:
            raise InputError(
                f"{name} holds everything with the seed {data['seed']}: there is nothing to shrink", "--shrink"
            )
        self.data, self.target, self.breach = data, found[0], found[0]
        more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
        self._tell(f"it breaks {self.target.name!r}{more}: {_sizes(data)}")

    def all(self) -> bool:
        """Shrink until nothing more can be left out; False if time ran out first."""
        try:
            self._promises()
            while True:
                before = self.data
                for where in LISTS:
                    self._shorten(where)
                self._clock()
                for where in list(containers(self.data)):
                    self._shorten(where)
                self._amounts()
                if self.data == before:
                    return True
        except _OutOfTime:
            return False

    # -- one thing after the other -----------------------------------------------------------------------

    def _promises(self) -> None:
        """Leave only the promise that is broken."""
        promises = self.data.get("expect", [])
        broken = [promise for promise in promises if promise.get("name") == self.target.name]
        if len(broken) < len(promises) and not self._take({**self.data, "expect": broken}):
            self._shorten(("expect",))

    def _shorten(self, where: Where) -> None:
        """Leave out what is not needed at a place."""
        value = at(self.data, where)
        if not value or not isinstance(value, dict | list):
            return
        keys = list(value) if isinstance(value, dict) else list(range(len(value)))
        named = [key for key in keys if key in KEPT]
        free = [key for key in keys if key not in KEPT]
        ddmin(free, lambda kept: self._take(with_value(self.data, where, _part(value, [*named, *kept]))))

    def _clock(self) -> None:
        self._take({**self.data, "clock": clock_in_one_unit(self.data["clock"])})
        self._reduce(("clock", "duration"))

    def _amounts(self) -> None:
        for where in list(amounts(self.data)):
            self._reduce(where)

    def _reduce(self, where: Where) -> None:
        """Make a number or duration as small as it can be."""
        while True:
            value = at(self.data, where)
            if value is None or not any(self._take(with_value(self.data, where, less)) for less in smaller(value)):
                return

    # -- playing -----------------------------------------------------------------------------------------

    def _take(self, data: dict[str, Any]) -> bool:
        """Go on from a smaller scenario if it breaks the same; True if it does."""
        data = {key: value for key, value in data.items() if value not in ([], {})}
        text = json.dumps(data, sort_keys=True)
        if text not in self._known:
            self._known[text] = self._same(data)
            if self._known[text] and _sizes(data) != _sizes(self.data):
                self._tell(f"run {self.runs}: {_sizes(data)}")
        breach = self._known[text]
        if breach is not None:
            self.data, self.breach = data, breach
        return breach is not None

    def _same(self, data: dict[str, Any]) -> Breach | None:
        """How a scenario breaks the same promise in the same way; None if it does not."""
        found, shown = self._broken(data)
        if self.target.absence and shown != self._evidence:
            return None
        return next((one for one in found if one.same(self.target)), None)

    def _broken(self, data: dict[str, Any]) -> tuple[list[Breach], tuple[str, ...]]:
        """What a scenario breaks, and what went wrong in it; nothing if it is none."""
        if self.runs and self._expired():
            raise _OutOfTime
        self.runs += 1
        self._path.write_text(scenario_text(data), encoding="utf-8")
        try:
            result = run(load(self._path))
        except Exception:
            if self.runs == 1:
                raise
            return [], ()  # settings that nobody would give may be refused, or lead to a mistake of ours
        return list(breaches(result)), evidence(result)


def _part(value: Any, kept: list[Any]) -> Any:
    return {key: value[key] for key in kept} if isinstance(value, dict) else [value[number] for number in kept]


def _sizes(data: dict[str, Any]) -> str:
    """How large a scenario is, in words."""
    counts = (
        ("actor", len(data.get("actors", ()))),
        ("step", len(data.get("steps", ()))),
        ("expectation", len(data.get("expect", ()))),
        ("fault", len((data.get("network") or {}).get("faults", ()))),
    )
    told = [f"{count} {name}{'s' * (count != 1)}" for name, count in counts if count]
    return ", ".join([*told, str(data["clock"].get("duration") or f"until {data['clock'].get('end')}")])
