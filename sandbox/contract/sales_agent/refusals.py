"""What can't be done is refused with the right code, says how to recover, and leaves nothing behind."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sandbox.contract.check import Skipped, expect
from sandbox.contract.sales_agent.agent import Agent
from sandbox.contract.sales_agent.checks import CHECKS
from sandbox.contract.sales_agent.lists import all_buys
from sandbox.contract.sales_agent.orders import cancel, creatives_for, order, place
from sandbox.protocol.error_codes import RECOVERY

_SPEC = "enums/error-code.json; docs/building/by-layer/L3/error-handling.mdx"


async def _order(agent: Agent, **package: Any) -> dict[str, Any]:
    request = await order(agent)
    return {**request, "packages": [{**request["packages"][0], **package}]}


@CHECKS.add("refusals.product", _SPEC)
async def product(agent: Agent) -> None:
    """An order of a product that is not there is PRODUCT_NOT_FOUND, and names the field."""
    error = await agent.refused(
        "create_media_buy", await _order(agent, product_id="no-such-product"), "PRODUCT_NOT_FOUND"
    )
    expect("product_id" in (error.field or ""), "field", "packages[0].product_id", error.field)


@CHECKS.add("refusals.price", _SPEC)
async def price(agent: Agent) -> None:
    """An order at a price that the product has not is refused."""
    codes = (
        "INVALID_PRICING_OPTION",
        "INVALID_REQUEST",
        "VALIDATION_ERROR",
        "REFERENCE_NOT_FOUND",
        "PRODUCT_UNAVAILABLE",
    )
    await agent.refused("create_media_buy", await _order(agent, pricing_option_id="no-such-price"), *codes)


@CHECKS.add("refusals.budget", _SPEC)
async def budget(agent: Agent) -> None:
    """A budget below zero is refused."""
    codes = ("INVALID_REQUEST", "VALIDATION_ERROR", "BUDGET_TOO_LOW")
    await agent.refused("create_media_buy", await _order(agent, budget=-5), *codes)


@CHECKS.add("refusals.dates", _SPEC)
async def dates(agent: Agent) -> None:
    """An order that ends before it begins is refused."""
    request = await order(agent, start=await agent.now() + timedelta(days=5))
    request["end_time"] = (await agent.now() + timedelta(days=2)).isoformat()
    await agent.refused("create_media_buy", request, "INVALID_REQUEST", "VALIDATION_ERROR")


@CHECKS.add("refusals.no_packages", _SPEC)
async def no_packages(agent: Agent) -> None:
    """An order of nothing is refused."""
    request = {**await order(agent), "packages": []}
    await agent.refused("create_media_buy", request, "INVALID_REQUEST", "VALIDATION_ERROR")


@CHECKS.add("refusals.account", _SPEC)
async def account(agent: Agent) -> None:
    """An order for an account that is not there is ACCOUNT_NOT_FOUND."""
    request = {**await order(agent), "account": {"account_id": "no-such-account"}}
    await agent.refused("create_media_buy", request, "ACCOUNT_NOT_FOUND")


@CHECKS.add("refusals.media_buy", _SPEC)
async def media_buy(agent: Agent) -> None:
    """A change of a media buy that is not there is MEDIA_BUY_NOT_FOUND."""
    asked = agent.here({"media_buy_id": "no-such-media-buy", "paused": True})
    await agent.refused("update_media_buy", asked, "MEDIA_BUY_NOT_FOUND")


@CHECKS.add("refusals.package", _SPEC)
async def package(agent: Agent) -> None:
    """A change of a package that is not there is PACKAGE_NOT_FOUND."""
    made = await place(agent)
    rows = [{"package_id": "no-such-package", "budget": 2000}]
    reply = await agent.call("update_media_buy", agent.here({"media_buy_id": made["media_buy_id"], "packages": rows}))
    await cancel(agent, made["media_buy_id"])
    code = reply.error.code if reply.error is not None else "it was taken"
    expect(code == "PACKAGE_NOT_FOUND", "code", "PACKAGE_NOT_FOUND", code)


@CHECKS.add("refusals.creative", "docs/creative/task-reference/sync_creatives.mdx")
async def creative(agent: Agent) -> None:
    """A creative in a format that is not there is refused, or a row that failed and says why."""
    made = await place(agent)
    request = await creatives_for(agent, made)
    row = request["creatives"][0]
    row["format_id"] = {**row["format_id"], "id": "no_such_format"}
    del request["assignments"]
    reply = await agent.call("sync_creatives", request)
    await cancel(agent, made["media_buy_id"])
    rows = reply.body.get("creatives") or [] if reply.ok else []
    failed = bool(rows) and rows[0].get("action") == "failed" and bool(rows[0].get("errors"))
    expect(not reply.ok or failed, "the creative", "a refusal, or action failed with errors", rows)


@CHECKS.add("refusals.task", _SPEC)
async def task(agent: Agent) -> None:
    """A task that is not there is refused."""
    if "get_task_status" not in agent.tools or agent.version == "3.0":
        raise Skipped("there is no get_task_status")
    error = await agent.refused("get_task_status", agent.here({"task_id": "no-such-task"}))
    expect(error.code in RECOVERY, "code", "one of enums/error-code.json", error.code)


@CHECKS.add("refusals.tool", _SPEC)
async def tool(agent: Agent) -> None:
    """A tool that is not there is refused in a way that a client can read."""
    told = await agent.wire.call("no_such_tool", {}, agent.auth)
    expect(told.failed and told.http.status < 500, "no_such_tool", "a refusal below HTTP 500", told.http.status)
    message = told.http.body if isinstance(told.http.body, dict) else told.body
    expect(isinstance(message, dict), "the answer", "JSON", told.http.text[:200])


@CHECKS.add("refusals.recovery", _SPEC)
async def recovery(agent: Agent) -> None:
    """Every refusal says how to recover, as the registry of codes has it."""
    asked = [
        ("create_media_buy", await _order(agent, product_id="no-such-product")),
        ("create_media_buy", {**await order(agent), "account": {"account_id": "no-such-account"}}),
        ("update_media_buy", agent.here({"media_buy_id": "no-such-media-buy", "paused": True})),
        ("get_products", {"buying_mode": "no such mode"}),
    ]
    for name, payload in asked:
        error = ((await agent.call(name, payload)).told.body or {}).get("adcp_error") or {}
        wanted = RECOVERY.get(str(error.get("code")))
        expect(wanted is not None, f"code of the refusal of {name}", "one of enums/error-code.json", error.get("code"))
        expect(error.get("recovery") == wanted, f"recovery of {error['code']}", wanted, error.get("recovery"))


@CHECKS.add("refusals.layers", "docs/building/by-layer/L3/error-handling.mdx, the two layers")
async def layers(agent: Agent) -> None:
    """adcp_error and errors[] of a refusal say the same code."""
    asked = agent.here({"media_buy_id": "no-such-media-buy", "paused": True})
    body = (await agent.call("update_media_buy", asked)).told.body or {}
    first = (body.get("errors") or [{}])[0].get("code")
    outer = (body.get("adcp_error") or {}).get("code")
    expect(outer is not None and first == outer, "errors[0].code", outer or "that of adcp_error", first)


@CHECKS.add("refusals.nothing_done", _SPEC)
async def nothing_done(agent: Agent) -> None:
    """An order of which one package is wrong makes no media buy."""
    before = set(await all_buys(agent))
    request = await order(agent)
    request["packages"] = [request["packages"][0], {**request["packages"][0], "product_id": "no-such-product"}]
    await agent.refused("create_media_buy", request)
    new = sorted(set(await all_buys(agent)) - before)
    expect(not new, "media buys that are new", "none", new)
