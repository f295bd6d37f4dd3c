"""Part B: accounts and storefronts."""

from __future__ import annotations

from typing import Any

from sandbox.contract.auth import Auth
from sandbox.contract.buyer_platform.answers import Body, content, judge, listing, number
from sandbox.contract.buyer_platform.checks import CHECKS
from sandbox.contract.buyer_platform.faults import control_of
from sandbox.contract.buyer_platform.platform import Platform, name
from sandbox.contract.buyer_platform.told import order, search
from sandbox.contract.check import Skipped, expect

ROLES = ("ADMIN", "MEMBER", "SUPER_ADMIN")


async def storefronts(platform: Platform, auth: Auth | None = None, **query: Any) -> list[Body]:
    """All rows, page by page, as oneself or as ``auth``. Raises :class:`Skipped` if one sees none oneself."""
    rows: list[Body] = []
    offset: int | None = 0
    while offset is not None:
        answer = await platform.send("GET", "storefronts", None, {"limit": 50, "offset": offset, **query}, auth)
        expect(answer.status == 200, "status of the storefronts", 200, f"{answer.status} {answer.text[:200]}")
        page = content(answer.body)
        rows += page["items"]
        after = page.get("nextOffset") if page["items"] else None
        offset = None if after is None else int(after)
    if not rows and not query and auth is None:
        raise Skipped("there are no storefronts")
    return rows


async def sources(platform: Platform, storefront: Body) -> list[Body]:
    """The sources of a storefront."""
    found: list[Body] = (await platform.ok("GET", f"storefronts/{storefront['id']}"))["sources"]
    return found


async def credentials(platform: Platform) -> list[Body]:
    """All credentials that are registered."""
    return listing(await platform.ok("GET", "storefronts/credentials"), "credentials")


async def _available(platform: Platform, advertiser: str) -> list[tuple[str, Body]]:
    """The accounts that all credentials show for an advertiser, each with its sales agent."""
    found: list[tuple[str, Body]] = []
    for credential in await credentials(platform):
        query = {"partnerId": credential["agentId"], "credentialId": credential["id"]}
        answer = await platform.send("GET", f"advertisers/{advertiser}/accounts/available", None, query)
        if answer.status == 200:
            rows = content(answer.body)["accounts"]
            found += [(credential["agentId"], account) for account in rows]
    return found


async def linkable(platform: Platform, advertiser: str) -> list[Body]:
    """A link, as an update takes it, for every account that credentials show. Raises :class:`Skipped` if none do."""
    links: list[Body] = []
    for agent, account in await _available(platform, advertiser):
        links.append({"partnerId": agent, "accountId": account["accountId"]})
        billing = account.get("billingOptions") or {}
        if billing.get("default") is None and len(billing.get("supported") or []) > 1:
            links[-1]["billingType"] = billing["supported"][0]
    if not links:
        raise Skipped("no account can be linked: register credentials with an agent at which the brand has accounts")
    return links


async def _guarded(platform: Platform) -> list[tuple[str, Body]]:
    """Where credentials are registered, and for which source, for all sources that need some."""
    return [
        (f"storefronts/{row['id']}/sources/{source['sourceId']}/credentials", source)
        for row in await storefronts(platform)
        for source in await sources(platform, row)
        if source["requiresCredentials"]
    ]


def _registration(source: Body) -> Body:
    kind = source.get("authType") or "bearer"
    auth = {} if kind == "OAUTH" else {"auth": {"type": kind, "token": "check-made-this-up"}}
    return {"accountIdentifier": name(), **auth}


async def _accounts_named(platform: Platform, advertiser: str, agent: str) -> dict[str, Body]:
    """The accounts that a search and an order name to a sales agent, by tool."""
    asked = await search(platform, advertiser, agent)
    found = await platform.discover(advertiser, salesAgentIds=[agent])
    await platform.select(found)
    ordered = await order(platform, await platform.campaign(advertiser, discoveryId=found["discoveryId"]))
    return {"get_products": asked["account"], "create_media_buy": ordered["account"]}


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
    rows = listing(await platform.ok("GET", "/api/v2/accounts"), "accounts")
    same = [row["role"] for row in rows if row["id"] == found["id"]]
    expect(same == [found["role"]], "roles of the current account in the list", [found["role"]], same)


@CHECKS.add("storefronts.rows", "rules 7 and 16")
async def rows(platform: Platform) -> None:
    """Storefronts are listed with counts of sources, not with the sources."""
    for row in await storefronts(platform):
        counts = row.get("sourceCount"), row.get("connectedSourceCount")
        expect(all(map(number, counts)), "sourceCount, connectedSourceCount", "numbers", counts)
        expect("sources" not in row, "a row of storefronts", "no sources", sorted(row))


@CHECKS.add("storefronts.counts", "rules 16 and 17")
async def counts(platform: Platform) -> None:
    """A storefront has as many sources, and as many connected ones, as its row counts."""
    for row in await storefronts(platform):
        found = await sources(platform, row)
        expect(len(found) == row["sourceCount"], "sources", row["sourceCount"], len(found))
        connected = sum(bool(source["connected"]) for source in found)
        expect(connected == row["connectedSourceCount"], "connected sources", row["connectedSourceCount"], connected)


@CHECKS.add("storefronts.same_for_all", "rule 16")
async def same_for_all(platform: Platform) -> None:
    """Every customer sees the same storefronts."""
    if platform.other is None:
        raise Skipped("no API key of another customer was given (--other-auth)")
    wanted = sorted(str(row["id"]) for row in await storefronts(platform))
    found = sorted(str(row["id"]) for row in await storefronts(platform, platform.other))
    expect(found == wanted, "storefronts of the other customer", wanted, found)


@CHECKS.add("storefronts.name_filter", "rule 10")
async def name_filter(platform: Platform) -> None:
    """Storefronts are found by a part of the name in any case."""
    all_rows = await storefronts(platform)
    part = str(all_rows[0]["name"])[1:5].strip().upper()
    wanted = sorted(row["name"] for row in all_rows if part in row["name"].upper())
    shown = sorted(row["name"] for row in await storefronts(platform, name=part))
    expect(shown == wanted, f"storefronts by {part!r}", wanted, shown)


@CHECKS.add("accounts.partner_required", "rules 23 and 24")
async def partner_required(platform: Platform) -> None:
    """Accounts to link are looked for with one agent, which has to be named."""
    path = f"advertisers/{await platform.somebody()}/accounts/available"
    await platform.refused("GET", path, None, "VALIDATION_ERROR")


@CHECKS.add("accounts.unknown_link", "rule 25")
async def unknown_link(platform: Platform) -> None:
    """An account that was not found can't be linked."""
    rows = await storefronts(platform)
    link = {"partnerId": rows[0].get("platformId") or "agent", "accountId": "no-such-account"}
    advertiser = await platform.advertiser()
    await platform.refused("PUT", f"advertisers/{advertiser}", {"linkedAccounts": [link]})
    found = (await platform.ok("GET", f"advertisers/{advertiser}")).get("linkedAccounts")
    expect(not found, "linkedAccounts", [], found)


@CHECKS.add("accounts.linked", "rule 26")
async def linked(platform: Platform) -> None:
    """What is asked of an agent for an advertiser with a linked account is asked on that account."""
    control_of(platform)
    advertiser = await platform.advertiser()
    link = (await linkable(platform, advertiser))[-1]
    await platform.ok("PUT", f"advertisers/{advertiser}", {"linkedAccounts": [link]})
    for tool, account in (await _accounts_named(platform, advertiser, link["partnerId"])).items():
        shown = account.get("account_id")
        expect(shown == link["accountId"], f"account of {tool}", link["accountId"], account)


@CHECKS.add("accounts.sandbox", "rule 34")
async def sandbox_accounts(platform: Platform) -> None:
    """What is asked for a sandbox advertiser is asked on a sandbox account, and nobody has to link it."""
    control_of(platform)
    agents = [row["agentId"] for row in await credentials(platform) if row["status"] == "ACTIVE"]
    if not agents:
        raise Skipped("no credentials are registered, without which accounts can't be looked up")
    advertiser = await platform.advertiser(sandbox=True)
    named = await _accounts_named(platform, advertiser, agents[0])
    rows = [account for agent, account in await _available(platform, advertiser) if agent == agents[0]]
    expect(
        all(row.get("sandbox", True) is True for row in rows), "accounts of a sandbox advertiser", "sandbox true", rows
    )
    known = [row["accountId"] for row in rows]
    for tool, account in named.items():
        fine = account.get("sandbox") is True or account.get("account_id") in known
        expect(fine, f"account of {tool}", f"a sandbox account, as {known}", account)


@CHECKS.add("accounts.not_active", "rule 21")
async def not_active(platform: Platform) -> None:
    """No credentials are registered for an agent that is not ACTIVE."""
    waiting = [one for one in await _guarded(platform) if one[1].get("agentStatus") not in (None, "ACTIVE")]
    if not waiting:
        raise Skipped("no source that needs credentials is said not to be active (agentStatus)")
    path, source = waiting[0]
    await platform.refused("POST", path, _registration(source))


@CHECKS.add("accounts.marketplace", "rule 21")
async def marketplace(platform: Platform) -> None:
    """A MEMBER registers no marketplace account: that is for admins."""
    for auth in (platform.auth, platform.other):
        answer = await platform.send("GET", "/api/v2/accounts/current", auth=auth)
        if auth is not None and content(answer.body)["role"] == "MEMBER":
            break
    else:
        raise Skipped("neither --auth nor --other-auth is a MEMBER's")
    open_ones = [one for one in await _guarded(platform) if one[1].get("agentStatus") in (None, "ACTIVE")]
    if not open_ones:
        raise Skipped("no active source needs credentials")
    path, source = open_ones[0]
    answer = await platform.send("POST", path, {**_registration(source), "marketplaceAccount": True}, auth=auth)
    error = judge(answer, "a MEMBER's marketplace account", "ACCESS_DENIED", "VALIDATION_ERROR")
    if error["code"] == "VALIDATION_ERROR" and not str(error.get("field")).endswith("marketplaceAccount"):
        raise Skipped(f"it was refused for another reason: {error.get('message')}")
