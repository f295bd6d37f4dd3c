"""Part O: notifications, activity, suggestions."""

from __future__ import annotations

from sandbox.contract.buyer_platform.answers import Body
from sandbox.contract.buyer_platform.checks import CHECKS
from sandbox.contract.buyer_platform.platform import Platform
from sandbox.contract.check import Skipped, expect

NEWS = "/api/v2/notifications"


async def _news(platform: Platform) -> list[Body]:
    """Notifications; something is made to happen if there are none."""
    found = await platform.ok("GET", NEWS)
    if not found["notifications"]:
        await platform.launched()
        found = await platform.ok("GET", NEWS)
    rows: list[Body] = found["notifications"]
    if not rows:
        raise Skipped("there are no notifications")
    return rows


async def unread(platform: Platform) -> Body:
    """The newest unread notification; a campaign is launched if there is none."""
    query = {"unreadOnly": "true", "limit": 1}
    rows: list[Body] = (await platform.ok("GET", NEWS, **query))["notifications"]
    if not rows:
        await platform.launched()
        rows = (await platform.ok("GET", NEWS, **query))["notifications"]
    if not rows:
        raise Skipped("there are no unread notifications")
    return rows[0]


async def _row(platform: Platform, named: str) -> Body:
    rows = (await platform.ok("GET", NEWS, limit=100))["notifications"]
    return next(row for row in rows if str(row["id"]) == named)


@CHECKS.add("news.rows", "rules 170 and 171")
async def rows(platform: Platform) -> None:
    """A notification is about something that happened to a resource; its row is short and has no data."""
    for row in await _news(platform):
        expect("." in str(row["type"]), "type", "resource.action", row["type"])
        length = len(row["messagePreview"])
        expect(length <= 200, "messagePreview", "at most 200 characters", length)
        extra = sorted({"data", "message"} & set(row))
        expect(not extra, "a row of notifications", "no data", extra)


@CHECKS.add("news.read", "rules 170 and 171")
async def read(platform: Platform) -> None:
    """Reading a notification counts it as read, and does not acknowledge it."""
    unread = [row for row in await _news(platform) if not row["read"] and not row["acknowledged"]]
    if not unread:
        raise Skipped("there are no unread notifications")
    before = (await platform.ok("GET", NEWS))["unreadCount"]
    named = str(unread[0]["id"])
    await platform.ok("POST", f"{NEWS}/{named}/read", {})
    row, after = await _row(platform, named), (await platform.ok("GET", NEWS))["unreadCount"]
    expect((row["read"], row["acknowledged"]) == (True, False), "read, acknowledged", (True, False), row)
    expect(after == before - 1, "unreadCount", before - 1, after)


@CHECKS.add("news.acknowledge", "rule 170")
async def acknowledge(platform: Platform) -> None:
    """A notification can be acknowledged."""
    fresh = [row for row in await _news(platform) if not row["acknowledged"]]
    if not fresh:
        raise Skipped("all notifications are acknowledged")
    named = str(fresh[0]["id"])
    await platform.ok("POST", f"{NEWS}/{named}/acknowledge", {})
    row = await _row(platform, named)
    expect(row["acknowledged"] is True, "acknowledged", True, row["acknowledged"])


@CHECKS.add("news.read_all", "rule 172")
async def read_all(platform: Platform) -> None:
    """All notifications can be marked as read at once."""
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


@CHECKS.add("activity.rows", "rule 173")
async def activity(platform: Platform) -> None:
    """What was done to a campaign is in its activity, and nothing of another one."""
    made = await platform.campaign()
    await platform.campaign()
    rows = (await platform.ok("GET", "audit-logs", campaignId=made["campaignId"]))["logs"]
    named = {str(row["resourceId"]) for row in rows}
    expect(named == {made["campaignId"]}, "resources of the activity", [made["campaignId"]], sorted(named))


@CHECKS.add("activity.types", "rule 173")
async def types(platform: Platform) -> None:
    """Types of resources are given one by one or with commas, and filter alike."""
    await platform.staged()
    kinds = ["CAMPAIGN", "ADVERTISER"]
    found = []
    for given in (kinds, ",".join(kinds)):
        logs = (await platform.ok("GET", "audit-logs", resourceTypes=given))["logs"]
        found.append([row["id"] for row in logs])
        others = sorted({row["resourceType"] for row in logs} - set(kinds))
        expect(not others, "resource types", kinds, others)
    expect(found[0] == found[1], "rows", "the same both ways", found)


@CHECKS.add("activity.pages", "rules 8 and 173")
async def pages(platform: Platform) -> None:
    """Activity is paged by take and skip, and meta.pagination agrees."""
    advertiser = await platform.advertiser()
    for _ in range(3):
        await platform.campaign(advertiser)
    found = []
    for skip in (0, 2):
        answer = await platform.send("GET", "audit-logs", None, {"advertiserId": advertiser, "take": 2, "skip": skip})
        told, rows = answer.body["meta"]["pagination"], answer.body["data"]["logs"]
        found += [row["id"] for row in rows]
        expect(told["total"] == 4, "meta.pagination.total", 4, told["total"])
        expect(told["hasMore"] == (skip == 0), "meta.pagination.hasMore", skip == 0, told["hasMore"])
    expect(len(set(found)) == 4, "rows of both pages", "4, each once", found)


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
