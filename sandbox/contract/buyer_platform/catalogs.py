"""Part L: catalogs."""

from __future__ import annotations

from typing import Any

from sandbox.contract.buyer_platform.answers import Body, archived, content, judge, listing
from sandbox.contract.buyer_platform.checks import CHECKS
from sandbox.contract.buyer_platform.platform import Platform
from sandbox.contract.check import expect

ITEM = {
    "id": "i1",
    "item_id": "i1",
    "name": "Tent",
    "title": "Tent",
    "description": "A tent for two",
    "url": "https://shop.example/tent",
    "image_url": "https://shop.example/tent.png",
    "price": {"amount": 99, "currency": "USD"},
    "availability": "in_stock",
}


def _catalog(named: str, **fields: Any) -> dict[str, Any]:
    return {"catalog_id": named, "type": "product", "items": [ITEM], **fields}


async def _sync(platform: Platform, advertiser: str, *rows: dict[str, Any], **more: Any) -> dict[str, str]:
    body = {"account": {"account_id": advertiser}, "catalogs": list(rows), "validation_mode": "lenient", **more}
    done = await platform.ok("POST", f"advertisers/{advertiser}/catalogs/sync", body)
    return {row["catalog_id"]: row["action"] for row in done["results"]}


async def synced(platform: Platform, advertiser: str) -> Any:
    """A new catalog of an advertiser; gives its id."""
    await _sync(platform, advertiser, _catalog("check_catalog"))
    return (await _rows(platform, advertiser))[0]["catalogId"]


async def _refuse(platform: Platform, *rows: dict[str, Any]) -> None:
    advertiser = await platform.somebody()
    body = {"account": {"account_id": advertiser}, "catalogs": list(rows)}
    await platform.refused("POST", f"advertisers/{advertiser}/catalogs/sync", body, "VALIDATION_ERROR")


async def _rows(platform: Platform, advertiser: str) -> list[Body]:
    rows = listing(await platform.ok("GET", f"advertisers/{advertiser}/catalogs"), "catalogs")
    return [row for row in rows if not archived(row)]


async def _listed(platform: Platform, advertiser: str) -> list[str]:
    return sorted(row["catalogId"] for row in await _rows(platform, advertiser))


@CHECKS.add("catalogs.actions", "rule 146")
async def actions(platform: Platform) -> None:
    """Syncing tells of each catalog what happened."""
    advertiser = await platform.advertiser()
    rows = (_catalog("first"), _catalog("first"), _catalog("first", name="Another name"))
    seen = [(await _sync(platform, advertiser, row))["first"] for row in rows]
    wanted = ["created", "unchanged", "updated"]
    expect(seen == wanted, "actions of three syncs", wanted, seen)


@CHECKS.add("catalogs.either", "rule 146")
async def either(platform: Platform) -> None:
    """A catalog has an address or items, not both and not neither: the request is refused, or that one fails."""
    both = _catalog("first", url="https://shop.example/feed.json")
    neither = {"catalog_id": "first", "type": "product"}
    for wrong in (both, neither):
        advertiser = await platform.somebody()
        path, body = f"advertisers/{advertiser}/catalogs/sync", {"account": {"account_id": advertiser}}
        answer = await platform.send("POST", path, {**body, "catalogs": [wrong]})
        platform.there(answer, "POST", path)
        if answer.status != 200:
            judge(answer, f"POST {path}", "VALIDATION_ERROR")
            continue
        seen = [row["action"] for row in content(answer.body)["results"]]
        expect(seen == ["failed"], "actions", ["failed"], seen)


@CHECKS.add("catalogs.limits", "rule 146")
async def limits(platform: Platform) -> None:
    """One to fifty catalogs come at a time."""
    await _refuse(platform)
    await _refuse(platform, *(_catalog(f"c{number}") for number in range(51)))


@CHECKS.add("catalogs.dry_run", "rule 146")
async def dry_run(platform: Platform) -> None:
    """A try tells what would happen, and leaves nothing."""
    advertiser = await platform.advertiser()
    done = await _sync(platform, advertiser, _catalog("first"), dry_run=True)
    expect(done == {"first": "created"}, "actions", {"first": "created"}, done)
    left = await _listed(platform, advertiser)
    expect(left == [], "catalogs after it", [], left)


@CHECKS.add("catalogs.only", "rule 146")
async def only(platform: Platform) -> None:
    """With catalog_ids only those are looked at."""
    advertiser = await platform.advertiser()
    await _sync(platform, advertiser, _catalog("first"), _catalog("second"), catalog_ids=["second"])
    found = await _listed(platform, advertiser)
    expect(found == ["second"], "catalogs after it", ["second"], found)


@CHECKS.add("catalogs.missing", "rule 146")
async def missing(platform: Platform) -> None:
    """With delete_missing the catalogs that a sync leaves out are archived; without it they stay."""
    advertiser = await platform.advertiser()
    await _sync(platform, advertiser, _catalog("first"), _catalog("second"))
    seen = []
    for more in ({}, {"delete_missing": True}):
        await _sync(platform, advertiser, _catalog("first"), **more)
        seen.append(await _listed(platform, advertiser))
    wanted = [["first", "second"], ["first"]]
    expect(seen == wanted, "catalogs after two syncs", wanted, seen)
