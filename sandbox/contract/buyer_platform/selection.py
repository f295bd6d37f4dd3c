"""Part J: selection of products, by hand and by itself."""

from __future__ import annotations

from sandbox.contract.buyer_platform.answers import Body, content, judge, near
from sandbox.contract.buyer_platform.checks import CHECKS
from sandbox.contract.buyer_platform.goals import goals, metric
from sandbox.contract.buyer_platform.platform import Platform, row_of
from sandbox.contract.check import Skipped, expect


@CHECKS.add("selection.added", "rule 125")
async def added(platform: Platform) -> None:
    """What is added is in the selection, with when."""
    found = await platform.discover(await platform.somebody())
    (row,) = await platform.select(found)
    told = await platform.ok("GET", f"discovery/{found['discoveryId']}/products")
    shown = [(one["productId"], one["salesAgentId"]) for one in told["products"]]
    wanted = [(row["productId"], row["salesAgentId"])]
    expect(shown == wanted, "selected products", wanted, shown)
    expect(told["totalProducts"] == 1, "totalProducts", 1, told["totalProducts"])
    at = told["products"][0].get("selectedAt")
    expect(bool(at), "selectedAt", "an instant", at)


@CHECKS.add("selection.fields", "rule 125")
async def fields(platform: Platform) -> None:
    """A product is added by its product, agent and group."""
    found = await platform.discover(await platform.somebody())
    whole = row_of(found["productGroups"][0], found["productGroups"][0]["products"][0])
    for field in ("productId", "salesAgentId", "groupId", "groupName"):
        row = {key: whole[key] for key in whole if key != field}
        path = f"discovery/{found['discoveryId']}/products"
        await platform.refused("POST", path, {"products": [row]}, "VALIDATION_ERROR")


@CHECKS.add("selection.unknown", "rule 125", "should")
async def unknown(platform: Platform) -> None:
    """A product that was not found can't be added."""
    found = await platform.discover(await platform.somebody())
    row = row_of(found["productGroups"][0], found["productGroups"][0]["products"][0])
    path = f"discovery/{found['discoveryId']}/products"
    body = {"products": [{**row, "productId": "no-such-product"}]}
    await platform.refused("POST", path, body, "VALIDATION_ERROR", "NOT_FOUND")


@CHECKS.add("selection.bid", "rule 124")
async def bid(platform: Platform) -> None:
    """A product that is sold by auction is added with a bid only."""
    found = await platform.discover(await platform.somebody(), productsPerGroup=15)
    kinds: dict[bool, tuple[Body, Body, Body]] = {}
    for group in found["productGroups"]:
        for product in group["products"]:
            options = product.get("pricingOptions") or []
            auctions = [option for option in options if not option["isFixed"]]
            if auctions:
                kinds.setdefault(len(auctions) == len(options), (group, product, auctions[0]))
    if not kinds:
        raise Skipped("no product is sold by auction")
    group, product, option = kinds.get(True) or kinds[False]
    row = {**row_of(group, product), "pricingOptionId": option.get("pricingOptionId")}
    row.pop("bidPrice", None)
    path = f"discovery/{found['discoveryId']}/products"
    answer = await platform.send("POST", path, {"products": [row]})
    if answer.status < 300 and True not in kinds:
        taken = content(answer.body)["products"][0].get("pricingOptionId")
        if taken != row["pricingOptionId"]:
            raise Skipped("products have fixed prices too, and the platform chooses which one is taken")
    judge(answer, "an auction without bidPrice", "VALIDATION_ERROR")


@CHECKS.add("selection.removed", "rule 125")
async def removed(platform: Platform) -> None:
    """What is removed is not in the selection any more."""
    found = await platform.discover(await platform.somebody())
    (row,) = await platform.select(found)
    path = f"discovery/{found['discoveryId']}/products"
    await platform.ok("DELETE", path, {"productIds": [row["productId"]]})
    told = await platform.ok("GET", path)
    expect(told["products"] == [], "selected products", [], told["products"])


@CHECKS.add("selection.budget", "rule 126")
async def budget(platform: Platform) -> None:
    """What is left is the budget without those of the selected products."""
    found = await platform.discover(await platform.somebody(), budget=5000)
    await platform.select(found, budget=1200)
    told = (await platform.ok("GET", f"discovery/{found['discoveryId']}/products"))["budgetContext"]
    amounts = (told["sessionBudget"], told["allocatedBudget"], told["remainingBudget"])
    fine = all(map(near, amounts, (5000, 1200, 3800)))
    expect(fine, "budgetContext", (5000, 1200, 3800), amounts)


async def _ready(platform: Platform) -> Body:
    """A campaign with goals and a discovery."""
    advertiser = await platform.somebody()
    found = await platform.discover(advertiser)
    config = {"performanceConfig": goals(metric("clicks")), "discoveryId": found["discoveryId"]}
    return await platform.campaign(advertiser, **config)


@CHECKS.add("selection.auto", "rule 129")
async def auto(platform: Platform) -> None:
    """Automatic selection shares the budget out, and says how and why."""
    made = await _ready(platform)
    done = await platform.ok("POST", f"campaigns/{made['campaignId']}/auto-select-products")
    chosen, told = done["selectedProducts"], done["budgetContext"]
    expect(bool(chosen), "selectedProducts", "some", chosen)
    wanted = sum(product["budget"] for product in chosen)
    expect(near(told["totalAllocated"], wanted), "budgetContext.totalAllocated", wanted, told["totalAllocated"])
    limit = made["mediaBudget"]["total"]
    expect(wanted <= limit + 0.01, "sum of the products", f"at most the media budget of {limit}", wanted)
    how = done.get("selectionMethod")
    expect(how in ("scoring", "measurability", "cpm_heuristic"), "selectionMethod", "one of three", how)
    expect(bool(done.get("selectionRationale")), "selectionRationale", "why", done.get("selectionRationale"))


@CHECKS.add("selection.auto_most", "rule 130")
async def auto_most(platform: Platform) -> None:
    """No more products are selected than maxProducts."""
    made = await _ready(platform)
    done = await platform.ok("POST", f"campaigns/{made['campaignId']}/auto-select-products", {"maxProducts": 1})
    expect(len(done["selectedProducts"]) == 1, "selectedProducts", 1, len(done["selectedProducts"]))


@CHECKS.add("selection.auto_needs_goals", "rule 129")
async def auto_needs_goals(platform: Platform) -> None:
    """Nothing is selected for a campaign without goals."""
    made = await platform.staged()
    path = f"campaigns/{made['campaignId']}/auto-select-products"
    await platform.refused("POST", path, None, "VALIDATION_ERROR", "INVALID_STATE")
