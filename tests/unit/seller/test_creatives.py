"""sync_creatives, review, revocation, impairments (creative/specification.mdx; facts 4.4)."""

from __future__ import annotations

from typing import Any

import pytest

from agents.seller.config import CreativeRule, ReviewConfig
from agents.seller.policy.review import decide_creative
from tests.unit.seller.conftest import ACCOUNT, Opener, Stage, creative


def sync(world: Stage, *creatives: dict[str, Any], **more: Any) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = world.call("sync_creatives", account=ACCOUNT, creatives=list(creatives), **more)[
        "creatives"
    ]
    return rows


def test_a_creative_goes_through_review_before_it_is_approved(stage: Opener) -> None:
    world = stage()
    [row] = sync(world, creative())
    assert (row["action"], row["status"]) == ("created", "approved")
    assert world.statuses("creative") == ["processing", "pending_review", "approved"]


def test_the_same_again_is_unchanged_and_a_change_is_reviewed_anew(stage: Opener) -> None:
    world = stage()
    sync(world, creative())
    assert sync(world, creative())[0]["action"] == "unchanged"
    [row] = sync(world, creative(name="longer"))
    assert (row["action"], row["changes"]) == ("updated", ["name"])
    assert world.statuses("creative")[3:] == ["pending_review", "approved"]


def test_a_manual_review_ends_after_its_delay(stage: Opener) -> None:
    world = stage(creative_review={"delay": "4h"})
    assert sync(world, creative())[0]["status"] == "pending_review"
    world.run("+3h59m")
    assert world.statuses("creative")[-1] == "pending_review"
    world.run("+2m")
    assert world.statuses("creative")[-1] == "approved"


def test_a_newer_version_is_judged_after_its_own_delay(stage: Opener) -> None:
    world = stage(creative_review={"delay": "4h"})
    sync(world, creative())
    world.run("+3h")
    sync(world, creative(name="second try"))
    world.run("+2h")
    assert world.statuses("creative")[-1] == "pending_review"
    world.run("+2h1m")
    assert world.statuses("creative")[-1] == "approved"


def test_while_a_changed_creative_waits_for_review_it_does_not_run(stage: Opener) -> None:
    world = stage(creative_review="manual")
    made = world.buy(start_time="asap", package={"creatives": [creative()]})
    package = made["packages"][0]["package_id"]
    world.do("approve_creative")
    assert world.world.market.line(package).active is True
    sync(world, creative(name="changed"))
    assert world.world.market.line(package).active is False
    world.do("approve_creative")
    assert world.world.market.line(package).active is True


@pytest.mark.parametrize(
    ("rule", "refused"),
    [
        ({"format": "video_standard_30s"}, True),
        ({"format": "video_standard_15s"}, False),
        ({"name_contains": "SPOT"}, True),
        ({"asset_contains": "acme.com"}, True),
        ({"asset_contains": "rival.com"}, False),
        ({"missing_asset": "click_url"}, True),
        ({"missing_asset": "video_file"}, False),
        ({"name_contains": "spot", "asset_contains": "rival.com"}, False),
    ],
)
def test_each_ground_for_refusing_a_creative(rule: dict[str, str], refused: bool) -> None:
    decision = decide_creative(ReviewConfig(reject_if=[CreativeRule(**rule)]), creative(), 0.5)
    assert (decision.verdict == "reject") is refused


def test_a_refused_creative_keeps_its_package_waiting_and_the_reason_is_told(stage: Opener) -> None:
    world = stage(creative_review={"reject_if": [{"name_contains": "spot", "reason": "no spots"}]})
    buy = world.buy(start_time="asap", package={"creatives": [creative()]})["media_buy_id"]
    found = world.read(buy)
    assert found["status"] == "pending_creatives"
    assert found["packages"][0]["creative_approvals"] == [
        {"creative_id": "spot", "approval_status": "rejected", "rejection_reason": "no spots"}
    ]
    sync(world, creative(name="film"))
    assert world.read(buy)["status"] == "active"


@pytest.mark.parametrize("state", ["rejected", "suspended"])
def test_a_revoked_creative_stops_its_line_and_impairs_the_buy(stage: Opener, state: str) -> None:
    world = stage()
    buy, package = world.running()
    world.run("+1d")
    world.do("revoke_creative", creative="spot", reason="complaints", state=state)
    before = world.world.market.totals(package).impressions
    found = world.read(buy)
    assert (found["status"], found["health"]) == ("active", "impaired")
    [impairment] = found["impairments"]
    assert impairment["resource_id"] == "spot"
    assert impairment["package_ids"] == [package]
    assert impairment["transition"] == {"from": "approved", "to": state}
    world.run("+1d")
    assert world.world.market.totals(package).impressions == before


def test_an_impairment_is_lifted_by_another_creative_or_by_approval(stage: Opener) -> None:
    world = stage()
    buy, package = world.running()
    world.do("revoke_creative", state="suspended")
    world.do("approve_creative", creative="spot")
    assert world.read(buy)["health"] == "ok"
    world.do("revoke_creative")
    sync(world, creative("second"))
    world.update(buy, packages=[{"package_id": package, "creative_assignments": [{"creative_id": "second"}]}])
    assert world.read(buy)["health"] == "ok"
    assert world.world.market.line(package).active is True


def test_weights_reach_the_rotation_and_zero_rests(stage: Opener) -> None:
    world = stage()
    sync(world, creative("a"), creative("b"), creative("c"))
    weights = [
        {"creative_id": "a", "weight": 75},
        {"creative_id": "b", "weight": 25},
        {"creative_id": "c", "weight": 0},
    ]
    package = world.buy(package={"creative_assignments": weights})["packages"][0]["package_id"]
    rotation = world.world.market.line(package).creatives
    assert [(entry.creative_id, entry.weight) for entry in rotation] == [("a", 7500), ("b", 2500)]


def test_strict_mode_refuses_all_and_lenient_mode_only_what_is_bad(stage: Opener) -> None:
    world = stage()
    bad = creative("bad", "video_standard_99s")
    error = world.error("sync_creatives", account=ACCOUNT, creatives=[creative(), bad])
    assert error["field"] == "creatives[1].format_id"
    assert not world.seller.creatives
    good, failed = sync(world, creative(), bad, validation_mode="lenient")
    assert (good["action"], failed["action"]) == ("created", "failed")
    assert failed["errors"][0]["code"] == "VALIDATION_ERROR"


def test_assignments_to_unknown_or_foreign_packages_fail(stage: Opener) -> None:
    world = stage()
    nowhere = [{"creative_id": "spot", "package_id": "none"}]
    error = world.error("sync_creatives", account=ACCOUNT, creatives=[creative()], assignments=nowhere)
    assert error["code"] == "PACKAGE_NOT_FOUND"
    [row] = sync(world, creative(), assignments=nowhere, validation_mode="lenient")
    assert "none" in row["assignment_errors"]
    mine = world.buy()["packages"][0]["package_id"]
    error = world.error(
        "sync_creatives",
        sender="rival",
        account=ACCOUNT,
        creatives=[creative()],
        assignments=[{"creative_id": "spot", "package_id": mine}],
    )
    assert error["code"] == "PACKAGE_NOT_FOUND"


def test_a_dry_run_changes_nothing(stage: Opener) -> None:
    world = stage()
    [row] = sync(world, creative(), dry_run=True)
    assert row["action"] == "created"
    assert not world.seller.creatives


def test_what_is_left_out_of_a_full_sync_is_archived_and_no_longer_listed(stage: Opener) -> None:
    world = stage()
    sync(world, creative("a"), creative("b"))
    rows = sync(world, creative("a"), delete_missing=True)
    assert rows[-1] == {"creative_id": "b", "action": "deleted"}
    listed = world.call("list_creatives")
    assert [entry["creative_id"] for entry in listed["creatives"]] == ["a"]
    archived = world.call("list_creatives", filters={"statuses": ["archived"]})
    assert [entry["creative_id"] for entry in archived["creatives"]] == ["b"]


def test_the_library_can_be_searched(stage: Opener) -> None:
    world = stage()
    buy, package = world.running()
    sync(world, creative("loose", name="Other film", tags=["red"]))

    def ids(**filters: Any) -> list[str]:
        return [c["creative_id"] for c in world.call("list_creatives", filters=filters)["creatives"]]

    assert ids(unassigned=True) == ["loose"]
    assert ids(assigned_to_packages=[package]) == ["spot"]
    assert ids(media_buy_ids=[buy]) == ["spot"]
    assert ids(name_contains="other") == ["loose"]
    assert ids(tags=["red"]) == ["loose"]
    assert ids(statuses=["rejected"]) == []
    assert world.call("list_creatives", sender="rival")["creatives"] == []


@pytest.mark.parametrize(
    ("library", "has_tool", "says"), [(True, True, True), (False, False, False), (None, True, None)]
)
def test_the_library_is_there_absent_or_not_spoken_of(
    stage: Opener, library: bool | None, has_tool: bool, says: bool | None
) -> None:
    world = stage(creative_library=library)
    capabilities = world.call("get_adcp_capabilities")
    assert capabilities.get("creative", {}).get("has_creative_library") is says
    assert world.reply("list_creatives").ok is has_tool
    assert world.buy(package={"creatives": [creative()]})["media_buy_status"] == "pending_start"
