"""Webhooks of simulated sales agents to a real buyer platform: signed, in order, and with what became of each one."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from sandbox.peers.addresses import Addresses
from sandbox.protocol.request_signing import SignedRequest, Verifier
from sandbox.protocol.signing_settings import SigningKey, SigningSettings
from sandbox.results.result import RunResult
from sandbox.scenario import load
from sandbox.server.agents_signing import TAG, Keyring
from sandbox.server.play import play, play_again
from sandbox.server.served import Settings
from tests.peers.conftest import KEY, RESET, Body, Service
from tests.server.conftest import Live

SEED = 9

WORLD = """
title: A real platform that is told what becomes of its orders
seed: 9
clock: {start: 2026-05-01, duration: 3d}
population: {users: 500}
network: {latency: {median: 20ms, p95: 20ms}, webhook_retries: [5s, 30s]}
vars:
  account: {brand: {domain: acme.com}, operator: acme.com}
  hooks: https://buyer.sandbox.test/hooks/orders
actors:
  gazette: {kind: publisher, domain: gazette.example, placements: [{channel: display, daily_opportunities: 500}]}
  northstar: {kind: seller, publishers: [gazette], approval: {mode: manual, delay: {median: 2h, p95: 2h}}}
  buyer:
    kind: buyer
    url: {from_env: PLATFORM_URL}
    auth: {method: api-key, from_env: PLATFORM_KEY}
    timeout: 2s
    customers: [{name: Acme, principal: acme}]
steps:
  - name: Account
    call: northstar.sync_accounts
    body:
      adcp_version: "3.1"
      idempotency_key: key-0000-0000-0001
      accounts: [{brand: {domain: acme.com}, operator: acme.com, billing: operator}]
  - name: Products
    call: northstar.get_products
    body: {adcp_version: "3.1", buying_mode: brief, brief: News, account: $account}
    save: {product: products.0.product_id, price: products.0.pricing_options.0.pricing_option_id}
"""

ORDER = """
  - name: Order {number}
    after: 5m
    call: northstar.create_media_buy
    body:
      adcp_version: "3.1"
      idempotency_key: key-0000-0000-100{number}
      account: $account
      brand: {{domain: acme.com}}
      start_time: "${{start+2d}}"
      end_time: "${{start+3d}}"
      packages: [{{product_id: $product, pricing_option_id: $price, budget: 100}}]
      push_notification_config: {{url: "$hooks?n={number}", operation_id: op-{number}{more}}}
"""


def orders(*more: str) -> str:
    """A scenario with an order for each text, which is put into its ``push_notification_config``."""
    return WORLD + "".join(ORDER.format(number=number, more=text) for number, text in enumerate(more, start=1))


@pytest.fixture
def platform(monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    """A platform that listens, and is in the environment."""
    found = Service()
    found.key_needed = ""
    monkeypatch.setenv("PLATFORM_URL", found.url)
    monkeypatch.setenv("PLATFORM_KEY", KEY)
    yield found
    found.close()


def played_twice(folder: Path, text: str, platform: Service) -> RunResult:
    """The run, once it has come about again from its journal without the platform."""
    path, journal = folder / "told.yaml", f"sqlite:///{folder}/run.db"
    path.write_text(text)
    result = play(load(str(path)), journal=journal)
    platform.close()
    assert play_again(load(str(path)), journal).digest == result.digest
    return result


def results(result: RunResult) -> list[tuple[int, bool, str]]:
    """What became of each attempt: its number, whether it was taken, and why not."""
    rows = [event.data for event in result.trace.of("webhook_result") if event.data["to"] == "buyer"]
    return [(row["attempt"], row["ok"], row["why"]) for row in rows]


def test_it_gets_them_in_order_signed_by_the_agent(tmp_path: Path, platform: Service) -> None:  # L3/webhooks.mdx
    result = played_twice(tmp_path, orders("", "", ""), platform)
    assert result.status == "passed", [row.detail for row in result.expectations]
    news = platform.bodies("hooks/orders")
    sent = [e.data["payload"] for e in result.trace.events if e.kind == "webhook" and e.data["to"] == "buyer"]
    assert news == sent
    assert [row["operation_id"] for row in news if row["status"] == "completed"] == ["op-1", "op-2", "op-3"]
    assert [row["timestamp"] for row in news] == sorted(row["timestamp"] for row in news)
    key = SigningKey.model_validate({**Keyring(SEED).jwk("northstar")})
    verifier = Verifier(SigningSettings(keys=[key]), legacy=True, tag=TAG)
    for (_, headers, body), query in zip(platform.asked, platform.queries, strict=True):
        lower = {name.lower(): value for name, value in headers.items()}
        request = SignedRequest("POST", f"{platform.url}/hooks/orders?{query}", lower, json.dumps(body).encode())
        assert verifier.verify(request, time.time()).kid == key.kid
        assert "x-api-key" not in lower  # a seller does not know the platform's own credentials
        assert lower["idempotency-key"]


def test_a_secret_that_was_agreed_on_is_used_and_is_in_no_journal(tmp_path: Path, platform: Service) -> None:
    secret = "agreed-on-0123456789-0123456789-abcdef"
    schemes = ("Bearer", "HMAC-SHA256")
    text = orders(*(f", authentication: {{schemes: [{name}], credentials: {secret}}}" for name in schemes))
    played_twice(tmp_path, text, platform)
    shown = {body["operation_id"]: headers for _, headers, body in platform.asked}
    assert shown["op-1"]["Authorization"] == f"Bearer {secret}"
    body = json.dumps(platform.bodies("hooks/orders")[-1]).encode()
    stamp = shown["op-2"]["X-ADCP-Timestamp"]
    digest = hmac.new(secret.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    assert shown["op-2"]["X-ADCP-Signature"] == f"sha256={digest}"
    assert not any("Signature-Input" in headers for headers in shown.values())
    with closing(sqlite3.connect(tmp_path / "run.db")) as kept:
        assert secret not in str(kept.execute("select * from adcp_sandbox_inputs").fetchall())


async def _server_error(_service: Service, _body: Body) -> web.Response:
    return web.json_response({"error": "not now"}, status=500)


async def _busy(_service: Service, _body: Body) -> web.Response:
    return web.Response(status=429, headers={"Retry-After": "600"})


async def _never(_service: Service, _body: Body) -> web.Response:
    return web.Response(status=409)


async def _moved(_service: Service, _body: Body) -> web.Response:
    return web.Response(status=307, headers={"Location": "http://127.0.0.1:9/"})


async def _reset(_service: Service, _body: Body) -> Any:
    return RESET


async def _late(_service: Service, _body: Body) -> Body:
    await asyncio.sleep(3)
    return {}


@pytest.mark.parametrize(
    ("does", "why", "attempts"),
    [
        (_server_error, "answered with status 500", 3),
        (_busy, "answered with status 429", 3),
        (_never, "answered with status 409", 1),
        (_moved, "answered with status 307", 3),
        (_reset, "connection reset", 3),
        (_late, "no answer in time", 3),
    ],
)
def test_what_it_answers_instead_is_kept_and_comes_about_again(
    tmp_path: Path, platform: Service, does: Any, why: str, attempts: int
) -> None:
    platform.does["hooks/orders"] = does
    result = played_twice(tmp_path, orders(""), platform)
    found = [row for row in results(result) if row[0] <= attempts]
    assert {row[1:] for row in found} == {(False, why)}
    assert max(row[0] for row in found) == attempts
    same = {(headers["Idempotency-Key"], json.dumps(body)) for _, headers, body in platform.asked}
    assert len(same) * attempts == len(platform.asked)


def test_a_service_that_asks_for_patience_gets_it(tmp_path: Path, platform: Service) -> None:
    platform.does["hooks/orders"] = _busy
    result = played_twice(tmp_path, orders(""), platform)
    at = [e.at_ms for e in result.trace.events if e.kind == "webhook" and e.data["to"] == "buyer" and e.data["id"]]
    assert at[1] - at[0] >= 600_000


def test_a_platform_that_is_gone_is_tried_again(tmp_path: Path, platform: Service) -> None:
    platform.close()
    result = played_twice(tmp_path, orders(""), platform)
    assert {row[1:] for row in results(result)} == {(False, "no connection came about")}


def test_one_that_was_down_for_a_moment_gets_the_next_attempt(tmp_path: Path, platform: Service) -> None:
    answers = iter([_server_error])

    async def once(service: Service, body: Body) -> Any:
        return await next(answers, _fine)(service, body)

    async def _fine(_service: Service, _body: Body) -> Body:
        return {}

    platform.does["hooks/orders"] = once
    assert results(played_twice(tmp_path, orders(""), platform))[:2] == [
        (1, False, "answered with status 500"),
        (2, True, ""),
    ]


def test_in_a_served_world_an_address_below_its_own_is_the_services(tmp_path: Path, platform: Service) -> None:
    path = tmp_path / "served.yaml"
    path.write_text(WORLD.partition("steps:")[0])
    live = Live(Settings(load(str(path)), journal=f"sqlite:///{tmp_path}/served.db"))
    try:
        row = next(row for row in live.line["agents"] if row["id"] == "northstar")
        hook = {"url": f"{platform.url}/hooks/accounts", "operation_id": "op-1"}
        account = {"brand": {"domain": "acme.com"}, "operator": "acme.com", "billing": "operator"}
        asked = {"adcp_version": "3.1", "idempotency_key": "key-0000-0000-0001", "accounts": [account]}
        body = {**asked, "push_notification_config": hook, "context": {"hook": hook["url"]}}
        url, bearer = row["mcp"].replace("/mcp", "/adcp/sync_accounts"), {"Authorization": f"Bearer {row['token']}"}
        answer = httpx.post(url, json=body, headers=bearer).json()
        assert answer["context"] == {"hook": hook["url"]}
        calls = [event.data for event in live.running.served.host("acme").world.trace.events if event.kind == "call"]
        assert calls[-1]["payload"]["push_notification_config"]["url"] == "https://buyer.sandbox.test/hooks/accounts"
    finally:
        live.stop()
    with closing(sqlite3.connect(tmp_path / "served.db")) as kept:
        assert platform.url not in str(kept.execute("select payload from adcp_sandbox_inputs").fetchall())


PATHS = st.text("abz019-_.~/?=&%", min_size=1, max_size=30)


@given(PATHS, PATHS)
def test_addresses_of_a_service_come_back_as_they_were(path: str, other: str) -> None:
    addresses = Addresses(
        "http://b", "http://a", "buyer", {"buyer": "http://127.0.0.1:5000", "sdk": "http://sdk:1/mcp"}
    )
    for real in addresses.real.values():
        told = {"url": f"{real}/{path}", "rows": [f"http://elsewhere/{other}", 7]}
        inside = addresses.services_inward(told)
        assert inside["url"].startswith("https://")
        assert "127.0.0.1" not in inside["url"]
        assert inside["rows"] == told["rows"]
        assert addresses.services_outward(inside) == told
