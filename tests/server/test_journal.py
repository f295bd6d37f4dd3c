"""The journal: what is in it lasts, belongs to one sandbox, and is written by one server."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from sandbox.core.errors import InputError
from sandbox.journal.store import Entry, Journal
from sandbox.server.writer import Writer
from tests.server.postgres import Postgres, available


def entry(number: int, world: str = "acme") -> Entry:
    return Entry(world, number, "call", "create_campaign", f'{{"n": {number}}}', world, "a@acme.example", 200, "{}")


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=available)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/deep/journal.db"
    else:
        with Postgres() as server:
            yield server.url


def test_what_was_appended_is_there_when_it_is_opened_again(url: str) -> None:
    journal = Journal(url)
    journal.append([entry(1), entry(2, "globex"), entry(3)])
    journal.append([entry(4)], {"clock_ms": 5})
    journal.close()
    journal = Journal(url)
    assert journal.worlds() == ["acme", "globex"]
    assert [row.at_ms for row in journal.entries("acme")] == [1, 3, 4]
    assert list(journal.entries("globex")) == [entry(2, "globex")]
    assert journal.read("clock_ms") == 5
    assert journal.read("nothing") is None
    journal.clear()
    assert journal.worlds() == []
    assert journal.read("clock_ms") is None
    journal.close()


def test_texts_of_every_kind_come_back(url: str) -> None:
    journal = Journal(url)
    odd = Entry("acme", 1, "call", "x", '"\\u0000 ü \\ud83d\\ude00 \'\\""', "acme", "ü@acme.example", 200, "{}")
    journal.append([odd])
    assert list(journal.entries("acme")) == [odd]
    journal.close()


def test_a_second_server_is_refused(url: str) -> None:
    journal = Journal(url)
    journal.append([entry(1)])
    with pytest.raises(InputError, match="another server writes to"):
        Journal(url)
    journal.close()
    Journal(url).close()


def test_a_killed_process_leaves_all_that_it_acknowledged(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/journal.db"
    code = (
        "from sandbox.journal.store import Journal, Entry\n"
        f"journal, n = Journal({url!r}), 0\n"
        "while True:\n"
        "    n += 1\n"
        "    journal.append([Entry('acme', n, 'call', 'x', '{}', 'acme', '', 200, '{}')])\n"
        "    print(n, flush=True)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, cwd=Path.cwd())
    assert process.stdout is not None
    seen = [int(process.stdout.readline()) for _ in range(50)][-1]
    os.kill(process.pid, 9)
    process.wait()
    rest = process.stdout.read().split()
    process.stdout.close()
    acknowledged = int(rest[-1]) if rest else seen
    journal = Journal(url)
    kept = [row.at_ms for row in journal.entries("acme")]
    assert kept[:acknowledged] == list(range(1, acknowledged + 1))
    journal.close()


@pytest.mark.parametrize(
    "url", ["nonsense", "nonsense://x", "sqlite:////proc/none/journal.db", "postgresql://127.0.0.1:1/none"]
)
def test_a_journal_that_leads_nowhere_is_a_mistake_that_is_named(url: str) -> None:
    with pytest.raises(InputError, match="no journal can be kept") as caught:
        Journal(url)
    assert caught.value.where == "--journal"


def test_passwords_are_not_shown(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        Journal("postgresql://me:geheim@127.0.0.1:1/none")
    assert "geheim" not in str(caught.value)


def test_the_writer_acknowledges_in_order_and_only_what_is_durable(tmp_path: Path) -> None:
    async def play() -> None:
        journal = Journal(f"sqlite:///{tmp_path}/journal.db")
        writer = Writer(journal)
        order: list[int] = []
        waiting = []
        for number in range(100):
            waiting.append(writer.add(entry(number)))
            waiting[-1].add_done_callback(lambda _, number=number: order.append(number))
            if number % 7 == 0:
                await asyncio.sleep(0)
        await asyncio.gather(*waiting)
        await asyncio.sleep(0)
        assert order == sorted(order)
        assert [row.at_ms for row in journal.entries("acme")] == list(range(100))
        assert writer.behind is None
        await writer.close()

    asyncio.run(play())


def test_when_the_journal_breaks_nothing_is_acknowledged_any_more(tmp_path: Path) -> None:
    async def play() -> None:
        journal = Journal(f"sqlite:///{tmp_path}/journal.db")
        writer = Writer(journal)
        await writer.add(entry(1))
        journal.append = lambda *_: (_ for _ in ()).throw(OSError("disk full"))  # type: ignore[method-assign]
        for number in (2, 3):
            with pytest.raises(OSError, match="disk full"):
                await writer.add(entry(number))
        await writer.close()

    asyncio.run(play())


def read(number: int) -> Entry:
    return replace(entry(number), kind="read:call")


def test_what_was_only_read_keeps_nobody_waiting_and_is_written_in_its_order(url: str) -> None:
    async def serve() -> None:
        writer = Writer(Journal(url))
        writer.add_later(read(1))
        assert writer.behind is None
        await writer.add(entry(2))
        writer.add_later(read(3))
        assert writer.behind is None
        await writer.close()

    asyncio.run(serve())
    journal = Journal(url)
    assert [row.at_ms for row in journal.entries("acme", reads=True)] == [1, 2, 3]
    assert [row.at_ms for row in journal.entries("acme")] == [2]
    journal.close()


def test_reads_are_written_by_themselves_after_a_while_and_forgotten_with_the_rest(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sandbox.server.writer.LATER_S", 0.05)

    async def serve() -> list[int]:
        writer = Writer(Journal(url))
        writer.add_later(read(1))
        await asyncio.sleep(0.5)
        found = [row.at_ms for row in writer.journal.entries("acme", reads=True)]
        writer.add_later(read(2))
        await writer.clear({})
        await asyncio.sleep(0.2)
        await writer.close()
        return found

    assert asyncio.run(serve()) == [1]
    journal = Journal(url)
    assert list(journal.entries("acme", reads=True)) == []
    journal.close()
