"""Faults on real connections: what a client meets, what the world did, and that a journal replays to the same state."""

from __future__ import annotations

import http.client
import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import nullcontext
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from sandbox.kernel.faults import KINDS
from sandbox.protocol.schemas import check_answer
from tests.server.conftest import KEY, Live, MakeLive
from tests.server.test_agents import ACCEPT, WORLD, agent, call, order

RULES = "/_sandbox/faults"
ADVERTISER = {"name": "Acme", "brand": "acme.com"}


@pytest.fixture
def faulty(live: Live) -> Iterator[Live]:
    """The shared sandbox; its faults end with the test."""
    yield live
    live.ok("POST", RULES, {"faults": []})


def rule(live: Live, **fields: Any) -> dict[str, Any]:
    """Let one rule hold, and no other; gives it as it is listed."""
    listed: dict[str, Any] = live.ok("POST", RULES, {"faults": [fields]})["faults"][0]
    return listed


def hits(live: Live) -> int:
    return sum(row["hits"] for row in live.ok("GET", RULES)["faults"])


def advertisers(live: Live) -> int:
    return int(live.ok("GET", "advertisers")["total"])


def read_all(live: Live, path: str = "/api/v2/buyer/advertisers") -> tuple[int, bytes]:
    """A GET on a connection of its own: the Content-Length that was announced, and what came."""
    at = urlsplit(live.line["buyer_api"])
    connection = http.client.HTTPConnection(str(at.hostname), at.port, timeout=20)
    connection.request("GET", path, headers={"Authorization": f"Bearer {KEY}"})
    answer = connection.getresponse()
    try:
        return int(answer.headers["Content-Length"]), answer.read()
    except http.client.IncompleteRead as error:
        return int(answer.headers["Content-Length"]), error.partial
    finally:
        connection.close()


def tool(row: dict[str, Any], name: str, **arguments: Any) -> httpx.Response:
    """A tool call over MCP, whatever comes of it."""
    params = {"name": name, "arguments": {"adcp_version": "3.1", **arguments}}
    headers = {**ACCEPT, "Authorization": f"Bearer {row['token']}"}
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
    return httpx.post(row["mcp"], json=body, headers=headers, timeout=20)


# -- the rules ---------------------------------------------------------------------------------------------------


def test_rules_are_listed_added_and_removed_with_their_hits(faulty: Live) -> None:
    first = rule(faulty, kind="unavailable", message="list_advertisers", count=2)
    added = faulty.ok("POST", RULES, {"add": [{"kind": "reset", "to": "newsroom"}]})["faults"]
    assert [row["kind"] for row in added] == ["unavailable", "reset"]
    assert faulty.send("GET", "advertisers").status_code == 503
    shown = faulty.ok("GET", RULES)["faults"][0]
    assert (shown["id"], shown["count"], shown["hits"], shown["left"]) == (first["id"], 2, 1, 1)
    left = faulty.ok("POST", RULES, {"remove": [first["id"]]})["faults"]
    assert [row["kind"] for row in left] == ["reset"]


@pytest.mark.parametrize(
    ("body", "field", "words"),
    [
        ({"faults": [{"kind": "resett"}]}, "faults.0.kind", "did you mean reset?"),
        ({"add": [{"kind": "drop", "hold": "3s"}]}, "add.0.hold", "this goes with reorder; drop takes no settings"),
        ({"add": [{"kind": "answer_lost", "direction": "request"}]}, "add.0.direction", "strikes the answer only"),
        ({"add": [{"kind": "latency"}]}, "add.0", "latency needs `median`"),
        ({"add": [{"kind": "latency", "median": "2s", "p95": "1s"}]}, "add.0", "p95 is below the median"),
        ({"add": [{"kind": "clock_skew", "skew": "1m", "count": 2}]}, "add.0.count", "holds for all that an actor"),
        ({"add": [{"kind": "drop", "probability": 2}]}, "add.0.probability", "less than or equal to 1"),
        ({"remove": ["f999"]}, None, "there is no rule 'f999'"),
        ({}, "body", "give `faults`"),
        ({"faults": [], "add": []}, "body", "give `faults`"),
    ],
)  # fmt: skip
def test_a_bad_rule_is_refused_with_its_field_and_nothing_changes(
    faulty: Live, body: dict[str, Any], field: str | None, words: str
) -> None:
    before = [row["kind"] for row in faulty.ok("GET", RULES)["faults"]]
    error = faulty.error("POST", RULES, body)
    assert (error["status"], error.get("field")) == (400, field)
    assert words in error["message"]
    assert [row["kind"] for row in faulty.ok("GET", RULES)["faults"]] == before


# -- REST --------------------------------------------------------------------------------------------------------


def test_a_request_that_is_reset_or_dropped_was_never_served(faulty: Live) -> None:
    before = advertisers(faulty)
    for kind, error in (("reset", httpx.ReadError), ("drop", httpx.RemoteProtocolError)):
        rule(faulty, kind=kind, message="create_advertiser", count=1)
        with pytest.raises(error):
            faulty.send("POST", "advertisers", json=ADVERTISER)
        assert hits(faulty) == 1
    assert advertisers(faulty) == before


@pytest.mark.parametrize("kind", ["reset", "drop"])
def test_a_request_whose_body_comes_late_is_reset_or_dropped_when_all_of_it_came(faulty: Live, kind: str) -> None:
    """A client that still writes to a closed connection would meet another error than the one of the rule."""
    rule(faulty, kind=kind, message="create_advertiser", count=1)
    at = urlsplit(faulty.line["buyer_api"])
    body = json.dumps(ADVERTISER).encode()
    head = f"POST /api/v2/buyer/advertisers HTTP/1.1\r\nHost: {at.netloc}\r\nAuthorization: Bearer {KEY}\r\n"
    head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    with socket.create_connection((str(at.hostname), at.port), timeout=20) as connection:
        connection.sendall(head.encode())
        for half in (body[:9], body[9:]):
            time.sleep(0.2)
            connection.sendall(half)
        with pytest.raises(ConnectionResetError) if kind == "reset" else nullcontext():
            assert connection.recv(100) == b""
    assert hits(faulty) == 1


def test_an_answer_that_is_reset_was_served(faulty: Live) -> None:
    before = advertisers(faulty)
    rule(faulty, kind="reset", message="create_advertiser", direction="answer", count=1)
    with pytest.raises(httpx.ReadError):
        faulty.send("POST", "advertisers", json=ADVERTISER)
    assert advertisers(faulty) == before + 1


def test_an_answer_that_is_lost_never_comes_though_it_was_done(faulty: Live) -> None:
    before = advertisers(faulty)
    rule(faulty, kind="answer_lost", message="create_advertiser")
    with pytest.raises(httpx.ReadTimeout):
        faulty.send("POST", "advertisers", json=ADVERTISER, timeout=1.0)
    assert faulty.error("POST", "advertisers", {"name": ""})["status"] == 400, "only answers that accept get lost"
    assert advertisers(faulty) == before + 1


def test_a_truncated_answer_has_a_content_length_that_lies(faulty: Live) -> None:
    announced, whole = read_all(faulty)
    assert announced == len(whole)
    rule(faulty, kind="truncate", message="list_advertisers", direction="answer", count=1)
    announced, came = read_all(faulty)
    assert announced == len(whole)
    assert came == whole[: len(whole) // 2]


def test_half_a_request_is_refused_as_malformed(faulty: Live) -> None:
    before = advertisers(faulty)
    rule(faulty, kind="truncate", message="create_advertiser", count=1)
    assert faulty.error("POST", "advertisers", ADVERTISER)["status"] == 400
    assert advertisers(faulty) == before


def test_a_slow_body_drips(faulty: Live) -> None:
    _, whole = read_all(faulty)
    rule(faulty, kind="slow_body", message="list_advertisers", direction="answer", rate=len(whole))
    began = time.monotonic()
    assert read_all(faulty) == (len(whole), whole)
    assert 0.7 < time.monotonic() - began < 5


def test_latency_is_real_time_and_leaves_the_clock_alone(faulty: Live) -> None:
    now = faulty.now()
    for direction in ("request", "answer"):
        rule(faulty, kind="latency", message="list_advertisers", direction=direction, median="400ms", count=1)
        began = time.monotonic()
        faulty.ok("GET", "advertisers")
        assert 0.35 < time.monotonic() - began < 5
    assert faulty.now() == now


def test_429_says_when_to_come_again_and_5xx_is_followed_by_success(faulty: Live) -> None:
    rule(faulty, kind="rate_limited", message="list_advertisers", retry_after="7s", count=1)
    answer = faulty.send("GET", "advertisers")
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "7")
    assert answer.json()["error"]["code"] == "RATE_LIMITED"
    rule(faulty, kind="unavailable", message="list_advertisers", status=502, count=3)
    assert [faulty.send("GET", "advertisers").status_code for _ in range(4)] == [502, 502, 502, 200]


def test_a_gateway_may_fail_after_the_work_was_done(faulty: Live) -> None:
    before = advertisers(faulty)
    rule(faulty, kind="unavailable", message="create_advertiser", direction="answer", status=504, count=1)
    assert faulty.send("POST", "advertisers", json=ADVERTISER).status_code == 504
    assert advertisers(faulty) == before + 1


def test_a_request_that_arrives_twice_is_served_twice(faulty: Live) -> None:
    before = advertisers(faulty)
    rule(faulty, kind="duplicate", message="create_advertiser", count=1)
    faulty.ok("POST", "advertisers", ADVERTISER)
    assert advertisers(faulty) == before + 2


def test_a_message_that_is_held_back_is_overtaken_by_the_next_one(faulty: Live) -> None:
    rule(faulty, kind="reorder", message="create_advertiser", hold="20s", count=1)
    ids: dict[str, int] = {}

    def create(name: str) -> None:
        ids[name] = int(faulty.ok("POST", "advertisers", {"name": name, "brand": "acme.com"})["id"])

    held = threading.Thread(target=create, args=("first",))
    held.start()
    while not hits(faulty):
        time.sleep(0.02)
    create("second")
    held.join(10)
    assert ids["second"] < ids["first"]


def test_rules_strike_whom_they_name_and_with_their_probability(faulty: Live) -> None:
    rule(faulty, kind="unavailable", message="list_advertisers", to="newsroom")
    faulty.ok("GET", "advertisers")
    rule(faulty, kind="unavailable", message="list_advertisers", probability=0.5)
    statuses = [faulty.send("GET", "advertisers").status_code for _ in range(40)]
    assert 8 < statuses.count(503) < 32
    assert hits(faulty) == statuses.count(503)


# -- agents ------------------------------------------------------------------------------------------------------


def test_an_agent_sells_once_however_often_the_answer_is_lost(make_live: MakeLive, tmp_path: Any) -> None:
    world = tmp_path / "world.yaml"
    world.write_text(WORLD)
    live = make_live(scenario=world)
    row = agent(live)
    wanted = order(row)
    live.ok("POST", RULES, {"faults": [{"kind": "reset", "to": "newsroom", "direction": "answer", "count": 2}]})
    for _ in range(2):
        with pytest.raises(httpx.ReadError):
            tool(row, "create_media_buy", **wanted)
    found = call(row, "create_media_buy", **wanted)
    assert found["replayed"] is True
    before = live.ok("GET", "/_sandbox/world")
    assert not before["violations"]
    live.stop()
    live = make_live(scenario=world)
    after = live.ok("GET", "/_sandbox/world")
    assert live.line["replayed"] >= 4
    assert after["digest"] == before["digest"]
    rows = live.ok("GET", RULES)["faults"]
    assert [(row["hits"], row["left"]) for row in rows] == [(2, 0)]


@pytest.mark.parametrize("kind", ["rate_limited", "unavailable"])
def test_agents_are_refused_on_the_level_of_http(faulty: Live, kind: str) -> None:
    row = agent(faulty)
    rule(faulty, kind=kind, to="newsroom", message="get_products", retry_after="3s", count=1)
    answer = tool(row, "get_products", buying_mode="wholesale")
    assert answer.status_code == (429 if kind == "rate_limited" else 503)
    assert answer.headers["Retry-After"] == "3"
    assert tool(row, "get_products", buying_mode="wholesale").status_code == 200


@pytest.mark.parametrize("transport", ["mcp", "a2a"])
def test_an_answer_of_an_agent_breaks_its_schema_in_an_envelope_that_is_whole(faulty: Live, transport: str) -> None:
    row = agent(faulty)
    rule(faulty, kind="invalid_answer", to="newsroom", message="get_products")
    if transport == "mcp":
        result = tool(row, "get_products", buying_mode="wholesale").json()["result"]
        said = result["structuredContent"]
        assert json.loads(result["content"][0]["text"]) == said
    else:
        data = {"skill": "get_products", "input": {"adcp_version": "3.1", "buying_mode": "wholesale"}}
        message = {"messageId": "m1", "role": "user", "kind": "message", "parts": [{"kind": "data", "data": data}]}
        body = {"jsonrpc": "2.0", "id": 1, "method": "message/send", "params": {"message": message}}
        headers = {"Authorization": f"Bearer {row['token']}"}
        task = httpx.post(row["a2a"], json=body, headers=headers, timeout=20).json()["result"]
        said = next(part["data"] for part in task["artifacts"][0]["parts"] if part["kind"] == "data")
    assert hits(faulty) == 1
    assert check_answer("get_products", said, "3.1")


def test_a_rule_names_a_tool_or_else_a_method_of_the_protocol(faulty: Live) -> None:
    row = agent(faulty)
    rule(faulty, kind="unavailable", to="newsroom", message="tools/list")
    headers = {**ACCEPT, "Authorization": f"Bearer {row['token']}"}
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}
    assert httpx.post(row["mcp"], json=body, headers=headers).status_code == 503
    assert tool(row, "get_products", buying_mode="wholesale").status_code == 200


def test_the_platform_has_faults_over_mcp_too(faulty: Live) -> None:
    rule(faulty, kind="rate_limited", message="list_advertisers", retry_after="2s")
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/call",
            "params": {"name": "api_call", "arguments": {"operation": "list_advertisers"}}}  # fmt: skip
    headers = {**ACCEPT, "Authorization": f"Bearer {KEY}"}
    answer = httpx.post(faulty.line["buyer_mcp"], json=body, headers=headers)
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "2")


def test_every_kind_is_in_the_documents() -> None:
    from pathlib import Path

    text = (Path(__file__).parents[2] / "docs" / "scenarios.md").read_text("utf-8")
    for kind in KINDS.values():
        assert f"| `{kind.name}` | {kind.about}" in text
