"""What is reported adds up, and keeps to what was ordered."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sandbox.contract.check import Skipped, expect
from sandbox.contract.sales_agent.agent import Agent
from sandbox.contract.sales_agent.checks import CHECKS
from sandbox.contract.sales_agent.orders import buy, cancel, order, place, running

_SPEC = "docs/media-buy/task-reference/get_media_buy_delivery.mdx"

ADDED = ("impressions", "spend", "clicks", "views", "completed_views", "conversions")
"""Figures that add up; rates and reach do not."""

CENT = 0.011


async def report(agent: Agent, media_buy_id: str, **fields: Any) -> dict[str, Any]:
    """The report about one media buy."""
    asked = agent.here({"media_buy_ids": [media_buy_id], "include_package_daily_breakdown": True, **fields})
    rows = (await agent.ok("get_media_buy_delivery", asked)).get("media_buy_deliveries") or []
    expect(len(rows) == 1, "media_buy_deliveries", 1, len(rows))
    row: dict[str, Any] = rows[0]
    return row


async def delivered(
    agent: Agent, days: float = 3, flight: int = 14, **more: Any
) -> tuple[dict[str, Any], dict[str, Any]]:
    """A media buy that has run for some days, and the report about it; what still runs is canceled."""
    made = await running(agent, days=flight, **more)
    if agent.control is not None:
        await agent.pass_days(days)
    else:
        await _simulate(agent, made)
        await agent.until(lambda: _shown(agent, made["media_buy_id"]), 0)
    found = await report(agent, made["media_buy_id"])
    if found["status"] == "active":
        await cancel(agent, made["media_buy_id"])
    if not found["totals"].get("impressions"):
        raise Skipped("nothing was delivered")
    return made, found


async def _simulate(agent: Agent, made: dict[str, Any]) -> None:
    scenarios = (agent.capabilities.get("compliance_testing") or {}).get("scenarios") or []
    if "simulate_delivery" not in scenarios:
        raise Skipped(
            "delivery takes days; --control URL moves a sandbox's clock, or comply_test_controller simulates it"
        )
    spend = {"amount": 40, "currency": made.get("currency", "USD")}
    params = {"media_buy_id": made["media_buy_id"], "impressions": 10_000, "clicks": 20, "reported_spend": spend}
    await agent.ok("comply_test_controller", agent.here({"scenario": "simulate_delivery", "params": params}))


async def _shown(agent: Agent, media_buy_id: str) -> bool:
    return bool((await report(agent, media_buy_id))["totals"].get("impressions"))


def _near(one: float, other: float) -> bool:
    return abs(one - other) <= CENT


@CHECKS.add("delivery.nothing_yet", _SPEC)
async def nothing_yet(agent: Agent) -> None:
    """A media buy that has not begun has delivered nothing."""
    made = await place(agent, await order(agent, start=await agent.now() + timedelta(days=10)))
    totals = (await report(agent, made["media_buy_id"]))["totals"]
    await cancel(agent, made["media_buy_id"])
    found = {name: totals[name] for name in ADDED if totals.get(name)}
    expect(not found, "totals before the start", "nothing", found)


@CHECKS.add("delivery.packages", _SPEC)
async def packages(agent: Agent) -> None:
    """The totals of a media buy are the sums of its packages."""
    request = await order(agent)
    twice = [request["packages"][0], dict(request["packages"][0])]
    _, found = await delivered(agent, packages=twice)
    for name in ADDED:
        if name in found["totals"]:
            wanted = sum(package.get(name, 0) for package in found["by_package"])
            expect(_near(found["totals"][name], wanted), f"totals.{name}", wanted, found["totals"][name])


@CHECKS.add("delivery.days", _SPEC)
async def days(agent: Agent) -> None:
    """The figures of a package are the sums of its days."""
    _, found = await delivered(agent)
    told = [package for package in found["by_package"] if package.get("daily_breakdown")]
    if not told:
        raise Skipped("no daily_breakdown is reported")
    for package in told:
        for name in ("impressions", "spend"):
            wanted = sum(day.get(name, 0) for day in package["daily_breakdown"])
            expect(_near(package[name], wanted), f"{name} of {package['package_id']}", wanted, package[name])
        dates = [day["date"] for day in package["daily_breakdown"]]
        expect(dates == sorted(set(dates)), "dates of daily_breakdown", "each once, in order", dates)


@CHECKS.add("delivery.aggregate", _SPEC)
async def aggregate(agent: Agent) -> None:
    """aggregated_totals are the sums over the media buys of the answer."""
    made, _ = await delivered(agent)
    body = await agent.ok("get_media_buy_delivery", agent.here({"media_buy_ids": [made["media_buy_id"]]}))
    told = body.get("aggregated_totals")
    if not told:
        raise Skipped("no aggregated_totals are reported")
    rows = body["media_buy_deliveries"]
    for name in ("impressions", "spend"):
        wanted = sum(row["totals"].get(name, 0) for row in rows)
        expect(_near(told.get(name, 0), wanted), f"aggregated_totals.{name}", wanted, told.get(name))
    count = told.get("media_buy_count", len(rows))
    expect(count == len(rows), "aggregated_totals.media_buy_count", len(rows), count)


@CHECKS.add("delivery.budget", _SPEC)
async def budget(agent: Agent) -> None:
    """No package spends more than its budget, even when it ran to its end."""
    made, found = await delivered(agent, days=5, flight=4)
    budgets = {package["package_id"]: package["budget"] for package in made["packages"]}
    for package in found["by_package"]:
        limit = budgets[package["package_id"]]
        expect(
            package["spend"] <= limit + CENT, f"spend of {package['package_id']}", f"at most {limit}", package["spend"]
        )


@CHECKS.add("delivery.price", _SPEC)
async def price(agent: Agent) -> None:
    """At a fixed price for a thousand impressions, what is spent is that price times the thousands."""
    _, found = await delivered(agent)
    told = [package for package in found["by_package"] if package.get("pricing_model") == "cpm" and "rate" in package]
    if not told or agent.control is None:
        raise Skipped("no real delivery at a fixed CPM is reported")
    for package in told:
        wanted = package["impressions"] * package["rate"] / 1000
        expect(_near(package["spend"], wanted), f"spend of {package['package_id']}", wanted, package["spend"])


@CHECKS.add("delivery.possible", _SPEC)
async def possible(agent: Agent) -> None:
    """No more clicks, views or viewable impressions are reported than impressions, and no figure is below zero."""
    _, found = await delivered(agent)
    for part in (found["totals"], *found["by_package"]):
        shown = part.get("impressions", 0)
        viewable = (part.get("viewability") or {}).get("viewable_impressions", 0)
        counts = {name: part[name] for name in ("clicks", "views", "completed_views") if name in part}
        for name, value in {**counts, "viewable_impressions": viewable}.items():
            expect(0 <= value <= shown, name, f"0 to {shown} impressions", value)
        expect(part.get("spend", 0) >= 0, "spend", "not below zero", part.get("spend"))


@CHECKS.add("delivery.period", _SPEC)
async def period(agent: Agent) -> None:
    """The report of a part of the flight has no more than that of the whole, and that of days before it has nothing."""
    begun = await agent.now()
    made, found = await delivered(agent)
    first, second = begun.date(), (begun + timedelta(days=1)).date()
    part = await report(agent, made["media_buy_id"], start_date=str(first), end_date=str(second))
    whole, shown = found["totals"]["impressions"], part["totals"].get("impressions", 0)
    expect(shown <= whole, "impressions of the first day", f"at most {whole}", shown)
    before = {"start_date": str(first - timedelta(days=9)), "end_date": str(first - timedelta(days=2))}
    early = (await report(agent, made["media_buy_id"], **before))["totals"].get("impressions", 0)
    expect(early == 0, "impressions before the flight", 0, early)


@CHECKS.add("delivery.only_asked", _SPEC)
async def only_asked(agent: Agent) -> None:
    """A report about one media buy is about that one."""
    made, other = await place(agent), await place(agent)
    asked = agent.here({"media_buy_ids": [made["media_buy_id"]]})
    rows = (await agent.ok("get_media_buy_delivery", asked))["media_buy_deliveries"]
    for one in (made, other):
        await cancel(agent, one["media_buy_id"])
    found = [row["media_buy_id"] for row in rows]
    expect(found == [made["media_buy_id"]], "media_buy_deliveries", [made["media_buy_id"]], found)


@CHECKS.add("delivery.frequency", "core/frequency-cap.json")
async def frequency(agent: Agent) -> None:
    """Where a package is capped, nobody is reported to have seen more than the cap allows on average."""
    if "frequency_capping" not in (agent.capabilities.get("media_buy") or {}):
        raise Skipped("the agent does not say that it caps frequency")
    request = await order(agent)
    cap = {"max_impressions": 1, "per": "individuals", "window": {"interval": 30, "unit": "days"}}
    capped = {**request["packages"][0], "targeting_overlay": {"frequency_cap": cap}}
    _, found = await delivered(agent, packages=[capped])
    reach = found["totals"].get("reach")
    if not reach:
        raise Skipped("no reach is reported")
    shown = found["totals"]["impressions"]
    expect(shown <= reach, "impressions at one for each person", f"at most the reach of {reach}", shown)


@CHECKS.add("delivery.status", _SPEC)
async def status(agent: Agent) -> None:
    """A report shows the status that get_media_buys shows."""
    made = await place(agent)
    told = (await report(agent, made["media_buy_id"]))["status"]
    shown = (await buy(agent, made["media_buy_id"]))["status"]
    await cancel(agent, made["media_buy_id"])
    expect(told == shown, "status", shown, told)
