"""From a recording to a scenario that a person could have written."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sandbox.core.time import format_duration
from sandbox.results.metrics import measure
from sandbox.results.timeline import error_of
from sandbox.scenario.build import build
from sandbox.scenario.compare import mismatch
from sandbox.scenario.export.files import Beside, specs_of
from sandbox.scenario.export.ids import Ids, leaves, unique, words_of
from sandbox.scenario.export.promises import candidates, named_again, said_before
from sandbox.scenario.export.recording import Recorded, Recording, platform_of
from sandbox.scenario.export.trial import Outcome, Trial, play
from sandbox.scenario.export.world import world_of
from sandbox.scenario.references import INSTANTS, escape
from sandbox.scenario.select import select
from sandbox.scenario.write import scenario_text

if TYPE_CHECKING:
    from sandbox.kernel.world import World

MOST_ENDS = 12
"""How many things have their last status promised."""

TOLD_ENDS = ("campaign", "platform_media_buy", "media_buy", "creative", "task", "plan", "outcome_campaign")
"""Whose last status is worth a promise, if an answer named the thing."""


@dataclass(slots=True)
class Exported:
    """A scenario as text. ``notes`` say what it leaves out and why, ``problem`` at which step it fails here at once.

    ``files`` are those that go with it, by their path from its folder.
    """

    text: str
    steps: int
    promises: int
    notes: list[str]
    problem: str = ""
    files: dict[str, bytes] = field(default_factory=dict)


def export(recording: Recording, folder: Path, files: str = "files") -> Exported:
    """Write a recording as a scenario file for ``folder``; uploads that are not small go to ``files`` in it.

    Each request is a step at its simulated time. It expects what was answered, as far as a play of the steps answers
    the same here; what it answers otherwise is in the notes. Raises :class:`InputError` if no scenario comes of it.
    """
    return _Export(recording, folder, files).made()


class _Export:
    def __init__(self, recording: Recording, folder: Path, files: str) -> None:
        self.recording = recording
        self.beside = Beside(files)
        self.folder = folder
        world = build(recording.scenario)
        self.ids = Ids(
            frozenset(world.actors), frozenset([*recording.scenario.document.data.get("vars", {}), *INSTANTS])
        )
        self.first_customer = _first_customer(recording, world)
        self.platform = platform_of(recording.scenario)
        self.notes = list(recording.notes)
        self.promises = 0
        self.labels: dict[str, str] = {}

    def made(self) -> Exported:
        inputs = self.recording.inputs
        referred = self._referred()
        titles = unique(self._titles())
        uploads = [self._uploads(one) for one in inputs]
        steps = [self._step(*row) for row in zip(titles, inputs, referred, uploads, strict=True)]
        trial = self._trial(steps)
        if trial.problem:
            self.notes.append(f"played here, it ends at {trial.problem}")
        ends = self._ends(trial)
        written = [self._written(number, steps[number], trial) for number in range(len(steps))]
        fields = world_of(self.recording, self.folder)
        data = {**fields, "steps": written, **({"expect": ends} if ends else {})}
        promises = self.promises + len(ends)
        return Exported(scenario_text(data), len(steps), promises, self.notes, trial.problem, self.beside.made)

    # -- steps -------------------------------------------------------------------------------------------

    def _referred(self) -> list[dict[str, Any]]:
        """The requests with references in place of ids."""
        found = []
        for number, one in enumerate(self.recording.inputs):
            found.append(self.ids.referred(one.request))
            self.ids.note_request(one.request)
            if one.ok and not one.control:
                self.ids.note_answer(number, one.call, one.answer)
                for value in self._read_again(number, one).values():
                    self.ids.name(value)
        return found

    def _read_again(self, number: int, one: Recorded) -> dict[str, str]:
        """What a read names that earlier answers named."""
        return named_again(one.answer, number, self.ids) if one.read else {}

    def _uploads(self, one: Recorded) -> list[dict[str, Any]]:
        return specs_of(one.files, self.recording.files, self.beside.path, self.ids.referred)

    def _titles(self) -> list[str]:
        """A name for each step: what is done, to what, and at whom."""
        titles = []
        for one in self.recording.inputs:
            actor, _, operation = one.call.partition(".")
            body, words = one.request.get("body") or {}, words_of(operation)
            own = body.get("name") if isinstance(body.get("name"), str) else None
            title = f"{words[:1].upper()}{words[1:]} {own or self._object(one, words)}".strip()
            titles.append(title[:80] if actor == self.platform else f"{title[:80]} ({actor})")
            if own and one.ok:
                self.labels.update((value, own) for value in self._top_ids(one.answer))
        return [escape(title) for title in titles]

    def _object(self, one: Recorded, words: str) -> str:
        """The name of the first thing that a request refers to: ``Summer``, or ``for Summer``."""
        for _, value in leaves(one.request):
            if label := self.labels.get(str(value)):
                return label if words_of(self.ids.origins[str(value)].noun) in words else f"for {label}"
        return ""

    def _top_ids(self, answer: Any) -> list[str]:
        known = [(path, str(value)) for path, value in leaves(answer) if str(value) in self.ids.origins]
        return [value for path, value in known if "." not in path][:1]

    def _step(
        self, title: str, one: Recorded, request: dict[str, Any], uploads: list[dict[str, Any]]
    ) -> dict[str, Any]:
        """A step without its time and promises."""
        step: dict[str, Any] = {"name": title, ("do" if one.control else "call"): one.call}
        by_default = one.call.partition(".")[0] == self.platform and one.caller == self.first_customer
        if one.caller and not by_default:
            step["as"] = one.caller
        step |= {key: value for key, value in request.items() if value}
        return step | ({"files": uploads} if uploads else {})

    def _trial(self, steps: list[dict[str, Any]]) -> Trial:
        tried = []
        for number, (step, one) in enumerate(zip(steps, self.recording.inputs, strict=True)):
            offset = format_duration(max(0, one.at_ms - self.recording.start_ms))
            timed = {**step, "at": f"+{offset}"}
            if not one.ok and not one.control:
                timed["error"] = {}
            elif saves := self.ids.saves(number):
                timed["save"] = saves
            tried.append(timed)
        fields = world_of(self.recording, Path("/"))
        if "extends" in fields and Path(f"/{fields['extends']}").is_file():
            fields["extends"] = f"/{fields['extends']}"
        return play({**fields, "steps": tried}, self.beside.made)

    def _written(self, number: int, step: dict[str, Any], trial: Trial) -> dict[str, Any]:
        """A step with its time, what it expects and what it saves."""
        one, before = self.recording.inputs[number], trial.outcomes[: len(trial.outcomes) - bool(trial.problem)]
        outcome = before[number] if number < len(before) else None
        last_ms = self.recording.start_ms if number == 0 else self.recording.inputs[number - 1].at_ms
        if 0 < number <= len(before):
            last_ms = before[number - 1].end_ms
        name = {"name": step["name"]}
        waited_ms = one.at_ms - last_ms
        timed = {"after": format_duration(waited_ms)} if waited_ms > 0 else {}
        rest = {key: value for key, value in step.items() if key != "name"}
        return {**name, **timed, **rest, **self._promised(number, one, outcome)}

    def _promised(self, number: int, one: Recorded, outcome: Outcome | None) -> dict[str, Any]:
        if one.control:
            return {}
        if not one.ok:
            self.promises += 1
            return {"error": self._code(one, outcome)}
        expected = {}
        wanted = candidates(one.request, one.answer, one.read)
        if one.read:
            named = self._read_again(number, one)
            wanted = {**named, **said_before(one.answer, one.request, self.ids), **wanted}
        for path, value in wanted.items():
            problem = mismatch(value, select(outcome.answer, path)) if outcome is not None else ""
            if problem:
                self.notes.append(f"{one.origin} ({one.call}): {path}: {problem} in a run")
            else:
                expected[path] = self.ids.referred(value)
        self.promises += bool(expected)
        saves = self.ids.saves(number)
        return {**({"expect": expected} if expected else {}), **({"save": saves} if saves else {})}

    def _code(self, one: Recorded, outcome: Outcome | None) -> Any:
        """The code of an error; what is said of a lost call differs between a client and a step."""
        code = error_of(one.answer).get("code")
        if outcome is not None and error_of(outcome.answer).get("code") != code:
            code_here = error_of(outcome.answer).get("code")
            self.notes.append(f"{one.origin} ({one.call}): the error {code} is {code_here} in a run")
            code = code_here
        return code if isinstance(code, str) else {}

    # -- the end -----------------------------------------------------------------------------------------

    def _ends(self, trial: Trial) -> list[dict[str, Any]]:
        """What holds at the end: the last status of the things that answers named, deliveries and spend."""
        if trial.problem:
            return []
        last = {
            (event.data["entity"], event.data["id"], event.actor): event.data["new"]
            for event in trial.result.trace.events
            if event.kind == "status"
        }
        found: list[dict[str, Any]] = []
        for (entity, thing, actor), state in last.items():
            if entity in TOLD_ENDS and thing in self.ids.origins and len(found) < MOST_ENDS:
                status = {"entity": entity, "id": f"${self.ids.name(thing)}", "actor": actor, "is": state}
                what = f"{words_of(entity).capitalize()} {self.labels.get(thing, '')}".strip()
                title = escape(f"{what} is {words_of(state)} at the end")
                found.append({"name": title, "holds": {"status": status}})
        world = trial.result.world
        if trial.result.impressions and world is not None:
            for metric, title in (("impressions", "This many impressions are served"), ("spend", "This much is spent")):
                found.append({"name": title, "holds": {"metric": metric, "equals": measure(world, metric, {})}})
        return [{**row, "name": name} for row, name in zip(found, unique(r["name"] for r in found), strict=True)]


def _first_customer(recording: Recording, world: World) -> str:
    """Who calls if a step does not say so."""
    platform = world.actors.get(platform_of(recording.scenario))
    customers = getattr(getattr(platform, "config", None), "customers", ())
    return str(customers[0].principal) if customers else ""
