"""A scenario's world in the process of a test."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from sandbox.core.errors import InputError, ScenarioFailure
from sandbox.testing.calls import body_of, is_instant, known, parted, takes

if TYPE_CHECKING:
    from sandbox.kernel.world import World
    from sandbox.results.result import RunResult


class Simulation:
    """A scenario's world in this process, at its first instant; the test takes the steps and moves the clock.

    The scenario's own steps are taken by :meth:`play` only. Leaving the block without an error lets all checkers look;
    what they find is raised as :class:`ScenarioFailure`. Raises :class:`InputError` for a scenario that is wrong.
    """

    def __init__(self, scenario: str | Path = "worlds/default", seed: int | None = None) -> None:
        self.scenario, self.seed = str(scenario), seed

    def __enter__(self) -> Self:
        from sandbox.kernel.checkers import CHECKERS
        from sandbox.scenario import build, load
        from sandbox.scenario.driver import Driver

        loaded = load(self.scenario)
        loaded.file = loaded.file.model_copy(update={"steps": [], "expect": []})
        self.world: World = build(loaded, self.seed)
        self._driver = self.world.actors["driver"]
        assert isinstance(self._driver, Driver)
        self._checkers = [checker(self.world) for checker in CHECKERS]
        for checker in self._checkers:
            for event in self.world.trace.events:
                checker.on_event(event)
            self.world.trace.listen(checker.on_event)
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self.check()

    @property
    def now(self) -> str:
        """The simulated time, ISO 8601."""
        from sandbox.core.time import iso

        return iso(self.world.now)

    @property
    def digest(self) -> str:
        """SHA-256 of what has happened so far."""
        return self.world.trace.digest()

    def advance(self, by: str) -> str:
        """Move the clock by ``3d``, ``2h30m``, or to an ISO 8601 instant; gives the simulated time then."""
        from sandbox.core.time import parse_duration, parse_instant

        try:
            to_ms = parse_instant(by) if is_instant(by) else self.world.now + parse_duration(by)
        except ValueError as error:
            why = f"not an instant: {by!r}" if is_instant(by) else str(error)
            raise InputError(why, "advance") from None
        if to_ms < self.world.now:
            raise InputError(f"the clock is at {self.now} and goes forward only", "advance")
        self.world.run(to_ms)
        return self.now

    def call(
        self,
        call: str,
        body: dict[str, Any] | None = None,
        *,
        path: dict[str, Any] | None = None,
        params: dict[str, Any] | None = None,
        customer: str | None = None,
    ) -> dict[str, Any]:
        """Call ``actor.operation`` and let time pass until the answer is there; gives its body.

        ``customer`` is who calls, by default the platform's first one. Raises :class:`Refused` for an error.
        """
        from sandbox.scenario.model import Step
        from sandbox.scenario.references import escape

        actor, operation = parted(call, "actor.operation")
        endpoint = known(self.world.actors, actor, "this world").endpoint
        known({} if endpoint is None else endpoint.operations, operation, actor)
        given = {"call": call, "body": body, "path": path, "params": params, "as": customer or self._first_customer()}
        step = Step.model_validate({key: escape(value) for key, value in given.items() if value})
        return body_of(call, self._finish(self._driver.ask(step)))  # type: ignore[attr-defined]

    def do(self, control: str, **arguments: Any) -> Any:
        """Let an actor do something by itself: ``do("northstar.approve")``."""
        actor, name = parted(control, "actor.control")
        do = known(known(self.world.actors, actor, "this world").controls, name, actor)
        takes(do, control, arguments)
        result = do(**arguments)
        return self._finish(result) if isinstance(result, Generator) else result

    def faults(self, *rules: Mapping[str, Any]) -> None:
        """Let these rules of faults hold from now on, instead of those before; none of them end all faults."""
        from sandbox.scenario.build import fault_of
        from sandbox.scenario.faults import FaultSpec
        from sandbox.scenario.source import Document
        from sandbox.scenario.validate import validated

        specs = [validated(FaultSpec, dict(rule), Document("faults", dict(rule)), ()) for rule in rules]
        self.world.network.faults.listed()[:] = [fault_of(spec, self.world.now, self.world.now) for spec in specs]

    def measure(self, metric: str, **selectors: Any) -> float | int | None:
        """The present value of a metric: ``measure("spend", campaign=…)``. Raises :class:`InputError`."""
        from sandbox.results.metrics import SELECTORS, measure

        for name in selectors:
            known(dict.fromkeys(SELECTORS), name, "measure")
        return measure(self.world, metric, selectors)

    def check(self) -> None:
        """Let all checkers look. Raises :class:`ScenarioFailure` that names what they found."""
        self.world.market.settle()
        for checker in self._checkers:
            checker.finish()
        found = [str(violation) for checker in self._checkers for violation in checker.violations]
        if found:
            raise ScenarioFailure("checkers found breaches:\n" + "\n".join(found))

    def play(self) -> RunResult:
        """Play the scenario from its beginning, with its own steps and expectations, in a world of its own."""
        from sandbox.scenario import load, run

        return run(load(self.scenario), self.seed)

    def _first_customer(self) -> str | None:
        platforms = (actor for actor in self.world.actors.values() if hasattr(getattr(actor, "config", 0), "customers"))
        customers = [customer.principal for platform in platforms for customer in platform.config.customers]  # type: ignore[attr-defined]
        return customers[0] if customers else None

    def _finish(self, steps: Generator[Any, Any, Any]) -> Any:
        process = self.world.spawn(steps)
        while not process.processed:
            self.world.env.step()
        return process.value
