"""Retries are harmless."""

from __future__ import annotations

import asyncio
from typing import Any

from sandbox.contract.check import Skipped, expect
from sandbox.contract.sales_agent.agent import Agent, Reply, new_key
from sandbox.contract.sales_agent.checks import CHECKS
from sandbox.contract.sales_agent.lists import all_buys
from sandbox.contract.sales_agent.orders import bought, order, sells
from sandbox.protocol.versions import envelope, to_wire


def _remembers(agent: Agent) -> None:
    """Skip where the agent says that it remembers no replays."""
    said = (agent.capabilities.get("adcp") or {}).get("idempotency") or {}
    if said.get("supported") is False:
        raise Skipped("the agent says that it remembers no replays (adcp.idempotency.supported)")


_SPEC = "docs/building/by-layer/L1/security.mdx, Idempotency"


@CHECKS.add("idempotency.replay", _SPEC)
async def replay(agent: Agent) -> None:
    """The same order with the same key gives the same answer."""
    first, again = await _twice(agent)
    expect(again.ok, "the order, sent again", "taken", again.why)
    expect(_named(first) == _named(again), "media_buy_id or task_id", _named(first), _named(again))
    expect(not first.body.get("replayed"), "replayed of the first answer", "false or none", first.body.get("replayed"))


@CHECKS.add("idempotency.marked", _SPEC, severity="should")
async def marked(agent: Agent) -> None:
    """An answer that is given again says so: replayed is true."""
    _, again = await _twice(agent)
    expect(again.body.get("replayed") is True, "replayed", True, again.body.get("replayed"))


async def _twice(agent: Agent) -> tuple[Reply, Reply]:
    """The answers to an order that is sent twice with one key."""
    _remembers(agent)
    request, key = await order(agent), new_key()
    first = await agent.call("create_media_buy", request, key=key)
    await bought(agent, first)
    return first, await agent.call("create_media_buy", request, key=key)


@CHECKS.add("idempotency.once", _SPEC)
async def once(agent: Agent) -> None:
    """An order that is sent three times with one key makes one media buy."""
    _remembers(agent)
    await sells(agent)
    before, request, key = set(await all_buys(agent)), await order(agent), new_key()
    for _ in range(2):
        await agent.call("create_media_buy", request, key=key)
    made = await bought(agent, await agent.call("create_media_buy", request, key=key))
    new = sorted(set(await all_buys(agent)) - before)
    expect(new == [made], "media buys that are new", [made], new)


@CHECKS.add("idempotency.conflict", _SPEC)
async def conflict(agent: Agent) -> None:
    """Another order under a used key is IDEMPOTENCY_CONFLICT, which tells nothing of the first."""
    _remembers(agent)
    request, key = await order(agent), new_key()
    first = await agent.call("create_media_buy", request, key=key)
    await bought(agent, first)
    other = {**request, "packages": [{**request["packages"][0], "budget": request["packages"][0]["budget"] + 1}]}
    error = await agent.refused("create_media_buy", other, "IDEMPOTENCY_CONFLICT", key=key)
    told = f"{error.message} {error.details or ''}"
    expect(_named(first) not in told, "the refusal", "no id of the first order", told)


@CHECKS.add("idempotency.key_pattern", _SPEC)
async def key_pattern(agent: Agent) -> None:
    """A key that is too short or has other characters is refused."""
    await sells(agent)
    request = await order(agent)
    for key in ("short", "with blanks and / signs", "x" * 256):
        await agent.refused("create_media_buy", request, "INVALID_REQUEST", "VALIDATION_ERROR", key=key)


@CHECKS.add("idempotency.key_missing", _SPEC)
async def key_missing(agent: Agent) -> None:
    """A request that changes something is refused without a key."""
    await sells(agent)
    request = _wire_form(agent, await order(agent))
    told = await agent.send("create_media_buy", request, agent.auth)
    error = agent.read("create_media_buy", told, agent.version).error
    code = error.code if error is not None else "it was taken"
    expect(code in ("INVALID_REQUEST", "VALIDATION_ERROR"), "code", "INVALID_REQUEST", code)


@CHECKS.add("idempotency.refusals", _SPEC)
async def refusals(agent: Agent) -> None:
    """A key whose request was refused may be used again: a refusal is not remembered."""
    await sells(agent)
    request, key = await order(agent), new_key()
    wrong = {**request, "packages": [{**request["packages"][0], "product_id": "no-such-product"}]}
    await agent.refused("create_media_buy", wrong, key=key)
    reply = await agent.call("create_media_buy", request, key=key)
    expect(reply.ok, "the right order under the same key", "taken", reply.why)


@CHECKS.add("idempotency.parallel", _SPEC)
async def parallel(agent: Agent) -> None:
    """An order that arrives five times at once makes one media buy."""
    _remembers(agent)
    request, key = await order(agent), new_key()
    replies = await asyncio.gather(*(agent.call("create_media_buy", request, key=key) for _ in range(5)))
    if not any(reply.ok for reply in replies):
        await bought(agent, replies[0])
    taken = {_named(reply) for reply in replies if reply.ok}
    codes = {reply.error.code for reply in replies if reply.error is not None}
    expect(codes <= {"IDEMPOTENCY_IN_FLIGHT"}, "refusals", "IDEMPOTENCY_IN_FLIGHT at most", sorted(codes))
    expect(len(taken) == 1, "media buys or tasks", "one", sorted(taken))


def _named(reply: Reply) -> str:
    return str(reply.body.get("media_buy_id") or reply.body.get("task_id"))


def _wire_form(agent: Agent, request: dict[str, Any]) -> dict[str, Any]:
    return {**envelope(agent.version), **to_wire("create_media_buy", "request", request, agent.version)}
