"""Part B: accounts and storefronts."""

from __future__ import annotations

from sandbox.contract.buyer_platform.checks import CHECKS
from sandbox.contract.buyer_platform.platform import Body, Platform
from sandbox.contract.check import Skipped, expect

ROLES = ("ADMIN", "MEMBER", "SUPER_ADMIN")


async def storefronts(platform: Platform) -> list[Body]:
    """The rows of the first page."""
    rows: list[Body] = (await platform.ok("GET", "storefronts"))["items"]
    if not rows:
        raise Skipped("there are no storefronts")
    return rows


@CHECKS.add("accounts.current", "rule 15")
async def current(platform: Platform) -> None:
    """The current account has an id, a company, a name and one of three roles."""
    found = await platform.ok("GET", "/api/v2/accounts/current")
    missing = [field for field in ("id", "company", "name", "role") if field not in found]
    expect(not missing, "the current account", "all fields", f"no {', '.join(missing)}")
    expect(found["role"] in ROLES, "role", " or ".join(ROLES), found["role"])


@CHECKS.add("accounts.listed", "rule 15")
async def listed(platform: Platform) -> None:
    """The current account is one of those that are listed, with the same role."""
    found = await platform.ok("GET", "/api/v2/accounts/current")
    rows = (await platform.ok("GET", "/api/v2/accounts"))["accounts"]
    same = [row["role"] for row in rows if row["id"] == found["id"]]
    expect(same == [found["role"]], "roles of the current account in the list", [found["role"]], same)


@CHECKS.add("storefronts.rows", "rules 7 and 16")
async def rows(platform: Platform) -> None:
    """Storefronts are listed with counts of sources, not with the sources."""
    for row in await storefronts(platform):
        counts = row.get("sourceCount"), row.get("connectedSourceCount")
        expect(all(isinstance(count, int) for count in counts), "sourceCount, connectedSourceCount", "numbers", counts)
        expect("sources" not in row, "a row of storefronts", "no sources", sorted(row))


@CHECKS.add("storefronts.counts", "rules 16 and 17")
async def counts(platform: Platform) -> None:
    """A storefront has as many sources, and as many connected ones, as its row counts."""
    for row in await storefronts(platform):
        sources = (await platform.ok("GET", f"storefronts/{row['id']}"))["sources"]
        expect(len(sources) == row["sourceCount"], "sources", row["sourceCount"], len(sources))
        connected = sum(bool(source["connected"]) for source in sources)
        expect(connected == row["connectedSourceCount"], "connected sources", row["connectedSourceCount"], connected)


@CHECKS.add("storefronts.same_for_all", "rule 16")
async def same_for_all(platform: Platform) -> None:
    """Every customer sees the same storefronts."""
    if platform.other is None:
        raise Skipped("no API key of another customer was given (--other-auth)")
    answer = await platform.send("GET", "storefronts", auth=platform.other)
    found = sorted(str(row["id"]) for row in answer.body["data"]["items"])
    wanted = sorted(str(row["id"]) for row in await storefronts(platform))
    expect(found == wanted, "storefronts of the other customer", wanted, found)


@CHECKS.add("storefronts.name_filter", "rule 10")
async def name_filter(platform: Platform) -> None:
    """Storefronts are found by a part of the name in any case."""
    all_rows = await storefronts(platform)
    part = str(all_rows[0]["name"])[1:5].upper()
    found = (await platform.ok("GET", "storefronts", name=part))["items"]
    wanted = sorted(row["name"] for row in all_rows if part in row["name"].upper())
    shown = sorted(row["name"] for row in found)
    expect(shown == wanted, f"storefronts by {part!r}", wanted, shown)


@CHECKS.add("accounts.partner_required", "rules 23 and 24")
async def partner_required(platform: Platform) -> None:
    """Accounts to link are looked for with one agent, which has to be named."""
    path = f"advertisers/{await platform.advertiser()}/accounts/available"
    await platform.refused("GET", path, None, "VALIDATION_ERROR")


@CHECKS.add("accounts.unknown_link", "rule 25")
async def unknown_link(platform: Platform) -> None:
    """An account that was not found can't be linked."""
    rows = await storefronts(platform)
    link = {"partnerId": rows[0].get("platformId") or "agent", "accountId": "no-such-account"}
    advertiser = await platform.advertiser()
    codes = ("VALIDATION_ERROR", "NOT_FOUND", "INVALID_STATE", "ACCESS_DENIED", "CONFLICT")
    await platform.refused("PUT", f"advertisers/{advertiser}", {"linkedAccounts": [link]}, *codes)
    found = await platform.ok("GET", f"advertisers/{advertiser}")
    expect(found["linkedAccountCount"] == 0, "linkedAccountCount", 0, found["linkedAccountCount"])
