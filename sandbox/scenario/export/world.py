"""The world of an exported scenario: the one that was recorded, by name where that is enough."""

from __future__ import annotations

import os
from copy import deepcopy
from pathlib import Path
from typing import Any

from sandbox.core.time import HOUR_MS, format_duration, iso
from sandbox.scenario.catalog import shipped
from sandbox.scenario.export.recording import Recording
from sandbox.scenario.extend import read_extended
from sandbox.scenario.units import moment_ms


def world_of(recording: Recording, folder: Path) -> dict[str, Any]:
    """The fields of the file besides steps and expectations, for a file in ``folder``.

    A world without steps of its own is extended; the actors of any other one are written out.
    """
    scenario = recording.scenario
    base = deepcopy(read_extended(scenario.name).data)
    extends = not (scenario.file.steps or scenario.file.expect)
    fields: dict[str, Any] = {"title": recording.title, "why": _why(recording)}
    if extends:
        fields["extends"] = _reference(scenario.name, folder)
    if not extends or recording.seed != scenario.file.seed:
        fields["seed"] = recording.seed
    fields["clock"] = _clock(recording, base.get("clock") or {}, extends)
    if not extends:
        fields |= {key: base[key] for key in ("population", "network", "vars", "actors") if key in base}
    if recording.faults:
        network = fields.setdefault("network", {})
        network["faults"] = _faults(recording, (base.get("network") or {}).get("faults") or [])
    return fields


def length_ms(recording: Recording) -> int:
    """How long the exported scenario takes: up to the end of the recording, in whole hours."""
    last_ms = max([recording.until_ms, *(one.at_ms for one in recording.inputs)]) + 1
    return -(-(last_ms - recording.start_ms) // HOUR_MS) * HOUR_MS


def _why(recording: Recording) -> str:
    return (
        f"Recorded from {iso(recording.start_ms)} on. The steps are what clients did; what they expect is what was "
        "answered then."
    )


def _reference(name: str, folder: Path) -> str:
    """How a file in the folder calls a scenario."""
    if name in shipped() and not Path(name).is_file():
        return name
    return os.path.relpath(Path(name).resolve(), folder.resolve())


def _clock(recording: Recording, base: dict[str, Any], extends: bool) -> dict[str, Any]:
    clock: dict[str, Any] = {"duration": format_duration(length_ms(recording))}
    if not extends or recording.start_ms != recording.scenario.start_ms:
        clock = {"start": iso(recording.start_ms), **clock}
    if extends and "end" in base:
        clock["end"] = None
    return clock


def _faults(recording: Recording, rules: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """All rules that there ever were, each from when it was set until it was taken away."""
    made = [dict(rule) for rule in rules]
    ends_ms = recording.start_ms + length_ms(recording)
    open_rules = dict(enumerate(made, start=1))
    for at_ms, change in recording.faults:
        now = _moment(recording, at_ms)
        gone = list(open_rules) if "faults" in change else [int(name[1:]) for name in change.get("remove", ())]
        for number in gone:
            rule = open_rules.pop(number, {})
            rule["until"] = _earlier(recording, rule.get("until"), now, ends_ms)
        for spec in (*change.get("faults", ()), *change.get("add", ())):
            made.append(_from(recording, spec, at_ms))
            open_rules[len(made)] = made[-1]
    return made


def _from(recording: Recording, spec: dict[str, Any], at_ms: int) -> dict[str, Any]:
    """A rule whose moments counted from an instant, with moments that count from the start."""
    told = {key: value for key, value in spec.items() if key not in ("since", "until") and value is not None}
    since_ms = at_ms if spec.get("since") is None else moment_ms(spec["since"], at_ms, at_ms)
    told["since"] = _moment(recording, since_ms)
    if spec.get("until") is not None:
        told["until"] = _moment(recording, moment_ms(spec["until"], at_ms, at_ms))
    return told


def _earlier(recording: Recording, known: str | None, now: str, ends_ms: int) -> str:
    if known is None:
        return now
    return min((known, now), key=lambda text: moment_ms(text, recording.start_ms, ends_ms))


def _moment(recording: Recording, at_ms: int) -> str:
    return f"+{format_duration(max(0, at_ms - recording.start_ms))}"
