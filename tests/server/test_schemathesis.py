"""Whatever the published description allows or forbids, the answers are those that it promises.

Cases are made by schemathesis from ``/openapi.json``: by coverage (the edges of every field) and by fuzzing, with
valid data and with data that breaks a schema. Most of them are about things that are really there.
"""

from __future__ import annotations

import hashlib
import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import schemathesis
from schemathesis import hooks
from schemathesis.config import SchemathesisConfig
from schemathesis.core.failures import AcceptedNegativeData
from schemathesis.core.parameters import ParameterLocation
from schemathesis.engine import events, from_schema

from tests.server.conftest import KEY, Live
from tests.server.process import Process
from tests.server.sound import Known, kind_of, make, requests

CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
)
JSON = "application/json"

Json = dict[str, Any]


class Things:
    """Things that are really there, in groups of what belongs to one advertiser; grows with what answers show."""

    def __init__(self, live: Live) -> None:
        self.groups: list[Known] = [make(live, number) for number in range(3)]

    def place(self, case: schemathesis.Case) -> None:
        """Put real ids, and parts of a sound request, into most cases wherever the case means to be valid."""
        text = f"{case.method}{case.path}{case.path_parameters}{case.query}{case.body!r}"
        chance = random.Random(hashlib.sha256(text.encode(errors="replace")).digest())
        if chance.random() < 0.2:
            return
        group = chance.choice(self.groups)
        sound = requests(group.ids).get(case.operation.label, {}) if chance.random() < 0.7 else {}
        if not _negative(case, ParameterLocation.PATH):
            given = case.path_parameters or {}
            case.path_parameters = {**given, **group.path(list(given), chance, spare=case.method == "DELETE")}
        if not _negative(case, ParameterLocation.QUERY):
            case.query = _mixed(
                sound if case.method == "GET" else {}, _replaced(case.query or {}, group, chance), chance
            )
        if not _negative(case, ParameterLocation.BODY) and isinstance(case.body, dict) and case.media_type == JSON:
            case.body = _mixed(sound, _replaced(case.body, group, chance), chance)

    def learn(self, case: schemathesis.Case, body: Any) -> None:
        """Remember the ids in an answer with the things of the same advertiser or campaign."""
        path = {kind_of(name): str(value) for name, value in (case.path_parameters or {}).items()}
        given = (
            {*path.values(), str(case.body.get("advertiserId"))} if isinstance(case.body, dict) else {*path.values()}
        )
        for group in self.groups:
            if any(given & set(ids) for ids in group.ids.values()):
                group.learn(body, path)
                return


def _mixed(sound: Json, made: Json, chance: random.Random) -> Json:
    """A sound request with a few of the made-up fields; all made-up fields if there is no sound one."""
    if not sound:
        return made
    return {**sound, **{name: value for name, value in made.items() if chance.random() < 0.25}}


def _replaced(value: Any, group: Known, chance: random.Random) -> Any:
    """A value with real ids instead of made-up ones."""
    if isinstance(value, list):
        return [_replaced(each, group, chance) for each in value]
    if not isinstance(value, dict):
        return value
    made = {}
    for name, each in value.items():
        real = group.pick(name, chance)
        if real is not None and isinstance(each, str):
            made[name] = real
        elif real is not None and isinstance(each, list) and each and all(isinstance(one, str) for one in each):
            made[name] = [real]
        else:
            made[name] = _replaced(each, group, chance)
    return made


def _negative(case: schemathesis.Case, location: ParameterLocation) -> bool:
    return case.meta is not None and case.meta.is_negative_at(location)


class Outcome:
    """What a run of schemathesis came to."""

    def __init__(self) -> None:
        self.cases = 0
        self.statuses: Counter[int] = Counter()
        self.called: Counter[str] = Counter()
        """Cases by operation."""
        self.done: Counter[str] = Counter()
        """Cases that succeeded by operation."""
        self.problems: list[str] = []

    def take(self, event: events.EngineEvent) -> None:
        """Count what a scenario did, and note what was wrong."""
        if isinstance(event, events.NonFatalError):
            self.problems.append(f"{event.label}: {event.info.format()}")
        if isinstance(event, events.FatalError):
            raise event.exception
        if not isinstance(event, events.ScenarioFinished):
            return
        label = event.recorder.label
        for case_id, interaction in event.recorder.interactions.items():
            self.cases += 1
            self.called[label] += 1
            if interaction.response is None:
                self.problems.append(f"{label}: no answer to {interaction.request.uri}")
                continue
            self.statuses[interaction.response.status_code] += 1
            self.done[label] += interaction.response.status_code < 400  # a click is a redirect
            for check in event.recorder.checks.get(case_id, []):
                if check.failure_info is not None:
                    self.problems.append(_words(check.failure_info, interaction.response))


def _words(info: Any, response: Any) -> str:
    failure = info.failure
    return f"{failure.operation}: {failure.title}: {failure.message}\n{info.code_sample}\n{response.text[:600]}"


class Leniency:
    """What the dialect takes although the description has no word for it.

    A number where an id is wanted (conflict C6), and blanks around a text, which do not count.
    """

    def __init__(self, document: Json) -> None:
        self._document = document
        self._validators: dict[str, jsonschema_rs.Validator] = {}

    def promises(self, case: schemathesis.Case) -> bool:
        """True if a body that breaks its schema in this way has to be refused. Forms have texts only."""
        if case.media_type != JSON:
            return case.media_type is None
        if case.operation.label not in self._validators:
            body = self._document["paths"][case.path][case.method.lower()]["requestBody"]["content"][case.media_type]
            whole = {**body["schema"], "components": self._document["components"]}
            self._validators[case.operation.label] = jsonschema_rs.validator_for(whole)
        return not self._validators[case.operation.label].is_valid(_with_texts(case.body))


def _with_texts(value: Any, name: str = "") -> Any:
    """A body with bare texts, also instead of numbers wherever a field is called an id, a source or a key."""
    if isinstance(value, dict):
        return {key: _with_texts(each, key) for key, each in value.items()}
    if isinstance(value, list):
        return [_with_texts(each, name) for each in value]
    if isinstance(value, str):
        return value.strip()
    is_id = name.lower().rstrip("s").endswith(("id", "source", "key"))
    return str(value) if is_id and isinstance(value, int) and not isinstance(value, bool) else value


def explore(server: Process, examples: int, *, coverage: bool) -> Outcome:
    """Let schemathesis call every operation: with ``examples`` fuzzed cases each, and with the edges of all fields."""
    things, outcome = Things(server), Outcome()
    leniency = Leniency(server.ok("GET", "/openapi.json", key=None))

    @schemathesis.hook
    def before_call(context: Any, case: schemathesis.Case, kwargs: Json) -> None:
        things.place(case)

    @schemathesis.hook
    def after_call(context: Any, case: schemathesis.Case, response: Any) -> None:
        if response.status_code < 300 and response.headers.get("content-type", [""])[0].startswith(JSON):
            things.learn(case, response.json())

    @schemathesis.hook
    def filter_failure(context: Any, failure: Any, case: schemathesis.Case, response: Any) -> bool:
        return not isinstance(failure, AcceptedNegativeData) or leniency.promises(case)

    try:
        url = f"{server.line['buyer_api']}/openapi.json"
        schema = schemathesis.openapi.from_url(url, config=_config(examples, coverage))
        for event in from_schema(schema).execute():
            outcome.take(event)
    finally:
        hooks.unregister_all()
    return outcome


def _config(examples: int, coverage: bool) -> SchemathesisConfig:
    generation = {"mode": "all", "max-examples": examples, "no-shrink": True, "deterministic": True, "database": "none"}
    return SchemathesisConfig.from_dict(
        {
            "seed": 1,
            "headers": {"Authorization": f"Bearer {KEY}"},
            "continue-on-failure": True,
            "request-timeout": 60,
            "checks": {"enabled": False, **{name: {"enabled": True} for name in CHECKS}},
            "generation": generation,
            "phases": {
                "examples": {"enabled": False},
                "stateful": {"enabled": False},
                "coverage": {"enabled": coverage, "unexpected-methods": []},
                "fuzzing": {"enabled": True},
            },
        }
    )


def _holds(server: Process, outcome: Outcome) -> None:
    """The server is as sound as before, and all that came in does the same once more."""
    shown = server.ok("GET", "/_sandbox/world")
    assert shown["violations"] == []
    assert "Traceback" not in server.errors.read_text()
    assert not outcome.problems, "\n\n".join(outcome.problems[:20])
    campaigns = server.ok("GET", "campaigns")
    assert server.restart() == shown["inputs"]
    again = server.ok("GET", "/_sandbox/world")
    assert (again["digest"], again["now"]) == (shown["digest"], shown["now"])
    assert server.ok("GET", "campaigns") == campaigns


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Process]:
    """A served default world in a process of its own."""
    process = Process(tmp_path)
    yield process
    process.stop()


def test_a_few_cases_of_every_operation_are_answered_as_described(server: Process) -> None:  # rules 3, 4
    outcome = explore(server, 5, coverage=False)
    assert outcome.cases >= 400
    _holds(server, outcome)


@pytest.mark.slow
@pytest.mark.long
def test_twenty_thousand_cases_are_answered_as_described(server: Process) -> None:  # rules 3, 4
    outcome = explore(server, 120, coverage=True)
    assert outcome.cases >= 20_000
    assert sum(1 for done in outcome.done.values() if done) >= 0.85 * len(outcome.called), outcome.done
    _holds(server, outcome)
