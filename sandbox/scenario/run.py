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
    from sandbox.scenario.load import Scenario


def run(scenario: Scenario, seed: int | None = None, progress: Callable[[int], None] | None = None) -> RunResult:
    """Play a scenario and judge it.

    ``seed`` replaces the scenario's own; ``progress`` is called with the simulated time in ms, at most once
    a simulated hour. Raises :class:`InputError` for mistakes in the scenario; what does not hold is in the
    result.
    """
    begun = time.perf_counter()
    world = build(scenario, seed)
    driver = world.actors["driver"]
    assert isinstance(driver, Driver)
    counts = Counts()
    checkers = [checker(world) for checker in CHECKERS]
    for event in world.trace.events:
        counts.on_event(event)
        for checker in checkers:
            checker.on_event(event)
    world.trace.listen(counts.on_event)
    for checker in checkers:
        world.trace.listen(checker.on_event)
    judge = Judge(driver)
    judge.begin()
    failed_step = ""
    try:
        world.run(scenario.end_ms, progress)
    except StepFailed as failure:
        failed_step = str(failure)
    else:
        driver.unfinished()
    world.market.settle()
    judged = judge.end(failed_step)
    for checker in checkers:
        checker.finish()
    return RunResult(
        scenario=scenario.name,
        seed=world.seed,
        start_ms=scenario.start_ms,
        end_ms=min(world.now, scenario.end_ms),
        digest=world.trace.digest(),
        wall_s=time.perf_counter() - begun,
        opportunities=world.market.opportunities,
        impressions=counts.sums["impressions"],
        spend_micros=counts.sums["spend_micros"],
        messages=counts.messages,
        trace=world.trace,
        world=world,
        expectations=[*driver.judgements, *judged],
        violations=[violation for checker in checkers for violation in checker.violations],
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
