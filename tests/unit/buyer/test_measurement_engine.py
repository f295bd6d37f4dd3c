"""Measurement engine: sources, records, context, freshness (rules 8 and 137 to 139)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.buyer.conftest import Platform

SOURCE = {
    "sourceKey": "mmm_sales",
    "name": "MMM Sales Lift",
    "outcomeType": "sales_volume",
    "granularity": "dma_week",
    "cadence": "weekly",
    "provider": "analytic-partner",
}
RECORD = {
    "outcomeType": "sales_volume",
    "geo": "Atlanta",
    "timeWindowStart": "2026-01-06",
    "timeWindowEnd": "2026-01-12",
    "value": 1250,
    "source": "mmm_sales",
}
WEATHER = {"geo": "Atlanta", "timeWindowStart": "2026-01-06", "timeWindowEnd": "2026-01-12"}


def source(platform: Platform, advertiser: str, **fields: Any) -> dict[str, Any]:
    path = {"advertiserId": advertiser}
    made: dict[str, Any] = platform.call("create_measurement_source", {**SOURCE, **fields}, path)["data"]
    return made


def upload(platform: Platform, advertiser: str, *rows: dict[str, Any], what: str = "measurement") -> list[str]:
    answer = platform.call(f"upload_{what}_records", {"records": list(rows)}, {"advertiserId": advertiser})["data"]
    actions = [row["action"] for row in answer["records"]]
    assert {name: answer[name] for name in ("created", "updated", "unchanged")} == {
        name: actions.count(name) for name in ("created", "updated", "unchanged")
    }
    return actions


def records(platform: Platform, advertiser: str, **params: str) -> list[dict[str, Any]]:
    answer = platform.call("list_measurement_records", path={"advertiserId": advertiser}, params=params)
    rows: list[dict[str, Any]] = answer["data"]["records"]
    return rows


def freshness(platform: Platform, advertiser: str, **params: str) -> list[dict[str, Any]]:
    params = {"flightStart": "2026-01-06", "flightEnd": "2026-01-26", "geos": "Atlanta", **params}
    answer = platform.call("get_measurement_freshness", path={"advertiserId": advertiser}, params=params)
    rows: list[dict[str, Any]] = answer["data"]["sources"]
    return rows


# -- sources ---------------------------------------------------------------------------------------------------


def test_a_source_has_its_defaults(platform: Platform) -> None:  # rule 137
    advertiser = platform.advertiser()
    reply = platform.reply("create_measurement_source", SOURCE, {"advertiserId": advertiser})
    assert reply.status == 201
    made = reply.body["data"]
    assert (made["lagWeeks"], made["signalWeight"], made["status"]) == (1, 1.0, "active")
    assert {name: made[name] for name in SOURCE} == SOURCE


@pytest.mark.parametrize("name", SOURCE)
def test_all_that_describes_a_source_is_required(platform: Platform, name: str) -> None:  # rule 137
    body = {key: value for key, value in SOURCE.items() if key != name}
    assert platform.error("create_measurement_source", body, {"advertiserId": platform.advertiser()})["field"] == name


@pytest.mark.parametrize(
    ("name", "value"), [("cadence", "yearly"), ("signalWeight", 1.1), ("signalWeight", -0.1), ("status", "gone")]
)
def test_wrong_terms_of_a_source_are_refused(platform: Platform, name: str, value: Any) -> None:  # rule 137
    path = {"advertiserId": platform.advertiser()}
    assert platform.error("create_measurement_source", {**SOURCE, name: value}, path)["field"] == name


def test_a_key_is_taken_once(platform: Platform) -> None:  # rule 137
    advertiser = platform.advertiser()
    source(platform, advertiser)
    assert platform.error("create_measurement_source", SOURCE, {"advertiserId": advertiser})["code"] == "CONFLICT"


def test_sources_are_filtered_and_paged(platform: Platform) -> None:  # rules 8, 137
    advertiser = platform.advertiser()
    for number, status in enumerate(("active", "paused", "active")):
        source(platform, advertiser, sourceKey=f"s{number}", status=status, outcomeType=f"o{number % 2}")

    def keys(**params: str) -> list[str]:
        answer = platform.call("list_measurement_sources", path={"advertiserId": advertiser}, params=params)
        return [row["sourceKey"] for row in answer["data"]["sources"]]

    assert keys(status="active") == ["s0", "s2"]
    assert keys(outcomeType="o1") == ["s1"]
    assert keys(take="1", skip="1") == ["s1"]


# -- records ---------------------------------------------------------------------------------------------------


def test_records_are_upserted(platform: Platform) -> None:  # rule 137
    advertiser = platform.advertiser()
    assert upload(platform, advertiser, RECORD, {**RECORD, "geo": "Richmond"}) == ["created", "created"]
    assert upload(platform, advertiser, RECORD, {**RECORD, "value": 7}) == ["unchanged", "updated"]
    assert [row["value"] for row in records(platform, advertiser, geo="Atlanta")] == [7]
    assert len(records(platform, advertiser, outcomeType="sales_volume")) == 2
    assert records(platform, advertiser, outcomeType="visits") == []


@pytest.mark.parametrize(
    ("name", "value"),
    [("timeWindowStart", "06.01.2026"), ("timeWindowEnd", "2026-01-05"), ("value", None), ("source", None)],
)
def test_wrong_records_are_refused(platform: Platform, name: str, value: Any) -> None:  # rule 137
    advertiser = platform.advertiser()
    body = {"records": [{**RECORD, name: value}]}
    error = platform.error("upload_measurement_records", body, {"advertiserId": advertiser})
    assert error["field"].startswith("records[0]")
    assert records(platform, advertiser) == []


def test_one_to_five_thousand_records_are_uploaded(platform: Platform) -> None:  # rule 137
    path = {"advertiserId": platform.advertiser()}
    for count in (0, 5001):
        error = platform.error("upload_measurement_records", {"records": [RECORD] * count}, path)
        assert error["field"] == "records"


def test_without_a_word_about_it_there_was_no_promotion(platform: Platform) -> None:  # rule 138
    advertiser = platform.advertiser()
    assert upload(platform, advertiser, WEATHER, what="context") == ["created"]
    assert upload(platform, advertiser, {**WEATHER, "promoActive": False}, what="context") == ["unchanged"]
    changed = {**WEATHER, "promoActive": True, "promoType": "BOGO", "flightStatus": "dark"}
    assert upload(platform, advertiser, changed, what="context") == ["updated"]
    body = {"records": [{**WEATHER, "flightStatus": "landed"}]}
    error = platform.error("upload_context_records", body, {"advertiserId": advertiser})
    assert error["field"] == "records[0].flightStatus"


# -- freshness -------------------------------------------------------------------------------------------------


def test_freshness_tells_which_periods_have_data(platform: Platform) -> None:  # rule 139
    advertiser = platform.advertiser()
    source(platform, advertiser)
    upload(platform, advertiser, RECORD, {**RECORD, "timeWindowStart": "2026-01-20", "timeWindowEnd": "2026-01-25"})
    rows = freshness(platform, advertiser, geos="Atlanta,Richmond")
    assert [(row["sourceKey"], row["geo"]) for row in rows] == [("mmm_sales", "Atlanta"), ("mmm_sales", "Richmond")]
    assert [(p["start"], p["end"], p["status"]) for p in rows[0]["periods"]] == [
        ("2026-01-06", "2026-01-12", "present"),
        ("2026-01-13", "2026-01-19", "missing"),
        ("2026-01-20", "2026-01-26", "missing"),  # a day is not covered
    ]
    assert (rows[0]["presentCount"], rows[0]["missingCount"], rows[0]["latestData"]) == (1, 2, "2026-01-25")
    assert (rows[1]["presentCount"], rows[1]["missingCount"], rows[1]["latestData"]) == (0, 3, None)


def test_what_is_not_due_yet_is_awaited(platform: Platform) -> None:  # rules 137, 139
    advertiser = platform.advertiser()
    source(platform, advertiser, lagWeeks=2)  # today is 1 May
    row = freshness(platform, advertiser, flightStart="2026-04-04", flightEnd="2026-04-24")[0]
    assert [(p["due"], p["status"]) for p in row["periods"]] == [
        ("2026-04-25", "missing"),
        ("2026-05-02", "awaited"),
        ("2026-05-09", "awaited"),
    ]


def test_a_source_that_was_never_entered_is_told_too(platform: Platform) -> None:  # rule 139
    advertiser = platform.advertiser()
    upload(platform, advertiser, RECORD)
    row = freshness(platform, advertiser)[0]
    assert (row["sourceKey"], row["registered"], row["periods"][0]["status"]) == ("mmm_sales", False, "present")


@pytest.mark.parametrize(
    ("params", "field"),
    [
        ({"flightStart": "2026-01-06"}, "geos"),
        ({"geos": "Atlanta"}, "flightStart"),
        ({"flightStart": "2026-01-06", "geos": ""}, "geos"),
        ({"flightStart": "2026-02-30", "geos": "Atlanta"}, "flightStart"),
        ({"flightStart": "2026-01-06", "flightEnd": "2026-01-05", "geos": "Atlanta"}, "flightEnd"),
        ({"flightStart": "1999-01-06", "geos": "Atlanta"}, "flightEnd"),
    ],
)
def test_freshness_needs_a_flight_and_places(platform: Platform, params: dict[str, str], field: str) -> None:
    path = {"advertiserId": platform.advertiser()}  # rule 139
    assert platform.error("get_measurement_freshness", path=path, params=params)["field"] == field
