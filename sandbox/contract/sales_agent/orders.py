"""Media buys: ordering one, reading and changing it, days that pass."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sandbox.contract.check import Failed, Skipped, expect
from sandbox.contract.sales_agent.agent import Agent, Reply
from sandbox.contract.sales_agent.catalog import account, bid, choice, products
from sandbox.contract.sales_agent.creatives import supply
from sandbox.contract.sales_agent.tasks import APPROVAL_HOURS, finished

BUDGET = 1000

SETTLED = ("pending_creatives", "pending_start", "active")


async def order(agent: Agent, days: int = 14, start: datetime | None = None, **more: Any) -> dict[str, Any]:
    """A request for a media buy of one product for a number of days, from now unless ``start`` says otherwise."""
    agent.needs("create_media_buy", "get_products")
    where = await account(agent)
    product, option = choice(await products(agent))
    agent.formats[product["product_id"]] = product.get("format_ids") or []
    begins = start or await agent.now()
    package = {
        "product_id": product["product_id"],
        "pricing_option_id": option["pricing_option_id"],
        "budget": max(BUDGET, float(option.get("min_spend_per_package") or 0)),
        **bid(option),
    }
    return {
        "account": where,
        "brand": {"domain": agent.brand},
        "start_time": "asap" if start is None else begins.isoformat(),
        "end_time": (begins + timedelta(days=days)).isoformat(),
        "packages": [package],
        **more,
    }


async def sells(agent: Agent) -> None:
    """Skip a check about wrong orders, or about what comes of right ones, where a right one is refused too."""
    if agent.sells is None:
        agent.sells = (await agent.call("create_media_buy", await order(agent))).ok
    if not agent.sells:
        raise Skipped("an order in which nothing is wrong is refused too (see lifecycle.create)")


async def place(agent: Agent, request: dict[str, Any] | None = None) -> dict[str, Any]:
    """Order, and wait until the order is a media buy; gives the media buy as get_media_buys tells it.

    Raises :class:`Skipped` if the order is refused: that is what lifecycle.create is about, and no other check.
    """
    reply = await agent.call("create_media_buy", request or await order(agent))
    return await buy(agent, await bought(agent, reply))


async def bought(agent: Agent, reply: Reply) -> str:
    """The id of the media buy that comes of an order. Raises :class:`Skipped` if the order was refused."""
    if reply.error is not None:
        raise Skipped(f"no media buy: create_media_buy is refused with {reply.why[:200]} (see lifecycle.create)")
    made = str(reply.body["media_buy_id"]) if "media_buy_id" in reply.body else await _decided(agent, reply)
    if made not in agent.made:
        agent.made.append(made)
    return made


async def _decided(agent: Agent, reply: Reply) -> str:
    status = reply.body.get("status")
    if status == "input-required":
        raise Skipped(f"the agent wants to know more before it takes an order: {reply.body.get('message', '')}")
    expect(status in ("submitted", "working"), "status", "submitted, or a media_buy_id", status)
    task = str(reply.body.get("task_id"))
    done = await finished(agent, task)
    expect(done["status"] == "completed", f"task {task}", "completed", done["status"])
    made = (done.get("result") or {}).get("media_buy_id")
    expect(bool(made), f"result.media_buy_id of the task {task}", "an id", made)
    return str(made)


async def buy(agent: Agent, media_buy_id: str) -> dict[str, Any]:
    """A media buy as get_media_buys tells it."""
    agent.needs("get_media_buys")
    found = await agent.ok("get_media_buys", agent.here({"media_buy_ids": [media_buy_id]}))
    rows = found.get("media_buys") or []
    expect(len(rows) == 1, f"media buys with the id {media_buy_id}", 1, len(rows))
    row: dict[str, Any] = rows[0]
    return row


async def change(agent: Agent, made: dict[str, Any], action: str, **fields: Any) -> dict[str, Any]:
    """Change a media buy, wait if people have to look at it, and give it as it then is.

    ``action`` is the name of the change in ``valid_actions``. A seller need not allow every change: one that is
    refused and not among them raises :class:`Skipped`.
    """
    agent.needs("update_media_buy")
    asked = agent.here({"media_buy_id": made["media_buy_id"], **fields})
    reply = await agent.call("update_media_buy", asked)
    if reply.error is not None:
        if action not in (made.get("valid_actions") or ()) or reply.error.code == "NOT_CANCELLABLE":
            raise Skipped(
                f"the agent does not allow {action} while the media buy is {made['status']}: {reply.why[:200]}"
            )
        raise Failed(f"update_media_buy, with {action} in valid_actions", "an update", reply.why)
    if reply.body.get("status") in ("submitted", "working") and "task_id" in reply.body:
        done = await finished(agent, str(reply.body["task_id"]))
        expect(done["status"] == "completed", "the update's task", "completed", done["status"])
    return await buy(agent, made["media_buy_id"])


async def cancel(agent: Agent, made: dict[str, Any]) -> dict[str, Any]:
    """Cancel a media buy. Raises :class:`Skipped` if the seller does not let it go."""
    gone = await change(agent, made, "cancel", canceled=True, cancellation_reason="this was a check")
    if made["media_buy_id"] in agent.made:
        agent.made.remove(made["media_buy_id"])
    return gone


async def unknown_buy(agent: Agent, **more: Any) -> dict[str, Any]:
    """A request of update_media_buy for one that is not there, and in which nothing else is wrong."""
    agent.needs("update_media_buy")
    await account(agent)
    return agent.here({"media_buy_id": "no-such-media-buy", "paused": True, **more})


async def running(agent: Agent, days: int = 14, **more: Any) -> dict[str, Any]:
    """A media buy that has its creatives and is active."""
    made = await place(agent, await order(agent, days, **more))
    if made["status"] != "active":
        await supply(agent, made)

    async def active() -> dict[str, Any] | None:
        found = await buy(agent, made["media_buy_id"])
        if found["status"] == "rejected":
            raise Skipped(f"the agent rejected the media buy: {found.get('rejection_reason', 'it does not say why')}")
        return found if found["status"] == "active" else None

    found: dict[str, Any] = await agent.until(active, APPROVAL_HOURS)
    return found
