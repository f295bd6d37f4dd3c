"""UTM parameters of campaigns (rules 37 and 38; conflict C64)."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.buyer.campaign_bodies import UtmConfig
from agents.buyer.campaigns import _merged_utm
from tests.unit.buyer.conftest import Platform

KEYS = st.lists(st.sampled_from([f"utm_{letter}" for letter in "abcdefgh"]), unique=True)


def config(values: dict[str, str], **fields: Any) -> dict[str, Any]:
    params = [{"paramKey": key, "paramValue": value} for key, value in values.items()]
    return {"utmConfig": {"params": params, **fields}}


def shown(answer: dict[str, Any]) -> dict[str, str]:
    return {row["paramKey"]: row["paramValue"] for row in answer["utmConfig"]["params"]}


def test_parameters_of_a_campaign_are_added_and_overridden_by_key(platform: Platform) -> None:  # rule 38
    first = {"utm_source": "spring", "bg_campaign": "{CAMPAIGN_ID}"}
    path = {"campaignId": platform.campaign(platform.advertiser(), **config(first))}
    assert shown(platform.call("get_campaign", path=path)) == first
    changed = platform.call("update_campaign", config({"utm_source": "summer", "utm_term": "x"}), path)
    assert shown(changed) == {"utm_source": "summer", "bg_campaign": "{CAMPAIGN_ID}", "utm_term": "x"}
    assert shown(platform.call("update_campaign", {"name": "Same"}, path)) == shown(changed)  # rule 96


def test_delete_missing_leaves_the_rest_out(platform: Platform) -> None:  # rule 38
    path = {"campaignId": platform.campaign(platform.advertiser(), **config({"utm_source": "a", "utm_term": "b"}))}
    changed = platform.call("update_campaign", config({"utm_term": "c"}, deleteMissing=True), path)
    assert shown(changed) == {"utm_term": "c"}
    assert shown(platform.call("update_campaign", config({}, deleteMissing=True), path)) == {}


def test_parameters_of_a_campaign_leave_the_advertisers_alone(platform: Platform) -> None:  # rules 36, 38
    advertiser = platform.advertiser()
    before = platform.call("get_advertiser", path={"advertiserId": advertiser})["utmConfig"]
    platform.campaign(advertiser, **config({"utm_source": "spring"}, deleteMissing=True))
    assert platform.call("get_advertiser", path={"advertiserId": advertiser})["utmConfig"] == before


def test_a_campaign_has_twenty_parameters_at_most(platform: Platform) -> None:  # rule 38
    path = {"campaignId": platform.campaign(platform.advertiser(), **config({f"a{n}": "x" for n in range(20)}))}
    error = platform.error("update_campaign", config({"one_more": "x"}), path)
    assert (error["code"], error["field"]) == ("VALIDATION_ERROR", "utmConfig.params")
    assert len(shown(platform.call("get_campaign", path=path))) == 20
    renewed = platform.call("update_campaign", config({"one_more": "x"}, deleteMissing=True), path)
    assert shown(renewed) == {"one_more": "x"}


@pytest.mark.parametrize(
    ("key", "value"), [("with space", "x"), ("", "x"), ("k" * 101, "x"), ("k", ""), ("k", "x" * 201)]
)
def test_keys_and_values_have_their_form(platform: Platform, key: str, value: str) -> None:  # rule 38, C64
    path = {"campaignId": platform.campaign(platform.advertiser())}
    error = platform.error("update_campaign", config({key: value}), path)
    assert error["field"].startswith("utmConfig.params[0]")


@given(KEYS, KEYS, st.booleans())
def test_each_key_is_there_once_with_its_latest_value(old: list[str], new: list[str], replace: bool) -> None:  # rule 38
    there = [{"paramKey": key, "paramValue": "old"} for key in old]
    body = UtmConfig.model_validate(config(dict.fromkeys(new, "new"), deleteMissing=replace)["utmConfig"])
    merged = _merged_utm(there, body)
    expected = dict.fromkeys([] if replace else old, "old") | dict.fromkeys(new, "new")
    assert {row["paramKey"]: row["paramValue"] for row in merged} == expected
    assert len(merged) == len(expected)


def click(platform: Platform, creative: dict[str, Any], **given: str) -> dict[str, str]:
    """The query of the landing page to which the creative's click tracker leads."""
    tracker = creative["tracking"]["click_url"]
    query = dict(parse_qsl(urlsplit(tracker).query)) | given
    landing = platform.call("track_click", params=query)["location"]
    assert landing.startswith("https://acme.com/shoes?")
    return dict(parse_qsl(urlsplit(landing).query))


def test_a_click_leads_to_the_landing_page_with_the_parameters_resolved(platform: Platform) -> None:
    # rules 36, 37, 38, 183
    values = {"utm_source": "spring", "utm_term": "{CREATIVE_ID}-{CAMPAIGN_ID}", "plain": "a b&c"}
    campaign = platform.campaign(platform.advertiser(), **config(values))
    landing = "https://acme.com/shoes?size=42&utm_source=old"
    asset = {"asset_type": "URL", "url_type": "CLICKTHROUGH", "url": landing}
    image = {"asset_type": "IMAGE", "url": "https://cdn.acme.com/a.png", "width": 300, "height": 250}
    body = {"name": "Banner", "assets": [image, asset]}
    creative = platform.call("create_creative", body, {"campaignId": campaign})
    found = click(platform, creative, media_buy="mb_1", package="pkg_1")
    assert found == {
        "size": "42", "utm_source": "spring", "utm_medium": "agentic", "utm_campaign": campaign,
        "utm_content": creative["creative_id"], "utm_media_buy": "mb_1", "utm_package": "pkg_1",
        "utm_term": f"{creative['creative_id']}-{campaign}", "plain": "a b&c",
    }  # fmt: skip
    assert "utm_package" not in click(platform, creative)


@pytest.mark.parametrize("rurl", ["javascript:alert(1)", "//evil.example", "file:///etc/passwd", "acme.com", "http://"])
def test_a_click_leads_to_web_pages_only(platform: Platform, rurl: str) -> None:  # rule 183
    campaign = platform.campaign(platform.advertiser())
    image = {"asset_type": "IMAGE", "url": "https://cdn.acme.com/a.png", "width": 300, "height": 250}
    made = platform.call("create_creative", {"name": "Banner", "assets": [image]}, {"campaignId": campaign})
    error = platform.error("track_click", params={"creative": made["creative_id"], "rurl": rurl})
    assert error["field"] == "rurl"
    assert platform.error("track_click", params={"creative": "cm_0", "rurl": rurl})["code"] == "NOT_FOUND"
    pixel = platform.call("track_impression", params={"creative": made["creative_id"], "cb": "{CACHEBUSTER}"})
    assert pixel["contentType"] == "image/svg+xml"
