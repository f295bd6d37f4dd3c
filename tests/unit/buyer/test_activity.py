"""The activity feed (rule 173)."""

from __future__ import annotations

from typing import Any

import pytest

from agents.buyer.activity import KEPT, action_of, past
from sandbox.kernel.endpoint import Principal
from tests.unit.buyer.conftest import MakePlatform, Platform, banners
from tests.unit.buyer.test_campaigns import ready
from tests.unit.buyer.test_execution import execute


def feed(platform: Platform, customer: str | None = None, **params: str) -> list[dict[str, Any]]:
    answer = platform.call("list_activity", params={"take": "500", **params}, customer=customer)
    logs: list[dict[str, Any]] = answer["data"]["logs"]
    return logs


def done(platform: Platform, **params: str) -> list[tuple[str, str]]:
    return [(row["action"], row["resourceType"]) for row in feed(platform, **params)]


def test_an_operation_that_succeeds_leaves_a_row(platform: Platform) -> None:  # rule 173
    advertiser = platform.advertiser()
    platform.advance("1h")
    campaign = platform.campaign(advertiser, name="Spring Promo")
    platform.call("update_campaign", {"name": "Summer Promo"}, {"campaignId": campaign})
    latest, earlier, first = feed(platform)
    assert latest == {
        "id": 3,
        "timestamp": "2026-05-01T01:00:00Z",
        "action": "UPDATE",
        "resourceType": "CAMPAIGN",
        "resourceId": campaign,
        "resourceName": "Summer Promo",
        "advertiserId": advertiser,
        "userEmail": None,
        "description": "Updated campaign Summer Promo",
    }
    assert earlier["description"] == "Created campaign Spring Promo"
    assert (first["resourceType"], first["resourceId"]) == ("ADVERTISER", advertiser)
    assert first["resourceName"] == "Acme Corp"


def test_a_row_says_who_it_was(platform: Platform) -> None:  # rule 173
    payload = {"body": {"name": "Acme Corp", "brand": "acme.com"}}
    principal = Principal("acme", "driver", "user@example.com")
    platform.world.spawn(platform.world.network.call("driver", "buyer", "create_advertiser", payload, principal))
    platform.advance("1s")
    assert feed(platform)[0]["userEmail"] == "user@example.com"


def test_what_fails_and_what_only_reads_leaves_none(platform: Platform) -> None:  # rule 173
    platform.error("create_advertiser", {"name": "Nobody"})
    platform.error("pause_campaign", path={"campaignId": "cmp_none"})
    platform.call("list_campaigns")
    platform.call("list_activity")
    assert feed(platform) == []


def test_the_answer_is_paged_by_take_and_skip(platform: Platform) -> None:  # rules 8 and 173
    advertiser = platform.advertiser()
    for number in range(60):
        platform.call("update_advertiser", {"name": f"Name {number}"}, {"advertiserId": advertiser})
    answer = platform.call("list_activity")
    assert answer["meta"] == {"pagination": {"skip": 0, "take": 50, "total": 61, "hasMore": True}}
    assert (len(answer["data"]["logs"]), answer["data"]["total"]) == (50, 61)
    assert answer["data"]["logs"][0]["resourceName"] == "Name 59"
    rest = platform.call("list_activity", params={"skip": "50", "take": "11"})
    assert rest["meta"]["pagination"]["hasMore"] is False
    assert rest["data"]["logs"][-1]["action"] == "CREATE"
    assert platform.error("list_activity", params={"take": "501"})["field"] == "take"


def test_a_campaigns_feed_has_its_media_buys_and_creatives(platform: Platform) -> None:  # rule 173
    campaign, found = ready(platform)
    banners(platform, campaign)
    execute(platform, campaign)
    platform.campaign(platform.advertiser(name="Other"))
    rows = feed(platform, campaignId=campaign)
    assert {row["resourceType"] for row in rows} >= {"CAMPAIGN", "MEDIA_BUY", "CREATIVE"}
    assert "Other" not in str(rows)
    buys = [row for row in rows if row["resourceType"] == "MEDIA_BUY"]
    assert [row["action"] for row in buys].count("CREATE") == 3
    assert [row["action"] for row in buys].count("APPROVE") == 3
    assert all(row["userEmail"] is None for row in buys)
    assert buys[0]["description"].endswith(": the sales agent accepted it")
    creatives = [row for row in rows if row["resourceType"] == "CREATIVE"]
    assert all(row["resourceId"].startswith("cm_") and row["resourceName"] for row in creatives)
    others = feed(platform, resourceTypes="DISCOVERY")
    assert {row["resourceId"] for row in others} == {found["discoveryId"]}


def test_types_are_repeated_or_separated_by_commas(platform: Platform) -> None:  # rule 173
    advertiser = platform.advertiser()
    platform.campaign(advertiser)
    path = {"advertiserId": advertiser}
    platform.call("create_property_list", {"name": "L", "purpose": "include", "domains": ["cnn.com"]}, path)
    both = {"CAMPAIGN", "PROPERTY_LIST"}
    for wanted in ("CAMPAIGN,PROPERTY_LIST", ["campaign", "PROPERTY_LIST"]):
        answer = platform.call("list_activity", params={"resourceTypes": wanted})
        assert {row["resourceType"] for row in answer["data"]["logs"]} == both
    assert done(platform, resourceTypes="PROPERTY_LIST") == [("CREATE", "PROPERTY_LIST")]


def test_the_feed_is_filtered_by_advertiser_and_time(platform: Platform) -> None:  # rule 173
    first = platform.advertiser()
    platform.advance("2d")
    second = platform.advertiser(name="Second")
    platform.campaign(second)
    assert {row["advertiserId"] for row in feed(platform, advertiserId=second)} == {second}
    assert [row["advertiserId"] for row in feed(platform, endDate="2026-05-02T00:00:00Z")] == [first]
    assert len(feed(platform, startDate="2026-05-02T00:00:00Z")) == 2
    error = platform.error("list_activity", params={"startDate": "2026-05-03", "endDate": "2026-05-02"})
    assert error["field"] == "endDate"


def test_a_deleted_thing_keeps_its_name(platform: Platform) -> None:  # rule 173
    advertiser = platform.advertiser()
    body = {"name": "Premium", "purpose": "include", "domains": ["cnn.com"]}
    made = platform.call("create_property_list", body, {"advertiserId": advertiser})
    platform.call("delete_property_list", path={"advertiserId": advertiser, "listId": made["listId"]})
    row = feed(platform)[0]
    assert (row["action"], row["resourceId"], row["resourceName"]) == ("DELETE", made["listId"], "Premium")
    assert (row["advertiserId"], row["description"]) == (advertiser, "Deleted property list Premium")


def test_what_agents_decide_later_is_taken_down(make_platform: MakePlatform) -> None:  # rule 173
    platform = make_platform(sellers={"northstar": {"approval": "manual"}})
    campaign, _ = ready(platform)
    execute(platform, campaign)
    platform.do("northstar", "reject", reason="no news")
    row = feed(platform)[0]
    assert (row["action"], row["resourceType"], row["userEmail"]) == ("REJECT", "MEDIA_BUY", None)
    assert "no news" in row["description"]
    platform.advance("40d")
    assert ("COMPLETE", "CAMPAIGN") in done(platform, campaignId=campaign)


def test_a_feed_is_its_customers_own(make_platform: MakePlatform) -> None:  # rule 13
    platform = make_platform(buyer={"customers": [{"name": "Acme"}, {"name": "Rival"}]})
    advertiser = platform.advertiser()
    assert feed(platform, "rival") == []
    assert feed(platform, "rival", advertiserId=advertiser) == []
    assert len(feed(platform)) == 1


def test_memory_is_bounded(platform: Platform) -> None:
    platform.advertiser()
    feed_ = platform.buyer.activity._feeds[1]
    assert feed_.maxlen == KEPT == 100_000


@pytest.mark.parametrize(
    ("operation", "expected"),
    [
        ("create_campaign", ("CREATE", "CAMPAIGN")),
        ("update_property_list", ("UPDATE", "PROPERTY_LIST")),
        ("sync_event_sources", ("SYNC", "EVENT_SOURCE")),
        ("auto_select_products", ("SELECT", "CAMPAIGN")),
        ("remove_discovery_products", ("UPDATE", "DISCOVERY")),
        ("register_agent_credentials", ("REGISTER", "AGENT_CREDENTIAL")),
    ],
)
def test_the_name_of_an_operation_says_what_it_does(operation: str, expected: tuple[str, str]) -> None:
    assert action_of(operation) == expected


@pytest.mark.parametrize(
    ("action", "word"),
    [("UPDATE", "Updated"), ("LOG", "Logged"), ("APPLY", "Applied"), ("READ", "Read"), ("REJECT", "Rejected")],
)
def test_descriptions_are_in_the_past_tense(action: str, word: str) -> None:
    assert past(action) == word
