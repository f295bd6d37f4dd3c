"""Part D: what a campaign aims at."""

from __future__ import annotations

from typing import Any

from sandbox.contract.buyer_platform.checks import CHECKS
from sandbox.contract.buyer_platform.platform import Platform
from sandbox.contract.check import expect

METRICS = (
    "clicks views completed_views viewed_seconds attention_seconds attention_score engagements follows saves "
    "profile_visits"
).split()


def goals(*rows: dict[str, Any]) -> dict[str, Any]:
    """Performance settings."""
    return {"optimizationGoals": list(rows)}


def metric(named: str) -> dict[str, Any]:
    """A goal about a metric."""
    return {"kind": "metric", "metric": named}


async def sourced(platform: Platform) -> str:
    """An advertiser with the event source ``check_site``."""
    advertiser = await platform.somebody()
    body = {"account": {"account_id": advertiser}, "event_sources": [{"event_source_id": "check_site"}]}
    await platform.ok("POST", f"advertisers/{advertiser}/event-sources/sync", body)
    return advertiser


def event(source: str = "check_site", **more: Any) -> dict[str, Any]:
    """A goal about purchases."""
    return {"kind": "event", "eventSources": [{"eventSourceId": source, "eventType": "purchase"}], **more}


async def _refuse(platform: Platform, advertiser: str, *rows: dict[str, Any]) -> None:
    body = await platform.draft(advertiser, performanceConfig=goals(*rows))
    await platform.refused("POST", "campaigns", body, "VALIDATION_ERROR", "NOT_FOUND")


@CHECKS.add("goals.one_at_least", "rule 50")
async def one_at_least(platform: Platform) -> None:
    """Performance settings without a goal are refused."""
    await _refuse(platform, await platform.somebody())


@CHECKS.add("goals.kinds", "rule 51")
async def kinds(platform: Platform) -> None:
    """A goal is about events of sources or about a metric, and names them."""
    advertiser = await sourced(platform)
    await platform.campaign(advertiser, performanceConfig=goals(event(), metric("clicks")))
    for wrong in ({"kind": "event", "eventSources": []}, {"kind": "metric"}, {"kind": "hope", "metric": "clicks"}):
        await _refuse(platform, advertiser, wrong)


@CHECKS.add("goals.sources", "rule 52")
async def sources(platform: Platform) -> None:
    """The source of a goal is registered for the advertiser."""
    await _refuse(platform, await sourced(platform), event("no_such_source"))


@CHECKS.add("goals.values", "rule 53")
async def values(platform: Platform) -> None:
    """A target about value needs a source that says where the value stands."""
    advertiser = await sourced(platform)
    for target in ({"kind": "per_ad_spend", "value": 3}, {"kind": "maximize_value"}):
        await _refuse(platform, advertiser, event(target=target))
    source = {"eventSourceId": "check_site", "eventType": "purchase", "valueField": "value"}
    right = {"kind": "event", "eventSources": [source], "target": {"kind": "per_ad_spend", "value": 3}}
    await platform.campaign(advertiser, performanceConfig=goals(right))


@CHECKS.add("goals.targets", "rule 53")
async def targets(platform: Platform) -> None:
    """Targets of events are refused for metrics, and the other way round."""
    advertiser = await sourced(platform)
    await _refuse(platform, advertiser, {**metric("clicks"), "target": {"kind": "maximize_value"}})
    await _refuse(platform, advertiser, event(target={"kind": "threshold_rate", "value": 0.5}))


@CHECKS.add("goals.metrics", "rule 54")
async def metrics(platform: Platform) -> None:
    """There are ten metrics to aim at, and no others."""
    made = await platform.campaign()
    for named in METRICS:
        await platform.ok("PUT", f"campaigns/{made['campaignId']}", {"performanceConfig": goals(metric(named))})
        config = (await platform.read(made["campaignId"]))["performanceConfig"]
        shown = config["optimizationGoals"][0]["metric"]
        expect(shown == named, "metric", named, shown)
    await _refuse(platform, str(made["advertiserId"]), metric("happiness"))


@CHECKS.add("goals.none_by_default", "rule 92")
async def none_by_default(platform: Platform) -> None:
    """A campaign that was given no goals has none."""
    made = await platform.campaign()
    found = (made.get("performanceConfig") or {}).get("optimizationGoals")
    expect(not found, "performanceConfig.optimizationGoals", "none", found)


@CHECKS.add("goals.discovery", "rule 48")
async def discovery(platform: Platform) -> None:
    """Goals together with channels start a discovery at the creation."""
    advertiser = await platform.somebody()
    found = await platform.discover(advertiser)
    channel = found["productGroups"][0]["products"][0].get("channel") or "display"
    config = {"performanceConfig": goals(metric("clicks")), "constraints": {"channels": [channel]}}
    made = await platform.campaign(advertiser, **config)
    expect(bool(made.get("discoveryId")), "discoveryId", "an id", made.get("discoveryId"))
