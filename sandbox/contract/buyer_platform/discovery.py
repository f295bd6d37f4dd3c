"""Part J: discovery."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sandbox.contract.buyer_platform.answers import Body
from sandbox.contract.buyer_platform.accounts import storefronts
from sandbox.contract.buyer_platform.checks import CHECKS
from sandbox.contract.buyer_platform.platform import Platform
from sandbox.contract.check import Skipped, expect

MODELS = ("cpm", "vcpm", "cpc", "cpcv", "cpv", "cpp", "flat_rate")


def _products(found: Body) -> list[Body]:
    return [product for group in found["productGroups"] for product in group["products"]]


async def _found(platform: Platform, **fields: Any) -> Body:
    body = {"advertiserId": await platform.advertiser(), "productsPerGroup": 15, **fields}
    found: Body = await platform.ok("POST", "discovery/discover-products", body)
    return found


async def _any(platform: Platform) -> Body:
    found = await _found(platform)
    if not found["productGroups"]:
        raise Skipped("no sales agent offers a product")
    return found


@CHECKS.add("discovery.session", "rule 115")
async def session(platform: Platform) -> None:
    """A discovery can be browsed by its id, and shows the same."""
    found = await _any(platform)
    again = await platform.ok("GET", f"discovery/{found['discoveryId']}/discover-products", productsPerGroup=15)
    wanted, shown = ([one["productId"] for one in _products(each)] for each in (found, again))
    expect(shown == wanted, "products of the session", wanted, shown)


@CHECKS.add("discovery.unknown", "rules 4 and 115")
async def unknown(platform: Platform) -> None:
    """A discovery that is not there is NOT_FOUND."""
    path = "discovery/00000000-0000-4000-8000-000000000000"
    await platform.refused("GET", f"{path}/discover-products", None, "NOT_FOUND")
    await platform.refused("GET", f"{path}/products", None, "NOT_FOUND")


@CHECKS.add("discovery.groups", "rule 116")
async def groups(platform: Platform) -> None:
    """Each group is one sales agent, and no agent has two."""
    found = await _any(platform)
    agents = [sorted({product["salesAgentId"] for product in group["products"]}) for group in found["productGroups"]]
    expect(all(len(one) == 1 for one in agents), "agents of each group", "one", agents)
    names = [one[0] for one in agents]
    expect(len(set(names)) == len(names), "agents of all groups", "each once", names)


@CHECKS.add("discovery.counts", "rule 122")
async def counts(platform: Platform) -> None:
    """Groups and products are counted right."""
    found = await _any(platform)
    if not found.get("hasMoreGroups"):
        shown = len(found["productGroups"])
        expect(found["totalGroups"] == shown, "totalGroups", shown, found["totalGroups"])
    for group in found["productGroups"]:
        wanted = len(group["products"])
        expect(group["productCount"] == wanted, "productCount", wanted, group["productCount"])
        more = group["totalProducts"] > wanted
        expect(group["hasMoreProducts"] == more, "hasMoreProducts", more, group["hasMoreProducts"])


@CHECKS.add("discovery.pages", "rules 8 and 122")
async def pages(platform: Platform) -> None:
    """Groups come page by page, each once."""
    whole = await _any(platform)
    wanted = [group["groupName"] for group in whole["productGroups"]]
    if len(wanted) < 2 or whole.get("hasMoreGroups"):
        raise Skipped("there are not two to ten groups")
    shown, path = [], f"discovery/{whole['discoveryId']}/discover-products"
    for offset in range(len(wanted)):
        page = await platform.ok("GET", path, groupLimit=1, groupOffset=offset)
        shown += [group["groupName"] for group in page["productGroups"]]
        more = offset + 1 < len(wanted)
        expect(page["hasMoreGroups"] == more, f"hasMoreGroups at {offset}", more, page["hasMoreGroups"])
    expect(shown == wanted, "groups of all pages", wanted, shown)


@CHECKS.add("discovery.product_pages", "rules 8 and 122")
async def product_pages(platform: Platform) -> None:
    """Products of a group come page by page, each once."""
    whole = await _any(platform)
    group = max(whole["productGroups"], key=lambda one: len(one["products"]))
    wanted = [product["productId"] for product in group["products"]]
    if len(wanted) < 2:
        raise Skipped("no group has two products")
    shown, path = [], f"discovery/{whole['discoveryId']}/discover-products"
    for offset in range(len(wanted)):
        page = await platform.ok("GET", path, productsPerGroup=1, productOffset=offset, salesAgentIds=_agent(group))
        shown += [product["productId"] for product in _products(page)]
    expect(shown == wanted, "products of all pages", wanted, shown)


def _agent(group: Body) -> str:
    return str(group["products"][0]["salesAgentId"])


@CHECKS.add("discovery.summary", "rule 122")
async def summary(platform: Platform) -> None:
    """The summary counts all products of all groups."""
    found = await _any(platform)
    wanted = sum(group["totalProducts"] for group in found["productGroups"])
    if found.get("hasMoreGroups"):
        raise Skipped("there are more groups than a page")
    shown = found["summary"]["totalProducts"]
    expect(shown == wanted, "summary.totalProducts", wanted, shown)


@CHECKS.add("discovery.agent_ids", "rule 119")
async def agent_ids(platform: Platform) -> None:
    """Agents are filtered by exact ids."""
    whole = await _any(platform)
    agent = _agent(whole["productGroups"][0])
    found = await _found(platform, salesAgentIds=[agent])
    shown = sorted({product["salesAgentId"] for product in _products(found)})
    expect(shown == [agent], f"agents with the id {agent}", [agent], shown)
    part = await _found(platform, salesAgentIds=[agent[:-1]])
    expect(not part["productGroups"], f"groups with the id {agent[:-1]}", "none", len(part["productGroups"]))


@CHECKS.add("discovery.agent_names", "rule 119")
async def agent_names(platform: Platform) -> None:
    """Agents are filtered by a part of the name in any case."""
    whole = await _any(platform)
    names = [group["groupName"] for group in whole["productGroups"]]
    part = names[0][1:6].upper()
    found = await _found(platform, salesAgentNames=[part])
    wanted = sorted(one for one in names if part in one.upper())
    shown = sorted(group["groupName"] for group in found["productGroups"])
    expect(shown == wanted, f"agents with {part!r} in the name", wanted, shown)


@CHECKS.add("discovery.either", "rule 117")
async def either(platform: Platform) -> None:
    """Values of one filter are alternatives; two filters have to hold both."""
    whole = await _any(platform)
    agents = [_agent(group) for group in whole["productGroups"]][:2]
    if len(agents) < 2:
        raise Skipped("only one sales agent offers products")
    both = await _found(platform, salesAgentIds=agents)
    shown = sorted({product["salesAgentId"] for product in _products(both)})
    expect(shown == sorted(agents), "agents with one of two ids", sorted(agents), shown)
    name = whole["productGroups"][0]["groupName"]
    found = await _found(platform, salesAgentIds=[agents[1]], salesAgentNames=[name])
    expect(not found["productGroups"], "groups with the id of one and the name of another", "none", name)


@CHECKS.add("discovery.domain", "rule 118")
async def domain(platform: Platform) -> None:
    """A publisher is found by a whole part of its domain, and not by less."""
    whole = await _any(platform)
    domains = [
        row["publisherDomain"]
        for product in _products(whole)
        for row in product.get("publisherProperties") or []
        if row.get("publisherDomain")
    ]
    if not domains:
        raise Skipped("no product names its publisher")
    part = domains[0].split(".")[0]
    found = await _found(platform, publisherDomain=part)
    expect(bool(found["productGroups"]), f"products of {part}", "some", "none")
    for product in _products(found):
        named = [row["publisherDomain"] for row in product["publisherProperties"]]
        fits = any(part in one.split(".") for one in named)
        expect(fits, "publisher of a product", part, named)
    less = await _found(platform, publisherDomain=part[:-1])
    expect(not less["productGroups"], f"groups of {part[:-1]}", "none", len(less["productGroups"]))


@CHECKS.add("discovery.pricing", "rule 120")
async def pricing(platform: Platform) -> None:
    """Products are filtered by one of seven pricing models, and by no other."""
    for model in MODELS:
        found = await _found(platform, pricingModel=model)
        for product in _products(found):
            models = [option["pricingModel"] for option in product["pricingOptions"]]
            expect(model in models, f"pricing models of a product found by {model}", model, models)
    body = {"advertiserId": await platform.advertiser(), "pricingModel": "barter"}
    await platform.refused("POST", "discovery/discover-products", body, "VALIDATION_ERROR")


@CHECKS.add("discovery.routed", "rules 18, 46 and 121")
async def routed(platform: Platform) -> None:
    """For a ROUTED campaign only agents are asked for which the customer is authorised."""
    customers = [platform] if platform.other is None else [platform, replace(platform, auth=platform.other)]
    for one in customers:
        agents = {kind: await _agents(one, kind) for kind in ("ROUTED", "DECISIONED")}
        more = sorted(agents["ROUTED"] - agents["DECISIONED"])
        expect(not more, "agents of a ROUTED campaign that a DECISIONED one has not", [], more)
        for row in await storefronts(one):
            for source in (await one.ok("GET", f"storefronts/{row['id']}"))["sources"]:
                if source.get("requiresCredentials") and not source["connected"]:
                    shown = sorted(agents["ROUTED"])
                    expect(source["agentId"] not in shown, "agents of ROUTED", f"not {source['agentId']}", shown)


async def _agents(platform: Platform, kind: str) -> set[str]:
    """The agents that a discovery for a campaign of a type finds."""
    advertiser = await platform.advertiser()
    made = await platform.campaign(advertiser, campaignType=kind)
    body = {"advertiserId": advertiser, "campaignId": made["campaignId"]}
    found = await platform.ok("POST", "discovery/discover-products", body)
    return {product["salesAgentId"] for product in _products(found)}


@CHECKS.add("discovery.long_brief", "rule 131")
async def long_brief(platform: Platform) -> None:
    """A brief may be long."""
    found = await _found(platform, brief="Readers of news in the morning. " * 400)
    expect("discoveryId" in found, "the answer", "a discovery", sorted(found))


@CHECKS.add("discovery.debug", "rule 123")
async def debug(platform: Platform) -> None:
    """Debug lists agents that failed only, and shows no credentials."""
    plain = await _found(platform)
    expect("agentResults" not in plain, "an answer without debug", "no agentResults", sorted(plain))
    body = {"advertiserId": await platform.advertiser(), "debug": True}
    answer = await platform.send("POST", "discovery/discover-products", body)
    rows = answer.body.get("agentResults")
    expect(isinstance(rows, list), "agentResults", "a list", rows)
    good = [row for row in rows if row.get("success") is True or row.get("status") == "success"]
    expect(not good, "agentResults", "failed agents only", good)
    expect("Bearer sk" not in answer.text, "agentResults", "no credentials", "a bearer token")


@CHECKS.add("discovery.refine", "rules 127 and 128")
async def refine(platform: Platform) -> None:
    """Refining needs a discovery, and each wish its words."""
    advertiser = await platform.advertiser()
    wish = {"scope": "request", "ask": "cheaper"}
    body: Body = {"advertiserId": advertiser, "refine": [wish]}
    await platform.refused("POST", "discovery/discover-products", body, "VALIDATION_ERROR")
    found = await platform.discover(advertiser)
    for wrong in ({"scope": "request"}, "cheaper", {"scope": "product", "action": "include"}):
        body = {"advertiserId": advertiser, "discoveryId": found["discoveryId"], "refine": [wrong]}
        await platform.refused("POST", "discovery/discover-products", body, "VALIDATION_ERROR")


@CHECKS.add("discovery.refined", "rule 128")
async def refined(platform: Platform) -> None:
    """A product that was left out is not in the session any more, and the answer says what was done."""
    advertiser = await platform.advertiser()
    found = await platform.discover(advertiser, productsPerGroup=15)
    gone = found["productGroups"][0]["products"][0]["productId"]
    wish = {"scope": "product", "id": gone, "action": "omit"}
    body = {"advertiserId": advertiser, "discoveryId": found["discoveryId"], "refine": [wish]}
    done = await platform.ok("POST", "discovery/discover-products", body)
    expect(bool(done.get("refinementApplied")), "refinementApplied", "what was done", done.get("refinementApplied"))
    again = await platform.ok("GET", f"discovery/{found['discoveryId']}/discover-products", productsPerGroup=15)
    left = [product["productId"] for product in _products(again)]
    expect(gone not in left, "products of the session", f"not {gone}", left)
