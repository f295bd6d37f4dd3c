"""Real services in a served sandbox: restarts, a sandbox that was killed in the middle, and webhooks."""

from __future__ import annotations

import hashlib
import hmac
import json
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from sandbox.kernel.webhooks import Letter
from sandbox.protocol.request_signing import SignedRequest
from sandbox.scenario import load
from sandbox.server.agents_signing import Keyring
from sandbox.server.served import Settings
from tests.peers.conftest import Service, propose
from tests.server.conftest import Live

CAMPAIGN = {
    "name": "Autumn",
    "flightDates": {"startDate": "2026-09-02T00:00:00Z", "endDate": "2026-09-03T00:00:00Z"},
    "budget": {"total": 1000, "currency": "USD"},
}


def served(path: str, journal: Path) -> Live:
    return Live(Settings(load(path), journal=f"sqlite:///{journal}/served.db"))


def asked_for_proposals(live: Live) -> dict[str, Any]:
    """Set a campaign up, let the agent be asked, and read what came of it."""
    advertiser = live.ok("POST", "advertisers", {"name": "Acme", "brand": "acme.com"})["id"]
    campaign = live.ok("POST", "campaigns", {"advertiserId": advertiser, **CAMPAIGN})["campaignId"]
    assert live.http.post("/_sandbox/clock/advance", json={"by": "20s"}).status_code == 200
    return tactics(live, campaign)


def tactics(live: Live, campaign: str) -> dict[str, Any]:
    return live.ok("GET", f"campaigns/{campaign}/tactics")  # type: ignore[no-any-return]


def test_after_a_restart_everything_is_there_although_the_agent_is_gone(
    service: Service, scenario: Callable[..., str], tmp_path: Path
) -> None:
    service.does["get-proposals"] = propose
    live = served(scenario(), tmp_path)
    before = asked_for_proposals(live)
    live.stop()
    service.close()
    assert [row["status"] for row in before["tactics"]] == ["PROPOSED"]
    live = served(scenario(), tmp_path)
    assert live.line["replayed"] == 2
    assert tactics(live, _only(live)) == before
    live.stop()


def _only(live: Live) -> str:
    return str(live.ok("GET", "campaigns")["campaigns"][0]["campaignId"])


def test_a_call_in_the_middle_of_which_the_sandbox_was_killed_has_no_answer(
    service: Service, scenario: Callable[..., str], tmp_path: Path
) -> None:
    service.does["get-proposals"] = propose
    live = served(scenario(), tmp_path)
    asked_for_proposals(live)
    live.stop()
    with closing(sqlite3.connect(tmp_path / "served.db")) as journal:
        (at,) = journal.execute("select seq from adcp_sandbox_inputs where name = 'agent.get-proposals'").fetchone()
        journal.execute("delete from adcp_sandbox_inputs where seq >= ?", (at,))
        journal.commit()
    live = served(scenario(), tmp_path)
    reaction = tactics(live, _only(live))["rounds"][0]["agents"][0]
    live.stop()
    assert reaction["reaction"] in ("LATE", "FAILED")
    again = served(scenario(), tmp_path)  # what was missing is written now
    assert tactics(again, _only(again))["rounds"][0]["agents"][0] == reaction
    again.stop()


# -- webhooks --------------------------------------------------------------------------------------------


def sender() -> Keyring:
    return Keyring(77)


@pytest.fixture
def live(tmp_path: Path) -> Iterator[Live]:
    key = sender().jwk("sdk")
    path = tmp_path / "seller.yaml"
    path.write_text(
        f"""
title: A real seller that signs its webhooks
extends: worlds/default
actors:
  sdk:
    kind: seller
    url: http://127.0.0.1:9/mcp
    protocol: mcp
    webhook_keys: [{{kid: {key["kid"]}, kty: OKP, crv: Ed25519, alg: EdDSA, x: "{key["x"]}"}}]
"""
    )
    live = Live(Settings(load(str(path))))
    yield live
    live.stop()


NEWS = {
    "idempotency_key": "0123456789abcdef0123",
    "operation_id": "op-1",
    "task_id": "task-1",
    "task_type": "create_media_buy",
    "status": "working",
    "timestamp": "2026-05-01T00:00:00Z",
}


def post(live: Live, url: str, text: str, headers: dict[str, str]) -> httpx.Response:
    return httpx.post(url, content=text, headers={"Content-Type": "application/json", **headers})


def address(live: Live) -> str:
    return f"{live.running.agents_base}/webhooks/buyer/sdk/acme/tasks"


def test_a_signed_webhook_is_an_input_of_the_world(live: Live) -> None:  # L3/webhooks.mdx
    text = json.dumps(NEWS)
    headers = dict(sender().sign(Letter("sdk", address(live), "w1", text, adcp=True), text.encode()))
    taken = post(live, address(live), text, headers)
    assert taken.status_code == 200, taken.text
    assert post(live, address(live), text, headers).status_code == 401  # the same signature once more
    events = live.running.served.host("acme").world.trace.events
    assert [event.data["ok"] for event in events if event.kind == "webhook_result"] == [True]


@pytest.mark.parametrize("headers", [{}, {"Signature": "sig1=:AA==:", "Signature-Input": 'sig1=("@method")'}])
def test_a_webhook_without_a_good_signature_is_refused(live: Live, headers: dict[str, str]) -> None:
    refused = post(live, address(live), "{}", headers)
    assert refused.status_code == 401
    assert "webhook_signature" in refused.json()["message"]


def test_webhooks_of_nobody_and_to_nobody_are_not_found(live: Live) -> None:
    base = live.running.agents_base
    for path in ("buyer/newsroom/acme/tasks", "buyer/sdk/nobody/tasks", "sdk/sdk/acme/tasks"):
        assert post(live, f"{base}/webhooks/{path}", "{}", {}).status_code == 404


def test_a_secret_that_was_agreed_on_must_be_shown(live: Live) -> None:
    gate = live.running.served.services.gate
    url = f"{live.running.agents_base}/webhooks/buyer/sdk/acme/reports"
    gate.learn({"reporting_webhook": {"url": url, "authentication": {"schemes": ["Bearer"], "credentials": "s" * 32}}})
    assert post(live, url, "{}", {"Authorization": "Bearer wrong"}).status_code == 401
    assert post(live, url, "{}", {"Authorization": f"Bearer {'s' * 32}"}).status_code == 400  # it is no webhook
    gate.learn({"x": {"url": url, "authentication": {"schemes": ["HMAC-SHA256"], "credentials": "s" * 32}}})
    stamp = str(int(time.time()))
    digest = hmac.new(b"s" * 32, stamp.encode() + b".{}", hashlib.sha256).hexdigest()
    shown = {"X-ADCP-Timestamp": stamp, "X-ADCP-Signature": f"sha256={digest}"}
    assert post(live, url, "{}", shown).status_code == 400
    assert post(live, url, "{}", {**shown, "X-ADCP-Timestamp": str(int(stamp) - 900)}).status_code == 401
    assert post(live, url, "{}", {**shown, "X-ADCP-Timestamp": "9" * 5000}).status_code == 401


def test_no_other_address_goes_around_a_secret(live: Live) -> None:
    gate = live.running.served.services.gate
    url = f"{live.running.agents_base}/webhooks/buyer/express/acme/reports"
    gate.learn({"url": url, "authentication": {"schemes": ["Bearer"], "credentials": "s" * 32}})
    gate.learn({"url": f"{url}/open"})
    config = live.running.served.services.config("sdk")
    assert config is not None
    unsigned = config.model_copy(update={"webhook_keys": []})

    def objection(address: str) -> str:
        return gate.objection("express", unsigned, SignedRequest("POST", address, {}, b"{}"), 0)

    assert objection(url)
    assert objection(f"{url}?a=b")
    assert objection(f"{url}s")
    assert not objection(f"{url}/open")
    assert not objection(url.replace("/buyer/", "/harbor/"))
