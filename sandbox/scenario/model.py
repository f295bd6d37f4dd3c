"""The scenario file as pydantic models: its JSON Schema is what editors complete from."""

from __future__ import annotations

import hashlib
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, model_validator

from sandbox.core.time import HOUR_MS
from sandbox.operations.operation import MAX_FILES
from sandbox.scenario.attached import FileSpec
from sandbox.scenario.compare import Expected
from sandbox.scenario.conditions import CALL, CallCondition, Condition, MetricCondition, Strict
from sandbox.scenario.faults import FaultSpec
from sandbox.scenario.units import Duration, Instant, Moment

ActorId = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,62}$")]
Every = Annotated[Duration, Field(gt=0)]
Name = Annotated[str, Field(pattern=r"^[A-Za-z_]\w*$")]


class ClockSpec(Strict):
    """When the simulated time begins and ends; both instants are part of the run."""

    start: Instant
    end: Instant | None = None
    duration: Duration | None = None

    @model_validator(mode="after")
    def _one_end(self) -> ClockSpec:
        if (self.end is None) == (self.duration is None):
            raise ValueError("say one of `end` and `duration`")
        if self.end_ms <= self.start:
            raise ValueError("the clock ends before it starts")
        return self

    @property
    def end_ms(self) -> int:
        """The last instant of the run."""
        return self.end if self.end is not None else self.start + (self.duration or 0)


class LatencySpec(Strict):
    """How long a message takes one way: log-normal."""

    median: Duration = Field(
        40, description="half of the messages take no longer", json_schema_extra={"default": "40ms"}
    )
    p95: Duration = Field(120, description="95 of 100 messages take no longer", json_schema_extra={"default": "120ms"})

    @model_validator(mode="after")
    def _ordered(self) -> LatencySpec:
        if self.p95 < self.median:
            if "p95" in self.model_fields_set:
                raise ValueError("p95 is below the median")
            self.p95 = self.median
        return self


class LinkSpec(LatencySpec):
    """The latency of one direction between two actors."""

    sender: str = Field(alias="from")
    to: str


class NetworkSpec(Strict):
    """The network between the actors."""

    latency: LatencySpec = LatencySpec()
    links: list[LinkSpec] = Field([], description="latencies of single directions")
    faults: list[FaultSpec] = Field([], description="what goes wrong on the way")
    webhook_retries: list[Duration] | None = Field(None, description="waits before each further attempt")


class PopulationSpec(Strict):
    """The people who see ads."""

    users: int = Field(100_000, gt=0, le=50_000_000)
    segments: dict[str, Annotated[float, Field(ge=0.0, le=1.0)]] = Field(
        default={}, description="Segments by name, and the fraction of the people that are in each"
    )
    activity_shape: float | None = Field(
        None, gt=0, description="shape of gamma-distributed activity; left out, all are equally active"
    )


class ActorSpec(Strict):
    """An actor: its kind, and the settings of the kind."""

    model_config = ConfigDict(extra="allow")

    kind: str = Field(description="buyer, seller, publisher or another kind that is installed")
    generate: int | None = Field(None, gt=0, le=1_000, description="invent so many, named NAME-1, NAME-2 …")


class Step(Strict):
    """One step. It begins when the step before has ended and its own time or condition has come."""

    name: str | None = Field(None, description="what it is for, in words")
    at: Moment | None = Field(None, description="not before this moment")
    after: Duration | None = Field(None, description="this long after the step before has ended")
    when: Condition | None = Field(None, description="when this is so, or has happened since the step before")
    customer: str | None = Field(None, alias="as", description="who calls; by default the first customer")
    call: str | None = Field(None, pattern=CALL, description="actor.operation: send a request")
    do: str | None = Field(None, pattern=CALL, description="actor.control: something an actor does by itself")
    path: dict[str, Any] = Field({}, description="path parameters of a REST operation")
    params: dict[str, Any] = Field({}, description="query parameters of a REST operation")
    body: dict[str, Any] = Field({}, description="body, or the whole payload of an AdCP task")
    files: list[FileSpec] = Field([], max_length=MAX_FILES, description="files that go with the request, as a form")
    arguments: dict[str, Any] = Field({}, alias="with", description="what the control works on")
    save: dict[Name, str] = Field({}, description="names for values of the answer, by path")
    expect: dict[str, Expected] = Field({}, description="paths into the answer, and what is there")
    error: str | dict[str, Expected] | None = Field(
        None, description="the error that must come: its code, or paths into it and what is there"
    )
    until: dict[str, Expected] = Field({}, description="call again until this is there")
    every: Every = Field(HOUR_MS, description="wait between calls of `until`", json_schema_extra={"default": "1h"})
    within: Duration | None = Field(None, description="how long `when` and `until` may take")

    @model_validator(mode="after")
    def _whole(self) -> Step:
        given = self.model_fields_set
        if self.call and self.do:
            raise ValueError("a step has `call` or `do`, not both")
        for_calls = given & {"path", "params", "body", "files", "save", "expect", "error", "until", "customer"}
        if for_calls and not self.call:
            alias = {"customer": "as"}
            raise ValueError(f"`{alias.get(min(for_calls), min(for_calls))}` needs `call`")
        if "arguments" in given and not self.do:
            raise ValueError("`with` needs `do`")
        if not (self.call or self.do or given & {"at", "after", "when"}):
            raise ValueError("a step has `call`, `do`, or something to wait for (`at`, `after`, `when`)")
        if self.error is not None and (self.expect or self.until or self.save):
            raise ValueError("a step with `error` has no answer for `expect`, `until` or `save`")
        if isinstance(self.when, MetricCondition | CallCondition):
            raise ValueError("a step waits for a `status`, a `message` or an `event`; `until` asks again")
        if "every" in given and not self.until:
            raise ValueError("`every` needs `until`")
        if self.within is not None and not self.until and self.when is None:
            raise ValueError("`within` needs `when` or `until`")
        return self

    def title(self, number: int) -> str:
        """What messages call the step."""
        return self.name or f"step {number}: {self.call or self.do or 'wait'}"


class Expectation(Strict):
    """Something that must come of the run. One of ``holds``, ``eventually``, ``always``, ``never``."""

    name: str = Field(description="the promise, in words")
    holds: Condition | None = Field(None, description="is so at the moment `at`")
    at: Moment = Field("end", description="when `holds` is judged")
    eventually: Condition | None = Field(None, description="is so at some time of the window")
    always: Condition | None = Field(None, description="is so all through the window")
    never: Condition | None = Field(None, description="is at no time of the window so")
    since: Moment = Field("start", alias="from", description="when the window opens")
    until: Moment = Field("end", description="when the window closes")
    within: Duration | None = Field(None, description="the window closes so long after it opened")
    every: Every = Field(
        HOUR_MS, description="how often a metric or call is looked at", json_schema_extra={"default": "1h"}
    )

    @model_validator(mode="after")
    def _one_promise(self) -> Expectation:
        given = self.model_fields_set
        promises = given & {"holds", "eventually", "always", "never"}
        if len(promises) != 1:
            raise ValueError("say one of `holds`, `eventually`, `always` and `never`")
        if "at" in given and "holds" not in promises:
            raise ValueError("`at` goes with `holds`; windows have `from`, `until` and `within`")
        if given & {"since", "within", "until", "every"} and "holds" in promises:
            raise ValueError("`holds` is judged at one moment: `at`")
        if "within" in given and "until" in given:
            raise ValueError("say one of `within` and `until`")
        return self

    @property
    def promise(self) -> tuple[Literal["holds", "eventually", "always", "never"], Condition]:
        """How the condition must hold, and the condition."""
        if self.holds is not None:
            return "holds", self.holds
        if self.eventually is not None:
            return "eventually", self.eventually
        if self.always is not None:
            return "always", self.always
        assert self.never is not None
        return "never", self.never


class ScenarioFile(Strict):
    """A scenario: a world, what is done in it, and what must come of it."""

    title: str = Field(description="one line that says what happens", min_length=1)
    why: str = Field("", description="what this scenario is good for")
    extends: str | None = Field(None, description="the scenario to start from: a path or a shipped name")
    seed: int = Field(1, ge=0, lt=2**63, description="root of everything that is left to chance")
    clock: ClockSpec
    network: NetworkSpec = NetworkSpec()
    population: PopulationSpec = PopulationSpec()
    vars: dict[Name, Any] = Field({}, description="values for $name")
    actors: dict[ActorId, ActorSpec] = Field(min_length=1)
    steps: list[Step] = Field([], description="what is done, in order")
    expect: list[Expectation] = Field([], description="what must come of it")

    def fingerprint(self) -> str:
        """SHA-256 of what the world is made of, in hexadecimal: actors, population and network."""
        text = self.model_dump_json(include={"actors", "population", "network"})
        return hashlib.sha256(text.encode()).hexdigest()
