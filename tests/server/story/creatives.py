"""A campaign of seed 000 and its creatives, with the requests of seed 003: manifests, sessions, formats."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.server.story.doors import Door, Json
from tests.server.story.plan import select
from tests.unit.buyer.test_manifests import film, png

BEGIN = "2026-05-01T00:00:00Z"
"""Before the flight of the campaign."""


def tell(door: Door) -> None:
    """The whole story, for a new advertiser."""
    campaign = planned(door)
    manifests(door, campaign)
    sessions(door, campaign)
    formats(door, campaign)
    launched(door, campaign)


def planned(door: Door) -> Json:
    """Seed 000: a campaign, products chosen by the platform, and refined."""
    advertiser = door.do("create_advertiser", {"name": "Acme Corp", "brand": "acme.com"})["id"]
    body = {
        "advertiserId": int(advertiser),  # C6
        "name": "Q2 2026 — Tech Launch",
        "campaignType": "DECISIONED",
        "flightDates": {"startDate": "2026-05-15T00:00:00Z", "endDate": "2026-07-15T23:59:59Z"},
        "budget": {"total": 100000, "currency": "USD", "pacing": "even"},
        "brief": "Premium video for tech-savvy professionals",
        "constraints": {"channels": ["ctv", "video"], "countries": ["US", "CA"]},
    }
    made = door.do("create_campaign", body)
    assert (made["budget"]["pacing"], made["advertiserId"]) == ("EVEN", advertiser)  # C6, C12
    campaign = {"campaignId": made["campaignId"]}
    found = door.do(
        "discover_products", {"advertiserId": advertiser, "channels": ["ctv", "olv", "display"], **campaign}
    )
    goal = {"kind": "metric", "metric": "completed_views", "target": {"kind": "cost_per", "value": 0.08}}
    body = {
        "discoveryId": found["discoveryId"],
        "frequencyCaps": [{"max_impressions": 5, "window": {"interval": 7, "unit": "days"}}],
        "performanceConfig": {"optimizationGoals": [goal]},  # rule 129: nothing is chosen without an aim
    }
    capped = door.do("update_campaign", body, **campaign)["frequencyCaps"]
    assert [(cap["max_impressions"], cap["targetLevel"]) for cap in capped] == [(5, "CAMPAIGN")]  # rule 109
    chosen = door.do("auto_select_products", {"maxProducts": 8, "minBudgetPerProduct": 2500}, **campaign)
    assert 0 < chosen["productCount"] <= 8  # rule 130
    ids = [row["productId"] for row in chosen["selectedProducts"]]
    refine = [
        {"scope": "request", "ask": "more video, less display"},
        {"scope": "product", "id": ids[0], "action": "more_like_this"},
        {"scope": "product", "id": ids[-1], "action": "omit"},
    ]
    again = door.do("auto_select_products", {"refine": refine}, **campaign)
    assert ids[-1] not in [row["productId"] for row in again["selectedProducts"]]
    more = door.do("discover_products", {"advertiserId": advertiser, "channels": ["display"]})
    select(door, more["discoveryId"], more, {"agent_456"})
    door.do("update_campaign", {"discoveryId": more["discoveryId"], "budget": {"total": 110000}}, **campaign)
    return campaign


def manifests(door: Door, campaign: Json) -> None:
    """Create with files, list, read, change, preview, delete."""
    metadata = {
        "name": "Q2 hero video",
        "message": "30s product reveal — premium tone, 2-second hook",
        "template_id": "video_standard",
        "url_asset": {"url": "https://acme.com/promo", "url_type": "CLICKTHROUGH"},
        "assets": [{"filename": "hero-30s.mp4", "asset_type": "VIDEO", "label": "main_video"}],
    }
    hero = ("files", ("hero-30s.mp4", film(), "video/mp4"))
    companion = ("files", ("companion-banner.png", png(), "image/png"))
    made = door.do("create_creative", metadata, files=[hero, companion], **campaign)
    assert [asset.get("filename") for asset in made["assets"]][:2] == [
        "hero-30s.mp4",
        "companion-banner.png",
    ]  # rule 178
    place = {**campaign, "creativeId": made["creative_id"]}
    page = door.do("list_creatives", params={"take": 50}, **campaign)
    assert [row["creative_id"] for row in page["manifests"]] == [made["creative_id"]]
    assert "assets" not in page["manifests"][0]  # rule 7
    shown = door.do("get_creative", params={"preview": True}, **place)
    assert shown["brand_domain"] == "acme.com"  # rule 177
    assert any("rurl=" in asset.get("url", "") for asset in shown["assets"]) or "rurl=" in str(
        shown["tracking"]
    )  # rule 183
    changes = {"delete_asset_ids": [made["assets"][0]["asset_id"]],
               "new_assets": [{"filename": "v2.mp4", "asset_type": "VIDEO"}]}  # fmt: skip
    changed = door.do("update_creative", changes, files=[("files", ("v2.mp4", film(), "video/mp4"))], **place)
    assert "v2.mp4" in [asset.get("filename") for asset in changed["assets"]]  # rule 184
    assert door.do("update_creative", {"tag": "hero", "quality": "premium"}, **place)["tag"] == "hero"  # C23
    previews = door.do("preview_creative", **place)["previews"]  # rule 189
    assert previews
    page_of(door, "open_preview", shown["preview_url"], ("creativeId", "token"))
    assert b"Q2 hero video" in door.do("get_creative_preview", **place)["content"]
    banner = next(asset for asset in changed["assets"] if asset.get("filename") == "companion-banner.png")
    assert page_of(door, "get_file", banner["url"], ("sha256", "filename")) == png()  # rule 182
    trackers = {
        name: dict(parse_qsl(urlsplit(shown["tracking"][f"{name}_url"]).query)) for name in ("click", "impression")
    }
    landing = door.do("track_click", params=trackers["click"])["location"]
    assert landing.startswith("https://acme.com/promo?utm_source=")  # rules 36, 37
    assert b"svg" in door.do("track_impression", params=trackers["impression"])["content"]
    url = door.do("get_creative_dashboard_url", params={"advertiserId": advertiser_of(door, campaign), **campaign})[
        "url"
    ]
    assert url.startswith(door.live.line["buyer_api"])  # rule 185
    door.do("delete_creative", **place)
    assert door.do("list_creatives", **campaign)["total"] == 0


def page_of(door: Door, operation: str, url: str, names: tuple[str, str]) -> bytes:
    """What a public address of the platform shows."""
    split = urlsplit(url)
    assert split.netloc == urlsplit(door.live.line["buyer_api"]).netloc, url
    parts = dict(zip(names, split.path.rsplit("/", 2)[1:], strict=True))
    content: bytes = door.do(operation, **parts)["content"]
    return content


def advertiser_of(door: Door, campaign: Json) -> str:
    return str(door.do("get_campaign", **campaign)["advertiserId"])


def sessions(door: Door, campaign: Json) -> None:
    """Idea, gallery, refinement, evaluation, approval, manifest; two other sessions and a variant are dropped."""
    body: Json = {
        "idea": "Tech that gets out of the way, for people with no time",
        "headline": "Work less",
        "source_asset": {"filename": "cover.png", "role": "product", "locked_asset": True, "can_transform": False,
                         "preservation_notes": "keep the whole cover", "rights": {"status": "unknown"},
                         "provenance": {"source": "upload"}},
    }  # fmt: skip
    started = door.do("start_creative_session", body, files=[("files", ("cover.png", png(), "image/png"))], **campaign)
    place = {**campaign, "sessionId": started["session_id"]}
    first, second, third = (row["variant_id"] for row in started["variants"])
    assert started["asset_store"]["assets"][0]["locked_asset"]  # rule 194
    ask = {"variant_id": first, "feedback": "make the product more prominent"}
    child = door.do("refine_creative_session", ask, **place)["variants"][0]
    assert child["lineage"]["parent_variant_id"] == first  # rule 191
    door.do("discard_creative_session_variant", variantId=third, **place)
    gallery = door.do("list_creative_session_variants", params={"leaves_only": True}, **place)
    assert {row["variant_id"] for row in gallery["variants"]} == {second, child["variant_id"]}
    draft = door.do("evaluate_creative_session", {"stage": "draft", "variant_id": child["variant_id"]}, **place)
    assert draft["advisory"]  # rule 192
    approved = door.do("approve_creative_session", {"variant_id": child["variant_id"]}, **place)
    assert approved["format_renders"]  # rule 197
    final = door.do("finalize_creative_session", {"name": "Work less"}, **place)
    assert any(
        check["check"].startswith("rights") or "rights" in check["message"] for check in final["warnings"]
    )  # rule 193
    assert all(row["covers_format"] for row in final["creatives"])  # rule 196
    assert door.do("get_creative_session", **place)["status"] in ("finalized", "approved")
    again = {"idea": "Something else", "target_format_id": final["creatives"][0]["format_id"]}
    other = door.do("start_creative_session", again, **campaign)["session_id"]
    door.do("discard_creative_session", sessionId=other, **campaign)
    listed = door.do("list_creative_sessions", params={"status": "discarded"}, **campaign)
    assert [row["session_id"] for row in listed["sessions"]] == [other]


def formats(door: Door, campaign: Json) -> None:
    """What the products need, and what agents say of formats (rule 190)."""
    needed = door.do("list_creative_templates", **campaign)
    required = door.do("get_campaign", **campaign)["creativeFormats"]["required"]
    assert needed["campaign_format_ids"] == required
    known: Any = door.do("list_formats")["formats"]
    ref = known[0]["format_id"]
    one = door.do("get_format", agentUrl=ref["agent_url"], formatId=ref["id"])
    assert one["format_id"] == ref


def launched(door: Door, campaign: Json) -> None:
    """Seed 000: execute, pause, reactivate, the statuses at the agents, and a look at the list."""
    door.do("execute_campaign", {"debug": False}, **campaign)
    asked = {"status": "ACTIVE", "includeMediaBuys": True}
    rows = door.do("list_campaigns", params=asked)["campaigns"]
    assert [len(row["mediaBuys"]) > 0 for row in rows] == [True]
    door.do("pause_campaign", **campaign)
    door.do("reactivate_campaign", **campaign)
    assert door.do("get_media_buy_status", **campaign)["agents_queried"] >= 1
