"""Syndication to sales agents, and what they do with it then (rules 49, 64, 134 and 145)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.buyer.conftest import MakePlatform, Platform, banners
from tests.unit.buyer.test_audiences import members
from tests.unit.buyer.test_audiences import sync as sync_audience
from tests.unit.buyer.test_catalogs import SHOES
from tests.unit.buyer.test_catalogs import sync as sync_catalog

OPEN = {
    "audience_targeting": {"match_delay": "30m", "match_rate": 1.0, "minimum_size": 50},
    "event_tracking": True,
    "catalog_management": True,
}
SURE = {"audiences": {"match_rate": 1.0, "match_delay": "5m"}}


@pytest.fixture
def platform(make_platform: MakePlatform) -> Platform:
    """Northstar and Summit take buyers' data, Harbor takes none."""
    return make_platform(buyer=SURE, sellers={"northstar": OPEN, "summit": OPEN})


def syndicate(
    platform: Platform, advertiser: str, kind: str, resource: str, *agents: str, enabled: bool = True
) -> list[dict[str, Any]]:
    body = {"resourceType": kind, "resourceId": resource, "adcpAgentIds": list(agents), "enabled": enabled}
    reply = platform.reply("syndicate", body, {"advertiserId": advertiser})
    assert reply.status == 201, reply.body
    rows: list[dict[str, Any]] = reply.body["data"]
    return rows


def status(platform: Platform, advertiser: str, **params: str) -> list[dict[str, Any]]:
    answer = platform.call("syndication_status", path={"advertiserId": advertiser}, params=params)
    rows: list[dict[str, Any]] = answer["data"]["items"]
    return rows


def states(platform: Platform, advertiser: str) -> list[str]:
    return [row["status"] for row in status(platform, advertiser)]


def matched_audience(platform: Platform, count: int = 400, name: str = "crm") -> str:
    advertiser = platform.advertiser()
    sync_audience(platform, advertiser, {"audienceId": name, "add": members(count), "consentBasis": "consent"})
    platform.advance("10m")
    return advertiser


def test_an_audience_becomes_usable_at_each_agent_in_its_own_time(platform: Platform) -> None:  # rule 145
    advertiser = matched_audience(platform)
    rows = syndicate(platform, advertiser, "AUDIENCE", "crm", "northstar", "summit")
    assert [(row["adcpAgentId"], row["status"], row["enabled"]) for row in rows] == [
        ("northstar", "PENDING", True),
        ("summit", "PENDING", True),
    ]
    platform.advance("1m")
    assert states(platform, advertiser) == ["SYNCING", "SYNCING"]
    platform.advance("2h")
    assert states(platform, advertiser) == ["COMPLETED", "COMPLETED"]
    assert status(platform, advertiser)[0]["matchedCount"] == 400
    sent = platform.messages("sync_audiences", "northstar")[0]["audiences"][0]
    assert (sent["audience_id"], len(sent["add"]), sent["consent_basis"]) == ("crm", 400, "consent")


def test_an_agent_without_the_tool_fails_with_its_reason(platform: Platform) -> None:  # rule 145
    advertiser = matched_audience(platform)
    syndicate(platform, advertiser, "AUDIENCE", "crm", "harbor")
    platform.advance("1h")
    row = status(platform, advertiser)[0]
    assert (row["status"], row["error"]["code"]) == ("FAILED", "UNSUPPORTED_FEATURE")
    assert "sync_audiences" in row["error"]["message"]


def test_an_audience_that_is_still_matched_waits(platform: Platform) -> None:  # rules 143, 145
    advertiser = platform.advertiser()
    sync_audience(platform, advertiser, {"audienceId": "crm", "add": members(400)})
    syndicate(platform, advertiser, "AUDIENCE", "crm", "northstar")
    platform.advance("1m")
    assert states(platform, advertiser) == ["PENDING"]
    platform.advance("2h")
    assert states(platform, advertiser) == ["COMPLETED"]


def test_an_audience_that_is_too_small_here_or_there_fails(make_platform: MakePlatform) -> None:  # rules 143, 145
    choosy = {**OPEN, "audience_targeting": {"match_rate": 1.0, "minimum_size": 1_000}}
    platform = make_platform(buyer=SURE, sellers={"northstar": choosy, "summit": OPEN})
    advertiser = matched_audience(platform)
    sync_audience(platform, advertiser, {"audienceId": "tiny", "add": members(3)})
    syndicate(platform, advertiser, "AUDIENCE", "crm", "northstar")
    syndicate(platform, advertiser, "AUDIENCE", "tiny", "summit")
    platform.advance("5h")
    assert [(row["status"], row["error"]["code"]) for row in status(platform, advertiser)] == [
        ("FAILED", "AUDIENCE_TOO_SMALL")
    ] * 2
    assert "1000" in status(platform, advertiser)[0]["error"]["message"]


def test_agents_get_only_what_has_changed(platform: Platform) -> None:  # rule 145
    advertiser = matched_audience(platform)
    syndicate(platform, advertiser, "AUDIENCE", "crm", "northstar")
    platform.advance("2h")
    before = len(platform.messages("sync_audiences", "northstar"))
    sync_audience(platform, advertiser, {"audienceId": "crm", "add": members(2, 400), "remove": [{"externalId": "u0"}]})
    platform.advance("3h")
    assert states(platform, advertiser) == ["COMPLETED"]
    changes = [
        message["audiences"][0]
        for message in platform.messages("sync_audiences", "northstar")[before:]
        if "audiences" in message
    ]
    kinds = {name: [m["external_id"] for m in c[name]] for c in changes for name in ("add", "remove") if name in c}
    assert kinds == {"add": ["u400", "u401"], "remove": ["u0"]}
    assert status(platform, advertiser)[0]["matchedCount"] == 401


def test_disabling_takes_the_audience_off_the_agent(platform: Platform) -> None:  # rule 145
    advertiser = matched_audience(platform)
    syndicate(platform, advertiser, "AUDIENCE", "crm", "northstar")
    platform.advance("2h")
    row = syndicate(platform, advertiser, "AUDIENCE", "crm", "northstar", enabled=False)[0]
    assert (row["status"], row["enabled"]) == ("DISABLED", False)
    platform.advance("1m")
    assert platform.messages("sync_audiences", "northstar")[-1]["audiences"][0]["delete"] is True
    assert syndicate(platform, advertiser, "AUDIENCE", "crm", "northstar")[0]["status"] == "PENDING"
    platform.advance("2h")
    assert states(platform, advertiser) == ["COMPLETED"]


def test_what_is_disabled_from_the_start_is_never_sent(platform: Platform) -> None:  # rule 145
    advertiser = matched_audience(platform)
    assert syndicate(platform, advertiser, "AUDIENCE", "crm", "summit", enabled=False)[0]["status"] == "DISABLED"
    platform.advance("2h")
    assert platform.messages("sync_audiences", "summit") == []


def test_a_deleted_audience_is_disabled_everywhere(platform: Platform) -> None:  # rules 143, 145
    advertiser = matched_audience(platform)
    syndicate(platform, advertiser, "AUDIENCE", "crm", "northstar", "summit")
    platform.advance("2h")
    sync_audience(platform, advertiser, {"audienceId": "crm", "delete": True})
    platform.advance("5m")
    assert states(platform, advertiser) == ["DISABLED", "DISABLED"]
    path = {"advertiserId": advertiser}
    body = {"resourceType": "AUDIENCE", "resourceId": "crm", "adcpAgentIds": ["northstar"], "enabled": True}
    assert platform.error("syndicate", body, path)["code"] == "NOT_FOUND"


@pytest.mark.parametrize(
    ("fields", "code", "field"),
    [
        ({"adcpAgentIds": []}, "VALIDATION_ERROR", "adcpAgentIds"),
        ({"adcpAgentIds": ["northstar", "nobody"]}, "VALIDATION_ERROR", "adcpAgentIds[1]"),
        ({"resourceId": "ghost"}, "NOT_FOUND", "resourceId"),
        ({"resourceType": "CAMPAIGN"}, "VALIDATION_ERROR", "resourceType"),
        ({"enabled": None}, "VALIDATION_ERROR", "enabled"),
    ],
)
def test_a_wrong_syndication_is_refused(platform: Platform, fields: dict[str, Any], code: str, field: str) -> None:
    advertiser = platform.advertiser()  # rule 145
    sync_catalog(platform, advertiser, SHOES)
    body = {"resourceType": "CATALOG", "resourceId": "shoes", "adcpAgentIds": ["northstar"], "enabled": True}
    error = platform.error("syndicate", body | fields, {"advertiserId": advertiser})
    assert (error["code"], error["field"]) == (code, field)
    assert status(platform, advertiser) == []


def test_records_are_filtered_by_every_field_and_paged(platform: Platform) -> None:  # rules 8, 9, 145
    advertiser = matched_audience(platform)
    sync_catalog(platform, advertiser, SHOES)
    syndicate(platform, advertiser, "AUDIENCE", "crm", "northstar", "harbor")
    syndicate(platform, advertiser, "CATALOG", "shoes", "summit", enabled=False)
    platform.advance("2h")

    def agents(**params: str) -> list[str]:
        return [row["adcpAgentId"] for row in status(platform, advertiser, **params)]

    assert agents(resourceType="CATALOG") == ["summit"]
    assert agents(resourceId="crm") == ["northstar", "harbor"]
    assert agents(adcpAgentId="harbor") == ["harbor"]
    assert agents(enabled="false") == ["summit"]
    assert agents(enabled="true", status="FAILED") == ["harbor"]
    page = platform.call("syndication_status", path={"advertiserId": advertiser}, params={"limit": "2"})["data"]
    assert (page["total"], page["hasMore"], page["nextOffset"]) == (3, True, 2)
    assert agents(limit="2", offset="2") == ["summit"]
    error = platform.error("syndication_status", path={"advertiserId": advertiser}, params={"limit": "101"})
    assert error["field"] == "limit"


def test_an_agent_that_has_a_catalog_gets_its_id_in_discovery(platform: Platform) -> None:  # rule 49
    advertiser = platform.advertiser()
    sync_catalog(platform, advertiser, SHOES)
    syndicate(platform, advertiser, "CATALOG", "shoes", "northstar", "harbor")
    platform.advance("5m")
    assert states(platform, advertiser) == ["COMPLETED", "FAILED"]
    number = platform.call("list_catalogs", path={"advertiserId": advertiser})["data"]["catalogs"][0]["id"]
    campaign = platform.campaign(advertiser, catalogId=number)
    platform.discover(advertiser, brief="news", campaignId=campaign)
    assert platform.messages("get_products", "northstar")[0]["catalog"] == {"catalog_id": "shoes", "type": "product"}
    assert platform.messages("get_products", "harbor")[0]["catalog"] == SHOES


def test_logged_events_go_on_to_the_agents_that_have_the_source(platform: Platform) -> None:  # rule 134
    advertiser = platform.advertiser()
    body = {"account": {"account_id": advertiser}, "event_sources": [{"event_source_id": "pixel"}]}
    platform.call("sync_event_sources", body, {"advertiserId": advertiser})
    syndicate(platform, advertiser, "EVENT_SOURCE", "pixel", "northstar")
    platform.advance("5m")
    assert states(platform, advertiser) == ["COMPLETED"]
    events = [
        {"event_id": "1", "event_type": "purchase", "event_time": "2026-04-15T08:30:00Z"},
        {"event_id": "2", "event_type": "deposit", "event_time": "2026-04-15T08:30:00Z"},  # unknown to AdCP
        {"event_id": "3", "event_type": "purchase", "event_time": "2099-04-15T08:30:00Z"},  # not taken
    ]
    platform.call("log_event", {"event_source_id": "pixel", "events": events}, {"advertiserId": advertiser})
    platform.advance("1m")
    (sent,) = platform.messages("log_event", "northstar")
    assert [(e["event_id"], e["event_type"], e.get("custom_event_name")) for e in sent["events"]] == [
        ("1", "purchase", None),
        ("2", "custom", "deposit"),
    ]
    assert platform.messages("log_event", "summit") == []


def test_media_buys_are_aimed_at_the_audiences_that_their_agent_has(platform: Platform) -> None:  # rules 64, 97
    advertiser = matched_audience(platform)
    sync_audience(platform, advertiser, {"audienceId": "lost", "add": members(200, 1_000)})
    platform.advance("10m")
    for audience in ("crm", "lost"):
        syndicate(platform, advertiser, "AUDIENCE", audience, "northstar")
    platform.advance("3h")
    found = platform.discover(advertiser, brief="news business", channels=["display"])
    config = {"targetAudienceIds": ["crm"]}
    campaign = platform.campaign(advertiser, discoveryId=found["discoveryId"], audienceConfig=config)
    platform.select(found)
    banners(platform, campaign)
    platform.call("execute_campaign", {}, {"campaignId": campaign})
    aimed = [p["targeting_overlay"] for p in platform.messages("create_media_buy", "northstar")[0]["packages"]]
    assert aimed == [{"audience_include": ["crm"]}] * len(aimed)
    assert all("targeting_overlay" not in p for p in platform.messages("create_media_buy", "summit")[0]["packages"])
    body = {"audienceConfig": {"suppressAudienceIds": ["lost"]}}
    platform.call("update_campaign", body, {"campaignId": campaign})
    both = {"audience_include": ["crm"], "audience_exclude": ["lost"]}
    changed = platform.messages("update_media_buy", "northstar")[-1]["packages"]
    assert [p["targeting_overlay"] for p in changed] == [both] * len(changed)
    syndicate(platform, advertiser, "AUDIENCE", "crm", "northstar", enabled=False)
    platform.advance("5m")
    changed = platform.messages("update_media_buy", "northstar")[-1]["packages"]
    assert [p["targeting_overlay"] for p in changed] == [{"audience_exclude": ["lost"]}] * len(changed)
    syndicate(platform, advertiser, "AUDIENCE", "crm", "summit")
    platform.advance("3h")
    changed = platform.messages("update_media_buy", "summit")[-1]["packages"]
    assert [p["targeting_overlay"] for p in changed] == [{"audience_include": ["crm"]}] * len(changed)


def test_a_targeted_audience_narrows_what_is_delivered(make_platform: MakePlatform) -> None:
    """Nobody outside of the matched share is reached: 200 of 2,000 people."""

    def reached(targeted: bool) -> int:
        platform = make_platform(buyer=SURE, sellers={"northstar": OPEN})
        advertiser = matched_audience(platform, 200)
        syndicate(platform, advertiser, "AUDIENCE", "crm", "northstar")
        platform.advance("3h")
        found = platform.discover(advertiser, brief="news", channels=["display"])
        config = {"audienceConfig": {"targetAudienceIds": ["crm"]}} if targeted else {}
        campaign = platform.campaign(advertiser, discoveryId=found["discoveryId"], **config)
        platform.select(found, *[p["productId"] for g in found["productGroups"] for p in g["products"]][:1])
        banners(platform, campaign)
        platform.call("execute_campaign", {}, {"campaignId": campaign})
        platform.advance("10d")
        return platform.world.market.engine.reach("campaign", campaign)

    everybody, narrowed = reached(False), reached(True)
    assert everybody > 500
    assert 0 < narrowed <= 260
