"""Tasks: get_task for audiences, orders and creatives that are decided later (rules 13 and 144; C61)."""

from __future__ import annotations

from typing import Any

from tests.unit.buyer.conftest import MakePlatform, Platform, banners
from tests.unit.buyer.test_audiences import members, sync

MANUAL = {"approval": {"mode": "manual", "delay": {"median": "4h", "p95": "5h"}}}
REVIEWED = {"creative_review": {"mode": "manual", "delay": {"median": "4h", "p95": "5h"}}}


def task(platform: Platform, task_id: str) -> dict[str, Any]:
    found: dict[str, Any] = platform.call("get_task", path={"taskId": task_id})["task"]
    return found


def launched(platform: Platform) -> str:
    advertiser = platform.advertiser()
    found = platform.discover(advertiser, brief="news", channels=["display"])
    campaign = platform.campaign(advertiser, discoveryId=found["discoveryId"])
    platform.select(found, found["productGroups"][0]["products"][0]["productId"])
    banners(platform, campaign)
    platform.call("execute_campaign", {}, {"campaignId": campaign})
    return campaign


def test_a_task_goes_from_submitted_over_working_to_completed(platform: Platform) -> None:  # rule 144
    done = sync(platform, platform.advertiser(), {"audienceId": "crm", "add": members(400)})
    row = task(platform, done["taskId"])
    assert (row["taskType"], row["status"], row["error"], row["response"]) == ("audience_sync", "submitted", None, None)
    assert (row["resourceType"], row["resourceId"]) == ("audience", "crm")
    wait = row["retryAfterSeconds"]
    platform.advance(f"{wait // 2}s")
    assert task(platform, done["taskId"])["status"] == "working"
    platform.advance(f"{wait}s")  # whoever waits that long has not asked in vain
    row = task(platform, done["taskId"])
    assert (row["status"], row["retryAfterSeconds"]) == ("completed", None)
    assert (row["response"]["audience_id"], row["response"]["member_count"]) == ("crm", 400)
    assert row["response"]["audiences"][0]["matched_count"] > 100
    assert row["updatedAt"] > row["createdAt"]


def test_an_order_that_people_approve_is_a_task(make_platform: MakePlatform) -> None:  # rule 144
    platform = make_platform(sellers={"northstar": MANUAL, "summit": MANUAL})
    campaign = platform.call("get_campaign", path={"campaignId": launched(platform)})
    buy = campaign["mediaBuys"][0]
    assert buy["status"] == "PENDING_APPROVAL"
    found = platform.buyer.tasks.of_media_buy(buy["mediaBuyId"])
    assert found is not None
    row = task(platform, found.task_id)
    assert (row["taskType"], row["status"], row["resourceId"]) == ("media_buy_create", "submitted", buy["mediaBuyId"])
    assert row["retryAfterSeconds"] > 0
    platform.advance("1d")
    row = task(platform, found.task_id)
    assert row["status"] == "completed"
    assert row["response"]["media_buy_id"]  # what the sales agent answered


def test_an_order_that_is_refused_is_a_failed_task_with_the_agents_error(make_platform: MakePlatform) -> None:
    slow = {"approval": {"mode": "manual", "delay": {"median": "100d", "p95": "200d"}}}  # rule 144
    platform = make_platform(sellers={"northstar": slow, "summit": slow})
    campaign = platform.call("get_campaign", path={"campaignId": launched(platform)})
    buy = campaign["mediaBuys"][0]
    found = platform.buyer.tasks.of_media_buy(buy["mediaBuyId"])
    assert found is not None
    platform.do(buy["salesAgentId"], "ask_input", task=found.metadata["agentTaskId"], missing="VAT id")
    assert task(platform, found.task_id)["status"] == "input-required"
    platform.do(buy["salesAgentId"], "reject", task=found.metadata["agentTaskId"], reason="no such brand")
    row = task(platform, found.task_id)
    assert (row["status"], row["retryAfterSeconds"]) == ("failed", None)
    assert "no such brand" in row["error"]["message"]


def test_a_review_of_creatives_that_takes_time_is_a_task(make_platform: MakePlatform) -> None:  # rule 144
    platform = make_platform(sellers={"northstar": REVIEWED, "summit": REVIEWED})
    launched(platform)
    found = [each for each in platform.buyer.tasks.tasks.values() if each.kind == "creative_sync"]
    assert found
    assert task(platform, found[0].task_id)["status"] in ("submitted", "working")
    platform.advance("3d")
    row = task(platform, found[0].task_id)
    assert (row["taskType"], row["status"], row["resourceType"]) == ("creative_sync", "completed", "creative")
    assert row["response"]["status"] == "approved"


def test_what_is_decided_at_once_is_no_task(platform: Platform) -> None:  # rule 144
    launched(platform)
    assert platform.buyer.tasks.tasks == {}


def test_an_unknown_task_is_not_found(platform: Platform) -> None:  # rules 13, 144
    assert platform.error("get_task", path={"taskId": "550e8400-e29b-41d4-a716-446655440000"})["code"] == "NOT_FOUND"


def test_asking_for_a_task_changes_nothing(platform: Platform) -> None:
    done = sync(platform, platform.advertiser(), {"audienceId": "crm", "add": members(3)})
    first, second = task(platform, done["taskId"]), task(platform, done["taskId"])
    assert first == second
