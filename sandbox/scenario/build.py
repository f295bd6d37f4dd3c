"""From a scenario to a world: network, population, actors. Mistakes in settings come out at file:line."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from sandbox.core.errors import InputError
from sandbox.core.time import SECOND_MS
from sandbox.kernel.actor import Actor, ActorKind, actor_kind
from sandbox.kernel.blobs import Blobs
from sandbox.kernel.faults import Fault
from sandbox.kernel.latency import Latency
from sandbox.kernel.network import NetworkConfig
from sandbox.kernel.webhooks import WEBHOOK_RETRIES_MS
from sandbox.kernel.world import World
from sandbox.operations import Route
from sandbox.scenario.conditions import CallCondition
from sandbox.scenario.driver import Driver
from sandbox.scenario.references import hint
from sandbox.scenario.units import moment_ms
from sandbox.scenario.validate import validated

if TYPE_CHECKING:
    from sandbox.scenario.faults import FaultSpec
    from sandbox.scenario.load import Scenario
    from sandbox.scenario.model import ActorSpec, LatencySpec, Step
    from sandbox.scenario.source import Where


MakeDriver = Callable[[World, "Scenario"], Actor]


def build(
    scenario: Scenario,
    seed: int | None = None,
    *,
    start_ms: int | None = None,
    first_number: int = 1,
    files: Blobs | None = None,
    driver: MakeDriver = Driver,
) -> World:
    """The world of a scenario at its first instant, with all actors started and the driver added.

    ``seed`` and ``start_ms`` replace the scenario's own; ``first_number`` and ``files`` are those of
    :class:`World`; ``driver`` makes the actor that acts from outside. Raises :class:`InputError` at file:line
    for an unknown kind, wrong settings, and steps that call what is not there.
    """
    file = scenario.file
    world = World(
        file.seed if seed is None else seed,
        scenario.start_ms if start_ms is None else start_ms,
        _network(scenario),
        file.population.users,
        file.population.activity_shape,
        file.population.segments,
        first_number,
        files,
    )
    world.add(driver(world, scenario))
    for name, spec in file.actors.items():
        for actor_id, kind, config in _settings(scenario, world, name, spec):
            if actor_id in world.actors:
                raise scenario.document.error(f"there are two actors {actor_id!r}", ("actors", name))
            try:
                world.add(kind.build(world, actor_id, config))
            except InputError as error:
                raise scenario.document.error(error.message, ("actors", name), error.hint) from None
    _start(scenario, world)  # agents join their departments then, so that calls can be checked after it only
    _check_calls(scenario, world)
    return world


def _network(scenario: Scenario) -> NetworkConfig:
    spec = scenario.file.network
    retries = spec.webhook_retries
    return NetworkConfig(
        latency=_latency(spec.latency),
        links={(link.sender, link.to): _latency(link) for link in spec.links},
        faults=[fault_of(fault, scenario.start_ms, scenario.end_ms) for fault in spec.faults],
        webhook_retries_ms=WEBHOOK_RETRIES_MS if retries is None else tuple(retries),
    )


def _latency(spec: LatencySpec) -> Latency:
    return Latency(spec.median, spec.p95)


def fault_of(spec: FaultSpec, start_ms: int, end_ms: int) -> Fault:
    """The rule that a specification describes; its moments count from ``start_ms`` or ``end_ms``."""

    def moment(text: str | None) -> int | None:
        return None if text is None else moment_ms(text, start_ms, end_ms)

    return Fault(
        kind=spec.kind,
        sender=spec.sender,
        to=spec.to,
        message=spec.message,
        from_ms=moment(spec.since),
        until_ms=moment(spec.until),
        probability=spec.probability,
        count=spec.count,
        direction=spec.direction,
        latency=Latency(spec.median, max(spec.median, spec.p95 or 0)),
        hold_ms=spec.hold,
        rate=spec.rate,
        status=spec.status,
        retry_after_s=None if spec.retry_after is None else -(-spec.retry_after // SECOND_MS),
        skew_ms=spec.skew,
    )


def _settings(
    scenario: Scenario, world: World, name: str, spec: ActorSpec
) -> Iterator[tuple[str, ActorKind, BaseModel]]:
    """Id, kind and settings of each actor that an entry stands for."""
    document, at = scenario.document, ("actors", name)
    try:
        kind = actor_kind(spec.kind)
    except InputError as error:
        raise document.error(error.message, (*at, "kind"), error.hint) from None
    given = dict(spec.model_extra or {})
    if "url" in given:
        kind = _real(scenario, name, spec)
    if spec.generate is None:
        yield name, kind, validated(kind.config, given, document, at)
        return
    if kind.generate is None:
        raise document.error(f"actors of kind {kind.name!r} can't be generated", (*at, "generate"))
    invented = kind.generate(world.streams.stream("scenario", name), spec.generate)
    for number, settings in enumerate(invented, start=1):
        yield f"{name}-{number}", kind, validated(kind.config, {**settings, **given}, document, at)


def _real(scenario: Scenario, name: str, spec: ActorSpec) -> ActorKind:
    """The kind of an actor that has an address: somebody else's service."""
    from sandbox.peers.actor import peer_kind

    if spec.generate is not None:
        raise scenario.document.error("a real service can't be generated", ("actors", name, "generate"))
    try:
        return peer_kind(spec.kind)
    except InputError as error:
        raise scenario.document.error(error.message, ("actors", name, "url"), error.hint) from None


def _start(scenario: Scenario, world: World) -> None:
    """Start the actors; what one of them objects to is told at its entry."""
    for actor in list(world.actors.values()):
        try:
            actor.start()
        except InputError as error:
            entry = actor.id if actor.id in scenario.file.actors else actor.id.rpartition("-")[0]
            raise scenario.document.error(error.message, ("actors", entry), error.hint) from None


def _check_calls(scenario: Scenario, world: World) -> None:
    """Every step and expectation calls an operation or control that exists."""
    for number, step in enumerate(scenario.file.steps):
        if step.call:
            _check_call(scenario, world, step.call, bool(step.path or step.params), ("steps", number, "call"))
            _check_files(scenario, world, step, number)
        if step.do:
            _check_control(scenario, world, step.do, step.arguments, ("steps", number, "do"))
    for number, expectation in enumerate(scenario.file.expect):
        promise, condition = expectation.promise
        if isinstance(condition, CallCondition):
            where: Where = ("expect", number, promise, "call")
            _check_call(scenario, world, condition.call, bool(condition.path or condition.params), where)


def _actor(scenario: Scenario, world: World, call: str, where: Where) -> tuple[Actor, str]:
    actor_id, _, name = call.partition(".")
    actor = world.actors.get(actor_id)
    if actor is None or actor.role == "driver":
        there = [known.id for known in world.actors.values() if known.role != "driver"]
        raise scenario.document.error(f"there is no actor {actor_id!r}", where, hint(actor_id, there))
    return actor, name


def _check_call(scenario: Scenario, world: World, call: str, is_rest: bool, where: Where) -> None:
    actor, name = _actor(scenario, world, call, where)
    if actor.endpoint is None:
        raise scenario.document.error(f"{actor.id} is a {actor.role} and takes no calls", where)
    operation = actor.endpoint.operations.get(name)
    if operation is None:
        there = hint(name, actor.endpoint.operations)
        raise scenario.document.error(f"{actor.id} has no operation {name!r}", where, there)
    if is_rest and not Driver.is_rest(operation):
        problem = f"{call} is an AdCP task: it has a `body`, no `path` and no `params`"
        raise scenario.document.error(problem, where)


def _check_files(scenario: Scenario, world: World, step: Step, number: int) -> None:
    """Files go with operations that take some, of a simulated platform."""
    actor_id, _, name = str(step.call).partition(".")
    endpoint = world.actors[actor_id].endpoint
    route = endpoint.operations[name].detail if endpoint is not None else None
    if step.files and not (isinstance(route, Route) and route.files):
        raise scenario.document.error(f"{step.call} takes no files", ("steps", number, "files"))
    if step.files and actor_id in scenario.real():
        raise scenario.document.error(
            f"{actor_id} is a real service, to which no files are sent", ("steps", number, "files")
        )


def _check_control(scenario: Scenario, world: World, call: str, arguments: dict[str, Any], where: Where) -> None:
    actor, name = _actor(scenario, world, call, where)
    control = actor.controls.get(name)
    if control is None:
        there = hint(name, actor.controls)
        raise scenario.document.error(f"{actor.id} has no control {name!r}", where, there)
    try:
        inspect.signature(control).bind(**arguments)
    except TypeError as error:
        known = ", ".join(inspect.signature(control).parameters) or "nothing"
        raise scenario.document.error(f"{call}: {error}", where, f"`with` takes {known}") from None
