"""Whose turn it is: sections nest like brackets while somebody stands still, and nothing waits for ever."""

from __future__ import annotations

import asyncio

from sandbox.server.clock import Clock
from sandbox.server.turn import Turn


def test_sections_nest_and_the_outer_one_goes_on_last() -> None:
    done: list[str] = []

    async def play() -> None:
        turn, called = Turn(), asyncio.Event()

        async def nested(name: str, answer: asyncio.Event | None) -> None:
            assert await turn.nest()
            done.append(f"{name} begins")
            if answer is not None:
                await turn.stand_still(answer.wait())
            done.append(f"{name} ends")
            await turn.leave()

        async def outer() -> None:
            async with turn:
                await turn.stand_still(called.wait())
                done.append("outer goes on")

        inner = asyncio.Event()
        first = asyncio.ensure_future(outer())
        await asyncio.sleep(0.01)
        second = asyncio.ensure_future(nested("one", inner))
        await asyncio.sleep(0.01)
        called.set()  # the outer call is over, but a section within it is not
        await asyncio.sleep(0.01)
        third = asyncio.ensure_future(nested("two", None))
        await asyncio.sleep(0.01)
        inner.set()
        await asyncio.wait_for(asyncio.gather(first, second, third), 5)
        assert not turn.locked()

    asyncio.run(play())
    assert done == ["one begins", "two begins", "two ends", "one ends", "outer goes on"]


def test_what_moves_the_clock_does_not_nest() -> None:
    async def play() -> bool:
        turn, answer = Turn(), asyncio.Event()

        async def outer() -> None:
            async with turn:
                await turn.stand_still(answer.wait())

        async def moving() -> None:
            async with turn:
                return

        first = asyncio.ensure_future(outer())
        await asyncio.sleep(0.01)
        second = asyncio.ensure_future(moving())
        await asyncio.sleep(0.01)
        waited = not second.done()
        answer.set()
        await asyncio.wait_for(asyncio.gather(first, second), 5)
        return waited

    assert asyncio.run(play())


def test_a_clock_that_runs_by_itself_stands_still_too() -> None:
    real = 0.0
    clock = Clock("x1000", 0, lambda: real)
    real = 1.0
    with clock.standing():
        real = 50.0
        assert clock.now() == 1_000_000
    assert clock.now() == 1_000_000
    real = 51.0
    assert clock.now() == 2_000_000
