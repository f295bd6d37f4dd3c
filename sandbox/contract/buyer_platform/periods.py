"""Part G: pacing periods."""

from __future__ import annotations

from typing import Any

from sandbox.contract.buyer_platform.answers import Body, near
from sandbox.contract.buyer_platform.checks import CHECKS
from sandbox.contract.buyer_platform.platform import Platform
from sandbox.contract.check import expect


async def _periods(platform: Platform, *spans: tuple[int, int, dict[str, Any]], mode: str = "weight") -> Body:
    rows = [
        {"label": f"Period {first}", "start": await platform.date(first), "end": await platform.date(last), **more}
        for first, last, more in spans
    ]
    return {"mode": mode, "periods": rows}


@CHECKS.add("periods.fields", "rule 104")
async def fields(platform: Platform) -> None:
    """Periods are shown with label, dates and weight as they were given."""
    given = await _periods(platform, (1, 11, {"weight": 1}), (11, 31, {"weight": 3}))
    found = (await platform.campaign(pacingPeriods=given))["pacingPeriods"]
    shown = {row["label"]: row.get("weight") for row in found["periods"]}
    wanted = {"Period 1": 1, "Period 11": 3}
    expect(shown == wanted, "labels and weights", wanted, shown)
    for row in found["periods"]:
        expect(bool(row.get("start") and row.get("end")), "start and end", "dates", row)


@CHECKS.add("periods.modes", "rule 99")
async def modes(platform: Platform) -> None:
    """Periods share by weight or have budgets; any other mode is refused, and so is a period without its share."""
    for wrong in (
        await _periods(platform, (1, 31, {"weight": 1}), mode="mood"),
        await _periods(platform, (1, 31, {}), mode="weight"),
        await _periods(platform, (1, 31, {"weight": 1}), mode="budget"),
    ):
        await platform.refused("POST", "campaigns", await platform.draft(pacingPeriods=wrong), "VALIDATION_ERROR")


@CHECKS.add("periods.dates", "rule 104", "should")
async def dates(platform: Platform) -> None:
    """A period that ends before it begins is refused."""
    wrong = await _periods(platform, (20, 10, {"weight": 1}))
    await platform.refused("POST", "campaigns", await platform.draft(pacingPeriods=wrong), "VALIDATION_ERROR")


@CHECKS.add("periods.packages", "rules 78 and 101")
async def packages(platform: Platform) -> None:
    """Each product becomes a package for each period, in the proportion of their weights."""
    given = await _periods(platform, (1, 11, {"weight": 1}), (11, 31, {"weight": 3}))
    found = await platform.launched(pacingPeriods=given)
    shown = sorted(package["budget"] for package in found["mediaBuys"][0]["packages"])
    expect(len(shown) == 2, "packages", 2, len(shown))
    expect(near(sum(shown), 1000), "sum of the packages", "the product's budget of 1000", sum(shown))
    expect(near(shown[0] * 3, shown[1]), "budgets of the packages", "1 to 3", shown)


@CHECKS.add("periods.locked", "rule 102")
async def locked(platform: Platform) -> None:
    """After the launch periods can't be changed."""
    given = await _periods(platform, (1, 11, {"weight": 1}), (11, 31, {"weight": 3}))
    found = await platform.launched(pacingPeriods=given)
    for row in given["periods"]:
        row["weight"] = 2
    body = {"pacingPeriods": given}
    await platform.refused("PUT", f"campaigns/{found['campaignId']}", body, "INVALID_STATE")


@CHECKS.add("periods.appended", "rules 102 and 103")
async def appended(platform: Platform) -> None:
    """A period can be appended to a running campaign, and the answer tells what came of it on every media buy."""
    given = await _periods(platform, (1, 11, {"budget": 300}), mode="budget")
    found = await platform.launched(pacingPeriods=given)
    more = await _periods(platform, (12, 20, {"budget": 200}), mode="budget")
    body = {"pacingPeriods": {"mode": "budget", "periods": [*given["periods"], *more["periods"]]}}
    done = await platform.ok("PUT", f"campaigns/{found['campaignId']}", body)
    told = done.get("pacingCascadeResult")
    expect(bool(told), "pacingCascadeResult", "an outcome for each media buy", told)
