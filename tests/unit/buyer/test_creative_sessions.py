"""Creative sessions: from an idea to drafts, refinements, checks, and manifests (rules 191 to 197)."""

import hashlib

import pytest

from tests.unit.buyer.conftest import MakePlatform, Platform
from tests.unit.buyer.studio import WIDE, Json, Studio, png


@pytest.fixture
def studio(platform: Platform) -> Studio:
    return Studio(platform)


# -- start -----------------------------------------------------------------------------------------------


def test_an_idea_becomes_a_gallery_of_drafts_in_every_format_the_campaign_needs(studio: Studio) -> None:
    session = studio.start_with_book()  # rule 191
    missing = studio.platform.call("get_campaign", path={"campaignId": studio.campaign})["creativeFormats"]["missing"]
    assert session["target_format_ids"] == missing
    assert [len(v["renders"]) for v in session["variants"]] == [len(missing)] * 3
    for variant in session["variants"]:
        assert variant["status"] == "draft"
        assert variant["quality"] == "draft"
        for render in variant["renders"]:
            assert studio.picture(render).size == (render["width"], render["height"])
    looks = {render["checksum"] for variant in session["variants"] for render in variant["renders"]}
    assert len(looks) == 3 * len(missing), "directions differ"


def test_a_session_is_no_manifest(studio: Studio) -> None:
    studio.start_with_book()  # rule 191
    assert studio.platform.call("list_creatives", path={"campaignId": studio.campaign})["total"] == 0


def test_the_answer_tells_assets_adapter_evaluators_and_no_format_renders_yet(studio: Studio) -> None:
    session = studio.start_with_book()
    asset = session["asset_store"]["assets"][0]
    assert session["source_asset"] == asset
    assert asset["checksum"] == hashlib.sha256(png()).hexdigest()
    assert (asset["width"], asset["height"]) == (240, 360)
    assert asset["locked_asset"] is True  # rule 194
    assert asset["can_transform"] is False
    assert asset["preservation_notes"] == "Keep the cover as it is"
    assert asset["provenance"] == {"source": "upload"}  # rule 193: apart from rights
    assert asset["rights"]["status"] == "cleared"
    assert session["rendering_model"]["deterministic"] is True
    assert "format_renders" not in session  # rule 197
    stages = {e["evaluator"]: e["stages"] for e in session["evaluators"]}
    assert stages == {  # rule 195
        "core_readiness": ["draft", "final"],
        "asset_fidelity": ["draft", "final"],
        "brand_brief": ["draft", "final"],
        "format_seller": ["final"],
        "policy_safety": ["final"],
        "performance": ["postflight"],
    }


def test_drafts_are_checked_at_once_and_the_results_are_advisory(studio: Studio) -> None:
    session = studio.start_with_book(rights={"status": "restricted"})  # rule 192
    badges = {badge["evaluator"]: badge for badge in session["variants"][0]["evaluators"]}
    assert list(badges) == ["core_readiness", "asset_fidelity", "brand_brief"]  # rule 195
    assert badges["asset_fidelity"]["status"] == "fail"
    assert badges["asset_fidelity"]["advisory"] is True
    assert badges["asset_fidelity"]["blocking"] is False


def test_pictures_are_byte_for_byte_the_same_in_every_run(make_platform: MakePlatform) -> None:
    one, other = Studio(make_platform()).start_with_book(), Studio(make_platform()).start_with_book()
    assert one == other


def test_the_pictures_of_a_session_are_on_the_cdn(studio: Studio) -> None:
    session = studio.start_with_book()
    urls = [session["variants"][0]["preview_url"], session["source_asset"]["preview_url"]]
    for url in urls:
        digest, name = url.split("/files/")[1].split("/")
        answer = studio.platform.call("get_file", path={"sha256": digest, "filename": name})
        assert answer == {"contentType": "image/png", "file": digest}


def test_the_brief_of_the_campaign_is_the_idea_if_none_is_given(studio: Studio) -> None:
    session = studio.call("start_creative_session", {})
    assert session["idea"] == "Books for summer"
    other = studio.platform.campaign(studio.advertiser, name="Bare")
    assert studio.error("start_creative_session", {}, campaignId=other)["field"] == "idea"


def test_formats_that_are_no_still_images_are_refused_with_the_reason(studio: Studio) -> None:
    ref = {"agent_url": "https://creative.adcontextprotocol.org", "id": "video_standard_30s"}
    error = studio.error("start_creative_session", {"idea": "x", "target_format_ids": [ref]})
    assert error["code"] == "VALIDATION_ERROR"
    assert error["field"] == "target_format_ids[0]"
    assert "still image" in error["message"]


@pytest.mark.parametrize("size", ["300x250", "728x90", "160x600", "320x50", "970x250", "300x600", "1080x1080"])
def test_every_format_is_drawn_with_texts_that_fit_and_do_not_touch(studio: Studio, size: str) -> None:
    ref = {"agent_url": "https://creative.adcontextprotocol.org", "id": f"display_{size}_image"}
    source = {"filename": "cover.png", "role": "product", "locked_asset": True}
    files = [studio.upload("cover.png", png())]
    session = studio.start(files, source_asset=source, target_format_id=ref, variant_count=6)
    kept = studio.platform.buyer.creative_sessions.sessions[session["session_id"]]
    for variant in kept.variants.values():
        render = variant.renders[0]
        assert f"{render.width}x{render.height}" == size
        boxes = [run.box for run in render.texts] + [placement.box for placement in render.placements]
        for run in render.texts:
            assert not run.cut, (variant.name, run)
            assert run.size_px >= 9
            assert run.contrast >= 4.5, (variant.name, run)
        for x, y, w, h in boxes:
            assert 0 <= x < x + w <= render.width
            assert 0 <= y < y + h <= render.height
        for i, one in enumerate(boxes):
            assert not any(_overlap(one, other) for other in boxes[i + 1 :]), (variant.name, boxes)


def _overlap(one: tuple[int, int, int, int], other: tuple[int, int, int, int]) -> bool:
    x = min(one[0] + one[2], other[0] + other[2]) - max(one[0], other[0])
    y = min(one[1] + one[3], other[1] + other[3]) - max(one[1], other[1])
    return x > 0 and y > 0


def test_a_locked_asset_with_transformation_allowed_is_a_contradiction(studio: Studio) -> None:
    source = {"url": "https://dam.acme.com/1.png", "locked_asset": True, "can_transform": True}  # rule 194
    error = studio.error("start_creative_session", {"idea": "x", "source_asset": source})
    assert error["field"] == "source_asset"
    assert "can_transform" in error["message"]


@pytest.mark.parametrize(
    ("source", "field"),
    [
        ({"filename": "other.png"}, "source_asset.filename"),
        ({"asset_id": "asset_x"}, "source_asset.asset_id"),
        ({"filename": "cover.png", "render_crop": WIDE}, "source_asset.render_crop"),
        ({"filename": "cover.png", "url": "https://a.com/b"}, "source_asset"),
        ({"content": "words", "role": "product"}, "source_asset"),
    ],
)
def test_a_wrong_source_asset_is_named(studio: Studio, source: Json, field: str) -> None:
    files = [studio.upload("cover.png", png())]
    error = studio.error("start_creative_session", {"idea": "x", "source_asset": source}, files=files)
    assert error["field"] == field


def test_a_file_that_is_no_picture_cannot_be_one(studio: Studio) -> None:
    files = [studio.upload("cover.png", b"\x89PNG\r\n\x1a\nbroken")]
    error = studio.error("start_creative_session", {"idea": "x"}, files=files)
    assert error["code"] == "VALIDATION_ERROR"
    assert "cover.png" in error["message"]


def test_an_asset_of_a_manifest_of_the_campaign_is_a_source(studio: Studio) -> None:
    body = {"name": "Shot", "assets": [{"asset_type": "IMAGE", "filename": "shoe.png"}]}
    made = studio.call("create_creative", body, files=[studio.upload("shoe.png", png(cutout=True))])
    asset_id = made["assets"][0]["asset_id"]
    session = studio.start(source_asset={"asset_id": asset_id})
    assert session["source_asset"]["role"] == "product"
    assert session["source_asset"]["provenance"]["source"] == "campaign"
    placed = session["variants"][0]["renders"][0]["placements"]
    assert [p["asset_id"] for p in placed] == [session["source_asset"]["asset_id"]]


def test_an_archived_campaign_has_no_new_sessions(studio: Studio) -> None:
    studio.platform.call("delete_campaign", path={"campaignId": studio.campaign})
    assert studio.error("start_creative_session", {"idea": "x"})["code"] == "INVALID_STATE"


def test_a_session_of_another_customer_is_not_found(make_platform: MakePlatform) -> None:
    customers = [{"name": "Acme", "principal": "acme"}, {"name": "Rival", "principal": "rival"}]
    studio = Studio(make_platform(buyer={"customers": customers}))
    studio.start_with_book()
    studio.platform.principal = "rival"
    assert studio.error("get_creative_session")["code"] == "NOT_FOUND"  # rule 13
