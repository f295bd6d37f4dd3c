"""Part L: audiences, their tasks and their syndication."""

from __future__ import annotations

import hashlib
from typing import Any
from uuid import UUID

from sandbox.contract.buyer_platform.accounts import sources, storefronts
from sandbox.contract.buyer_platform.answers import Body, archived, content, judge, listing
from sandbox.contract.buyer_platform.checks import CHECKS
from sandbox.contract.buyer_platform.platform import Platform
from sandbox.contract.check import Skipped, expect

TASK_STATUSES = ("submitted", "working", "completed", "failed", "input-required")


def _member(number: int) -> dict[str, Any]:
    return {"externalId": f"p{number}", "hashedEmail": hashlib.sha256(f"p{number}@x.example".encode()).hexdigest()}


async def _sync(platform: Platform, advertiser: str, *rows: dict[str, Any], **more: Any) -> Body:
    path = f"advertisers/{advertiser}/audiences/sync"
    answer = await platform.send("POST", path, {"audiences": list(rows), **more})
    platform.there(answer, "POST", path)
    expect(answer.status == 202, "status of the sync", 202, f"{answer.status} {answer.text[:200]}")
    found: Body = content(answer.body)
    return found


async def _done(platform: Platform, task_id: str) -> Body:
    async def over() -> Body | None:
        task: Body = (await platform.ok("GET", f"tasks/{task_id}"))["task"]
        return task if task["status"] in ("completed", "failed") else None

    found: Body = await platform.until(over, "the task of the sync to end")
    return found


async def _refuse(platform: Platform, path: str, *members: Body) -> None:
    """Members that must be refused: at once, or by the task that takes them (rule 141)."""
    body = {"audiences": [{"audienceId": "buyers", "add": list(members)}]}
    answer = await platform.send("POST", path, body)
    platform.there(answer, "POST", path)
    if answer.status == 202:
        status = (await _done(platform, content(answer.body)["taskId"]))["status"]
        expect(status == "failed", "status of the task", "failed", status)
    elif answer.status != 413:
        judge(answer, f"POST {path}", "VALIDATION_ERROR")


async def _rows(platform: Platform, advertiser: str) -> dict[str, Body]:
    rows = (await platform.ok("GET", f"advertisers/{advertiser}/audiences"))["audiences"]
    return {row["audienceId"]: row for row in rows}


@CHECKS.add("audiences.accepted", "rule 141")
async def accepted(platform: Platform) -> None:
    """A sync is accepted with 202 and two ids that are UUIDs."""
    advertiser = await platform.advertiser()
    done = await _sync(platform, advertiser, {"audienceId": "buyers", "add": [_member(1)]})
    for field in ("operationId", "taskId"):
        try:
            UUID(str(done.get(field)))
        except ValueError:
            expect(False, field, "a UUID", done.get(field))
    shown = str(done.get("accountId"))
    expect(shown == advertiser, "accountId", advertiser, shown)


@CHECKS.add("audiences.task", "rule 144")
async def task(platform: Platform) -> None:
    """The task of a sync is about the audience, and is completed in time."""
    advertiser = await platform.advertiser()
    done = await _sync(platform, advertiser, {"audienceId": "buyers", "add": [_member(1)]})
    told = (await platform.ok("GET", f"tasks/{done['taskId']}"))["task"]
    expect(told["taskType"] == "audience_sync", "taskType", "audience_sync", told["taskType"])
    expect(told["status"] in TASK_STATUSES, "status", " or ".join(TASK_STATUSES), told["status"])
    found = await _done(platform, done["taskId"])
    expect(found["status"] == "completed", "status at the end", "completed", found["status"])


@CHECKS.add("audiences.no_task", "rules 13 and 144")
async def no_task(platform: Platform) -> None:
    """A task that is not there is NOT_FOUND, and so is another customer's."""
    await platform.refused("GET", "tasks/00000000-0000-4000-8000-000000000000", None, "NOT_FOUND")
    if platform.other is not None:
        done = await _sync(platform, await platform.somebody(), {"audienceId": "buyers", "add": [_member(1)]})
        answer = await platform.send("GET", f"tasks/{done['taskId']}", auth=platform.other)
        judge(answer, "another customer's task", "NOT_FOUND")


@CHECKS.add("audiences.status", "rule 143")
async def status(platform: Platform) -> None:
    """An audience is ready or too small at the end, and its members are counted."""
    advertiser = await platform.advertiser()
    done = await _sync(platform, advertiser, {"audienceId": "buyers", "add": [_member(1), _member(2)]})
    await _done(platform, done["taskId"])
    row = (await _rows(platform, advertiser))["buyers"]
    expect(row["status"] in ("READY", "TOO_SMALL"), "status", "READY or TOO_SMALL", row["status"])
    expect(row["uploadedCount"] == 2, "uploadedCount", 2, row["uploadedCount"])
    matched = row["matchedCount"]
    fine = matched is None if row["status"] == "TOO_SMALL" else False
    expect(fine or 0 <= matched <= 2, "matchedCount", "0 to 2", matched)


@CHECKS.add("audiences.members", "rule 142")
async def members(platform: Platform) -> None:
    """A member has an id and a way to know the person, e-mail and phone as SHA-256."""
    path = f"advertisers/{await platform.somebody()}/audiences/sync"
    for wrong in (
        {"externalId": "p1"},
        {"hashedEmail": _member(1)["hashedEmail"]},
        {"externalId": "p1", "hashedEmail": "me@x.example"},
        {"externalId": "p1", "hashedPhone": "abc123"},
    ):
        await _refuse(platform, path, wrong)


@CHECKS.add("audiences.limits", "rule 142")
async def limits(platform: Platform) -> None:
    """At most ten thousand members join an audience at a time."""
    path = f"advertisers/{await platform.somebody()}/audiences/sync"
    one = _member(1)["hashedEmail"]
    rows = [{"externalId": f"p{number}", "hashedEmail": one} for number in range(10_001)]
    await _refuse(platform, path, *rows)


@CHECKS.add("audiences.deleted", "rule 143")
async def deleted(platform: Platform) -> None:
    """A deleted audience is marked or gone."""
    advertiser = await platform.advertiser()
    for row in ({"audienceId": "buyers", "add": [_member(1)]}, {"audienceId": "buyers", "delete": True}):
        await _done(platform, (await _sync(platform, advertiser, row))["taskId"])
    found = (await _rows(platform, advertiser)).get("buyers", {"deleted": True})
    expect(archived(found), "deleted", True, found.get("deleted"))


@CHECKS.add("audiences.pages", "rule 8")
async def pages(platform: Platform) -> None:
    """Audiences are paged by take and skip, each row once."""
    advertiser = await platform.advertiser()
    rows = [{"audienceId": f"a{number}", "add": [_member(number)]} for number in range(5)]
    await _done(platform, (await _sync(platform, advertiser, *rows))["taskId"])
    found: list[str] = []
    for skip in (0, 2, 4):
        page = await platform.ok("GET", f"advertisers/{advertiser}/audiences", take=2, skip=skip)
        found += [row["audienceId"] for row in page["audiences"]]
        expect(page["total"] == 5, "total", 5, page["total"])
    wanted = sorted(str(row["audienceId"]) for row in rows)
    expect(sorted(found) == wanted, "audiences of all pages", wanted, sorted(found))


@CHECKS.add("audiences.of_campaign", "rule 64")
async def of_campaign(platform: Platform) -> None:
    """A campaign shows the audiences that are active in it, which side each is on, and since when."""
    advertiser = await platform.advertiser()
    rows = [{"audienceId": named, "add": [_member(1)]} for named in ("buyers", "owners")]
    await _done(platform, (await _sync(platform, advertiser, *rows))["taskId"])
    config = {"targetAudienceIds": ["buyers"], "suppressAudienceIds": ["owners"]}
    answer = await platform.send("POST", "campaigns", await platform.draft(advertiser, audienceConfig=config))
    if 400 <= answer.status < 500:
        raise Skipped(f"an audience of one person can't be targeted here: {answer.text[:200]}")
    made = content(answer.body)["campaignId"]
    found = (await platform.read(made))["audiences"]
    shown = sorted((row["audienceId"], row["type"]) for row in found)
    wanted = [("buyers", "TARGET"), ("owners", "SUPPRESS")]
    expect(shown == wanted, "audiences and types", wanted, shown)
    expect(all(row.get("enabledAt") for row in found), "enabledAt", "an instant each", found)
    fewer = {"audienceConfig": {"targetAudienceIds": ["buyers"], "deleteMissing": True}}
    await platform.ok("PUT", f"campaigns/{made}", fewer)
    left = [row["audienceId"] for row in (await platform.read(made))["audiences"]]
    expect(left == ["buyers"], "audiences after one was taken away", ["buyers"], left)


async def _agent(platform: Platform) -> str:
    first = (await storefronts(platform))[0]
    source = (await sources(platform, first))[0]
    return str(source.get("agentId") or first["platformId"])


@CHECKS.add("syndication.disabled", "rule 145")
async def disabled(platform: Platform) -> None:
    """A resource is syndicated to an agent with 201 and a record, and disabling that ends it."""
    advertiser, agent = await platform.advertiser(), await _agent(platform)
    done = await _sync(platform, advertiser, {"audienceId": "buyers", "add": [_member(1)]})
    await _done(platform, done["taskId"])
    path = f"advertisers/{advertiser}/syndicat"
    for enabled in (True, False):
        body = {"resourceType": "AUDIENCE", "resourceId": "buyers", "adcpAgentIds": [agent], "enabled": enabled}
        answer = await platform.send("POST", f"{path}e", body)
        if enabled and answer.status >= 400:
            raise Skipped(f"the agent {agent} takes no audiences: {answer.text[:200]}")
        wanted = (201,) if enabled else (200, 201)
        expect(answer.status in wanted, "status", 201, f"{answer.status} {answer.text[:200]}")
        rows = listing(await platform.ok("GET", f"{path}ion-status"), "items", "records")
        expect(len(rows) == 1, f"records with enabled {enabled}", "one", rows)
        if enabled:
            expect(rows[0]["status"] != "DISABLED", "status when enabled", "not DISABLED", rows[0]["status"])

    async def ended() -> bool:
        rows = listing(await platform.ok("GET", f"{path}ion-status"), "items", "records")
        return [row["status"] for row in rows] == ["DISABLED"]

    await platform.until(ended, "the record to be DISABLED", hours=24)


@CHECKS.add("syndication.agents", "rule 145")
async def agents(platform: Platform) -> None:
    """Syndication names one agent at least, and a kind of resource that there is."""
    path = f"advertisers/{await platform.somebody()}/syndicate"
    faults: tuple[Body, ...] = ({"adcpAgentIds": []}, {"resourceType": "WISH"})
    for wrong in faults:
        body = {"resourceType": "AUDIENCE", "resourceId": "x", "adcpAgentIds": ["a"], "enabled": True, **wrong}
        await platform.refused("POST", path, body, "VALIDATION_ERROR")
