"""The delivery engine and its parts by pytest-benchmark, to compare one commit with another.

Run with ``pytest benchmarks/test_delivery.py --benchmark-enable``; figures next to baselines, which mean more on a
machine whose speed drifts, are those of ``python -m benchmarks.throughput``.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from benchmarks.worlds import DAILY, START_MS, arguments_of, line_of, make_engine
from sandbox.core.time import DAY_MS, HOUR_MS
from sandbox.delivery import Engine, loop, traffic
from sandbox.delivery.book import write_plan, write_terms
from sandbox.delivery.tables import LINE
from sandbox.kernel.actor import Actor
from sandbox.kernel.world import World


def _hour_of(lines: int, shape: float | None, name: str) -> tuple[Callable[..., Any], tuple[Any, ...]]:
    """A compiled function, compiled already, and what it is called with for one hour."""
    module = {"decide": loop, "traffic": traffic}[name]
    engine = make_engine(lines, 100_000, shape=shape)
    return getattr(module, name), arguments_of(module, name, lambda: engine.advance(START_MS + HOUR_MS))


@pytest.mark.parametrize("lines", [1, 8, 64])
def test_a_day_of_opportunities(benchmark: Any, lines: int) -> None:
    def fresh() -> tuple[tuple[Engine], dict[str, Any]]:
        engine = make_engine(lines, 100_000, days=2)
        engine.advance(START_MS + HOUR_MS)  # compiles, or loads what was compiled
        return (engine,), {}

    def a_day(engine: Engine) -> Engine:
        engine.advance(START_MS + HOUR_MS + DAY_MS)
        return engine

    engine = benchmark.pedantic(a_day, setup=fresh, rounds=5)
    assert engine.opportunities == pytest.approx(DAILY * 25 / 24, rel=0.01)
    assert len(engine.log) > 0.3 * engine.opportunities
    assert engine.audit() == []


@pytest.mark.parametrize("shape", [None, 0.8], ids=["equal", "gamma"])
def test_the_traffic_of_an_hour(benchmark: Any, shape: float | None) -> None:
    function, arguments = _hour_of(8, shape, "traffic")
    made = benchmark(function, *arguments)
    assert len(made.tick) == pytest.approx(DAILY / 24, rel=0.05)
    assert (np.diff(made.tick) >= 0).all()


def test_a_call_of_the_compiled_loop_for_nothing(benchmark: Any) -> None:
    function, arguments = _hour_of(8, None, "decide")
    nothing = (*arguments[:3], 0, 0, *arguments[5:])
    assert benchmark(function, *nothing) == (0, 0)


def test_planning_64_lines_for_an_hour(benchmark: Any) -> None:
    records, lines = np.zeros(64, LINE), [line_of(n, 64) for n in range(64)]
    for number, line in enumerate(lines):
        write_terms(records[number], line, 1000)

    def plan() -> None:
        for number, line in enumerate(lines):
            write_plan(records[number], line, START_MS, START_MS + HOUR_MS, START_MS + DAY_MS, {})

    benchmark(plan)
    assert (records["plan_end"] > records["plan_at"]).all()


def test_a_day_with_hourly_control_and_trace(benchmark: Any) -> None:
    def fresh() -> tuple[tuple[World], dict[str, Any]]:
        world = World(1, START_MS, users=100_000)
        world.add(Actor(world, "seller"))
        engine_of = make_engine(8, 100, days=2)
        world.market.add_placements(engine_of.history.placements)
        for line in engine_of.lines:
            world.market.open_line("seller", "buyer", line)
        return (world,), {}

    def a_day(world: World) -> World:
        world.run(START_MS + DAY_MS)
        return world

    world = benchmark.pedantic(a_day, setup=fresh, rounds=5)
    assert len(list(world.trace.of("delivery"))) == 8 * 24
