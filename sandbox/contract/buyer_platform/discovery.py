"""Part J: discovery."""

from __future__ import annotations

import re
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Any

from sandbox.contract.buyer_platform.accounts import sources, storefronts
from sandbox.contract.buyer_platform.answers import Body, content
from sandbox.contract.buyer_platform.checks import CHECKS
from sandbox.contract.buyer_platform.faults import fault
from sandbox.contract.buyer_platform.platform import Platform
from sandbox.contract.check import Skipped, expect

MODELS = ("cpm", "vcpm", "cpc", "cpcv", "cpv", "cpp", "flat_rate")
_TOKEN = re.compile(r"(?i)bearer\s+[a-z0-9_.\-]{8,}")


def _products(found: Body) -> list[Body]:
    return [product for group in found["productGroups"] for product in group["products"]]


async def _found(platform: Platform, **fields: Any) -> Body:
    body = {"advertiserId": await platform.somebody(), "productsPerGroup": 15, **fields}
    found: Body = await platform.ok("POST", "discovery/discover-products", body)
    return found


async def _any(platform: Platform) -> Body:
    found = await _found(platform)
    if not _products(found):
        raise Skipped("no sales agent offers a product")
    return found


def _ids(found: Body) -> list[tuple[str, str]]:
    """Agent and id of all products."""
    return sorted((str(one["salesAgentId"]), str(one["productId"])) for one in _products(found))


@CHECKS.add("discovery.session", "rule 115")
async def session(platform: Platform) -> None:
    """A discovery can be browsed by its id, and shows the same."""
    found = await _any(platform)
    if found.get("hasMoreGroups") or any(group["hasMoreProducts"] for group in found["productGroups"]):
        raise Skipped("more is offered than fits a page")
    again = await platform.ok("GET", f"discovery/{found['discoveryId']}/discover-products", productsPerGroup=15)
    wanted, shown = _ids(found), _ids(again)
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
    expect(sorted(shown) == sorted(wanted), "groups of all pages", sorted(wanted), sorted(shown))


@CHECKS.add("discovery.product_pages", "rules 8 and 122")
async def product_pages(platform: Platform) -> None:
    """Products of a group come page by page, each once."""
    whole = await _any(platform)
    group = max(whole["productGroups"], key=lambda one: len(one["products"]))
    wanted = sorted(str(product["productId"]) for product in group["products"])
    if len(wanted) < 2:
        raise Skipped("no group has two products")
    shown: list[str] = []
    path = f"discovery/{whole['discoveryId']}/discover-products"
    for offset in range(len(wanted)):
        page = await platform.ok("GET", path, productsPerGroup=1, productOffset=offset, salesAgentIds=_agent(group))
        shown += [str(product["productId"]) for product in _products(page)]
    fine = len(set(shown)) == len(wanted) if group["hasMoreProducts"] else sorted(shown) == wanted
    expect(fine, "products of all pages, each once", wanted, shown)


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
    shown = await _agents_of(platform, salesAgentIds=[agent])
    expect(shown == [agent], f"agents with the id {agent}", [agent], shown)
    part = await _agents_of(platform, salesAgentIds=[agent[:-1]])
    expect(agent not in part, f"agents with the id {agent[:-1]}", f"not {agent}", part)


async def _agents_of(platform: Platform, **fields: Any) -> list[str]:
    """The agents of a discovery."""
    return sorted({str(product["salesAgentId"]) for product in _products(await _found(platform, **fields))})


def _name(group: Body) -> str:
    """The name of a group's agent."""
    return str(group["products"][0].get("salesAgentName") or group["groupName"])


@CHECKS.add("discovery.agent_names", "rule 119")
async def agent_names(platform: Platform) -> None:
    """Agents are filtered by a part of the name in any case."""
    group = (await _any(platform))["productGroups"][0]
    if _agent(group) not in await _agents_of(platform, salesAgentNames=[_name(group)]):
        raise Skipped(f"{_name(group)!r} is no name of a sales agent")
    part = _name(group)[1:6].strip().upper()
    found = await _found(platform, salesAgentNames=[part])
    names = [_name(one) for one in found["productGroups"]]
    others = [one for one in names if part not in one.upper()]
    expect(not others, f"agents with {part!r} in the name", "no others", others)
    expect(_name(group) in names, f"agents with {part!r} in the name", _name(group), names)


@CHECKS.add("discovery.either", "rule 117")
async def either(platform: Platform) -> None:
    """Values of one filter are alternatives; two filters have to hold both."""
    groups = (await _any(platform))["productGroups"]
    if len(groups) < 2:
        raise Skipped("only one sales agent offers products")
    agents = sorted(_agent(group) for group in groups[:2])
    shown = await _agents_of(platform, salesAgentIds=agents)
    expect(shown == agents, "agents with one of two ids", agents, shown)
    one, other = sorted(groups[:2], key=lambda group: len(_name(group)), reverse=True)
    if _name(one).upper() == _name(other).upper():
        raise Skipped("two sales agents have the same name")
    found = await _agents_of(platform, salesAgentIds=[_agent(other)], salesAgentNames=[_name(one)])
    expect(not found, "agents with the id of one and the name of another", [], found)


@CHECKS.add("discovery.domain", "rule 118")
async def domain(platform: Platform) -> None:
    """A publisher is found by a whole part of its domain, and not by less."""
    domains = [one for product in _products(await _any(platform)) for one in _domains(product)]
    if not domains:
        raise Skipped("no product names its publisher")
    part = max(domains[0].split("."), key=len)
    for wanted in (part, part[:-1]):
        products = _products(await _found(platform, publisherDomain=wanted))
        expect(bool(products) or wanted != part, f"products of {wanted}", "some", products)
        for product in products:
            fits = any(wanted in one.split(".") for one in _domains(product))
            expect(fits, f"publisher of a product found by {wanted!r}", wanted, _domains(product))


def _domains(product: Body) -> list[str]:
    rows = product.get("publisherProperties") or []
    return [str(row["publisherDomain"]) for row in rows if row.get("publisherDomain")]


@CHECKS.add("discovery.pricing", "rule 120")
async def pricing(platform: Platform) -> None:
    """Products are filtered by one of seven pricing models, and by no other."""
    for model in MODELS:
        found = await _found(platform, pricingModel=model)
        for product in _products(found):
            models = [option["pricingModel"] for option in product.get("pricingOptions") or []]
            if not models:
                raise Skipped("products show no pricing options")
            expect(model in models, f"pricing models of a product found by {model}", model, models)
    body = {"advertiserId": await platform.somebody(), "pricingModel": "barter"}
    await platform.refused("POST", "discovery/discover-products", body, "VALIDATION_ERROR")


@CHECKS.add("discovery.routed", "rules 18, 46 and 121")
async def routed(platform: Platform) -> None:
    """A ROUTED campaign finds no agent that wants credentials of which the customer has none."""
    customers = (
        [platform] if platform.other is None else [platform, replace(platform, auth=platform.other, shared=None)]
    )
    looked = 0
    for one in customers:
        rows = [source for row in await storefronts(one) for source in await sources(one, row)]
        barred = {source["agentId"] for source in rows if source["requiresCredentials"] and "agentId" in source}
        barred -= {source.get("agentId") for source in rows if source["connected"]}
        looked += len(barred)
        shown = sorted(barred & await _agents(one, "ROUTED"))
        expect(not shown, "agents of ROUTED that want credentials", [], shown)
    if not looked:
        raise Skipped("no agent is known that wants credentials of which there are none")


async def _agents(platform: Platform, kind: str) -> set[str]:
    """The agents that a discovery for a campaign of a type finds."""
    advertiser = await platform.somebody()
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
    whole = await _any(platform)
    expect("agentResults" not in whole, "an answer without debug", "no agentResults", sorted(whole))
    body, agent = {"advertiserId": await platform.somebody(), "debug": True}, _agent(whole["productGroups"][0])
    async with AsyncExitStack() as down:
        if platform.control is not None:
            await down.enter_async_context(fault(platform, kind="unavailable", to=agent, message="get_products"))
        answer = await platform.send("POST", "discovery/discover-products", body)
    rows = content(answer.body).get("agentResults") or []
    good = [row for row in rows if row.get("success") is True or row.get("status") == "success"]
    expect(not good, "agentResults", "failed agents only", good)
    if platform.control is not None:
        expect(agent in [row["agentId"] for row in rows], "agents of agentResults", agent, rows)
    shown = _TOKEN.findall(answer.text)
    expect(not shown, "agentResults", "no credentials", "a bearer token")


@CHECKS.add("discovery.refine", "rules 127 and 128")
async def refine(platform: Platform) -> None:
    """Refining needs a discovery, and each wish its words."""
    advertiser = await platform.somebody()
    wish = {"scope": "request", "ask": "cheaper"}
    body: Body = {"advertiserId": advertiser, "refine": [wish]}
    await platform.refused("POST", "discovery/discover-products", body, "VALIDATION_ERROR")
    found = await platform.discover(advertiser)
    for wrong in ({"scope": "request"}, "cheaper", {"scope": "product", "action": "include"}):
        body = {"advertiserId": advertiser, "discoveryId": found["discoveryId"], "refine": [wrong]}
        await platform.refused("POST", "discovery/discover-products", body, "VALIDATION_ERROR")


@CHECKS.add("discovery.refined", "rule 128")
async def refined(platform: Platform) -> None:
    """A product that was left out is not in the session any more."""
    advertiser = await platform.somebody()
    found = await platform.discover(advertiser, productsPerGroup=15)
    product = found["productGroups"][0]["products"][0]
    gone = product["productId"]
    wish = {"scope": "product", "id": gone, "action": "omit"}
    body = {"advertiserId": advertiser, "discoveryId": found["discoveryId"], "refine": [wish]}
    done = await platform.ok("POST", "discovery/discover-products", body)
    told = done.get("refinementApplied") or []
    if any(row.get("status") in ("unable", "ignored") for row in told):
        raise Skipped(f"the sales agent does not leave products out: {told}")
    again = await platform.ok("GET", f"discovery/{found['discoveryId']}/discover-products", productsPerGroup=15)
    key = (str(product["salesAgentId"]), str(gone))
    expect(key not in _ids(again), "products of the session", f"not {gone}", _ids(again))
