"""Creative sessions: from an idea to drafts, refinements, checks, and manifests (rules 191 to 197)."""

import dataclasses
import hashlib
import io
from typing import Any

import pytest
from PIL import Image, ImageDraw

from agents.buyer.sessions import operations
from sandbox.core.time import iso
from sandbox.kernel.endpoint import Principal, Reply
from sandbox.operations.answer import check_answer
from tests.unit.buyer.conftest import MakePlatform, Platform

Json = dict[str, Any]

WIDE = {"x": 0, "y": 0, "width": 9999, "height": 1}


def png(width: int = 240, height: int = 360, colour: str = "#13315c", cutout: bool = False) -> bytes:
    """A picture: a book's cover, or a red disc on nothing."""
    image = Image.new("RGBA", (width, height), (0, 0, 0, 0) if cutout else colour)
    ImageDraw.Draw(image).ellipse((20, 20, width - 20, height - 20), fill="#e9c46a")
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


class Studio:
    """A campaign that needs banners, and the requests of a creative session on it."""

    def __init__(self, platform: Platform, *channels: str) -> None:
        self.platform = platform
        self.advertiser = platform.advertiser()
        found = platform.discover(self.advertiser, channels=list(channels) or ["display"])
        platform.select(found)
        self.campaign = platform.campaign(self.advertiser, discoveryId=found["discoveryId"], brief="Books for summer")
        self.session = ""

    def upload(self, name: str, content: bytes, kind: str = "image/png") -> Json:
        digest = self.platform.world.files.put(content)
        return {"filename": name, "content_type": kind, "size": len(content), "sha256": digest, "field": "files"}

    def reply(self, operation: str, body: Json | None = None, files: list[Json] | None = None, **path: str) -> Reply:
        """Call an operation on the campaign, and on its session if there is one."""
        platform = self.platform
        place = {"campaignId": self.campaign, **path}
        route = platform.buyer.endpoint.operations[operation].detail  # type: ignore[union-attr]
        if "sessionId" in route.path_params:
            place.setdefault("sessionId", self.session)
        payload: Json = {"pathParams": place, "body": body} if route.body else {"pathParams": place, "params": body}
        if files:
            payload["files"] = files
        call = platform.world.network.call("driver", "buyer", operation, payload, Principal(platform.principal))
        process = platform.world.spawn(call)
        while not process.processed:
            platform.world.env.step()
        reply: Any = process.value
        if reply.ok:
            check_answer(route, reply.body)
        return reply  # type: ignore[no-any-return]

    def call(self, operation: str, body: Json | None = None, **more: Any) -> Json:
        reply = self.reply(operation, body, **more)
        assert reply.ok, reply.body
        return reply.body

    def error(self, operation: str, body: Json | None = None, **more: Any) -> Json:
        reply = self.reply(operation, body, **more)
        assert not reply.ok, reply.body
        return {**reply.body["error"], "http": reply.status}

    def start(self, files: list[Json] | None = None, **body: Any) -> Json:
        body = {"idea": 'Banner for the Wimbledon novel "The Shift"', "clickthrough_url": "https://acme.com/b", **body}
        session = self.call("start_creative_session", body, files=files)
        self.session = session["session_id"]
        return session

    def start_with_book(self, **said: Any) -> Json:
        """A session on a locked book cover whose rights are cleared."""
        source = {
            "filename": "cover.png",
            "role": "product",
            "locked_asset": True,
            "can_transform": False,
            "preservation_notes": "Keep the cover as it is",
            "rights": {"status": "cleared"},
            **said,
        }
        return self.start([self.upload("cover.png", png())], source_asset=source)

    def picture(self, render: Json) -> Image.Image:
        content = self.platform.world.files.get(render["checksum"])
        return Image.open(io.BytesIO(content)).convert("RGB")

    def checks(self, stage: str, variant: str, evaluator: str = "") -> list[Json]:
        body = {"stage": stage, "variant_id": variant}
        found = self.call("evaluate_creative_session", body)["checks"]
        return [check for check in found if evaluator in ("", check["evaluator"])]


@pytest.fixture
def studio(platform: Platform) -> Studio:
    return Studio(platform)


def first(session: Json) -> str:
    return str(session["variants"][0]["variant_id"])


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


# -- refine ----------------------------------------------------------------------------------------------


def test_refinement_makes_a_child_with_its_lineage(studio: Studio) -> None:
    session = studio.start_with_book()  # rule 191
    parent = first(session)
    body = {"variant_id": parent, "feedback": "make the book more prominent and add a dog"}
    answer = studio.call("refine_creative_session", body)
    child = answer["variants"][0]
    assert child["lineage"]["parent_variant_id"] == parent
    assert child["lineage"]["root_variant_id"] == parent
    assert child["lineage"]["depth"] == 1
    assert child["lineage"]["feedback"] == body["feedback"]
    assert answer["applied"] == ["product bigger"]
    assert [row["request"] for row in answer["not_applied"]] == ["add a dog"]
    gallery = studio.call("list_creative_session_variants", {"leaves_only": True})
    assert parent not in [variant["variant_id"] for variant in gallery["variants"]]
    was, now = session["variants"][0]["renders"][0], child["renders"][0]
    assert now["placements"][0]["box"]["width"] > was["placements"][0]["box"]["width"]


def test_a_refinement_may_come_in_several_children(studio: Studio) -> None:
    parent = first(studio.start_with_book())
    body = {"variant_id": parent, "feedback": "darker", "variant_count": 3}
    children = studio.call("refine_creative_session", body)["variants"]
    assert len({child["renders"][0]["checksum"] for child in children}) == 3


def test_feedback_of_which_nothing_can_be_done_makes_no_child(studio: Studio) -> None:
    parent = first(studio.start_with_book())
    error = studio.error("refine_creative_session", {"variant_id": parent, "feedback": "give it soul"})
    assert error["field"] == "feedback"
    assert error["details"]["not_applied"] == [
        {"request": "give it soul", "reason": "this adapter does not understand it"}
    ]
    assert error["details"]["understood"]
    assert studio.call("get_creative_session")["variant_count"] == 3


def test_what_would_change_a_locked_asset_is_refused(studio: Studio) -> None:
    parent = first(studio.start_with_book())  # rule 194
    feedback = "crop the book. Tint the cover. Make the logo bigger"
    answer = studio.call("refine_creative_session", {"variant_id": parent, "feedback": feedback})
    assert answer["applied"] == ["logo bigger"]
    assert all("locked" in row["reason"] for row in answer["not_applied"])
    assert len(answer["not_applied"]) == 2


# -- evaluate --------------------------------------------------------------------------------------------


def test_locked_assets_are_compared_pixel_by_pixel(studio: Studio) -> None:
    session = studio.start_with_book()  # rules 194 and 195
    variant_id = first(session)
    found = [c for c in studio.checks("final", variant_id, "asset_fidelity") if c["check"] == "locked_asset"]
    assert [c["status"] for c in found] == ["pass"] * len(session["target_format_ids"])
    kept = studio.platform.buyer.creative_sessions.sessions[studio.session].variants[variant_id]
    render = kept.renders[0]
    image = Image.open(io.BytesIO(studio.platform.world.files.get(render.digest)))
    x, y, _, _ = render.placements[0].box
    image.putpixel((x + 3, y + 3), (255, 255, 255))
    out = io.BytesIO()
    image.save(out, "PNG")
    kept.renders[0] = dataclasses.replace(render, digest=studio.platform.world.files.put(out.getvalue()))
    found = [c for c in studio.checks("final", variant_id, "asset_fidelity") if c["check"] == "locked_asset"]
    assert [c["status"] for c in found] == ["fail", *["pass"] * (len(found) - 1)]
    assert found[0]["blocking"] is True


def test_a_locked_asset_of_which_only_the_address_is_known_blocks_the_final(studio: Studio) -> None:
    source = {"url": "https://dam.acme.com/1.png", "role": "product", "locked_asset": True}
    session = studio.start(source_asset=source)
    found = [c for c in studio.checks("draft", first(session)) if c["check"] == "locked_asset"]
    assert [(c["status"], c["blocking"]) for c in found] == [("fail", False)]  # rule 192
    error = studio.error("finalize_creative_session", {"variant_id": first(session)})
    assert "upload it" in error["message"]


def test_stages_run_their_own_evaluators(studio: Studio) -> None:
    variant_id = first(studio.start_with_book())  # rule 195
    draft = {c["evaluator"] for c in studio.checks("draft", variant_id)}
    final = {c["evaluator"] for c in studio.checks("final", variant_id)}
    assert draft == {"core_readiness", "asset_fidelity", "brand_brief"}
    assert final == draft | {"format_seller", "policy_safety"}


def test_performance_runs_only_after_delivery(studio: Studio) -> None:
    variant_id = first(studio.start_with_book())  # rule 195
    error = studio.error("evaluate_creative_session", {"stage": "postflight", "variant_id": variant_id})
    assert error["code"] == "INVALID_STATE"
    studio.call("finalize_creative_session", {"variant_id": variant_id})
    found = studio.call("evaluate_creative_session", {"stage": "postflight"})
    assert [c["status"] for c in found["checks"]] == ["not_run"]
    studio.platform.call("execute_campaign", path={"campaignId": studio.campaign})
    studio.platform.advance("6d")
    checks = studio.call("evaluate_creative_session", {"stage": "postflight"})["checks"]
    assert checks[0]["check"] == "delivery"
    assert checks[0]["status"] == "pass"
    assert "impressions" in checks[0]["message"]


# -- approve and finalise --------------------------------------------------------------------------------


def test_format_renders_appear_once_a_final_is_approved(studio: Studio) -> None:
    session = studio.start_with_book()  # rule 197
    approved = studio.call("approve_creative_session", {"variant_id": first(session)})
    assert approved["status"] == "approved"
    assert approved["approved_variant_id"] == first(session)
    renders = approved["format_renders"]
    assert [r["format_id"] for r in renders] == session["target_format_ids"]
    assert {r["creative_id"] for r in renders} == {None}
    assert approved["variants"][0]["quality"] == "final"
    other = session["variants"][1]["variant_id"]
    changed = studio.call("approve_creative_session", {"variant_id": other})
    assert [v["status"] for v in changed["variants"]] == ["draft", "approved", "draft"]


def test_finalisation_saves_one_manifest_for_each_format_and_checks_coverage_again(studio: Studio) -> None:
    session = studio.start_with_book()
    studio.call("approve_creative_session", {"variant_id": first(session)})
    done = studio.call("finalize_creative_session", {"name": "Summer"})  # rules 191 and 196
    assert done["session"]["status"] == "finalized"
    assert [c["format_id"] for c in done["creatives"]] == session["target_format_ids"]
    assert all(c["covers_format"] for c in done["creatives"])
    assert done["creative_formats"]["missing"] == []
    assert (
        studio.platform.call("get_campaign", path={"campaignId": studio.campaign})["creativeFormats"]["missing"] == []
    )
    for entry, render in zip(done["creatives"], done["format_renders"], strict=True):  # rule 197
        assert render["creative_id"] == entry["creative_id"]
        manifest = studio.call("get_creative", creativeId=entry["creative_id"])
        assert manifest["format_id"] == entry["format_id"]
        image = next(a for a in manifest["assets"] if a["asset_type"] == "IMAGE")
        assert image["sha256"] == render["checksum"]
        assert (image["width"], image["height"]) == (render["width"], render["height"])
        texts = {a["label"]: a["content"] for a in manifest["assets"] if a["asset_type"] == "TEXT"}
        assert texts["headline"] == "The Shift"
        assert manifest["tracking"]["click_url"]
        assert session["session_id"] in manifest["message"]


def test_formats_may_be_finalised_one_after_the_other(studio: Studio) -> None:
    session = studio.start_with_book()
    one, *rest = session["target_format_ids"]
    done = studio.call("finalize_creative_session", {"variant_id": first(session), "format_ids": [one]})
    assert done["session"]["status"] == "approved"
    assert done["creative_formats"]["missing"] == rest
    error = studio.error("finalize_creative_session", {"format_ids": [one]})
    assert (error["code"], error["field"]) == ("INVALID_STATE", "format_ids[0]")
    done = studio.call("finalize_creative_session", {})
    assert done["session"]["status"] == "finalized"
    assert [c["format_id"] for c in done["creatives"]] == rest


def test_without_an_approved_variant_nothing_is_finalised(studio: Studio) -> None:
    studio.start_with_book()
    assert studio.error("finalize_creative_session", {})["code"] == "INVALID_STATE"


@pytest.mark.parametrize("status", ["restricted", "expired"])
def test_restricted_and_expired_rights_stop_finalisation(studio: Studio, status: str) -> None:
    session = studio.start_with_book(rights={"status": status})  # rule 193
    error = studio.error("finalize_creative_session", {"variant_id": first(session)})
    assert error["code"] == "INVALID_STATE"
    assert [c["check"] for c in error["details"]["failures"]] == ["rights"]  # rule 192
    assert studio.platform.call("list_creatives", path={"campaignId": studio.campaign})["total"] == 0


def test_rights_expire_as_simulated_time_passes(studio: Studio) -> None:
    ends = iso(studio.platform.world.now + 86_400_000)
    session = studio.start_with_book(rights={"status": "cleared", "expires_at": ends})  # rule 193
    studio.call("approve_creative_session", {"variant_id": first(session)})
    studio.platform.advance("25h")
    assert studio.call("get_creative_session")["source_asset"]["rights"]["status"] == "expired"
    assert "expired" in studio.error("finalize_creative_session", {})["message"]


def test_unknown_rights_are_a_warning_that_stops_nothing(studio: Studio) -> None:
    session = studio.start_with_book(rights={"status": "unknown"}, provenance={"source": "dam"})  # rules 192 and 193
    done = studio.call("finalize_creative_session", {"variant_id": first(session)})
    assert "rights" in [warning["check"] for warning in done["warnings"]]
    assert not any(warning["blocking"] for warning in done["warnings"])


def test_claims_that_nobody_may_make_stop_finalisation_and_superlatives_do_not(studio: Studio) -> None:
    session = studio.start_with_book()
    variant = {"variant_id": first(session)}
    bad = studio.call("refine_creative_session", {**variant, "feedback": 'headline: "Risk-free reading"'})
    failed = studio.error("finalize_creative_session", {"variant_id": bad["variants"][0]["variant_id"]})
    assert failed["details"]["failures"][0]["evaluator"] == "policy_safety"  # rule 195
    loud = studio.call("refine_creative_session", {**variant, "feedback": 'headline: "The best novel"'})
    done = studio.call("finalize_creative_session", {"variant_id": loud["variants"][0]["variant_id"]})
    assert "policy" in [warning["check"] for warning in done["warnings"]]  # rule 192


def test_letters_that_the_typeface_lacks_stop_finalisation(studio: Studio) -> None:
    session = studio.start_with_book()
    body = {"variant_id": first(session), "feedback": 'headline: "夏の本"'}
    child = studio.call("refine_creative_session", body)["variants"][0]
    error = studio.error("finalize_creative_session", {"variant_id": child["variant_id"]})
    assert error["details"]["failures"][0]["evaluator"] == "core_readiness"


def test_a_finalised_session_is_over_and_its_direction_can_be_taken_up(studio: Studio) -> None:
    session = studio.start_with_book()
    variant = {"variant_id": first(session)}
    studio.call("finalize_creative_session", variant)
    assert studio.error("refine_creative_session", {**variant, "feedback": "darker"})["code"] == "INVALID_STATE"
    assert studio.error("finalize_creative_session", {})["code"] == "INVALID_STATE"
    assert studio.error("discard_creative_session")["code"] == "INVALID_STATE"
    origin = {"session_id": session["session_id"], **variant}
    again = studio.start(based_on=origin, target_format_ids=session["target_format_ids"])
    assert again["based_on"] == origin
    assert again["source_asset"]["checksum"] == session["source_asset"]["checksum"]
    assert again["variants"][0]["copy"] == session["variants"][0]["copy"]


def test_a_draft_and_a_session_can_be_discarded(studio: Studio) -> None:
    session = studio.start_with_book()
    one, two, _ = [variant["variant_id"] for variant in session["variants"]]
    assert studio.reply("discard_creative_session_variant", variantId=one).status == 204
    assert studio.error("approve_creative_session", {"variant_id": one})["code"] == "NOT_FOUND"
    studio.call("approve_creative_session", {"variant_id": two})
    assert studio.error("discard_creative_session_variant", variantId=two)["code"] == "INVALID_STATE"
    studio.reply("discard_creative_session")
    assert studio.error("approve_creative_session", {"variant_id": two})["code"] == "INVALID_STATE"
    listed = studio.call("list_creative_sessions", {"status": "discarded"})
    assert [row["session_id"] for row in listed["sessions"]] == [studio.session]


def test_formats_of_the_campaign_that_cannot_be_drawn_are_told(platform: Platform) -> None:
    studio = Studio(platform, "display", "olv")
    session = studio.start_with_book()
    assert session["unsupported_format_ids"]
    assert all("video" in ref["id"] for ref in session["unsupported_format_ids"])
    done = studio.call("finalize_creative_session", {"variant_id": first(session)})
    assert done["creative_formats"]["missing"] == session["unsupported_format_ids"]  # rule 196


def test_what_is_done_on_a_session_is_in_the_activity_feed(studio: Studio) -> None:
    session = studio.start_with_book()
    studio.call("approve_creative_session", {"variant_id": first(session)})
    rows = studio.platform.call("list_activity", params={"campaignId": studio.campaign})["data"]["logs"]
    told = [(row["action"], row["resourceType"], row["resourceId"]) for row in rows[:2]]
    assert told == [(action, "CREATIVE_SESSION", studio.session) for action in ("APPROVE", "START")]


def test_reading_a_session_changes_nothing(studio: Studio) -> None:
    studio.start_with_book()
    one = [studio.call("get_creative_session"), studio.call("list_creative_session_variants")]
    assert [studio.call("get_creative_session"), studio.call("list_creative_session_variants")] == one
    reads = [row for row in operations.operation if row.detail.method == "GET"]
    assert [row.mutating for row in reads] == [False] * 3
    assert all(row.detail.answer for row in operations.operation if row.detail.success_status != 204)
