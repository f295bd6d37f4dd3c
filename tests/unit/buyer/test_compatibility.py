"""Settings for clients that read the platform's documents otherwise (conflicts C5, C24, C40)."""

from __future__ import annotations

from tests.unit.buyer.conftest import MakePlatform, Platform


def body_of(platform: Platform) -> dict[str, object]:
    flight = {"startDate": "2026-05-10", "endDate": "2026-06-09"}
    budget = {"total": 1_000, "currency": "USD"}
    return {"advertiserId": platform.advertiser(), "name": "Spring", "flightDates": flight, "budget": budget}


def test_a_campaign_without_a_type_is_decisioned_or_refused(make_platform: MakePlatform) -> None:  # rule 44, C5
    usual = make_platform()
    assert usual.call("create_campaign", body_of(usual))["campaignType"] == "DECISIONED"
    strict = make_platform(buyer={"compatibility": {"campaign_type_required": True}})
    body = body_of(strict)
    assert strict.error("create_campaign", body)["field"] == "campaignType"
    assert strict.call("create_campaign", {**body, "campaignType": "ROUTED"})["campaignType"] == "ROUTED"


def test_a_summary_needs_a_breakdown_unless_the_platform_is_told_otherwise(make_platform: MakePlatform) -> None:
    # rule 161, C24
    assert make_platform().error("get_reporting_metrics", params={"days": 7})["field"] == "breakdown"
    relaxed = make_platform(buyer={"compatibility": {"breakdown_optional": True}})
    assert relaxed.call("get_reporting_metrics", params={"days": 7})["totals"]["impressions"] == 0


def test_an_sdk_gets_status_in_the_spelling_that_it_expects(make_platform: MakePlatform) -> None:  # C40
    platform = make_platform(buyer={"compatibility": {"sdk_case_aliases": True}})
    campaign = platform.campaign(platform.advertiser())
    shown = platform.call("get_campaign", path={"campaignId": campaign})
    assert shown["status"] == shown["Status"] == shown["data"]["Status"] == "DRAFT"
    rows = platform.call("list_campaigns")["campaigns"]
    assert [row["Status"] for row in rows] == ["DRAFT"]
