"""Lists as a whole, however many pages they have."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sandbox.contract.auth import Auth
from sandbox.contract.check import Skipped, expect
from sandbox.contract.sales_agent.agent import Agent
from sandbox.contract.sales_agent.catalog import account, every_row

MOST_PAGES = 300

STATUSES = ["pending_creatives", "pending_start", "active", "paused", "completed", "rejected", "canceled"]

Name = Callable[[dict[str, Any]], str]


async def walk(
    agent: Agent, tool: str, rows: str, name: Name, size: int, payload: dict[str, Any], auth: Auth | None = None
) -> list[str]:
    """The names of all rows, page by page, as oneself or as ``auth``.

    Raises :class:`Skipped` for a list that the agent does not page.
    """
    found: list[str] = []
    page: dict[str, Any] = {"max_results": size}
    for _ in range(MOST_PAGES):
        body = await agent.ok(tool, {**payload, "pagination": page}, auth=auth)
        listed, told = body.get(rows) or [], body.get("pagination") or {}
        if "pagination" not in body and len(listed) > size:
            raise Skipped(f"{tool} is not paged: it has no pagination in its answer")
        expect(len(listed) <= size, f"rows of a page of {tool}", f"at most {size}", len(listed))
        for row in listed:
            expect(name(row) not in found, f"rows of {tool} in pages of {size}", "each once", f"{name(row)} twice")
            found.append(name(row))
        if not told.get("has_more"):
            return found
        expect(bool(told.get("cursor")), "pagination.cursor", "one, as has_more is true", told.get("cursor"))
        page = {"max_results": size, "cursor": told["cursor"]}
    raise Skipped(f"{tool} has more than {MOST_PAGES} pages")


async def all_buys(agent: Agent) -> list[str]:
    """The ids of all media buys of the account."""
    agent.needs("get_media_buys")
    await account(agent)
    rows = await every_row(agent, "get_media_buys", "media_buys", agent.here({"status_filter": STATUSES}))
    return [str(row["media_buy_id"]) for row in rows]
