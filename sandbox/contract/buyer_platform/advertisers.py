"""Part C: advertisers and brands, and the caps and UTM parameters that they have (parts D and H)."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from sandbox.contract.buyer_platform.accounts import linkable
from sandbox.contract.buyer_platform.answers import Body, archived, content, judge
from sandbox.contract.buyer_platform.checks import CHECKS
from sandbox.contract.buyer_platform.faults import control_of
from sandbox.contract.buyer_platform.platform import Platform, name
from sandbox.contract.check import Skipped, expect

ENRICHED = "globex.com"
"""A brand of the documents that only enrichment knows."""

UTM = {
    "utm_source": "scope3",
    "utm_medium": "agentic",
    "utm_campaign": "{CAMPAIGN_ID}",
    "utm_content": "{CREATIVE_ID}",
    "utm_media_buy": "{MEDIA_BUY_ID}",
    "utm_package": "{PACKAGE_ID}",
}


def _utm(rows: list[dict[str, str]]) -> dict[str, str]:
    return {row["paramKey"]: row["paramValue"] for row in rows}


async def _made(platform: Platform, **fields: Any) -> dict[str, Any]:
    found: dict[str, Any] = await platform.ok("GET", f"advertisers/{await platform.advertiser(**fields)}")
    return found


@CHECKS.add("advertisers.required", "rule 27")
async def required(platform: Platform) -> None:
    """An advertiser needs a name and a brand."""
    await platform.refused("POST", "advertisers", {"brand": platform.brand}, "VALIDATION_ERROR")
    await platform.refused("POST", "advertisers", {"name": name()}, "VALIDATION_ERROR")


@CHECKS.add("advertisers.brand", "rules 28 and 32")
async def brand(platform: Platform) -> None:
    """A registered brand is linked, by an id that begins with brand_, with what its manifest says."""
    linked = (await _made(platform)).get("linkedBrand") or {}
    expect(linked.get("domain") == platform.brand, "linkedBrand.domain", platform.brand, linked.get("domain"))
    expect(str(linked.get("id")).startswith("brand_"), "linkedBrand.id", "brand_…", linked.get("id"))
    manifest = linked.get("manifest") or {}
    for field in ("industry", "tagline", "tone", "colors"):
        shown = linked.get(field)
        expect(bool(shown) or not manifest.get(field), f"linkedBrand.{field}", manifest.get(field), shown)
    wanted = manifest.get("logos")
    expect(bool(linked.get("logoUrl")) or not wanted, "linkedBrand.logoUrl", wanted, linked.get("logoUrl"))


async def _refusal(platform: Platform, mark: str) -> Body:
    """The refusal of the brand that only enrichment knows. Raises :class:`Skipped` if it is registered."""
    answer = await platform.send("POST", "advertisers", {"name": mark, "brand": ENRICHED})
    if answer.status < 400:
        raise Skipped(f"{ENRICHED} is registered here")
    return judge(answer, f"an advertiser of {ENRICHED}")


async def _saved(platform: Platform) -> Body:
    """An advertiser of that brand, which is registered for it. Raises :class:`Skipped` if nothing is known about it.

    In a sandbox only: others have a registry in which it would stay, for everybody.
    """
    control_of(platform)
    body = {"name": name(), "brand": ENRICHED, "saveBrand": True}
    answer = await platform.send("POST", "advertisers", body)
    if answer.status >= 400:
        raise Skipped(f"nothing is known about {ENRICHED} here")
    found: Body = content(answer.body)
    return found


@CHECKS.add("advertisers.enriched", "rule 29")
async def enriched(platform: Platform) -> None:
    """A brand that only enrichment knows is shown in the refusal, and nothing is made."""
    mark = name()
    error = await _refusal(platform, mark)
    preview = (error.get("details") or {}).get("enrichedBrand")
    if not preview:
        await _saved(platform)
    expect(error.get("code") == "VALIDATION_ERROR", "code", "VALIDATION_ERROR", error.get("code"))
    expect(bool(preview), "error.details.enrichedBrand", "a preview of the brand", preview)
    rows = (await platform.ok("GET", "advertisers", name=mark))["items"]
    expect(not rows, "advertisers that were made", "none", rows)


@CHECKS.add("advertisers.saved_brand", "rules 29 and 31")
async def saved_brand(platform: Platform) -> None:
    """With saveBrand the brand is registered and the advertiser made, with a warning."""
    await _refusal(platform, name())
    found = await _saved(platform)
    expect(found.get("brand") == ENRICHED, "brand", ENRICHED, found.get("brand"))
    warning = found.get("brandWarning")
    expect(bool(warning), "brandWarning", "that the data come from enrichment", warning)


@CHECKS.add("advertisers.unknown_brand", "rule 30")
async def unknown_brand(platform: Platform) -> None:
    """A brand that nobody knows is refused, without a preview, even with saveBrand."""
    body = {"name": name(), "brand": "nobody-has-this-brand.example", "saveBrand": True}
    error = await platform.refused("POST", "advertisers", body)
    details = error.get("details") or {}
    expect("enrichedBrand" not in details, "error.details", "no enrichedBrand", details)


@CHECKS.add("advertisers.sandbox", "rule 33")
async def sandbox(platform: Platform) -> None:
    """sandbox is false unless set at the creation, and can't be changed."""
    body = {"name": name(), "brand": platform.brand}
    plain = await platform.ok("GET", f"advertisers/{(await platform.ok('POST', 'advertisers', body))['id']}")
    expect(plain.get("sandbox") is False, "sandbox", False, plain.get("sandbox"))
    await platform.send("PUT", f"advertisers/{plain['id']}", {"sandbox": True})
    found = await platform.ok("GET", f"advertisers/{plain['id']}")
    expect(found.get("sandbox") is False, "sandbox after an update", False, found.get("sandbox"))
    other = await _made(platform, sandbox=True)
    expect(other.get("sandbox") is True, "sandbox of a sandbox advertiser", True, other.get("sandbox"))


@CHECKS.add("advertisers.apply_mode", "rule 35")
async def apply_mode(platform: Platform) -> None:
    """Optimisation is applied by hand by default; a campaign has its advertiser's mode unless it has its own."""
    plain = await _made(platform)
    expect(plain.get("optimizationApplyMode") == "MANUAL", "mode", "MANUAL", plain.get("optimizationApplyMode"))
    other = await platform.advertiser(optimizationApplyMode="AUTO")
    taken = (await platform.campaign(other)).get("optimizationApplyMode")
    own = (await platform.campaign(other, optimizationApplyMode="MANUAL")).get("optimizationApplyMode")
    expect((taken, own) == ("AUTO", "MANUAL"), "modes of two campaigns", ("AUTO", "MANUAL"), (taken, own))


@CHECKS.add("advertisers.utm_default", "rule 36")
async def utm_default(platform: Platform) -> None:
    """An advertiser that is made without UTM parameters has six."""
    found = _utm((await _made(platform))["utmConfig"])
    expect(found == UTM, "utmConfig", UTM, found)


@CHECKS.add("advertisers.utm_replaced", "rule 37")
async def utm_replaced(platform: Platform) -> None:
    """An update replaces all UTM parameters, and an empty list clears them."""
    made = await platform.advertiser()
    for rows in ([{"paramKey": "source", "paramValue": "check"}], []):
        await platform.ok("PUT", f"advertisers/{made}", {"utmConfig": rows})
        found = (await platform.ok("GET", f"advertisers/{made}")).get("utmConfig") or []
        expect(_utm(found) == _utm(rows), "utmConfig", _utm(rows), _utm(found))


@CHECKS.add("advertisers.utm_most", "rule 37")
async def utm_most(platform: Platform) -> None:
    """Twenty UTM parameters are taken, and one more is not."""
    rows = [{"paramKey": f"p{number}", "paramValue": "v"} for number in range(21)]
    await platform.advertiser(utmConfig=rows[:20])
    body = {"name": name(), "brand": platform.brand, "utmConfig": rows}
    await platform.refused("POST", "advertisers", body, "VALIDATION_ERROR")


@CHECKS.add("advertisers.count", "rule 42")
async def count(platform: Platform) -> None:
    """The row of an advertiser counts its linked accounts."""
    made = await _made(platform)
    with suppress(Skipped):
        links = (await linkable(platform, str(made["id"])))[:1]
        made = {**made, **await platform.ok("PUT", f"advertisers/{made['id']}", {"linkedAccounts": links})}
    (row,) = (await platform.ok("GET", "advertisers", name=made["name"]))["items"]
    linked = len(made.get("linkedAccounts") or [])
    expect(row["linkedAccountCount"] == linked, "linkedAccountCount", linked, row["linkedAccountCount"])


@CHECKS.add("advertisers.links_added", "rule 39")
async def links_added(platform: Platform) -> None:
    """Linked accounts are added to those that there are, and none is ever removed."""
    advertiser = await platform.advertiser()
    links = await linkable(platform, advertiser)
    for rows in (*([link] for link in links), [], links[:1]):
        await platform.ok("PUT", f"advertisers/{advertiser}", {"linkedAccounts": rows})
    found = await platform.ok("GET", f"advertisers/{advertiser}")
    shown = sorted(one["accountId"] for one in found["linkedAccounts"])
    wanted = sorted(link["accountId"] for link in links)
    expect(shown == wanted, "linked accounts, linked one by one", wanted, shown)


@CHECKS.add("advertisers.relinked", "rule 40")
async def relinked(platform: Platform) -> None:
    """Another brand is looked up and linked instead of the one before; in a sandbox only, since it is registered."""
    control_of(platform)
    made = await platform.advertiser()
    seen = []
    for body in ({"brand": ENRICHED, "saveBrand": True}, {"brand": platform.brand}):
        answer = await platform.send("PUT", f"advertisers/{made}", body)
        if answer.status >= 400:
            raise Skipped(f"nothing is known about {ENRICHED} here: {answer.text[:200]}")
        found = await platform.ok("GET", f"advertisers/{made}")
        seen.append((found["brand"], found["linkedBrand"]["domain"]))
    wanted = [(ENRICHED, ENRICHED), (platform.brand, platform.brand)]
    expect(seen == wanted, "brand and linkedBrand.domain after two updates", wanted, seen)


async def _bare(platform: Platform) -> str:
    """An advertiser without a brand; in a sandbox only, since it is none that a check has made."""
    control_of(platform)
    offset: int | None = 0
    while offset is not None:
        page = await platform.ok("GET", "advertisers", limit=10, offset=offset)
        for row in page["items"]:
            if not row.get("brand"):
                return str(row["id"])
        offset = None if page["nextOffset"] is None else int(page["nextOffset"])
    raise Skipped("all advertisers have a brand")


@CHECKS.add("advertisers.no_brand", "rule 41", "should")
async def no_brand(platform: Platform) -> None:
    """For an advertiser without a brand nothing is searched and no campaign made."""
    bare = await _bare(platform)
    codes = ("INVALID_STATE", "VALIDATION_ERROR")
    await platform.refused("POST", "campaigns", await platform.draft(bare), *codes)
    await platform.refused("POST", "discovery/discover-products", {"advertiserId": bare}, *codes)


@CHECKS.add("advertisers.nothing_without_brand", "rule 41", "should")
async def nothing_without_brand(platform: Platform) -> None:
    """Nothing else is entered for an advertiser without a brand: audiences, catalogs, event sources, property lists."""
    bare = await _bare(platform)
    account = {"account": {"account_id": bare}}
    bodies: dict[str, dict[str, Any]] = {
        "audiences/sync": {"audiences": [{"audienceId": "buyers"}]},
        "catalogs/sync": {**account, "catalogs": [{"catalog_id": "shoes", "type": "product"}]},
        "event-sources/sync": {**account, "event_sources": [{"event_source_id": "check_site"}]},
        "property-lists": {"name": name(), "purpose": "include", "domains": ["nytimes.com"]},
    }
    for path, body in bodies.items():
        await platform.refused("POST", f"advertisers/{bare}/{path}", body, "INVALID_STATE", "VALIDATION_ERROR")


@CHECKS.add("advertisers.kept", "rule 96")
async def kept(platform: Platform) -> None:
    """An update changes what it names, and nothing else."""
    made = await _made(platform, description="First")
    await platform.ok("PUT", f"advertisers/{made['id']}", {"description": "Second"})
    found = await platform.ok("GET", f"advertisers/{made['id']}")
    fields = ("name", "description", "status", "brand", "sandbox", "optimizationApplyMode")
    changed = [field for field in fields if made.get(field) != found.get(field)]
    if _utm(made.get("utmConfig") or []) != _utm(found.get("utmConfig") or []):
        changed.append("utmConfig")
    expect(changed == ["description"], "fields that are changed", ["description"], changed)


CAP: Body = {"max_impressions": 3, "window": {"interval": 7, "unit": "days"}}


async def _capped(platform: Platform) -> Body:
    """An advertiser with a cap, which the documents write in two ways."""
    body = {"name": name(), "brand": platform.brand, "sandbox": platform.control is None, "frequencyCaps": [CAP]}
    answer = await platform.send("POST", "advertisers", body)
    if answer.status == 400:
        other = {"maxExposure": CAP["max_impressions"], "window": CAP["window"]}
        return await _made(platform, frequencyCaps=[other])
    expect(200 <= answer.status < 300, "POST advertisers", "a success", f"{answer.status} {answer.text[:200]}")
    found: Body = await platform.ok("GET", f"advertisers/{content(answer.body)['id']}")
    return found


@CHECKS.add("caps.fields", "rules 105 and 109")
async def caps_fields(platform: Platform) -> None:
    """A cap is shown with an id, what it is on, and its dates."""
    made = await _capped(platform)
    (shown,) = made["frequencyCaps"]
    expect(bool(shown.get("id")), "id", "an id", shown.get("id"))
    place = shown.get("targetLevel"), str(shown.get("targetId"))
    expect(place == ("ADVERTISER", str(made["id"])), "level and target", ("ADVERTISER", made["id"]), place)
    expect(bool(shown.get("createdAt")), "createdAt", "an instant", shown.get("createdAt"))
    expect(shown.get("archivedAt") is None, "archivedAt", None, shown.get("archivedAt"))
    most = shown.get("max_impressions", shown.get("maxExposure"))
    expect(most == CAP["max_impressions"], "max_impressions", CAP["max_impressions"], most)


@CHECKS.add("caps.replaced", "rule 98")
async def caps_replaced(platform: Platform) -> None:
    """Caps that an update does not mention stay, a list replaces them, an empty list clears them."""
    made = await platform.campaign(frequencyCaps=[CAP, {**CAP, "max_impressions": 9}])
    seen = []
    bodies: tuple[dict[str, Any], ...] = (
        {"name": name()},
        {"frequencyCaps": [{**CAP, "max_impressions": 5}]},
        {"frequencyCaps": []},
    )
    for body in bodies:
        await platform.ok("PUT", f"campaigns/{made['campaignId']}", body)
        found = await platform.read(made["campaignId"])
        rows = [one for one in found.get("frequencyCaps") or [] if not archived(one)]
        seen.append(sorted(one["max_impressions"] for one in rows))
    expect(seen == [[3, 9], [5], []], "caps after three updates", [[3, 9], [5], []], seen)


@CHECKS.add("caps.not_listed", "rule 108")
async def caps_not_listed(platform: Platform) -> None:
    """Caps are shown on single things, not in lists."""
    made = await _capped(platform)
    (row,) = (await platform.ok("GET", "advertisers", name=made["name"]))["items"]
    expect("frequencyCaps" not in row, "a row of advertisers", "no frequencyCaps", sorted(row))


@CHECKS.add("caps.refused", "rules 105 and 110")
async def caps_refused(platform: Platform) -> None:
    """A cap of nothing, or in a unit that is none, is refused."""
    for wrong in (
        {**CAP, "max_impressions": 0},
        {**CAP, "window": {"interval": 7, "unit": "moons"}},
    ):
        await platform.refused("POST", "campaigns", await platform.draft(frequencyCaps=[wrong]), "VALIDATION_ERROR")
