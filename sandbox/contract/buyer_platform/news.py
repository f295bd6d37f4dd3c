"""Part O: notifications, activity, suggestions."""

from __future__ import annotations

from typing import Any

from sandbox.contract.buyer_platform.answers import Body
from sandbox.contract.buyer_platform.checks import CHECKS
from sandbox.contract.buyer_platform.faults import control_of
from sandbox.contract.buyer_platform.platform import Platform
from sandbox.contract.check import Skipped, expect

NEWS = "/api/v2/notifications"


async def _news(platform: Platform) -> list[Body]:
    """Notifications about a campaign that is launched, which nobody else waits for."""
    named = (await platform.staged())["campaignId"]
    await platform.ok("POST", f"campaigns/{named}/execute", {})

    async def come() -> list[Body]:
        query = {"campaignId": named}
        rows: list[Body] = (await platform.ok("GET", NEWS, **query))["notifications"]
        await platform.send("GET", f"campaigns/{named}/media-buy-status")
        return rows

    rows: list[Body] = await platform.until(come, "a notification about a launched campaign")
    return rows


async def unread(platform: Platform) -> Body:
    """An unread notification; a campaign is launched if there is none."""
    query = {"unreadOnly": "true", "limit": 1}
    rows: list[Body] = (await platform.ok("GET", NEWS, **query))["notifications"]
    if not rows:
        rows = [row for row in await _news(platform) if not row["read"]]
    if not rows:
        raise Skipped("there are no unread notifications")
    return rows[0]


async def _row(platform: Platform, named: str) -> Body:
    rows = (await platform.ok("GET", NEWS, limit=100))["notifications"]
    found = [row for row in rows if str(row["id"]) == named]
    if not found:
        raise Skipped(f"the notification {named} is not among the hundred that are listed first")
    return dict(found[0])


@CHECKS.add("news.rows", "rules 170 and 171")
async def rows(platform: Platform) -> None:
    """A notification is about something that happened to a resource; its row is short and has no data."""
    for row in await _news(platform):
        expect("." in str(row["type"]), "type", "resource.action", row["type"])
        length = len(row["messagePreview"])
        expect(length <= 200, "messagePreview", "at most 200 characters", length)
        expect("data" not in row, "a row of notifications", "no data", sorted(row))


@CHECKS.add("news.read", "rules 170 and 171")
async def read(platform: Platform) -> None:
    """Reading a notification counts it as read, and does not acknowledge it."""
    unread = [row for row in await _news(platform) if not row["read"] and not row["acknowledged"]]
    if not unread:
        raise Skipped("there are no unread notifications")
    before, named = await platform.ok("GET", NEWS), str(unread[0]["id"])
    await platform.ok("POST", f"{NEWS}/{named}/read", {})
    row, after = await _row(platform, named), await platform.ok("GET", NEWS)
    expect((row["read"], row["acknowledged"]) == (True, False), "read, acknowledged", (True, False), row)
    if before["totalCount"] == after["totalCount"]:
        wanted = before["unreadCount"] - 1
        expect(after["unreadCount"] == wanted, "unreadCount", wanted, after["unreadCount"])


@CHECKS.add("news.acknowledge", "rule 170")
async def acknowledge(platform: Platform) -> None:
    """A notification can be acknowledged."""
    named = str((await _news(platform))[0]["id"])
    await platform.ok("POST", f"{NEWS}/{named}/acknowledge", {})
    row = await _row(platform, named)
    expect(row["acknowledged"] is True, "acknowledged", True, row["acknowledged"])


@CHECKS.add("news.read_all", "rule 172")
async def read_all(platform: Platform) -> None:
    """All notifications can be marked as read at once; in a sandbox only, where nobody waits for them."""
    control_of(platform)
    await _news(platform)
    await platform.ok("POST", f"{NEWS}/read-all", {})
    left = (await platform.ok("GET", NEWS))["unreadCount"]
    expect(left == 0, "unreadCount", 0, left)
    rows = (await platform.ok("GET", NEWS, unreadOnly="true"))["notifications"]
    expect(rows == [], "unread notifications", [], rows)


@CHECKS.add("news.unknown", "rules 4 and 170")
async def unknown(platform: Platform) -> None:
    """A notification that is not there is NOT_FOUND."""
    for action in ("read", "acknowledge"):
        await platform.refused("POST", f"{NEWS}/no-such-notification/{action}", {}, "NOT_FOUND")


async def _activity(platform: Platform, **query: Any) -> list[Body]:
    found: list[Body] = (await platform.ok("GET", "audit-logs", **query))["logs"]
    return found


@CHECKS.add("activity.rows", "rule 173")
async def activity(platform: Platform) -> None:
    """What was done to a campaign is in its activity, and nothing of another one."""
    made, other = await platform.campaign(), await platform.campaign()

    async def come() -> list[Body]:
        return await _activity(platform, campaignId=made["campaignId"])

    named = {str(row["resourceId"]) for row in await platform.until(come, "the activity of a campaign", hours=1)}
    expect(made["campaignId"] in named, "resources of the activity", made["campaignId"], sorted(named))
    expect(other["campaignId"] not in named, "resources of the activity", f"not {other['campaignId']}", sorted(named))


@CHECKS.add("activity.types", "rule 173")
async def types(platform: Platform) -> None:
    """Types of resources are given one by one or with commas, and filter alike."""
    advertiser = (await platform.staged())["advertiserId"]
    kinds = ["CAMPAIGN", "ADVERTISER"]
    found = []
    for given in (kinds, ",".join(kinds)):
        logs = await _activity(platform, resourceTypes=given, advertiserId=advertiser)
        found.append(sorted(str(row["id"]) for row in logs))
        others = sorted({row["resourceType"] for row in logs} - set(kinds))
        expect(not others, "resource types", kinds, others)
    expect(found[0] == found[1], "rows", "the same both ways", found)


@CHECKS.add("activity.pages", "rules 8 and 173")
async def pages(platform: Platform) -> None:
    """Activity is paged by take and skip, and meta.pagination agrees."""
    advertiser = await platform.advertiser()
    for _ in range(3):
        await platform.campaign(advertiser)
    found: list[str] = []
    for skip in range(0, 50, 2):
        answer = await platform.send("GET", "audit-logs", None, {"advertiserId": advertiser, "take": 2, "skip": skip})
        platform.there(answer, "GET", "audit-logs")
        told, rows = answer.body["meta"]["pagination"], answer.body["data"]["logs"]
        found += [str(row["id"]) for row in rows]
        more = skip + len(rows) < told["total"]
        expect(told["hasMore"] == more, "meta.pagination.hasMore", more, told["hasMore"])
        if not more:
            break
    expect(told["total"] >= 3, "meta.pagination.total", "three campaigns at least", told["total"])
    expect(len(set(found)) == told["total"], "rows of all pages", f"{told['total']}, each once", found)


@CHECKS.add("suggestions.filter", "rule 174")
async def suggestions(platform: Platform) -> None:
    """Suggestions are filtered by one of eleven statuses, and by no other."""
    found = await platform.ok("GET", "optimization-suggestions", status="HIL_WAITING")
    others = [row for row in found["suggestions"] if row["status"] != "HIL_WAITING"]
    expect(not others, "suggestions", "waiting ones", others)
    await platform.refused("GET", "optimization-suggestions", None, "VALIDATION_ERROR", query={"status": "MAYBE"})


@CHECKS.add("suggestions.unknown", "rules 4 and 175")
async def no_suggestion(platform: Platform) -> None:
    """A suggestion that is not there is NOT_FOUND."""
    await platform.refused("GET", "optimization-suggestions/no-such-suggestion", None, "NOT_FOUND")
    for action in ("approve", "reject"):
        await platform.refused("POST", f"optimization-suggestions/no-such-suggestion/{action}", {}, "NOT_FOUND")
