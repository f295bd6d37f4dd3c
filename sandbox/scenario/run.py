"""Plays a scenario from its first to its last instant."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING

from sandbox.kernel.checkers import CHECKERS
from sandbox.results.result import RunResult
from sandbox.scenario.build import build
from sandbox.scenario.driver import Driver, StepFailed
from sandbox.scenario.expectations import Judge

if TYPE_CHECKING:
    from sandbox.kernel.trace import Event
    from sandbox.kernel.world import World
    from sandbox.scenario.load import Scenario


def run(scenario: Scenario, seed: int | None = None, progress: Callable[[int], None] | None = None) -> RunResult:
    """Play a scenario and judge it.

    ``seed`` replaces the scenario's own; ``progress`` is called with the simulated time in ms, at most once
    a simulated hour. Raises :class:`InputError` for mistakes in the scenario, and for actors that are real services,
    which a run in process can't reach; what does not hold is in the result.
    """
    for name in scenario.real():
        raise scenario.document.error(
            f"{name} is a real service; this way of playing reaches none",
            ("actors", name, "url"),
            "adcp-sandbox run plays it",
        )
    play = Play(scenario, build(scenario, seed))
    try:
        play.world.run(scenario.end_ms, progress)
    except StepFailed as failure:
        return play.result(str(failure))
    return play.result()


class Play:
    """A scenario that is being played in a world at its first instant: what listens, and what comes of it."""

    def __init__(self, scenario: Scenario, world: World) -> None:
        self._begun = time.perf_counter()
        self.scenario = scenario
        self.world = world
        driver = world.actors["driver"]
        assert isinstance(driver, Driver)
        self._driver = driver
        self._counts = Counts()
        self._checkers = [checker(world) for checker in CHECKERS]
        for event in world.trace.events:
            self._counts.on_event(event)
            for checker in self._checkers:
                checker.on_event(event)
        world.trace.listen(self._counts.on_event)
        for checker in self._checkers:
            world.trace.listen(checker.on_event)
        self._judge = Judge(driver)
        self._judge.begin()

    def result(self, failed_step: str = "") -> RunResult:
        """Judge it; ``failed_step`` is the one that ended it before its time."""
        scenario, world, counts = self.scenario, self.world, self._counts
        if not failed_step:
            self._driver.unfinished()
        world.market.settle()
        judged = self._judge.end(failed_step)
        for checker in self._checkers:
            checker.finish()
        return RunResult(
            scenario=scenario.name,
            seed=world.seed,
            start_ms=scenario.start_ms,
            end_ms=min(world.now, scenario.end_ms),
            digest=world.trace.digest(),
            wall_s=time.perf_counter() - self._begun,
            opportunities=world.market.opportunities,
            impressions=counts.sums["impressions"],
            spend_micros=counts.sums["spend_micros"],
            messages=counts.messages,
            trace=world.trace,
            world=world,
            expectations=[*self._driver.judgements, *judged],
            violations=[violation for checker in self._checkers for violation in checker.violations],
        )


class Counts:
    """Counts messages (requests, answers, webhook attempts) and adds up deliveries."""

    def __init__(self) -> None:
        self.messages = 0
        self.sums: Counter[str] = Counter()

    def on_event(self, event: Event) -> None:
        if event.kind in ("call", "reply", "webhook"):
            self.messages += 1
        elif event.kind == "delivery":
            for name in ("impressions", "spend_micros"):
                self.sums[name] += event.data.get(name, 0)
