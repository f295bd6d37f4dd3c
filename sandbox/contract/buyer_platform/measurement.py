"""Part K: measurement data, the measurement engine and test cohorts."""

from __future__ import annotations

from typing import Any

from sandbox.contract.buyer_platform.answers import content, judge, listing
from sandbox.contract.buyer_platform.checks import CHECKS
from sandbox.contract.buyer_platform.platform import Platform
from sandbox.contract.check import Skipped, expect


async def _row(platform: Platform, advertiser: str, **fields: Any) -> dict[str, Any]:
    return {
        "start_time": await platform.day(-3),
        "end_time": await platform.day(-2),
        "metric_id": "conversions",
        "metric_value": 17,
        "unit": "count",
        "advertiser_id": advertiser,
        **fields,
    }


async def _refuse(platform: Platform, advertiser: str, *rows: dict[str, Any]) -> None:
    path = f"advertisers/{advertiser}/measurement-data/sync"
    await platform.refused("POST", path, {"measurements": list(rows)}, "VALIDATION_ERROR")


async def _fail(platform: Platform, advertiser: str, row: dict[str, Any]) -> None:
    """A measurement that must not be taken: the request is refused, or that one fails."""
    path = f"advertisers/{advertiser}/measurement-data/sync"
    answer = await platform.send("POST", path, {"measurements": [row]})
    platform.there(answer, "POST", path)
    if answer.status >= 300:
        judge(answer, f"POST {path}", "VALIDATION_ERROR")
        return
    seen = [one["action"] for one in listing(content(answer.body), "measurements")]
    expect(seen == ["failed"], "actions", ["failed"], seen)


@CHECKS.add("measurement.again", "rule 136")
async def again(platform: Platform) -> None:
    """The same measurement again changes nothing, and another value corrects it."""
    advertiser = await platform.advertiser()
    row, seen = await _row(platform, advertiser), []
    for value in (17, 17, 18):
        body = {"measurements": [{**row, "metric_value": value}]}
        done = await platform.ok("POST", f"advertisers/{advertiser}/measurement-data/sync", body)
        seen.append(listing(done, "measurements")[0]["action"])
    wanted = ["created", "unchanged", "updated"]
    expect(seen == wanted, "actions of three syncs", wanted, seen)


@CHECKS.add("measurement.order", "rule 136")
async def order(platform: Platform) -> None:
    """A measurement ends after it begins."""
    advertiser = await platform.somebody()
    await _fail(platform, advertiser, await _row(platform, advertiser, end_time=await platform.day(-4)))


@CHECKS.add("measurement.currency", "rule 136")
async def currency(platform: Platform) -> None:
    """An amount of money needs its currency."""
    advertiser = await platform.somebody()
    await _fail(platform, advertiser, await _row(platform, advertiser, unit="currency"))


@CHECKS.add("measurement.about", "rule 136")
async def about(platform: Platform) -> None:
    """A measurement is about something."""
    advertiser = await platform.somebody()
    row = await _row(platform, advertiser)
    del row["advertiser_id"]
    await _fail(platform, advertiser, row)


@CHECKS.add("measurement.limits", "rule 136")
async def limits(platform: Platform) -> None:
    """One to a thousand measurements come at a time."""
    advertiser = await platform.somebody()
    row = await _row(platform, advertiser)
    await _refuse(platform, advertiser)
    await _refuse(platform, advertiser, *({**row, "external_row_id": str(number)} for number in range(1001)))


def _source(**fields: Any) -> dict[str, Any]:
    return {
        "sourceKey": "check_panel",
        "name": "Panel",
        "outcomeType": "sales",
        "granularity": "weekly",
        "cadence": "weekly",
        "provider": "Somebody",
        **fields,
    }


@CHECKS.add("measurement.source_defaults", "rule 137")
async def source_defaults(platform: Platform) -> None:
    """A measurement source has a lag of one week and a weight of one unless it says otherwise."""
    advertiser = await platform.advertiser()
    path = f"advertisers/{advertiser}/measurement-sources"
    made = await platform.ok("POST", path, _source()) or {}
    if "lagWeeks" not in made:
        made = (listing(await platform.ok("GET", path), "measurementSources", "sources", "items") or [{}])[0]
    if not {"lagWeeks", "signalWeight"} <= set(made):
        raise Skipped("a measurement source does not show its lag and weight")
    shown = (made["lagWeeks"], made["signalWeight"])
    expect(shown == (1, 1), "lagWeeks and signalWeight", (1, 1), shown)


@CHECKS.add("measurement.source_ranges", "rule 137")
async def source_ranges(platform: Platform) -> None:
    """A weight is from 0 to 1, and cadence and status are of their kinds."""
    path = f"advertisers/{await platform.somebody()}/measurement-sources"
    for wrong in ({"signalWeight": 1.5}, {"signalWeight": -0.1}, {"cadence": "sometimes"}, {"status": "asleep"}):
        await platform.refused("POST", path, _source(**wrong), "VALIDATION_ERROR")


@CHECKS.add("measurement.freshness", "rule 139")
async def freshness(platform: Platform) -> None:
    """Freshness is asked for a flight and for places."""
    path = f"advertisers/{await platform.somebody()}/measurement-freshness"
    await platform.refused("GET", path, None, "VALIDATION_ERROR", query={"geos": "US"})
    await platform.refused("GET", path, None, "VALIDATION_ERROR", query={"flightStart": "2026-05-01"})


@CHECKS.add("measurement.cohorts", "rule 140", "should")
async def cohorts(platform: Platform) -> None:
    """A test cohort has a share from 0 to 100 percent, and is listed."""
    path = f"advertisers/{await platform.advertiser()}/test-cohorts"
    await platform.ok("POST", path, {"name": "Half", "splitPercentage": 50})
    for wrong in (-1, 101):
        await platform.refused("POST", path, {"name": "Wrong", "splitPercentage": wrong}, "VALIDATION_ERROR")
    shown = [row.get("name") for row in listing(await platform.ok("GET", path), "testCohorts", "cohorts", "items")]
    expect(shown == ["Half"], "test cohorts", ["Half"], shown)


@CHECKS.add("measurement.contexts", "rule 138")
async def contexts(platform: Platform) -> None:
    """Without a word about it there was no promotion; a flight has one of four statuses."""
    path = f"advertisers/{await platform.advertiser()}/context-records"
    week = {"geo": "Atlanta", "timeWindowStart": "2026-01-05", "timeWindowEnd": "2026-01-11"}
    seen = []
    for more in ({}, {"promoActive": False}, {"promoActive": True}):
        done = await platform.ok("POST", path, {"records": [{**week, **more}]})
        told = done.get("records") if isinstance(done, dict) else done
        seen += [row["action"] for row in told or [] if isinstance(row, dict) and "action" in row]
    wanted = ["created", "unchanged", "updated"]
    expect(seen in ([], wanted), "actions of three uploads", wanted, seen)
    for status in ("active", "dark", "pre_flight", "post_flight"):
        await platform.ok("POST", path, {"records": [{**week, "flightStatus": status}]})
    body = {"records": [{**week, "flightStatus": "boarding"}]}
    await platform.refused("POST", path, body, "VALIDATION_ERROR")
