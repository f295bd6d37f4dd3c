"""get_task_status, list_tasks, feedback, formats, capabilities, and what scenarios can do to a seller."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.core.errors import InputError
from sandbox.kernel.network import PeerUnreachable
from tests.unit.seller.conftest import Opener, Stage, creative, format_ref


def test_tasks_are_listed_for_their_owner_and_filtered(stage: Opener) -> None:
    world = stage(approval="manual")
    first, second = (world.call("create_media_buy", **world.order())["task_id"] for _ in range(2))
    world.do("reject", task=first)

    def ids(**filters: Any) -> list[str]:
        return [task["task_id"] for task in world.call("list_tasks", filters=filters)["tasks"]]

    assert ids(status="submitted") == [second]
    assert ids(statuses=["rejected"], task_types=["create_media_buy"]) == [first]
    assert ids(task_type="update_media_buy") == []
    assert ids(has_webhook=True) == []
    assert world.call("list_tasks", sender="rival")["tasks"] == []
    assert world.error("get_task_status", sender="rival", task_id=first)["code"] == "REFERENCE_NOT_FOUND"


def test_controls_mean_the_newest_that_waits_unless_one_is_named(stage: Opener) -> None:
    world = stage(approval="manual")
    first, second, third = (world.call("create_media_buy", **world.order())["task_id"] for _ in range(3))
    world.do("approve")
    world.do("reject", task=first)
    states = {i: world.call("get_task_status", task_id=i)["status"] for i in (first, second, third)}
    assert states == {first: "rejected", second: "submitted", third: "completed"}
    with pytest.raises(InputError):
        world.do("approve", task=first)


def test_the_seller_can_reject_a_buy_until_it_begins(stage: Opener) -> None:
    world = stage()
    buy = world.buy(package={"creatives": [creative()]})["media_buy_id"]
    world.do("reject", media_buy=buy, reason="sold twice")
    found = world.read(buy)
    assert (found["status"], found["rejection_reason"], found["revision"]) == ("rejected", "sold twice", 2)
    running, _ = world.running()
    with pytest.raises(InputError):
        world.do("reject", media_buy=running)


def test_the_seller_can_pause_resume_and_cancel(stage: Opener) -> None:
    world = stage()
    buy, package = world.running()
    world.do("pause", reason="technical trouble")
    assert world.read(buy)["status"] == "paused"
    assert world.world.market.line(package).active is False
    world.do("resume")
    assert world.read(buy)["status"] == "active"
    world.do("cancel", reason="contract ended")
    assert world.read(buy)["cancellation"]["canceled_by"] == "seller"


def test_a_seller_that_is_down_answers_nobody_until_it_comes_back(stage: Opener) -> None:
    world = stage()
    world.do("go_down")
    with pytest.raises(PeerUnreachable):
        world.call("get_products", buying_mode="wholesale")
    world.do("come_back")
    assert world.call("get_products", buying_mode="wholesale")["products"]


def test_feedback_is_noted_for_buys_and_packages_that_exist(stage: Opener) -> None:
    world = stage()
    buy, package = world.running()
    measured: dict[str, Any] = {
        "measurement_period": {"start": "2026-05-01T00:00:00Z", "end": "2026-05-02T00:00:00Z"},
        "performance_index": 1.3,
    }
    assert world.call("provide_performance_feedback", media_buy_id=buy, package_id=package, **measured)["success"]
    error = world.error("provide_performance_feedback", media_buy_id=buy, package_id="none", **measured)
    assert error["code"] == "PACKAGE_NOT_FOUND"
    assert world.seller.media_buys[buy].feedback[0]["performance_index"] == 1.3


def test_formats_are_those_of_the_products_and_can_be_filtered(stage: Opener) -> None:
    world = stage()

    def ids(**filters: Any) -> list[str]:
        formats = world.call("list_creative_formats", **filters)["formats"]
        return [entry["format_id"]["id"] for entry in formats]

    assert len(ids()) == 5
    assert ids(type="video") == ["video_standard_15s", "video_standard_30s"]
    assert ids(max_width=320, max_height=100) == ["display_320x50_image"]
    assert ids(format_ids=[format_ref("display_728x90_image")]) == ["display_728x90_image"]
    assert ids(asset_types=["audio"]) == []
    assert ids(name_search="30 s") == ["video_standard_30s"]


def test_capabilities_say_what_is_sold_and_how(stage: Opener) -> None:
    world = stage(adcp_versions=["3.0", "3.1"], pricing_models=["cpm", "cpc"], creative_review={"delay": "1h"})
    body = world.call("get_adcp_capabilities")
    assert body["adcp"]["supported_versions"] == ["3.0", "3.1"]
    assert body["media_buy"]["supported_pricing_models"] == ["cpm", "cpc"]
    assert body["media_buy"]["portfolio"]["publisher_domains"] == ["daily.example"]
    assert body["media_buy"]["creative_approval_mode"] == "require_human"
    assert body["account"]["sandbox"] is True
    assert "media_buy" not in world.call("get_adcp_capabilities", protocols=["creative"])


def test_equal_worlds_have_equal_digests(stage: Opener) -> None:
    def digest(seed: int) -> str:
        world: Stage = stage(seed=seed, approval={"delay": {"median": "4h", "p95": "1d"}})
        world.call("create_media_buy", **world.order(package={"creatives": [creative()]}))
        world.run("2026-05-06")
        return world.world.trace.digest()

    assert digest(1) == digest(1) != digest(2)
