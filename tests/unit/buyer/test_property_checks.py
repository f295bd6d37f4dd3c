"""Checks of identifiers against the registry, and their reports (rules 157 to 160)."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agents.buyer.property_checks import BUCKETS, canonical
from tests.unit.buyer.conftest import MakePlatform, Platform, build


def check(platform: Platform, *domains: str, identifiers: list[dict[str, str]] | None = None) -> dict[str, Any]:
    body: dict[str, Any] = {"domains": list(domains)} if domains else {}
    return platform.call("check_property_list", body | ({"identifiers": identifiers} if identifiers else {}))


def report(platform: Platform, report_id: str) -> dict[str, Any]:
    summary: dict[str, Any] = platform.call("get_property_list_report", path={"reportId": report_id})["summary"]
    return summary


def domain(value: str) -> dict[str, str]:
    return {"type": "domain", "value": value}


def test_the_example_of_the_seed_is_answered_as_the_seed_says(platform: Platform) -> None:  # rules 157 to 159
    app = {"type": "ios_bundle", "value": "com.facebook.katana"}
    domains = ["nytimes.com", "www.cnn.com", "doubleclick.net", "unknown-site.xyz"]
    found = check(platform, identifiers=[*map(domain, domains), app])
    assert found.pop("reportIds") == [found["reportId"]]
    assert report(platform, found.pop("reportId")) == {"total": 4, "remove": 1, "modify": 1, "assess": 1, "ok": 1}
    assert found == {
        "summary": {"total": 5, "remove": 1, "modify": 1, "assess": 2, "ok": 1},
        "remove": [
            {
                "input": "doubleclick.net",
                "canonical": "doubleclick.net",
                "reason": "blocked",
                "domain_type": "ad_server",
                "identifier": domain("doubleclick.net"),
            }
        ],
        "modify": [
            {
                "input": "www.cnn.com",
                "canonical": "cnn.com",
                "reason": "www prefix removed",
                "identifier": domain("www.cnn.com"),
            }
        ],
        "assess": [
            {"domain": "unknown-site.xyz", "identifier": domain("unknown-site.xyz")},
            {"domain": "com.facebook.katana", "identifier": app},
        ],
        "ok": [{"domain": "nytimes.com", "source": "registry", "identifier": domain("nytimes.com")}],
    }


def test_a_domain_that_comes_again_is_to_be_removed(platform: Platform) -> None:  # rule 157
    found = check(platform, "www.cnn.com", "cnn.com", "CNN.com", "nytimes.com")
    assert [row["input"] for row in found["remove"]] == ["cnn.com", "CNN.com"]
    assert {row["reason"] for row in found["remove"]} == {"duplicate"}
    assert found["summary"]["total"] == 4


def test_what_is_below_a_blocked_domain_is_blocked(make_platform: MakePlatform) -> None:  # rule 157
    platform = make_platform(buyer={"properties": {"blocked": {"cdn.example": "cdn", "track.example": "tracker"}}})
    found = check(platform, "img.cdn.example", "www.track.example", "notcdn.example")
    assert [(row["canonical"], row["domain_type"]) for row in found["remove"]] == [
        ("img.cdn.example", "cdn"),
        ("track.example", "tracker"),
    ]
    assert [row["domain"] for row in found["assess"]] == ["notcdn.example"]


def test_identifiers_of_other_types_are_only_ever_assessed(platform: Platform) -> None:  # rules 157 and 159
    rows = [{"type": kind, "value": "doubleclick.net"} for kind in ("subdomain", "bundle_id", "bundle_id")]
    found = check(platform, identifiers=rows)
    assert [row["identifier"] for row in found["assess"]] == rows
    assert found["summary"] == {"total": 3, "remove": 0, "modify": 0, "assess": 3, "ok": 0}
    assert "reportId" not in found
    assert "reportIds" not in found


def test_domains_of_publishers_and_registered_ones_are_fine(platform: Platform) -> None:  # rule 157
    found = check(platform, "herald.example", "www.streamtv.example", "hulu.com")
    assert [row["domain"] for row in found["ok"]] == ["herald.example", "www.streamtv.example", "hulu.com"]


@pytest.mark.parametrize(
    ("text", "domain", "changes"),
    [
        ("https://www.CNN.com:443/politics?x=1", "cnn.com", ["reduced to the domain", "www prefix removed"]),
        ("m.example.com", "example.com", ["m prefix removed"]),
        ("www.m.example.com.", "example.com", ["reduced to the domain", "www prefix removed", "m prefix removed"]),
        ("Example.com", "example.com", ["written in lower case"]),
        ("www.com", "www.com", []),
        ("m.tv", "m.tv", []),
        ("wwwx.com", "wwwx.com", []),
    ],
)
def test_a_domain_has_one_canonical_form(text: str, domain: str, changes: list[str]) -> None:  # rule 157
    assert canonical(text) == (domain, changes)
    assert canonical(domain) == (domain, [])


shared = cache(build)
names = st.sampled_from(["a.example", "www.a.example", "A.example", "nytimes.com", "x.doubleclick.net", "b.example/p"])
entries = st.tuples(st.sampled_from(["domain", "subdomain", "roku_store_id"]), names)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(entries, min_size=1, max_size=12))
def test_every_identifier_is_in_one_bucket(given_: list[tuple[str, str]]) -> None:  # rules 157 and 158
    rows = [{"type": kind, "value": value} for kind, value in given_]
    found = check(shared(), identifiers=rows)
    mirrored = [row["identifier"] for bucket in BUCKETS for row in found[bucket]]
    assert sorted(map(str, mirrored)) == sorted(map(str, rows))
    counts = {bucket: len(found[bucket]) for bucket in BUCKETS}
    assert found["summary"] == {"total": len(rows), **counts}


def test_there_is_a_report_for_each_ten_thousand_domains(platform: Platform) -> None:  # rule 159
    found = check(platform, *[f"site{n}.example" for n in range(19_999)], "cnn.com", "nytimes.com")
    assert len(found["reportIds"]) == 3
    assert found["reportId"] == found["reportIds"][0]
    totals = [report(platform, report_id)["total"] for report_id in found["reportIds"]]
    assert totals == [10_000, 10_000, 1]
    assert report(platform, found["reportIds"][2])["ok"] == 1


@pytest.mark.parametrize("count", [0, 100_001])
def test_one_to_a_hundred_thousand_are_checked_at_once(platform: Platform, count: int) -> None:  # rule 147
    error = platform.error("check_property_list", {"domains": ["cnn.com"] * count})
    assert error["code"] == "VALIDATION_ERROR"
    assert "100,000" in error["message"]


def test_a_report_expires_after_seven_days(platform: Platform) -> None:  # rule 160
    report_id = check(platform, "cnn.com")["reportId"]
    platform.until("2026-05-07T23:59:59Z")
    assert report(platform, report_id)["total"] == 1
    platform.until("2026-05-08T00:00:01Z")
    error = platform.error("get_property_list_report", path={"reportId": report_id})
    assert error["code"] == "NOT_FOUND"
    check(platform, "cnn.com")
    assert report_id not in platform.buyer.checks._reports


def test_a_report_is_its_customers_own(make_platform: MakePlatform) -> None:  # rule 13
    platform = make_platform(buyer={"customers": [{"name": "Acme"}, {"name": "Rival"}]})
    path = {"reportId": check(platform, "cnn.com")["reportId"]}
    assert platform.error("get_property_list_report", path=path, customer="rival")["code"] == "NOT_FOUND"
