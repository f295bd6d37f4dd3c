"""What an agent has to sell, and an account to buy it with."""

from __future__ import annotations

from typing import Any

from sandbox.contract.check import Failed, Skipped
from sandbox.contract.sales_agent.agent import Agent
from sandbox.contract.sales_agent.tasks import finished

MOST_PAGES = 50

BRIEF = {"buying_mode": "brief", "brief": "Anything that a brand can advertise on"}
"""How an agent is asked that curates, and has no wholesale feed."""


async def account(agent: Agent) -> dict[str, Any]:
    """A reference to an account to buy with: one for tries if there are any. It is looked for once."""
    if agent.account is None:
        agent.account = await _account(agent)
    return agent.account


async def _account(agent: Agent) -> dict[str, Any]:
    block = agent.capabilities.get("account") or {}
    tries = bool(block.get("sandbox"))
    if "list_accounts" in agent.tools:
        rows = (await agent.ok("list_accounts", {"sandbox": True} if tries else {})).get("accounts") or []
        usable = [
            row
            for row in rows
            if row.get("status") == "active" and "account_id" in row and (not tries or row.get("sandbox"))
        ]
        if usable:
            return {"account_id": usable[0]["account_id"]}
    reference: dict[str, Any] = {"brand": {"domain": agent.brand}, "operator": agent.brand}
    if tries:
        reference["sandbox"] = True
    if "sync_accounts" in agent.tools and not block.get("require_operator_auth"):
        billing = (block.get("supported_billing") or ["operator"])[0]
        rows = (await agent.ok("sync_accounts", {"accounts": [{**reference, "billing": billing}]})).get(
            "accounts"
        ) or []
        if not rows or rows[0].get("status") != "active":
            raise Skipped(f"no account to buy with: sync_accounts gave {str(rows)[:200]}")
    elif "list_accounts" in agent.tools:
        raise Skipped(f"no account to buy with: list_accounts shows no active {'sandbox account' if tries else 'one'}")
    return reference


async def wholesale(agent: Agent) -> dict[str, Any]:
    """A request for everything on offer: the wholesale feed, or a brief where the agent has no such feed."""
    where = {"account": await account(agent)}
    if agent.curates is None:
        modes = (agent.capabilities.get("media_buy") or {}).get("buying_modes")
        feed = {"buying_mode": "wholesale", **where}
        agent.curates = "wholesale" not in modes if modes else not (await agent.call("get_products", feed)).ok
    return {**(BRIEF if agent.curates else {"buying_mode": "wholesale"}), **where}


async def products(agent: Agent) -> list[dict[str, Any]]:
    """Everything on offer for the account. Raises :class:`Skipped` if that is nothing."""
    agent.needs("get_products")
    rows = await every_row(agent, "get_products", "products", await wholesale(agent))
    if not rows:
        raise Skipped("the agent offers no products")
    return rows


async def formats(agent: Agent) -> list[dict[str, Any]]:
    """The formats that the agent describes itself."""
    agent.needs("list_creative_formats")
    return await every_row(agent, "list_creative_formats", "formats", {})


async def every_row(agent: Agent, tool: str, rows: str, payload: dict[str, Any]) -> list[dict[str, Any]]:
    """The rows of all pages, in pages as large as the agent likes."""
    found: list[dict[str, Any]] = []
    page: dict[str, Any] = {}
    for _ in range(MOST_PAGES):
        body = await agent.ok(tool, {**payload, **page})
        if body.get("status") in ("submitted", "working") and "task_id" in body:
            body = (await finished(agent, str(body["task_id"]))).get("result") or {}
        found += body.get(rows) or []
        told = body.get("pagination") or {}
        if not told.get("has_more"):
            return found
        if not told.get("cursor"):
            raise Failed(f"pagination.cursor of {tool}", "one, as has_more is true", told.get("cursor"))
        page = {"pagination": {"cursor": told["cursor"]}}
    return found


def price(product: dict[str, Any]) -> dict[str, Any] | None:
    """The price of a product that is easiest to order at: fixed and by impressions, else fixed, else by auction."""
    options = [option for option in product.get("pricing_options") or [] if option.get("pricing_option_id")]
    return min(options, key=_effort, default=None)


def _effort(option: dict[str, Any]) -> int:
    """How much there is to know before one can order at a price."""
    return 2 * ("fixed_price" not in option) + (option.get("pricing_model") != "cpm")


def choice(found: list[dict[str, Any]]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The product that is easiest to order, and its price. Raises :class:`Skipped` if none has a price."""
    priced = [(product, option) for product in found if (option := price(product)) is not None]
    if not priced:
        raise Skipped("no product has a price")
    return min(priced, key=lambda pair: 4 * bool(pair[0].get("catalog_types")) + _effort(pair[1]))


def bid(option: dict[str, Any]) -> dict[str, Any]:
    """What a package bids: nothing at a fixed price, else the floor, or the middle of what is paid."""
    if "fixed_price" in option:
        return {}
    guidance = option.get("price_guidance") or {}
    known = [guidance.get("p50"), option.get("floor_price")]
    return {"bid_price": max((float(value) for value in known if value), default=10.0)}
