"""What is reported adds up, and keeps to what was ordered."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sandbox.contract.check import Skipped, expect
from sandbox.contract.sales_agent.agent import Agent
from sandbox.contract.sales_agent.catalog import products
from sandbox.contract.sales_agent.checks import CHECKS
from sandbox.contract.sales_agent.lists import STATUSES
from sandbox.contract.sales_agent.orders import buy, order, place, running

_SPEC = "docs/media-buy/task-reference/get_media_buy_delivery.mdx"

ADDED = ("impressions", "spend", "clicks", "views", "completed_views")
"""Figures that add up; rates, reach and conversions (which one buy may count once for two packages) do not."""

CENT = 0.011
"""What rounding may take or add, for each figure that is rounded."""


async def reports(agent: Agent, *media_buy_ids: str, **fields: Any) -> list[dict[str, Any]]:
    """The rows about some media buys, whatever their status: without a filter those that are active are meant."""
    agent.needs("get_media_buy_delivery")
    named = {"media_buy_ids": list(media_buy_ids), "status_filter": STATUSES}
    asked = agent.here({**named, "include_package_daily_breakdown": True, **fields})
    rows: list[dict[str, Any]] = (await agent.ok("get_media_buy_delivery", asked)).get("media_buy_deliveries") or []
    return rows


async def report(agent: Agent, media_buy_id: str, **fields: Any) -> dict[str, Any]:
    """The report about one media buy."""
    rows = await reports(agent, media_buy_id, **fields)
    expect(len(rows) == 1, f"media_buy_deliveries for the media buy {media_buy_id}", "one", f"{len(rows)}")
    return rows[0]


async def delivered(
    agent: Agent, days: float = 3, flight: int = 14, **more: Any
) -> tuple[dict[str, Any], dict[str, Any]]:
    """A media buy that has run for some days, and the report about it."""
    made = await running(agent, days=flight, **more)
    if agent.control is not None:
        await agent.pass_days(days)
    else:
        await _simulate(agent, made)
        await agent.until(lambda: _shown(agent, made["media_buy_id"]), 0)
    found = await report(agent, made["media_buy_id"])
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
    asked = agent.here({"scenario": "simulate_delivery", "params": params})
    asked["account"] = {**asked.get("account", {}), "sandbox": True}
    told = await agent.ok("comply_test_controller", asked)
    if told.get("success") is False:
        raise Skipped(f"no delivery was simulated: {told.get('error')} {told.get('error_detail', '')}".rstrip())


async def _shown(agent: Agent, media_buy_id: str) -> bool:
    return bool((await report(agent, media_buy_id))["totals"].get("impressions"))


def _sum(name: str, what: str, found: dict[str, Any], parts: list[dict[str, Any]]) -> None:
    """Fail if a figure is not the sum of its parts. Nothing is said of one that is not told everywhere."""
    if name in found and all(name in part for part in parts):
        right = sum(part[name] for part in parts)
        slack = CENT * max(1, len(parts)) if name == "spend" else CENT
        expect(abs(found[name] - right) <= slack, what, f"{right:.12g}", f"{found[name]:.12g}")


@CHECKS.add("delivery.nothing_yet", _SPEC)
async def nothing_yet(agent: Agent) -> None:
    """A media buy that has not begun has delivered nothing."""
    made = await place(agent, await order(agent, start=await agent.now() + timedelta(days=10)))
    rows = await reports(agent, made["media_buy_id"])
    found = {name: row["totals"][name] for row in rows for name in ADDED if row["totals"].get(name)}
    expect(not found, "totals before the start", "nothing", found)


@CHECKS.add("delivery.packages", _SPEC)
async def packages(agent: Agent) -> None:
    """The totals of a media buy are the sums of its packages."""
    request = await order(agent)
    twice = [request["packages"][0], dict(request["packages"][0])]
    _, found = await delivered(agent, packages=twice)
    for name in ADDED:
        _sum(name, f"totals.{name}", found["totals"], found["by_package"])


@CHECKS.add("delivery.days", _SPEC)
async def days(agent: Agent) -> None:
    """The figures of a package are the sums of its days."""
    _, found = await delivered(agent)
    told = [package for package in found["by_package"] if package.get("daily_breakdown")]
    if not told:
        raise Skipped("no daily_breakdown is reported")
    for package in told:
        for name in ("impressions", "spend"):
            _sum(name, f"{name} of {package['package_id']}", package, package["daily_breakdown"])
        dates = [day["date"] for day in package["daily_breakdown"]]
        expect(dates == sorted(set(dates)), "dates of daily_breakdown", "each once, in order", dates)


@CHECKS.add("delivery.aggregate", _SPEC)
async def aggregate(agent: Agent) -> None:
    """aggregated_totals are the sums over the media buys of the answer."""
    made, _ = await delivered(agent)
    asked = agent.here({"media_buy_ids": [made["media_buy_id"]], "status_filter": STATUSES})
    body = await agent.ok("get_media_buy_delivery", asked)
    told = body.get("aggregated_totals")
    if not told:
        raise Skipped("no aggregated_totals are reported")
    rows = body["media_buy_deliveries"]
    for name in ("impressions", "spend"):
        _sum(name, f"aggregated_totals.{name}", told, [row["totals"] for row in rows])
    count = told.get("media_buy_count", len(rows))
    expect(count == len(rows), "aggregated_totals.media_buy_count", len(rows), count)


@CHECKS.add("delivery.budget", _SPEC)
async def budget(agent: Agent) -> None:
    """No package spends more than its budget, even when it ran to its end."""
    made, found = await delivered(agent, days=5, flight=4)
    budgets = {one["package_id"]: one["budget"] for one in made["packages"] if one.get("budget") is not None}
    if not budgets:
        raise Skipped("get_media_buys shows no budget of packages")
    for package in found["by_package"]:
        name, spend = package["package_id"], package["spend"]
        expect(name in budgets, "package_id in by_package", f"one of {', '.join(budgets)}", name)
        expect(spend <= budgets[name] + CENT, f"spend of {name}", f"at most {budgets[name]}", spend)


@CHECKS.add("delivery.price", _SPEC)
async def price(agent: Agent) -> None:
    """At a fixed price for a thousand impressions, what is spent is that price times the thousands."""
    made, found = await delivered(agent)
    bids = any(package.get("bid_price") for package in made["packages"])
    told = [
        one for one in found["by_package"] if one.get("pricing_model") == "cpm" and {"rate", "impressions"} <= {*one}
    ]
    if not told or bids or agent.control is None:
        raise Skipped("no real delivery at a fixed CPM is reported")
    for package in told:
        wanted = package["impressions"] * package["rate"] / 1000
        near = abs(package["spend"] - wanted) <= CENT * 5  # each day may have been rounded
        expect(near, f"spend of {package['package_id']}", f"{wanted:.12g}", f"{package['spend']:.12g}")


@CHECKS.add("delivery.possible", _SPEC)
async def possible(agent: Agent) -> None:
    """No more clicks, views or viewable impressions are reported than impressions, and no figure is below zero."""
    _, found = await delivered(agent)
    for part in (found["totals"], *found["by_package"]):
        shown = part.get("impressions", float("inf"))  # who sells clicks need not count impressions
        viewable = (part.get("viewability") or {}).get("viewable_impressions", 0)
        counts = {name: part[name] for name in ("clicks", "views", "completed_views") if name in part}
        for name, value in {**counts, "viewable_impressions": viewable}.items():
            expect(0 <= value <= shown, name, f"0 to {shown} impressions", value)
        expect(part.get("spend", 0) >= 0, "spend", "not below zero", part.get("spend"))


@CHECKS.add("delivery.period", _SPEC)
async def period(agent: Agent) -> None:
    """The report of a part of the flight has no more than that of the whole, and that of days before it has nothing."""
    begun = await agent.now()
    if any(_lifetime(product) for product in await products(agent)):
        raise Skipped("some products report on their whole flight only (date_range_support)")
    made, found = await delivered(agent)
    first, second = begun.date(), (begun + timedelta(days=1)).date()
    part = await reports(agent, made["media_buy_id"], start_date=str(first), end_date=str(second))
    whole, shown = found["totals"]["impressions"], _impressions(part)
    expect(shown <= whole, "impressions of the first day", f"at most {whole}", shown)
    before = {"start_date": str(first - timedelta(days=9)), "end_date": str(first - timedelta(days=2))}
    early = _impressions(await reports(agent, made["media_buy_id"], **before))
    expect(early == 0, "impressions before the flight", 0, early)


def _lifetime(product: dict[str, Any]) -> bool:
    return (product.get("reporting_capabilities") or {}).get("date_range_support") == "lifetime_only"


def _impressions(rows: list[dict[str, Any]]) -> float:
    return float(sum(row["totals"].get("impressions", 0) for row in rows))


@CHECKS.add("delivery.only_asked", _SPEC)
async def only_asked(agent: Agent) -> None:
    """A report about one media buy is about that one."""
    made, other = await place(agent), await place(agent)
    if not await reports(agent, other["media_buy_id"]):
        raise Skipped("a media buy that has not begun is not reported about")
    found = [row["media_buy_id"] for row in await reports(agent, made["media_buy_id"])]
    expect(found == [made["media_buy_id"]], "media_buy_deliveries", [made["media_buy_id"]], found)


@CHECKS.add("delivery.frequency", "core/frequency-cap.json", severity="should")
async def frequency(agent: Agent) -> None:
    """Where a package is capped, nobody is reported to have seen more than the cap allows on average."""
    can = (agent.capabilities.get("media_buy") or {}).get("frequency_capping")
    if not can or "individuals" not in (can.get("supported_per_units") or ["individuals"]):
        raise Skipped("the agent does not say that it caps how often individuals see a media buy")
    request = await order(agent)
    cap = {"max_impressions": 1, "per": "individuals", "window": {"interval": 30, "unit": "days"}}
    capped = {**request["packages"][0], "targeting_overlay": {"frequency_cap": cap}}
    _, found = await delivered(agent, packages=[capped])
    reach = found["totals"].get("reach")
    if not reach or found["totals"].get("reach_unit", "individuals") != "individuals":
        raise Skipped("no reach in individuals is reported")
    shown = found["totals"]["impressions"]
    expect(shown <= reach, "impressions at one for each person", f"at most the reach of {reach}", shown)


@CHECKS.add("delivery.status", _SPEC)
async def status(agent: Agent) -> None:
    """A report shows the status that get_media_buys shows, or one that only reports have."""
    made = await place(agent)
    rows = await reports(agent, made["media_buy_id"])
    shown = (await buy(agent, made["media_buy_id"]))["status"]
    if not rows or rows[0]["status"] in ("reporting_delayed", "failed"):
        raise Skipped("nothing is reported yet")
    told = rows[0]["status"]
    expect(told == shown or (told == "pending" and shown.startswith("pending_")), "status", shown, told)
