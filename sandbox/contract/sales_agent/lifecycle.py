"""The life of a media buy: ordered, supplied with creatives, running, paused, canceled, over."""

from __future__ import annotations

from datetime import timedelta

from sandbox.contract.check import expect
from sandbox.contract.sales_agent.agent import Agent
from sandbox.contract.sales_agent.checks import CHECKS
from sandbox.contract.sales_agent.orders import SETTLED, buy, cancel, change, order, place, running, supply

_SPEC = "docs/media-buy/specification.mdx, Media Buy State Transitions"


@CHECKS.add("lifecycle.create", _SPEC)
async def create(agent: Agent) -> None:
    """An order becomes a media buy that waits or runs, with a package for each one ordered."""
    request = await order(agent)
    made = await place(agent, request)
    expect(made["status"] in SETTLED, "status", " or ".join(SETTLED), made["status"])
    (wanted,), found = request["packages"], made["packages"]
    expect(len(found) == 1, "packages", 1, len(found))
    expect(bool(found[0].get("package_id")), "package_id", "an id", found[0].get("package_id"))
    shown = (found[0].get("product_id"), found[0].get("budget"))
    expect(shown == (wanted["product_id"], wanted["budget"]), "product_id and budget", tuple(wanted.values()), shown)
    await cancel(agent, made["media_buy_id"])


@CHECKS.add("lifecycle.confirmed", _SPEC)
async def confirmed(agent: Agent) -> None:
    """A media buy says when it was confirmed, its revision and what may be done with it."""
    made = await place(agent)
    await cancel(agent, made["media_buy_id"])
    expect(bool(made.get("confirmed_at")), "confirmed_at", "an instant", made.get("confirmed_at"))
    expect(isinstance(made.get("revision"), int | float), "revision", "a number", made.get("revision"))
    allowed = made.get("valid_actions") or []
    expect("cancel" in allowed, "valid_actions", "cancel among them", allowed)


@CHECKS.add("lifecycle.waits_for_creatives", _SPEC)
async def waits(agent: Agent) -> None:
    """A media buy without creatives is pending_creatives, and leaves that with them."""
    made = await place(agent)
    expect(made["status"] == "pending_creatives", "status without creatives", "pending_creatives", made["status"])
    await supply(agent, made)

    async def left() -> bool:
        return bool((await buy(agent, made["media_buy_id"]))["status"] != "pending_creatives")

    await agent.until(left, 96)
    await cancel(agent, made["media_buy_id"])


@CHECKS.add("lifecycle.starts_later", _SPEC)
async def later(agent: Agent) -> None:
    """A media buy with creatives that begins later is pending_start until then, and then active."""
    start = await agent.now() + timedelta(days=20)
    made = await place(agent, await order(agent, start=start))
    await supply(agent, made)

    async def settled() -> bool:
        return bool((await buy(agent, made["media_buy_id"]))["status"] == "pending_start")

    await agent.until(settled, 96)
    if agent.control is not None:
        await agent.pass_days((start - await agent.now()).total_seconds() / 86_400 + 0.25)
        found = await buy(agent, made["media_buy_id"])
        expect(found["status"] == "active", "status after the start", "active", found["status"])
    await cancel(agent, made["media_buy_id"])


@CHECKS.add("lifecycle.pause_and_resume", _SPEC)
async def pause(agent: Agent) -> None:
    """An active media buy can be paused and resumed."""
    made = await running(agent)
    paused = await change(agent, made["media_buy_id"], paused=True)
    expect(paused["status"] == "paused", "status after the pause", "paused", paused["status"])
    resumed = await change(agent, made["media_buy_id"], paused=False)
    await cancel(agent, made["media_buy_id"])
    expect(resumed["status"] == "active", "status after resuming", "active", resumed["status"])


@CHECKS.add("lifecycle.pause_holds", _SPEC)
async def holds(agent: Agent) -> None:
    """Nothing is delivered while a media buy is paused."""
    made = await running(agent)
    await change(agent, made["media_buy_id"], paused=True)
    named = agent.here({"media_buy_ids": [made["media_buy_id"]]})
    before = (await agent.ok("get_media_buy_delivery", named))["media_buy_deliveries"]
    await agent.pass_days(2)
    after = (await agent.ok("get_media_buy_delivery", named))["media_buy_deliveries"]
    await cancel(agent, made["media_buy_id"])
    shown = [[row["totals"].get("impressions") for row in rows] for rows in (before, after)]
    expect(shown[0] == shown[1], "impressions two days later", shown[0], shown[1])


@CHECKS.add("lifecycle.cancel", _SPEC)
async def canceled(agent: Agent) -> None:
    """A canceled media buy says so, when, and by whom."""
    made = await place(agent)
    gone = await cancel(agent, made["media_buy_id"])
    expect(gone["status"] == "canceled", "status", "canceled", gone["status"])
    told = gone.get("cancellation") or {}
    expect(bool(told.get("canceled_at")), "cancellation.canceled_at", "an instant", told.get("canceled_at"))
    expect(told.get("canceled_by") == "buyer", "cancellation.canceled_by", "buyer", told.get("canceled_by"))


@CHECKS.add("lifecycle.cancel_twice", "docs/reference/known-ambiguities.mdx")
async def cancel_twice(agent: Agent) -> None:
    """Canceling a canceled media buy is refused with NOT_CANCELLABLE."""
    made = await place(agent)
    await cancel(agent, made["media_buy_id"])
    asked = agent.here({"media_buy_id": made["media_buy_id"], "canceled": True})
    await agent.refused("update_media_buy", asked, "NOT_CANCELLABLE")


@CHECKS.add("lifecycle.terminal", _SPEC)
async def terminal(agent: Agent) -> None:
    """Nothing can be changed about a canceled media buy: INVALID_STATE."""
    made = await place(agent)
    await cancel(agent, made["media_buy_id"])
    for fields in ({"paused": True}, {"paused": False}):
        asked = agent.here({"media_buy_id": made["media_buy_id"], **fields})
        await agent.refused("update_media_buy", asked, "INVALID_STATE")


@CHECKS.add("lifecycle.completes", _SPEC)
async def completes(agent: Agent) -> None:
    """A media buy that ran to its end is completed, and takes no more changes."""
    made = await running(agent, days=6)
    await agent.pass_days(7)
    found = await buy(agent, made["media_buy_id"])
    expect(found["status"] == "completed", "status after the end", "completed", found["status"])
    asked = agent.here({"media_buy_id": made["media_buy_id"], "paused": True})
    await agent.refused("update_media_buy", asked, "INVALID_STATE")
