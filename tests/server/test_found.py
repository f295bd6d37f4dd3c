"""Requests that once failed by a mistake of the sandbox, or took all its memory or time."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.core.time import LAST_MS, iso, parse_instant
from tests.server.conftest import KEY, Live

CAP = {"max_impressions": 64_928_369_735, "window": {"interval": 1, "unit": "days"}}
RECORD = {"geo": "US", "outcomeType": "sales", "value": 1.0, "source": "panel"}


@pytest.mark.parametrize("text", ["0409-08-07", "1969-12-31", "9999-12-31", "0001-01-01T00:00:00+14:00", "2200-01-02"])
def test_only_instants_from_1970_to_2200_can_be_named(text: str) -> None:
    with pytest.raises(ValueError, match="between 1970 and 2200"):
        parse_instant(text)
    assert parse_instant(iso(LAST_MS)) == LAST_MS
    assert parse_instant("1970-01-01") == 0


def test_a_report_has_two_years_at_most(live: Live) -> None:  # rule 163
    period = {"breakdown": "campaign", "demo": True, "startDate": "1999-01-01"}
    error = live.error("GET", "reporting/metrics", params={**period, "endDate": "2026-05-01"})
    assert (error["status"], error["field"]) == (400, "endDate")
    assert (
        live.ok("GET", "reporting/metrics", params={**period, "endDate": "2000-12-31"})["periodStart"] == "1999-01-01"
    )


def test_a_cap_of_billions_is_refused(live: Live) -> None:  # rule 105
    campaign = live.campaign(live.advertiser())
    error = live.error("PUT", f"campaigns/{campaign}", {"frequencyCaps": [CAP]})
    assert (error["status"], error["field"]) == (400, "frequencyCaps[0].max_impressions")
    assert live.ok("PUT", f"campaigns/{campaign}", {"frequencyCaps": [{**CAP, "max_impressions": 1_000}]})


@pytest.mark.parametrize("day", ["0000-01-01", "2026-02-30"])
def test_records_are_of_days_that_there_are(live: Live, day: str) -> None:  # rules 137, 139
    base = f"advertisers/{live.advertiser()}"
    record = {**RECORD, "timeWindowStart": day, "timeWindowEnd": "2026-03-01"}
    error = live.error("POST", f"{base}/measurement-records", {"records": [record]})
    assert (error["code"], error["field"]) == ("VALIDATION_ERROR", "records[0].timeWindowStart")
    assert live.ok("GET", f"{base}/measurement-freshness?flightStart=2026-01-01&geos=US")["data"]["sources"] == []


def test_a_manifest_that_no_format_takes_has_no_previews(live: Live) -> None:  # rule 189
    campaign = live.campaign(live.advertiser())
    body = {"name": "Nothing in it", "format_id": {"agent_url": "https://agents.example", "id": "0"}}
    made = live.ok("POST", f"campaigns/{campaign}/creatives/create", body)
    shown = live.ok("POST", f"campaigns/{campaign}/creatives/{made['creative_id']}/preview", {})
    assert shown["agent_errors"] == []


def test_a_form_with_odd_headers_is_refused_in_the_usual_form(live: Live) -> None:  # rules 3, 178
    campaign = live.campaign(live.advertiser())
    part = b'--x\r\nContent-Disposition: form-data; name="a\x18"\r\n\r\n1\r\n--x--\r\n'
    headers = {"Content-Type": "multipart/form-data; boundary=x", "Authorization": f"Bearer {KEY}"}
    path = f"/api/v2/buyer/campaigns/{campaign}/creatives/create"
    answer: Any = live.http.post(path, content=part, headers=headers)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "VALIDATION_ERROR")


def test_members_may_be_taken_out_by_their_id_alone(live: Live) -> None:  # rule 142
    document = live.ok("GET", "/openapi.json")
    remove = document["components"]["schemas"]["AudienceBody"]["properties"]["remove"]["items"]
    assert {"string", None} == {choice.get("type") for choice in remove["anyOf"]}
    body = {"audiences": [{"audienceId": "fans", "name": "Fans", "remove": ["p1"]}]}
    assert live.ok("POST", f"advertisers/{live.advertiser()}/audiences/sync", body)["success"]
