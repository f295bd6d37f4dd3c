"""Part M: property lists."""

from __future__ import annotations

from typing import Any

from sandbox.contract.buyer_platform import told
from sandbox.contract.buyer_platform.answers import Body, archived, listing, number
from sandbox.contract.buyer_platform.checks import CHECKS
from sandbox.contract.buyer_platform.faults import control_of
from sandbox.contract.buyer_platform.platform import Platform, name
from sandbox.contract.check import Skipped, expect

UNKNOWN = "nobody-sells-here.example"
KINDS = ("remove", "modify", "assess", "ok")
"""What a check of entries comes to."""


async def known(platform: Platform) -> list[str]:
    """Two domains that the platform resolves, of products that it finds. Raises :class:`Skipped` if it does none."""
    if platform.domains is None:
        advertiser = await platform.somebody()
        found = await platform.discover(advertiser, productsPerGroup=15)
        domains = [
            row["publisherDomain"]
            for group in found["productGroups"]
            for product in group["products"]
            for row in product.get("publisherProperties") or []
            if row.get("publisherDomain")
        ]
        if not domains:
            raise Skipped("no product names its publisher")
        tried = list(dict.fromkeys(domains))[:50]
        resolved = set((await make(platform, advertiser, tried))["domains"])
        platform.domains = [one for one in tried if one in resolved][:2]
    if not platform.domains:
        raise Skipped("the platform resolves no domain of the products that it finds")
    return list(platform.domains)


async def make(platform: Platform, advertiser: str, domains: list[str], **fields: Any) -> Body:
    """A new list, as its creation answers it."""
    body = {"name": name(), "purpose": "include", "domains": domains, **fields}
    made: Body = await platform.ok("POST", f"advertisers/{advertiser}/property-lists", body)
    return made


@CHECKS.add("lists.classes", "rules 150 and 151")
async def classes(platform: Platform) -> None:
    """Known domains are resolved, others are told as unresolved, once."""
    advertiser, domains = await platform.advertiser(), await known(platform)
    made = await make(platform, advertiser, [*domains, UNKNOWN])
    outside = [*made["unresolvedDomains"], *made["registeredDomains"]]
    expect(UNKNOWN in outside, "unresolvedDomains", UNKNOWN, outside)
    expect(UNKNOWN not in made["domains"], "domains", "resolved ones only", made["domains"])
    found = await platform.ok("GET", f"advertisers/{advertiser}/property-lists/{made['listId']}")
    left = [*found["unresolvedDomains"], *found["registeredDomains"]]
    expect(left == [], "unresolved and registered domains later", [], left)
    wanted, shown = sorted(made["domains"]), sorted(found["domains"])
    expect(shown == wanted == sorted(domains), "domains later", sorted(domains), shown)


@CHECKS.add("lists.rate", "rules 147 and 152")
async def rate(platform: Platform) -> None:
    """Entries are counted once, and the rate is the resolved ones by all."""
    advertiser, domains = await platform.advertiser(), await known(platform)
    made = await make(platform, advertiser, [*domains, domains[0], UNKNOWN])
    told, total = made["resolutionSummary"], len(domains) + 1
    expect(told["totalRequested"] == total, "totalRequested", total, told["totalRequested"])
    parts = told["resolvedCount"] + told["registeredCount"] + told["unresolvedCount"]
    expect(parts == total, "sum of the three counts", total, parts)
    wanted = told["resolvedCount"] / total
    near = abs(told["resolutionRate"] - wanted) < 0.001 or abs(told["resolutionRate"] - 100 * wanted) < 0.1
    expect(near, "resolutionRate", wanted, told["resolutionRate"])


@CHECKS.add("lists.size", "rule 147")
async def size(platform: Platform) -> None:
    """A list has one entry at least."""
    path = f"advertisers/{await platform.somebody()}/property-lists"
    for body in ({"name": name(), "purpose": "include"}, {"name": name(), "purpose": "include", "domains": []}):
        await platform.refused("POST", path, body, "VALIDATION_ERROR")


@CHECKS.add("lists.types", "rule 148")
async def types(platform: Platform) -> None:
    """An identifier of a type that is none is refused."""
    path = f"advertisers/{await platform.somebody()}/property-lists"
    body = {"name": name(), "purpose": "include", "identifiers": [{"type": "telephone", "value": "112"}]}
    await platform.refused("POST", path, body, "VALIDATION_ERROR")


@CHECKS.add("lists.purpose", "rule 147")
async def purpose(platform: Platform) -> None:
    """A list includes or excludes, and lists are filtered by that."""
    advertiser, domains = await platform.advertiser(), await known(platform)
    made = await make(platform, advertiser, domains, purpose="exclude")
    path = f"advertisers/{advertiser}/property-lists"
    await platform.refused("POST", path, {"name": name(), "purpose": "admire", "domains": domains}, "VALIDATION_ERROR")
    seen = [made["listId"] in await _listed(platform, path, purpose=one) for one in ("exclude", "include")]
    expect(seen == [True, False], "the list among excluding and including ones", [True, False], seen)


async def _listed(platform: Platform, path: str, **query: str) -> list[Any]:
    """The ids of lists that are not archived."""
    rows = listing(await platform.ok("GET", path, **query), "propertyLists", "items", "lists")
    return [row["listId"] for row in rows if not archived(row)]


@CHECKS.add("lists.replaced", "rule 153")
async def replaced(platform: Platform) -> None:
    """An update with domains replaces them all, and tells what was resolved and what runs with it."""
    advertiser, domains = await platform.advertiser(), await known(platform)
    made = await make(platform, advertiser, [UNKNOWN, *domains])
    path = f"advertisers/{advertiser}/property-lists/{made['listId']}"
    done = await platform.ok("PUT", path, {"domains": domains[:1]})
    expect(done["domains"] == domains[:1], "domains", domains[:1], done["domains"])
    for field in ("resolutionSummary", "cascadeSummary"):
        expect(done.get(field) is not None, field, "what came of it", done.get(field))


@CHECKS.add("lists.renamed", "rules 150 and 153")
async def renamed(platform: Platform) -> None:
    """An update of the name alone leaves the domains."""
    advertiser, domains = await platform.advertiser(), await known(platform)
    made = await make(platform, advertiser, domains)
    path = f"advertisers/{advertiser}/property-lists/{made['listId']}"
    await platform.ok("PUT", path, {"name": "Another name"})
    found = await platform.ok("GET", path)
    shown, wanted = (found["name"], sorted(found["domains"])), ("Another name", sorted(made["domains"]))
    expect(shown == wanted, "name and domains", wanted, shown)


@CHECKS.add("lists.deleted", "rule 154")
async def deleted(platform: Platform) -> None:
    """A deleted list is in no list any more."""
    advertiser, domains = await platform.advertiser(), await known(platform)
    made = await make(platform, advertiser, domains)
    await platform.ok("DELETE", f"advertisers/{advertiser}/property-lists/{made['listId']}")
    left = await _listed(platform, f"advertisers/{advertiser}/property-lists")
    expect(left == [], "property lists", [], left)


APPS = {
    ("apple_tv_bundle", "com.netflix.Netflix"): ["ios_bundle"],
    ("bundle_id", "com.facebook.katana"): ["ios_bundle", "android_package"],
}
"""Apps of the documents' examples, with the types of identifiers that they are kept as."""


@CHECKS.add("lists.bundles", "rule 149")
async def bundles(platform: Platform) -> None:
    """A bundle is read back as one of its store."""
    advertiser, seen = await platform.advertiser(), 0
    path = f"advertisers/{advertiser}/property-lists"
    for (kind, value), wanted in APPS.items():
        body = {"name": name(), "purpose": "include", "identifiers": [{"type": kind, "value": value}]}
        made = await platform.ok("POST", path, body)
        found = (await platform.ok("GET", f"{path}/{made['listId']}"))["identifiers"]
        for row in found:
            expect(row["type"] in wanted, f"type of {kind} {value}", wanted, row)
        seen += len(found)
    if not seen:
        raise Skipped("the platform knows none of these apps")


async def _resynced(platform: Platform, advertiser: str, domains: list[str]) -> list[Any]:
    """The counts that tell what a change of a new list reached."""
    made = await make(platform, advertiser, domains)
    path = f"advertisers/{advertiser}/property-lists/{made['listId']}"
    cascade = (await platform.ok("PUT", path, {"domains": domains[:1]}))["cascadeSummary"]
    return [count for count in (cascade.values() if isinstance(cascade, dict) else [cascade]) if number(count)]


@CHECKS.add("lists.cascade", "rule 113")
async def cascade(platform: Platform) -> None:
    """A change of a list reaches media buys that run, and counts them; a draft is none of them."""
    domains = await known(platform)
    made = await platform.launched(advertiser=await platform.advertiser())
    counts, wanted = await _resynced(platform, made["advertiserId"], domains), len(made["mediaBuyRefs"])
    expect(wanted in counts, "counts of cascadeSummary", wanted, counts)
    counts = await _resynced(
        platform, (await platform.staged(advertiser=await platform.advertiser()))["advertiserId"], domains
    )
    expect(not any(counts), "counts of cascadeSummary without media buys", 0, counts)


@CHECKS.add("lists.inherited", "rules 113 and 155")
async def inherited(platform: Platform) -> None:
    """The lists of an advertiser hold for all its campaigns: those that run, and those that are executed later."""
    advertiser, domains = await platform.advertiser(), await known(platform)
    found = await platform.discover(advertiser)
    await platform.select(found)
    refs: list[Body] = []
    for _ in range(2):
        one = await platform.campaign(advertiser, discoveryId=found["discoveryId"])
        await platform.execute(one)
        refs += (await platform.active(one["campaignId"]))["mediaBuyRefs"]
    counts = await _resynced(platform, advertiser, domains)
    expect(len(refs) in counts, "counts of cascadeSummary", len(refs), counts)
    if platform.control is None:
        return
    late = await platform.campaign(advertiser, discoveryId=found["discoveryId"])
    for package in (await told.order(platform, late))["packages"]:
        target = package.get("targeting_overlay") or {}
        expect("property_list" in target, "targeting_overlay of a package", "property_list", sorted(target))


@CHECKS.add("lists.discovery", "rule 132")
async def discovery(platform: Platform) -> None:
    """Agents that are asked for products get a reference to the advertiser's lists, which has an address."""
    control_of(platform)
    found, advertiser = await platform.discover(await platform.advertiser()), await platform.advertiser()
    agent = found["productGroups"][0]["products"][0]["salesAgentId"]
    asked = await told.search(platform, advertiser, agent)
    expect("property_list" not in asked, "get_products without lists", "no property_list", asked)
    await make(platform, advertiser, await known(platform))
    ref = (await told.search(platform, advertiser, agent)).get("property_list") or {}
    expect(bool(ref.get("agent_url") and ref.get("list_id")), "property_list", "agent_url and list_id", ref)


@CHECKS.add("lists.token", "rule 156")
async def token(platform: Platform) -> None:
    """What agents fetch needs the list's own token: API keys are refused."""
    advertiser, domains = await platform.advertiser(), await known(platform)
    made = await make(platform, advertiser, domains)
    answer = await platform.send("GET", f"/lists/{made['listId']}")
    if answer.status == 404:
        raise Skipped("agents fetch lists at another place than /lists")
    expect(answer.status in (401, 403), "status of GET /lists/… with an API key", "401 or 403", answer.status)


@CHECKS.add("lists.foreign", "rule 13", "should")
async def foreign(platform: Platform) -> None:
    """The list of one advertiser is not found at another one."""
    one, other = await platform.advertiser(), await platform.advertiser()
    made = await make(platform, one, await known(platform))
    await platform.refused("GET", f"advertisers/{other}/property-lists/{made['listId']}", None, "NOT_FOUND")


async def _checked(platform: Platform, **body: Any) -> Body:
    found: Body = await platform.ok("POST", "property-lists/check", body)
    return found


@CHECKS.add("checks.sums", "rule 157")
async def sums(platform: Platform) -> None:
    """A check sorts every entry into one of four rows, and the numbers add up."""
    domains = await known(platform)
    found = await _checked(platform, domains=[*domains, domains[0], f"www.{domains[-1]}", UNKNOWN])
    told = found["summary"]
    counts = {kind: len(found[kind]) for kind in KINDS}
    shown = {kind: told[kind] for kind in counts}
    expect(shown == counts, "summary", counts, shown)
    expect(told["total"] == sum(counts.values()), "summary.total", sum(counts.values()), told["total"])


@CHECKS.add("checks.rows", "rule 157")
async def rows(platform: Platform) -> None:
    """Duplicates are to be removed, www is to be left out, what is unknown is to be assessed, what is known is fine."""
    domain = (await known(platform))[0].removeprefix("www.")
    found = await _checked(platform, domains=[domain, domain, UNKNOWN])
    shown = [len(found["remove"]), [row["domain"] for row in found["assess"]], [row["domain"] for row in found["ok"]]]
    expect(shown == [1, [UNKNOWN], [domain]], "remove, assess, ok", [1, [UNKNOWN], [domain]], shown)
    found = await _checked(platform, domains=[f"www.{domain}"])
    shown = [row["canonical"] for row in found["modify"]]
    expect(shown == [domain], "canonical form of www", [domain], shown)


@CHECKS.add("checks.other_types", "rules 157 and 158")
async def other_types(platform: Platform) -> None:
    """Whatever is no domain is to be assessed, and is shown as it was given."""
    app = {"type": "roku_store_id", "value": "12345"}
    found = await _checked(platform, identifiers=[app])
    shown = [{field: row["identifier"].get(field) for field in app} for row in found["assess"]]
    expect(shown == [app], "assess", [app], shown)
    expect(not found.get("reportId"), "reportId", "none without a domain", found.get("reportId"))


@CHECKS.add("checks.report", "rules 159 and 160")
async def report(platform: Platform) -> None:
    """Checked domains make a report, which can be fetched."""
    found = await _checked(platform, domains=[UNKNOWN])
    expect(found["reportId"] == found["reportIds"][0], "reportId", "the first of reportIds", found["reportId"])
    told = await platform.ok("GET", f"property-lists/reports/{found['reportId']}")
    wanted, shown = ({kind: one["summary"][kind] for kind in (*KINDS, "total")} for one in (found, told))
    expect(shown == wanted, "summary of the report", wanted, shown)


@CHECKS.add("checks.expire", "rule 160")
async def expire(platform: Platform) -> None:
    """A report is gone after seven days."""
    found = await _checked(platform, domains=[UNKNOWN])
    await platform.pass_days(8)
    await platform.refused("GET", f"property-lists/reports/{found['reportId']}", None, "NOT_FOUND")
