"""What becomes of running campaigns over some days: caps that they get, and what the optimiser does (parts I and O)."""

from __future__ import annotations

from typing import Any

from sandbox.contract.buyer_platform.answers import Body
from sandbox.contract.buyer_platform.banners import pictured
from sandbox.contract.buyer_platform.checks import CHECKS
from sandbox.contract.buyer_platform.faults import control_of
from sandbox.contract.buyer_platform.goals import goals, metric
from sandbox.contract.buyer_platform.platform import Platform
from sandbox.contract.check import Skipped, expect

DAYS = 12
"""After so many days of the flight the optimiser must have found something to suggest."""


@CHECKS.add("caps.all_buys", "rule 114")
async def all_buys(platform: Platform) -> None:
    """A cap that a running campaign gets holds for all its media buys: nobody sees it more often, whoever shows it."""
    control = control_of(platform)
    campaign, _ = await pictured(platform, groups=2)
    await platform.execute(campaign)
    await platform.active(campaign["campaignId"])
    cap = {"max_impressions": 1, "window": {"interval": 1, "unit": "campaign"}}
    await platform.ok("PUT", f"campaigns/{campaign['campaignId']}", {"frequencyCaps": [cap]})
    await platform.pass_days(4)
    shown = await control.metrics("impressions", "max_frequency", campaign=campaign["campaignId"])
    if not shown["impressions"]:
        raise Skipped("nothing was delivered")
    expect(shown["max_frequency"] <= 1, "impressions of one person", "1 at most", shown["max_frequency"])


@CHECKS.add("suggestions.apply_mode", "rule 176", timeout_s=120)
async def apply_mode(platform: Platform) -> None:
    """With MANUAL a suggestion waits for a person, with AUTO it is applied; without goals there is none."""
    aim = {"performanceConfig": goals(metric("clicks"))}
    fields: dict[str, Body] = {"MANUAL": aim, "AUTO": aim, "no goals": {}}
    named: dict[str, str] = {}
    for kind, more in fields.items():
        mode = "MANUAL" if kind == "MANUAL" else "AUTO"
        campaign, _ = await pictured(platform, products=4, optimizationApplyMode=mode, **more)
        await platform.execute(campaign)
        named[kind] = campaign["campaignId"]
    for _ in range(DAYS):
        await platform.pass_days(1)
        found = {kind: await _statuses(platform, campaign) for kind, campaign in named.items()}
        if found["MANUAL"] and found["AUTO"]:
            break
    wrong = sorted(set(found["MANUAL"]) & {"APPLIED", "HIL_APPROVED"})
    expect("HIL_WAITING" in found["MANUAL"] and not wrong, "suggestions with MANUAL", "HIL_WAITING", found["MANUAL"])
    waited = [status for status in found["AUTO"] if status.startswith("HIL")]
    expect(bool(found["AUTO"]) and not waited, "suggestions with AUTO", "APPLIED", found["AUTO"])
    expect(found["no goals"] == [], "suggestions without goals", [], found["no goals"])


async def _statuses(platform: Platform, campaign: str) -> list[str]:
    query: dict[str, Any] = {"limit": 100, "campaignId": campaign}
    rows = (await platform.ok("GET", "optimization-suggestions", **query))["suggestions"]
    return [row["status"] for row in rows if row["campaignId"] == campaign]
