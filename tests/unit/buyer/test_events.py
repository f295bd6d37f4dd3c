"""Events that advertisers log, and their counts by the hour (rules 134 and 135)."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from sandbox.core.time import DAY_MS, HOUR_MS, iso
from tests.unit.buyer.conftest import Platform, banners

PIXEL = {"event_source_id": "pixel", "event_types": ["purchase", "lead"]}


def registered(platform: Platform) -> str:
    advertiser = platform.advertiser()
    body = {"account": {"account_id": advertiser}, "event_sources": [PIXEL]}
    platform.call("sync_event_sources", body, {"advertiserId": advertiser})
    return advertiser


def event(platform: Platform, event_id: str = "one", **fields: Any) -> dict[str, Any]:
    return {"event_id": event_id, "event_type": "purchase", "event_time": "2026-04-15T08:30:00+02:00", **fields}


def log(platform: Platform, advertiser: str, *events: dict[str, Any], **fields: Any) -> dict[str, Any]:
    body = {"event_source_id": "pixel", "events": list(events), **fields}
    answer: dict[str, Any] = platform.call("log_event", body, {"advertiserId": advertiser})["data"]
    return answer


def summary(platform: Platform, advertiser: str, **params: str) -> dict[str, Any]:
    answer: dict[str, Any] = platform.call("get_event_summary", path={"advertiserId": advertiser}, params=params)[
        "data"
    ]
    return answer


HOUR = {"startHour": "2026-04-15T06:00:00Z", "endHour": "2026-04-15T07:00:00Z"}


def test_an_event_counts_once_by_its_id(platform: Platform) -> None:  # rule 134
    advertiser = registered(platform)
    first = log(platform, advertiser, event(platform), event(platform, "two"), event(platform, "two"))
    assert (first["events_received"], first["events_processed"], len(first["warnings"])) == (3, 2, 1)
    again = log(platform, advertiser, event(platform))
    assert (again["events_received"], again["events_processed"]) == (1, 0)
    platform.advance("1h")
    assert summary(platform, advertiser, **HOUR)["totalEventCount"] == 2


def test_a_new_event_shows_when_the_hour_in_which_it_came_is_over(platform: Platform) -> None:  # rule 135
    advertiser = registered(platform)
    log(platform, advertiser, event(platform))
    assert summary(platform, advertiser, **HOUR)["entries"] == []
    platform.advance("1h")
    entry = {"eventHour": "2026-04-15T06:00:00Z", "eventType": "conversion", "eventCount": 1}
    assert summary(platform, advertiser, **HOUR)["entries"] == [entry]
    assert summary(platform, advertiser, eventType="click", **HOUR)["entries"] == []


def test_a_test_changes_no_figures(platform: Platform) -> None:  # rule 134
    advertiser = registered(platform)
    assert log(platform, advertiser, event(platform), test_event_code="TEST1")["events_processed"] == 1
    platform.advance("1h")
    assert summary(platform, advertiser, **HOUR)["totalEventCount"] == 0
    assert log(platform, advertiser, event(platform))["events_processed"] == 1


@pytest.mark.parametrize(
    "fields",
    [
        {"event_type": "subscription"},
        {"event_time": "yesterday"},
        {"event_time": "2026-04-15T08:30:00"},
        {"event_time": "2036-05-31T08:30:00Z"},
        {"custom_event_name": "wedding"},
    ],
)
def test_one_bad_event_fails_alone(platform: Platform, fields: dict[str, str]) -> None:  # rule 134
    answer = log(platform, registered(platform), event(platform), event(platform, "bad", **fields))
    assert answer["events_processed"] == 1
    assert [failure["event_id"] for failure in answer["partial_failures"]] == ["bad"]


def test_the_match_is_as_good_as_what_is_known_of_the_people(platform: Platform) -> None:
    known = event(platform, "known", user_match={"hashed_email": "a" * 64})
    guessed = event(platform, "guessed", user_match={"client_ip": "198.51.100.7", "client_user_agent": "browser"})
    answer = log(platform, registered(platform), known, guessed, event(platform, "unknown"))
    assert answer["match_quality"] == 0.5


def test_only_registered_sources_can_log_and_only_so_much_at_once(platform: Platform) -> None:  # rule 134
    advertiser = registered(platform)
    body = {"event_source_id": "other", "events": [event(platform)]}
    assert platform.error("log_event", body, {"advertiserId": advertiser})["field"] == "event_source_id"
    for events in ([], [event(platform, f"e{n}") for n in range(10_001)]):
        body = {"event_source_id": "pixel", "events": events}
        assert platform.error("log_event", body, {"advertiserId": advertiser})["field"] == "events"


@pytest.mark.parametrize(
    ("params", "field"),
    [
        ({"startHour": "2026-04-15T06:30:00Z"}, "startHour"),
        ({"startHour": "soon"}, "startHour"),
        ({"startHour": "2026-04-15T07:00:00Z", "endHour": "2026-04-15T07:00:00Z"}, "endHour"),
        ({"eventType": "wedding"}, "eventType"),
    ],
)
def test_hours_are_whole_and_in_order(platform: Platform, params: dict[str, str], field: str) -> None:  # rule 135
    error = platform.error("get_event_summary", path={"advertiserId": registered(platform)}, params=params)
    assert (error["code"], error["field"]) == ("VALIDATION_ERROR", field)


def test_conversions_of_a_campaign_reach_its_event_source_and_its_agents_report(platform: Platform) -> None:
    advertiser = registered(platform)
    goal = {
        "kind": "event",
        "eventSources": [{"eventSourceId": "pixel", "eventType": "purchase"}],
        "attributionWindow": {"clickThrough": "7d", "viewThrough": "1d"},
    }
    found = platform.discover(advertiser, brief="news")
    platform.select(found)
    goals = {"optimizationGoals": [goal]}
    campaign = platform.campaign(advertiser, discoveryId=found["discoveryId"], performanceConfig=goals)
    banners(platform, campaign)
    platform.call("execute_campaign", {}, {"campaignId": campaign})
    line = platform.world.market.lines()[0]
    assert (line.click_window_ms, line.view_window_ms) == (7 * DAY_MS, DAY_MS)
    platform.advance("12d")
    happened = platform.events("conversion")
    assert len(happened) > 5
    start, end = iso(platform.world.start_ms), iso(platform.world.now - platform.world.now % HOUR_MS)
    counts: Counter[str] = Counter()
    for entry in summary(platform, advertiser, startHour=start, endHour=end)["entries"]:
        counts[entry["eventType"]] += entry["eventCount"]
    totals = [platform.world.market.totals(line.line_id) for line in platform.world.market.lines()]
    assert counts["conversion"] == len(happened) == sum(t.conversions for t in totals)
    assert counts["click"] == sum(t.clicks for t in totals)
    assert counts["impression"] == sum(t.impressions for t in totals)
    book = platform.buyer.events.of(platform.buyer.advertisers[advertiser])
    assert book.values["pixel"] == sum(t.conversion_value_micros for t in totals) > 0
