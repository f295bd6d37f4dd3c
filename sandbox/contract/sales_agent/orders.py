"""Ordering: an account, a product with a fixed price, a media buy, creatives that its formats want, days that pass."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sandbox.contract.check import Failed, Skipped, expect
from sandbox.contract.sales_agent.agent import Agent, Reply, new_key

BRAND = "acmeoutdoor.example"
"""Who advertises: a name under a domain that is reserved for tests."""

BUDGET = 1000

APPROVAL_HOURS = 96.0
"""How long people may take to approve."""

SETTLED = ("pending_creatives", "pending_start", "active")


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
        usable = [row for row in rows if row.get("status") == "active" and "account_id" in row]
        if usable:
            return {"account_id": usable[0]["account_id"]}
    reference: dict[str, Any] = {"brand": {"domain": BRAND}, "operator": BRAND}
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
        raise Skipped("no account to buy with: list_accounts shows no active one")
    return reference


async def products(agent: Agent) -> list[dict[str, Any]]:
    """Everything on offer for the account."""
    asked = {"buying_mode": "wholesale", "account": await account(agent)}
    found = (await agent.ok("get_products", asked)).get("products") or []
    if not found:
        raise Skipped("the agent offers no products")
    rows: list[dict[str, Any]] = found
    return rows


def price(product: dict[str, Any]) -> dict[str, Any] | None:
    """A fixed price of a product, by impressions if there is one."""
    fixed = [option for option in product.get("pricing_options") or [] if "fixed_price" in option]
    return next((option for option in fixed if option.get("pricing_model") == "cpm"), fixed[0] if fixed else None)


async def order(agent: Agent, days: int = 14, start: datetime | None = None, **more: Any) -> dict[str, Any]:
    """A request for a media buy of one product for a number of days, from now unless ``start`` says otherwise."""
    agent.needs("create_media_buy", "get_products")
    where = await account(agent)
    found = [(product, option) for product in await products(agent) if (option := price(product)) is not None]
    if not found:
        raise Skipped("no product has a fixed price")
    product, option = found[0]
    least = float(option.get("min_spend_per_package") or 0)
    begins = start or await agent.now()
    package = {
        "product_id": product["product_id"],
        "pricing_option_id": option["pricing_option_id"],
        "budget": max(BUDGET, least),
    }
    return {
        "account": where,
        "brand": {"domain": BRAND},
        "start_time": "asap" if start is None else begins.isoformat(),
        "end_time": (begins + timedelta(days=days)).isoformat(),
        "packages": [package],
        **more,
    }


async def place(agent: Agent, request: dict[str, Any] | None = None, key: str | None = None) -> dict[str, Any]:
    """Order, and wait until the order is a media buy; gives the media buy as get_media_buys tells it."""
    reply = await agent.call("create_media_buy", request or await order(agent), key=key)
    if reply.error is not None:
        raise Failed("create_media_buy", "a media buy", f"{reply.error.code} {reply.error.message}")
    return await buy(agent, await bought(agent, reply))


async def bought(agent: Agent, reply: Reply) -> str:
    """The id of the media buy that comes of an order. It is canceled when all checks are done at the latest."""
    made = str(reply.body["media_buy_id"]) if "media_buy_id" in reply.body else await _decided(agent, reply)
    if made not in agent.made:
        agent.made.append(made)
    return made


async def _decided(agent: Agent, reply: Reply) -> str:
    expect(reply.body.get("status") == "submitted", "status", "submitted, or a media_buy_id", reply.body.get("status"))
    task = str(reply.body.get("task_id"))
    done = await finished(agent, task)
    expect(done.get("status") == "completed", f"task {task}", "completed", done.get("status"))
    return str((done.get("result") or {})["media_buy_id"])


async def finished(agent: Agent, task_id: str) -> dict[str, Any]:
    """A task when it is over."""
    if "get_task_status" not in agent.tools:
        raise Skipped("an order is a task here, and there is no get_task_status")
    version = agent.version if agent.version != "3.0" else None

    async def over() -> dict[str, Any] | None:
        asked = agent.here({"task_id": task_id, "include_result": True})
        task = await agent.ok("get_task_status", asked, version=version)
        return task if task.get("status") in ("completed", "failed", "rejected", "canceled") else None

    task: dict[str, Any] = await agent.until(over, APPROVAL_HOURS)
    return task


async def buy(agent: Agent, media_buy_id: str) -> dict[str, Any]:
    """A media buy as get_media_buys tells it."""
    agent.needs("get_media_buys")
    found = await agent.ok("get_media_buys", agent.here({"media_buy_ids": [media_buy_id]}))
    rows = found.get("media_buys") or []
    expect(len(rows) == 1, f"media buys with the id {media_buy_id}", 1, len(rows))
    row: dict[str, Any] = rows[0]
    return row


async def change(agent: Agent, media_buy_id: str, **fields: Any) -> dict[str, Any]:
    """Update a media buy, wait if people have to look at it, and give it as it then is."""
    agent.needs("update_media_buy")
    reply = await agent.call("update_media_buy", agent.here({"media_buy_id": media_buy_id, **fields}))
    if reply.error is not None:
        raise Failed("update_media_buy", "an update", f"{reply.error.code} {reply.error.message}")
    if reply.body.get("status") == "submitted":
        done = await finished(agent, str(reply.body.get("task_id")))
        expect(done.get("status") == "completed", "the update's task", "completed", done.get("status"))
    return await buy(agent, media_buy_id)


async def cancel(agent: Agent, media_buy_id: str) -> dict[str, Any]:
    """Cancel a media buy; nothing is left to be paid."""
    if media_buy_id in agent.made:
        agent.made.remove(media_buy_id)
    return await change(agent, media_buy_id, canceled=True, cancellation_reason="this was a check")


async def creatives_for(agent: Agent, media_buy: dict[str, Any]) -> dict[str, Any]:
    """A request of sync_creatives with a creative for each package of a media buy."""
    agent.needs("sync_creatives", "list_creative_formats")
    formats = {
        (row["format_id"]["agent_url"].rstrip("/"), row["format_id"]["id"]): row
        for row in (await agent.ok("list_creative_formats", {})).get("formats") or []
    }
    rows, assignments = [], []
    for package in media_buy["packages"]:
        wanted = package.get("format_ids_to_provide") or package.get("format_ids_pending") or package.get("format_ids")
        known = [formats.get((one["agent_url"].rstrip("/"), one["id"])) for one in wanted or []]
        form = next((one for one in known if one is not None), None)
        if form is None:
            raise Skipped("the formats of the package are not in list_creative_formats")
        creative_id = new_key()
        rows.append(
            {"creative_id": creative_id, "name": "Check", "format_id": form["format_id"], "assets": _assets(form)}
        )
        assignments.append({"creative_id": creative_id, "package_id": package["package_id"]})
    return agent.here({"creatives": rows, "assignments": assignments})


async def supply(agent: Agent, media_buy: dict[str, Any]) -> list[dict[str, Any]]:
    """Give each package a creative; gives the rows of the answer."""
    request = await creatives_for(agent, media_buy)
    answer = await agent.ok("sync_creatives", request)
    rows: list[dict[str, Any]] = answer.get("creatives") or []
    for row in rows:
        expect(row.get("action") != "failed", "creatives", "no failed one", row.get("errors"))
    return rows


async def running(agent: Agent, days: int = 14, **more: Any) -> dict[str, Any]:
    """A media buy that has its creatives and is active."""
    made = await place(agent, await order(agent, days, **more))
    await supply(agent, made)

    async def active() -> dict[str, Any] | None:
        found = await buy(agent, made["media_buy_id"])
        expect(found["status"] != "rejected", "status", "active", "rejected")
        return found if found["status"] == "active" else None

    found: dict[str, Any] = await agent.until(active, APPROVAL_HOURS)
    return found


def _assets(form: dict[str, Any]) -> dict[str, Any]:
    size = next((render.get("dimensions") or {} for render in form.get("renders") or []), {})
    wanted = [asset for asset in form.get("assets") or [] if asset.get("required") and "asset_id" in asset]
    return {asset["asset_id"]: _asset(asset, size) for asset in wanted}


def _asset(asset: dict[str, Any], size: dict[str, Any]) -> dict[str, Any]:
    kind, needs = str(asset.get("asset_type")), asset.get("requirements") or {}
    width = int(needs.get("width") or needs.get("min_width") or size.get("width") or 1280)
    height = int(needs.get("height") or needs.get("min_height") or size.get("height") or 720)
    base = f"https://{BRAND}/check"
    made: dict[str, dict[str, Any]] = {
        "image": {"url": f"{base}.png", "width": width, "height": height, "format": "png"},
        "video": {"url": f"{base}.mp4", "width": width, "height": height, "duration_ms": _length(needs)},
        "audio": {"url": f"{base}.mp3", "duration_ms": _length(needs)},
        "text": {"content": "Check"[: int(needs.get("max_length") or 100)]},
        "html": {"content": "<p>Check</p>"},
        "url": {"url": f"https://{BRAND}/"},
        "vast": {"delivery_type": "url", "url": f"{base}.xml", "vast_version": "4.0"},
        "javascript": {"content": "void 0"},
        "css": {"content": "p{}"},
        "markdown": {"content": "Check"},
    }
    if kind not in made:
        raise Skipped(f"no asset of the type {kind} can be made here")
    return {"asset_type": kind, **made[kind]}


def _length(needs: dict[str, Any]) -> int:
    for name in ("duration_ms", "duration_ms_exact", "max_duration_ms", "min_duration_ms"):
        if needs.get(name):
            return int(needs[name])
    seconds = needs.get("duration_seconds") or needs.get("max_duration_seconds")
    return int(float(seconds or 30) * 1000)
