"""`adcp-sandbox check buyer-platform` passes our own platform, and every check finds a platform that breaks it."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.contract.auth import Auth
from sandbox.contract.buyer_platform import SUBJECT
from sandbox.contract.buyer_platform.tidy import LIVE
from sandbox.contract.check import Finding
from sandbox.contract.run import Verdict, run
from sandbox.core.errors import InputError
from tests.contract.mutants.another import Another, Terse
from tests.contract.mutants.platform import MUTANTS
from tests.contract.mutants.platform_first import FIRST
from tests.contract.mutants.platform_second import SECOND
from tests.contract.mutants.proxy import Mutant, Proxy
from tests.server.conftest import KEY, OTHER_KEY, Live, settings

AUTH, OTHER = Auth("bearer", KEY), Auth("bearer", OTHER_KEY)
WORLD = str(Path(__file__).parent / "platform_world.yaml")


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    server = Live(settings(tmp_path_factory.mktemp("checked"), scenario=WORLD))
    yield server
    server.stop()


@pytest.fixture(autouse=True)
def anew(live: Live) -> None:
    """Each test begins at the first instant, with credentials for one agent and nothing that others left."""
    live.ok("POST", "/_sandbox/reset", {})
    body = {"accountIdentifier": "acme-seat", "auth": {"type": "API_KEY", "token": "its-token"}}
    live.ok("POST", "storefronts/4/sources/src_soundhouse/credentials", body)


async def checked(live: Live, only: tuple[str, ...] = (), **more: Any) -> Verdict:
    given = {"control": live.line["control"], "other_auth": OTHER, **more}
    return await run(SUBJECT, live.line["buyer_api"], AUTH, only, None, given)


async def broken(live: Live, mutant: Mutant, check: str) -> Finding:
    given = {"control": live.line["control"], "other_auth": OTHER}
    async with Proxy(live.line["buyer_api"], mutant).open() as proxy:
        verdict = await run(SUBJECT, proxy.base, AUTH, [check], None, given)
    return next(finding for finding in verdict.findings if finding.check.name == check)


def wrong(verdict: Verdict) -> list[str]:
    return [f"{one.check.name}: {one.outcome} {one.detail}" for one in verdict.findings if one.outcome != "passed"]


@pytest.mark.slow
def test_our_own_platform_passes_every_check(live: Live) -> None:
    verdict = asyncio.run(checked(live))
    assert not wrong(verdict)
    assert len(verdict.findings) == len(SUBJECT.checks)


async def through(live: Live, other: Mutant, only: tuple[str, ...] = (), **more: Any) -> Verdict:
    given = {"control": live.line["control"], "other_auth": OTHER, **more}
    async with Proxy(live.line["buyer_api"], other).open() as proxy:
        return await run(SUBJECT, proxy.base, AUTH, only, None, given)


def failed(verdict: Verdict) -> list[str]:
    return [f"{one.check.name}: {one.detail}" for one in verdict.findings if one.outcome == "failed"]


@pytest.mark.slow
@pytest.mark.parametrize("other", [Another(), Another(wrapped=True)], ids=["another", "wrapped"])
def test_a_platform_that_writes_the_same_in_another_way_passes_every_check(live: Live, other: Mutant) -> None:
    assert not wrong(asyncio.run(through(live, other)))


@pytest.mark.slow
def test_a_platform_that_says_no_more_than_the_documents_promise_fails_no_check(live: Live) -> None:
    verdict = asyncio.run(through(live, Terse()))
    assert not failed(verdict)
    assert verdict.conforms
    skipped = [one for one in verdict.findings if one.outcome == "skipped"]
    assert any("has no operation POST campaigns/*/reactivate" in one.detail for one in skipped)


@pytest.fixture(scope="module")
def timely(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """A sandbox whose clock is the real one, and that nobody moves."""
    now = time.time_ns() // 1_000_000
    server = Live(settings(tmp_path_factory.mktemp("timely"), clock="real", start_ms=now))
    yield server
    server.stop()


@pytest.mark.slow
def test_without_a_sandbox_no_check_fails_and_nothing_is_left_that_could_spend(timely: Live) -> None:
    verdict = asyncio.run(through(timely, Another(), control=None))
    assert not failed(verdict)
    campaigns = timely.ok("GET", "campaigns")["campaigns"]
    assert {campaign["status"] for campaign in campaigns} == {"ARCHIVED"}
    for campaign in campaigns:
        refs = timely.ok("GET", f"campaigns/{campaign['campaignId']}")["mediaBuyRefs"]
        assert not {ref["status"] for ref in refs} & set(LIVE)


def test_what_a_check_launched_is_canceled_and_deleted_after_it(live: Live) -> None:
    assert asyncio.run(checked(live, ("lifecycle.execute_again", "lists.cascade"))).conforms
    campaigns = live.ok("GET", "campaigns")["campaigns"]
    assert len(campaigns) == 3
    for campaign in campaigns:
        whole = live.ok("GET", f"campaigns/{campaign['campaignId']}")
        assert whole["status"] == "ARCHIVED"
        assert not {ref["status"] for ref in whole["mediaBuyRefs"]} & set(LIVE)
    for advertiser in live.ok("GET", "advertisers?name=Check")["items"]:
        assert live.ok("GET", f"advertisers/{advertiser['id']}/property-lists")["propertyLists"] == []


def test_taking_away_is_no_part_of_the_conversation(live: Live) -> None:
    (finding,) = asyncio.run(checked(live, ("campaigns.draft",))).findings
    assert [exchange.method for exchange in finding.exchanges] == ["POST", "POST", "GET"]


def test_without_a_sandbox_advertisers_are_sandbox_advertisers(timely: Live) -> None:
    assert asyncio.run(run(SUBJECT, timely.line["buyer_api"], AUTH, ["campaigns.draft"])).conforms
    rows = timely.ok("GET", "advertisers?name=Check")["items"]
    assert {row["sandbox"] for row in rows} == {True}


def test_every_check_has_a_mutant() -> None:
    assert sorted(MUTANTS) == sorted(check.name for check in SUBJECT.checks)
    assert not set(FIRST) & set(SECOND)


def test_every_check_names_its_rule() -> None:
    assert [check.name for check in SUBJECT.checks if not re.match(r"rules? \d", check.rule)] == []


@pytest.mark.slow
@pytest.mark.parametrize("check", MUTANTS)
def test_every_check_fails_a_platform_that_breaks_it(live: Live, check: str) -> None:
    finding = asyncio.run(broken(live, MUTANTS[check], check))
    assert finding.outcome == "failed", finding.detail
    assert finding.curl.startswith("curl ")
    assert KEY not in finding.curl + finding.detail


def test_a_proxy_that_breaks_nothing_breaks_no_check(live: Live) -> None:
    for check in ("requests.offsets", "discovery.domain", "creatives.made"):
        assert asyncio.run(broken(live, Mutant(), check)).outcome == "passed"


def test_without_a_clock_and_another_key_that_is_skipped_with_the_reason(live: Live) -> None:
    names = ["lifecycle.completes", "requests.foreign"]
    verdict = asyncio.run(run(SUBJECT, live.line["buyer_api"], AUTH, names))
    why = {finding.check.name: finding.detail for finding in verdict.findings if finding.outcome == "skipped"}
    assert "--control" in why["lifecycle.completes"]
    assert "--other-auth" in why["requests.foreign"]


def test_tools_are_looked_for_where_mcp_says(live: Live) -> None:
    for address, outcome in ((live.line["buyer_mcp"], "passed"), (f"{live.line['buyer_api']}/nowhere", "skipped")):
        verdict = asyncio.run(checked(live, ("tools.errors",), mcp=address))
        assert [finding.outcome for finding in verdict.findings] == [outcome]
    assert "--mcp" in verdict.findings[0].detail


def test_what_agents_are_told_is_skipped_without_a_sandbox(live: Live) -> None:
    verdict = asyncio.run(run(SUBJECT, live.line["buyer_api"], AUTH, ["accounts.linked", "caps.union", "periods.gap"]))
    assert {finding.outcome for finding in verdict.findings} == {"skipped"}
    assert all("--control" in finding.detail for finding in verdict.findings)


def test_faults_of_a_check_are_gone_afterwards(live: Live) -> None:
    asyncio.run(checked(live, ("lifecycle.partial_failure",)))
    assert live.ok("GET", "/_sandbox/faults")["faults"] == []


def test_the_address_may_have_the_prefix(live: Live) -> None:
    address = f"{live.line['buyer_api']}/api/v2/buyer"
    assert asyncio.run(run(SUBJECT, address, AUTH, ["accounts.current"])).conforms


def test_a_wrong_key_is_bad_input(live: Live) -> None:
    with pytest.raises(InputError, match="the bearer credentials are refused") as caught:
        asyncio.run(run(SUBJECT, live.line["buyer_api"], Auth("bearer", "not-a-key")))
    assert "not-a-key" not in str(caught.value)


def test_no_key_is_bad_input(live: Live) -> None:
    with pytest.raises(InputError, match="--auth: it wants credentials"):
        asyncio.run(run(SUBJECT, live.line["buyer_api"]))


def test_an_option_of_another_subject_is_bad_input(live: Live) -> None:
    with pytest.raises(InputError, match="--protocol"):
        asyncio.run(run(SUBJECT, live.line["buyer_api"], AUTH, (), None, {"protocol": "mcp"}))


def test_there_is_no_official_runner_for_platforms(live: Live) -> None:
    with pytest.raises(InputError, match="--official"):
        asyncio.run(run(SUBJECT, live.line["buyer_api"], AUTH, official=True))
