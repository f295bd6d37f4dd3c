"""Property lists: what is resolved, who gets them, and how running media buys follow (rules 113, 132, 147 to 156)."""

from __future__ import annotations

from functools import cache
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sandbox.kernel.endpoint import Principal, Reply
from tests.unit.buyer.conftest import MakePlatform, Platform, banners, build
from tests.unit.buyer.test_campaigns import ready
from tests.unit.buyer.test_execution import execute


def make(platform: Platform, advertiser: str, **fields: Any) -> dict[str, Any]:
    body = {"name": "List", "purpose": "include", **fields}
    return platform.call("create_property_list", body, {"advertiserId": advertiser})


def change(platform: Platform, advertiser: str, list_id: str, **fields: Any) -> dict[str, Any]:
    return platform.call("update_property_list", fields, {"advertiserId": advertiser, "listId": list_id})


def running(platform: Platform) -> tuple[str, str]:
    """An advertiser and its executed campaign with creatives."""
    campaign, _ = ready(platform)
    banners(platform, campaign)
    execute(platform, campaign)
    return platform.call("get_campaign", path={"campaignId": campaign})["advertiserId"], campaign


def served_in(platform: Platform, span: str) -> set[str]:
    """The sales agents whose inventory is used in the time to come; the first seconds are left out."""
    market = platform.world.market
    platform.advance("5s")
    before = {line.line_id: market.totals(line.line_id).impressions for line in market.lines()}
    platform.advance(span)
    return {x.seller_id for x in market.lines() if market.totals(x.line_id).impressions > before[x.line_id]}


def test_identifiers_are_resolved_registered_or_neither(make_platform: MakePlatform) -> None:  # rules 147, 148, 150-152
    platform = make_platform(buyer={"properties": {"registered": ["new.example"]}})
    advertiser = platform.advertiser()
    made = make(
        platform,
        advertiser,
        domains=["Herald.example", "herald.example", "new.example", "nowhere.example"],
        identifiers=[{"type": "domain", "value": "tribune.example"}, {"type": "roku_store_id", "value": "13"}],
    )
    assert made["domains"] == ["herald.example", "tribune.example"]
    assert made["registeredDomains"] == ["new.example"]
    assert made["unresolvedIdentifiers"] == [
        {"type": "domain", "value": "nowhere.example"},
        {"type": "roku_store_id", "value": "13"},
    ]
    assert made["unresolvedDomains"] == ["nowhere.example"]
    assert made["resolutionSummary"] == {
        "totalRequested": 5,
        "resolvedCount": 2,
        "registeredCount": 1,
        "unresolvedCount": 2,
        "resolutionRate": 0.4,
    }


def test_what_was_not_resolved_is_told_once(platform: Platform) -> None:  # rule 150
    advertiser = platform.advertiser()
    made = make(platform, advertiser, domains=["herald.example", "nowhere.example"])
    again = platform.call("get_property_list", path={"advertiserId": advertiser, "listId": made["listId"]})
    assert again["domains"] == ["herald.example"]
    assert again["unresolvedIdentifiers"] == again["registeredIdentifiers"] == []
    renamed = change(platform, advertiser, made["listId"], name="Other")
    assert (renamed["name"], renamed["unresolvedIdentifiers"]) == ("Other", [])
    assert "resolutionSummary" not in renamed


def test_bundles_are_read_back_in_the_form_of_their_store(platform: Platform) -> None:  # rule 149
    wanted = [
        {"type": "apple_tv_bundle", "value": "com.netflix.Netflix"},
        {"type": "bundle_id", "value": "com.facebook.katana"},
    ]
    made = make(platform, platform.advertiser(), identifiers=wanted)
    assert made["identifiers"] == [
        {"type": "ios_bundle", "value": "com.netflix.Netflix"},
        {"type": "ios_bundle", "value": "com.facebook.katana"},
    ]


def test_the_examples_of_the_seed_are_taken_as_they_stand(platform: Platform) -> None:  # rules 147 to 152
    advertiser = platform.advertiser()
    mixed = [
        {"type": "domain", "value": "nytimes.com"},
        {"type": "ios_bundle", "value": "com.facebook.katana"},
        {"type": "android_package", "value": "com.facebook.katana"},
        {"type": "apple_app_store_id", "value": "284882215"},
        {"type": "roku_store_id", "value": "12"},
    ]
    made = make(platform, advertiser, identifiers=mixed)
    assert (made["identifiers"], made["domains"], made["propertyCount"]) == (mixed, ["nytimes.com"], 5)
    short = make(platform, advertiser, domains=["nytimes.com", "cnn.com", "bbc.co.uk"])
    assert short["resolutionSummary"]["resolutionRate"] == 1
    renamed = change(
        platform, advertiser, short["listId"], name="Updated", domains=["nytimes.com", "washingtonpost.com"]
    )
    assert (renamed["name"], renamed["domains"]) == ("Updated", ["nytimes.com", "washingtonpost.com"])
    assert {"resolutionSummary", "cascadeSummary"} <= set(renamed)


@pytest.mark.parametrize(
    ("kind", "value", "kept"),
    [
        ("subdomain", "herald.example", "domain"),
        ("apple_tv_bundle", "com.spotify.music", "ios_bundle"),
        ("bundle_id", "com.example.app", "android_package"),
        ("apple_app_store_id", "324684580", "apple_app_store_id"),
        ("google_play_id", "com.example.app", "google_play_id"),
        ("fire_tv_asin", "B00X4WHP5E", "fire_tv_asin"),
        ("samsung_app_id", "G19173000091", "samsung_app_id"),
    ],
)
def test_each_type_is_resolved_by_itself(
    platform: Platform, kind: str, value: str, kept: str
) -> None:  # rules 148, 149
    advertiser = platform.advertiser()
    made = make(platform, advertiser, identifiers=[{"type": kind, "value": value}])
    assert made["identifiers"] == [{"type": kept, "value": value}]
    path = {"advertiserId": advertiser, "listId": made["listId"]}
    again = platform.call("get_property_list", path=path)
    assert again["identifiers"] == made["identifiers"]
    wrong = make(platform, advertiser, identifiers=[{"type": "roku_store_id", "value": value}])
    assert wrong["unresolvedIdentifiers"] == [{"type": "roku_store_id", "value": value}]


def test_duplicates_do_not_count(platform: Platform) -> None:  # rule 147
    advertiser = platform.advertiser()
    made = make(platform, advertiser, domains=["CNN.com", " cnn.com "] * 50_001)
    assert made["resolutionSummary"]["totalRequested"] == 1
    body = {"name": "x", "purpose": "include", "domains": [f"site{n}.example" for n in range(100_001)]}
    error = platform.error("create_property_list", body, {"advertiserId": advertiser})
    assert (error["code"], error["field"]) == ("VALIDATION_ERROR", "identifiers")
    assert "100,000" in error["message"]


shared = cache(build)
values = st.sampled_from(["cnn.com", "CNN.com", "hulu.com", "nowhere.example", "12", "com.facebook.katana"])
kinds = st.sampled_from(["domain", "subdomain", "bundle_id", "roku_store_id", "apple_tv_bundle"])


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(kinds, values), min_size=1, max_size=12), st.lists(values, max_size=4))
def test_every_identifier_is_in_one_class(typed: list[tuple[str, str]], domains: list[str]) -> None:  # rules 150 to 152
    rows = [{"type": kind, "value": value} for kind, value in typed]
    made = make(shared(), shared().advertiser(), domains=domains, identifiers=rows)
    summary = made["resolutionSummary"]
    parts = [summary[name] for name in ("resolvedCount", "registeredCount", "unresolvedCount")]
    assert sum(parts) == summary["totalRequested"]
    assert summary["resolutionRate"] == parts[0] / summary["totalRequested"]
    assert len(made["unresolvedIdentifiers"]) == summary["unresolvedCount"]
    assert {row["type"] for row in made["registeredIdentifiers"]} <= {"domain"}
    for prefix, name in (("identifiers", "domains"), ("unresolvedIdentifiers", "unresolvedDomains")):
        assert made[name] == [row["value"] for row in made[prefix] if row["type"] == "domain"]


@pytest.mark.parametrize(
    "fields", [{}, {"domains": []}, {"domains": [" "]}, {"identifiers": [{"type": "fax", "value": "1"}]}]
)
def test_a_list_without_entries_is_refused(platform: Platform, fields: dict[str, Any]) -> None:  # rule 147
    advertiser = platform.advertiser()
    body = {"name": "x", "purpose": "include", **fields}
    error = platform.error("create_property_list", body, {"advertiserId": advertiser})
    assert error["code"] == "VALIDATION_ERROR"
    assert platform.call("list_property_lists", path={"advertiserId": advertiser})["total"] == 0


def test_discovery_passes_a_reference_to_all_typed_identifiers(platform: Platform) -> None:  # rule 132
    advertiser = platform.advertiser()
    make(platform, advertiser, domains=["herald.example"])
    found = platform.discover(advertiser, brief="news")
    refs = [message["property_list"] for message in platform.messages("get_products")]
    assert len(refs) == 3
    assert {ref["list_id"] for ref in refs} == {f"profile-{advertiser}"}
    answers = platform.events("reply", operation="get_property_list", ok=True)
    assert answers[0].data["body"]["identifiers"] == [{"type": "domain", "value": "herald.example"}]
    assert [group["salesAgentId"] for group in found["productGroups"]] == ["northstar"]


def test_without_a_list_nothing_is_passed(platform: Platform) -> None:  # rule 132
    platform.discover(platform.advertiser(), brief="news")
    assert not any("property_list" in message for message in platform.messages("get_products"))


def test_a_profile_is_served_to_those_who_have_its_token(platform: Platform) -> None:  # rule 156
    advertiser = platform.advertiser()
    make(platform, advertiser, domains=["herald.example"])
    agent = platform.buyer.lists
    assert agent.endpoint is not None
    wrong = {"list_id": f"profile-{advertiser}", "auth_token": "guess", "adcp_version": "3.1"}
    process = platform.world.spawn(platform.world.actors["northstar"].call(agent.id, "get_property_list", wrong))
    platform.advance("5s")
    assert process.value.body["errors"][0]["code"] == "REFERENCE_NOT_FOUND"


def test_running_media_buys_follow_a_list_without_being_executed_again(platform: Platform) -> None:  # rule 113, 155
    advertiser, _ = running(platform)
    platform.advance("1d")
    assert served_in(platform, "2d") == {"northstar", "harbor", "summit"}
    made = make(platform, advertiser, purpose="exclude", domains=["tribune.example"])
    assert made["cascadeSummary"] == {"activeMediaBuys": 3, "resynced": 3, "restingPackages": 1}
    assert served_in(platform, "2d") == {"northstar", "harbor"}
    platform.call("delete_property_list", path={"advertiserId": advertiser, "listId": made["listId"]})
    assert served_in(platform, "2d") == {"northstar", "harbor", "summit"}
    assert len(platform.messages("create_media_buy")) == 3


def test_an_include_list_narrows_a_media_buy_to_its_properties(make_platform: MakePlatform) -> None:  # rules 113, 153
    platform = make_platform(sellers={"northstar": {"publishers": ["herald", "tribune"]}})
    advertiser, _ = running(platform)
    made = make(platform, advertiser, domains=["herald.example", "www.streamtv.example", "tribune.example"])
    assert made["cascadeSummary"] == {"activeMediaBuys": 3, "resynced": 3, "restingPackages": 0}
    overlays = [p["targeting_overlay"] for m in platform.messages("update_media_buy") for p in m["packages"]]
    assert overlays
    assert all(overlay["property_list"]["list_id"] == f"profile-{advertiser}" for overlay in overlays)


def test_an_archived_list_no_longer_applies(platform: Platform) -> None:  # rule 154
    advertiser = platform.advertiser()
    made = make(platform, advertiser, domains=["herald.example"])
    platform.call("delete_property_list", path={"advertiserId": advertiser, "listId": made["listId"]})
    platform.discover(advertiser, brief="news")
    assert not any("property_list" in message for message in platform.messages("get_products"))
    path = {"advertiserId": advertiser, "listId": made["listId"]}
    assert platform.error("get_property_list", path=path)["code"] == "NOT_FOUND"


def test_lists_are_summarised_and_filtered(platform: Platform) -> None:  # rule 7
    advertiser = platform.advertiser()
    make(platform, advertiser, domains=["herald.example"])
    make(platform, advertiser, purpose="exclude", domains=["tribune.example"])
    listed = platform.call("list_property_lists", path={"advertiserId": advertiser}, params={"purpose": "exclude"})
    assert listed["total"] == 1
    assert set(listed["propertyLists"][0]) == {
        "listId",
        "name",
        "purpose",
        "propertyCount",
        "createdAt",
        "updatedAt",
    }


# -- GET /lists/{listId} ---------------------------------------------------------------------------------------


def fetch(platform: Platform, list_id: str, token: str, principal: str = "public") -> Reply:
    """What the HTTP edge does with a request for a list; the answer takes no simulated time."""
    endpoint = platform.buyer.endpoint
    assert endpoint is not None
    payload = {"pathParams": {"listId": list_id}}
    steps = endpoint.handle("resolve_property_list", payload, Principal(principal, "public"), {"bearer": token})
    with pytest.raises(StopIteration) as stop:
        next(steps)
    return cast("Reply", stop.value.value)


def test_a_list_is_fetched_with_the_token_of_its_reference(platform: Platform) -> None:  # rule 156
    advertiser = platform.advertiser()
    app = {"type": "ios_bundle", "value": "com.spotify.music"}
    make(platform, advertiser, domains=["nytimes.com"], identifiers=[app])
    platform.discover(advertiser, brief="news")
    reference = platform.messages("get_products")[0]["property_list"]
    platform.until("2026-05-02T00:00:00Z")
    reply = fetch(platform, reference["list_id"], reference["auth_token"])
    assert (reply.status, reply.body) == (
        200,
        {
            "list": {"list_id": f"profile-{advertiser}", "name": "Targeting of Acme Corp"},
            "identifiers": [{"type": "domain", "value": "nytimes.com"}, app],
            "resolved_at": "2026-05-02T00:00:00Z",
            "cache_valid_until": "2026-05-03T00:00:00Z",
        },
    )


def test_a_single_list_has_a_token_of_its_own(platform: Platform) -> None:  # rule 156
    advertiser = platform.advertiser()
    made = make(platform, advertiser, purpose="exclude", domains=["cnn.com"])
    lists = platform.buyer.lists
    reply = fetch(platform, made["listId"], lists.token(made["listId"]))
    assert reply.body["list"] == {"list_id": made["listId"], "name": "List"}
    assert reply.body["identifiers"] == [{"type": "domain", "value": "cnn.com"}]
    assert fetch(platform, made["listId"], lists.token(f"profile-{advertiser}")).status == 401
    platform.call("delete_property_list", path={"advertiserId": advertiser, "listId": made["listId"]})
    assert fetch(platform, made["listId"], lists.token(made["listId"])).status == 404


@pytest.mark.parametrize("token", ["", "guess", "sk_sandbox_acme", "tökén"])
@pytest.mark.parametrize("principal", ["public", "acme"])
def test_keys_of_the_platform_open_no_list(platform: Platform, token: str, principal: str) -> None:  # rule 156
    made = make(platform, platform.advertiser(), domains=["cnn.com"])
    reply = fetch(platform, made["listId"], token, principal)
    assert (reply.status, reply.body["error"]["code"]) == (401, "UNAUTHORIZED")


def test_lists_are_served_without_prefix_and_not_as_a_named_operation(platform: Platform) -> None:  # rule 156
    endpoint = platform.buyer.endpoint
    assert endpoint is not None
    row = endpoint.operations["resolve_property_list"]
    assert (row.detail.path, row.detail.public, row.detail.mcp, row.mutating) == ("/lists/{listId}", True, False, False)


def test_lists_are_a_customers_own(make_platform: MakePlatform) -> None:  # rule 13
    platform = make_platform(buyer={"customers": [{"name": "Acme"}, {"name": "Rival"}]})
    advertiser = platform.advertiser()
    path = {"advertiserId": advertiser, "listId": make(platform, advertiser, domains=["cnn.com"])["listId"]}
    for operation in ("get_property_list", "delete_property_list"):
        assert platform.error(operation, path=path, customer="rival")["code"] == "NOT_FOUND"
    assert platform.error("update_property_list", {"name": "x"}, path, customer="rival")["code"] == "NOT_FOUND"
