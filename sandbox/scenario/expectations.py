"""Expectations: what must come of a run, and how it is judged.

A status, a message or an event is judged from the trace when the run is over. A metric or the answer of a
call has a value at a moment only, so it is looked at during the run: at one moment for ``holds``, otherwise
every hour (``every``) of the window and at its close.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sandbox.core.time import iso
from sandbox.results.result import Judgement
from sandbox.results.timeline import describe, error_text
from sandbox.scenario.compare import described, mismatch
from sandbox.scenario.conditions import CallCondition, Condition, MetricCondition, operators_of
from sandbox.scenario.observe import TraceCondition, Watch, watch
from sandbox.scenario.references import UnknownNameError, resolve, shown
from sandbox.scenario.select import select
from sandbox.scenario.units import moment_ms

if TYPE_CHECKING:
    from sandbox.kernel.trace import Event
    from sandbox.scenario.driver import Driver
    from sandbox.scenario.model import Expectation

Steps = Generator[Any, Any, Any]

NEAREST = 5
"""How many events a failure shows."""


@dataclass(slots=True)
class Verdict:
    """How an expectation came out, at which moment, and why."""

    held: bool
    detail: str
    at_ms: int


class Judge:
    """Judges all expectations of a scenario. ``begin`` at the first instant, ``end`` at the last."""

    def __init__(self, driver: Driver) -> None:
        self._driver = driver
        self._world = driver.world
        self._file = driver.scenario.file
        self._verdicts: dict[int, Verdict] = {}
        self._last: dict[int, str] = {}

    # -- during the run ----------------------------------------------------------------------------------

    def begin(self) -> None:
        """Start to look at what has to be looked at during the run."""
        for number, expectation in enumerate(self._file.expect):
            if isinstance(expectation.promise[1], MetricCondition | CallCondition):
                self._world.spawn(self._sample(number, expectation))

    def _sample(self, number: int, expectation: Expectation) -> Steps:
        """Look at the moments of the window. The last instant of the clock is left to :meth:`end`."""
        from_ms, until_ms = self._window(expectation)
        yield self._world.env.timeout(max(0, from_ms - self._world.now))
        while self._world.now < self._driver.scenario.end_ms:
            yield self._world.env.timeout(0)  # let what is due at this very moment happen first
            yield from self._look(number, expectation)
            if number in self._verdicts or self._world.now >= until_ms:
                return
            yield self._world.env.timeout(min(expectation.every, until_ms - self._world.now))

    def _look(self, number: int, expectation: Expectation) -> Steps:
        """Look once; the verdict is there as soon as nothing later can change it."""
        promise, condition = expectation.promise
        assert isinstance(condition, MetricCondition | CallCondition)
        at_ms = self._world.now
        try:
            wanted = resolve(operators_of(condition), self._driver.names)
            values, note = yield from self._values(condition)
        except UnknownNameError as error:
            if promise == "holds":
                self._verdicts[number] = Verdict(False, f"{error.message} at {iso(at_ms)}", at_ms)
            return
        problem = mismatch(wanted, values)
        found = shown(values[0] if len(values) == 1 else values)
        seen = f"{_subject(condition)}: {{}}{note} at {iso(at_ms)}"
        if promise == "holds" or (promise == "always" and problem):
            self._verdicts[number] = Verdict(not problem, seen.format(problem or found), at_ms)
        elif promise == "eventually" and not problem:
            self._verdicts[number] = Verdict(True, seen.format(found), at_ms)
        elif promise == "never" and not problem:
            text = f"expected never {described(wanted)}, saw {found}"
            self._verdicts[number] = Verdict(False, seen.format(text), at_ms)
        else:
            self._last[number] = seen.format(problem if promise == "eventually" else found)

    def _values(self, condition: MetricCondition | CallCondition) -> Steps:
        """The values of a condition now, and a note about an error."""
        if isinstance(condition, MetricCondition):
            value = self._driver.measure(condition.metric, resolve(condition.selectors(), self._driver.names))
            return ([] if value is None else [value]), ""
        reply = yield from self._driver.ask(condition)
        if not reply.ok:
            return [], f" (the call was answered with {error_text(reply.body)})"
        return select(reply.body, condition.field), ""

    # -- after the run -----------------------------------------------------------------------------------

    def end(self, failed_step: str = "") -> list[Judgement]:
        """The judgements, in the order of the file.

        After a failed step only what was decided before counts; the rest was not judged, and did not hold.
        """
        found = []
        for number, expectation in enumerate(self._file.expect):
            verdict = self._verdicts.get(number)
            if verdict is None and failed_step:
                detail = f"not judged, because the step {failed_step!r} failed"
                verdict = Verdict(False, detail, self._world.now)
            verdict = verdict or self._at_the_end(number, expectation)
            found.append(self._judgement(number, expectation, verdict))
        return found

    def _at_the_end(self, number: int, expectation: Expectation) -> Verdict:
        promise, condition = expectation.promise
        if not isinstance(condition, MetricCondition | CallCondition):
            return self._from_trace(promise, condition, *self._window(expectation))
        end_ms = self._driver.scenario.end_ms
        if self._window(expectation)[1] >= end_ms:
            self._world.env.run(until=self._world.spawn(self._look(number, expectation)))
        if number in self._verdicts:
            return self._verdicts[number]
        last = self._last.get(number)
        if promise == "eventually":
            return Verdict(False, f"never so; last {last}" if last else "it could never be looked at", end_ms)
        return Verdict(last is not None, last or "it could never be looked at", end_ms)

    def _from_trace(self, promise: str, condition: TraceCondition, from_ms: int, until_ms: int) -> Verdict:
        try:
            watched = watch(condition, self._driver.names)
        except UnknownNameError as error:
            return Verdict(False, f"{error.message}: the step that saves it was not taken", until_ms)
        events = [event for event in self._world.trace.events if event.at_ms <= until_ms]
        before = [event for event in events if event.at_ms < from_ms]
        for event in before:
            watched.feed(event)
        if promise == "holds":
            for event in events[len(before) :]:
                watched.feed(event)
            if watched.every():
                return Verdict(True, f"{watched.seen()} at {iso(until_ms)}", until_ms)
            detail = f"expected {watched.wanted()} at {iso(until_ms)}, saw {watched.seen()}"
            return Verdict(False, detail, until_ms)
        watched.forget()
        decided = _decided(promise, watched, from_ms)
        for event in events[len(before) :]:
            if decided is None and watched.feed(event):
                decided = _decided(promise, watched, event.at_ms)
        return decided or self._undecided(promise, watched, until_ms)

    @staticmethod
    def _undecided(promise: str, watched: Watch, until_ms: int) -> Verdict:
        """The verdict when nothing decided before the window closed."""
        seen = watched.seen()
        if promise == "eventually":
            return Verdict(False, f"expected {watched.wanted()} until {iso(until_ms)}, saw {seen}", until_ms)
        if promise == "never":
            return Verdict(True, f"never until {iso(until_ms)}", until_ms)
        return Verdict(watched.every(), f"{seen} until {iso(until_ms)}", until_ms)

    # -- helpers -----------------------------------------------------------------------------------------

    def _window(self, expectation: Expectation) -> tuple[int, int]:
        start_ms, end_ms = self._driver.scenario.start_ms, self._driver.scenario.end_ms
        if expectation.holds is not None:
            at_ms = moment_ms(expectation.at, start_ms, end_ms)
            return at_ms, at_ms
        from_ms = moment_ms(expectation.since, start_ms, end_ms)
        until_ms = moment_ms(expectation.until, start_ms, end_ms)
        return from_ms, until_ms if expectation.within is None else min(end_ms, from_ms + expectation.within)

    def _judgement(self, number: int, expectation: Expectation, verdict: Verdict) -> Judgement:
        place = self._driver.scenario.document.place(("expect", number))
        judged = Judgement(expectation.name, verdict.held, verdict.detail, verdict.at_ms, place)
        if not verdict.held:
            judged.nearest = self._nearest(expectation.promise[1], verdict.at_ms)
        return judged

    def _nearest(self, condition: Condition, at_ms: int) -> list[Event]:
        """The last events up to a moment that are worth telling; those that the condition is about first."""
        told = [e for e in self._world.trace.events if e.at_ms <= at_ms and describe(e)]
        about: list[Event] = []
        if not isinstance(condition, MetricCondition | CallCondition):
            with suppress(UnknownNameError):
                watched = watch(condition, self._driver.names)
                about = [event for event in told if watched.feed(event)][-(NEAREST - 2) :]
        rest = [event for event in told[-NEAREST:] if event not in about]
        surplus = max(0, len(rest) + len(about) - NEAREST)
        return sorted([*about, *rest[surplus:]], key=lambda event: event.seq)


def _decided(promise: str, watched: Watch, at_ms: int) -> Verdict | None:
    """The verdict, if what a watch has seen so far decides already."""
    detail = f"{watched.seen()} at {iso(at_ms)}"
    if promise == "always":
        broken = watched.any() and not watched.every()
        return Verdict(False, f"expected always {watched.wanted()}, saw {detail}", at_ms) if broken else None
    if not watched.some():
        return None
    if promise == "eventually":
        return Verdict(True, detail, at_ms)
    return Verdict(False, f"expected never {watched.wanted()}, saw {detail}", at_ms)


def _subject(condition: MetricCondition | CallCondition) -> str:
    if isinstance(condition, MetricCondition):
        return condition.metric
    return f"{condition.call} {condition.field}".strip()
