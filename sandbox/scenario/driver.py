"""The driver: it takes the steps of a scenario, one after the other, in simulated time."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from typing import TYPE_CHECKING, Any

from sandbox.core.errors import InputError, ScenarioFailure
from sandbox.core.time import format_duration, iso
from sandbox.kernel.actor import Actor
from sandbox.kernel.endpoint import Operation, Principal, Reply
from sandbox.kernel.network import PeerTimeout, PeerUnreachable
from sandbox.operations import Route
from sandbox.results.metrics import measure
from sandbox.results.result import Judgement
from sandbox.results.timeline import error_of, error_text
from sandbox.scenario.compare import mismatch
from sandbox.scenario.conditions import CallCondition, EventCondition, MessageCondition, StatusCondition
from sandbox.scenario.inbox import inbox_of
from sandbox.scenario.model import Step
from sandbox.scenario.observe import Watch, watch
from sandbox.scenario.references import resolve
from sandbox.scenario.select import select
from sandbox.scenario.units import moment_ms

if TYPE_CHECKING:
    from sandbox.kernel.trace import Event
    from sandbox.kernel.world import World
    from sandbox.scenario.load import Scenario

Steps = Generator[Any, Any, Any]


class StepFailed(ScenarioFailure):
    """A step did not do what the scenario says; the run ends."""


class Driver(Actor):
    """Takes the steps and keeps what they save.

    ``names`` is what ``$name`` stands for at this moment, ``judgements`` tells how the steps that expect
    something came out, ``current`` is the step that is being taken and what it waits for.
    """

    role = "driver"

    def __init__(self, world: World, scenario: Scenario) -> None:
        super().__init__(world, "driver")
        self.scenario = scenario
        self.names: dict[str, Any] = scenario.names()
        self.judgements: list[Judgement] = []
        self.current: tuple[int, Step, str] | None = None
        self.inbox = inbox_of(self)
        self._waiting: tuple[Watch, Any] | None = None
        self._mark = 0
        world.trace.listen(self._on_event)

    def start(self) -> None:
        """Begin with the first step."""
        self.world.spawn(self._play())

    @staticmethod
    def is_rest(operation: Operation) -> bool:
        """True for an operation of a REST interface, False for an AdCP task."""
        return isinstance(operation.detail, Route)

    # -- steps -------------------------------------------------------------------------------------------

    def _play(self) -> Steps:
        for number, step in enumerate(self.scenario.file.steps, start=1):
            self.current = (number, step, "")
            yield from self._wait(number, step)
            self._mark = len(self.world.trace.events)
            try:
                detail = yield from self._take(step)
            except InputError as error:
                self._fail(number, step, str(error))
            else:
                self._done(number, step, detail)
        self.current = None

    def _take(self, step: Step) -> Steps:
        if step.do:
            return (yield from self._control(step.do, resolve(step.arguments, self._names())))
        if not step.call:
            return ""
        if step.until:
            return (yield from self._poll(step))
        reply = yield from self.ask(step)
        return self._judge(step, reply)

    def _control(self, call: str, arguments: dict[str, Any]) -> Steps:
        actor_id, _, name = call.partition(".")
        self.world.trace.emit(self.now, "control", actor_id, {"action": name, "args": arguments})
        result = self.world.actors[actor_id].controls[name](**arguments)
        if isinstance(result, Generator):
            yield from result
        return ""

    def _poll(self, step: Step) -> Steps:
        within_ms = self.scenario.end_ms if step.within is None else step.within
        limit_ms = min(self.now + within_ms, self.scenario.end_ms)
        while True:
            reply = yield from self.ask(step)
            problem = _problem(reply) or self._differs(step.until, reply.body)
            if not problem:
                return self._judge(step, reply)
            if self.now + step.every > limit_ms:
                raise InputError(f"{problem}, still so at {iso(self.now)}")
            yield self.world.env.timeout(step.every)

    def _judge(self, step: Step, reply: Reply) -> str:
        """Compare an answer with what the step says; keep what it saves. Raises InputError if it differs."""
        if step.error is not None:
            wanted = {"code": step.error} if isinstance(step.error, str) else step.error
            if reply.ok:
                raise InputError(f"expected the error {wanted}, but the call succeeded")
            if problem := self._differs(wanted, error_of(reply.body)):
                raise InputError(f"{problem} ({error_text(reply.body)})")
            return error_text(reply.body)
        if problem := _problem(reply) or self._differs(step.expect, reply.body):
            raise InputError(problem)
        for name, path in step.save.items():
            found = select(reply.body, path)
            if not found:
                raise InputError(f"the answer has no {path!r} to save as {name!r}")
            self.names[name] = found if "*" in path else found[0]
        return ""

    def _differs(self, expected: dict[str, Any], body: Any) -> str:
        for path, wanted in resolve(expected, self._names()).items():
            if problem := mismatch(wanted, select(body, path)):
                return f"{path}: {problem}"
        return ""

    def _done(self, number: int, step: Step, detail: str) -> None:
        self.emit("step", name=step.title(number), ok=True, detail=detail)
        if step.expect or step.error is not None or step.until:
            held = Judgement(step.title(number), True, detail or f"at {iso(self.now)}", self.now)
            self.judgements.append(held)

    def _fail(self, number: int, step: Step, detail: str) -> None:
        self.emit("step", name=step.title(number), ok=False, detail=detail)
        place = self.scenario.document.place(("steps", number - 1))
        self.judgements.append(Judgement(step.title(number), False, detail, self.now, place))
        raise StepFailed(step.title(number))

    def unfinished(self) -> None:
        """Judge the step that the end of the clock has cut off, if there is one."""
        if self.current is not None:
            number, step, waiting = self.current
            left = len(self.scenario.file.steps) - number
            more = f"; {left} more {'step was' if left == 1 else 'steps were'} never taken" if left else ""
            detail = f"the clock ended at {iso(self.now)} {waiting or 'before it was over'}{more}"
            place = self.scenario.document.place(("steps", number - 1))
            self.judgements.append(Judgement(step.title(number), False, detail, self.now, place))

    # -- calls -------------------------------------------------------------------------------------------

    def ask(self, wanted: Step | CallCondition) -> Generator[Any, Any, Reply]:
        """Call an operation as a step or a condition says.

        No answer is an error too, with the code UNREACHABLE or TIMEOUT.
        """
        assert wanted.call is not None
        actor_id, _, name = wanted.call.partition(".")
        actor, names = self.world.actors[actor_id], self._names()
        assert actor.endpoint is not None
        payload: dict[str, Any] = resolve(wanted.body, names)
        if self.is_rest(actor.endpoint.operations[name]):
            parts = {"pathParams": wanted.path, "params": wanted.params, "body": wanted.body}
            payload = {part: resolve(value, names) for part, value in parts.items() if value}
        if isinstance(wanted, Step) and wanted.files:
            payload["files"] = [file.upload(self.world.files, names) for file in wanted.files]
        principal = self._principal(actor, resolve(wanted.customer, names))
        try:
            return (yield from self.world.network.call(self.id, actor_id, name, payload, principal))
        except PeerUnreachable as error:
            return Reply(False, {"error": {"code": "UNREACHABLE", "message": str(error)}})
        except PeerTimeout as error:
            return Reply(False, {"error": {"code": "TIMEOUT", "message": str(error)}})

    def _principal(self, actor: Actor, caller: str | None) -> Principal:
        """Who calls: an actor, a customer, or by default the first customer of the one that is called."""
        if caller in self.world.actors:
            return Principal(str(caller), self.world.actors[str(caller)].role)
        if caller is None:
            caller = next(iter(getattr(actor, "customers", ())), self.id)
        return Principal(caller, "driver")

    def _names(self) -> dict[str, Any]:
        self.names["now"] = iso(self.now)
        return self.names

    def measure(self, metric: str, selectors: Mapping[str, Any]) -> float | int | None:
        """The value of a metric now; see :func:`~sandbox.results.metrics.measure`."""
        return measure(self.world, metric, selectors)

    # -- waiting -----------------------------------------------------------------------------------------

    @property
    def awaits(self) -> str:
        """The kind of event that the present step waits for; empty if it waits for none."""
        return self._waiting[0].kind if self._waiting is not None else ""

    def _wait(self, number: int, step: Step) -> Steps:
        """Wait for the step's own time and condition."""
        if step.after:
            self.current = (number, step, f"while it waited {format_duration(step.after)}")
            yield self.world.env.timeout(step.after)
        if step.at is not None:
            at_ms = moment_ms(resolve(step.at, self._names()), self.scenario.start_ms, self.scenario.end_ms)
            self.current = (number, step, f"before {iso(at_ms)}, when it is due")
            if at_ms > self.now:
                yield self.world.env.timeout(at_ms - self.now)
        if isinstance(step.when, StatusCondition | MessageCondition | EventCondition):
            waiting = watch(step.when, self._names())
            self.current = (number, step, f"while it waited for {waiting.wanted()}")
            yield from self._wait_for(number, step, waiting)

    def _wait_for(self, number: int, step: Step, waiting: Watch) -> Steps:
        """Wait until a watch is satisfied, by what has happened since the step before was taken."""
        events = self.world.trace.events
        for event in events[: self._mark]:
            waiting.feed(event)
        waiting.forget()
        for event in events[self._mark :]:
            waiting.feed(event)
        if waiting.some():
            return
        wake = self.world.env.event()
        self._waiting = (waiting, wake)
        yield wake if step.within is None else wake | self.world.env.timeout(step.within)
        self._waiting = None
        if not wake.triggered:
            detail = f"expected {waiting.wanted()} within {format_duration(step.within or 0)}"
            self._fail(number, step, f"{detail}, saw {waiting.seen()}")

    def _on_event(self, event: Event) -> None:
        """Wake the step that waits when what it waits for has come."""
        if self._waiting is None:
            return
        waiting, wake = self._waiting
        if waiting.feed(event) and waiting.some() and not wake.triggered:
            wake.succeed()


def _problem(reply: Reply) -> str:
    return "" if reply.ok else f"expected an answer, saw the error {error_text(reply.body)}"
