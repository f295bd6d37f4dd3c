"""A service that does as a test says, and a small scenario in which it is the outcome agent."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

Body = dict[str, Any]
Does = Callable[["Service", Body], Awaitable[Any]]

KEY = "key-that-nobody-may-see"

WORLD = """
title: A real outcome agent among simulated ones
seed: 5
clock: {start: 2026-09-01, duration: 3d}
population: {users: 500}
network: {latency: {median: 0s, p95: 0s}}
actors:
  gazette:
    kind: publisher
    domain: gazette.example
    placements: [{channel: display, daily_opportunities: 500}]
  northstar: {kind: seller, publishers: [gazette]}
  buyer: {kind: buyer, customers: [{name: Acme, principal: acme}], requests: {retries: 2}}
  agent:
    kind: outcome
    url: {from_env: AGENT_URL}
    auth: {method: api-key, from_env: AGENT_KEY}
    latency: 150ms
    timeout: 2s
    quiet_ms: 150
    announce: /sandbox
"""

STEPS = """
steps:
  - {name: Advertiser, after: 1h, call: buyer.create_advertiser, body: {name: Acme, brand: acme.com}, save: {a: id}}
  - name: Campaign
    call: buyer.create_campaign
    body:
      advertiserId: $a
      name: Autumn
      flightDates: {startDate: "${start+1d}", endDate: "${start+3d}"}
      budget: {total: 1000, currency: USD}
    save: {campaign: campaignId}
  - {name: Wait, after: 15s, call: buyer.list_tactics, path: {campaignId: $campaign}, expect: {rounds.0.closed: true}}
"""

SELECTED = """
  - name: Select
    call: buyer.select_tactics
    path: {campaignId: $campaign}
    body: {tactics: [{proposalId: $proposal, budget: 500}]}
    expect: {tactics.0.status: ACTIVE}
"""


class Service:
    """Answers each path by what ``does`` has for it: a coroutine that gives a body, a response, or nothing at all.

    ``asked`` has what came: path, headers, body; ``queries`` its queries. Without ``key_needed`` it asks for no key.
    """

    def __init__(self) -> None:
        self.does: dict[str, Does] = {}
        self.asked: list[tuple[str, dict[str, str], Body]] = []
        self.queries: list[str] = []
        self.key_needed = KEY
        self.platform = ""
        self.key = ""
        self.url = ""
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)
        self._thread.start()
        assert self._ready.wait(30)

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._take)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        self._ready.set()
        await self._stop.wait()
        await runner.cleanup()

    async def _take(self, request: web.Request) -> web.StreamResponse:
        path, text = request.match_info["path"], await request.text()
        body = json.loads(text) if text else {}
        self.asked.append((path, dict(request.headers), body))
        self.queries.append(request.query_string)
        if path == "sandbox":
            self.platform, self.key = body["platformUrl"], body["customers"][0]["apiKey"]
            return web.json_response({})
        if request.headers.get("X-API-Key", "") != self.key_needed:
            return web.json_response({"error": "Unauthorized"}, status=401)
        answer = await self.does[path](self, body) if path in self.does else {}
        if answer is RESET:
            assert request.transport is not None
            request.transport.abort()
            return web.Response()
        return answer if isinstance(answer, web.StreamResponse) else web.json_response(answer)

    def bodies(self, path: str) -> list[Body]:
        """What came to a path."""
        return [body for at, _, body in self.asked if at == path]

    def close(self) -> None:
        """Be gone."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stop.set)
            self._thread.join(30)


RESET = object()
"""The answer of a service that breaks the connection."""


async def propose(_service: Service, body: Body) -> Body:
    """One proposal."""
    return {
        "proposals": [
            {
                "tacticId": f"t-{body['campaignId']}",
                "execution": "a plain one",
                "budgetCapacity": 500,
                "pricing": {"method": "passthrough", "currency": "USD"},
            }
        ]
    }


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    """A service that listens, and is in the environment."""
    found = Service()
    monkeypatch.setenv("AGENT_URL", found.url)
    monkeypatch.setenv("AGENT_KEY", KEY)
    yield found
    found.close()


@pytest.fixture
def scenario(tmp_path: Path) -> Callable[[str], str]:
    """Writes a scenario of the world with some steps; gives its path."""

    def write(steps: str = STEPS) -> str:
        path = tmp_path / "real.yaml"
        path.write_text(WORLD + steps)
        return str(path)

    return write
