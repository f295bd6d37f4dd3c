"""The outcome agents over HTTP: three ways to authenticate, the messages of seed 002, worlds and replay."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.server.conftest import KEY, OTHER_KEY, Live, MakeLive

WORLD = """
title: A small world with two outcome agents
clock: {start: 2026-05-01, duration: 1d}
population: {users: 2000}
actors:
  gazette: {kind: publisher, domain: gazette.example, placements: [{channel: display, daily_opportunities: 3000}]}
  northstar: {kind: seller, publishers: [gazette]}
  buyer: {kind: buyer, customers: [{name: Acme, principal: acme}, {name: Globex, principal: globex}]}
  optimizer: {kind: outcome, strategy: conservative_pacer, margin: {model: passthrough}}
  signed: {kind: outcome, strategy: declining, auth: BEARER}
"""

ASK: dict[str, Any] = {
    "campaignId": "camp_123",
    "budgetRange": {"min": 0, "max": 150000, "currency": "USD"},
    "startDate": "2026-06-01T00:00:00Z",
    "endDate": "2026-06-30T23:59:59Z",
    "channels": ["display", "video"],
    "countries": ["US", "CA"],
    "seatId": "1",
}


@pytest.fixture
def world(tmp_path: Path) -> Path:
    path = tmp_path / "outcome.yaml"
    path.write_text(WORLD, encoding="utf-8")
    return path


@pytest.fixture
def live(make_live: MakeLive, world: Path) -> Live:
    served = make_live(scenario=str(world))
    served.advance("10s")  # the agents register
    return served


def row(live: Live, name: str = "optimizer") -> dict[str, Any]:
    """The agent's row of the ready line."""
    found: dict[str, Any] = next(row for row in live.line["outcome_agents"] if row["id"] == name)
    return found


def post(live: Live, path: str, body: Any = None, name: str = "optimizer", **given: Any) -> httpx.Response:
    agent = row(live, name)
    headers = {"X-API-Key": agent["token"], **given.pop("headers", {})}
    if body is not None:
        given["json"] = body
    return httpx.post(f"{agent['url']}/{path}", headers=headers, timeout=60, **given)


@pytest.mark.parametrize("name", ["optimizer", "signed"])
def test_an_api_key_a_bearer_token_and_a_password_open_the_door(live: Live, name: str) -> None:  # rule 206
    agent = row(live, name)
    basic = base64.b64encode(f"acme:{agent['token']}".encode()).decode()
    for headers in (
        {"X-API-Key": agent["token"]},
        {"Authorization": f"Bearer {agent['token']}"},
        {"Authorization": f"basic {basic}"},
    ):
        answer = httpx.post(f"{agent['url']}/get-proposals", json=ASK, headers=headers)
        assert answer.status_code == 200, answer.text
        assert len(answer.json()["proposals"]) == 1


def test_nothing_else_does(live: Live) -> None:  # rule 206
    agent, other = row(live), row(live, "signed")
    wrong = base64.b64encode(f"globex:{agent['token']}".encode()).decode()
    for headers in (
        {},
        {"X-API-Key": "x"},
        {"X-API-Key": other["token"]},
        {"Authorization": f"Bearer {KEY}"},
        {"Authorization": f"Basic {wrong}"},
        {"Authorization": "Basic %%%"},
    ):
        answer = httpx.post(f"{agent['url']}/get-proposals", json=ASK, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (401, "UNAUTHORIZED")
        assert "Basic" in answer.headers["WWW-Authenticate"]


@pytest.mark.parametrize(
    ("raw", "status"), [(b"{", 400), (b"[]", 400), (b'"x"', 400), (b"", 400), (b'{"campaignId": 1}', 400)]
)
def test_what_is_no_request_is_refused(live: Live, raw: bytes, status: int) -> None:  # rule 207
    answer = post(live, "get-proposals", content=raw)
    assert answer.status_code == status
    assert isinstance(answer.json()["error"], str)


def test_a_large_body_with_unknown_fields_is_taken(live: Live) -> None:  # rule 198
    assert post(live, "get-proposals", {**ASK, "brief": "x" * 1_000_000, "more": [1]}).status_code == 200


def test_what_is_not_there_is_not_found(live: Live) -> None:
    assert post(live, "get-rich", ASK).status_code == 404
    assert httpx.get(f"{row(live)['url']}/get-proposals").status_code == 405
    nobody = row(live)["url"].replace("optimizer", "northstar")
    assert httpx.post(f"{nobody}/get-proposals", json=ASK).status_code == 404


def test_an_acceptance_is_declined_with_200(live: Live) -> None:  # rule 201
    tactic = post(live, "get-proposals", ASK, "signed").json()["proposals"][0]["tacticId"]
    context = {"budget": 50, "startDate": "2026-06-01", "endDate": "2026-06-30", "channel": "display"}
    answer = post(live, "accept-proposal", {"tacticId": tactic, "tacticContext": context, "seatId": "1"}, "signed")
    assert answer.status_code == 200
    assert answer.json() == {"acknowledged": False, "reason": "Insufficient budget for effective optimization"}


def test_a_retry_gets_the_same_answer(live: Live) -> None:  # rule 207
    first, again, other = (
        post(live, "get-proposals", ASK, headers={"Idempotency-Key": key}).json() for key in ("a", "a", "b")
    )
    assert first == again
    assert first != other


def test_an_agent_that_is_down_is_unavailable(live: Live) -> None:
    live.ok("POST", "/_sandbox/actors/optimizer/go_down", {})
    answer = post(live, "get-proposals", ASK)
    assert answer.status_code == 503
    assert isinstance(answer.json()["error"], str)


def test_a_token_leads_to_its_customers_world(live: Live) -> None:  # rule 13
    agent = row(live)
    assert agent["token"] == agent["tokens"]["acme"] != agent["tokens"]["globex"]
    live.ok("GET", "outcome-agents", key=OTHER_KEY)
    live.advance("10s")
    for principal, key in (("acme", KEY), ("globex", OTHER_KEY)):
        headers = {"X-API-Key": agent["tokens"][principal]}
        assert httpx.post(f"{agent['url']}/get-proposals", json=ASK, headers=headers).status_code == 200
        assert len(live.ok("GET", "outcome-agents", key=key)["outcomeAgents"]) == 2


def test_the_platform_api_of_the_seed_is_served(live: Live) -> None:  # rules 208, 209
    live.ok("POST", "advertisers", {"name": "Acme", "brand": "acme.com"})
    found = live.ok("POST", "/rest/v1/get-products", {"channels": ["display"], "countries": ["US"]})
    assert found["products"][0]["salesAgentId"] == "northstar"
    error = live.error("POST", "/rest/v1/create-media-buy", {"tacticId": "none", "productId": "x", "budget": 1})
    assert (error["status"], error["field"]) == (404, "tacticId")
    body = {"name": "Mine", "endpointUrl": "https://agent.example", "authenticationType": "bearer",
            "credentials": {"token": "very-secret"}}  # fmt: skip
    assert live.send("POST", "/rest/v1/outcome-agent-register", json=body, key=None).status_code == 401
    made = live.ok("POST", "/rest/v1/outcome-agent-register", body)
    assert made["authenticationType"] == "BEARER"


def test_a_campaign_is_managed_and_a_restart_finds_it_so(make_live: MakeLive, world: Path, tmp_path: Path) -> None:
    journal = f"sqlite:///{tmp_path / 'journal.db'}"  # rules 198 to 205
    live = make_live(scenario=str(world), journal=journal)
    live.advance("10s")
    advertiser = live.ok("POST", "advertisers", {"name": "Acme", "brand": "acme.com"})["id"]
    body = {
        "advertiserId": advertiser,
        "name": "Spring",
        "flightDates": {"startDate": "2026-05-02", "endDate": "2026-05-20"},
        "budget": {"total": 500, "currency": "USD"},
        "constraints": {"channels": ["display"], "countries": ["US"]},
    }
    campaign = live.ok("POST", "campaigns", body)["campaignId"]
    live.advance("11s")
    tactic = next(
        one for one in live.ok("GET", f"campaigns/{campaign}/tactics")["tactics"] if one["pricing"]["rate"] == 0
    )
    wanted = {"tactics": [{"proposalId": tactic["proposalId"], "budget": 200}]}
    live.ok("POST", f"campaigns/{campaign}/tactics/select", wanted)
    path = f"campaigns/{campaign}/tactics/{tactic['proposalId']}"
    assert live.ok("PUT", path, {"budget": 250})["budget"] == 250
    live.advance("30d")
    before = live.ok("GET", f"campaigns/{campaign}/tactics")
    assert [one["status"] for one in before["tactics"] if one["budget"]] == ["COMPLETED"]
    live.stop()
    again = make_live(scenario=str(world), journal=journal)
    assert again.line["replayed"] > 0
    assert again.ok("GET", f"campaigns/{campaign}/tactics") == before
