"""The life of a media buy: ordered, supplied with creatives, running, paused, canceled, over."""

from __future__ import annotations

from datetime import timedelta

from sandbox.contract.check import Skipped, expect
from sandbox.contract.sales_agent.agent import Agent
from sandbox.contract.sales_agent.checks import CHECKS
from sandbox.contract.sales_agent.creatives import supply
from sandbox.contract.sales_agent.orders import SETTLED, bought, buy, cancel, change, order, place, running
from sandbox.contract.sales_agent.tasks import APPROVAL_HOURS

_SPEC = "docs/media-buy/specification.mdx, Media Buy State Transitions"


@CHECKS.add("lifecycle.create", _SPEC)
async def create(agent: Agent) -> None:
    """An order of the first product becomes a media buy that waits or runs, with a package for each one ordered."""
    request = await order(agent)
    reply = await agent.call("create_media_buy", request)
    expect(reply.ok, "create_media_buy", "a media buy, or a task that leads to one", reply.why)
    made = await buy(agent, await bought(agent, reply))
    expect(made["status"] in SETTLED, "status", " or ".join(SETTLED), made["status"])
    (wanted,), found = request["packages"], made["packages"]
    expect(len(found) == 1, "packages", 1, len(found))
    expect(bool(found[0].get("package_id")), "package_id", "an id", found[0].get("package_id"))
    for name in ("product_id", "budget"):
        expect(found[0].get(name) in (None, wanted[name]), f"{name} of the package", wanted[name], found[0].get(name))


@CHECKS.add("lifecycle.confirmed", _SPEC)
async def confirmed(agent: Agent) -> None:
    """A media buy says when the seller confirmed it (null until then), and its revision."""
    if agent.version == "3.0":
        raise Skipped("confirmed_at and revision are optional in 3.0")
    made = await place(agent)
    expect("confirmed_at" in made, "confirmed_at", "an instant or null", "none")
    expect(isinstance(made.get("revision"), int | float), "revision", "a number", made.get("revision"))


@CHECKS.add("lifecycle.actions", _SPEC, severity="should")
async def actions(agent: Agent) -> None:
    """A media buy says what may be done with it (valid_actions)."""
    made = await place(agent)
    expect(isinstance(made.get("valid_actions"), list), "valid_actions", "a list", made.get("valid_actions"))


@CHECKS.add("lifecycle.waits_for_creatives", _SPEC, severity="should")
async def waits(agent: Agent) -> None:
    """A media buy without creatives is pending_creatives, and leaves that with them."""
    made = await place(agent)
    expect(made["status"] == "pending_creatives", "status without creatives", "pending_creatives", made["status"])
    await supply(agent, made)

    async def left() -> bool:
        return bool((await buy(agent, made["media_buy_id"]))["status"] != "pending_creatives")

    await agent.until(left, APPROVAL_HOURS)


@CHECKS.add("lifecycle.starts_later", _SPEC)
async def later(agent: Agent) -> None:
    """A media buy with creatives that begins later is pending_start until then, and then active."""
    start = await agent.now() + timedelta(days=20)
    made = await place(agent, await order(agent, start=start))
    if made["status"] != "pending_start":
        await supply(agent, made)

    async def settled() -> bool:
        return bool((await buy(agent, made["media_buy_id"]))["status"] == "pending_start")

    await agent.until(settled, APPROVAL_HOURS)
    if agent.control is not None:
        await agent.pass_days((start - await agent.now()).total_seconds() / 86_400 + 0.25)
        found = await buy(agent, made["media_buy_id"])
        expect(found["status"] == "active", "status after the start", "active", found["status"])


@CHECKS.add("lifecycle.pause_and_resume", _SPEC)
async def pause(agent: Agent) -> None:
    """An active media buy can be paused and resumed, unless valid_actions says otherwise."""
    paused = await change(agent, await running(agent), "pause", paused=True)
    expect(paused["status"] == "paused", "status after the pause", "paused", paused["status"])
    resumed = await change(agent, paused, "resume", paused=False)
    expect(resumed["status"] == "active", "status after resuming", "active", resumed["status"])


@CHECKS.add("lifecycle.pause_holds", _SPEC)
async def holds(agent: Agent) -> None:
    """Nothing is delivered while a media buy is paused."""
    made = await running(agent)
    await change(agent, made, "pause", paused=True)
    named = agent.here({"media_buy_ids": [made["media_buy_id"]], "status_filter": ["active", "paused"]})
    before = (await agent.ok("get_media_buy_delivery", named))["media_buy_deliveries"]
    await agent.pass_days(2)
    after = (await agent.ok("get_media_buy_delivery", named))["media_buy_deliveries"]
    shown = [[row["totals"].get("impressions") for row in rows] for rows in (before, after)]
    expect(shown[0] == shown[1], "impressions two days later", shown[0], shown[1])


@CHECKS.add("lifecycle.cancel", _SPEC)
async def canceled(agent: Agent) -> None:
    """A canceled media buy says so, when, and by whom."""
    gone = await cancel(agent, await place(agent))
    expect(gone["status"] == "canceled", "status", "canceled", gone["status"])
    told = gone.get("cancellation") or {}
    expect(bool(told.get("canceled_at")), "cancellation.canceled_at", "an instant", told.get("canceled_at"))
    expect(told.get("canceled_by") == "buyer", "cancellation.canceled_by", "buyer", told.get("canceled_by"))


@CHECKS.add("lifecycle.cancel_twice", _SPEC)
async def cancel_twice(agent: Agent) -> None:
    """Canceling a canceled media buy is refused with NOT_CANCELLABLE."""
    gone = await cancel(agent, await place(agent))
    asked = agent.here({"media_buy_id": gone["media_buy_id"], "canceled": True})
    await agent.refused("update_media_buy", asked, "NOT_CANCELLABLE")


@CHECKS.add("lifecycle.terminal", _SPEC)
async def terminal(agent: Agent) -> None:
    """Nothing can be changed about a canceled media buy: INVALID_STATE."""
    gone = await cancel(agent, await place(agent))
    for fields in ({"paused": True}, {"paused": False}):
        asked = agent.here({"media_buy_id": gone["media_buy_id"], **fields})
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
