"""Changes of a media buy: budgets, dates, revisions, packages."""

from __future__ import annotations

from datetime import timedelta

from sandbox.contract.check import Skipped, expect
from sandbox.contract.sales_agent.agent import Agent
from sandbox.contract.sales_agent.checks import CHECKS
from sandbox.contract.sales_agent.orders import buy, cancel, change, order, place, running

_SPEC = "docs/media-buy/task-reference/update_media_buy.mdx"


@CHECKS.add("changes.budget", _SPEC)
async def budget(agent: Agent) -> None:
    """A package's budget can be raised, and is read back."""
    made = await running(agent)
    package = made["packages"][0]
    wanted = package["budget"] * 2
    row = {"package_id": package["package_id"], "budget": wanted}
    found = await change(agent, made["media_buy_id"], packages=[row])
    await cancel(agent, made["media_buy_id"])
    expect(found["packages"][0]["budget"] == wanted, "budget", wanted, found["packages"][0]["budget"])


@CHECKS.add("changes.total", _SPEC)
async def total(agent: Agent) -> None:
    """The total budget of a media buy is the sum of its packages' budgets."""
    made = await place(agent)
    if "total_budget" not in made:
        await cancel(agent, made["media_buy_id"])
        raise Skipped("no total_budget is shown")
    package = made["packages"][0]
    row = {"package_id": package["package_id"], "budget": package["budget"] + 500}
    found = await change(agent, made["media_buy_id"], packages=[row])
    await cancel(agent, made["media_buy_id"])
    wanted = sum(one["budget"] for one in found["packages"])
    expect(found["total_budget"] == wanted, "total_budget", wanted, found["total_budget"])


@CHECKS.add("changes.end", _SPEC)
async def end(agent: Agent) -> None:
    """The end of a media buy can be moved, and is read back."""
    made = await place(agent)
    wanted = await agent.now() + timedelta(days=30)
    found = await change(agent, made["media_buy_id"], end_time=wanted.isoformat())
    await cancel(agent, made["media_buy_id"])
    expect(
        str(found.get("end_time"))[:19] == wanted.isoformat()[:19],
        "end_time",
        wanted.isoformat(),
        found.get("end_time"),
    )


@CHECKS.add("changes.revision", _SPEC)
async def revision(agent: Agent) -> None:
    """Every change counts the revision up by one."""
    made = await place(agent)
    changed = await change(agent, made["media_buy_id"], end_time=(await agent.now() + timedelta(days=25)).isoformat())
    await cancel(agent, made["media_buy_id"])
    expect(changed.get("revision") == made["revision"] + 1, "revision", made["revision"] + 1, changed.get("revision"))


@CHECKS.add("changes.stale", _SPEC)
async def stale(agent: Agent) -> None:
    """A change of a revision that is past is refused with CONFLICT, and changes nothing."""
    made = await place(agent)
    past = {"media_buy_id": made["media_buy_id"], "revision": made["revision"] + 7}
    error = await agent.call("update_media_buy", agent.here({**past, "paused": True}))
    found = await buy(agent, made["media_buy_id"])
    await cancel(agent, made["media_buy_id"])
    code = error.error.code if error.error is not None else "it was taken"
    expect(code == "CONFLICT", "code", "CONFLICT", code)
    expect(found["status"] == made["status"], "status", made["status"], found["status"])


@CHECKS.add("changes.whole", _SPEC)
async def whole(agent: Agent) -> None:
    """A change of which one part is wrong changes nothing."""
    made = await place(agent)
    package = made["packages"][0]
    rows = [
        {"package_id": package["package_id"], "budget": package["budget"] * 3},
        {"package_id": "no-such-package", "budget": 1000},
    ]
    asked = agent.here({"media_buy_id": made["media_buy_id"], "packages": rows})
    reply = await agent.call("update_media_buy", asked)
    found = await buy(agent, made["media_buy_id"])
    await cancel(agent, made["media_buy_id"])
    expect(not reply.ok, "the change", "a refusal", "it was taken")
    expect(
        found["packages"][0]["budget"] == package["budget"], "budget", package["budget"], found["packages"][0]["budget"]
    )


@CHECKS.add("changes.cancel_package", _SPEC)
async def cancel_package(agent: Agent) -> None:
    """One package of two can be canceled; the other one stays."""
    request = await order(agent)
    request["packages"] = [request["packages"][0], dict(request["packages"][0])]
    made = await place(agent, request)
    first, second = (package["package_id"] for package in made["packages"])
    found = await change(agent, made["media_buy_id"], packages=[{"package_id": first, "canceled": True}])
    await cancel(agent, made["media_buy_id"])
    gone = {package["package_id"]: bool(package.get("canceled")) for package in found["packages"]}
    expect(gone == {first: True, second: False}, "canceled", {first: True, second: False}, gone)
