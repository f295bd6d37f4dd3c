"""Accounts, credentials, measurement, audiences, property lists and news, in the order of seed 001 (its year: 2026)."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

from tests.server.story.doors import Door, Json

BEGIN = "2026-04-06T00:00:00Z"
"""A little after the events and measurements of the examples."""


def tell(door: Door) -> None:
    """The whole story, for a customer that has nothing yet."""
    accounts(door)
    credentials(door)
    advertiser = advertisers(door)
    linked(door, advertiser)
    events(door, advertiser)
    measurement(door, advertiser)
    catalogs(door, advertiser)
    audiences(door, advertiser)
    property_lists(door, advertiser)
    news(door, advertiser)


def accounts(door: Door) -> None:
    """Who is calling, and for whom."""
    current = door.do("get_current_account")
    assert (current["company"], current["role"]) == ("Acme", "ADMIN")  # rule 15
    assert door.do("list_accounts")["accounts"] == [current]


def credentials(door: Door) -> None:
    """Storefronts, and the customer's credentials with the agents behind them."""
    listed = door.do("list_storefronts", params={"name": "Roundel", "limit": 20, "offset": 0})["data"]
    assert [(row["name"], row["sourceCount"]) for row in listed["items"]] == [("Roundel", 2)]  # rules 10, 16
    assert (listed["hasMore"], listed["nextOffset"]) == (False, None)  # rule 9
    shop = door.do("get_storefront", storefrontId="1")["data"]
    assert [source["requiresCredentials"] for source in shop["sources"]] == [True, True]  # rule 18
    body = {"accountIdentifier": "my-publisher-account", "auth": {"type": "bearer", "token": "my-api-key"}}
    made = door.do("register_source_credentials", body, storefrontId="1", sourceId="src_abc123")
    assert made["status"] == "ACTIVE"  # rule 20
    asked = {"accountIdentifier": "my-oauth-account"}
    waiting = door.do("register_source_credentials", asked, storefrontId="1", sourceId="src_oauth")
    assert waiting["status"] == "PENDING"
    assert waiting["oauth"]["agentName"] == "Agent Name"
    state = parse_qs(urlsplit(waiting["oauth"]["authorizationUrl"]).query)["state"][0]
    assert b"my-oauth-account" in door.do("get_authorization_page", params={"state": state})["content"]
    door.do("authorize_credentials", {"state": state, "decision": "allow"})
    rows = door.do("list_agent_credentials")["data"]
    assert {row["accountIdentifier"]: row["status"] for row in rows} == {
        "my-publisher-account": "ACTIVE", "my-oauth-account": "ACTIVE",
    }  # rule 20  # fmt: skip
    assert "my-api-key" not in str(rows)  # rule 22


def advertisers(door: Door) -> str:
    """First-time setup; an advertiser is read and changed."""
    enriched = door.refused("create_advertiser", {"name": "Globex", "brand": "globex.com"})
    assert enriched["details"]["enrichedBrand"]["name"] == "Globex"  # rule 29
    saved = door.do("create_advertiser", {"name": "Globex", "brand": "globex.com", "saveBrand": True})
    assert saved["brandWarning"]  # rule 31
    body = {"name": "Acme Corp", "brand": "acme.com", "description": "Global advertising account", "saveBrand": True}
    made = door.do("create_advertiser", body)
    advertiser: str = made["id"]
    page = door.do("list_advertisers", params={"status": "ACTIVE", "name": "Acme", "limit": 10, "offset": 0})
    assert [row["id"] for row in page["items"]] == [advertiser]
    assert "linkedBrand" not in page["items"][0]  # rule 7
    shown = door.do("get_advertiser", advertiserId=advertiser)
    assert shown["linkedBrand"]["tagline"] == "Innovation for Everyone"  # rule 32
    assert shown["linkedBrand"]["manifest"]["tone"] == "professional"
    changes = {"name": "Acme Corporation", "description": "Updated description", "brand": "newbrand.com"}
    changed = door.do("update_advertiser", changes, advertiserId=advertiser)
    assert (changed["name"], changed["brand"]) == ("Acme Corporation", "newbrand.com")  # rule 40
    door.do("update_advertiser", {"brand": "acme.com"}, advertiserId=advertiser)
    return advertiser


def linked(door: Door, advertiser: str) -> None:
    """An account with an agent is discovered and linked, first with one set of credentials, then with two."""
    wanted = {"partnerId": "snap_6e2d13705a26"}
    account = door.do("list_available_accounts", params=wanted, advertiserId=advertiser)["accounts"][0]
    body = {"linkedAccounts": [{"partnerId": "snap_6e2d13705a26", "accountId": account["accountId"]}]}
    assert door.do("update_advertiser", body, advertiserId=advertiser)["linkedAccountCount"] == 1  # rules 25, 42
    more = {"accountIdentifier": "second-account", "auth": {"type": "bearer", "token": "my-api-key"}}
    second = door.do("register_source_credentials", more, storefrontId="1", sourceId="src_abc123")
    unclear = door.refused("list_available_accounts", params=wanted, advertiserId=advertiser)
    assert second["id"] in str(unclear["details"])  # rule 23
    chosen = {**wanted, "credentialId": second["id"]}
    found = door.do("list_available_accounts", params=chosen, advertiserId=advertiser)["accounts"]
    assert [row["name"] for row in found] == ["Acme Labs on Snap"]  # rules 19, 24


def events(door: Door, advertiser: str) -> None:
    """Event sources are synced and kept one by one, events logged and counted."""
    body = {
        "account": {"account_id": advertiser},
        "event_sources": [
            {"event_source_id": "website_pixel", "name": "Website Pixel", "event_types": ["purchase", "add_to_cart"],
             "allowed_domains": ["shop.example.com"]},
            {"event_source_id": "mobile_sdk", "name": "Mobile App SDK", "event_types": ["app_install", "purchase"]},
        ],
        "delete_missing": False,
    }  # fmt: skip
    for action in ("created", "unchanged"):  # rule 133
        rows = door.do("sync_event_sources", body, advertiserId=advertiser)["data"]["event_sources"]
        assert {row["action"] for row in rows} == {action}
    one = {"advertiserId": advertiser, "eventSourceId": "call_center"}
    door.do("create_event_source", {"eventSourceId": "call_center", "name": "Call Center"}, advertiserId=advertiser)
    door.do("update_event_source", {"name": "Calls"}, **one)
    assert "Calls" in str(door.do("get_event_source", **one)["data"])  # C18
    door.do("delete_event_source", **one)
    assert "call_center" not in str(door.do("list_event_sources", advertiserId=advertiser))
    event = {
        "event_id": "txn_abc123",
        "event_type": "purchase",
        "event_time": "2026-03-15T14:30:00-05:00",
        "action_source": "website",
        "event_source_url": "https://example.com/checkout",
        "user_match": {"hashed_email": "a1b2c3d4e5f6a1b2" * 4, "click_id": "abc123", "click_id_type": "gclid"},
        "custom_data": {"value": 99.99, "currency": "USD", "order_id": "order_456", "content_ids": ["prod_789"],
                        "num_items": 2},
    }  # fmt: skip
    tested = {"event_source_id": "website_pixel", "events": [event], "test_event_code": "TEST123"}
    for sent in (tested, {**tested, "test_event_code": None}):
        given = {name: value for name, value in sent.items() if value is not None}
        done = door.do("log_event", given, advertiserId=advertiser)["data"]
        assert (done["events_received"], done["events_processed"], done["partial_failures"]) == (1, 1, [])  # rule 134
    hours = {"startHour": "2026-03-15T19:00:00Z", "endHour": "2026-03-15T20:00:00Z", "eventType": "conversion"}
    door.live.advance("2h")
    counted = door.do("get_event_summary", params=hours, advertiserId=advertiser)["data"]
    assert [row["eventCount"] for row in counted["entries"]] == [1]  # rules 134, 135: the test left no trace
    assert door.do("get_event_summary", advertiserId=advertiser)["data"]["totalEventCount"] == 0


def measurement(door: Door, advertiser: str) -> None:
    """Measurement data, sources, records, context, freshness, cohorts."""
    week = {"timeWindowStart": "2026-01-06", "timeWindowEnd": "2026-01-12"}
    row = {"start_time": "2026-03-01T00:00:00-05:00", "end_time": "2026-03-07T23:59:59-05:00",
           "metric_id": "incremental_revenue", "metric_value": 8450.75, "unit": "currency", "currency": "USD",
           "campaign_id": campaign(door, advertiser)}  # fmt: skip
    for action in ("created", "unchanged"):  # rule 136
        rows = door.do("sync_measurement_data", {"measurements": [row]}, advertiserId=advertiser)["data"][
            "measurements"
        ]
        assert rows == [{"index": 0, "action": action}]
    source = {"sourceKey": "mmm_sales", "name": "MMM Sales Lift", "outcomeType": "sales_volume",
              "granularity": "dma_week", "cadence": "weekly", "provider": "analytic-partner"}  # fmt: skip
    made = door.do("create_measurement_source", source, advertiserId=advertiser)["data"]
    assert (made["lagWeeks"], made["signalWeight"]) == (1, 1.0)  # rule 137
    assert "mmm_sales" in str(door.do("list_measurement_sources", advertiserId=advertiser))
    record = {"outcomeType": "sales_volume", "geo": "Atlanta", **week, "value": 1250, "source": "mmm_sales"}
    door.do("upload_measurement_records", {"records": [record]}, advertiserId=advertiser)
    assert "Atlanta" in str(door.do("list_measurement_records", advertiserId=advertiser))
    context = {"geo": "Atlanta", **week, "promoActive": True, "promoType": "BOGO"}
    door.do("upload_context_records", {"records": [context]}, advertiserId=advertiser)  # rule 138
    asked = {"flightStart": "2026-01-06", "geos": "Atlanta,Richmond"}
    fresh = str(door.do("get_measurement_freshness", params=asked, advertiserId=advertiser))
    assert "Atlanta" in fresh
    assert "Richmond" in fresh  # rule 139
    cohort = {"name": "Q1 Creative Test", "description": "Testing new vs old creatives", "splitPercentage": 50}
    door.do("create_test_cohort", cohort, advertiserId=advertiser)
    listed = door.do("list_test_cohorts", advertiserId=advertiser)["data"]
    assert [row["splitPercentage"] for row in listed["testCohorts"]] == [50]  # rule 140


def campaign(door: Door, advertiser: str) -> str:
    """A draft to measure."""
    body = {"advertiserId": advertiser, "name": "Q1 Campaign", "budget": {"total": 50000, "currency": "USD"},
            "flightDates": {"startDate": "2026-05-01T00:00:00Z", "endDate": "2026-05-31T23:59:59Z"}}  # fmt: skip
    return str(door.do("create_campaign", body)["campaignId"])


def catalogs(door: Door, advertiser: str) -> None:
    """Catalogs by address and with items."""
    feeds = [
        {"catalog_id": "products-2026", "type": "product", "name": "2026 Product Catalog",
         "url": "https://example.com/products.xml", "feed_format": "google_merchant_center",
         "update_frequency": "daily"},
        {"catalog_id": "promotions-q1", "type": "promotion", "name": "Q1 Promotions",
         "url": "https://example.com/promotions.xml", "feed_format": "custom", "update_frequency": "hourly"},
    ]  # fmt: skip
    widget = {"item_id": "sku-001", "title": "Blue Widget", "description": "A sturdy blue widget for everyday use",
              "price": "19.99 USD", "link": "https://example.com/products/blue-widget",
              "image_link": "https://example.com/images/blue-widget.jpg", "availability": "in stock", "brand": "Acme",
              "google_product_category": "Hardware > Tools"}  # fmt: skip
    items = [{"catalog_id": "my-catalog-1", "type": "product", "name": "Q1 Products", "items": [widget]}]
    for given in (feeds, items):
        body = {"account": {"account_id": advertiser}, "catalogs": given}
        rows = door.do("sync_catalogs", body, advertiserId=advertiser)["data"]["results"]
        assert {row["action"] for row in rows} == {"created"}  # rule 146
    listed = door.do("list_catalogs", advertiserId=advertiser)["data"]
    assert {row["catalogId"] for row in listed["catalogs"]} == {"products-2026", "promotions-q1", "my-catalog-1"}


def audiences(door: Door, advertiser: str) -> None:
    """An audience is synced, matched and syndicated."""
    uids = [{"type": "uid2", "value": "uid2-token-value"}]
    members = [
        {"externalId": "user-001", "hashedEmail": "a1b2c3d4e5f6a1b2" * 4},
        {"externalId": "user-002", "uids": uids},
    ]
    body = {
        "audiences": [{"audienceId": "crm-high-value", "name": "High Value Customers", "add": members,
                       "consentBasis": "consent"}],
        "deleteMissing": False,
    }  # fmt: skip
    accepted = door.do("sync_audiences", body, accountId=advertiser)  # rule 141: 202
    door.live.advance("1h")
    task = door.do("get_task", taskId=accepted["taskId"])["task"]
    assert (task["taskType"], task["status"], task["error"]) == ("audience_sync", "completed", None)  # rule 144
    listed = door.do("list_audiences", params={"take": 50, "skip": 0}, accountId=advertiser)
    assert [(row["status"], row["uploadedCount"]) for row in listed["audiences"]] == [("READY", 2)]  # rule 143
    one = door.do("get_audience", accountId=advertiser, audienceId="crm-high-value")
    assert one["consentBasis"] == "consent"
    wish = {"resourceType": "AUDIENCE", "resourceId": "crm-high-value", "enabled": True,
            "adcpAgentIds": ["agent_456", "newsroom"]}  # fmt: skip
    records = door.do("syndicate", wish, advertiserId=advertiser)["data"]
    assert [row["status"] for row in records] == ["PENDING", "PENDING"]  # rule 145
    door.live.advance("1d")
    asked = {"resourceType": "AUDIENCE", "enabled": True, "limit": 20, "offset": 0}
    rows = door.do("syndication_status", params=asked, advertiserId=advertiser)["data"]["items"]
    assert {row["status"] for row in rows} <= {"COMPLETED", "FAILED"}


def property_lists(door: Door, advertiser: str) -> None:
    """A list is made, read, changed, fetched by an agent, checked and archived."""
    facebook = [{"type": kind, "value": "com.facebook.katana"} for kind in ("ios_bundle", "android_package")]
    shops = [{"type": "apple_app_store_id", "value": "284882215"}, {"type": "roku_store_id", "value": "12"}]
    times = {"type": "domain", "value": "nytimes.com"}
    body = {"name": "Q1 Campaign - Premium Inventory", "purpose": "include", "identifiers": [times, *facebook, *shops]}
    made = door.do("create_property_list", body, advertiserId=advertiser)
    assert made["domains"] == ["nytimes.com"]  # rule 151
    assert made["resolutionSummary"]["totalRequested"] == 5  # rule 152
    short = {"name": "Q1 Campaign - Premium Publishers", "purpose": "include"}
    names = ["nytimes.com", "cnn.com", "bbc.co.uk"]
    other = door.do("create_property_list", {**short, "domains": names}, advertiserId=advertiser)
    assert other["domains"] == names  # rule 147
    listed = door.do("list_property_lists", params={"purpose": "include"}, advertiserId=advertiser)
    assert listed["total"] == 2
    place = {"advertiserId": advertiser, "listId": made["listId"]}
    assert door.do("get_property_list", **place)["unresolvedIdentifiers"] == []  # rule 150
    renamed = {"name": "Updated List Name", "identifiers": [times, facebook[0]]}
    changed = door.do("update_property_list", renamed, **place)
    assert changed["cascadeSummary"] is not None  # rule 153
    changed = door.do("update_property_list", {"name": "Updated List Name", "domains": names[:1]}, **place)
    assert changed["domains"] == names[:1]
    fetch(door, advertiser)
    check(door)
    door.do("delete_property_list", **place)
    left = door.do("list_property_lists", advertiserId=advertiser)
    assert made["listId"] not in [row["listId"] for row in left["propertyLists"] if row.get("status") != "ARCHIVED"]


def fetch(door: Door, advertiser: str) -> None:
    """Sales agents get the advertiser's profile with a token of its own; an API key does not open it (rule 156)."""
    door.do("discover_products", {"advertiserId": advertiser, "brief": "news"})
    calls = door.live.ok("GET", "/_sandbox/events", params={"type": "call", "limit": 1000})["events"]
    asked = [call["data"]["payload"] for call in calls if call["data"]["operation"] == "get_products"]
    profile = asked[-1]["property_list"]  # rule 132
    refused = door.live.error("GET", f"/lists/{profile['list_id']}")
    assert refused["code"] == "UNAUTHORIZED"
    shown = door.do("resolve_property_list", bearer=profile["auth_token"], listId=profile["list_id"])
    assert {"type": "domain", "value": "nytimes.com"} in shown["identifiers"]


def check(door: Door) -> None:
    """Identifiers are sorted into four buckets (rule 157)."""
    names = ["nytimes.com", "www.cnn.com", "doubleclick.net", "unknown-site.xyz"]
    app = {"type": "ios_bundle", "value": "com.facebook.katana"}
    told = door.do("check_property_list", {"domains": names, "identifiers": [app]})
    assert told["summary"] == {"total": 5, "remove": 1, "modify": 1, "assess": 2, "ok": 1}  # the seed's own sums
    assert told["reportIds"] == [told["reportId"]]  # rule 159
    report = door.do("get_property_list_report", reportId=told["reportId"])
    assert report["summary"]["total"] == 4


def news(door: Door, advertiser: str) -> None:
    """What happened: the activity feed, and notifications that are read and acknowledged."""
    logs: Json = door.do("list_activity", params={"take": 50, "skip": 0})
    assert len(logs["data"]["logs"]) >= 10
    assert {row["userEmail"] for row in logs["data"]["logs"]} <= {"admin@acme.example", None}
    listed = door.do("list_notifications", params={"unreadOnly": True, "limit": 20, "offset": 0})
    assert listed["unreadCount"] == listed["totalCount"] >= 2  # rule 171
    first, second = (row["id"] for row in listed["notifications"][:2])
    door.do("read_notification", notificationId=first)
    door.do("acknowledge_notification", notificationId=second)
    after = door.do("list_notifications", params={"limit": 100})
    flags = {row["id"]: (row["read"], row["acknowledged"]) for row in after["notifications"]}
    assert flags[first] == (True, False)  # rule 170
    assert flags[second][1]
    door.do("read_all_notifications", {"brandAgentId": int(advertiser)})  # rule 172
    door.do("read_all_notifications")
    assert door.do("list_notifications", params={"unreadOnly": True})["unreadCount"] == 0
