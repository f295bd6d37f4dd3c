"""Advertisers and brands (rules 7 to 13 and 27 to 42)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.buyer.conftest import MakePlatform, Platform

SIX_UTM = {
    "utm_source": "scope3",
    "utm_medium": "agentic",
    "utm_campaign": "{CAMPAIGN_ID}",
    "utm_content": "{CREATIVE_ID}",
    "utm_media_buy": "{MEDIA_BUY_ID}",
    "utm_package": "{PACKAGE_ID}",
}


@pytest.mark.parametrize("field", ["name", "brand"])
def test_name_and_brand_are_required(platform: Platform, field: str) -> None:  # rule 27
    body = {"name": "Acme Corp", "brand": "acme.com"}
    del body[field]
    error = platform.error("create_advertiser", body)
    assert (error["code"], error["field"]) == ("VALIDATION_ERROR", field)


def test_a_registered_brand_is_linked(platform: Platform) -> None:  # rules 28 and 32
    made = platform.call("create_advertiser", {"name": "Acme Corp", "brand": "acme.com"})
    brand = made["linkedBrand"]
    assert brand["id"].startswith("brand_")
    assert (brand["name"], brand["domain"], brand["industry"]) == ("Acme Corp", "acme.com", "Technology")
    assert brand["logoUrl"] == brand["manifest"]["logos"][0]["url"]
    assert brand["colors"] == brand["manifest"]["colors"]
    assert made["brand"] == "acme.com"
    assert made["brandWarning"] is None
    assert made["status"] == "ACTIVE"


def test_an_enriched_brand_is_shown_and_nothing_is_created(platform: Platform) -> None:  # rule 29
    error = platform.error("create_advertiser", {"name": "Globex", "brand": "globex.com"})
    assert error["code"] == "VALIDATION_ERROR"
    assert error["details"]["enrichedBrand"]["domain"] == "globex.com"
    assert error["details"]["enrichedBrand"]["manifest"]["name"] == "Globex"
    assert platform.call("list_advertisers")["total"] == 0


def test_the_same_request_with_save_brand_registers_and_creates(platform: Platform) -> None:  # rules 29 and 31
    made = platform.call("create_advertiser", {"name": "Globex", "brand": "globex.com", "saveBrand": True})
    assert made["linkedBrand"]["name"] == "Globex"
    assert "enrichment" in made["brandWarning"]
    again = platform.call("create_advertiser", {"name": "Globex EU", "brand": "globex.com"})
    assert again["linkedBrand"]["id"] == made["linkedBrand"]["id"]


def test_an_unknown_brand_fails_without_a_preview(platform: Platform) -> None:  # rule 30
    error = platform.error("create_advertiser", {"name": "N", "brand": "nobody.example", "saveBrand": True})
    assert error["code"] == "VALIDATION_ERROR"
    assert "details" not in error


def test_a_failed_creation_saves_no_brand(platform: Platform) -> None:  # rules 25 and 29: all or nothing
    body = {
        "name": "Globex",
        "brand": "globex.com",
        "saveBrand": True,
        "linkedAccounts": [{"partnerId": "northstar", "accountId": "acc_made_up"}],
    }
    assert platform.error("create_advertiser", body)["field"] == "linkedAccounts[0].accountId"
    assert "enrichedBrand" in platform.error("create_advertiser", {"name": "G", "brand": "globex.com"})["details"]


def test_brand_domain_is_another_name_of_brand(platform: Platform) -> None:  # C54
    assert platform.call("create_advertiser", {"name": "A", "brandDomain": "www.acme.com"})["brand"] == "acme.com"


def test_sandbox_is_set_at_creation_only(platform: Platform) -> None:  # rule 33
    plain, sandbox = platform.advertiser(), platform.advertiser(sandbox=True)
    assert platform.call("get_advertiser", path={"advertiserId": plain})["sandbox"] is False
    assert platform.call("get_advertiser", path={"advertiserId": sandbox})["sandbox"] is True
    error = platform.error("update_advertiser", {"sandbox": False}, {"advertiserId": sandbox})
    assert (error["code"], error["field"]) == ("VALIDATION_ERROR", "sandbox")


def test_the_apply_mode_is_manual_unless_said_otherwise(platform: Platform) -> None:  # rule 35
    made = platform.call("create_advertiser", {"name": "A", "brand": "acme.com"})
    assert made["optimizationApplyMode"] == "MANUAL"
    changed = platform.call("update_advertiser", {"optimizationApplyMode": "AUTO"}, {"advertiserId": made["id"]})
    assert changed["optimizationApplyMode"] == "AUTO"


def test_utm_defaults_are_six(platform: Platform) -> None:  # rule 36
    made = platform.call("create_advertiser", {"name": "A", "brand": "acme.com"})
    assert {row["paramKey"]: row["paramValue"] for row in made["utmConfig"]} == SIX_UTM


def test_utm_of_an_update_replaces_all(platform: Platform) -> None:  # rule 37
    advertiser = {"advertiserId": platform.advertiser()}
    rows = [{"paramKey": "src", "paramValue": "{CAMPAIGN_ID}"}]
    assert platform.call("update_advertiser", {"utmConfig": rows}, advertiser)["utmConfig"] == rows
    assert platform.call("update_advertiser", {"name": "B"}, advertiser)["utmConfig"] == rows
    assert platform.call("update_advertiser", {"utmConfig": []}, advertiser)["utmConfig"] == []


@pytest.mark.parametrize(
    "rows",
    [
        [{"paramKey": f"k{n}", "paramValue": "v"} for n in range(21)],  # rule 37: at most 20
        [{"paramKey": "a b", "paramValue": "v"}],  # C64
        [{"paramKey": "a", "paramValue": ""}],
        [{"paramKey": "a", "paramValue": "1"}, {"paramKey": "a", "paramValue": "2"}],
    ],
)
def test_wrong_utm_parameters_are_refused(platform: Platform, rows: list[dict[str, str]]) -> None:
    error = platform.error("create_advertiser", {"name": "A", "brand": "acme.com", "utmConfig": rows})
    assert error["code"] == "VALIDATION_ERROR"
    assert error["field"].startswith("utmConfig")
    assert platform.call("list_advertisers")["total"] == 0


def test_a_new_brand_is_resolved_and_linked(platform: Platform) -> None:  # rule 40
    advertiser = {"advertiserId": platform.advertiser()}
    assert "enrichedBrand" in platform.error("update_advertiser", {"brand": "globex.com"}, advertiser)["details"]
    changed = platform.call("update_advertiser", {"brand": "globex.com", "saveBrand": True}, advertiser)
    assert (changed["brand"], changed["linkedBrand"]["name"]) == ("globex.com", "Globex")


def test_without_a_brand_an_advertiser_can_do_nothing(make_platform: MakePlatform) -> None:  # rule 41
    platform = make_platform(buyer={"advertisers": [{"name": "Old account"}]})
    advertiser = platform.call("list_advertisers")["items"][0]
    assert advertiser["brand"] is None
    error = platform.error("discover_products", {"advertiserId": advertiser["id"], "brief": "ctv"})
    assert (error["code"], error["field"]) == ("INVALID_STATE", "brand")
    platform.call("update_advertiser", {"brand": "acme.com"}, {"advertiserId": advertiser["id"]})
    assert platform.discover(advertiser["id"])["totalGroups"] == 3


@pytest.mark.parametrize(
    ("operation", "body"),
    [
        ("sync_audiences", {"audiences": [{"audienceId": "crm"}]}),
        ("sync_catalogs", {"account": {"account_id": "1"}, "catalogs": [{"catalog_id": "shoes", "type": "product"}]}),
        ("sync_event_sources", {"account": {"account_id": "1"}, "event_sources": [{"event_source_id": "pixel"}]}),
        ("create_event_source", {"event_source_id": "pixel"}),
        ("log_event", {"event_source_id": "pixel", "events": [
            {"event_id": "1", "event_type": "purchase", "event_time": "2026-04-15T08:30:00Z"}
        ]}),
        ("create_property_list", {"name": "News", "purpose": "include", "domains": ["cnn.com"]}),
        ("sync_measurement_data", {"measurements": [{
            "start_time": "2026-04-01T00:00:00Z", "end_time": "2026-04-02T00:00:00Z", "metric_id": "conversions",
            "metric_value": 1, "unit": "count", "advertiser_id": "1",
        }]}),
        ("create_test_cohort", {"name": "Half", "splitPercentage": 50}),
    ],
)  # fmt: skip
def test_nothing_is_made_for_an_advertiser_without_a_brand(
    make_platform: MakePlatform, operation: str, body: dict[str, Any]
) -> None:  # rule 41
    platform = make_platform(buyer={"advertisers": [{"name": "Old account"}]})
    advertiser = platform.call("list_advertisers")["items"][0]["id"]
    path = {"accountId" if operation == "sync_audiences" else "advertiserId": advertiser}
    body = {**body, "account": {"account_id": advertiser}} if "account" in body else body
    error = platform.error(operation, body, path)
    assert (error["code"], error["field"]) == ("INVALID_STATE", "brand")


def test_the_list_has_summary_rows(platform: Platform) -> None:  # rules 7 and 42
    platform.advertiser()
    row = platform.call("list_advertisers")["items"][0]
    assert set(row) == {
        "id", "name", "status", "brand", "sandbox", "linkedAccountCount", "createdAt", "updatedAt",
    }  # fmt: skip
    assert row["linkedAccountCount"] == 0


def test_the_list_is_paged_by_ten(platform: Platform) -> None:  # rules 8 and 9
    for number in range(12):
        platform.advertiser(name=f"A{number}")
    first = platform.call("list_advertisers")
    assert (len(first["items"]), first["total"], first["hasMore"], first["nextOffset"]) == (10, 12, True, 10)
    last = platform.call("list_advertisers", params={"limit": "5", "offset": str(first["nextOffset"])})
    assert [row["name"] for row in last["items"]] == ["A10", "A11"]
    assert (last["hasMore"], last["nextOffset"]) == (False, None)
    assert platform.error("list_advertisers", params={"limit": "11"})["field"] == "limit"
    assert len(platform.call("list_advertisers", params={"take": "3", "skip": "11"})["items"]) == 1  # C43


def test_names_are_found_by_a_part_in_any_case(platform: Platform) -> None:  # rule 10
    platform.advertiser(name="Acme Corp")
    platform.advertiser(name="Other")
    found = platform.call("list_advertisers", params={"name": "aCME", "status": "ACTIVE"})
    assert [row["name"] for row in found["items"]] == ["Acme Corp"]
    assert platform.call("list_advertisers", params={"status": "ARCHIVED"})["total"] == 0


def test_an_advertiser_of_another_customer_looks_like_none(make_platform: MakePlatform) -> None:  # rule 13
    platform = make_platform(buyer={"customers": [{"name": "Acme"}, {"name": "Rival"}]})
    mine = platform.advertiser()
    foreign = platform.error("get_advertiser", path={"advertiserId": mine}, customer="rival")
    absent = platform.error("get_advertiser", path={"advertiserId": "999"}, customer="rival")
    assert foreign["code"] == absent["code"] == "NOT_FOUND"
    assert foreign["message"].replace(mine, "999") == absent["message"]
    assert platform.call("list_advertisers", customer="rival")["total"] == 0


def test_caps_are_kept_with_their_place_and_replaced_as_a_whole(platform: Platform) -> None:  # rules 98, 108, 109
    caps: list[dict[str, Any]] = [{"maxExposure": 3, "window": {"interval": 1, "unit": "weeks"}}]
    made = platform.call("create_advertiser", {"name": "A", "brand": "acme.com", "frequencyCaps": caps})
    cap = made["frequencyCaps"][0]
    assert (cap["targetLevel"], cap["targetId"], cap["archivedAt"]) == ("ADVERTISER", made["id"], None)
    assert cap["max_impressions"] == cap["maxExposure"] == 3  # C7
    advertiser = {"advertiserId": made["id"]}
    kept = platform.call("update_advertiser", {"name": "B"}, advertiser)
    assert [c["id"] for c in kept["frequencyCaps"]] == [cap["id"]]
    assert platform.call("update_advertiser", {"frequencyCaps": []}, advertiser)["frequencyCaps"] == []


def test_single_answers_are_mirrored_under_data(platform: Platform) -> None:  # C41
    body = platform.call("get_advertiser", path={"id": platform.advertiser()})
    assert body["data"]["id"] == body["id"]
