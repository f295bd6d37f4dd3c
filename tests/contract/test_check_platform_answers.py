"""How checks of a buyer platform read answers, find out what a platform lacks, and take away what they made."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest

from sandbox.contract.auth import Auth
from sandbox.contract.buyer_platform import SUBJECT
from sandbox.contract.buyer_platform.answers import archived, content, instant, listing, near
from sandbox.contract.buyer_platform.platform import operation
from sandbox.contract.check import Failed, Finding
from sandbox.contract.run import run
from tests.contract.mutants.platform_parts import Status
from tests.contract.mutants.proxy import Call, Forward, Mutant, Proxy, Said
from tests.server.conftest import KEY, Live, settings

AUTH = Auth("bearer", KEY)
REFUSED = {"data": None, "error": {"code": "INVALID_STATE", "message": "not now"}}


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    server = Live(settings(tmp_path_factory.mktemp("read")))
    yield server
    server.stop()


async def found(live: Live, mutant: Mutant, *checks: str) -> list[Finding]:
    async with Proxy(live.line["buyer_api"], mutant).open() as proxy:
        return (await run(SUBJECT, proxy.base, AUTH, checks, None, {"control": live.line["control"]})).findings


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        ({"id": "1", "name": "n"}, {"id": "1", "name": "n"}),
        ({"data": {"id": "1"}, "requestId": "r"}, {"id": "1", "requestId": "r"}),
        ({"id": "1", "data": {"id": "1"}}, {"id": "1"}),
        ({"data": [{"id": "1"}], "meta": {}}, [{"id": "1"}]),
        ({"items": [1], "total": 1, "data": [1]}, {"items": [1], "total": 1}),
        (None, None),
    ],
)
def test_what_is_said_is_found_bare_and_in_data(body: Any, wanted: Any) -> None:
    assert content(body) == wanted


def test_rows_are_found_by_a_known_name_or_as_the_only_list() -> None:
    assert listing([1]) == [1]
    assert listing({"items": [1], "tags": []}, "items") == [1]
    assert listing({"whatever": [1], "total": 1}, "items") == [1]
    for body in ({"one": [1], "other": [2]}, {}, None):
        with pytest.raises(Failed):
            listing(body, "items")


def test_amounts_dates_and_archived_rows_are_read_in_each_of_their_forms() -> None:
    assert near(3, 3.0)
    assert not near(True, 1)
    assert instant("2026-01-01T00:00:00.000Z") == instant("2026-01-01T01:00:00+01:00") == instant("2026-01-01T00:00:00")
    assert instant(None) is None
    gone: list[dict[str, Any]] = [{"status": "ARCHIVED"}, {"deleted": True}, {"archived_at": "2026-01-01T00:00:00Z"}]
    assert all(map(archived, gone))
    assert not archived({"status": "ACTIVE", "archivedAt": None})


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        ("campaigns/cmp_1/creatives/x/preview", "campaigns/*/creatives/*/preview"),
        ("campaigns/cmp_1/creatives/templates", "campaigns/*/creatives/templates"),
        ("storefronts/credentials", "storefronts/credentials"),
        ("property-lists/reports/r1", "property-lists/reports/*"),
        ("/api/v2/notifications/n1/read", "/api/v2/notifications/*/read"),
    ],
)
def test_an_operation_is_named_without_ids(path: str, wanted: str) -> None:
    assert operation("GET", path) == f"GET {wanted}"


@pytest.mark.parametrize("status", [404, 405, 501])
def test_an_operation_that_a_platform_does_not_have_is_skipped(live: Live, status: int) -> None:
    without = Status(status, lambda call, _: call.name.endswith("/measurement-data/sync"))
    for finding in asyncio.run(found(live, without, "measurement.again", "measurement.limits")):
        assert finding.outcome == "skipped"
        assert f"no operation POST advertisers/*/measurement-data/sync: it answers {status}" in finding.detail


def test_an_operation_that_worked_before_and_is_gone_fails(live: Live) -> None:
    class Fickle(Mutant):
        """Answers the first report only."""

        asked = 0

        async def serve(self, call: Call, forward: Forward) -> Said:
            self.asked += call.name.endswith("/property-lists/check")
            return Said(404, json.loads(json.dumps(REFUSED))) if self.asked > 1 else await forward(call)

    seen = asyncio.run(found(live, Fickle(), "checks.report", "checks.other_types"))
    assert [finding.outcome for finding in seen][-1] == "failed"


def test_a_platform_without_campaigns_fails(live: Live) -> None:
    without = Status(404, lambda call, _: call.name == "POST /api/v2/buyer/campaigns")
    (finding,) = asyncio.run(found(live, without, "campaigns.draft"))
    assert finding.outcome == "failed"


def test_what_can_not_be_canceled_is_paused_and_told(live: Live) -> None:
    class Keeps(Mutant):
        """Cancels and deletes nothing."""

        async def serve(self, call: Call, forward: Forward) -> Said:
            if call.name.startswith("DELETE ") or "cancel" in json.dumps(call.body):
                return Said(400, json.loads(json.dumps(REFUSED)))
            return await forward(call)

    _, told = asyncio.run(found(live, Keeps(), "lifecycle.execute_again", "tidy"))
    assert told.outcome == "failed"
    active = [row for row in live.ok("GET", "campaigns")["campaigns"] if row["status"] in ("ACTIVE", "PAUSED")]
    assert [row["status"] for row in active] == ["PAUSED"]


def test_agents_that_refuse_are_no_fault_of_the_platform(live: Live) -> None:
    rule = {"kind": "unavailable", "message": "create_media_buy"}
    added = live.ok("POST", "/_sandbox/faults", {"add": [rule]})["faults"][-1]["id"]
    seen = asyncio.run(found(live, Mutant(), "lifecycle.pause", "lifecycle.one_buy_per_agent"))
    live.ok("POST", "/_sandbox/faults", {"remove": [added]})
    assert {finding.outcome for finding in seen} == {"skipped"}
    assert all("sales agents refused" in finding.detail for finding in seen)
