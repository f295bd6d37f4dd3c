"""Part M: property lists."""

from __future__ import annotations

from typing import Any

from sandbox.contract.buyer_platform.answers import Body, judge
from sandbox.contract.buyer_platform import told
from sandbox.contract.buyer_platform.checks import CHECKS
from sandbox.contract.buyer_platform.platform import Platform, name
from sandbox.contract.check import Skipped, expect

UNKNOWN = "nobody-sells-here.example"


async def known(platform: Platform) -> list[str]:
    """Domains that the platform knows: those of products that it finds."""
    found = await platform.discover(await platform.advertiser(), productsPerGroup=15)
    domains = [
        row["publisherDomain"]
        for group in found["productGroups"]
        for product in group["products"]
        for row in product.get("publisherProperties") or []
        if row.get("publisherDomain")
    ]
    if not domains:
        raise Skipped("no product names its publisher")
    return list(dict.fromkeys(domains))[:2]


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
    expect(found["domains"] == made["domains"], "domains later", made["domains"], found["domains"])


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
    path = f"advertisers/{await platform.advertiser()}/property-lists"
    for body in ({"name": name(), "purpose": "include"}, {"name": name(), "purpose": "include", "domains": []}):
        await platform.refused("POST", path, body, "VALIDATION_ERROR")


@CHECKS.add("lists.types", "rule 148")
async def types(platform: Platform) -> None:
    """An identifier of a type that is none is refused."""
    path = f"advertisers/{await platform.advertiser()}/property-lists"
    body = {"name": name(), "purpose": "include", "identifiers": [{"type": "telephone", "value": "112"}]}
    await platform.refused("POST", path, body, "VALIDATION_ERROR")


@CHECKS.add("lists.purpose", "rule 147")
async def purpose(platform: Platform) -> None:
    """A list includes or excludes, and lists are filtered by that."""
    advertiser, domains = await platform.advertiser(), await known(platform)
    made = await make(platform, advertiser, domains, purpose="exclude")
    path = f"advertisers/{advertiser}/property-lists"
    await platform.refused("POST", path, {"name": name(), "purpose": "admire", "domains": domains}, "VALIDATION_ERROR")
    seen = []
    for one in ("exclude", "include"):
        answer = await platform.send("GET", path, None, {"purpose": one})
        seen.append(made["listId"] in answer.text)
    expect(seen == [True, False], "the list among excluding and including ones", [True, False], seen)


@CHECKS.add("lists.replaced", "rule 153")
async def replaced(platform: Platform) -> None:
    """An update with domains replaces them all, and tells what was resolved and what runs with it."""
    advertiser, domains = await platform.advertiser(), await known(platform)
    made = await make(platform, advertiser, [UNKNOWN, *domains])
    path = f"advertisers/{advertiser}/property-lists/{made['listId']}"
    done = await platform.ok("PUT", path, {"domains": domains[:1]})
    expect(done["domains"] == domains[:1], "domains", domains[:1], done["domains"])
    for field in ("resolutionSummary", "cascadeSummary"):
        expect(bool(done.get(field)), field, "what came of it", done.get(field))


@CHECKS.add("lists.renamed", "rules 150 and 153")
async def renamed(platform: Platform) -> None:
    """An update of the name alone leaves the domains."""
    advertiser, domains = await platform.advertiser(), await known(platform)
    made = await make(platform, advertiser, domains)
    path = f"advertisers/{advertiser}/property-lists/{made['listId']}"
    await platform.ok("PUT", path, {"name": "Another name"})
    found = await platform.ok("GET", path)
    shown = (found["name"], found["domains"])
    expect(shown == ("Another name", made["domains"]), "name and domains", ("Another name", made["domains"]), shown)


@CHECKS.add("lists.deleted", "rule 154")
async def deleted(platform: Platform) -> None:
    """A deleted list is in no list any more."""
    advertiser, domains = await platform.advertiser(), await known(platform)
    made = await make(platform, advertiser, domains)
    await platform.ok("DELETE", f"advertisers/{advertiser}/property-lists/{made['listId']}")
    answer = await platform.send("GET", f"advertisers/{advertiser}/property-lists")
    expect(made["listId"] not in answer.text, "property lists", "not the deleted one", answer.text[:300])


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
            expect(row["type"] in wanted and row["value"] == value, f"{kind} {value}", wanted, row)
        seen += len(found)
    if not seen:
        raise Skipped("the platform knows none of these apps")


def _resynced(cascade: Body) -> list[Any]:
    return [count for count in cascade.values() if isinstance(count, int)]


@CHECKS.add("lists.cascade", "rule 113")
async def cascade(platform: Platform) -> None:
    """A change of a list reaches media buys that run, and counts them; a draft is none of them."""
    made = await platform.launched()
    domains, path = await known(platform), f"advertisers/{made['advertiserId']}/property-lists"
    done = await make(platform, made["advertiserId"], domains)
    done = await platform.ok("PUT", f"{path}/{done['listId']}", {"domains": domains[:1]})
    counts, wanted = _resynced(done["cascadeSummary"]), len(made["mediaBuyRefs"])
    expect(wanted in counts, "counts of cascadeSummary", wanted, done["cascadeSummary"])
    other = (await platform.staged())["advertiserId"]
    counts = _resynced((await make(platform, other, domains))["cascadeSummary"])
    expect(not any(counts), "counts of cascadeSummary without media buys", 0, counts)


@CHECKS.add("lists.inherited", "rules 113 and 155")
async def inherited(platform: Platform) -> None:
    """The lists of an advertiser hold for all its campaigns: those that run, and those that are executed later."""
    advertiser, domains = await platform.advertiser(), await known(platform)
    found = await platform.discover(advertiser)
    await platform.select(found)
    ids = []
    for _ in range(2):
        one = await platform.campaign(advertiser, discoveryId=found["discoveryId"])
        await platform.ok("POST", f"campaigns/{one['campaignId']}/execute", {})
        ids.append((await platform.active(one["campaignId"]))["mediaBuyRefs"])
    counts = _resynced((await make(platform, advertiser, domains))["cascadeSummary"])
    expect(sum(map(len, ids)) in counts, "counts of cascadeSummary", sum(map(len, ids)), counts)
    if platform.control is None:
        return
    late = await platform.campaign(advertiser, discoveryId=found["discoveryId"])
    order = await told.order(platform, await platform.read(late["campaignId"]))
    for package in order["packages"]:
        target = package.get("targeting_overlay") or {}
        expect("property_list" in target, "targeting_overlay of a package", "property_list", sorted(target))


@CHECKS.add("lists.discovery", "rule 132")
async def discovery(platform: Platform) -> None:
    """Agents that are asked for products get a reference to the advertiser's lists, which has an address."""
    found, advertiser = await platform.discover(await platform.advertiser()), await platform.advertiser()
    agent = found["productGroups"][0]["products"][0]["salesAgentId"]
    asked = await told.search(platform, advertiser, agent)
    expect("property_list" not in asked, "get_products without lists", "no property_list", asked)
    await make(platform, advertiser, await known(platform))
    ref = (await told.search(platform, advertiser, agent)).get("property_list") or {}
    expect(bool(ref.get("agent_url") and ref.get("list_id")), "property_list", "agent_url and list_id", ref)
    answer = await platform.send("GET", f"/lists/{ref['list_id']}")
    judge(answer, "fetching the list with an API key", "UNAUTHORIZED", "ACCESS_DENIED")


@CHECKS.add("lists.token", "rule 156")
async def token(platform: Platform) -> None:
    """What agents fetch needs the list's own token: API keys are refused."""
    advertiser, domains = await platform.advertiser(), await known(platform)
    made = await make(platform, advertiser, domains)
    judge(await platform.send("GET", f"/lists/{made['listId']}"), "GET /lists/…", "UNAUTHORIZED", "ACCESS_DENIED")


@CHECKS.add("lists.foreign", "rule 13")
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
    counts = {kind: len(found[kind]) for kind in ("remove", "modify", "assess", "ok")}
    shown = {kind: told[kind] for kind in counts}
    expect(shown == counts, "summary", counts, shown)
    expect(told["total"] == sum(counts.values()), "summary.total", sum(counts.values()), told["total"])


@CHECKS.add("checks.rows", "rule 157")
async def rows(platform: Platform) -> None:
    """Duplicates are to be removed, www is to be left out, what is unknown is to be assessed, what is known is fine."""
    domain = (await known(platform))[0]
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
    shown = [row["identifier"] for row in found["assess"]]
    expect(shown == [app], "assess", [app], shown)
    expect("reportId" not in found, "reportId", "none without a domain", found.get("reportId"))


@CHECKS.add("checks.report", "rules 159 and 160")
async def report(platform: Platform) -> None:
    """Checked domains make a report, which can be fetched."""
    found = await _checked(platform, domains=[UNKNOWN])
    expect(found["reportId"] == found["reportIds"][0], "reportId", "the first of reportIds", found["reportId"])
    told = await platform.ok("GET", f"property-lists/reports/{found['reportId']}")
    expect(told["summary"] == found["summary"], "summary of the report", found["summary"], told["summary"])


@CHECKS.add("checks.expire", "rule 160")
async def expire(platform: Platform) -> None:
    """A report is gone after seven days."""
    found = await _checked(platform, domains=[UNKNOWN])
    await platform.pass_days(8)
    await platform.refused("GET", f"property-lists/reports/{found['reportId']}", None, "NOT_FOUND")
