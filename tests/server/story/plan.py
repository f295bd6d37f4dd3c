"""From a brief to reports: discovery, campaigns, media buys and suggestions, as in seed 001 (its year: 2025)."""

from __future__ import annotations

from typing import Any

from tests.server.story.doors import Door, Json

BEGIN = "2025-01-20T00:00:00Z"
"""A little before the flights of the examples."""

BRIEF = "<<< ALWAYS include the ENTIRE brief from the client here — never summarize >>>"
FLIGHT = {"startDate": "2025-02-01T00:00:00Z", "endDate": "2025-03-31T23:59:59Z"}
WANTED = {"channels": ["ctv", "display"], "countries": ["US"]}
SOURCE = {"eventSourceId": "es_abc123", "eventType": "purchase", "valueField": "value"}
ROAS = {"kind": "event", "eventSources": [SOURCE], "target": {"kind": "per_ad_spend", "value": 4.0}, "priority": 1}
METRICS = {"impressions", "spend", "clicks", "views", "completedViews", "conversions", "leads", "videoCompletions",
           "ecpm", "cpc", "ctr", "completionRate"}  # fmt: skip


def tell(door: Door) -> None:
    """The whole story, for a new advertiser."""
    advertiser = found(door)
    session = discover(door, advertiser)
    campaign = launch(door, advertiser, session)
    at_once(door, advertiser)
    optimised = perform(door, advertiser)
    change(door, campaign)
    report(door, advertiser, campaign)
    decide(door, optimised)
    end(door, advertiser, campaign)


def found(door: Door) -> str:
    """First-time setup: an advertiser, its event sources and audiences."""
    advertiser: str = door.do("create_advertiser", {"name": "Acme Corp", "brand": "acme.com"})["id"]
    sources = [
        {"event_source_id": "website_pixel", "name": "Website Pixel", "event_types": ["purchase", "add_to_cart"]},
        {"event_source_id": "es_abc123", "name": "Shop"},
        {"event_source_id": "es_website_pixel"},
    ]
    body = {"account": {"account_id": advertiser}, "event_sources": sources}
    rows = door.do("sync_event_sources", body, advertiserId=advertiser)["data"]["event_sources"]
    assert [row["action"] for row in rows] == ["created"] * 3  # rule 133
    member = {"externalId": "user-001", "hashedEmail": "a1b2c3d4e5f6a1b2" * 4}
    audiences = [{"audienceId": f"aud_00{n}", "add": [member]} for n in range(1, 6)]
    door.do("sync_audiences", {"audiences": audiences}, accountId=advertiser)
    door.live.advance("1h")
    return advertiser


def discover(door: Door, advertiser: str) -> str:
    """Steps 1 to 3: discover, browse, refine, select."""
    wanted = {"advertiserId": advertiser, **WANTED, "brief": BRIEF}
    named = door.do("discover_products", {**wanted, "salesAgentNames": ["Acme Ad Exchange"]})
    assert [group["groupName"] for group in named["productGroups"]] == ["Acme Ad Exchange"]  # rules 116, 119
    narrow = {"publisherDomain": "example", "salesAgentNames": ["Acme Ad Exchange"], "debug": True}
    assert door.do("discover_products", {**wanted, **narrow})["agentResults"] == []  # rule 123: nobody failed
    # rule 6: nobody is called so, and that is no error
    assert door.do("discover_products", {**wanted, "salesAgentNames": ["Nobody"]})["productGroups"] == []

    refine(door, {**wanted, "discoveryId": door.do("discover_products", wanted)["discoveryId"]})

    session: str = door.do("discover_products", wanted)["discoveryId"]
    page = {"groupLimit": 10, "groupOffset": 0, "productsPerGroup": 15}
    shown = door.do("browse_discovery", params=page, discoveryId=session)
    assert shown["totalGroups"] == len(shown["productGroups"])  # rules 115, 122
    added = select(door, session, shown, {"agent_456", "newsroom"})
    assert {row["selectedAt"] for row in added["products"]} == {door.live.now()}  # rule 125
    listed = door.do("list_discovery_products", discoveryId=session)
    assert listed == added
    spare = [row["productId"] for row in listed["products"] if row["salesAgentId"] == "agent_456"][1:]
    rest = door.do("remove_discovery_products", {"productIds": spare}, discoveryId=session)
    assert rest["totalProducts"] == added["totalProducts"] - 1
    return session


def refine(door: Door, session: Json) -> None:
    """Step 2.5: more of this, none of that (rules 127 and 128)."""
    rows = door.do("browse_discovery", discoveryId=session["discoveryId"])["productGroups"]
    first = {group["salesAgentId"]: group["products"][0]["productId"] for group in rows}
    asks = [
        {"scope": "request", "ask": "show me more video options"},
        {"scope": "product", "id": first["agent_456"], "action": "more_like_this"},
        {"scope": "product", "id": first["newsroom"], "action": "omit"},
    ]
    page = {"groupLimit": 10, "productsPerGroup": 10, "debug": False}
    ids = {name: session[name] for name in ("advertiserId", "discoveryId")}
    refined = door.do("discover_products", {**ids, "refine": asks, **page})
    assert [row["status"] for row in refined["refinementApplied"]][2] == "applied"
    left = [product["productId"] for group in refined["productGroups"] for product in group["products"]]
    assert first["newsroom"] not in left


def select(door: Door, session: str, found: Json, agents: set[str]) -> Json:
    """Add all products of some sales agents, with the bids that auctions want (rules 124 and 125)."""
    rows = []
    for group in found["productGroups"]:
        for product in group["products"]:
            if group["salesAgentId"] in agents:
                option = product["pricingOptions"][0]
                bid = {} if option["isFixed"] else {"bidPrice": max(12.50, option["floorPrice"])}
                ids = {"productId": product["productId"], "salesAgentId": product["salesAgentId"]}
                names = {"groupId": group["groupId"], "groupName": group["groupName"]}
                rows.append({**ids, **names, **bid, "budget": 5000})
    return door.do("add_discovery_products", {"products": rows}, discoveryId=session)


def launch(door: Door, advertiser: str, session: str) -> str:
    """Steps 5 and 6: create the campaign, and execute it."""
    money = {"total": 50000, "currency": "USD"}
    body = {"advertiserId": advertiser, "name": "Q1 2025 CTV Campaign", "discoveryId": session,
            "flightDates": FLIGHT, "budget": money}  # fmt: skip
    made = door.do("create_campaign", body)
    campaign: str = made["campaignId"]
    assert (made["status"], made["campaignType"]) == ("DRAFT", "DECISIONED")  # rule 43, C5
    assert made["discoveryId"] == session  # rule 61
    products = door.do("get_campaign_products", campaignId=campaign)
    assert products["summary"]["totalProducts"] == len(products["products"])  # rule 63
    cover(door, campaign)
    assert door.do("get_campaign", campaignId=campaign)["creativeFormats"]["missing"] == []  # rule 65
    done = door.do("execute_campaign", {"debug": True}, campaignId=campaign)
    assert {**done, "errors": []} == {
        "campaignId": campaign, "previousStatus": "DRAFT", "newStatus": "ACTIVE", "success": True, "errors": [],
    }  # rule 77  # fmt: skip
    running = door.do("list_campaigns", params={"advertiserId": advertiser, "status": "ACTIVE"})
    assert [row["campaignId"] for row in running["campaigns"]] == [campaign]
    status = door.do("get_media_buy_status", campaignId=campaign)
    assert status["agents_queried"] == 2  # rule 83
    return campaign


def cover(door: Door, campaign: str) -> None:
    """One manifest for each format that is missing (rule 65); made over HTTP, as only that can (rule 185)."""
    for ref in door.do("get_campaign", campaignId=campaign)["creativeFormats"]["missing"]:
        kind = "VIDEO" if "video" in ref["id"] else "AUDIO" if "audio" in ref["id"] else "IMAGE"
        asset = {"asset_type": kind, "url": "https://cdn.acme.com/a", "width": 300, "height": 250}
        click = {"url": "https://acme.com/promo", "url_type": "CLICKTHROUGH"}
        body = {"name": ref["id"], "format_id": ref, "assets": [asset], "url_asset": click}
        door.do("create_creative", body, campaignId=campaign)


def perform(door: Door, advertiser: str) -> str:
    """The workflow of performance campaigns: goals, auto-selection, launch."""
    seen = door.do("list_advertisers", params={"status": "ACTIVE", "name": "acme"})
    assert advertiser in [row["id"] for row in seen["items"]]  # rule 10
    listed = door.do("list_event_sources", advertiserId=advertiser)["data"]
    assert "es_abc123" in str(listed)
    goal = {**ROAS, "attributionWindow": {"clickThrough": "7d"}}
    body = {"advertiserId": advertiser, "name": "Q1 ROAS Optimization", "flightDates": FLIGHT,
            "budget": {"total": 100000, "currency": "USD"}, "performanceConfig": {"optimizationGoals": [goal]},
            "constraints": WANTED}  # fmt: skip
    made = door.do("create_campaign", body)
    assert made["discoveryId"]  # rule 48
    assert made["performanceConfig"]["optimizationGoals"][0]["target"] == ROAS["target"]
    campaign: str = made["campaignId"]
    # the seed's whole body of an update, with audiences, goals and money
    update = {
        "name": "Updated Campaign Name",
        "budget": {"total": 75000},
        "audienceConfig": {"targetAudienceIds": ["aud_004"], "suppressAudienceIds": ["aud_005"]},
        "performanceConfig": {"optimizationGoals": [{**ROAS, "target": {"kind": "per_ad_spend", "value": 5.0}}]},
    }
    changed = door.do("update_campaign", update, campaignId=campaign)
    assert (changed["name"], changed["budget"]["total"]) == ("Updated Campaign Name", 75000)
    assert [(a["audienceId"], a["type"]) for a in changed["audiences"]] == [
        ("aud_004", "TARGET"),
        ("aud_005", "SUPPRESS"),
    ]
    clicks = {"kind": "metric", "metric": "clicks", "target": {"kind": "cost_per", "value": 0.50}}
    simple = {"performanceConfig": {"optimizationGoals": [clicks]}, "audienceConfig": {"deleteMissing": True}}
    assert door.do("update_campaign", simple, campaignId=campaign)["audiences"] == []  # rule 97
    chosen = door.do("auto_select_products", campaignId=campaign)
    assert chosen["productCount"] == len(chosen["selectedProducts"]) > 0  # rule 129
    cover(door, campaign)
    assert door.do("execute_campaign", campaignId=campaign)["newStatus"] == "ACTIVE"
    return campaign


def at_once(door: Door, advertiser: str) -> None:
    """The longest example of a campaign: products, audiences and goals in one request."""
    found = door.do("discover_products", {"advertiserId": advertiser, **WANTED, "salesAgentNames": ["newsroom direct"]})
    products = [
        row["productId"] for row in found["productGroups"][0]["products"] if row["pricingOptions"][0]["isFixed"]
    ]
    body = {
        "advertiserId": advertiser,
        "name": "Q1 Campaign",
        "flightDates": FLIGHT,
        "budget": {"total": 50000, "currency": "USD"},
        "brief": BRIEF,
        "constraints": WANTED,
        "discoveryId": found["discoveryId"],
        "productIds": products[:2],
        "audienceConfig": {"targetAudienceIds": ["aud_001", "aud_002"], "suppressAudienceIds": ["aud_003"]},
        "performanceConfig": {"optimizationGoals": [ROAS]},
    }
    made = door.do("create_campaign", body)
    assert {row["productId"] for row in made["products"]} == set(products[:2])  # rule 47
    assert made["brief"] == BRIEF
    assert [row["type"] for row in made["audiences"]] == ["TARGET", "TARGET", "SUPPRESS"]  # rule 64
    door.do("delete_campaign", campaignId=made["campaignId"])


def buys_of(door: Door, campaign: str) -> dict[str, Json]:
    """The newest version of each sales agent's media buy, by agent."""
    rows = door.do("get_campaign", campaignId=campaign)["mediaBuys"]
    return {row["salesAgentId"]: row for row in rows if row["status"] not in ("CANCELED", "ARCHIVED")}


def change(door: Door, campaign: str) -> None:
    """Media buys through the campaign: packages, goals, drafts, and several actions in one update."""
    buys = buys_of(door, campaign)
    ours, news = buys["agent_456"], buys["newsroom"]
    package = ours["packages"][0]["packageId"]
    more = {"mediaBuyId": ours["mediaBuyId"], "packages": [{"packageId": package, "budget": 5500, "pacing": "even"}],
            "updated_reason": "Increase budget for Q2 push"}  # fmt: skip
    door.do("update_campaign", {"mediaBuys": [more]}, campaignId=campaign)
    source = {"event_source_id": "es_website_pixel", "event_type": "purchase", "value_field": "order_total"}
    goal = {"kind": "event", "event_sources": [source], "target": {"kind": "per_ad_spend", "value": 4.0}}
    aim = {
        "mediaBuyId": news["mediaBuyId"],
        "optimization_goals": [goal],
        "updated_reason": "Shift to ROAS target for Q2",
    }
    door.do("update_campaign", {"mediaBuys": [aim]}, campaignId=campaign)
    now = buys_of(door, campaign)
    assert now["agent_456"]["packages"][0]["budget"] == 5500  # rule 89: approved at once
    narrowed = door.do("get_campaign", params={"mediaBuyId": ours["mediaBuyId"]}, campaignId=campaign)
    assert {row["mediaBuyId"] for row in narrowed["mediaBuys"]} == {ours["mediaBuyId"]}  # rule 60
    assert len(narrowed["mediaBuyRefs"]) >= 2


def report(door: Door, advertiser: str, campaign: str) -> None:
    """Some days of the flight later: summary, days, file."""
    assert door.do("pause_campaign", campaignId=campaign)["newStatus"] == "PAUSED"  # rule 67
    assert door.do("reactivate_campaign", campaignId=campaign)["newStatus"] == "ACTIVE"  # rule 68
    door.live.advance("17d")
    asked = {"view": "summary", "days": 7, "advertiserId": advertiser, "campaignId": campaign}
    without = door.refused("get_reporting_metrics", params=asked)
    assert (without["code"], without["field"]) == ("VALIDATION_ERROR", "breakdown")  # rule 161, C24
    told = door.do("get_reporting_metrics", params={**asked, "breakdown": "campaign"})
    assert [row["campaignId"] for row in told["advertisers"][0]["campaigns"]] == [campaign]
    assert set(told["totals"]) == METRICS  # rule 168
    assert told["totals"]["impressions"] > 0
    days = door.do("get_reporting_metrics", params={"view": "timeseries", "days": 30, "campaignId": campaign})
    assert {row["campaignId"] for row in days["timeseries"]} == {campaign}
    assert len({row["date"] for row in days["timeseries"]}) <= 7  # rule 164
    demo = door.do("get_reporting_metrics", params={"days": 7, "breakdown": "package", "demo": True})
    assert demo["advertisers"]  # rule 166
    file = door.do("get_reporting_metrics", params={"days": 30, "download": True, "breakdown": "package"})
    assert file["rowCount"] > 0  # rule 167
    assert file["fileName"].endswith(".csv")
    lines = door.do("get_report_file", token=file["downloadUrl"].rpartition("/")[2])["content"].splitlines()
    assert len(lines) == file["rowCount"] + 1


def decide(door: Door, campaign: str) -> None:
    """Suggestions of the optimiser: list, read, approve one, reject the other."""
    asked = {"status": "HIL_WAITING", "limit": 20, "offset": 0}
    waiting: Any = door.do("list_optimization_suggestions", params=asked)["suggestions"]
    mine = [row["suggestionId"] for row in waiting if row["campaignId"] == campaign]
    assert len(mine) >= 2, "the optimiser found nothing to do"
    one = door.do("get_optimization_suggestion", suggestionId=mine[0])
    assert one["status"] == "HIL_WAITING"  # rule 176
    approved = door.do("approve_optimization_suggestion", suggestionId=mine[0])
    assert approved == {"suggestionId": mine[0], "status": "HIL_APPROVED"}  # rule 175
    reason = {"reason": "Not aligned with current strategy"}
    rejected = door.do("reject_optimization_suggestion", reason, suggestionId=mine[1])
    assert rejected["status"] == "HIL_REJECTED"
    again = door.refused("approve_optimization_suggestion", suggestionId=mine[1])
    assert again["code"] == "CONFLICT"  # rule 175, C26


def end(door: Door, advertiser: str, campaign: str) -> None:
    """A draft is deleted, packages and buys are canceled, the campaign is archived."""
    more = door.do("discover_products", {"advertiserId": advertiser, "campaignId": campaign, **WANTED})
    select(door, more["discoveryId"], more, {"worldview"})
    door.do("update_campaign", {"discoveryId": more["discoveryId"]}, campaignId=campaign)  # rule 74
    buys = buys_of(door, campaign)
    draft = buys["worldview"]
    assert draft["status"] == "DRAFT"
    staged = {"product_id": draft["products"][0]["productId"], "budget": 3000, "pacing": "even"}
    body = {"mediaBuys": [{"mediaBuyId": draft["mediaBuyId"], "products": [staged]}]}
    door.do("update_campaign", body, campaignId=campaign)  # rule 86
    packages = [row["packageId"] for row in buys["newsroom"]["packages"]]
    mixed = [
        {"action": "cancel", "mediaBuyId": buys["newsroom"]["mediaBuyId"], "reason": "Budget cut",
         "packageIds": packages[:1]},
        {"action": "delete", "mediaBuyId": draft["mediaBuyId"]},
        {"mediaBuyId": buys["agent_456"]["mediaBuyId"],
         "packages": [{"packageId": buys["agent_456"]["packages"][0]["packageId"], "budget": 5000}]},
    ]  # fmt: skip
    door.do("update_campaign", {"mediaBuys": mixed}, campaignId=campaign)  # rule 85
    refs = {row["mediaBuyId"]: row["status"] for row in door.do("get_campaign", campaignId=campaign)["mediaBuyRefs"]}
    assert refs[draft["mediaBuyId"]] == "ARCHIVED"  # rule 94
    last = {"action": "cancel", "mediaBuyId": buys["agent_456"]["mediaBuyId"], "reason": "No longer needed"}
    door.do("update_campaign", {"mediaBuys": [last]}, campaignId=campaign)  # rule 93
    door.do("delete_campaign", campaignId=campaign)
    assert door.do("get_campaign", campaignId=campaign)["status"] == "ARCHIVED"  # rule 71
