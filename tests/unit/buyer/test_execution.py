"""Launching, pausing, coming back, ending (rules 66 to 84, 91, 92, 111)."""

from typing import Any

from tests.unit.buyer.conftest import MakePlatform, Platform, banners
from tests.unit.buyer.test_campaigns import get, ready, update


def execute(platform: Platform, campaign: str, **body: Any) -> dict[str, Any]:
    return platform.call("execute_campaign", body, {"campaignId": campaign})


def statuses(platform: Platform, campaign: str) -> dict[str, str]:
    return {buy["salesAgentId"]: buy["status"] for buy in get(platform, campaign)["mediaBuys"]}


def manual(**settings: Any) -> dict[str, Any]:
    return {"approval": {"mode": "manual", **settings}}


def test_execute_launches_a_draft(platform: Platform) -> None:  # rules 66, 73, 77
    campaign, _ = ready(platform)
    assert execute(platform, campaign) == {
        "campaignId": campaign,
        "previousStatus": "DRAFT",
        "newStatus": "ACTIVE",
        "success": True,
    }
    assert set(statuses(platform, campaign).values()) == {"ACTIVE"}


def test_each_sales_agent_gets_one_media_buy_and_each_product_one_package(platform: Platform) -> None:  # rules 72, 78
    campaign, found = ready(platform)
    execute(platform, campaign)
    buys = get(platform, campaign)["mediaBuys"]
    assert sorted(buy["salesAgentId"] for buy in buys) == ["harbor", "northstar", "summit"]
    groups = {group["salesAgentId"]: group["totalProducts"] for group in found["productGroups"]}
    assert {buy["salesAgentId"]: len(buy["packages"]) for buy in buys} == groups
    assert sum(package["budget"] for buy in buys for package in buy["packages"]) == 9200


def test_executing_again_is_safe_and_touches_no_running_buy(platform: Platform) -> None:  # rules 66, 72, 73
    campaign, _ = ready(platform)
    execute(platform, campaign)
    before = get(platform, campaign)["mediaBuys"]
    again = execute(platform, campaign)
    assert (again["previousStatus"], again["newStatus"], again["success"]) == ("ACTIVE", "ACTIVE", True)
    assert get(platform, campaign)["mediaBuys"] == before
    assert len(platform.messages("create_media_buy")) == 3


def test_attaching_a_session_makes_drafts_before_execution(platform: Platform) -> None:  # rule 74
    advertiser = platform.advertiser()
    campaign = platform.campaign(advertiser)
    found = platform.discover(advertiser, brief="news", salesAgentIds=["summit"])
    platform.select(found)
    assert get(platform, campaign)["mediaBuys"] == []
    made = update(platform, campaign, discoveryId=found["discoveryId"])
    assert [(buy["salesAgentId"], buy["status"]) for buy in made["mediaBuys"]] == [("summit", "DRAFT")]
    assert platform.messages("create_media_buy") == []


def test_a_new_session_adds_buys_without_touching_the_others(platform: Platform) -> None:  # rules 66, 72
    advertiser = platform.advertiser()
    first = platform.discover(advertiser, brief="news", salesAgentIds=["summit"])
    platform.select(first, budget=1000)
    campaign = platform.campaign(advertiser, discoveryId=first["discoveryId"])
    execute(platform, campaign)
    second = platform.discover(advertiser, brief="sports", salesAgentIds=["harbor"])
    platform.select(second, budget=1000)
    update(platform, campaign, discoveryId=second["discoveryId"])
    assert statuses(platform, campaign) == {"summit": "ACTIVE", "harbor": "DRAFT"}
    execute(platform, campaign)
    assert statuses(platform, campaign) == {"summit": "ACTIVE", "harbor": "ACTIVE"}
    assert len(platform.messages("create_media_buy", to="summit")) == 1


def test_a_partial_failure_is_told_and_tried_again(make_platform: MakePlatform) -> None:  # rules 75, 76
    platform = make_platform()
    campaign, _ = ready(platform)
    platform.world.actors["harbor"].go_down()
    result = execute(platform, campaign)
    assert (result["newStatus"], result["success"]) == ("ACTIVE", False)
    assert [error["salesAgentId"] for error in result["errors"]] == ["harbor"]
    assert "debug" not in result["errors"][0]
    assert statuses(platform, campaign) == {"northstar": "ACTIVE", "harbor": "FAILED", "summit": "ACTIVE"}
    platform.world.actors["harbor"].come_back()
    again = execute(platform, campaign)
    assert again["success"]
    assert set(statuses(platform, campaign).values()) == {"ACTIVE"}


def test_debug_shows_the_exchange_with_the_agent(make_platform: MakePlatform) -> None:  # rule 76
    platform = make_platform(sellers={"harbor": {"approval": {"reject_if": [{"budget_under": 1_000_000}]}}})
    campaign, _ = ready(platform)
    error = execute(platform, campaign, debug=True)["errors"][0]
    assert error["salesAgentId"] == "harbor"
    assert error["debug"]["request"]["packages"]
    assert error["debug"]["response"]["errors"]
    assert error["debug"]["debugLogs"][0]["request"]["headers"]["authorization"] == "[REDACTED]"


def test_without_products_there_is_nothing_to_launch(platform: Platform) -> None:
    campaign = platform.campaign(platform.advertiser())
    error = platform.error("execute_campaign", {}, {"campaignId": campaign})
    assert error["code"] == "VALIDATION_ERROR"
    assert get(platform, campaign)["status"] == "DRAFT"


def test_products_that_want_more_than_the_media_budget_are_refused_whole(platform: Platform) -> None:  # rule 56
    advertiser = platform.advertiser()
    found = platform.discover(advertiser, brief="news", salesAgentIds=["summit"])
    platform.select(found, budget=9_500)
    campaign = platform.campaign(advertiser, discoveryId=found["discoveryId"])
    error = platform.error("execute_campaign", {}, {"campaignId": campaign})
    assert error["field"] == "budget.total"
    assert get(platform, campaign)["status"] == "DRAFT"
    assert platform.messages("create_media_buy") == []


def test_pause_halts_every_buy_and_reactivate_brings_it_back(platform: Platform) -> None:  # rules 67, 68, 111
    campaign, _ = ready(platform)
    execute(platform, campaign)
    paused = platform.call("pause_campaign", path={"campaignId": campaign})
    assert (paused["previousStatus"], paused["newStatus"]) == ("ACTIVE", "PAUSED")
    assert set(statuses(platform, campaign).values()) == {"PAUSED"}
    assert all(p["paused"] for buy in get(platform, campaign)["mediaBuys"] for p in buy["packages"])
    back = platform.call("reactivate_campaign", path={"campaignId": campaign})
    assert (back["previousStatus"], back["newStatus"]) == ("PAUSED", "ACTIVE")
    assert set(statuses(platform, campaign).values()) == {"ACTIVE"}


def test_only_reactivate_ends_a_pause(platform: Platform) -> None:  # rules 68, 70
    campaign, _ = ready(platform)
    execute(platform, campaign)
    platform.call("pause_campaign", path={"campaignId": campaign})
    error = platform.error("execute_campaign", {}, {"campaignId": campaign})
    assert error["code"] == "INVALID_STATE"
    assert "reactivate" in error["message"]


def test_wrong_states_are_refused(platform: Platform) -> None:  # rule 70
    campaign, _ = ready(platform)
    for operation in ("pause_campaign", "reactivate_campaign"):
        assert platform.error(operation, path={"campaignId": campaign})["code"] == "INVALID_STATE"


def test_a_buy_that_is_approved_during_a_pause_is_paused_too(make_platform: MakePlatform) -> None:  # rule 67
    platform = make_platform(sellers={"harbor": manual()})
    campaign, _ = ready(platform)
    execute(platform, campaign)
    platform.call("pause_campaign", path={"campaignId": campaign})
    platform.do("harbor", "approve")
    assert statuses(platform, campaign)["harbor"] == "PAUSED"


def test_a_campaign_is_completed_at_its_end(platform: Platform) -> None:  # rule 69
    campaign, _ = ready(platform)
    banners(platform, campaign)
    execute(platform, campaign)
    platform.advance("30d")
    assert get(platform, campaign)["status"] == "ACTIVE"
    platform.advance("1d1h")
    assert get(platform, campaign)["status"] == "COMPLETED"
    assert set(statuses(platform, campaign).values()) == {"COMPLETED"}
    error = platform.error("execute_campaign", {}, {"campaignId": campaign})
    assert error["field"] == "flightDates.endDate"


def test_the_most_restrictive_status_is_shown(make_platform: MakePlatform) -> None:  # rule 80
    platform = make_platform(sellers={"harbor": manual()})
    campaign, _ = ready(platform)
    execute(platform, campaign)
    assert statuses(platform, campaign)["harbor"] == "PENDING_APPROVAL"
    assert get(platform, campaign)["mediaBuyStatus"] == "PENDING_APPROVAL"


def test_an_agent_that_needs_more_shows_as_input_required(make_platform: MakePlatform) -> None:  # rule 81
    platform = make_platform(sellers={"harbor": manual()})
    campaign, _ = ready(platform)
    execute(platform, campaign)
    platform.do("harbor", "ask_input", missing=["io_acceptance"])
    assert statuses(platform, campaign)["harbor"] == "INPUT_REQUIRED"
    buy = next(b for b in get(platform, campaign)["mediaBuys"] if b["salesAgentId"] == "harbor")
    assert "io_acceptance" in buy["inputRequired"]


def test_a_status_arrives_by_webhook(make_platform: MakePlatform) -> None:  # rule 82
    platform = make_platform(buyer={"poll_interval": None}, sellers={"harbor": manual(), "summit": manual()})
    campaign, _ = ready(platform)
    execute(platform, campaign)
    platform.do("harbor", "approve")
    platform.do("summit", "reject", reason="not our audience")
    assert statuses(platform, campaign) == {"northstar": "ACTIVE", "harbor": "ACTIVE", "summit": "REJECTED"}
    assert platform.messages("get_task_status") == []


def test_a_status_is_found_by_polling(make_platform: MakePlatform) -> None:  # rules 2, 82, 83
    platform = make_platform(
        buyer={"webhooks": False, "poll_interval": None}, sellers={"harbor": manual(), "summit": manual()}
    )
    campaign, _ = ready(platform)
    execute(platform, campaign)
    platform.do("harbor", "approve")
    assert statuses(platform, campaign)["harbor"] == "PENDING_APPROVAL"
    told = platform.call("get_media_buy_status", path={"campaignId": campaign})
    assert told["campaign_id"] == campaign
    assert told["agents_queried"] == 3
    assert told["errors"] == []
    rows = {row["previous_internal_status"]: row for row in told["media_buys"] if row["updated"]}
    assert rows["PENDING_APPROVAL"]["internal_status"] == "ACTIVE"
    assert rows["PENDING_APPROVAL"]["previous_adcp_status"] is None
    assert statuses(platform, campaign)["harbor"] == "ACTIVE"


def test_an_agent_that_does_not_answer_is_an_error_of_its_buy_alone(platform: Platform) -> None:  # rule 83
    campaign, _ = ready(platform)
    execute(platform, campaign)
    platform.world.actors["harbor"].go_down()
    told = platform.call("get_media_buy_status", path={"campaignId": campaign})
    assert len(told["errors"]) == 1
    assert len(told["media_buys"]) == 3


def test_media_buys_have_no_operations_of_their_own(platform: Platform) -> None:  # rule 84
    endpoint = platform.buyer.endpoint
    assert endpoint is not None
    paths = [operation.detail.path for operation in endpoint.operations.values()]
    assert not [path for path in paths if path.endswith(("/media-buys", "/media-buys/{mediaBuyId}"))]
    assert {"get_media_buy_status", "update_campaign"} <= set(endpoint.operations)


def test_goals_of_a_buy_go_to_every_package_and_are_never_invented(platform: Platform) -> None:  # rules 91, 92
    campaign, _ = ready(platform)
    goal = {"kind": "metric", "metric": "clicks", "target": {"kind": "cost_per", "value": 0.5}}
    buys = {buy["salesAgentId"]: buy["mediaBuyId"] for buy in get(platform, campaign)["mediaBuys"]}
    update(platform, campaign, mediaBuys=[{"mediaBuyId": buys["northstar"], "optimization_goals": [goal]}])
    execute(platform, campaign)
    told = {name: platform.messages("create_media_buy", to=name)[0]["packages"] for name in buys}
    assert all(package["optimization_goals"] == [goal] for package in told["northstar"])
    assert not any("optimization_goals" in package for package in told["harbor"])
