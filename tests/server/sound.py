"""A small world with one of everything, and for each operation a request that makes sense in it."""

from __future__ import annotations

import hashlib
import random
import re
from collections.abc import Mapping
from types import MappingProxyType
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
GOODS = {"catalog_id": "1", "type": "product", "items": [{"item_id": "1", "title": "Shoe"}]}
FLOOR = {"viewabilityFloor": 60}
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


class Known:
    """Things that are really there and belong to one advertiser: their ids by kind, and what each was found in."""

    def __init__(self, advertiser: str) -> None:
        self.ids: Ids = {"advertiserid": [advertiser]}
        self._beside: dict[tuple[str, str], dict[str, str]] = {}

    def learn(self, value: Any, within: Mapping[str, str] = MappingProxyType({})) -> None:
        """Add all ids in an answer; ``within`` are ids of what they are part of, by kind."""
        if isinstance(value, list):
            for each in value:
                self.learn(each, within)
        if not isinstance(value, dict):
            return
        here = {**within, **{kind_of(n): v for n, v in value.items() if isinstance(v, str) and _is_id(n)}}
        for kind, found in here.items():
            self.add(kind, found, here)
        for each in value.values():
            self.learn(each, here)
            for token in _TOKEN.findall(each) if isinstance(each, str) else ():
                self.add("token", token, here)
            for digest, file in _FILE.findall(each) if isinstance(each, str) else ():
                self.add("filename", file, {"sha256": digest})
                self.add("sha256", digest, {})

    def add(self, kind: str, found: str, beside: Mapping[str, str]) -> None:
        """Add one id, with the ids of what it belongs to."""
        known = self.ids.setdefault(kind, [])
        if found and found not in known and len(known) < 40 and kind != "advertiserid":
            known.append(found)
            self._beside[kind, found] = dict(beside)

    def pick(self, name: str, chance: random.Random, *, spare: bool = False) -> str | None:
        """An id for a field of that name; with ``spare`` none of those that other requests need."""
        known = self.ids.get(kind_of(name), [])[2 if spare else 0 :]
        return chance.choice(known) if known else None

    def path(self, names: list[str], chance: random.Random, *, spare: bool = False) -> dict[str, str]:
        """Ids for the variables of a path that belong together: the last one, and what it is part of."""
        found: dict[str, str] = {}
        for name in reversed(names):
            real = found.get(kind_of(name)) or self.pick(name, chance, spare=spare and name == names[-1])
            if real is not None:
                found = {**self._beside.get((kind_of(name), real), {}), **found, kind_of(name): real}
        return {name: found[kind_of(name)] for name in names if kind_of(name) in found}


def _is_id(name: str) -> bool:
    return name.lower().endswith("id") and kind_of(name) not in ("advertiserid", "id")


def make(live: Live, number: int) -> Known:
    """An advertiser with one of everything, and a campaign that has run for a day."""
    advertiser = live.advertiser(name=f"Acme {number}")
    known, base = Known(advertiser), f"advertisers/{advertiser}"
    for path, key in (("event-sources/sync", "advertiserId"), ("catalogs/sync", "advertiserId"),
                      ("measurement-sources", "advertiserId"), ("audiences/sync", "accountId")):  # fmt: skip
        body = requests(known.ids)[f"POST /api/v2/buyer/advertisers/{{{key}}}/{path}"]
        known.learn(live.ok("POST", f"{base}/{path}", body))
    discovery = live.select(advertiser, channels=["display"])
    goals = {"performanceConfig": {"optimizationGoals": [GOAL]}}
    campaign = live.campaign(advertiser, discoveryId=discovery, flightDates=FLIGHT, **goals)
    known.learn(live.ok("GET", f"campaigns/{campaign}"))
    known.learn(live.ok("POST", f"campaigns/{campaign}/creatives/create", CREATIVE), {"campaignid": campaign})
    known.learn(_draw(live, f"campaigns/{campaign}/creative-sessions"), {"campaignid": campaign})
    assert live.ok("POST", f"campaigns/{campaign}/execute", {})["success"]
    live.advance("50h")
    draft = live.campaign(advertiser, discoveryId=live.select(advertiser, channels=["display", "olv"]), **goals)
    session = live.ok("POST", f"campaigns/{draft}/creative-sessions", {"idea": "Fresh shoes for spring"})
    known.learn(session, {"campaignid": draft})
    known.add("audienceid", "fans", {})
    _add_shared(live, known)
    _add_tactics(live, advertiser, known)
    for path in (f"campaigns/{draft}", f"campaigns/{campaign}", f"discovery/{discovery}/products"):
        known.learn(live.ok("GET", path))
    known.learn(live.ok("POST", f"{base}/property-lists", {"name": "L", "purpose": "exclude", "domains": ["x.com"]}))
    return known


def _add_shared(live: Live, known: Known) -> None:
    """Ids of what all advertisers have together."""
    known.learn(live.ok("POST", "property-lists/check", {"domains": ["cnn.com", "www.bbc.co.uk"]}))
    known.learn(live.ok("GET", "optimization-suggestions"))
    for row in live.ok("GET", "/api/v2/notifications")["notifications"]:
        known.add("notificationid", row["id"], {})
    rows = live.ok("GET", "storefronts")["data"]["items"]
    wanted = str(next(row for row in rows if row["platformId"] == "soundhouse")["id"])
    known.add("storefrontid", wanted, {})
    known.learn(live.ok("GET", f"storefronts/{wanted}")["data"]["sources"], {"storefrontid": wanted})
    live.send("POST", f"storefronts/{wanted}/sources/src_soundhouse/credentials", json=SEAT)
    known.learn(live.ok("GET", "storefronts/credentials"))
    for row in live.ok("GET", "formats")["formats"]:
        known.add("formatid", row["format_id"]["id"], {"agenturl": row["format_id"]["agent_url"]})


def _add_tactics(live: Live, advertiser: str, known: Known) -> None:
    """What an outcome agent proposes for a campaign of its own: one that runs, and one to choose from."""
    flight = {"startDate": "2026-06-01T00:00:00Z", "endDate": "2026-08-01T00:00:00Z"}
    wanted = {"channels": ["display"], "countries": ["US"]}
    campaign = live.campaign(advertiser, flightDates=flight, constraints=wanted)
    path = f"campaigns/{campaign}/tactics"
    first = live.ok("POST", f"{path}/proposals", {})["tactics"][-1]["proposalId"]
    chosen = {"proposalId": first, "budget": 500, "customFields": FLOOR}
    selected = live.ok("POST", f"{path}/select", {"tactics": [chosen]})["tactics"]
    running = next(row for row in selected if row["proposalId"] == first)
    known.add("tacticid", running["tacticId"], {"campaignid": campaign})
    known.add("proposalid", first, {"campaignid": campaign})


def _draw(live: Live, sessions: str) -> Json:
    """Creatives that fit the campaign, out of a creative session."""
    session = live.ok("POST", sessions, {"idea": "Fresh shoes"})
    variant = {"variant_id": session["variants"][0]["variant_id"]}
    live.ok("POST", f"{sessions}/{session['session_id']}/approve", variant)
    made: Json = live.ok("POST", f"{sessions}/{session['session_id']}/finalize", variant)
    return made


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
        "POST /catalogs/sync": {**account, "catalogs": [GOODS]},
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
        "GET /accounts/available": {"partnerId": "soundhouse", "credentialId": one("credentialid")},
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
        "POST /tactics/select": {"tactics": [{"proposalId": one("proposalid"), "budget": 400, "customFields": FLOOR}]},
        "PUT /tactics/{proposalId}": {"budget": 600},
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
    found["POST /api/v2/buyer/advertisers/{accountId}/audiences/sync"] = {"audiences": [FANS]}
    running = ids.get("tacticid", ["none"])[0]
    of_agents: dict[str, Json] = {
        "outcome-agent-register": {
            "name": "Mine", "endpointUrl": "https://media-agent.example", "authenticationType": "API_KEY"
        },
        "get-products": {"channels": ["display"]},
        "create-media-buy": {
            "tacticId": running, "productId": "nytimes_top", "salesAgentId": "newsroom", "budget": 10
        },
        "update-targeting": {"tacticId": running, "frequencyCap": {"impressions": 5, "period": "day"}},
    }  # fmt: skip
    found |= {f"POST /rest/v1/{operation}": body for operation, body in of_agents.items()}
    found |= {f"GET /{seen}": {"creative": one("creativeid")} for seen in ("click", "impression")}
    return found
