"""From a file to a scenario: ``extends``, variables, the schema. Every error names file and line."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox.core.errors import InputError
from sandbox.core.time import iso
from sandbox.scenario import references
from sandbox.scenario.attached import locate_files
from sandbox.scenario.extend import NAMED, read_extended
from sandbox.scenario.model import ScenarioFile
from sandbox.scenario.source import Document, Where
from sandbox.scenario.validate import validated


@dataclass(slots=True)
class Scenario:
    """A scenario that was read: ``name`` repeats it on the command line, ``document`` knows its lines."""

    name: str
    file: ScenarioFile
    document: Document

    @property
    def start_ms(self) -> int:
        """The first instant of the run."""
        return self.file.clock.start

    @property
    def end_ms(self) -> int:
        """The last instant of the run."""
        return self.file.clock.end_ms

    def real(self) -> list[str]:
        """The actors that are real services: those with an address."""
        return [name for name, spec in self.file.actors.items() if "url" in (spec.model_extra or {})]

    def names(self) -> dict[str, Any]:
        """What ``$name`` stands for before the first step: the variables, ``start`` and ``end``."""
        instants = {"start": iso(self.start_ms), "end": iso(self.end_ms)}
        return {**self.document.data.get("vars", {}), **instants}


def load(name: str | Path) -> Scenario:
    """Read a scenario by path or shipped name; :class:`InputError` at file:line if anything is wrong."""
    document = read_extended(str(name))
    data = document.data
    _resolve_vars(document)
    known = data.get("vars", {})
    _check_names(document, known)
    for section in [key for key in data if key != "vars"]:
        data[section] = _with_vars(document, section, known)
    locate_files(document)
    return Scenario(str(name), validated(ScenarioFile, data, document, ()), document)


def _resolve_vars(document: Document) -> None:
    """Let variables use those above them."""
    given = document.data.get("vars")
    if not isinstance(given, dict):
        return
    known: dict[str, Any] = {}
    for name, value in given.items():
        if name in references.INSTANTS:
            raise document.error(f"`{name}` always means an instant of the clock", ("vars", name))
        known[name] = _located_resolve(document, value, known, ("vars", name))
    document.data["vars"] = known


def _with_vars(document: Document, section: str, known: dict[str, Any]) -> Any:
    """A section with its variables put in. In steps and expectations other names wait for the run."""
    try:
        if section in NAMED:
            return references.resolve(document.data[section], references.escape(known), keep_unknown=True)
        return references.resolve(document.data[section], known)
    except InputError as error:
        raise document.error(error.message, (section,), error.hint) from None


def _located_resolve(document: Document, value: Any, known: dict[str, Any], where: Where) -> Any:
    try:
        return references.resolve(value, known)
    except InputError as error:
        raise document.error(error.message, where, error.hint) from None


def _check_names(document: Document, variables: dict[str, Any]) -> None:
    """Every name is a variable, an instant, or saved by an earlier step."""
    known = [*variables, *references.INSTANTS]
    data = document.data
    for section in [key for key in data if key not in ("vars", "steps", "expect")]:
        _check_value(document, data[section], (section,), list(variables))
    steps = data.get("steps") if isinstance(data.get("steps"), list) else []
    for number, step in enumerate(steps or []):
        saved = step.get("save") if isinstance(step, dict) else None
        made = list(saved) if isinstance(saved, dict) else []
        given = {key: step[key] for key in step if key != "save"} if isinstance(step, dict) else step
        _check_value(document, given, ("steps", number), known)
        known.extend(made)
    _check_value(document, data.get("expect"), ("expect",), known)


def _check_value(document: Document, value: Any, at: Where, known: list[str]) -> None:
    try:
        for where, name in references.names(value):
            if name not in known:
                problem = f"there is no {name!r} here"
                raise document.error(problem, (*at, *where), references.hint(name, known))
    except InputError as error:
        if error.where:
            raise
        raise document.error(error.message, at, error.hint) from None
