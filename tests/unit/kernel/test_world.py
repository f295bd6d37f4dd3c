"""Time is inclusive and integer; equal worlds have equal digests."""

from collections.abc import Generator
from typing import Any

import pytest

from sandbox.kernel.latency import Latency
from sandbox.kernel.trace import canonical
from tests.unit.kernel.conftest import MakeWorld, ask


def test_running_to_an_instant_includes_what_is_due_at_it(make_world: MakeWorld) -> None:
    world = make_world()
    done: list[int] = []
    world.at(50, lambda: done.append(world.now))
    world.run(49)
    assert done == []
    world.run(50)
    assert done == [50]
    assert world.now == 50


def test_what_is_late_happens_now(make_world: MakeWorld) -> None:
    world = make_world()
    done: list[int] = []
    world.run(100)
    world.at(10, lambda: done.append(world.now))
    world.run(100)
    assert done == [100]


def test_a_scheduled_generator_is_run_as_a_process(make_world: MakeWorld) -> None:
    world = make_world()
    done: list[int] = []

    def steps() -> Generator[Any, Any, None]:
        yield world.env.timeout(5)
        done.append(world.now)

    world.after(10, steps)
    world.run(100)
    assert done == [15]


def test_equal_worlds_have_equal_digests_and_other_seeds_other_ones(make_world: MakeWorld) -> None:
    def digest(seed: int) -> str:
        world = make_world(seed=seed, latency=Latency(50, 200))
        for n in range(20):
            ask(world, "echo", {"n": n})
        world.run(10_000)
        return world.trace.digest()

    assert digest(1) == digest(1)
    assert digest(1) != digest(2)


def test_what_is_no_json_never_enters_the_trace() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        canonical({"x": float("nan")})


def test_progress_is_told_at_most_once_an_hour(make_world: MakeWorld) -> None:
    world = make_world()
    for hour in range(10):
        for minute in (0, 20, 40):
            world.at((hour * 60 + minute) * 60_000, lambda: None)
    seen: list[int] = []
    world.run(10 * 3_600_000, seen.append)
    assert 8 <= len(seen) <= 10
