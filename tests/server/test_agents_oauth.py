"""OAuth for agents: where it is advertised, and what it gives to whom (RFC 6749, 8414, 8707, 9728)."""

from __future__ import annotations

import base64
from typing import Any

import httpx
import pytest

from tests.server.conftest import Live

HEADER = b'{"alg":"RS256","typ":"JWT"}'
FIRST: dict[str, Any] = {"client_id": "acme", "client_secret": "sk_sandbox_acme"}


def agent(live: Live) -> dict[str, Any]:
    row: dict[str, Any] = next(row for row in live.line["agents"] if row["id"] == "newsroom")
    return row


def base(live: Live) -> str:
    return str(agent(live)["mcp"].split("/agents", 1)[0])


def ask(live: Live, *, auth: tuple[str, str] | None = None, **form: Any) -> httpx.Response:
    told = {"grant_type": "client_credentials", "resource": agent(live)["mcp"], **form}
    return httpx.post(f"{base(live)}/oauth/token", data=told, auth=auth)


@pytest.mark.parametrize("door", ["mcp", "a2a"])
def test_an_agent_names_its_authorization_server_under_its_own_address(live: Live, door: str) -> None:
    url = agent(live)[door]
    told = httpx.get(url.replace("/agents", "/.well-known/oauth-protected-resource/agents", 1)).json()
    assert told["resource"] == url
    server = httpx.get(told["authorization_servers"][0] + "/.well-known/oauth-authorization-server").json()
    assert server["issuer"] == told["authorization_servers"][0]
    assert server["token_endpoint"] == f"{base(live)}/oauth/token"


def test_no_other_address_is_advertised(live: Live) -> None:
    for path in ("/agents/nobody/mcp", "/agents/newsroom/rest"):
        assert httpx.get(f"{base(live)}/.well-known/oauth-protected-resource{path}").status_code == 404


def test_an_api_key_buys_the_token_of_its_customer_for_that_agent(live: Live) -> None:
    by_form, by_header = ask(live, **FIRST), ask(live, auth=("acme", "sk_sandbox_acme"))
    assert by_form.json() == by_header.json() == {"access_token": agent(live)["token"], "token_type": "Bearer"}
    assert by_form.headers["Cache-Control"] == "no-store"
    other = ask(live, client_id="globex", client_secret="sk_sandbox_globex")
    assert other.json()["access_token"] == agent(live)["tokens"]["globex"]


@pytest.mark.parametrize(
    ("form", "status", "error"),
    [
        ({**FIRST, "grant_type": "password"}, 400, "unsupported_grant_type"),
        ({**FIRST, "client_secret": "sk_sandbox_globex"}, 401, "invalid_client"),
        ({**FIRST, "client_id": "globex"}, 401, "invalid_client"),
        ({}, 401, "invalid_client"),
        ({**FIRST, "resource": "https://elsewhere.example/mcp"}, 400, "invalid_target"),
        ({**FIRST, "resource": ""}, 400, "invalid_target"),
    ],
)
def test_what_is_wrong_with_a_request_is_said_in_the_words_of_oauth(
    live: Live, form: dict[str, Any], status: int, error: str
) -> None:
    answer = ask(live, **form)
    assert (answer.status_code, answer.json()["error"]) == (status, error)


@pytest.mark.parametrize(("agent_id", "tool"), [("concierge", "list_accounts"), ("buyer-lists", "list_property_lists")])
@pytest.mark.parametrize("door", ["mcp", "a2a"])
def test_an_agent_without_creatives_passes_the_checks_of_the_official_storyboard_with_a_tool_of_its_own(
    live: Live, agent_id: str, tool: str, door: str
) -> None:
    url = next(row for row in live.line["agents"] if row["id"] == agent_id)[door]
    told = httpx.get(url.replace("/agents", "/.well-known/oauth-protected-resource/agents", 1)).json()
    assert told["resource"] == url
    bought = ask(live, resource=url, **FIRST).json()["access_token"]
    jwt = ".".join(
        base64.urlsafe_b64encode(part).decode().rstrip("=") for part in (HEADER, b'{"sub":"invalid"}', b"x" * 32)
    )

    def call(token: str | None) -> httpx.Response:
        headers = {"Accept": "application/json, text/event-stream"} | (
            {"Authorization": f"Bearer {token}"} if token else {}
        )
        params = {"name": tool, "arguments": {"adcp_version": "3.1", "context": {"correlation_id": "probe"}}}
        return httpx.post(
            url, json={"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}, headers=headers
        )

    unknown = call(None)
    assert (unknown.status_code, unknown.headers["WWW-Authenticate"].split()[0]) == (401, "Bearer")
    for bad in ("invalid-8e4a2c1f", jwt):
        refused = call(bad)
        assert refused.status_code == 401
        assert 'error="invalid_token"' in refused.headers["WWW-Authenticate"]
    answered = call(bought)
    assert answered.status_code == 200
    assert answered.json()["result"]["structuredContent"]["context"] == {"correlation_id": "probe"}


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (b"grant_type=\xff\xfe", {"Content-Type": "application/x-www-form-urlencoded"}),
        (b"--x\r\n", {"Content-Type": "multipart/form-data; boundary=x"}),
        (b"{}", {"Content-Type": "application/json"}),
        (b"a=b", {"Content-Type": "application/x-www-form-urlencoded; charset=none"}),
        (b"grant_type=client_credentials", {"Authorization": "Basic \xe9", "Content-Type": "application/json"}),
    ],
)
def test_a_request_that_is_no_form_is_refused_in_the_words_of_oauth_too(
    live: Live, body: bytes, headers: dict[str, str]
) -> None:
    told = {name.encode(): value.encode("latin-1") for name, value in headers.items()}
    answer = httpx.post(f"{base(live)}/oauth/token", content=body, headers=told)
    assert answer.status_code == 400
    assert answer.json()["error"] in ("invalid_request", "unsupported_grant_type")


def test_credentials_in_a_header_that_is_no_base64_are_nobodys(live: Live) -> None:
    for given in (b"Basic \xe9", b"Basic ===", b"Basic /////w=="):
        answer = httpx.post(
            f"{base(live)}/oauth/token", data={"grant_type": "client_credentials"}, headers={b"Authorization": given}
        )
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
