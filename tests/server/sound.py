"""A small world with one of everything, and for each operation a request that makes sense in it."""

from __future__ import annotations

import hashlib
import re
from typing import Any

from tests.server.conftest import Live

Json = dict[str, Any]
Ids = dict[str, list[str]]
"""Ids of things that are really there, by kind (``campaignid``)."""

CREATIVE = {
    "name": "Banner",
    "assets": [
        {"asset_type": "HTML", "content": "<a href='x'>Shoes</a>"},
        {"asset_type": "URL", "url_type": "CLICKTHROUGH", "url": "https://acme.com/spring"},
    ],
}
FLIGHT = {"startDate": "2026-05-02T00:00:00Z", "endDate": "2026-08-01T00:00:00Z"}
MEMBERS = [{"externalId": f"p{n}", "hashedEmail": hashlib.sha256(b"%d" % n).hexdigest()} for n in range(3)]
FANS = {"audienceId": "fans", "name": "Fans", "add": MEMBERS}
SEAT = {"accountIdentifier": "acme-seat", "auth": {"type": "api_key", "token": "a secret"}}
GOAL = {"kind": "event", "eventSources": [{"eventSourceId": "site", "eventType": "purchase"}]}

_TOKEN, _FILE = re.compile(r"/previews/\w+/(\w+)"), re.compile(r"/files/(\w{64})/([\w.]+)")


def kind_of(name: str) -> str:
    """``targetAudienceIds``, ``audience_id`` and ``audienceId`` are of one kind; an account is an advertiser."""
    word = name.replace("_", "").lower().removesuffix("s")
    for kind in ("audienceid", "creativeid"):
        if word.endswith(kind):
            return kind
    same = {"accountid": "advertiserid", "brandagentid": "advertiserid", "partnerid": "salesagentid"}
    return {**same, "adcpagentid": "salesagentid"}.get(word, word)


def harvest(value: Any, group: Ids) -> None:
    """Add all ids in an answer to those that are known; never an advertiser's."""
    if isinstance(value, list):
        for each in value:
            harvest(each, group)
    elif isinstance(value, dict):
        for name, each in value.items():
            if isinstance(each, str) and name.lower().endswith("id") and kind_of(name) not in ("advertiserid", "id"):
                _add(group, kind_of(name), each)
            elif isinstance(each, str):
                for token in _TOKEN.findall(each):
                    _add(group, "token", token)
                for digest, file in _FILE.findall(each):
                    _add(group, "sha256", digest)
                    _add(group, "filename", file)
            else:
                harvest(each, group)


def _add(group: Ids, kind: str, value: str) -> None:
    known = group.setdefault(kind, [])
    if value and value not in known and len(known) < 40:
        known.append(value)


def make(live: Live, number: int) -> Ids:
    """An advertiser with one of everything, and a campaign that has run for a day; gives the ids by kind."""
    advertiser = live.advertiser(name=f"Acme {number}")
    group: Ids = {"advertiserid": [advertiser]}
    base, made = f"advertisers/{advertiser}", requests(group)
    for path in ("event-sources/sync", "catalogs/sync", "measurement-sources"):
        harvest(
            live.ok("POST", f"{base}/{path}", made[f"POST /api/v2/buyer/advertisers/{{advertiserId}}/{path}"]), group
        )
    harvest(live.ok("POST", f"{base}/audiences/sync", {"audiences": [FANS]}), group)
    discovery = live.select(advertiser, channels=["display"])
    goals = {"optimizationGoals": [GOAL]}
    campaign = live.campaign(advertiser, discoveryId=discovery, flightDates=FLIGHT, performanceConfig=goals)
    creative = live.ok("POST", f"campaigns/{campaign}/creatives/create", CREATIVE)
    _draw(live, f"campaigns/{campaign}/creative-sessions")
    assert live.ok("POST", f"campaigns/{campaign}/execute", {})["success"]
    live.advance("50h")
    draft = live.campaign(advertiser, discoveryId=live.select(advertiser, channels=["display", "olv"]))
    session = live.ok("POST", f"campaigns/{draft}/creative-sessions", {"idea": "Fresh shoes for spring"})
    for answer in (creative, session, live.ok("GET", f"campaigns/{draft}"), live.ok("GET", f"campaigns/{campaign}")):
        harvest(answer, group)
    harvest(
        live.ok("POST", f"{base}/property-lists", {"name": "L", "purpose": "exclude", "domains": ["cnn.com"]}), group
    )
    shared = ("storefronts/credentials", f"discovery/{discovery}/products", f"campaigns/{campaign}/creatives/templates")
    for path in shared:
        harvest(live.ok("GET", path), group)
    harvest(live.ok("POST", "property-lists/check", {"domains": ["cnn.com", "www.bbc.co.uk"]}), group)
    group["notificationid"] = [row["id"] for row in live.ok("GET", "/api/v2/notifications")["notifications"]]
    harvest(live.ok("GET", "optimization-suggestions"), group)
    rows = live.ok("GET", "storefronts")["data"]["items"]
    wanted = next(row for row in rows if row["platformId"] == "soundhouse")["id"]
    sources = live.ok("GET", f"storefronts/{wanted}")["data"]["sources"]
    group |= {"storefrontid": [str(wanted)], "sourceid": [str(row["sourceId"]) for row in sources]}
    formats = [row["format_id"] for row in live.ok("GET", "formats")["formats"]]
    group |= {"agenturl": [formats[0]["agent_url"]], "formatid": [row["id"] for row in formats]}
    live.send("POST", f"storefronts/{wanted}/sources/{group['sourceid'][0]}/credentials", json=SEAT)
    return group


def _draw(live: Live, sessions: str) -> None:
    """Creatives that fit the campaign, out of a creative session."""
    session = live.ok("POST", sessions, {"idea": "Fresh shoes"})
    variant = {"variant_id": session["variants"][0]["variant_id"]}
    live.ok("POST", f"{sessions}/{session['session_id']}/approve", variant)
    live.ok("POST", f"{sessions}/{session['session_id']}/finalize", variant)


def requests(ids: Ids) -> dict[str, Json]:
    """Bodies, and queries of GETs, that make sense for these ids, by method and path."""

    def one(kind: str) -> str:
        return (ids.get(kind) or ["none"])[-1]

    advertiser = one("advertiserid")
    account = {"account": {"account_id": advertiser}}
    event = {"event_id": "e1", "event_type": "purchase", "event_time": "2026-05-01T00:00:00Z"}
    measured = {"start_time": "2026-04-01T00:00:00Z", "end_time": "2026-04-02T00:00:00Z", "unit": "count"}
    window = {"geo": "US", "timeWindowStart": "2026-04-01", "timeWindowEnd": "2026-04-07"}
    source = {"sourceKey": "panel", "name": "Panel", "outcomeType": "sales", "granularity": "geo", "cadence": "weekly"}
    product = {"productId": one("productid"), "salesAgentId": one("salesagentid"), "groupId": "g", "groupName": "G"}
    of_advertiser: dict[str, Json] = {
        "POST /audiences/sync": {"audiences": [FANS]},
        "POST /catalogs/sync": {**account, "catalogs": [{"catalog_id": "1", "type": "product", "items": [{"id": "1"}]}]},
        "POST /context-records": {"records": [window]},
        "POST /event-sources": {"eventSourceId": "app", "name": "App"},
        "POST /event-sources/sync": {**account, "event_sources": [{"event_source_id": "site", "name": "Site"}]},
        "PUT /event-sources/{eventSourceId}": {"name": "Shop"},
        "POST /log-event": {"event_source_id": "site", "events": [event]},
        "POST /measurement-data/sync": {
            "measurements": [{**measured, "metric_id": "conversions", "metric_value": 3.0, "advertiser_id": advertiser}]
        },
        "POST /measurement-records": {"records": [{**window, "outcomeType": "sales", "value": 2.5, "source": "panel"}]},
        "POST /measurement-sources": {**source, "provider": "Nielsen"},
        "GET /measurement-freshness": {"flightStart": "2026-04-01", "geos": "US"},
        "GET /accounts/available": {"partnerId": "soundhouse"},
        "POST /property-lists": {"name": "List", "purpose": "include", "domains": ["cnn.com"]},
        "PUT /property-lists/{listId}": {"name": "Other", "domains": ["bbc.co.uk"]},
        "POST /syndicate": {
            "resourceType": "AUDIENCE", "resourceId": "fans", "adcpAgentIds": ["newsroom"], "enabled": True
        },
        "POST /test-cohorts": {"name": "Half", "splitPercentage": 50.0},
        "PUT ": {"name": "Acme"},
    }  # fmt: skip
    of_campaign: dict[str, Json] = {
        "PUT ": {"name": "Summer", "budget": {"total": 20_000}},
        "POST /auto-select-products": {"maxProducts": 3},
        "POST /creative-sessions": {"idea": "Fresh shoes"},
        "POST /creative-sessions/{sessionId}/approve": {"variant_id": one("variantid")},
        "POST /creative-sessions/{sessionId}/refine": {"variant_id": one("variantid"), "feedback": "Make it brighter"},
        "POST /creatives/create": CREATIVE,
        "PUT /creatives/{creativeId}": {"name": "Other banner"},
        "POST /execute": {"debug": True},
    }
    rest: dict[str, Json] = {
        "POST /advertisers": {"name": "Acme", "brand": "acme.com"},
        "POST /campaigns": {
            "advertiserId": advertiser, "name": "Spring", "flightDates": FLIGHT, "budget": {"total": 9_000}
        },
        "POST /discovery/discover-products": {"advertiserId": advertiser, "channels": ["display"]},
        "POST /discovery/{discoveryId}/products": {"products": [{**product, "bidPrice": 30.0}]},
        "DELETE /discovery/{discoveryId}/products": {"productIds": [one("productid")]},
        "GET /reporting/metrics": {"breakdown": "package", "days": 7, "advertiserId": advertiser},
        "POST /property-lists/check": {"domains": ["cnn.com", "doubleclick.net"]},
        "POST /storefronts/{storefrontId}/sources/{sourceId}/credentials": SEAT,
    }  # fmt: skip
    found = {f"{key.split(' ')[0]} /api/v2/buyer{key.split(' ')[1]}": body for key, body in rest.items()}
    for prefix, table in (("advertisers/{advertiserId}", of_advertiser), ("campaigns/{campaignId}", of_campaign)):
        for key, body in table.items():
            method, path = key.split(" ")
            found[f"{method} /api/v2/buyer/{prefix}{path}"] = body
    found["POST /api/v2/buyer/advertisers/{accountId}/audiences/sync"] = of_advertiser["POST /audiences/sync"]
    return found
