"""Webhooks: news of a task comes, signed, once more when it was not taken, and always the same."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any
from urllib.parse import urlsplit

from sandbox.contract.check import Skipped, expect
from sandbox.contract.sales_agent.agent import Agent, Reply
from sandbox.contract.sales_agent.checks import CHECKS
from sandbox.contract.sales_agent.orders import bought, order, sells
from sandbox.contract.sales_agent.receiver import Receiver, receiving, unsigned
from sandbox.contract.talk import NoAnswer
from sandbox.protocol import schemas
from sandbox.protocol.idempotency import KEY

_SPEC = "docs/building/by-layer/L3/webhooks.mdx"
_SIGNING = "docs/building/by-layer/L1/security.mdx, Webhook callbacks"

FIRST_S = 20.0
"""How long a webhook is waited for once it is due."""

_A2A = {"jsonrpc", "kind", "task", "statusUpdate", "artifactUpdate"}
"""What one of these is in is a notification of A2A's own."""

RETRY_S = 25.0
"""How long a second attempt is waited for."""

OPERATION = "check-operation-7"


@asynccontextmanager
async def _ordered(agent: Agent, refusing: list[int] | None = None) -> AsyncIterator[tuple[Receiver, Reply]]:
    """An order whose news go to a receiver. Skipped where none is due: the order was done at once, and nothing came."""
    if urlsplit(agent.wire.endpoint).hostname not in ("127.0.0.1", "localhost", "::1"):
        raise Skipped("the agent is on another machine, from where the receiver of this one can't be reached")
    await sells(agent)
    async with receiving(agent.talk, refusing) as receiver:
        config = {"url": receiver.url, "operation_id": OPERATION}
        reply = await agent.call("create_media_buy", await order(agent, push_notification_config=config))
        if reply.error is not None:  # a seller has to refuse addresses of private networks and those without TLS
            raise Skipped(f"the agent takes no order with webhooks to {receiver.url}: {reply.why}")
        await bought(agent, reply)
        due = "media_buy_id" not in reply.body
        came = await receiver.wait(1, FIRST_S if due else 3)
        if not came and not due:
            raise Skipped("orders are done at once here: no webhook is due")
        if came and "task_type" not in receiver.hooks[0].body and _A2A & set(receiver.hooks[0].body):
            raise Skipped("webhooks come in the form of A2A, which is not checked")
        yield receiver, reply


@CHECKS.add("webhooks.told", _SPEC)
async def told(agent: Agent) -> None:
    """When a submitted order is decided a webhook says so, with the task and the caller's operation_id."""
    async with _ordered(agent) as (receiver, reply):
        expect(bool(receiver.hooks), f"webhooks within {FIRST_S:g} s of the decision", "one", "none")
        body = (await receiver.last(FIRST_S)).body
        expect(body.get("operation_id") == OPERATION, "operation_id", OPERATION, body.get("operation_id"))
        if "task_id" in reply.body:
            expect(body.get("task_id") == reply.body["task_id"], "task_id", reply.body["task_id"], body.get("task_id"))
        expect(body.get("status") == "completed", "status", "completed", body.get("status"))


@CHECKS.add("webhooks.schema", "core/mcp-webhook-payload.json")
async def schema(agent: Agent) -> None:
    """A webhook fits its schema, and brings a key of its own."""
    async with _ordered(agent) as (receiver, _):
        expect(bool(receiver.hooks), "webhooks", "one", "none")
        body = receiver.hooks[-1].body
        issues = schemas.store().check_document(schemas.WEBHOOK, body, max("3.1", agent.version))
        expect(not issues, "the webhook", "what core/mcp-webhook-payload.json says", str(issues[0]) if issues else None)
        key = str(body.get("idempotency_key"))
        expect(bool(KEY.fullmatch(key)), "idempotency_key", KEY.pattern, key)


@CHECKS.add("webhooks.signed", _SIGNING)
async def signed(agent: Agent) -> None:
    """A webhook is signed by a key that the agent publishes (RFC 9421)."""
    if not (agent.capabilities.get("webhook_signing") or {}).get("supported"):
        raise Skipped("the agent does not say that it signs webhooks (webhook_signing)")
    async with _ordered(agent) as (receiver, _):
        expect(bool(receiver.hooks), "webhooks", "one", "none")
        why = unsigned(receiver.hooks[-1], await _keys(agent), time.time())
        expect(not why, "the signature", "one by a published key", why)


@CHECKS.add("webhooks.retried", _SPEC, severity="should")
async def retried(agent: Agent) -> None:
    """A webhook that was answered with 500 comes again (soon: no schedule is laid down)."""
    async with _ordered(agent, [500]) as (receiver, _):
        came = await receiver.wait(2, RETRY_S)
        expect(came, f"attempts in {RETRY_S:g} s", "two", len(receiver.hooks))


@CHECKS.add("webhooks.same_again", _SPEC)
async def same_again(agent: Agent) -> None:
    """The second attempt has the same key and the same body as the first."""
    async with _ordered(agent, [503]) as (receiver, _):
        if not await receiver.wait(2, RETRY_S):
            raise Skipped("there was no second attempt")
        first, second = receiver.hooks[:2]
        keys = [hook.body.get("idempotency_key") for hook in (first, second)]
        expect(keys[0] == keys[1], "idempotency_key of the second attempt", keys[0], keys[1])
        expect(first.raw == second.raw, "body of the second attempt", first.raw.decode(), second.raw.decode())


@CHECKS.add("webhooks.not_again", _SPEC, severity="should")
async def not_again(agent: Agent) -> None:
    """A webhook that was taken does not come again."""
    async with _ordered(agent) as (receiver, _):
        await receiver.wait(2, 3)
        keys = [hook.body.get("idempotency_key") for hook in receiver.hooks]
        expect(len(set(keys)) == len(keys), "keys of the webhooks", "each once", keys)


async def _keys(agent: Agent) -> list[dict[str, Any]]:
    """The keys that the agent publishes: those of its key set, and of those that its brand.json names."""
    parts = urlsplit(agent.wire.endpoint)
    base = f"{parts.scheme}://{parts.netloc}/.well-known"
    named = (agent.capabilities.get("identity") or {}).get("brand_json_url")
    addresses = [f"{base}/jwks.json"]
    for address in filter(None, (named, f"{base}/brand.json")):
        rows = (await _read(agent, str(address))).get("agents") or []
        addresses += [str(row["jwks_uri"]) for row in rows if isinstance(row, dict) and row.get("jwks_uri")]
    return [key for address in dict.fromkeys(addresses) for key in (await _read(agent, address)).get("keys") or []]


async def _read(agent: Agent, address: str) -> dict[str, Any]:
    """A document of JSON; empty if there is none."""
    with suppress(NoAnswer):
        found = (await agent.talk.send("GET", address)).body
        return found if isinstance(found, dict) else {}
    return {}
