"""The library, serving tags, delivery and billing (storyboards creative_lifecycle, creative_ad_server, pagination)."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.studio.prices import Price
from sandbox.core.errors import InputError
from tests.unit.creative.stage import ACCOUNT, Stage, ref

VERSIONS = ("3.0", "3.1", "3.2")
IMAGE = {"asset_type": "image", "url": "https://cdn.example/a.png", "width": 300, "height": 250}
VIDEO = {"asset_type": "video", "url": "https://cdn.example/a.mp4", "width": 1920, "height": 1080, "duration_ms": 30000}
TEXT = {"asset_type": "text", "content": "Built for the summit"}
DISPLAY = {"creative_id": "display", "name": "Display", "format_id": ref("display_300x250"), "assets": {"image": IMAGE}}
SPOT = {"creative_id": "spot", "name": "Spot", "format_id": ref("video_30s"), "assets": {"video": VIDEO}}
NATIVE = {
    "creative_id": "native",
    "name": "Native",
    "format_id": ref("native_content"),
    "assets": {"image": IMAGE, "headline": TEXT},
}
CPM = {"id": "po_cpm", "price": 0.5}
STORED = {"id": "hero", "brand": "acmeoutdoor.example", "format": "vast_30s", "concept": "summer"}


def library(version: str = "3.1", **config: Any) -> Stage:
    return Stage("creative", {"personality": "ad_server", **config}, version)


def ids(answer: dict[str, Any]) -> list[str]:
    return [row["creative_id"] for row in answer["creatives"]]


@pytest.mark.parametrize("version", VERSIONS)
def test_creatives_of_several_formats_are_synced_and_listed_by_format(version: str) -> None:
    stage = library(version)
    rows = stage.call("sync_creatives", account=ACCOUNT, creatives=[DISPLAY, SPOT, NATIVE])["creatives"]
    assert [(row["action"], row["status"]) for row in rows] == [("created", "approved")] * 3
    listed = stage.call("list_creatives", account=ACCOUNT)
    assert sorted(ids(listed)) == ["display", "native", "spot"]
    only = stage.call("list_creatives", account=ACCOUNT, filters={"format_ids": [ref("display_300x250")]})
    assert ids(only) == ["display"]


def test_a_creative_without_what_its_format_needs_is_refused_or_a_failed_row() -> None:
    bad = {**SPOT, "assets": {"image": IMAGE}}
    stage = library()
    error = stage.error("sync_creatives", account=ACCOUNT, creatives=[DISPLAY, bad])
    assert (error["code"], error["field"]) == ("VALIDATION_ERROR", "creatives[1].assets.video")
    assert ids(stage.call("list_creatives", account=ACCOUNT)) == []
    rows = stage.call("sync_creatives", account=ACCOUNT, creatives=[DISPLAY, bad], validation_mode="lenient")
    assert [row["action"] for row in rows["creatives"]] == ["created", "failed"]


def test_a_dry_run_says_what_would_happen_and_changes_nothing() -> None:
    stage = library()
    assert stage.call("sync_creatives", account=ACCOUNT, creatives=[DISPLAY], dry_run=True)["dry_run"]
    assert ids(stage.call("list_creatives", account=ACCOUNT)) == []


def test_a_creative_passes_the_states_of_its_lifecycle() -> None:
    """docs/creative/specification.mdx, "Creative Status Lifecycle" (adcp_facts 4.4)."""
    stage = library(creative_review="manual")
    moves: list[tuple[Any, str]] = []
    stage.world.trace.listen(
        lambda e: (
            moves.append((e.data["old"], e.data["new"]))
            if e.kind == "status" and e.data["entity"] == "creative"
            else None
        )
    )
    stage.call("sync_creatives", account=ACCOUNT, creatives=[DISPLAY])
    stage.do("approve_creative")
    stage.do("suspend_creative")
    with pytest.raises(InputError, match="no creative that can become suspended"):
        stage.do("suspend_creative")
    stage.do("reject_creative", reason="false claims")
    assert moves == [
        (None, "processing"),
        ("processing", "pending_review"),
        ("pending_review", "approved"),
        ("approved", "suspended"),
        ("suspended", "rejected"),
    ]
    error = stage.error("build_creative", creative_id="display", target_format_id=ref("display_300x250_tag"))
    assert error["code"] == "CREATIVE_REJECTED"
    changed = {**DISPLAY, "name": "Better"}
    assert stage.call("sync_creatives", account=ACCOUNT, creatives=[changed])["creatives"][0]["action"] == "updated"
    assert moves[5:] == [("rejected", "processing"), ("processing", "pending_review")]


def test_delete_missing_archives_and_archived_creatives_are_listed_on_demand() -> None:
    stage = library()
    stage.call("sync_creatives", account=ACCOUNT, creatives=[DISPLAY, SPOT])
    rows = stage.call("sync_creatives", account=ACCOUNT, creatives=[SPOT], delete_missing=True)["creatives"]
    assert {(row["creative_id"], row["action"]) for row in rows} == {("spot", "unchanged"), ("display", "deleted")}
    assert ids(stage.call("list_creatives", account=ACCOUNT)) == ["spot"]
    assert ids(stage.call("list_creatives", account=ACCOUNT, filters={"statuses": ["archived"]})) == ["display"]


def test_a_library_is_seen_by_its_owner_only() -> None:
    stage = library()
    stage.call("sync_creatives", account=ACCOUNT, creatives=[DISPLAY])
    assert ids(stage.call("list_creatives", "rival")) == []
    assert ids(stage.call("list_creatives", "rival", account=ACCOUNT)) == []
    error = stage.error("build_creative", "rival", creative_id="display", target_format_id=ref("display_300x250_tag"))
    assert error["code"] == "CREATIVE_NOT_FOUND"


@pytest.mark.parametrize("version", VERSIONS)
def test_pages_of_the_library_count_what_the_account_sees(version: str) -> None:
    """Storyboard pagination_integrity: three seeded creatives, pages of two."""
    stage = library(version)
    stage.vendor.enter_account("acct_pages", "buyer")
    for n in (1, 2, 3):
        fixture = {"status": "approved", "format_id": {"id": "display_static"}}
        stage.do("seed_creative", creative=f"c{n}", fixture=fixture, account="acct_pages")
    asked = {"account": {"account_id": "acct_pages"}}
    first = stage.call("list_creatives", pagination={"max_results": 2}, **asked)
    assert (first["pagination"]["has_more"], first["query_summary"]["total_matching"]) == (True, 3)
    assert first["query_summary"]["returned"] == 2
    page = {"max_results": 2, "cursor": first["pagination"]["cursor"]}
    last = stage.call("list_creatives", pagination=page, **asked)
    assert last["pagination"] == {"has_more": False, "total_count": 3}
    assert sorted(ids(first) + ids(last)) == ["c1", "c2", "c3"]


def test_what_a_test_seeds_is_seen_by_sandbox_accounts_alone_and_replaces_nothing() -> None:
    stage = library(stored=[STORED], sandbox_accounts={"acct_test": "acmeoutdoor.example", "acct_other": "b.example"})
    stage.do("seed_creative", creative="seeded", fixture={"format_id": {"id": "display_static"}})
    stage.do("seed_creative", creative="hero", fixture={"name": "Another"})
    assert sorted(ids(stage.call("list_creatives", account={"account_id": "acct_test"}))) == ["hero", "seeded"]
    assert ids(stage.call("list_creatives", account={"account_id": "acct_other"})) == ["seeded"]
    stage.call("sync_accounts", accounts=[{**ACCOUNT, "billing": "operator"}])
    rows = stage.call("list_creatives", account=ACCOUNT)["creatives"]
    assert [(row["creative_id"], row["name"]) for row in rows] == [("hero", "hero")]


# -- tags ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", VERSIONS)
def test_a_stored_video_becomes_a_vast_tag_for_the_placement(version: str) -> None:
    stage = library(version)
    stage.call("sync_creatives", account=ACCOUNT, creatives=[SPOT])
    answer = stage.call(
        "build_creative",
        creative_id="spot",
        account=ACCOUNT,
        target_format_id=ref("vast_30s"),
        media_buy_id="mb_1",
        package_id="pkg_1",
    )
    tag = answer["creative_manifest"]["assets"]["vast_tag"]
    document = ET.fromstring(tag["content"])
    assert document.findtext(".//MediaFile") == VIDEO["url"]
    assert document.findtext(".//Duration") == "00:00:30"
    impression = document.findtext(".//Impression") or ""
    assert "buy=mb_1&package=pkg_1" in impression
    assert impression.endswith("{CACHEBUSTER}")
    assert "pricing_option_id" not in answer  # billing is out of band


@pytest.mark.parametrize("version", VERSIONS)
def test_a_stored_creative_without_files_is_served_by_address_and_billed_by_its_rate(version: str) -> None:
    stage = library(version, prices=[CPM], stored=[STORED])
    stage.call("sync_accounts", accounts=[{**ACCOUNT, "billing": "operator"}])
    row = stage.call("list_creatives", account=ACCOUNT, include_pricing=True)["creatives"][0]
    assert (row["creative_id"], row["concept_id"], row["status"]) == ("hero", "summer", "approved")
    assert row["pricing_options"] == [{"pricing_option_id": "po_cpm", "model": "cpm", "cpm": 0.5, "currency": "USD"}]
    answer = stage.call("build_creative", creative_id="hero", account=ACCOUNT, target_format_id=ref("vast_30s"))
    tag = answer["creative_manifest"]["assets"]["vast_tag"]
    assert tag["url"] == "https://vendor.sandbox.test/vast?creative=hero"
    assert (answer["pricing_option_id"], answer["vendor_cost"]) == ("po_cpm", 0)


def test_words_of_a_creative_cannot_break_out_of_its_tag() -> None:
    evil = {**NATIVE, "assets": {"image": {**IMAGE, "url": "https://x.example/?a&b'onload='c"}, "headline": TEXT}}
    evil["assets"]["headline"] = {"asset_type": "text", "content": "</a><script>1</script>"}
    stage = library()
    answer = stage.call("build_creative", creative_manifest=evil, target_format_id=ref("display_300x250_tag"))
    content = answer["creative_manifest"]["assets"]["serving_tag"]["content"]
    assert "<script>" not in content
    assert "'onload='" not in content


# -- delivery and usage --------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", VERSIONS)
def test_delivery_is_told_by_media_buy_for_the_caller_only(version: str) -> None:
    stage = library(version)
    stage.call("sync_creatives", account=ACCOUNT, creatives=[SPOT])
    stage.do("deliver", creative="spot", media_buy="mb_1", impressions=1000, clicks=5, spend=2.5)
    stage.run("1d")
    stage.do("deliver", creative="spot", media_buy="mb_2", impressions=10)
    answer = stage.call("get_creative_delivery", account=ACCOUNT, media_buy_ids=["mb_1"])
    assert [(row["media_buy_id"], row["totals"]["impressions"]) for row in answer["creatives"]] == [("mb_1", 1000)]
    variant = answer["creatives"][0]["variants"][0]
    assert (variant["spend"], variant["clicks"]) == (2.5, 5)
    day = {"start_date": "2026-05-02", "end_date": "2026-05-02"}
    rows = stage.call("get_creative_delivery", creative_ids=["spot"], **day)["creatives"]
    assert [row["totals"]["impressions"] for row in rows] == [0, 10]
    assert stage.call("get_creative_delivery", "rival", creative_ids=["spot"])["creatives"] == []
    shown = stage.call("preview_creative", request_type="variant", variant_id=variant["variant_id"])
    assert shown["creative_id"] == "spot"


def usage(**changes: Any) -> dict[str, Any]:
    period = {"start": "2026-03-01T00:00:00Z", "end": "2026-03-31T23:59:59Z"}
    record = {"account": ACCOUNT, "creative_id": "hero", "pricing_option_id": "po_cpm", "impressions": 2_400_000}
    return {"reporting_period": period, "usage": [{**record, "vendor_cost": 1200.0, "currency": "USD", **changes}]}


@pytest.mark.parametrize("version", VERSIONS)
def test_usage_is_accepted_at_the_rate_of_its_pricing_option(version: str) -> None:
    stage = library(version, prices=[CPM], stored=[STORED])
    stage.call("sync_accounts", accounts=[{**ACCOUNT, "billing": "operator"}])
    assert stage.call("report_usage", **usage())["accepted"] == 1
    for changes, field in (
        ({"vendor_cost": 900.0}, "usage[0].vendor_cost"),
        ({"pricing_option_id": "po_none"}, "usage[0].pricing_option_id"),
        ({"currency": "EUR"}, "usage[0].currency"),
    ):
        answer = stage.call("report_usage", **usage(**changes))
        assert (answer["accepted"], answer["errors"][0]["field"]) == (0, field)


def test_an_agent_that_bills_out_of_band_accepts_no_usage() -> None:
    stage = library(stored=[STORED])
    stage.call("sync_accounts", accounts=[{**ACCOUNT, "billing": "operator"}])
    answer = stage.call("report_usage", **usage())
    assert answer["accepted"] == 0
    assert answer["errors"][0]["code"] == "BILLING_OUT_OF_BAND"


@given(st.integers(0, 10**9), st.integers(0, 10**4))
def test_a_cpm_is_charged_to_the_micro(impressions: int, cents: int) -> None:
    cost = Price(id="p", price=cents / 100).cost_micros(impressions, None)
    assert cost is not None
    assert abs(cost * 1000 - cents * 10_000 * impressions) <= 500


@given(st.integers(0, 10**9), st.floats(0, 1e6), st.floats(0, 100))
def test_a_percentage_of_media_never_costs_more_than_its_limit(impressions: int, spend: float, percent: float) -> None:
    price = Price(id="p", model="percent_of_media", price=percent, max_cpm=2.0)
    cost = price.cost_micros(impressions, spend)
    assert cost is not None
    assert 0 <= cost <= 2_000 * impressions
