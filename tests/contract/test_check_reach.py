"""What a check says where it can't begin or go on: nobody there, wrong credentials, a service that stops."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import pytest
from aiohttp import web
from aiohttp.test_utils import unused_port

from sandbox.cli.verdict import totals
from sandbox.contract import outcome_agent, sales_agent
from sandbox.contract import run as running
from sandbox.contract.auth import Auth
from sandbox.contract.check import Checks, Subject
from sandbox.contract.control import Control
from sandbox.contract.run import Verdict, run
from sandbox.contract.talk import NoAnswer, Talk
from sandbox.core.errors import InputError
from tests.server.conftest import Live, settings


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    server = Live(settings(tmp_path_factory.mktemp("reached")))
    yield server
    server.stop()


def address(live: Live, transport: str) -> str:
    found: str = next(row for row in live.line["agents"] if row["id"] == "newsroom")[transport]
    return found


@pytest.mark.parametrize("transport", ["mcp", "a2a"])
def test_a_sales_agent_that_refuses_the_credentials_is_not_checked(live: Live, transport: str) -> None:
    with pytest.raises(InputError, match="--auth: the bearer credentials are refused") as caught:
        asyncio.run(run(sales_agent.SUBJECT, address(live, transport), Auth("bearer", "nobodys-token")))
    assert "nobodys-token" not in str(caught.value)


@pytest.mark.parametrize("transport", ["mcp", "a2a"])
def test_a_sales_agent_that_wants_credentials_is_not_checked_without(live: Live, transport: str) -> None:
    with pytest.raises(InputError, match="--auth: it wants credentials"):
        asyncio.run(run(sales_agent.SUBJECT, address(live, transport)))


@pytest.mark.parametrize(
    ("auth", "said"),
    [(None, "it wants credentials"), (Auth("api-key", "nobodys-key"), "the api-key credentials are refused")],
)
def test_an_outcome_agent_that_refuses_the_credentials_is_not_checked(
    live: Live, auth: Auth | None, said: str
) -> None:  # rule 206
    url = live.line["outcome_agents"][0]["url"]
    with pytest.raises(InputError, match=f"--auth: {said}"):
        asyncio.run(run(outcome_agent.SUBJECT, url, auth))


def test_an_address_without_a_path_is_asked_for_its_card_like_any_other(live: Live) -> None:
    parts = urlsplit(live.line["buyer_api"])
    with pytest.raises(InputError, match="a2a: no agent card of A2A is there"):
        asyncio.run(run(sales_agent.SUBJECT, f"{parts.scheme}://{parts.netloc}"))


def test_a_control_address_at_which_something_else_answers_is_named(live: Live) -> None:
    async def opened() -> None:
        async with Talk() as talk:
            await Control.open(live.line["buyer_api"], talk)

    with pytest.raises(InputError, match="--control: no control API answers, but something else") as caught:
        asyncio.run(opened())
    assert "/_sandbox" in str(caught.value.hint)


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://127.0.0.1:PORT", "Connection refused"),
        ("http://nobody.invalid", "there is no host nobody.invalid"),
    ],
)
def test_why_nothing_came_back_is_said_in_words(url: str, why: str) -> None:
    async def asked() -> None:
        async with Talk() as talk:
            await talk.send("GET", url.replace("PORT", str(unused_port())))

    with pytest.raises(NoAnswer, match=f"^{why}$"):
        asyncio.run(asked())


class Fuse:
    """A service that stops, and perhaps begins again, when it is asked to."""

    def __init__(self, begins_again: bool) -> None:
        self.port = unused_port()
        self._begins_again = begins_again
        self._runner: web.AppRunner | None = None
        self._next: asyncio.Task[None] | None = None

    async def start(self) -> None:
        app = web.Application()
        app.router.add_get("/", self._answer)
        app.router.add_get("/stop", self._stop)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port).start()

    async def close(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    async def _answer(self, _: web.Request) -> web.Response:
        return web.Response(text="{}")

    async def _stop(self, request: web.Request) -> web.Response:
        assert self._runner is not None
        for site in list(self._runner.sites):
            await site.stop()
        if self._begins_again:
            self._next = asyncio.create_task(self._start_later())
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    async def _start_later(self) -> None:
        await asyncio.sleep(0.5)
        await self.start()


class Door:
    """What the checks below get: the service, asked at a path."""

    def __init__(self, url: str, talk: Talk) -> None:
        self._url, self._talk = url, talk

    async def ask(self, path: str) -> None:
        await self._talk.send("GET", f"{self._url}{path}")


@asynccontextmanager
async def _open(url: str, _: Auth | None, talk: Talk) -> AsyncIterator[Door]:
    yield Door(url, talk)


CHECKS: Checks[Door] = Checks()


@CHECKS.add("stop.now", "rule 1", severity="should")
async def stop(door: Door) -> None:
    """It stands whatever is asked."""
    await door.ask("/stop")


@CHECKS.add("then.first", "rule 2")
async def first(door: Door) -> None:
    """It answers."""
    await door.ask("/")


@CHECKS.add("then.second", "rule 2")
async def second(door: Door) -> None:
    """It answers again."""
    await door.ask("/")


async def fused(begins_again: bool) -> Verdict:
    fuse = Fuse(begins_again)
    await fuse.start()
    try:
        return await run(Subject("fuse", "The fuse", _open, CHECKS), f"http://127.0.0.1:{fuse.port}")
    finally:
        await fuse.close()


def test_when_a_service_has_stopped_for_good_the_rest_is_skipped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "BEGINS_AGAIN_S", 1)
    verdict = asyncio.run(fused(begins_again=False))
    assert [finding.outcome for finding in verdict.findings] == ["failed", "skipped", "skipped"]
    assert "since stop.now" in verdict.findings[-1].detail
    assert not verdict.conforms, "though nothing failed that must be so"
    assert totals(verdict).endswith("nothing listens there any more since stop.now")


def test_a_service_that_begins_again_is_checked_to_the_end() -> None:
    verdict = asyncio.run(fused(begins_again=True))
    assert [finding.outcome for finding in verdict.findings] == ["failed", "passed", "passed"]
    assert not verdict.gone
