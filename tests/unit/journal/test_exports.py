"""Exports of many kinds of sessions are green at once; none shows a secret."""

import json
from pathlib import Path
from typing import Any

import pytest

from sandbox.kernel.endpoint import HIDDEN
from sandbox.scenario import load, run
from sandbox.scenario.catalog import shipped
from sandbox.scenario.export.ids import noun_of, without_made
from sandbox.scenario.export.promises import candidates
from sandbox.scenario.export.recording import platform_of
from sandbox.scenario.export.traffic import without_secrets
from sandbox.scenario.remote import play
from sandbox.scenario.source import parse
from sandbox.testing import Sandbox
from tests.unit.cli.conftest import Command, command  # noqa: F401 - a fixture


def served_over_rest(name: str) -> bool:
    """True if all that the steps and expectations of a scenario call is the platform."""
    file = load(name).file
    platform = platform_of(load(name))
    calls = [step.call for step in file.steps] + [getattr(row.promise[1], "call", None) for row in file.expect]
    return bool(platform and file.steps) and all(call.startswith(f"{platform}.") for call in calls if call)


QUICK = ("lifecycle/seller-down", "versions/three-releases")
NAMES = [
    name if name in QUICK else pytest.param(name, marks=pytest.mark.slow)
    for name in shipped()
    if served_over_rest(name)
]


@pytest.mark.parametrize("name", NAMES)
def test_what_a_client_did_in_a_shipped_scenario_is_green_as_a_scenario_of_its_own(
    name: str,
    tmp_path: Path,
    command: Command,  # noqa: F811
) -> None:
    journal = tmp_path / "session.db"
    with Sandbox(name, journal=f"sqlite:///{journal}") as box:
        assert play(load(name), box.line["buyer_api"]).status == "passed"
    done = command("replay", str(journal), "--export", "session.yaml")
    assert (done.code, done.err) == (0, "")
    result = run(load("session.yaml"))
    assert [judged.detail for judged in result.expectations if not judged.held] == []
    assert result.status == "passed"
    assert len(result.expectations) >= 8


def test_each_customer_has_a_file(tmp_path: Path, command: Command) -> None:  # noqa: F811
    journal = tmp_path / "session.db"
    with Sandbox(journal=f"sqlite:///{journal}") as box:
        box.call("buyer.create_advertiser", {"name": "Acme", "brand": "acme.com"})
        box.call(
            "buyer.create_advertiser", {"name": "Globex", "brand": "globex.com", "saveBrand": True}, customer="globex"
        )
    assert command("replay", str(journal), "--export", "session.yaml").code == 0
    (step,) = parse(Path("session-globex.yaml").read_text(), "g").data["steps"]
    assert step["as"] == "globex"
    for name in ("session-acme.yaml", "session-globex.yaml"):
        assert run(load(name)).status == "passed"


def test_secrets_of_a_session_are_in_no_export(tmp_path: Path, command: Command) -> None:  # noqa: F811
    journal, secret = tmp_path / "session.db", "hush-hush-0123456789-0123456789-abcdef"
    account = {"brand": {"domain": "acme.com"}, "operator": "acme.com", "billing": "operator"}
    hook = {"url": "https://hooks.example.com/x", "authentication": {"schemes": ["Bearer"], "credentials": secret}}
    asked = {
        "adcp_version": "3.1",
        "idempotency_key": "key-0000-0000-0001",
        "accounts": [account],
        "push_notification_config": hook,
    }
    with Sandbox("lifecycle/one-agent", journal=f"sqlite:///{journal}") as box:
        assert box.call("northstar.sync_accounts", asked)["accounts"]
    done = command("replay", str(journal), "--export", "session.yaml")
    assert done.code == 0, done.err
    assert secret not in Path("session.yaml").read_text() + done.out + done.err
    assert run(load("session.yaml")).status == "passed"


def test_secrets_of_captured_traffic_are_struck_out() -> None:
    told = {"auth": {"token": "t", "apiKey": "k"}, "rows": [{"client_secret": "s", "name": "n"}], "token": {"max": 3}}
    assert without_secrets(told) == {
        "auth": {"token": HIDDEN, "apiKey": HIDDEN},
        "rows": [{"client_secret": HIDDEN, "name": "n"}],
        "token": {"max": 3},
    }


def test_a_call_over_the_platforms_mcp_is_a_step_too(command: Command) -> None:  # noqa: F811
    arguments = {"operation": "create_advertiser", "body": {"name": "Acme", "brand": "acme.com"}}
    call = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "api_call", "arguments": arguments}}
    result = {"result": {"structuredContent": {"id": "1", "status": "ACTIVE"}, "isError": False}}
    row = {"at": "2026-05-01T08:00:00Z", "url": "https://platform.example.com/mcp", "body": call, "answer": result}
    read = {"at": "2026-05-01T08:00:09Z", "method": "GET", "status": 404, "answer": {"error": {"code": "NOT_FOUND"}}}
    read["url"] = "https://platform.example.com/v9/api/buyer/advertisers/77?x=1"
    Path("t.ndjson").write_text(f"{json.dumps(row)}\n{json.dumps(read)}\n")
    assert command("replay", "t.ndjson", "--export", "t.yaml").code == 0
    first, second = parse(Path("t.yaml").read_text(), "t").data["steps"]
    assert (first["call"], first["expect"]) == ("buyer.create_advertiser", {"status": "ACTIVE"})
    assert (second["call"], second["after"], second["path"]) == ("buyer.get_advertiser", "9s", {"advertiserId": "77"})


def test_what_the_sandbox_answers_otherwise_than_a_capture_is_told(command: Command) -> None:  # noqa: F811
    body = {"name": "Acme", "brand": "acme.com"}
    row: dict[str, Any] = {"at": "2026-05-01T08:00:00Z", "url": "https://x/api/v2/buyer/advertisers", "body": body}
    Path("t.ndjson").write_text(json.dumps({**row, "answer": {"id": "7", "status": "PENDING"}}) + "\n")
    done = command("replay", "t.ndjson", "--export", "t.yaml")
    assert (
        'left out: t.ndjson:1 (buyer.create_advertiser): status: expected "PENDING", saw "ACTIVE" in a run' in done.err
    )
    assert run(load("t.yaml")).status == "passed"


def test_a_promise_is_a_status_or_a_figure_that_the_service_came_to() -> None:
    request = {"body": {"name": "Summer", "budget": {"total": 5000}}}
    answer = {
        "campaignId": "cmp_0123456789",
        "status": "DRAFT",
        "name": "Summer",
        "budget": {"total": 5000},
        "mediaBudget": {"total": 4600},
        "createdAt": "2026-05-01T00:00:00Z",
        "message": "It was made.",
        "sandbox": False,
        "success": True,
        "token": "t0k3n",
        "buys": [{"id": "a", "status": "DRAFT"}, {"id": "b", "status": "DRAFT"}],
        "groups": [{"n": 1}, {"n": 2}],
    }
    wanted = {
        "status": "DRAFT",
        "success": True,
        "buys.*.status": "DRAFT",
        "groups": {"count": 2},
        "mediaBudget.total": 4600,
    }
    assert candidates(request, {**answer, "data": dict(answer)}) == wanted


@pytest.mark.parametrize(
    ("path", "operation", "noun"),
    [
        ("campaignId", "", "campaign"),
        ("id", "create_advertiser", "advertiser"),
        ("productGroups.0.products.1.product_id", "", "product"),
        ("body.productIds.0", "", "product"),
        ("format_id.id", "", "format"),
        ("accounts.0.id", "", "account"),
        ("discoveryIDs", "", ""),
        ("bid", "", ""),
        ("isValid", "", ""),
        ("", "", ""),
    ],
)
def test_an_id_is_called_after_its_thing(path: str, operation: str, noun: str) -> None:
    assert noun_of(path, operation) == noun


def test_made_up_ids_and_digests_are_blanked() -> None:
    assert without_made("https://x/cmp_80e60e8516/a?b=dcfbdb78051d2bcce58352093e68b691") == "https://x/…/a?b=…"


def test_a_folder_that_is_not_there_is_refused_before_anything_is_written(command: Command) -> None:  # noqa: F811
    Path("t.ndjson").write_text('{"at": 1.5, "url": "https://x/api/v2/buyer/advertisers", "method": "GET"}\n')
    done = command("replay", "t.ndjson", "--export", "missing/t.yaml")
    assert (done.code, "there is no folder missing" in done.err) == (2, True)
