"""The test controller of creative agents (docs/building/by-layer/L3/comply-test-controller.mdx)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.creative.stage import ACCOUNT, Stage

TESTS = {"acct_tests": "acmeoutdoor.example"}


@pytest.fixture
def stage() -> Stage:
    return Stage("creative", {"test_controller": True, "sandbox_accounts": TESTS})


def play(stage: Stage, scenario: str, on: str = "acct_tests", **params: Any) -> Any:
    told: dict[str, Any] = {"account": {"account_id": on, "sandbox": True}, "params": params} if params else {}
    return stage.reply("comply_test_controller", scenario=scenario, **told).body


def banner(stage: Stage) -> None:
    shown = {"asset_type": "image", "url": "https://cdn.example/a.png", "width": 1200, "height": 628}
    body = {
        "creative_id": "hero",
        "name": "Hero",
        "format_id": {"agent_url": stage.vendor.url, "id": "source_master"},
        "assets": {"image": shown},
    }
    stage.call("sync_creatives", account=ACCOUNT, creatives=[body])


def test_it_is_there_only_where_the_settings_say_so() -> None:
    assert "comply_test_controller" not in Stage("creative", {}).vendor.endpoint.operations


def test_the_capabilities_name_the_scenarios_that_it_lists(stage: Stage) -> None:
    told = stage.call("get_adcp_capabilities")["compliance_testing"]["scenarios"]
    assert play(stage, "list_scenarios")["scenarios"] == told


def test_a_creative_moves_as_its_lifecycle_allows(stage: Stage) -> None:
    banner(stage)
    moved = play(stage, "force_creative_status", creative_id="hero", status="archived")
    assert (moved["previous_state"], moved["current_state"]) == ("approved", "archived")
    refused = play(stage, "force_creative_status", creative_id="hero", status="processing")
    assert (refused["error"], refused["current_state"]) == ("INVALID_TRANSITION", "archived")
    assert play(stage, "force_creative_status", creative_id="nobody", status="approved")["error"] == "NOT_FOUND"


def test_a_seeded_creative_is_in_every_sandbox_library_and_seeded_once(stage: Stage) -> None:
    fixture = {"status": "approved", "format_id": {"id": "vast_30s"}}
    assert play(stage, "seed_creative", creative_id="spot", fixture=fixture)["success"]
    rows = stage.call("list_creatives", account={"account_id": "acct_tests"})["creatives"]
    assert [row["creative_id"] for row in rows] == ["spot"]
    assert play(stage, "seed_creative", creative_id="spot", fixture=fixture)["previous_state"] == "existing"
    other = {**fixture, "status": "rejected"}
    assert play(stage, "seed_creative", creative_id="spot", fixture=other)["error"] == "INVALID_PARAMS"


def test_who_has_seeded_formats_lists_these_alone_and_all_by_id(stage: Stage) -> None:
    for name in ("first", "second"):
        play(stage, "seed_creative_format", format_id=name, fixture={"name": name})
    page = stage.call("list_creative_formats", pagination={"max_results": 1})["pagination"]
    assert (page["has_more"], page["total_count"]) == (True, 2)
    own = {"agent_url": stage.vendor.url, "id": "display_300x250"}
    named = stage.call("list_creative_formats", format_ids=[own])["formats"]
    assert [row["format_id"]["id"] for row in named] == ["display_300x250"]
    unknown = play(stage, "seed_creative_format", "acct_none", format_id="third", fixture={})
    assert unknown["error"] == "NOT_FOUND"


def test_an_account_can_be_suspended(stage: Stage) -> None:
    moved = play(stage, "force_account_status", account_id="acct_tests", status="suspended")
    assert moved["success"], moved
