"""`adcp-sandbox check sales-agent` passes our own sales agents, and every check finds an agent that breaks it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import pytest

from sandbox.contract.auth import Auth
from sandbox.contract.check import Finding
from sandbox.contract.run import Verdict, run
from sandbox.contract.sales_agent import SUBJECT
from sandbox.core.errors import InputError
from tests.contract.mutants.proxy import Mutant, Proxy
from tests.contract.mutants.sales import MUTANTS, crash
from tests.contract.storyboards import missing
from tests.server.conftest import Live, settings

SELLERS = ("newsroom", "worldview", "bigscreen", "soundhouse")
BROKEN = "worldview"
"""Whose proxy is broken: people approve its orders, so that tasks and webhooks are due."""


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    server = Live(settings(tmp_path_factory.mktemp("checked")))
    yield server
    server.stop()


def row(live: Live, seller: str) -> dict[str, Any]:
    found: dict[str, Any] = next(row for row in live.line["agents"] if row["id"] == seller)
    return found


def options(live: Live, seller: str, **more: Any) -> dict[str, Any]:
    other = Auth("bearer", row(live, seller)["tokens"]["globex"])
    return {"control": live.line["control"], "other_auth": other, **more}


async def checked(live: Live, seller: str, transport: str = "mcp", only: tuple[str, ...] = ()) -> Verdict:
    agent = row(live, seller)
    return await run(SUBJECT, agent[transport], Auth("bearer", agent["token"]), only, None, options(live, seller))


async def broken(live: Live, mutant: Mutant, check: str, official: bool = False) -> Finding:
    agent = row(live, BROKEN)
    parts = urlsplit(agent["mcp"])
    given = options(live, BROKEN, protocol="mcp")
    async with Proxy(f"{parts.scheme}://{parts.netloc}", mutant).open() as proxy:
        url, auth = proxy.base + parts.path, Auth("bearer", agent["token"])
        verdict = await run(SUBJECT, url, auth, [check], None, given, official)
    return next(finding for finding in verdict.findings if finding.check.name == check)


def wrong(verdict: Verdict) -> list[str]:
    return [f"{one.check.name}: {one.outcome} {one.detail}" for one in verdict.findings if one.outcome != "passed"]


@pytest.mark.slow
@pytest.mark.parametrize("seller", SELLERS)
def test_our_own_sales_agents_pass_every_check(live: Live, seller: str) -> None:
    verdict = asyncio.run(checked(live, seller))
    assert not wrong(verdict)
    assert len(verdict.findings) == len(SUBJECT.checks)


@pytest.mark.slow
def test_an_agent_passes_every_check_over_a2a(live: Live) -> None:
    assert not wrong(asyncio.run(checked(live, "newsroom", "a2a")))


def test_an_agent_is_spoken_to_as_its_address_wants(live: Live) -> None:
    verdict = asyncio.run(checked(live, "newsroom", "a2a", ("capabilities.answer", "context.reads")))
    assert verdict.conforms
    assert any("SendMessage" in one.body for finding in verdict.findings for one in finding.exchanges)


def test_every_check_has_a_mutant() -> None:
    assert list(MUTANTS) == [check.name for check in SUBJECT.checks]


@pytest.mark.slow
@pytest.mark.parametrize("check", MUTANTS)
def test_every_check_fails_an_agent_that_breaks_it(live: Live, check: str) -> None:
    finding = asyncio.run(broken(live, MUTANTS[check], check))
    assert finding.outcome == "failed", finding.detail
    assert finding.curl.startswith("curl ")
    assert "sk_agent" not in finding.curl + finding.detail


def test_a_proxy_that_breaks_nothing_breaks_no_check(live: Live) -> None:
    for check in ("idempotency.once", "pages.formats", "hostile.json"):
        assert asyncio.run(broken(live, Mutant(), check)).outcome == "passed"


@pytest.fixture(scope="module")
def timely(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """A sandbox whose clock is the real one."""
    now = time.time_ns() // 1_000_000
    server = Live(settings(tmp_path_factory.mktemp("timely"), clock="real", start_ms=now))
    yield server
    server.stop()


def test_without_a_clock_what_takes_days_is_skipped_with_the_reason(timely: Live) -> None:
    agent = row(timely, "newsroom")
    names = ["lifecycle.completes", "isolation"]
    verdict = asyncio.run(run(SUBJECT, agent["mcp"], Auth("bearer", agent["token"]), names))
    assert {one.outcome for one in verdict.findings} == {"skipped"}
    reasons = [one.detail for one in verdict.findings]
    assert any("--control" in why for why in reasons)
    assert any("--other-auth" in why for why in reasons)


def test_without_a_clock_delivery_is_simulated_by_the_test_controller(timely: Live) -> None:
    agent = row(timely, "newsroom")
    verdict = asyncio.run(run(SUBJECT, agent["mcp"], Auth("bearer", agent["token"]), ["delivery.packages"]))
    assert not wrong(verdict)


@pytest.mark.parametrize("path", ["/", "/agents/nobody/mcp"])
def test_where_no_agent_answers_that_is_said(live: Live, path: str) -> None:
    parts = urlsplit(row(live, "newsroom")["mcp"])
    with pytest.raises(InputError, match="no agent answers"):
        asyncio.run(run(SUBJECT, f"{parts.scheme}://{parts.netloc}{path}"))


def test_a_control_address_that_is_none_is_bad_input(live: Live) -> None:
    agent = row(live, "newsroom")
    with pytest.raises(InputError, match="--control: no control API answers"):
        asyncio.run(run(SUBJECT, agent["mcp"], None, (), None, {"control": "http://127.0.0.1:9"}))


@dataclass
class Deaf(Mutant):
    """Serves what the check itself asks first, and refuses whatever the runner asks."""

    status: int = 500

    async def serve(self, call: Any, forward: Any) -> Any:
        agent = {name.lower(): value for name, value in call.headers.items()}.get("user-agent", "")
        return await forward(call) if "aiohttp" in agent else crash(self.status)


@pytest.mark.slow
@pytest.mark.skipif(bool(missing()), reason=missing() or "node is there")
@pytest.mark.parametrize("check", [check.name for check in SUBJECT.official or ()])
def test_every_storyboard_fails_an_agent_that_does_not_answer(live: Live, check: str) -> None:
    assert asyncio.run(broken(live, Deaf(), check, official=True)).outcome == "failed"


@pytest.mark.slow
@pytest.mark.skipif(bool(missing()), reason=missing() or "node is there")
def test_an_agent_that_takes_the_runner_for_a_stranger_has_not_passed(live: Live) -> None:
    assert asyncio.run(broken(live, Deaf(401), "official.media_buy_seller", official=True)).outcome == "failed"
