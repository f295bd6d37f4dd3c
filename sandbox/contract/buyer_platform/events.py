"""Part K: event sources and events."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sandbox.contract.buyer_platform.answers import Body, archived, field_of, judge, listing
from sandbox.contract.buyer_platform.checks import CHECKS
from sandbox.contract.buyer_platform.platform import Platform, name
from sandbox.contract.check import expect


async def _sync(platform: Platform, advertiser: str, *ids: str, **more: Any) -> dict[str, str]:
    rows = [{"event_source_id": one} for one in ids]
    body = {"account": {"account_id": advertiser}, "event_sources": rows, **more}
    done = await platform.ok("POST", f"advertisers/{advertiser}/event-sources/sync", body)
    return {row["event_source_id"]: row["action"] for row in listing(done, "event_sources")}


async def _log(platform: Platform, advertiser: str, *ids: str, **more: Any) -> Body:
    at = await platform.day(0)
    rows = [{"event_id": one, "event_type": "purchase", "event_time": at} for one in ids]
    body = {"event_source_id": "check_site", "events": rows, **more}
    done: Body = await platform.ok("POST", f"advertisers/{advertiser}/log-event", body)
    return done


@CHECKS.add("events.sources", "rule 133")
async def sources(platform: Platform) -> None:
    """Syncing tells of each source whether it was created, updated or left unchanged."""
    advertiser = await platform.advertiser()
    seen = [await _sync(platform, advertiser, "check_site") for _ in range(2)]
    path = f"advertisers/{advertiser}/event-sources/sync"
    row = {"event_source_id": "check_site", "name": "Another name"}
    done = await platform.ok("POST", path, {"account": {"account_id": advertiser}, "event_sources": [row]})
    shown = [*(one["check_site"] for one in seen), listing(done, "event_sources")[0]["action"]]
    wanted = ["created", "unchanged", "updated"]
    expect(shown == wanted, "actions of three syncs", wanted, shown)


@CHECKS.add("events.sources_limits", "rule 133")
async def sources_limits(platform: Platform) -> None:
    """One to fifty sources come at a time."""
    advertiser = await platform.somebody()
    for number in (0, 51):
        rows = [{"event_source_id": f"s{one}"} for one in range(number)]
        body = {"account": {"account_id": advertiser}, "event_sources": rows}
        await platform.refused("POST", f"advertisers/{advertiser}/event-sources/sync", body, "VALIDATION_ERROR")


@CHECKS.add("events.sources_account", "rule 133")
async def sources_account(platform: Platform) -> None:
    """The account of a sync is the advertiser of its path."""
    one, other = await platform.advertiser(), await platform.advertiser()
    body = {"account": {"account_id": other}, "event_sources": [{"event_source_id": "check_site"}]}
    await platform.refused("POST", f"advertisers/{one}/event-sources/sync", body, "VALIDATION_ERROR")


@CHECKS.add("events.sources_missing", "rule 133")
async def sources_missing(platform: Platform) -> None:
    """With delete_missing the sources that a sync leaves out are archived; without it they stay."""
    advertiser = await platform.advertiser()
    await _sync(platform, advertiser, "first", "second")
    seen = []
    for more in ({}, {"delete_missing": True}):
        await _sync(platform, advertiser, "first", **more)
        rows = listing(await platform.ok("GET", f"advertisers/{advertiser}/event-sources"), "event_sources", "items")
        named = [field_of(row, "eventSourceId", "event_source_id") for row in rows if not archived(row)]
        seen.append(sorted(named))
    wanted = [["first", "second"], ["first"]]
    expect(seen == wanted, "sources after two syncs", wanted, seen)


@CHECKS.add("events.registered", "rule 134")
async def registered(platform: Platform) -> None:
    """Events of a source that is not registered are refused."""
    advertiser = await platform.somebody()
    await _sync(platform, advertiser, "check_site")
    await _log(platform, advertiser, name())
    row = {"event_id": "e1", "event_type": "purchase", "event_time": await platform.day(0)}
    body = {"event_source_id": "no_such_source", "events": [row]}
    await platform.refused("POST", f"advertisers/{advertiser}/log-event", body, "VALIDATION_ERROR", "NOT_FOUND")


@CHECKS.add("events.limits", "rule 134")
async def limits(platform: Platform) -> None:
    """One to ten thousand events come at a time."""
    advertiser = await platform.somebody()
    await _sync(platform, advertiser, "check_site")
    at = await platform.day(0)
    for number in (0, 10_001):
        rows = [{"event_id": f"e{one}", "event_type": "purchase", "event_time": at} for one in range(number)]
        body = {"event_source_id": "check_site", "events": rows}
        answer = await platform.send("POST", f"advertisers/{advertiser}/log-event", body)
        platform.there(answer, "POST", f"advertisers/{advertiser}/log-event")
        if answer.status != 413:
            judge(answer, f"{number} events", "VALIDATION_ERROR")


@CHECKS.add("events.counted", "rule 134")
async def counted(platform: Platform) -> None:
    """All events that come are counted as received, and those that are right as processed."""
    advertiser = await platform.somebody()
    await _sync(platform, advertiser, "check_site")
    done = await _log(platform, advertiser, name(), name(), name())
    shown = (done["events_received"], done["events_processed"], done.get("partial_failures") or [])
    expect(shown == (3, 3, []), "received, processed, failures", (3, 3, []), shown)


@CHECKS.add("events.once", "rules 134 and 135")
async def once(platform: Platform) -> None:
    """An event counts once, however often it comes, and a test event not at all."""
    advertiser = await platform.advertiser()
    await _sync(platform, advertiser, "check_site")
    now = await platform.now()
    for _ in range(2):
        await _log(platform, advertiser, "e1")
    await _log(platform, advertiser, "e2", test_event_code="TEST1")
    await platform.pass_days(0.125)
    hour = now.replace(minute=0, second=0, microsecond=0)
    span = {"startHour": _hour(hour), "endHour": _hour(hour + timedelta(hours=3))}
    told = await platform.ok("GET", f"advertisers/{advertiser}/events/summary", **span)
    expect(told["totalEventCount"] == 1, "totalEventCount", 1, told["totalEventCount"])
    total = sum(row["eventCount"] for row in told["entries"])
    expect(total == told["totalEventCount"], "sum of the entries", told["totalEventCount"], total)


@CHECKS.add("events.hours", "rule 135")
async def hours(platform: Platform) -> None:
    """The summary is of the last whole hour unless hours are given."""
    advertiser = await platform.somebody()
    told = await platform.ok("GET", f"advertisers/{advertiser}/events/summary")
    begin, end = datetime.fromisoformat(told["periodStart"]), datetime.fromisoformat(told["periodEnd"])
    expect(end - begin == timedelta(hours=1), "the period", "an hour", str(end - begin))
    expect(begin.minute == begin.second == 0, "periodStart", "a whole hour", told["periodStart"])


@CHECKS.add("events.whole_hours", "rule 135", "should")
async def whole_hours(platform: Platform) -> None:
    """A summary of half hours is refused: events are counted by whole ones."""
    path = f"advertisers/{await platform.somebody()}/events/summary"
    query = {"startHour": "2026-01-01T00:30:00Z", "endHour": "2026-01-01T02:00:00Z"}
    await platform.refused("GET", path, None, "VALIDATION_ERROR", query=query)


def _hour(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:00:00Z")
