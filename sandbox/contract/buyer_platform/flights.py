"""Parts G and H over days: what is delivered in the gaps of pacing periods, and under frequency caps."""

from __future__ import annotations

from typing import Any

from sandbox.contract.buyer_platform.answers import Body
from sandbox.contract.buyer_platform.banners import pictured
from sandbox.contract.buyer_platform.checks import CHECKS
from sandbox.contract.buyer_platform.faults import control_of
from sandbox.contract.buyer_platform.platform import Platform
from sandbox.contract.check import Skipped, expect

MONTH = {"interval": 30, "unit": "days"}


async def _running(platform: Platform, groups: int = 1, **fields: Any) -> Body:
    """A campaign with a picture whose media buys have been approved."""
    campaign, _ = await pictured(platform, groups, **fields)
    await platform.execute(campaign)
    return await platform.active(campaign["campaignId"])


async def _seen(platform: Platform, campaign: Body) -> int:
    """How often somebody saw a campaign at most after four days; every sales agent must have shown it."""
    await platform.pass_days(4)
    control, named = control_of(platform), {"campaign": str(campaign["campaignId"])}
    for agent in sorted({buy["salesAgentId"] for buy in campaign["mediaBuys"]}):
        if not (await control.metrics("impressions", seller=agent, **named))["impressions"]:
            raise Skipped(f"{agent} delivered nothing")
    return int((await control.metrics("max_frequency", **named))["max_frequency"])


@CHECKS.add("periods.gap", "rule 100", timeout_s=300)
async def gap(platform: Platform) -> None:
    """Nothing is spent between two pacing periods. The days beside them may be others in a seller's time zone."""
    control_of(platform)
    spans = [("First", 1, 4), ("Second", 7, 31)]
    days = {day: (await platform.date(day))[:10] for day in range(1, 10)}
    rows = [
        {"label": label, "start": await platform.date(begin), "end": await platform.date(end), "weight": 1}
        for label, begin, end in spans
    ]
    made = await _running(platform, pacingPeriods={"mode": "weight", "periods": rows})
    while (await platform.now()).strftime("%Y-%m-%d") < days[9]:
        await platform.pass_days(1)
    query = {"view": "timeseries", "days": 7, "campaignId": made["campaignId"]}
    spent: dict[str, float] = {}
    for row in (await platform.ok("GET", "reporting/metrics", **query))["timeseries"]:
        spent[row["date"]] = spent.get(row["date"], 0) + row["metrics"]["spend"]
    if not (spent.get(days[3]) and spent.get(days[8])):
        raise Skipped(f"nothing was delivered in the periods: {spent}")
    expect(not spent.get(days[5]), f"spend on {days[5]}, between the periods", 0, spent)


@CHECKS.add("caps.union", "rule 106", timeout_s=300)
async def union(platform: Platform) -> None:
    """A campaign that allows more than its advertiser does not lift the advertiser's cap."""
    control_of(platform)
    advertiser = await platform.advertiser(frequencyCaps=[{"max_impressions": 1, "window": MONTH}])
    caps = [{"max_impressions": 9, "window": {"interval": 1, "unit": "days"}}]
    most = await _seen(platform, await _running(platform, advertiser=advertiser, frequencyCaps=caps))
    expect(most <= 1, "impressions of one person", "1 at most", most)


@CHECKS.add("caps.all_publishers", "rule 107", timeout_s=300)
async def all_publishers(platform: Platform) -> None:
    """A cap holds over all sales agents and publishers together."""
    control_of(platform)
    caps = [{"max_impressions": 2, "window": MONTH}]
    campaign = await _running(platform, groups=2, frequencyCaps=caps)
    if len({buy["salesAgentId"] for buy in campaign["mediaBuys"]}) < 2:
        raise Skipped("only one sales agent offers banners")
    most = await _seen(platform, campaign)
    expect(most <= 2, "impressions of one person", "2 at most", most)
