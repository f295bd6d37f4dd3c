"""Creative sessions: from refinement over evaluators to the manifests of a campaign."""

import dataclasses
import io

import pytest
from PIL import Image

from agents.buyer.sessions import operations
from sandbox.core.time import iso
from tests.unit.buyer.conftest import Platform
from tests.unit.buyer.studio import Studio, first


@pytest.fixture
def studio(platform: Platform) -> Studio:
    return Studio(platform)


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
