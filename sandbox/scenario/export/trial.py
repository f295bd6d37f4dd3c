"""A first play of the steps, which shows what they are answered here, and when each one ends."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sandbox.core.errors import InputError
from sandbox.results.result import RunResult
from sandbox.scenario.load import load
from sandbox.scenario.run import run
from sandbox.scenario.write import scenario_text


@dataclass(slots=True, frozen=True)
class Outcome:
    """What came of a step in a play: when it ended, and its answer (None for a control)."""

    end_ms: int
    ok: bool
    answer: Any


@dataclass(slots=True)
class Trial:
    """A play: the outcomes of the steps up to the one that failed, if any, and why that one did."""

    outcomes: list[Outcome]
    problem: str
    result: RunResult


def play(data: Mapping[str, Any], files: Mapping[str, bytes]) -> Trial:
    """Play a scenario that is not written yet, with the files beside it.

    What it extends has to be there by absolute path or shipped name.

    Raises :class:`InputError` if it is no scenario.
    """
    with TemporaryDirectory(prefix="adcp-sandbox-") as made:
        path = Path(made) / "exported.yaml"
        try:
            path.write_text(scenario_text(data), encoding="utf-8")
            for name, content in files.items():
                (path.parent / name).parent.mkdir(parents=True, exist_ok=True)
                (path.parent / name).write_bytes(content)
            result = run(load(path))
        except InputError as error:
            raise InputError(f"what was recorded makes no scenario: {error.message}", "--export", error.hint) from None
    failed = next((judged for judged in result.expectations if not judged.held), None)
    return Trial(_outcomes(result), f"{failed.name}: {failed.detail}" if failed else "", result)


def _outcomes(result: RunResult) -> list[Outcome]:
    found: list[Outcome] = []
    ok, answer = True, None
    for event in result.trace.events:
        if event.kind == "reply" and event.data["to"] == "driver":
            ok, answer = event.data["ok"], event.data["body"]
        elif event.kind == "lost" and event.actor == "driver":
            late = event.data["why"] in ("no answer in time", "answer lost")
            ok, answer = False, {"error": {"code": "TIMEOUT" if late else "UNREACHABLE"}}
        elif event.kind == "step" and event.actor == "driver":
            found.append(Outcome(event.at_ms, ok, answer))
            ok, answer = True, None
    return found
