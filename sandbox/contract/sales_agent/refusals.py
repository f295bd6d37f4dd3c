"""What can't be done is refused, says how to recover, and leaves nothing behind.

Codes are an open list, so that a seller's own are right too; the specific ones of the registry are asked for by one
check that is a *should*.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sandbox.contract.check import Skipped, expect
from sandbox.contract.sales_agent.agent import Agent, Reply
from sandbox.contract.sales_agent.catalog import account as usable_account
from sandbox.contract.sales_agent.checks import CHECKS
from sandbox.contract.sales_agent.creatives import creatives_for
from sandbox.contract.sales_agent.lists import all_buys
from sandbox.contract.sales_agent.orders import order, place, sells, unknown_buy
from sandbox.core.errors import AdcpError
from sandbox.protocol.error_codes import RECOVERY

_SPEC = "docs/building/by-layer/L3/error-handling.mdx"
_CODES = "enums/error-code.json; docs/building/by-layer/L3/error-handling.mdx"

INVALID = ("INVALID_REQUEST", "VALIDATION_ERROR")


async def _order(agent: Agent, **package: Any) -> dict[str, Any]:
    """An order of which something about the package is wrong, and nothing else."""
    await sells(agent)
    request = await order(agent)
    return {**request, "packages": [{**request["packages"][0], **package}]}


async def _foreign_account(agent: Agent) -> dict[str, Any]:
    await sells(agent)
    return {**await order(agent), "account": {"account_id": "no-such-account"}}


async def _wrong_package(agent: Agent) -> dict[str, Any]:
    """A change of a package that a media buy has not."""
    made = await place(agent)
    agent.needs("update_media_buy")
    rows = [{"package_id": "no-such-package", "budget": 2000}]
    return agent.here({"media_buy_id": made["media_buy_id"], "packages": rows})


async def _for_good(agent: Agent, tool: str, payload: dict[str, Any], *codes: str) -> AdcpError:
    """The refusal of what is wrong however often it is tried; a code that says "later" would have it tried forever."""
    error = await agent.refused(tool, payload, *codes)
    expect(bool(error.code), f"code of the refusal of {tool}", "one", error.message)
    lasting = error.recovery != "transient"
    expect(lasting, f"recovery of the refusal with {error.code}", "correctable or terminal", error.recovery)
    return error


@CHECKS.add("refusals.product", _SPEC)
async def product(agent: Agent) -> None:
    """An order of a product that is not there is refused."""
    await _for_good(agent, "create_media_buy", await _order(agent, product_id="no-such-product"))


@CHECKS.add("refusals.price", _SPEC)
async def price(agent: Agent) -> None:
    """An order at a price that the product has not is refused."""
    await _for_good(agent, "create_media_buy", await _order(agent, pricing_option_id="no-such-price"))


@CHECKS.add("refusals.budget", "media-buy/package-request.json")
async def budget(agent: Agent) -> None:
    """A budget below zero is refused."""
    await _for_good(agent, "create_media_buy", await _order(agent, budget=-5), *INVALID, "BUDGET_TOO_LOW")


@CHECKS.add("refusals.dates", _SPEC)
async def dates(agent: Agent) -> None:
    """An order that ends before it begins is refused."""
    await sells(agent)
    request = await order(agent, start=await agent.now() + timedelta(days=5))
    request["end_time"] = (await agent.now() + timedelta(days=2)).isoformat()
    await _for_good(agent, "create_media_buy", request)


@CHECKS.add("refusals.no_packages", "media-buy/create-media-buy-request.json")
async def no_packages(agent: Agent) -> None:
    """An order of nothing is refused."""
    await sells(agent)
    await _for_good(agent, "create_media_buy", {**await order(agent), "packages": []}, *INVALID)


@CHECKS.add("refusals.account", _SPEC)
async def account(agent: Agent) -> None:
    """An order for an account that is not there is refused."""
    await _for_good(agent, "create_media_buy", await _foreign_account(agent))


@CHECKS.add("refusals.media_buy", _SPEC)
async def media_buy(agent: Agent) -> None:
    """A change of a media buy that is not there is refused."""
    await _for_good(agent, "update_media_buy", await unknown_buy(agent))


@CHECKS.add("refusals.package", _SPEC)
async def package(agent: Agent) -> None:
    """A change of a package that is not there is refused."""
    await _for_good(agent, "update_media_buy", await _wrong_package(agent))


@CHECKS.add("refusals.specific", f"{_CODES}, Not-found precedence", severity="should")
async def specific(agent: Agent) -> None:
    """What is not there is told by the code for its kind: PRODUCT_NOT_FOUND, ACCOUNT_NOT_FOUND and the like."""
    error = await agent.refused("create_media_buy", await _order(agent, product_id="no-such-product"))
    expect(error.code == "PRODUCT_NOT_FOUND", "code for an unknown product", "PRODUCT_NOT_FOUND", error.code)
    expect("product_id" in (error.field or ""), "field", "packages[0].product_id", error.field)
    await agent.refused("create_media_buy", await _foreign_account(agent), "ACCOUNT_NOT_FOUND")
    await agent.refused("update_media_buy", await unknown_buy(agent), "MEDIA_BUY_NOT_FOUND")
    await agent.refused("update_media_buy", await _wrong_package(agent), "PACKAGE_NOT_FOUND")


@CHECKS.add("refusals.creative", "docs/creative/task-reference/sync_creatives.mdx")
async def creative(agent: Agent) -> None:
    """A creative in a format that is not there is refused, or a row that failed and says why."""
    request = await creatives_for(agent, await place(agent))
    row = request["creatives"][0]
    row["format_id"] = {**row["format_id"], "id": "no_such_format"}
    del request["assignments"]
    reply = await agent.call("sync_creatives", request)
    if reply.ok and reply.body.get("status") in ("submitted", "working") and not reply.body.get("creatives"):
        raise Skipped("creatives are taken in by a task here")
    rows = reply.body.get("creatives") or [] if reply.ok else []
    failed = bool(rows) and rows[0].get("action") == "failed" and bool(rows[0].get("errors"))
    expect(not reply.ok or failed, "the creative", "a refusal, or action failed with errors", rows)


@CHECKS.add("refusals.task", _SPEC)
async def task(agent: Agent) -> None:
    """A task that is not there is refused, or said to be unknown."""
    if "get_task_status" not in agent.tools or agent.version == "3.0":
        raise Skipped("there is no get_task_status")
    await usable_account(agent)
    reply = await agent.call("get_task_status", agent.here({"task_id": "no-such-task"}))
    status = reply.body.get("status")
    expect(not reply.ok or status == "unknown", "status of the task", "a refusal, or unknown", status)


@CHECKS.add("refusals.tool", _SPEC)
async def tool(agent: Agent) -> None:
    """A tool that is not there is refused in a way that a client can read."""
    told = await agent.wire.call("no_such_tool", {}, agent.auth)
    expect(told.failed and told.http.status < 500, "no_such_tool", "a refusal below HTTP 500", told.http.status)
    expect(told.message is not None, "the answer", "a message of JSON-RPC", told.http.text[:200])


@CHECKS.add("refusals.recovery", _CODES)
async def recovery(agent: Agent) -> None:
    """Every refusal says how to recover; for a code of the registry, as that has it."""
    if agent.version == "3.0":
        raise Skipped("recovery is optional in 3.0")
    asked = [
        ("create_media_buy", await _order(agent, product_id="no-such-product")),
        ("create_media_buy", await _foreign_account(agent)),
        ("get_products", {"buying_mode": "no such mode"}),
    ]
    if "update_media_buy" in agent.tools:
        asked.append(("update_media_buy", await unknown_buy(agent)))
    replies = [(name, await agent.call(name, payload)) for name, payload in asked]
    refused = [(name, reply) for name, reply in replies if not reply.ok]
    if not refused:
        raise Skipped("nothing was refused")
    for name, reply in refused:
        error = _outer(reply) or _inner(reply)
        code, found = str(error.get("code")), error.get("recovery")
        known = [RECOVERY[code]] if code in RECOVERY else ["correctable", "terminal", "transient"]
        expect(found in known, f"recovery of the refusal of {name} with {code}", " or ".join(known), found or "none")


@CHECKS.add("refusals.layers", f"{_SPEC}, the two layers", severity="should")
async def layers(agent: Agent) -> None:
    """A refusal is told in both layers, adcp_error and errors[], with the same code."""
    reply = await agent.call("update_media_buy", await unknown_buy(agent))
    inner, outer = _inner(reply).get("code"), _outer(reply).get("code")
    expect(outer is not None and inner == outer, "errors[0].code", outer or "that of adcp_error", inner)


def _outer(reply: Reply) -> dict[str, Any]:
    found = (reply.told.body or {}).get("adcp_error")
    return found if isinstance(found, dict) else {}


def _inner(reply: Reply) -> dict[str, Any]:
    rows = (reply.told.body or {}).get("errors")
    return rows[0] if isinstance(rows, list) and rows and isinstance(rows[0], dict) else {}


@CHECKS.add("refusals.nothing_done", "docs/media-buy/specification.mdx, each request is one atomic mutation")
async def nothing_done(agent: Agent) -> None:
    """An order of which one package is wrong makes no media buy."""
    await sells(agent)
    before = set(await all_buys(agent))
    request = await order(agent)
    request["packages"] = [request["packages"][0], {**request["packages"][0], "product_id": "no-such-product"}]
    await agent.refused("create_media_buy", request)
    new = sorted(set(await all_buys(agent)) - before)
    expect(not new, "media buys that are new", "none", new)
