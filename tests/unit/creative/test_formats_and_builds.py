"""Formats, builds and previews (storyboards creative_template, creative_generative, creative_lifecycle)."""

from __future__ import annotations

import io
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.studio.macros import MACRO, encode, item_values, substitute
from tests.unit.creative.stage import ACCOUNT, Stage, ref

VERSIONS = ("3.0", "3.1", "3.2")
IMAGE = {"asset_type": "image", "url": "https://cdn.example/hero.jpg", "width": 1200, "height": 628}
CLICK = {"asset_type": "url", "url": "https://acmeoutdoor.example/summer-sale"}
HEADLINE = {"asset_type": "text", "content": "Summer Sale — 40% Off"}
ASSETS = {"image": IMAGE, "click_url": CLICK, "headline": HEADLINE}
SOURCE = {"format_id": ref("source_master"), "assets": ASSETS}
MESSAGE = "Create a display banner for a summer outdoor gear sale. Bold, adventurous tone."
PROBE = {
    "catalog_id": "probe_v1",
    "type": "product",
    "items": [
        {"item_id": "breakout", "sku": "00013&cmd=drop", "title": "Breakout probe"},
        {"item_id": "nested", "sku": "vacancy-{DEVICE_ID}-42", "title": "Nested probe"},
        {"item_id": "unicode", "sku": "cafe\u0301-amsterdam", "title": "Unicode probe"},
        {"item_id": "crlf", "sku": "abc\r\nHost: evil.example", "title": "Line probe"},
        {"item_id": "bidi", "sku": "VIN-\u202e1234", "title": "Bidi probe"},
    ],
}


def creative(personality: str = "template", version: str = "3.1", **config: Any) -> Stage:
    return Stage("creative", {"personality": personality, **config}, version)


# -- formats -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", VERSIONS)
def test_formats_say_whose_they_are_what_they_take_and_how_large_they_are(version: str) -> None:
    first = creative(version=version).call("list_creative_formats", context={"n": 1})
    assert first["context"] == {"n": 1}
    row = first["formats"][0]
    assert row["format_id"]["agent_url"] == "https://vendor.sandbox.test"
    assert row["renders"][0]["dimensions"] == {"width": 300, "height": 250}
    assert {"asset_id": "image", "required": True}.items() <= row["assets"][0].items()
    ids = [fmt["format_id"]["id"] for fmt in first["formats"]]
    assert {"display_300x250_image", "video_standard_30s"} <= set(ids)  # the standard formats are there too


def test_formats_are_filtered_by_size_type_and_name() -> None:
    stage = creative()
    found = stage.call("list_creative_formats", type="display", max_width=728, max_height=90)["formats"]
    sizes = [fmt["renders"][0]["dimensions"] for fmt in found]
    assert sizes
    assert all(size["width"] <= 728 and size["height"] <= 90 for size in sizes)
    assert stage.call("list_creative_formats", name_search="vast")["pagination"]["total_count"] == 2
    assert stage.call("list_creative_formats", is_responsive=True)["formats"] == []


def test_pages_of_formats_are_complete_and_without_repetition() -> None:
    stage, seen, page = creative(), [], {"max_results": 4}
    while True:
        answer = stage.call("list_creative_formats", pagination=page)
        seen += [fmt["format_id"]["id"] for fmt in answer["formats"]]
        block = answer["pagination"]
        assert block["has_more"] == ("cursor" in block)
        if not block["has_more"]:
            break
        page = {"max_results": 4, "cursor": block["cursor"]}
    assert len(seen) == len(set(seen)) == block["total_count"]


def test_an_account_that_was_given_formats_sees_those_alone() -> None:
    """Storyboard pagination_integrity_creative_formats: two seeded formats, two pages of one."""
    stage = creative()
    stage.vendor.enter_account("acct_formats", "buyer")
    for n in (1, 2):
        stage.do(
            "seed_format", format_id=f"f_{n}", fixture={"name": f"F {n}", "type": "display"}, account="acct_formats"
        )
    asked = {"account": {"account_id": "acct_formats"}}
    first = stage.call("list_creative_formats", pagination={"max_results": 1}, **asked)["pagination"]
    assert (first["has_more"], first["total_count"]) == (True, 2)
    last = stage.call("list_creative_formats", pagination={"max_results": 1, "cursor": first["cursor"]}, **asked)
    assert last["pagination"] == {"has_more": False, "total_count": 2}
    assert stage.call("list_creative_formats")["pagination"]["total_count"] > 2


# -- templates -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", VERSIONS)
def test_a_template_lays_out_one_source_in_several_formats(version: str) -> None:
    targets = [ref("display_300x250"), ref("display_728x90"), ref("display_320x50")]
    answer = creative(version=version).call(
        "build_creative", creative_manifest=SOURCE, target_format_ids=targets, account=ACCOUNT, include_preview=True
    )
    made = answer["creative_manifests"]
    assert [manifest["format_id"] for manifest in made] == targets
    assert all(manifest["assets"]["image"] == IMAGE for manifest in made)
    assert "width:728px;height:90px" in made[1]["assets"]["serving_tag"]["content"]
    assert [row["format_id"] for row in answer["preview"]["previews"]] == targets


def test_a_template_refuses_what_it_cannot_lay_out_and_says_what_is_missing() -> None:
    stage = creative()
    manifest = {"format_id": ref("source_master"), "assets": {"headline": HEADLINE}}
    error = stage.error("build_creative", creative_manifest=manifest, target_format_id=ref("display_300x250"))
    assert (error["code"], error["field"]) == ("VALIDATION_ERROR", "creative_manifest.assets.image")
    error = stage.error("build_creative", creative_manifest=SOURCE, target_format_id=ref("hologram"))
    assert error["field"] == "target_format_id"
    assert "display_300x250" in error["suggestion"]
    error = stage.error("build_creative", message=MESSAGE, target_format_id=ref("display_300x250"))
    assert error["field"] == "creative_manifest"


# -- generation ----------------------------------------------------------------------------------------------


def generated(stage: Stage, **request: Any) -> dict[str, Any]:
    asked = {"target_format_id": ref("display_300x250_generative"), "account": ACCOUNT, "quality": "draft"}
    return stage.call("build_creative", **{**asked, "message": MESSAGE, **request})


@pytest.mark.parametrize("version", VERSIONS)
def test_a_generated_creative_is_a_real_picture_of_its_format_with_words_from_the_message(version: str) -> None:
    from PIL import Image

    stage = creative("generative", version)
    manifest = generated(stage, include_preview=True)["creative_manifest"]
    picture = manifest["assets"]["generated_image"]
    kind, content = stage.file(picture["url"])
    assert kind == "image/png"
    assert Image.open(io.BytesIO(content)).size == (300, 250) == (picture["width"], picture["height"])
    assert manifest["assets"]["headline"]["content"] == "Summer outdoor gear sale"
    assert manifest["assets"]["click_url"]["url"] == "https://acmeoutdoor.example/"


def test_the_same_message_makes_the_same_picture_and_the_brand_changes_it() -> None:
    pictures = [
        generated(creative("generative", brands=brands))["creative_manifest"]["assets"]["generated_image"]["url"]
        for brands in ({}, {}, {"acmeoutdoor.example": {"name": "Acme", "colors": {"primary": "#1B5E20"}}})
    ]
    assert pictures[0] == pictures[1] != pictures[2]


def test_a_refinement_changes_the_earlier_picture_and_says_what_it_could_not_do() -> None:
    stage = creative("generative")
    first = generated(stage)["creative_manifest"]
    wish = "Make the headline larger. Replace the imagery with a trail running scene. Change the button to 'Go now'."
    answer = generated(stage, creative_manifest=first, message=wish)
    second = answer["creative_manifest"]["assets"]
    assert second["generated_image"]["url"] != first["assets"]["generated_image"]["url"]
    assert second["headline"] == first["assets"]["headline"]
    assert second["cta"]["content"] == "Go now"
    assert "not done: Replace the imagery" in answer["message"]


def test_the_identity_of_a_brand_comes_from_the_brand_agent_that_serves_it() -> None:
    brand = {"id": "acme", "domain": "acmeoutdoor.example", "name": "Acme Outdoor", "tagline": "Go up"}
    stage = Stage("creative", {"personality": "generative"}, "3.1", identity=("brand", {"brands": [brand]}))
    calls: list[str] = []
    stage.world.trace.listen(lambda e: calls.append(e.data["operation"]) if e.kind == "call" else None)
    made = generated(stage, message="Please help")["creative_manifest"]
    assert "get_brand_identity" in calls
    assert made["assets"]["generated_image"]["alt_text"]


def test_a_production_build_that_takes_time_is_a_task_with_a_webhook() -> None:
    stage = creative("generative", build_time="10m")
    push = {"url": stage.world.network.url("buyer", "hooks")}
    answer = generated(stage, quality="production", push_notification_config=push)
    assert answer["status"] == "submitted"
    stage.run("9m")
    assert stage.call("get_task_status", task_id=answer["task_id"])["status"] == "submitted"
    stage.run("2m")
    done = stage.call("get_task_status", task_id=answer["task_id"], include_result=True)
    assert done["result"]["creative_manifest"]["format_id"] == ref("display_300x250_generative")
    assert [hook["status"] for hook in stage.webhooks] == ["completed"]
    assert generated(stage, quality="draft")["status"] == "completed"


# -- catalogs and macros -------------------------------------------------------------------------------------


class _Trackers(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.urls: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.urls += [value for name, value in attrs if name == "data-impression-url" and value]


@pytest.mark.parametrize("version", VERSIONS)
def test_catalog_values_in_trackers_are_percent_encoded_once_and_never_expanded_again(version: str) -> None:
    """docs/creative/universal-macros.mdx, "Substitution safety"."""
    stage = creative("generative", version)
    stage.call("sync_catalogs", account=ACCOUNT, catalogs=[PROBE])
    answer = generated(
        stage, message="A 300x250 ad for the probe_v1 catalog with {SKU} in its tracker", include_preview=True
    )
    manifest = answer["creative_manifest"]
    assert "sku={SKU}" in manifest["assets"]["impression_tracker"]["url"]
    parser = _Trackers()
    parser.feed(manifest["preview_html"])
    values = [url.partition("sku=")[2].partition("&")[0] for url in parser.urls]
    assert values == [
        "00013%26cmd%3Ddrop",
        "vacancy-%7BDEVICE_ID%7D-42",
        "caf%C3%A9-amsterdam",
        "abc%0D%0AHost%3A%20evil.example",
        "VIN-%E2%80%AE1234",
    ]


def test_a_creative_for_an_item_of_a_catalog_shows_that_item() -> None:
    stage = creative("generative")
    item = {"item_id": "peak", "title": "Peak Jacket X", "url": "https://acmeoutdoor.example/peak"}
    stage.call("sync_catalogs", account=ACCOUNT, catalogs=[{"catalog_id": "gear", "type": "product", "items": [item]}])
    assets = generated(stage, message="Generate an ad for the Peak Jacket X")["creative_manifest"]["assets"]
    assert assets["headline"]["content"] == "Peak Jacket X"
    assert assets["click_url"]["url"] == item["url"]


@given(st.text())
def test_an_encoded_value_has_nothing_but_unreserved_characters_and_escapes(value: str) -> None:
    encoded = encode(value)
    assert all(c.isascii() and (c.isalnum() or c in "-._~%") for c in encoded)
    assert MACRO.search(encoded) is None


@given(st.dictionaries(st.sampled_from(["SKU", "GTIN", "ITEM_NAME"]), st.text()), st.text(alphabet="ab{}SKUGTIN_&"))
def test_substitution_is_one_pass(values: dict[str, str], text: str) -> None:
    rest = MACRO.sub(lambda m: "" if m[1] in values else m[0], text)
    made = substitute(text, dict.fromkeys(values, "{SKU}"))
    assert made.replace("%7BSKU%7D", "") == rest


def test_a_product_without_a_sku_is_known_by_its_id() -> None:
    assert item_values({"catalog_id": "c", "type": "product"}, {"item_id": "p1"})["SKU"] == "p1"
    assert "SKU" not in item_values({"catalog_id": "c", "type": "hotel"}, {"item_id": "p1"})


# -- previews ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", VERSIONS)
def test_a_preview_is_a_page_that_can_be_seen_until_it_expires(version: str) -> None:
    stage = creative(version=version, preview_validity="1h")
    manifest = {"format_id": ref("display_300x250"), "assets": ASSETS}
    answer = stage.call("preview_creative", request_type="single", creative_manifest=manifest, output_format="url")
    render = answer["previews"][0]["renders"][0]
    assert render["dimensions"] == {"width": 300, "height": 250}
    kind, page = stage.file(render["preview_url"])
    assert kind == "text/html"
    assert "Summer Sale — 40% Off" in page.decode()
    stage.run("1h")
    with pytest.raises(KeyError):
        stage.file(render["preview_url"])


def test_a_preview_shows_what_callers_sent_as_text_never_as_code() -> None:
    evil = {"asset_type": "text", "content": "<script>alert(1)</script>"}
    link = {"asset_type": "url", "url": "javascript:alert(1)"}
    manifest = {"format_id": ref("display_300x250"), "assets": {"image": IMAGE, "headline": evil, "click_url": link}}
    answer = creative().call(
        "preview_creative", request_type="single", creative_manifest=manifest, output_format="html"
    )
    page = answer["previews"][0]["renders"][0]["preview_html"]
    assert "<script>" not in page
    assert 'href="javascript' not in page


def test_in_a_batch_each_preview_succeeds_or_fails_by_itself() -> None:
    good = {"creative_manifest": {"format_id": ref("display_300x250"), "assets": ASSETS}}
    bad = {"creative_manifest": {"format_id": ref("display_300x250"), "assets": {}}}
    rows = creative().call("preview_creative", request_type="batch", requests=[good, bad])["results"]
    assert [row["success"] for row in rows] == [True, False]
    assert rows[1]["errors"][0]["field"] == "requests[1].creative_manifest.assets.image"


def test_inputs_of_a_preview_fill_in_its_macros() -> None:
    pixel = {"asset_type": "url", "url": "https://t.example/imp?c={COUNTRY}"}
    manifest = {"format_id": ref("display_300x250"), "assets": {**ASSETS, "impression_tracker": pixel}}
    inputs = [{"name": "DE", "macros": {"COUNTRY": "DE"}}, {"name": "US", "macros": {"COUNTRY": "US"}}]
    found = creative().call(
        "preview_creative", request_type="single", creative_manifest=manifest, inputs=inputs, output_format="html"
    )["previews"]
    assert [row["input"] for row in found] == inputs
    assert ["c=DE" in row["renders"][0]["preview_html"] for row in found] == [True, False]


# -- what all agents do --------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("personality", ["template", "generative", "ad_server"])
def test_capabilities_name_the_protocol_the_specialism_and_what_it_can_do(version: str, personality: str) -> None:
    body = creative(personality, version).call("get_adcp_capabilities")
    assert body["supported_protocols"] == ["creative"]
    assert body["specialisms"] == [f"creative-{personality.replace('_', '-')}"]
    assert body["creative"]["supports_generation"] == (personality == "generative")


def test_a_build_is_repeated_under_the_same_key_and_refused_for_another_request() -> None:
    stage = creative("generative")
    first = generated(stage, idempotency_key="the-key-of-this-build")
    again = generated(stage, idempotency_key="the-key-of-this-build")
    assert again == {**first, "replayed": True}
    asked = {"target_format_id": ref("display_300x250_generative"), "account": ACCOUNT, "message": "Something else"}
    error = stage.error("build_creative", idempotency_key="the-key-of-this-build", **asked)
    assert error["code"] == "IDEMPOTENCY_CONFLICT"


def test_features_that_the_capabilities_deny_are_refused_by_name() -> None:
    for field, value in (("max_variants", 3), ("transformer_id", "t1"), ("mode", "estimate")):
        error = creative().error("build_creative", creative_manifest=SOURCE, **{field: value})
        assert (error["code"], error["field"]) == ("UNSUPPORTED_FEATURE", field)
