"""What was recorded, whatever it was recorded with: requests and controls with their answers, in order."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from sandbox.journal.store import READ, Entry
from sandbox.kernel.blobs import Blobs
from sandbox.scenario.load import Scenario

NETWORK = "_network"
"""Whose controls are those of faults in a journal."""

MARKET = "_market"
"""Whose control lets deliveries be counted; nothing that a scenario has to say."""


@dataclass(slots=True)
class Recorded:
    """One input and what was answered.

    ``call`` is ``actor.operation``, or ``actor.control`` if ``control``. ``request`` is what a step says of it:
    ``path``, ``params``, ``body`` (a control's arguments are its ``with``). ``caller`` is the customer who calls.
    ``files`` are its uploads, ``{filename, content_type, size, sha256, field}``; ``read`` says that it changes nothing.
    ``at_ms`` is the simulated time of its arrival; ``origin`` is where it was recorded, for messages.
    """

    at_ms: int
    call: str
    request: dict[str, Any]
    ok: bool
    answer: Any
    caller: str = ""
    control: bool = False
    origin: str = ""
    files: list[dict[str, Any]] = field(default_factory=list)
    read: bool = False


@dataclass(slots=True)
class Recording:
    """All inputs of one world, which is called after its customer.

    ``seed`` and ``start_ms`` are those of that world; ``until_ms`` is where it ended.
    """

    scenario: Scenario
    name: str
    seed: int
    start_ms: int
    until_ms: int
    title: str
    inputs: list[Recorded]
    faults: list[tuple[int, dict[str, Any]]] = field(default_factory=list)
    """Changes of the rules of faults: when, and the arguments ``faults``, ``add``, ``remove``."""
    notes: list[str] = field(default_factory=list)
    """What was recorded and can't be said in a scenario."""
    files: Blobs = field(default_factory=Blobs)
    """The bytes of uploads."""


INPUTS = ("call", "adcp", "control")
"""Kinds of entries that a step can do; others are of real services."""

READS = tuple(READ + kind for kind in INPUTS)


def platform_of(scenario: Scenario) -> str:
    """The buyer platform of a scenario; empty if it has none."""
    return next((name for name, spec in scenario.file.actors.items() if spec.kind == "buyer"), "")


def of_journal(
    scenario: Scenario,
    world: str,
    seed: int,
    start_ms: int,
    until_ms: int,
    entries: Iterable[Entry],
    files: Blobs | None = None,
) -> Recording:
    """The recording of one customer's world of a served sandbox; ``files`` has what was uploaded."""
    recording = Recording(
        scenario, world, seed, start_ms, until_ms, f"What {world} did in {scenario.name}", [], files=files or Blobs()
    )
    platform, number = platform_of(scenario), 0
    for entry in entries:
        if entry.kind in READS:
            recording.inputs.append(_requested(entry, platform, f"a read after input {number} of {world}"))
            continue
        number += 1
        if entry.kind not in INPUTS:
            continue
        payload, answer = json.loads(entry.payload), json.loads(entry.answer)
        origin = f"input {number} of {world}"
        actor = entry.name.partition(".")[0]
        if entry.kind == "control" and actor in (NETWORK, MARKET):
            _network(recording, entry, payload, origin)
        elif entry.kind == "control" and entry.status >= 400:
            recording.notes.append(f"{origin}: {entry.name} was refused, which a step can't say")
        elif entry.kind == "control":
            recording.inputs.append(
                Recorded(entry.at_ms, entry.name, {"with": payload}, True, answer, control=True, origin=origin)
            )
        else:
            recording.inputs.append(_requested(entry, platform, origin))
    return recording


def _requested(entry: Entry, platform: str, origin: str) -> Recorded:
    """A request to the platform or an agent."""
    payload, adcp = json.loads(entry.payload), entry.kind.endswith("adcp")
    return Recorded(
        entry.at_ms,
        entry.name if adcp else f"{platform}.{entry.name}",
        {"body": payload} if adcp else rest_request(payload),
        entry.status < 400,
        json.loads(entry.answer),
        entry.principal,
        origin=origin,
        files=[] if adcp else payload.get("files") or [],
        read=entry.kind in READS,
    )


def rest_request(payload: dict[str, Any]) -> dict[str, Any]:
    """``{pathParams, params, body}`` as a step says it."""
    names = {"path": "pathParams", "params": "params", "body": "body"}
    return {name: payload[key] for name, key in names.items() if payload.get(key)}


def _network(recording: Recording, entry: Entry, payload: dict[str, Any], origin: str) -> None:
    if entry.name == f"{NETWORK}.faults" and entry.status < 400:
        recording.faults.append((entry.at_ms, payload))
    elif entry.name == f"{NETWORK}.strike":
        recording.notes.append(f"{origin}: a fault struck the client's own connection")
