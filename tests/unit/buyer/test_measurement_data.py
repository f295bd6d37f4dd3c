"""Measurement data (rules 2 and 136; C60)."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agents.buyer.measurement_state import upsert
from tests.unit.buyer.conftest import Platform

ROW = {
    "start_time": "2026-03-01T00:00:00-05:00",
    "end_time": "2026-03-07T23:59:59-05:00",
    "metric_id": "incremental_revenue",
    "metric_value": 8450.75,
    "unit": "currency",
    "currency": "USD",
}


def row(advertiser: str, **fields: Any) -> dict[str, Any]:
    made = {**ROW, "advertiser_id": advertiser, **fields}
    return {name: value for name, value in made.items() if value is not None}


def sync(platform: Platform, advertiser: str, *rows: dict[str, Any]) -> list[str]:
    body = {"measurements": list(rows)}
    answer = platform.call("sync_measurement_data", body, {"advertiserId": advertiser})["data"]["measurements"]
    assert [each["index"] for each in answer] == list(range(len(rows)))
    return [each["action"] for each in answer]


def test_the_same_again_is_unchanged_and_another_value_an_update(platform: Platform) -> None:  # rule 136
    advertiser = platform.advertiser()
    assert sync(platform, advertiser, row(advertiser)) == ["created"]
    assert sync(platform, advertiser, row(advertiser)) == ["unchanged"]
    assert sync(platform, advertiser, row(advertiser, metric_value=1)) == ["updated"]
    same_instant = row(advertiser, metric_value=1, start_time="2026-03-01T05:00:00Z")
    assert sync(platform, advertiser, same_instant) == ["unchanged"]


def test_the_row_id_of_a_source_makes_rows_the_same(platform: Platform) -> None:  # rule 136
    advertiser = platform.advertiser()
    first = row(advertiser, external_row_id="r1", source="anything", source_platform="mmp")  # C60: free text
    moved = {**first, "start_time": "2026-03-02T00:00:00Z"}
    assert sync(platform, advertiser, first, moved, {**first, "source": "other"}) == ["created", "updated", "created"]


def test_about_something_else_is_another_measurement(platform: Platform) -> None:  # rule 136
    advertiser = platform.advertiser()
    campaign = platform.campaign(advertiser)
    about = row(advertiser, campaign_id=campaign)
    assert sync(platform, advertiser, row(advertiser), about, row(advertiser, metric_id="revenue")) == ["created"] * 3


def test_what_is_about_nothing_of_the_advertiser_fails_alone(platform: Platform) -> None:  # rule 136
    advertiser, other = platform.advertiser(), platform.advertiser(name="Second")
    foreign = platform.campaign(other)
    rows = [
        row(advertiser, advertiser_id=other),
        row(advertiser, campaign_id=foreign),
        row(advertiser, media_buy_id="mb_x"),
        row(advertiser, package_id="pkg_x"),
        row(advertiser, creative_id="cre_x"),
        row(advertiser),
    ]
    assert sync(platform, advertiser, *rows) == ["failed"] * 5 + ["created"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"end_time": ROW["start_time"]},
        {"end_time": "2026-02-01T00:00:00Z"},
        {"start_time": "2026-03-01T00:00:00"},  # no time zone
        {"start_time": "2026-03-01"},
        {"currency": None},
        {"currency": "usd"},
        {"unit": "count"},  # currency with another unit
        {"unit": "kilo"},
        {"metric_id": "joy"},
        {"metric_value": None},
        {"metric_value": "12"},
        {"advertiser_id": None},  # about nothing
        {"campaignId": "camel"},  # rule 2
    ],
)
def test_a_wrong_measurement_refuses_the_call(platform: Platform, wrong: dict[str, Any]) -> None:  # rule 136
    advertiser = platform.advertiser()
    body = {"measurements": [row(advertiser), row(advertiser, **wrong)]}
    error = platform.error("sync_measurement_data", body, {"advertiserId": advertiser})
    assert error["code"] == "VALIDATION_ERROR"
    assert error["field"].startswith("measurements[1]")
    assert sync(platform, advertiser, row(advertiser)) == ["created"]


def test_a_call_has_one_to_a_thousand_measurements(platform: Platform) -> None:  # rule 136
    advertiser = platform.advertiser()
    for count in (0, 1001):
        body = {"measurements": [row(advertiser)] * count}
        assert platform.error("sync_measurement_data", body, {"advertiserId": advertiser})["field"] == "measurements"
    rows = [row(advertiser, external_row_id=str(n)) for n in range(1000)]
    assert sync(platform, advertiser, *rows) == ["created"] * 1000


def test_new_measurements_show_in_the_event_summary(platform: Platform) -> None:  # rule 135
    advertiser = platform.advertiser()
    rows = [row(advertiser), row(advertiser), row(advertiser, source="mmp")]
    sync(platform, advertiser, *rows)
    platform.advance("1h")
    hours = {"startHour": "2026-03-01T05:00:00Z", "endHour": "2026-03-01T06:00:00Z"}
    found = platform.call("get_event_summary", path={"advertiserId": advertiser}, params=hours)["data"]
    assert [(e["eventType"], e["eventCount"]) for e in found["entries"]] == [("measurement", 1), ("mmp", 1)]


@settings(max_examples=100, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 3))))
def test_upserting_keeps_the_last_value_and_tells_what_it_did(steps: list[tuple[int, int]]) -> None:  # rule 136
    table: dict[int, dict[str, Any]] = {}
    model: dict[int, int] = {}
    for key, value in steps:
        wanted = "created" if key not in model else "unchanged" if model[key] == value else "updated"
        assert upsert(table, key, {"value": value}) == wanted
        model[key] = value
    assert {key: row["value"] for key, row in table.items()} == model
