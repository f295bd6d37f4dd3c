"""What a buyer's program needs besides the official Python SDK: the sandbox's clock, and an inbox for webhooks."""

from __future__ import annotations

import asyncio
import json
import urllib.request
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

import adcp
from adcp.server.idempotency import MemoryBackend, WebhookDedupStore
from adcp.signing import CachingJwksResolver
from adcp.webhooks import LegacyHmacFallback, WebhookReceiver, WebhookReceiverConfig, WebhookVerifyOptions
from aiohttp import web

ACCOUNT = {"brand": {"domain": "acme.com"}, "operator": "acme.com"}

POLLED_AT = "3.2"
"""The SDK finds no schema for polling in its bundle of 3.1, and can do it at 3.2 only; agents speak both."""


class Clock:
    """The control API of the sandbox, which moves simulated time."""

    def __init__(self, control: str) -> None:
        self._control = control

    def now(self) -> datetime:
        """The simulated instant."""
        return datetime.fromisoformat(self._ask("clock")["now"])

    def advance(self, by: str) -> None:
        """Let time pass, such as ``2d``; everything due happens meanwhile."""
        self._ask("clock/advance", {"by": by})

    def _ask(self, path: str, body: dict[str, Any] | None = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self._control}/{path}", data, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)


class Inbox:
    """Takes webhooks: the SDK's receiver checks the signature and drops repetitions.

    Webhooks are signed with the agent's key (``keys`` is the address of the key set), and with ``secret`` by HMAC: how
    is agreed on where a webhook is registered, and one that is signed in the other way is refused.
    """

    def __init__(self, keys: str, agent: str, secret: str = "") -> None:
        self._receiver = WebhookReceiver(
            WebhookReceiverConfig(
                verify_options=WebhookVerifyOptions(jwks_resolver=CachingJwksResolver(keys, allow_private=True)),
                dedup=WebhookDedupStore(MemoryBackend()),
                receiver_scope="acme",
                publisher_scope_for=lambda _signer: agent,
                legacy_hmac=_by_secret(secret, agent) if secret else None,
            )
        )
        self._secret = secret
        self.taken: asyncio.Queue[Any] = asyncio.Queue()
        self.refused: list[str] = []
        self._url = ""

    def config(self, operation_id: str) -> dict[str, Any]:
        """The ``push_notification_config`` by which an agent is told to send its webhooks here."""
        config: dict[str, Any] = {"url": self._url, "operation_id": operation_id}
        if self._secret:
            config["authentication"] = {"schemes": ["HMAC-SHA256"], "credentials": self._secret}
        return config

    async def next(self) -> Any:
        """The next webhook that is genuine; waits some seconds for it."""
        return await asyncio.wait_for(self.taken.get(), 10)

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Inbox]:
        """Listen on a free port of this machine."""
        app = web.Application()
        app.router.add_post("/hooks", self._take)
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        self._url = f"http://127.0.0.1:{runner.addresses[0][1]}/hooks"
        try:
            yield self
        finally:
            await runner.cleanup()

    async def _take(self, request: web.Request) -> web.Response:
        if self._secret and "Signature" in request.headers:
            self.refused.append("webhook_mode_mismatch")
            return web.Response(status=401)
        outcome = await self._receiver.receive(
            method="POST", url=str(request.url), headers=dict(request.headers), body=await request.read()
        )
        if outcome.rejected:
            self.refused.append(str(outcome.rejection_reason))
        elif outcome.http_status is None:
            await self.taken.put(outcome.payload)
            await self._receiver.acknowledge(outcome)
        return web.Response(status=outcome.http_status or 200)


def _by_secret(secret: str, agent: str) -> LegacyHmacFallback:
    return LegacyHmacFallback.from_shared_secret(secret=secret.encode(), sender_identity=agent)


def done(result: Any) -> Any:
    """The data of a result, which must be a success."""
    assert result.success, result.error
    return result.data


def word(value: Any) -> str:
    """A word of the protocol; the SDK has some as members of an enumeration and others as text."""
    return str(getattr(value, "value", value))


async def task(client: adcp.ADCPClient, task_id: str) -> Any:
    """What has become of a task, with its result."""
    request = adcp.GetTaskStatusRequest(adcp_version=POLLED_AT, task_id=task_id, include_result=True, account=ACCOUNT)
    return done(await client.get_task_status(request))


async def media_buy(client: adcp.ADCPClient, media_buy_id: str) -> Any:
    """A media buy as agents tell it: the SDK's newer form has no place for formats that still lack a creative."""
    request = adcp.GetMediaBuysRequest(account=ACCOUNT, media_buy_ids=[media_buy_id])
    (buy,) = done(await client.get_media_buys_legacy(request)).media_buys
    return buy
