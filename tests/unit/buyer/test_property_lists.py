"""Property lists: what is resolved, who gets them, and how running media buys follow (rules 113, 132, 147 to 155)."""

from typing import Any

import pytest

from tests.unit.buyer.conftest import MakePlatform, Platform, banners
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
        identifiers=[{"type": "domain", "value": "tribune.example"}, {"type": "roku_store_id", "value": "12"}],
    )
    assert made["domains"] == ["herald.example", "tribune.example"]
    assert made["registeredDomains"] == ["new.example"]
    assert made["unresolvedIdentifiers"] == [
        {"type": "domain", "value": "nowhere.example"},
        {"type": "roku_store_id", "value": "12"},
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


@pytest.mark.parametrize("fields", [{}, {"domains": []}, {"identifiers": [{"type": "fax", "value": "1"}]}])
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
    process = platform.world.spawn(
        platform.world.actors["northstar"].call(agent.id, "get_property_list", wrong)
    )
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
