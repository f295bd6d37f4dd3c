"""Plays a scenario against a served sandbox, which was started with the same world."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from sandbox.core.errors import InputError
from sandbox.core.time import iso
from sandbox.kernel.checkers import Violation
from sandbox.results.result import RunResult
from sandbox.scenario.build import build
from sandbox.scenario.conditions import CallCondition
from sandbox.scenario.driver import StepFailed
from sandbox.scenario.expectations import Judge
from sandbox.scenario.remote.client import Sandbox, Trouble
from sandbox.scenario.remote.mirror import Mirror, RemoteDriver
from sandbox.scenario.run import Counts

if TYPE_CHECKING:
    from sandbox.scenario.load import Scenario
    from sandbox.scenario.source import Where

WHERE = "--against"


def play(
    scenario: Scenario,
    url: str,
    seed: int | None = None,
    reset: bool = False,
    progress: Callable[[int], None] | None = None,
) -> RunResult:
    """Play a scenario's steps against the sandbox that is served at ``url``, and judge it.

    ``seed`` is the seed that the sandbox must be served with, by default the scenario's own; ``reset`` lets it
    begin anew first. Raises :class:`InputError` for mistakes in the scenario, and for a sandbox that is not
    there, serves another world, or is no longer at its first instant.
    """
    begun = time.perf_counter()
    try:
        with Sandbox(url) as sandbox:
            mirror = _join(scenario, sandbox, seed, reset)
            result = _play(scenario, mirror, progress)
    except Trouble as trouble:
        raise InputError(trouble.message, WHERE, trouble.hint) from None
    result.wall_s = time.perf_counter() - begun
    return result


def _play(scenario: Scenario, mirror: Mirror, progress: Callable[[int], None] | None) -> RunResult:
    driver, counts, failed_step = RemoteDriver(mirror, scenario), Counts(), ""
    mirror.trace.listen(counts.on_event)
    mirror.add(driver)
    driver.start()
    mirror.follow()
    judge = Judge(driver)
    judge.begin()
    try:
        mirror.play(scenario.end_ms, lambda: driver.awaits, progress)
    except StepFailed as failure:
        failed_step = str(failure)
    else:
        driver.unfinished()
    mirror.settle()
    judged = judge.end(failed_step)
    audit = mirror.sandbox.audit()
    return RunResult(
        scenario=scenario.name,
        seed=mirror.seed,
        start_ms=scenario.start_ms,
        end_ms=min(mirror.now, scenario.end_ms),
        digest=mirror.trace.digest(),
        wall_s=0.0,
        opportunities=audit["opportunities"],
        impressions=counts.sums["impressions"],
        spend_micros=counts.sums["spend_micros"],
        messages=counts.messages,
        trace=mirror.trace,
        expectations=[*driver.judgements, *judged],
        violations=[
            Violation(row["checker"], mirror.local_seq(row["seq"]), row["at_ms"], row["message"])
            for row in audit["violations"]
        ],
        against=mirror.sandbox.url,
    )


# -- is it the same world? -------------------------------------------------------------------------------


def _join(scenario: Scenario, sandbox: Sandbox, seed: int | None, reset: bool) -> Mirror:
    """The mirror of a served world that is the scenario's, at its first instant."""
    plan = build(scenario, seed)
    served = sandbox.world()
    _check_same(scenario, plan.seed, sandbox.url, served)
    keys = {customer["principal"]: customer["api_key"] for customer in served["customers"]}
    _check_steps(scenario, served["platform"], keys, served["customer"])
    if reset:
        sandbox.reset()
        served = sandbox.world()
    if served["inputs"] or served["now"] != served["start"]:
        raise InputError(
            f"{sandbox.url} is not at its first instant: it is {served['now']} (requests so far: {served['inputs']})",
            WHERE,
            "--reset lets it begin anew, and forgets all that",
        )
    return Mirror(plan, sandbox, keys, served["customer"])


def _check_same(scenario: Scenario, seed: int, url: str, served: dict[str, Any]) -> None:
    name, start = scenario.name, iso(scenario.start_ms)
    if served["fingerprint"] != scenario.file.fingerprint():
        problem = f"{url} serves {served['scenario']}, which is another world than that of {name}"
        raise InputError(problem, WHERE, f"adcp-sandbox serve {name}")
    if served["seed"] != seed:
        raise InputError(f"{url} has the seed {served['seed']}, not {seed}", WHERE, f"give --seed {served['seed']}")
    if served["start"] != start:
        problem = f"{url} begins at {served['start']}, the scenario at {start}"
        raise InputError(problem, WHERE, f"adcp-sandbox serve {name}, without --start")
    if served["mode"] != "manual":
        problem = f"the clock of {url} runs by itself ({served['mode']})"
        raise InputError(problem, WHERE, f"adcp-sandbox serve {name} --clock manual")


def _check_steps(scenario: Scenario, platform: str, keys: dict[str, str], own: str) -> None:
    """All calls go to what is served, and are made for one customer."""
    for call, customer, where in _calls(scenario):
        actor = call.partition(".")[0]
        if actor != platform:
            problem = f"{call} can't be played: steps call {platform} over HTTP, and no other actor"
            raise scenario.document.error(problem, where, "play the scenario without --against")
        if str(customer) in keys and customer != own:
            problem = f"{customer} has a world of its own in a served sandbox"
            raise scenario.document.error(problem, where, f"only steps of {own} can be played with --against")


def _calls(scenario: Scenario) -> Iterator[tuple[str, Any, Where]]:
    """Operation, caller and place of each call that the scenario makes."""
    for number, step in enumerate(scenario.file.steps):
        if step.call:
            yield step.call, step.customer, ("steps", number, "call")
    for number, expectation in enumerate(scenario.file.expect):
        promise, condition = expectation.promise
        if isinstance(condition, CallCondition):
            yield condition.call, condition.customer, ("expect", number, promise, "call")
