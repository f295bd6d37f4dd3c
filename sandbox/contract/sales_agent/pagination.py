"""Lists in pages: every row once, cursors that are nobody else's business."""

from __future__ import annotations

from typing import Any

from sandbox.contract.check import Skipped, expect
from sandbox.contract.sales_agent.agent import Agent
from sandbox.contract.sales_agent.catalog import account, wholesale
from sandbox.contract.sales_agent.checks import CHECKS
from sandbox.contract.sales_agent.creatives import creatives_for
from sandbox.contract.sales_agent.lists import STATUSES, Name, all_buys, walk
from sandbox.contract.sales_agent.orders import place

_SPEC = "core/pagination-request.json; core/pagination-response.json"


async def _compare(agent: Agent, tool: str, rows: str, name: Name, payload: dict[str, Any]) -> None:
    whole = await walk(agent, tool, rows, name, 100, payload)
    if len(whole) < 2:
        raise Skipped(f"{tool} has {len(whole)} rows")
    size = max(1, len(whole) // 4)
    pages = await walk(agent, tool, rows, name, size, payload)
    expect(sorted(pages) == sorted(whole), f"rows of {tool} in pages of {size}", sorted(whole), sorted(pages))
    body = await agent.ok(tool, {**payload, "pagination": {"max_results": size}})
    total = (body.get("pagination") or {}).get("total_count")
    expect(total in (None, len(whole)), "pagination.total_count", len(whole), total)


def _product(row: dict[str, Any]) -> str:
    return str(row["product_id"])


def _format(row: dict[str, Any]) -> str:
    return f"{row['format_id']['agent_url']} {row['format_id']['id']}"


@CHECKS.add("pages.products", _SPEC)
async def products(agent: Agent) -> None:
    """Pages of products together have every product once."""
    agent.needs("get_products")
    payload = await wholesale(agent)
    if agent.curates:
        raise Skipped("the agent has no wholesale feed: what it curates need not be the same twice")
    await _compare(agent, "get_products", "products", _product, payload)


@CHECKS.add("pages.formats", _SPEC)
async def formats(agent: Agent) -> None:
    """Pages of formats together have every format once."""
    agent.needs("list_creative_formats")
    await _compare(agent, "list_creative_formats", "formats", _format, {})


@CHECKS.add("pages.media_buys", _SPEC)
async def media_buys(agent: Agent) -> None:
    """Pages of media buys together have every media buy once."""
    for _ in range(3 - min(3, len(await all_buys(agent)))):
        await place(agent)
    payload = agent.here({"status_filter": STATUSES})
    await _compare(agent, "get_media_buys", "media_buys", lambda row: str(row["media_buy_id"]), payload)


@CHECKS.add("pages.creatives", _SPEC)
async def creatives(agent: Agent) -> None:
    """Pages of creatives together have every creative once."""
    agent.needs("list_creatives")
    made = await place(agent)
    for _ in range(3):
        request = await creatives_for(agent, made)
        await agent.ok("sync_creatives", {name: request[name] for name in request if name != "assignments"})
    await _compare(agent, "list_creatives", "creatives", lambda row: str(row["creative_id"]), agent.here({}))


@CHECKS.add("pages.cursor", _SPEC, severity="should")
async def cursor(agent: Agent) -> None:
    """A cursor that the agent never gave is refused."""
    agent.needs("get_media_buys")
    await account(agent)
    if "pagination" not in await agent.ok("get_media_buys", agent.here({"pagination": {"max_results": 1}})):
        raise Skipped("get_media_buys is not paged: it has no pagination in its answer")
    await agent.refused("get_media_buys", agent.here({"pagination": {"max_results": 1, "cursor": "no-such-cursor"}}))


@CHECKS.add("pages.size", _SPEC)
async def size(agent: Agent) -> None:
    """A page of no rows, or of less, is refused."""
    agent.needs("get_media_buys")
    await account(agent)
    for wrong in (0, -3):
        asked = agent.here({"pagination": {"max_results": wrong}})
        await agent.refused("get_media_buys", asked, "INVALID_REQUEST", "VALIDATION_ERROR")
