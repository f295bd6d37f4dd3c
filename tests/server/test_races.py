"""What happens at once: resets, advances, cancelled requests. Whatever it is, a restart finds what was acknowledged."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from sandbox.core.errors import ApiError
from sandbox.core.time import DAY_MS
from sandbox.journal.store import Journal
from sandbox.server import stepping
from sandbox.server.edge import Caller
from sandbox.server.served import Served
from tests.server.conftest import settings

ACME, GLOBEX = Caller("", 1, "acme"), Caller("", 2, "globex")
STATUS = frozenset({"status"})
MINUTE_MS = 60_000


@pytest.fixture(autouse=True)
def _every_step_gives_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """Others get a turn after every single step of a world."""
    monkeypatch.setattr(stepping, "SLICE_S", -1.0)


class Sandbox:
    """A served sandbox without edges, with a journal in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.url = f"sqlite:///{folder}/journal.db"
        self.served = Served(settings(folder, journal=self.url))
        self.served.start()

    async def found(self, name: str, caller: Caller = ACME) -> dict[str, Any]:
        """A new advertiser."""
        body = {"name": name, "brand": "acme.com"}
        reply = await self.served.call(caller, "create_advertiser", {"body": body})
        assert reply.ok, reply.body
        return reply.body

    async def discover(self) -> Any:
        """A request that sales agents are asked for, so that it takes many steps."""
        advertiser = (await self.found("Asking"))["id"]
        return self.served.call(ACME, "discover_products", {"body": {"advertiserId": advertiser}})

    async def names(self, caller: Caller = ACME) -> list[str]:
        """All advertisers."""
        reply = await self.served.call(caller, "list_advertisers", {})
        return [row["name"] for row in reply.body["items"]]

    def events(self) -> int:
        """Length of the first customer's trace."""
        return len(self.served.host("acme").world.trace.events)


def play(folder: Path, story: Callable[[Sandbox], Awaitable[Any]]) -> Any:
    """Play a story in a sandbox, and stop it; a restart must find the same answers."""

    async def whole() -> Any:
        sandbox = Sandbox(folder)
        try:
            return await story(sandbox)
        finally:
            await sandbox.served.close()

    return asyncio.run(whole())


async def turns(count: int) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


def test_a_write_during_an_advance_that_stops_is_found_by_a_restart(tmp_path: Path) -> None:
    async def first(sandbox: Sandbox) -> list[str]:
        served = sandbox.served
        first_ms = served.clock.now()
        moving = asyncio.ensure_future(served.host("acme").run_until(first_ms + 3 * DAY_MS, frozenset({"nothing"})))
        await turns(3)
        await sandbox.found("Meanwhile")
        await moving
        return await sandbox.names()

    async def again(sandbox: Sandbox) -> list[str]:
        return await sandbox.names()

    assert play(tmp_path, first) == play(tmp_path, again) == ["Meanwhile"]


@pytest.mark.parametrize("pause", [0, 1, 2, 3, 5, 8, 13, 40])
def test_a_reset_during_a_write_leaves_nothing_of_it(tmp_path: Path, pause: int) -> None:
    async def first(sandbox: Sandbox) -> None:
        writing = asyncio.ensure_future(await sandbox.discover())
        await turns(pause)
        await sandbox.served.reset()
        with suppress(ApiError):
            await writing
        assert await sandbox.names() == []

    async def again(sandbox: Sandbox) -> None:
        assert (sandbox.served.replayed, await sandbox.names()) == (0, [])

    play(tmp_path, first)
    play(tmp_path, again)


def test_an_advance_ends_when_the_sandbox_is_reset(tmp_path: Path) -> None:
    async def story(sandbox: Sandbox) -> None:
        served = sandbox.served
        start_ms = served.clock.now()
        advancing = asyncio.ensure_future(served.advance(start_ms + 30 * DAY_MS))
        await turns(5)
        await served.reset()
        with pytest.raises(ApiError, match="reset"):
            await advancing
        assert served.clock.now() == start_ms
        await sandbox.found("New")

    async def again(sandbox: Sandbox) -> None:
        assert sandbox.served.clock.now() == sandbox.served.start_ms
        assert await sandbox.names() == ["New"]

    play(tmp_path, story)
    play(tmp_path, again)


def test_resets_and_writes_at_once_agree_with_the_journal(tmp_path: Path) -> None:
    async def first(sandbox: Sandbox) -> list[list[str]]:
        async def write(number: int) -> None:
            for turn in range(4):
                with suppress(ApiError):
                    await sandbox.found(f"{number}.{turn}", (ACME, GLOBEX)[number % 2])
                await asyncio.sleep(0.001)

        resets = [sandbox.served.reset() for _ in range(4)]
        await asyncio.gather(*(write(number) for number in range(6)), *resets)
        return [await sandbox.names(caller) for caller in (ACME, GLOBEX)]

    async def again(sandbox: Sandbox) -> list[list[str]]:
        return [await sandbox.names(caller) for caller in (ACME, GLOBEX)]

    assert play(tmp_path, first) == play(tmp_path, again)


@pytest.mark.parametrize("pause", [1, 2, 4, 8, 16, 40])
def test_a_request_whose_client_gave_up_is_done_whole_or_not_at_all(tmp_path: Path, pause: int) -> None:
    async def first(sandbox: Sandbox) -> int:
        asking = asyncio.ensure_future(await sandbox.discover())
        await turns(pause)
        asking.cancel()
        with suppress(asyncio.CancelledError):
            await asking
        await sandbox.found("After")
        return sandbox.events()

    async def again(sandbox: Sandbox) -> int:
        return sandbox.events()

    assert play(tmp_path, first) == play(tmp_path, again)


def test_what_was_read_is_durable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A read that has seen a change is answered when the change can't get lost any more."""

    async def story(sandbox: Sandbox) -> None:
        journal = sandbox.served.journal
        durable: list[str] = []
        append = journal.append

        def noted(*given: Any) -> None:
            append(*given)
            durable.extend(row.name for row in given[0])

        monkeypatch.setattr(journal, "append", noted)
        served = sandbox.served
        for number in range(20):
            served.clock.push(served.clock.now() + MINUTE_MS)
            writing = asyncio.ensure_future(sandbox.found(f"{number}"))
            reading = asyncio.ensure_future(sandbox.names())
            seen = await reading
            assert len(durable) >= len(seen)
            await writing

    play(tmp_path, story)


def test_a_journal_that_breaks_is_told_by_reads_and_advances_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story(sandbox: Sandbox) -> None:
        def full(*_: Any) -> None:
            raise OSError("disk full")

        await sandbox.found("Kept")
        monkeypatch.setattr(sandbox.served.journal, "append", full)
        now_ms = sandbox.served.clock.now()
        for _ in range(2):
            for request in (
                sandbox.found("Lost"),
                sandbox.names(),
                sandbox.served.advance(now_ms + DAY_MS),
                sandbox.served.reset(),
            ):
                with pytest.raises(OSError, match="disk full"):
                    await request
        assert sandbox.served.health()["status"] == "failing"
        assert sandbox.served.clock.now() == now_ms

    async def again(sandbox: Sandbox) -> list[str]:
        return await sandbox.names()

    play(tmp_path, story)
    monkeypatch.undo()
    assert play(tmp_path, again) == ["Kept"]


def test_a_reset_keeps_whose_journal_it_is(tmp_path: Path) -> None:
    async def story(sandbox: Sandbox) -> Any:
        await sandbox.served.advance(sandbox.served.clock.now() + DAY_MS)
        await sandbox.served.reset()
        return sandbox.served.journal.read("identity"), sandbox.served.journal.read("clock_ms")

    identity, clock_ms = play(tmp_path, story)
    journal = Journal(f"sqlite:///{tmp_path}/journal.db")
    assert identity is not None
    assert clock_ms is None
    assert journal.read("identity") == identity
    journal.close()


def test_a_mistake_in_the_background_neither_stops_a_running_clock_nor_a_restart(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from sandbox.kernel.actor import Actor

    def break_down(_self: Actor) -> Any:
        def later() -> None:
            raise ZeroDivisionError("a mistake of ours")

        _self.world.after(DAY_MS, later)

    monkeypatch.setattr("agents.seller.seller.Seller.go_down", break_down, raising=False)

    async def story(sandbox: Sandbox) -> None:
        served = sandbox.served
        assert (await served.host("acme").control("newsroom.go_down", {})).ok
        with suppress(ZeroDivisionError):
            await served.advance(served.clock.now() + 2 * DAY_MS)
        await sandbox.found("After")

    async def again(sandbox: Sandbox) -> list[str]:
        return await sandbox.names()

    play(tmp_path, story)
    assert play(tmp_path, again) == ["After"]
    assert "a mistake of ours" in capfd.readouterr().err


def test_whoever_stops_waiting_for_the_journal_stops_nobody_else(tmp_path: Path) -> None:
    async def story(sandbox: Sandbox) -> None:
        served = sandbox.served
        for number in range(30):
            waiting = [asyncio.ensure_future(sandbox.found(f"{number}")), asyncio.ensure_future(sandbox.names())]
            moving = asyncio.ensure_future(served.advance(served.clock.now() + 1))
            gone = [asyncio.ensure_future(sandbox.names()), asyncio.ensure_future(served.advance(served.clock.now()))]
            await turns(number)
            for one in gone:
                one.cancel()
            await asyncio.wait_for(asyncio.gather(*waiting, moving), 10)
            listed = await served.call(ACME, "list_advertisers", {})
            assert listed.body["total"] == number + 1

    play(tmp_path, story)


def test_a_running_clock_stops_with_the_server(tmp_path: Path) -> None:
    async def story() -> None:
        for number in range(10):
            url = f"sqlite:///{tmp_path}/{number}.db"
            served = Served(settings(tmp_path, journal=url, clock="x600"))
            served.start()
            served.follow()
            writing = [asyncio.ensure_future(served.call(ACME, "create_advertiser", {})) for _ in range(5)]
            await asyncio.sleep(0.05 + number / 1000)
            await asyncio.wait_for(served.close(), 10)
            await asyncio.gather(*writing, return_exceptions=True)
            stopped = {host.world.now for host in served.hosts.values()}
            await asyncio.sleep(0.1)
            assert {host.world.now for host in served.hosts.values()} == stopped

    asyncio.run(story())
