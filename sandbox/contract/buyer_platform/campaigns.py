"""Part D: what a campaign is."""

from __future__ import annotations

from sandbox.contract.buyer_platform.answers import Body, listing, near
from sandbox.contract.buyer_platform.banners import key_of
from sandbox.contract.buyer_platform.catalogs import synced
from sandbox.contract.buyer_platform.checks import CHECKS
from sandbox.contract.buyer_platform.platform import Platform, budget_of, name
from sandbox.contract.check import Skipped, expect


@CHECKS.add("campaigns.draft", "rule 43")
async def draft(platform: Platform) -> None:
    """A campaign begins as a DRAFT."""
    made = await platform.campaign()
    expect(made["status"] == "DRAFT", "status", "DRAFT", made["status"])


@CHECKS.add("campaigns.required", "rule 44")
async def required(platform: Platform) -> None:
    """A campaign needs an advertiser, a name, a flight and a budget."""
    body = await platform.draft()
    for field in ("advertiserId", "name", "flightDates", "budget"):
        without = {key: body[key] for key in body if key != field}
        await platform.refused("POST", "campaigns", without, "VALIDATION_ERROR")


@CHECKS.add("campaigns.name", "rule 44")
async def long_name(platform: Platform) -> None:
    """A name has 1 to 255 characters."""
    await platform.campaign(name="n" * 255)
    for wrong in ("", "n" * 256):
        await platform.refused("POST", "campaigns", await platform.draft(name=wrong), "VALIDATION_ERROR")


@CHECKS.add("campaigns.flat", "rule 44")
async def flat(platform: Platform) -> None:
    """A budget that is a number, and dates outside of flightDates, are refused."""
    await platform.refused("POST", "campaigns", await platform.draft(budget=10_000), "VALIDATION_ERROR")
    body = await platform.draft()
    dates = body.pop("flightDates")
    await platform.refused("POST", "campaigns", {**body, **dates}, "VALIDATION_ERROR")


@CHECKS.add("campaigns.dates", "rule 44", "should")
async def dates(platform: Platform) -> None:
    """A flight ends after it begins."""
    flight = {"startDate": await platform.day(20), "endDate": await platform.day(10)}
    await platform.refused("POST", "campaigns", await platform.draft(flightDates=flight), "VALIDATION_ERROR")


@CHECKS.add("campaigns.budget", "rule 44")
async def budget(platform: Platform) -> None:
    """A budget is above zero."""
    for wrong in (0, -1, "much"):
        body = await platform.draft(budget={"total": wrong, "currency": "USD"})
        await platform.refused("POST", "campaigns", body, "VALIDATION_ERROR")


@CHECKS.add("campaigns.type_fixed", "rule 45")
async def type_fixed(platform: Platform) -> None:
    """The type of a campaign is never changed."""
    made = await platform.campaign()
    await platform.send("PUT", f"campaigns/{made['campaignId']}", {"campaignType": "ROUTED"})
    found = (await platform.read(made["campaignId"]))["campaignType"]
    expect(found == "DECISIONED", "campaignType after an update", "DECISIONED", found)


@CHECKS.add("campaigns.types", "rules 45 and 46")
async def types(platform: Platform) -> None:
    """Campaigns are DECISIONED or ROUTED, and nothing else."""
    made = await platform.campaign(campaignType="ROUTED")
    expect(made["campaignType"] == "ROUTED", "campaignType", "ROUTED", made["campaignType"])
    await platform.refused("POST", "campaigns", await platform.draft(campaignType="MAGIC"), "VALIDATION_ERROR")


@CHECKS.add("campaigns.routed_free", "rule 46")
async def routed_free(platform: Platform) -> None:
    """The platform's own fee is not taken from a ROUTED campaign."""
    made = await platform.campaign(campaignType="ROUTED")
    margins = [fee for fee in made.get("fees") or [] if fee.get("pricingType") == "MARGIN"]
    expect(not margins, "fees", "no margin of the platform", margins)
    wanted = 10_000 - sum(fee["amount"] for fee in made.get("fees") or [])
    total = (made.get("mediaBudget") or {}).get("total")
    expect(near(total, wanted), "mediaBudget.total", wanted, total)


@CHECKS.add("campaigns.products_need_discovery", "rule 47")
async def products_need_discovery(platform: Platform) -> None:
    """Products are selected from a discovery, which has to be named."""
    await platform.refused("POST", "campaigns", await platform.draft(productIds=["some"]), "VALIDATION_ERROR")


@CHECKS.add("campaigns.discovery", "rules 47 and 61")
async def discovery(platform: Platform) -> None:
    """A draft shows the discovery that it has and its selected products."""
    made = await platform.staged()
    expect(bool(made.get("discoveryId")), "discoveryId", "an id", made.get("discoveryId"))
    expect(len(made.get("products") or []) == 1, "products", 1, made.get("products"))
    expect(made.get("productCount") == 1, "productCount", 1, made.get("productCount"))


@CHECKS.add("campaigns.unknown_catalog", "rule 49")
async def unknown_catalog(platform: Platform) -> None:
    """The catalog of another advertiser is refused."""
    foreign = await synced(platform, await platform.advertiser())
    body = await platform.draft(catalogId=foreign)
    await platform.refused("POST", "campaigns", body, "VALIDATION_ERROR", "NOT_FOUND")


@CHECKS.add("campaigns.media_budget", "rule 55")
async def media_budget(platform: Platform) -> None:
    """The media budget is the budget without the fees; a margin is that percentage of the budget."""
    made = await platform.campaign()
    fees = made.get("fees") or []
    wanted = made["budget"]["total"] - sum(fee["amount"] for fee in fees)
    expect(near(made["mediaBudget"]["total"], wanted), "mediaBudget.total", wanted, made["mediaBudget"]["total"])
    for fee in fees:
        if fee.get("pricingType") == "MARGIN":
            share = made["budget"]["total"] * fee["marginPercent"] / 100
            expect(near(fee["amount"], share), f"the fee {fee.get('label')}", share, fee["amount"])


@CHECKS.add("campaigns.budget_update", "rules 55 and 96")
async def budget_update(platform: Platform) -> None:
    """A new budget has new fees, and leaves its currency."""
    made = await platform.campaign()
    await platform.ok("PUT", f"campaigns/{made['campaignId']}", {"budget": {"total": 20_000}})
    found = await platform.read(made["campaignId"])
    expect(found["budget"]["total"] == 20_000, "budget.total", 20_000, found["budget"]["total"])
    expect(found["budget"]["currency"] == "USD", "budget.currency", "USD", found["budget"]["currency"])
    wanted = 20_000 - sum(fee["amount"] for fee in found.get("fees") or [])
    expect(near(found["mediaBudget"]["total"], wanted), "mediaBudget.total", wanted, found["mediaBudget"]["total"])


@CHECKS.add("campaigns.allocated", "rules 56, 57 and 58")
async def allocated(platform: Platform) -> None:
    """Allocated is what active media buys have, and unallocated the rest of the media budget."""
    found = await platform.launched()
    wanted = sum(budget_of(buy) for buy in found["mediaBuys"] if buy["status"] == "ACTIVE")
    expect(near(found["allocatedBudget"], wanted), "allocatedBudget", wanted, found["allocatedBudget"])
    rest = found["mediaBudget"]["total"] - wanted
    expect(near(found["unallocatedBudget"], rest), "unallocatedBudget", rest, found["unallocatedBudget"])


async def _listed(platform: Platform, made: Body, **query: str) -> list[Body]:
    """The rows of the campaigns of the same advertiser."""
    return listing(
        await platform.ok("GET", "campaigns", advertiserId=made["advertiserId"], **query), "campaigns", "items"
    )


@CHECKS.add("campaigns.list_budget", "rule 59")
async def list_budget(platform: Platform) -> None:
    """The budget of a row is its total and currency, and no other sums are there."""
    made = await platform.campaign()
    (row,) = [row for row in await _listed(platform, made) if row["campaignId"] == made["campaignId"]]
    lost, more = {"total", "currency"} - set(row["budget"]), {"dailyCap", "pacing"} & set(row["budget"])
    expect(not lost and not more, "budget of a row", "total and currency", sorted(row["budget"]))
    sums = sorted({"fees", "mediaBudget", "allocatedBudget", "unallocatedBudget"} & set(row))
    expect(not sums, "keys of a row", "no sums", sums)


@CHECKS.add("campaigns.filters", "rule 7")
async def filters(platform: Platform) -> None:
    """Campaigns are listed by advertiser and by status."""
    made = await platform.campaign(await platform.advertiser())
    for query, wanted in (({"status": "DRAFT"}, [made["campaignId"]]), ({"status": "ACTIVE"}, [])):
        shown = [row["campaignId"] for row in await _listed(platform, made, **query)]
        expect(shown == wanted, f"campaigns with {query}", wanted, shown)


@CHECKS.add("campaigns.products", "rule 63")
async def products(platform: Platform) -> None:
    """The products of a campaign come with their media buys, and the counts agree."""
    made = await platform.staged()
    for step in ("before", "after"):
        found = await platform.ok("GET", f"campaigns/{made['campaignId']}/products")
        rows, told = found["products"], found["summary"]
        placed = sum(bool(row["mediaBuys"]) for row in rows)
        counts = (told["totalProducts"], told["productsOnMediaBuys"], told["productsPending"])
        wanted = (len(rows), placed, len(rows) - placed)
        expect(counts == wanted, f"summary {step} the launch", wanted, counts)
        if step == "before":
            await platform.execute(made)
    expect(placed == len(rows) == 1, "products on media buys after the launch", 1, placed)


@CHECKS.add("campaigns.formats", "rule 65")
async def formats(platform: Platform) -> None:
    """What formats are missing is what products need without what creatives cover."""
    told = (await platform.staged())["creativeFormats"]
    names = {kind: {key_of(one) for one in told[kind]} for kind in ("required", "covered", "missing")}
    if not names["required"]:
        raise Skipped("the product needs no format")
    wanted = names["required"] - names["covered"]
    expect(names["missing"] == wanted, "creativeFormats.missing", sorted(wanted), sorted(names["missing"]))


@CHECKS.add("campaigns.utm", "rule 38")
async def utm(platform: Platform) -> None:
    """UTM parameters of a campaign are added to, or with deleteMissing replaced."""
    first, second = ({"paramKey": key, "paramValue": "v"} for key in ("first", "second"))
    made = await platform.campaign(utmConfig={"params": [first]})
    seen = []
    for config in ({"params": [second]}, {"params": [second], "deleteMissing": True}):
        await platform.ok("PUT", f"campaigns/{made['campaignId']}", {"utmConfig": config})
        rows = (await platform.read(made["campaignId"]))["utmConfig"]["params"]
        seen.append(sorted(row["paramKey"] for row in rows))
    wanted = [["first", "second"], ["second"]]
    expect(seen == wanted, "UTM parameters after two updates", wanted, seen)


@CHECKS.add("campaigns.kept", "rule 96")
async def kept(platform: Platform) -> None:
    """An update changes what it names, and nothing else."""
    made = await platform.campaign(brief="First")
    await platform.ok("PUT", f"campaigns/{made['campaignId']}", {"name": name()})
    found = await platform.read(made["campaignId"])
    fields = "advertiserId name status campaignType brief flightDates budget constraints performanceConfig".split()
    changed = [field for field in fields if made.get(field) != found.get(field)]
    expect(changed == ["name"], "fields that are changed", ["name"], changed)
