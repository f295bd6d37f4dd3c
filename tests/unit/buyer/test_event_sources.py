"""Event sources (rules 8, 52 and 133)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.buyer.conftest import Platform

PIXEL = {"event_source_id": "website_pixel", "name": "Website Pixel", "event_types": ["purchase", "add_to_cart"]}
SDK = {"event_source_id": "mobile_sdk"}


def sync(platform: Platform, advertiser: str, *sources: dict[str, Any], **fields: Any) -> dict[str, str]:
    body = {"account": {"account_id": advertiser}, "event_sources": list(sources), **fields}
    answer = platform.call("sync_event_sources", body, {"advertiserId": advertiser})
    return {row["event_source_id"]: row["action"] for row in answer["data"]["event_sources"]}


def listed(platform: Platform, advertiser: str, **params: str) -> list[str]:
    answer = platform.call("list_event_sources", path={"advertiserId": advertiser}, params=params)
    return [source["event_source_id"] for source in answer["data"]["event_sources"]]


def test_sources_are_entered_or_changed_by_their_id(platform: Platform) -> None:  # rule 133
    advertiser = platform.advertiser()
    assert sync(platform, advertiser, PIXEL) == {"website_pixel": "created"}
    changed = {**PIXEL, "name": "Shop"}
    assert sync(platform, advertiser, PIXEL, SDK) == {"website_pixel": "unchanged", "mobile_sdk": "created"}
    assert sync(platform, advertiser, changed) == {"website_pixel": "updated"}
    assert listed(platform, advertiser) == ["website_pixel", "mobile_sdk"]


def test_what_is_missing_is_archived_only_if_asked(platform: Platform) -> None:  # rule 133
    advertiser = platform.advertiser()
    sync(platform, advertiser, PIXEL, SDK)
    assert sync(platform, advertiser, SDK, delete_missing=True) == {
        "mobile_sdk": "unchanged", "website_pixel": "deleted",
    }  # fmt: skip
    assert listed(platform, advertiser) == ["mobile_sdk"]
    assert sync(platform, advertiser, PIXEL) == {"website_pixel": "created"}


def test_a_source_that_is_sent_twice_fails_the_second_time(platform: Platform) -> None:  # rule 133
    body = {"account": {"account_id": "1"}, "event_sources": [SDK, SDK]}
    answer = platform.call("sync_event_sources", body, {"advertiserId": platform.advertiser()})
    assert [row["action"] for row in answer["data"]["event_sources"]] == ["created", "failed"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"event_sources": []}, "event_sources"),
        ({"event_sources": [{"event_source_id": f"s{n}"} for n in range(51)]}, "event_sources"),
        ({"event_sources": [{**SDK, "event_types": ["wedding"]}]}, "event_sources[0].event_types[0]"),
        ({"event_sources": [SDK], "account": {"account_id": "2"}}, "account.account_id"),
        ({"event_sources": [SDK], "account": None}, "account"),
        ({"event_sources": [{"eventSourceId": "camel"}]}, "event_sources[0].event_source_id"),  # rule 2
    ],
)
def test_a_wrong_sync_enters_nothing(platform: Platform, body: dict[str, Any], field: str) -> None:  # rule 133
    advertiser = platform.advertiser()
    body = {"account": {"account_id": advertiser}, **body}
    error = platform.error("sync_event_sources", body, {"advertiserId": advertiser})
    assert (error["code"], error["field"]) == ("VALIDATION_ERROR", field)
    assert listed(platform, advertiser) == []


def test_a_number_names_the_account_too(platform: Platform) -> None:  # C6
    advertiser = platform.advertiser()
    body = {"account": {"account_id": int(advertiser)}, "event_sources": [SDK]}
    assert platform.reply("sync_event_sources", body, {"advertiserId": int(advertiser)}).ok


def test_the_list_is_paged_by_take_and_skip(platform: Platform) -> None:  # rule 8
    advertiser = platform.advertiser()
    sync(platform, advertiser, *({"event_source_id": f"s{n}"} for n in range(5)))
    assert listed(platform, advertiser, take="2", skip="3") == ["s3", "s4"]
    assert listed(platform, advertiser, skip="9") == []


def test_one_source_can_be_registered_by_itself(platform: Platform) -> None:  # C18
    path = {"advertiserId": platform.advertiser()}
    made = platform.call("create_event_source", {"eventSourceId": "es_1", "name": "Pixel"}, path)
    assert made["data"]["event_source_id"] == "es_1"
    assert platform.error("create_event_source", {"eventSourceId": "es_1"}, path)["code"] == "CONFLICT"


def test_one_source_can_be_read_changed_and_archived_by_itself(platform: Platform) -> None:  # C18
    advertiser = platform.advertiser()
    sync(platform, advertiser, PIXEL, SDK)
    path = {"advertiserId": advertiser, "eventSourceId": "website_pixel"}
    assert platform.call("get_event_source", path=path)["data"]["event_types"] == ["purchase", "add_to_cart"]
    platform.advance("1h")
    made = platform.call("update_event_source", {"name": "Shop", "eventTypes": None}, path)["data"]
    assert made["name"] == "Shop"
    assert "event_types" not in made  # all types again
    assert made["updated_at"] > made["created_at"]
    assert platform.reply("delete_event_source", path=path).status == 204
    assert platform.error("get_event_source", path=path)["code"] == "NOT_FOUND"
    assert platform.error("update_event_source", {"name": "x"}, path)["code"] == "NOT_FOUND"
    assert listed(platform, advertiser) == ["mobile_sdk"]


def test_goals_need_a_registered_source(platform: Platform) -> None:  # rule 52
    advertiser = platform.advertiser()
    goal = {
        "kind": "event",
        "eventSources": [{"eventSourceId": "website_pixel", "eventType": "purchase"}],
    }
    body = {
        "advertiserId": advertiser,
        "name": "Goals",
        "campaignType": "DECISIONED",
        "flightDates": {"startDate": "2026-05-10", "endDate": "2026-06-10"},
        "budget": {"total": 1000, "currency": "USD"},
        "performanceConfig": {"optimizationGoals": [goal]},
    }
    assert platform.error("create_campaign", body)["code"] == "VALIDATION_ERROR"
    sync(platform, advertiser, PIXEL)
    assert platform.call("create_campaign", body)["status"] == "DRAFT"
    sync(platform, advertiser, SDK, delete_missing=True)
    assert platform.error("create_campaign", body)["code"] == "VALIDATION_ERROR"
