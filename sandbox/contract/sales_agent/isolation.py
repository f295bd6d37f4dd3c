"""Callers are kept apart: what is another's answers like what never was."""

from __future__ import annotations

from typing import Any

from sandbox.contract.auth import Auth
from sandbox.contract.check import Skipped, expect
from sandbox.contract.sales_agent.agent import Agent, Reply
from sandbox.contract.sales_agent.checks import CHECKS
from sandbox.contract.sales_agent.lists import STATUSES, all_buys, walk
from sandbox.contract.sales_agent.orders import place

_SPEC = "docs/building/by-layer/L1/security.mdx, absent and foreign ids"

ABSENT = "mb_0000000000"


def _stranger(agent: Agent) -> Auth:
    if agent.other is None:
        raise Skipped("no credentials of another customer were given (--other-auth)")
    return agent.other


def _id(row: dict[str, Any]) -> str:
    return str(row["media_buy_id"])


def _shape(reply: Reply, media_buy_id: str) -> Any:
    """What a refusal says, without the id that was asked for and without what is a transport's own."""
    body = reply.told.body or {}
    told = {name: body.get(name) for name in ("errors", "adcp_error", "status", "media_buys")}
    return str(told).replace(media_buy_id, "ID")


@CHECKS.add("isolation.read", _SPEC)
async def read(agent: Agent) -> None:
    """Another customer's media buy is read like one that is not there."""
    stranger, made = _stranger(agent), await place(agent)
    await _compare(agent, stranger, "get_media_buys", made["media_buy_id"], "media_buy_ids", {})


@CHECKS.add("isolation.change", _SPEC)
async def change(agent: Agent) -> None:
    """Another customer's media buy can't be changed, and is refused like one that is not there."""
    agent.needs("update_media_buy")
    stranger, made = _stranger(agent), await place(agent)
    await _compare(agent, stranger, "update_media_buy", made["media_buy_id"], "media_buy_id", {"paused": True})


async def _compare(
    agent: Agent, stranger: Auth, tool: str, media_buy_id: str, field: str, fields: dict[str, Any]
) -> None:
    for where in (agent.here({}), {}):  # an account that is not the stranger's may hide everything else
        shapes = []
        for named in (media_buy_id, ABSENT):
            asked = {field: [named] if field.endswith("s") else named, **fields}
            reply = await agent.call(tool, {**where, **asked}, auth=stranger)
            shapes.append(_shape(reply, named))
        expect(shapes[0] == shapes[1], f"{tool} of a foreign media buy", shapes[1], shapes[0])


@CHECKS.add("isolation.list", _SPEC)
async def listed(agent: Agent) -> None:
    """Another customer's list of media buys does not have ours."""
    stranger, made = _stranger(agent), await place(agent)
    if made["media_buy_id"] not in await all_buys(agent):
        raise Skipped("our own list does not have the media buy either")
    page = {"status_filter": STATUSES, "pagination": {"max_results": 100}}
    reply = await agent.call("get_media_buys", page, auth=stranger)
    if reply.error is not None:
        raise Skipped(f"the other customer gets no list without an account: {reply.error.code}")
    payload = {"status_filter": STATUSES}
    found = await walk(agent, "get_media_buys", "media_buys", _id, 100, payload, stranger)
    expect(made["media_buy_id"] not in found, "media buys of the other customer", "not ours", found)
