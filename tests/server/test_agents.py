"""The simulated agents over MCP and A2A: tokens, worlds, errors, replay, webhooks that are signed."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from sandbox.kernel.webhooks import Letter
from sandbox.server.agents_signing import COVERED, Keyring
from sandbox.server.served import Served
from tests.server.conftest import Live, MakeLive, settings

ACCEPT = {"Accept": "application/json, text/event-stream"}
ACCOUNT = {"brand": {"domain": "acme.com"}, "operator": "acme.com"}

WORLD = """
title: A world with a test controller
extends: worlds/default
actors: {newsroom: {kind: seller, test_controller: true, notify_always: true, guaranteed: false, publishers: [nytimes]}}
"""


def agent(live: Live, agent_id: str = "newsroom") -> dict[str, Any]:
    """The row of the ready line."""
    return next(row for row in live.line["agents"] if row["id"] == agent_id)


def post(url: str, token: str | None, body: dict[str, Any], **headers: str) -> httpx.Response:
    auth = {"Authorization": f"Bearer {token}"} if token else {}
    return httpx.post(url, json=body, headers={**ACCEPT, **auth, **headers}, timeout=60)


def mcp(row: dict[str, Any], method: str, params: dict[str, Any] | None = None, token: str | None = None) -> Any:
    body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params or {}}
    answer = post(row["mcp"], token or row["token"], body)
    assert answer.status_code == 200, answer.text
    return answer.json()["result"]


def call(row: dict[str, Any], tool: str, token: str | None = None, **arguments: Any) -> dict[str, Any]:
    """A tool call over MCP that must succeed, at release 3.1."""
    result = mcp(row, "tools/call", {"name": tool, "arguments": {"adcp_version": "3.1", **arguments}}, token)
    assert not result.get("isError"), result
    assert json.loads(result["content"][0]["text"]) == result["structuredContent"]
    found: dict[str, Any] = result["structuredContent"]
    return found


def refused(row: dict[str, Any], tool: str, **arguments: Any) -> dict[str, Any]:
    result = mcp(row, "tools/call", {"name": tool, "arguments": {"adcp_version": "3.1", **arguments}})
    assert result["isError"]
    assert json.loads(result["content"][0]["text"])["adcp_error"] == result["structuredContent"]["adcp_error"]
    found: dict[str, Any] = result["structuredContent"]
    return found


def order(row: dict[str, Any], key: str = "key-of-the-first-order", **more: Any) -> dict[str, Any]:
    """The arguments of a create_media_buy for the first product."""
    product = call(row, "get_products", buying_mode="wholesale")["products"][0]
    option = next(option for option in product["pricing_options"] if "fixed_price" in option)
    package = {"product_id": product["product_id"], "pricing_option_id": option["pricing_option_id"], "budget": 500}
    flight = {"start_time": "2026-05-10T00:00:00Z", "end_time": "2026-06-10T00:00:00Z"}
    brand = {"domain": "acme.com"}
    return {"idempotency_key": key, "account": ACCOUNT, "brand": brand, **flight, "packages": [package], **more}


# -- the door --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["mcp", "a2a"])
@pytest.mark.parametrize(("token", "why"), [(None, ""), ("sk_agent_acme_worldview", "invalid_token")])
def test_nobody_gets_in_without_a_token_of_the_agent(live: Live, path: str, token: str | None, why: str) -> None:
    answer = post(agent(live)[path], token, {"jsonrpc": "2.0", "id": 1, "method": "tools/list"})
    assert answer.status_code == 401
    challenge = answer.headers["WWW-Authenticate"]  # RFC 6750, section 3
    assert challenge.startswith("Bearer realm=")
    assert ('error="invalid_token"' in challenge) is bool(why)
    assert answer.json()["adcp_error"]["code"] == ("AUTH_INVALID" if token else "AUTH_MISSING")


def test_an_agent_that_is_not_there_is_not_found(live: Live) -> None:
    row = agent(live)
    answer = post(row["mcp"].replace("newsroom", "nobody"), row["token"], {})
    assert answer.status_code == 404


def test_every_agent_with_adcp_is_listed_with_its_addresses(live: Live) -> None:
    rows = {row["id"]: row for row in live.line["agents"]}
    assert {"newsroom", "worldview", "bigscreen", "soundhouse"} <= rows.keys()
    assert rows["newsroom"]["role"] == "sales"
    assert set(rows["newsroom"]["tokens"]) == {"acme", "globex"}


# -- MCP -------------------------------------------------------------------------------------------------------


def test_the_tools_of_an_agent_are_those_of_its_endpoint(live: Live) -> None:
    tools = {tool["name"]: tool for tool in mcp(agent(live), "tools/list")["tools"]}
    assert {"get_adcp_capabilities", "get_products", "create_media_buy", "sync_creatives"} <= tools.keys()
    assert "idempotency_key" in tools["create_media_buy"]["inputSchema"]["properties"]


def test_the_release_is_negotiated_by_each_request(live: Live) -> None:
    row = agent(live)
    assert call(row, "get_products", buying_mode="wholesale", adcp_version="3.2")["adcp_version"] == "3.2"
    error = refused(row, "get_products", buying_mode="wholesale", adcp_version="4.0")
    assert error["adcp_error"]["code"] == "VERSION_UNSUPPORTED"


def test_errors_come_in_both_layers_with_the_context(live: Live) -> None:
    body = refused(agent(live), "get_products", buying_mode="brief", context={"trace": "t1"})
    assert body["adcp_error"]["code"] == body["errors"][0]["code"] == "INVALID_REQUEST"
    assert body["context"] == {"trace": "t1"}


def test_a_tool_that_is_not_offered_is_answered_as_unknown(live: Live) -> None:
    assert refused(agent(live), "no_such_tool")["adcp_error"]["code"] == "UNSUPPORTED_FEATURE"


def test_the_default_world_has_the_test_controller(live: Live) -> None:
    assert "seed_product" in call(agent(live), "comply_test_controller", scenario="list_scenarios")["scenarios"]


def test_the_same_order_again_brings_the_same_answer(live: Live) -> None:
    row = agent(live)
    wanted = order(row, "an-order-that-is-sent-twice")
    first, again = call(row, "create_media_buy", **wanted), call(row, "create_media_buy", **wanted)
    assert again == {**first, "replayed": True}


def test_customers_have_worlds_of_their_own(live: Live) -> None:
    row = agent(live)
    made = call(row, "create_media_buy", **order(row, "an-order-of-acme-alone"))
    theirs = call(row, "get_media_buys", row["tokens"]["globex"], media_buy_ids=[made["media_buy_id"]])
    assert theirs["media_buys"] == []
    assert call(row, "get_media_buys", media_buy_ids=[made["media_buy_id"]])["media_buys"]


def test_what_agents_answered_is_answered_again_after_a_restart(make_live: MakeLive) -> None:
    live = make_live()
    row = agent(live)
    made = call(row, "create_media_buy", **order(row))
    live.advance("20d")
    before = call(row, "get_media_buy_delivery", media_buy_ids=[made["media_buy_id"]])
    live.stop()
    live = make_live()
    assert live.line["replayed"] == 2
    again = call(agent(live), "get_media_buy_delivery", media_buy_ids=[made["media_buy_id"]])
    assert again == before


# -- A2A -------------------------------------------------------------------------------------------------------


def a2a(row: dict[str, Any], parts: list[dict[str, Any]], version: str = "1.0") -> dict[str, Any]:
    new = version == "1.0"
    message = {"messageId": "m1", "role": "ROLE_USER" if new else "user", "parts": parts}
    body = {"jsonrpc": "2.0", "id": 1, "method": "SendMessage" if new else "message/send"}
    answer = post(row["a2a"], row["token"], {**body, "params": {"message": message}}, **{"A2A-Version": version})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_the_card_names_address_profile_and_skills(live: Live) -> None:
    row = agent(live)
    card = httpx.get(row["a2a"].removesuffix("a2a") + ".well-known/agent-card.json").json()
    assert {entry["protocolVersion"] for entry in card["supportedInterfaces"]} == {"1.0", "0.3"}
    assert card["url"] == row["a2a"]
    assert card["capabilities"]["extensions"][0]["uri"].endswith("/extensions/adcp/v3")
    assert "create_media_buy" in [skill["id"] for skill in card["skills"]]


@pytest.mark.parametrize("version", ["1.0", "0.3"])
def test_a_skill_is_called_by_a_data_part(live: Live, version: str) -> None:
    part: dict[str, Any] = {"data": {"skill": "get_adcp_capabilities", "input": {"adcp_version": "3.1"}}}
    result = a2a(agent(live), [part if version == "1.0" else {**part, "kind": "data"}], version)["result"]
    task = result["task"] if version == "1.0" else result
    assert task["status"]["state"] in ("TASK_STATE_COMPLETED", "completed")
    assert "media_buy" in task["artifacts"][0]["parts"][1]["data"]["supported_protocols"]


def test_a_refusal_is_a_failed_task_with_the_error_in_its_artifact(live: Live) -> None:
    part = {"data": {"skill": "get_products", "input": {"adcp_version": "3.1", "buying_mode": "brief"}}}
    task = a2a(agent(live), [part])["result"]["task"]
    assert task["status"]["state"] == "TASK_STATE_FAILED"
    assert task["artifacts"][0]["parts"][1]["data"]["adcp_error"]["code"] == "INVALID_REQUEST"


@pytest.mark.parametrize("parts", [[{"text": "buy something"}], [{"data": {"skill": "get_products"}}] * 2])
def test_a_message_without_exactly_one_skill_is_not_understood(live: Live, parts: list[dict[str, Any]]) -> None:
    assert "error" in a2a(agent(live), parts)


# -- webhooks --------------------------------------------------------------------------------------------------


class Receiver(ThreadingHTTPServer):
    """A service that takes webhooks, and keeps their headers and bodies."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.came: list[tuple[dict[str, str], bytes]] = []
        self.url = f"http://127.0.0.1:{self.server_port}/hooks?a=1"
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def first(self) -> tuple[dict[str, str], bytes]:
        """The first webhook; waits for it."""
        for _ in range(300):
            if self.came:
                return self.came[0]
            time.sleep(0.02)
        raise AssertionError("no webhook came")


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.came.append((dict(self.headers), body))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        return


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    server = Receiver()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def controlled(make_live: MakeLive, tmp_path: Path) -> Live:
    """A world whose sales agent has the test controller, and tells webhooks of everything."""
    world = tmp_path / "world.yaml"
    world.write_text(WORLD)
    return make_live(scenario=world)


def verify(keys: list[dict[str, Any]], url: str, headers: dict[str, str], body: bytes) -> None:
    """The checks of security.mdx, "Webhook callbacks": covered components, tag, digest, signature."""
    given, signature = headers["Signature-Input"].removeprefix("sig1="), headers["Signature"].removeprefix("sig1=:")
    covered, _, parameters = given.partition(";")
    assert covered == "(" + " ".join(f'"{name}"' for name in COVERED) + ")"
    said = dict(part.split("=", 1) for part in parameters.split(";"))
    assert said["tag"] == '"adcp/webhook-signing/v1"'
    assert int(said["expires"]) - int(said["created"]) <= 300
    digest = base64.b64encode(hashlib.sha256(body).digest()).decode()
    assert headers["Content-Digest"] == f"sha-256=:{digest}:"
    values = ["POST", url, url.split("/")[2], headers["Content-Type"], headers["Content-Digest"]]
    lines = [f'"{name}": {value}' for name, value in zip(COVERED, values, strict=True)]
    base = "\n".join([*lines, f'"@signature-params": {given}'])
    (key,) = [key for key in keys if f'"{key["kid"]}"' == said["keyid"]]
    assert (key["adcp_use"], key["use"], key["key_ops"]) == ("request-signing", "sig", ["verify"])
    raw = base64.urlsafe_b64decode(signature.removesuffix(":") + "==")
    Ed25519PublicKey.from_public_bytes(base64.urlsafe_b64decode(key["x"] + "=")).verify(raw, base.encode())


def test_webhooks_are_signed_by_the_key_that_the_agent_publishes(controlled: Live, receiver: Receiver) -> None:
    row = agent(controlled)
    call(row, "create_media_buy", **order(row, push_notification_config={"url": receiver.url, "operation_id": "o1"}))
    headers, body = receiver.first()
    origin = row["mcp"].split("/agents")[0]
    brand = httpx.get(f"{origin}/.well-known/brand.json").json()
    (entry,) = [entry for entry in brand["agents"] if entry["url"] == row["mcp"]]
    verify(httpx.get(entry["jwks_uri"]).json()["keys"], receiver.url, headers, body)
    assert json.loads(body)["operation_id"] == "o1"
    assert call(row, "get_adcp_capabilities")["webhook_signing"]["supported"] is True


def test_a_shared_secret_signs_instead_and_is_written_down_nowhere(
    controlled: Live, receiver: Receiver, tmp_path: Path
) -> None:
    row, secret = agent(controlled), "a-secret-of-the-buyer-and-the-seller"
    push = {"url": receiver.url, "authentication": {"schemes": ["HMAC-SHA256"], "credentials": secret}}
    call(row, "create_media_buy", **order(row, push_notification_config=push))
    headers, body = receiver.first()
    signed = headers["X-ADCP-Timestamp"].encode() + b"." + body
    digest = hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
    assert headers["X-ADCP-Signature"] == f"sha256={digest}"
    assert "Signature" not in headers
    assert secret not in json.dumps(controlled.ok("GET", "/_sandbox/events?limit=1000"))
    controlled.stop()
    assert secret.encode() not in b"".join(path.read_bytes() for path in tmp_path.glob("journal.db*"))


def test_keys_follow_from_the_seed_and_the_agent() -> None:
    one, same, other = Keyring(1), Keyring(1), Keyring(2)
    assert one.jwk("northstar") == same.jwk("northstar")
    assert len({ring.jwk(name)["x"] for ring in (one, other) for name in ("northstar", "harbor")}) == 4


def test_a_bearer_token_is_sent_as_one() -> None:
    ring = Keyring(1)
    push = {"authentication": {"schemes": ["Bearer"], "credentials": "t" * 40}}
    hidden = ring.conceal(push)["authentication"]
    letter = Letter("northstar", "http://127.0.0.1/x", "w1", "{}", True, hidden)
    assert hidden["credentials"] != "t" * 40
    assert ring.sign(letter, b"{}") == {"Authorization": f"Bearer {'t' * 40}"}


def test_no_secret_of_a_request_to_an_agent_is_in_a_trace_or_journal(tmp_path: Path) -> None:
    secret = "not-to-be-seen-anywhere-" * 2
    push = {"url": "http://127.0.0.1:9/hook", "authentication": {"schemes": ["Bearer"], "credentials": secret}}
    payload = {"adcp_version": "3.1", "idempotency_key": "k" * 20, "push_notification_config": push}

    async def story() -> str:
        served = Served(settings(tmp_path, journal=f"sqlite:///{tmp_path}/journal.db"))
        served.start()
        await served.ask("acme", "newsroom", "create_media_buy", payload)
        lines = "".join(event.line() for event in served.hosts["acme"].world.trace.events)
        await served.close()
        return lines

    seen = asyncio.run(story())
    assert "create_media_buy" in seen
    assert secret not in seen
    assert secret.encode() not in b"".join(file.read_bytes() for file in tmp_path.iterdir() if file.is_file())
