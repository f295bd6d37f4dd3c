"""Changes of a media buy: budgets, dates, revisions, packages. A seller need not allow every one of them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sandbox.contract.check import Skipped, expect
from sandbox.contract.sales_agent.agent import Agent
from sandbox.contract.sales_agent.checks import CHECKS
from sandbox.contract.sales_agent.orders import buy, change, order, place, running

_SPEC = "docs/media-buy/task-reference/update_media_buy.mdx"
_REVISION = "docs/media-buy/specification.mdx, Revision and confirmation semantics"

CENT = 0.011


def _budget(package: dict[str, Any]) -> float:
    """The budget of a package. Raises :class:`Skipped` where none is shown."""
    if package.get("budget") is None:
        raise Skipped("get_media_buys shows no budget of packages")
    return float(package["budget"])


async def _longer(agent: Agent, made: dict[str, Any], days: int) -> dict[str, Any]:
    """The media buy with its end moved."""
    wanted = await agent.now() + timedelta(days=days)
    return await change(agent, made, "update_dates", end_time=wanted.isoformat(timespec="seconds"))


@CHECKS.add("changes.budget", _SPEC)
async def budget(agent: Agent) -> None:
    """A package's budget can be raised, and is read back."""
    made = await running(agent)
    wanted = _budget(made["packages"][0]) * 2
    row = {"package_id": made["packages"][0]["package_id"], "budget": wanted}
    found = await change(agent, made, "update_budget", packages=[row])
    expect(found["packages"][0].get("budget") == wanted, "budget", wanted, found["packages"][0].get("budget"))


@CHECKS.add("changes.total", _SPEC)
async def total(agent: Agent) -> None:
    """The total budget of a media buy is the sum of its packages' budgets."""
    made = await place(agent)
    if "total_budget" not in made:
        raise Skipped("no total_budget is shown")
    row = {"package_id": made["packages"][0]["package_id"], "budget": _budget(made["packages"][0]) + 500}
    found = await change(agent, made, "update_budget", packages=[row])
    wanted = sum(_budget(one) for one in found["packages"])
    expect(abs(found["total_budget"] - wanted) < CENT, "total_budget", wanted, found["total_budget"])


@CHECKS.add("changes.end", _SPEC)
async def end(agent: Agent) -> None:
    """The end of a media buy can be moved, and is read back."""
    made = await place(agent)
    before = made.get("end_time")
    if before is None:
        raise Skipped("get_media_buys shows no end_time")
    wanted = await agent.now() + timedelta(days=30)
    found = await _longer(agent, made, 30)
    expect(
        str(found.get("end_time"))[:10] == wanted.isoformat()[:10],
        "end_time",
        wanted.isoformat(),
        found.get("end_time"),
    )


@CHECKS.add("changes.revision", _REVISION)
async def revision(agent: Agent) -> None:
    """Every change counts the revision up."""
    made = await place(agent)
    before = _revision(made)
    changed = await _longer(agent, made, 25)
    expect(_revision(changed) > before, "revision", f"above {before:g}", changed.get("revision"))


@CHECKS.add("changes.stale", _REVISION)
async def stale(agent: Agent) -> None:
    """A change of a revision that is past is refused with CONFLICT, and changes nothing."""
    made = await place(agent)
    past = _revision(made)
    now = await _longer(agent, made, 25)
    asked = agent.here({"media_buy_id": made["media_buy_id"], "revision": past, "paused": True})
    reply = await agent.call("update_media_buy", asked)
    found = await buy(agent, made["media_buy_id"])
    code = reply.error.code if reply.error is not None else "it was taken"
    expect(code == "CONFLICT", "code", "CONFLICT", code)
    expect(found["status"] == now["status"], "status", now["status"], found["status"])


def _revision(made: dict[str, Any]) -> float:
    """The revision of a media buy. Raises :class:`Skipped` where none is shown."""
    if not isinstance(made.get("revision"), int | float):
        raise Skipped("get_media_buys shows no revision (see lifecycle.confirmed)")
    return float(made["revision"])


@CHECKS.add("changes.whole", "docs/media-buy/specification.mdx, each request is one atomic mutation")
async def whole(agent: Agent) -> None:
    """A change of which one part is wrong changes nothing."""
    made = await place(agent)
    agent.needs("update_media_buy")
    package = made["packages"][0]
    rows = [
        {"package_id": package["package_id"], "budget": _budget(package) * 3},
        {"package_id": "no-such-package", "budget": 1000},
    ]
    asked = agent.here({"media_buy_id": made["media_buy_id"], "packages": rows})
    reply = await agent.call("update_media_buy", asked)
    found = (await buy(agent, made["media_buy_id"]))["packages"][0].get("budget")
    expect(not reply.ok, "the change", "a refusal", "it was taken")
    expect(found == package["budget"], "budget", package["budget"], found)


@CHECKS.add("changes.cancel_package", _SPEC)
async def cancel_package(agent: Agent) -> None:
    """One package of two can be canceled; the other one stays."""
    request = await order(agent)
    request["packages"] = [request["packages"][0], dict(request["packages"][0])]
    made = await place(agent, request)
    if len(made["packages"]) != 2:
        raise Skipped("two packages of one product are not kept apart")
    first, second = (package["package_id"] for package in made["packages"])
    found = await change(agent, made, "update_packages", packages=[{"package_id": first, "canceled": True}])
    gone = {package["package_id"]: bool(package.get("canceled")) for package in found["packages"]}
    expect(gone.get(first, True) and gone.get(second) is False, "canceled", {first: True, second: False}, gone)
