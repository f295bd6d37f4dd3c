"""Part F: changes of media buys through the campaign."""

from __future__ import annotations

from typing import Any

from sandbox.contract.buyer_platform.answers import Body, near, status_of
from sandbox.contract.buyer_platform.checks import CHECKS
from sandbox.contract.buyer_platform.goals import metric
from sandbox.contract.buyer_platform.platform import Platform, budget_of
from sandbox.contract.check import Skipped, expect


async def _drafted(platform: Platform) -> tuple[Body, Body]:
    """A draft campaign and its draft media buy."""
    advertiser = await platform.somebody()
    found = await platform.discover(advertiser)
    await platform.select(found)
    made = await platform.campaign(advertiser)
    await platform.ok("PUT", f"campaigns/{made['campaignId']}", {"discoveryId": found["discoveryId"]})
    whole = await platform.read(made["campaignId"])
    expect(bool(whole["mediaBuys"]), "mediaBuys after a discovery was attached", "a DRAFT", whole["mediaBuys"])
    return whole, whole["mediaBuys"][0]


async def _change(platform: Platform, campaign: Body, buy: Body, **fields: Any) -> Body:
    body = {"mediaBuys": [{"mediaBuyId": buy["mediaBuyId"], **fields}]}
    await platform.ok("PUT", f"campaigns/{campaign['campaignId']}", body)
    return await platform.read(campaign["campaignId"])


async def _refuse(platform: Platform, campaign: Body, buy: Body, *codes: str, **fields: Any) -> None:
    body = {"mediaBuys": [{"mediaBuyId": buy["mediaBuyId"], **fields}]}
    await platform.refused("PUT", f"campaigns/{campaign['campaignId']}", body, *codes)


def _statuses(campaign: Body) -> list[str]:
    return sorted(status_of(ref) for ref in campaign["mediaBuyRefs"])


def _product(buy: Body) -> str:
    """A product of a media buy, draft or not."""
    return str((buy.get("products") or buy["packages"])[0]["productId"])


@CHECKS.add("buys.draft_products", "rule 86")
async def draft_products(platform: Platform) -> None:
    """The budget of a product on a draft can be changed."""
    campaign, buy = await _drafted(platform)
    row = {"product_id": buy["products"][0]["productId"], "budget": 777}
    (found,) = (await _change(platform, campaign, buy, products=[row]))["mediaBuys"]
    expect(near(budget_of(found), 777), "budget of the draft", 777, budget_of(found))


@CHECKS.add("buys.active_products", "rule 86")
async def active_products(platform: Platform) -> None:
    """The products of an active media buy can't be changed."""
    campaign = await platform.launched()
    buy = campaign["mediaBuys"][0]
    rows = [{"product_id": _product(buy), "budget": 500}]
    await _refuse(platform, campaign, buy, "INVALID_STATE", products=rows)


@CHECKS.add("buys.draft_packages", "rule 86")
async def draft_packages(platform: Platform) -> None:
    """A draft has no packages to change."""
    campaign, buy = await _drafted(platform)
    rows = [{"packageId": "some-package", "budget": 500}]
    await _refuse(platform, campaign, buy, "INVALID_STATE", "VALIDATION_ERROR", "NOT_FOUND", packages=rows)


@CHECKS.add("buys.pacing", "rule 87")
async def pacing(platform: Platform) -> None:
    """A pacing that is none is refused."""
    campaign, buy = await _drafted(platform)
    rows = [{"product_id": _product(buy), "pacing": "at_leisure"}]
    await _refuse(platform, campaign, buy, "VALIDATION_ERROR", products=rows)


@CHECKS.add("buys.dates", "rule 88")
async def dates(platform: Platform) -> None:
    """A media buy runs within the flight of its campaign."""
    campaign, buy = await _drafted(platform)
    for fields in ({"start_time": await platform.day(-30)}, {"end_time": await platform.day(300)}):
        await _refuse(platform, campaign, buy, "VALIDATION_ERROR", **fields)


@CHECKS.add("buys.unknown", "rules 4 and 85")
async def unknown(platform: Platform) -> None:
    """A media buy of another campaign can't be changed through this one."""
    (campaign, _), (_, foreign) = await _drafted(platform), await _drafted(platform)
    for buy in (foreign, {"mediaBuyId": "no-such-buy"}):
        await _refuse(platform, campaign, buy, "NOT_FOUND", "VALIDATION_ERROR", action="delete")


@CHECKS.add("buys.cancel_draft", "rule 93")
async def cancel_draft(platform: Platform) -> None:
    """A draft can't be canceled: it is deleted."""
    campaign, buy = await _drafted(platform)
    await _refuse(platform, campaign, buy, "INVALID_STATE", action="cancel")


@CHECKS.add("buys.delete", "rule 94")
async def delete(platform: Platform) -> None:
    """Deleting a media buy archives it."""
    campaign, buy = await _drafted(platform)
    found = await _change(platform, campaign, buy, action="delete")
    shown = [status_of(ref) for ref in found["mediaBuyRefs"] if ref["mediaBuyId"] == buy["mediaBuyId"]]
    expect(shown in ([], ["ARCHIVED"]), "status", ["ARCHIVED"], shown)


@CHECKS.add("buys.cancel", "rule 93")
async def cancel(platform: Platform) -> None:
    """An active media buy can be canceled, and not once more."""
    campaign = await platform.launched()
    buy = campaign["mediaBuys"][0]
    found = await _change(platform, campaign, buy, action="cancel", reason="this was a check")
    expect(_statuses(found) == ["CANCELED"], "status", ["CANCELED"], _statuses(found))
    await _refuse(platform, campaign, buy, "INVALID_STATE", action="cancel")


@CHECKS.add("buys.replaced", "rule 72")
async def replaced(platform: Platform) -> None:
    """After its media buy was canceled, an agent gets a new one at the next execution."""
    campaign = await platform.launched()
    await _change(platform, campaign, campaign["mediaBuys"][0], action="cancel", reason="this was a check")
    await platform.execute(campaign)
    found = await platform.read(campaign["campaignId"])
    expect(len(found["mediaBuyRefs"]) == 2, "mediaBuyRefs", "the canceled one and a new one", _statuses(found))


@CHECKS.add("buys.version", "rules 62 and 89")
async def version(platform: Platform) -> None:
    """A change of an active media buy runs once the agent has approved it, and the media buy stays active."""
    campaign = await platform.launched()
    buy = campaign["mediaBuys"][0]
    package = buy["packages"][0]
    wanted = package["budget"] + 250
    row = {"packageId": package["packageId"], "budget": wanted}
    changed = await _change(platform, campaign, buy, packages=[row], updated_reason="this is a check")
    expect("ACTIVE" in _statuses(changed), "statuses after the change", "ACTIVE among them", _statuses(changed))

    async def settled() -> Body | None:
        await platform.ok("GET", f"campaigns/{campaign['campaignId']}/media-buy-status")
        found = await platform.read(campaign["campaignId"])
        return found if _statuses(found) == ["ACTIVE"] else None

    found = await platform.until(settled, "the sales agent to approve the change")
    rows = [row for one in found["mediaBuys"] for row in one["packages"] if row["productId"] == package["productId"]]
    if near(rows[0]["budget"], package["budget"]) and platform.control is None:
        raise Skipped("the budget is as it was: the sales agent may have rejected the change")
    expect(near(rows[0]["budget"], wanted), "budget of the package", wanted, rows[0]["budget"])


@CHECKS.add("buys.pending", "rule 90")
async def pending(platform: Platform) -> None:
    """While an update waits for approval, the products of the media buy can't be changed."""
    campaign = await platform.launched(groups=2)
    for buy in campaign["mediaBuys"]:
        package = buy["packages"][0]
        row = {"packageId": package["packageId"], "budget": package["budget"] + 250}
        changed = await _change(platform, campaign, buy, packages=[row])
        versions = [ref["status"] for ref in changed["mediaBuyRefs"] if ref["mediaBuyId"] == buy["mediaBuyId"]]
        if "PENDING_APPROVAL" in versions:
            rows = [{"product_id": package["productId"], "budget": 500}]
            await _refuse(platform, campaign, buy, "INVALID_STATE", products=rows)
            return
    raise Skipped("the sales agents approve updates at once")


@CHECKS.add("buys.whole", "rules 4 and 85", "should")
async def whole(platform: Platform) -> None:
    """An update of which one part is wrong changes nothing."""
    campaign, buy = await _drafted(platform)
    rows = [{"mediaBuyId": buy["mediaBuyId"], "action": "delete"}, {"mediaBuyId": "no-such-buy", "action": "delete"}]
    body = {"name": "Another name", "mediaBuys": rows}
    await platform.refused("PUT", f"campaigns/{campaign['campaignId']}", body)
    found = await platform.read(campaign["campaignId"])
    shown = (found["name"], _statuses(found))
    expect(shown == (campaign["name"], ["DRAFT"]), "name and statuses", (campaign["name"], ["DRAFT"]), shown)


@CHECKS.add("buys.goals", "rules 91 and 92")
async def buy_goals(platform: Platform) -> None:
    """Goals of a media buy are set by an update, and cleared by an empty list."""
    campaign, buy = await _drafted(platform)
    seen = []
    for rows in ([metric("clicks")], []):
        found = await _change(platform, campaign, buy, optimization_goals=rows)
        one = found["mediaBuys"][0]
        seen.append(len(one.get("optimization_goals") or one.get("optimizationGoals") or []))
    expect(seen == [1, 0], "goals after two updates", [1, 0], seen)


@CHECKS.add("buys.audiences", "rule 97")
async def audiences(platform: Platform) -> None:
    """An audience that the advertiser does not have is refused."""
    body = await platform.draft(audienceConfig={"targetAudienceIds": ["no-such-audience"]})
    await platform.refused("POST", "campaigns", body, "VALIDATION_ERROR", "NOT_FOUND")
