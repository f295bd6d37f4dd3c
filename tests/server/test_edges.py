"""What strangers send: requests that are hardly HTTP, forms, odd arguments, and clients that go away."""

from __future__ import annotations

import json
import signal
import socket
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from sandbox.kernel.endpoint import HIDDEN, Operation
from sandbox.server.app import Address
from tests.server.conftest import KEY, OTHER_KEY, Live, MakeLive
from tests.server.process import Process

FORM = "application/x-www-form-urlencoded"
MCP = {"Accept": "application/json, text/event-stream", "Authorization": f"Bearer {KEY}"}
AGENTS = "actors: {buyer: {storefronts: [{platform_id: press, name: Press, sources: [{agent: newsroom, "
OAUTH = "extends: worlds/default\n" + AGENTS + "requires_credentials: true, auth: OAUTH}]}]}}\n"


def raw(live: Live, *lines: str, body: bytes = b"") -> tuple[int, dict[str, Any]]:
    """Send a request word by word; gives the status and the JSON of the answer."""
    host, port = httpx.URL(live.line["buyer_api"]).host, httpx.URL(live.line["buyer_api"]).port
    head = "\r\n".join((*lines, f"Authorization: Bearer {KEY}", "Connection: close", "", "")).encode("latin-1")
    with socket.create_connection((host, port or 0), timeout=10) as connection:
        connection.sendall(head + body)
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    first, _, content = answer.partition(b"\r\n\r\n")
    return int(first.split()[1]), json.loads(content)


@pytest.mark.parametrize("host", ["[", "[::1", "evil.example", "127.0.0.1.evil.example", ""])
def test_a_host_that_is_not_ours_is_refused_however_it_is_written(live: Live, host: str) -> None:
    status, answer = raw(live, "GET /_sandbox/world HTTP/1.1", f"Host: {host}")
    assert (status, answer["error"]["code"]) == (403, "ACCESS_DENIED")


@pytest.mark.parametrize("origin", ["http://[", "null", "http://evil.example", "x"])
def test_an_origin_that_is_not_ours_is_refused_however_it_is_written(live: Live, origin: str) -> None:
    status, answer = raw(live, "POST /_sandbox/reset HTTP/1.1", "Host: localhost", f"Origin: {origin}")
    assert (status, answer["error"]["code"]) == (403, "ACCESS_DENIED")


def test_the_dashboard_works_from_other_machines_under_an_address(tmp_path: Path, make_live: MakeLive) -> None:
    live = make_live(Address(host="0.0.0.0", port=0))

    def reset(name: str, origin: str) -> int:
        headers = {"Host": f"{name}:80", "Origin": f"http://{origin}:80"}
        return live.http.post("/_sandbox/reset", headers=headers).status_code

    assert reset("10.1.2.3", "10.1.2.3") == 200
    assert reset("10.1.2.3", "10.1.2.4") == 403
    assert reset("evil.example", "evil.example") == 403  # a name may be anybody's (DNS rebinding)


@pytest.mark.parametrize("path", ["/_sandbox/clock/advance", "/mcp", "/api/v2/buyer/advertisers"])
def test_a_body_that_is_not_compressed_as_it_says_is_a_mistake_of_the_client(live: Live, path: str) -> None:
    heads = ("Host: localhost", "Content-Encoding: gzip", "Content-Type: application/json", "Content-Length: 3")
    status, answer = raw(live, f"POST {path} HTTP/1.1", *heads, body=b"abc")
    assert (status, answer["error"]["code"]) == (400, "VALIDATION_ERROR")


@pytest.mark.parametrize(
    ("content", "kind", "field"),
    [(b"state=\xff", FORM, "body"), (b"state=x", f"{FORM}; charset=bogus", "decision"), (b"%ff", FORM, "state")],
)
def test_forms_that_are_none_are_refused_with_the_field(live: Live, content: bytes, kind: str, field: str) -> None:
    error = live.error("POST", "/oauth/authorize", key=None, content=content, headers={"Content-Type": kind})
    assert (error["status"], error["code"], error["field"]) == (400, "VALIDATION_ERROR", field)


def test_a_query_may_repeat_names_as_often_as_a_line_is_long(live: Live) -> None:
    begun = time.perf_counter()
    live.error("GET", "campaigns?" + "&".join(["status=x"] * 900))
    assert time.perf_counter() - begun < 1


@pytest.mark.parametrize(
    ("control", "arguments", "field"),
    [
        ("newsroom/approve", {"media_buy": {}}, "media_buy"),
        ("newsroom/approve", {"media_buy": 5}, "media_buy"),
        ("newsroom/sell_out", {"product": []}, "product"),
        ("newsroom/sell_out", {}, "body"),
        ("newsroom/ask_input", {"missing": [1]}, "missing"),
        ("nytimes/authorise", {"seller": None}, "seller"),
        ("nytimes/authorise", {"seller": "nobody"}, None),
        ("nytimes/authorise", {"nobody": "x"}, "body"),
    ],
)
def test_controls_with_arguments_that_make_no_sense_are_refused(
    live: Live, control: str, arguments: dict[str, Any], field: str | None
) -> None:
    error = live.error("POST", f"/_sandbox/actors/{control}", arguments)
    assert (error["status"], error["code"], error.get("field")) == (400, "VALIDATION_ERROR", field)


@pytest.mark.parametrize(
    ("tool", "arguments", "field"),
    [
        ("api_call", '{"operation": "create_advertiser", "body": {"name": "A", "brand": NaN}}', "body"),
        ("api_call", '{"operation": "list_advertisers", "params": {"limit": -Infinity}}', "body"),
        ("api_call", '{"operation": "create_campaign", "body": {"budget": {"total": 1e999}}}', "body"),
        ("api_call", '{"method": "GET", "path": "//["}', "path"),
        ("customer_switch", f'{{"customerId": "{"9" * 5000}"}}', "customerId"),
    ],
)
def test_tools_refuse_what_is_no_json_or_no_path(live: Live, tool: str, arguments: str, field: str) -> None:  # rule 5
    told = call_tool(live, tool, arguments)
    assert told["isError"]
    assert (told["structuredContent"]["code"], told["structuredContent"]["field"]) == ("VALIDATION_ERROR", field)


def call_tool(live: Live, tool: str, arguments: str) -> dict[str, Any]:
    """Open a session and call one tool; ``arguments`` is JSON text, or nearly."""
    hello = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}
    opened = live.http.post(
        "/mcp", json={"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": hello}, headers=MCP
    )
    headers = {**MCP, "Content-Type": "application/json", "mcp-session-id": opened.headers["mcp-session-id"]}
    live.http.post("/mcp", content='{"jsonrpc": "2.0", "method": "notifications/initialized"}', headers=headers)
    request = f'{{"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": {{"name": "{tool}", "arguments": '
    found: dict[str, Any] = live.http.post("/mcp", content=request + arguments + "}}", headers=headers).json()["result"]
    return found


def test_requests_over_mcp_count_for_the_rate_limit_too(make_live: MakeLive) -> None:  # rule 4
    live = make_live(Address(port=0, rate_limit=0.001))
    live.http.headers.clear()
    told = call_tool(live, "health", "{}")
    assert told["structuredContent"]["code"] == "RATE_LIMITED"
    assert live.error("GET", "advertisers")["code"] == "RATE_LIMITED"


@pytest.mark.parametrize(
    ("auth", "kept"),
    [({"type": "key", "token": "s3"}, {"type": "key", "token": HIDDEN}), ("s3", HIDDEN), (["s3"], HIDDEN),
     (None, None), ({"tokens": 1}, {"tokens": 1})],
)  # fmt: skip
def test_a_secret_in_the_wrong_place_is_struck_out_too(auth: Any, kept: Any) -> None:  # rule 22
    operation = Operation("register", lambda *_: {}, secrets=("body.auth.token",))
    assert operation.masked({"body": {"auth": auth}}) == {"body": {"auth": kept}}


@pytest.fixture
def connecting(tmp_path: Path, make_live: MakeLive) -> tuple[Live, str]:
    """A world with an OAUTH agent, and the link to authorise the second customer's credentials."""
    (tmp_path / "oauth.yaml").write_text(OAUTH)
    live = make_live(scenario=str(tmp_path / "oauth.yaml"))
    live.ok("GET", "advertisers")
    shop = live.ok("GET", "storefronts", key=OTHER_KEY)["data"]["items"][0]["id"]
    source = live.ok("GET", f"storefronts/{shop}", key=OTHER_KEY)["data"]["sources"][0]["sourceId"]
    path = f"storefronts/{shop}/sources/{source}/credentials"
    answer = live.ok("POST", path, {"accountIdentifier": "seat"}, key=OTHER_KEY)
    return live, answer["oauth"]["authorizationUrl"]


def test_a_link_of_one_customer_leaves_no_trace_in_the_world_of_another(connecting: tuple[Live, str]) -> None:
    live, link = connecting
    before = live.ok("GET", "/_sandbox/world")
    assert live.http.get(link).status_code == 200
    state = httpx.URL(link).params["state"]
    done = live.http.post("/oauth/authorize", data={"state": state, "decision": "allow"})
    assert done.status_code == 200, done.text
    assert live.ok("GET", "storefronts/credentials", key=OTHER_KEY)["data"][0]["status"] == "ACTIVE"
    assert live.ok("GET", "/_sandbox/world") == before


def test_a_customer_s_platform_that_is_down_is_not_down_for_others(connecting: tuple[Live, str]) -> None:
    live, link = connecting
    platform = live.ok("GET", "/_sandbox/world")["platform"]
    live.ok("POST", f"/_sandbox/actors/{platform}/go_down")
    done = live.http.post("/oauth/authorize", data={"state": httpx.URL(link).params["state"], "decision": "deny"})
    assert done.status_code == 200, done.text


def test_clients_that_go_away_take_nothing_with_them(tmp_path: Path) -> None:
    server = Process(tmp_path)
    request = f"GET /_sandbox/clock HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {KEY}\r\n\r\n".encode()
    port = httpx.URL(server.line["buyer_api"]).port or 0
    for _ in range(5):
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.sendall(request * 50)
        time.sleep(0.05)
    assert server.ok("GET", "/_sandbox/clock")["status"] == "ready"
    server.stop()
    assert server.process.returncode == 0
    assert "Traceback" not in server.errors.read_text()


def test_sigterm_does_not_wait_for_a_long_advance(tmp_path: Path) -> None:
    server = Process(tmp_path)
    with socket.create_connection(("127.0.0.1", httpx.URL(server.line["buyer_api"]).port or 0), timeout=30) as client:
        body = b'{"by": "3650d"}'
        server.launch(channels=["display"])
        head = f"POST /_sandbox/clock/advance HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n"
        client.sendall(head.encode() + b"Content-Type: application/json\r\n\r\n" + body)
        while server.ok("GET", "/_sandbox/clock")["status"] != "advancing":
            time.sleep(0.01)
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(20) == 0
        assert b"409 Conflict" in client.recv(65536)
    server.http.close()


def test_a_token_that_is_no_text_opens_nothing(live: Live) -> None:  # rule 156
    lists = live.ok("POST", f"advertisers/{live.advertiser()}/property-lists",
                    {"name": "L", "purpose": "include", "domains": ["cnn.com"]})  # fmt: skip
    answer = live.http.get(f"/lists/{lists['listId']}", headers={"Authorization": b"Bearer \xff\xfe"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "UNAUTHORIZED")


@pytest.mark.parametrize(
    ("rurl", "location"),
    [("http://x.example/%00a", "http://x.example/%00a"), ("http://x.example/%0Ba?b", "http://x.example/%0Ba?b="),
     ("http://x.example/é", "http://x.example/%C3%A9"), ("http://[", None), ("http://x]", None)],
)  # fmt: skip
def test_clicks_lead_nowhere_but_to_an_address(live: Live, rurl: str, location: str | None) -> None:  # rule 37
    campaign = live.campaign(live.advertiser())
    assets = [{"asset_type": "HTML", "content": "<p>Shoes</p>"}]
    made = live.ok("POST", f"campaigns/{campaign}/creatives/create", {"name": "Banner", "assets": assets})
    query = f"creative={made['creative_id']}&rurl={rurl}"
    answer = live.http.get(f"/click?{query}")
    if location is None:
        assert answer.json()["error"]["field"] == "rurl"
    else:
        assert (answer.status_code, answer.headers["Location"].partition("?")[0]) == (302, location.partition("?")[0])
