"""Changing, canceling and deleting media buys through update_campaign (rules 62, 85 to 95)."""

from typing import Any

import pytest

from tests.unit.buyer.conftest import MakePlatform, Platform
from tests.unit.buyer.test_campaigns import get, ready, refuse, update
from tests.unit.buyer.test_execution import execute, manual, statuses

MANUAL_UPDATES = {"updates": {"mode": "manual", "self_serve": []}}


def running(make_platform: MakePlatform, **settings: Any) -> tuple[Platform, str, dict[str, dict[str, Any]]]:
    """An executed campaign, and its media buys by sales agent."""
    platform = make_platform(**settings)
    campaign, _ = ready(platform)
    execute(platform, campaign)
    return platform, campaign, buys_of(platform, campaign)


def buys_of(platform: Platform, campaign: str) -> dict[str, dict[str, Any]]:
    return {buy["salesAgentId"]: buy for buy in get(platform, campaign)["mediaBuys"]}


def change(buy: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"mediaBuyId": buy["mediaBuyId"], "packages": [{"packageId": buy["packages"][0]["packageId"], **fields}]}


def test_products_of_a_draft_are_changed_added_and_removed(platform: Platform) -> None:  # rules 85, 86, 87
    campaign, _ = ready(platform)
    buy = buys_of(platform, campaign)["northstar"]
    first, second = (product["productId"] for product in buy["products"])
    made = update(
        platform,
        campaign,
        mediaBuys=[
            {
                "mediaBuyId": buy["mediaBuyId"],
                "products": [
                    {"product_id": first, "budget": 3000, "pacing": "front_loaded"},
                    {"product_id": second, "remove": True},
                ],
            }
        ],
    )
    draft = next(b for b in made["mediaBuys"] if b["mediaBuyId"] == buy["mediaBuyId"])
    assert [(p["productId"], p["budget"], p["pacing"]) for p in draft["products"]] == [(first, 3000, "front_loaded")]
    update(
        platform,
        campaign,
        mediaBuys=[{"mediaBuyId": buy["mediaBuyId"], "products": [{"product_id": second, "bidPrice": 50}]}],
    )
    execute(platform, campaign)
    request = platform.messages("create_media_buy", to="northstar")[0]
    assert [(p["product_id"], p["pacing"]) for p in request["packages"]] == [(first, "front_loaded"), (second, "even")]


def test_products_change_on_drafts_alone_and_packages_on_active_buys_alone(make_platform: MakePlatform) -> None:
    # rule 86
    platform, campaign, buys = running(make_platform, sellers={"harbor": manual()})
    product = [{"product_id": buys["northstar"]["packages"][0]["productId"], "budget": 5}]
    for name in ("northstar", "harbor"):
        error = refuse(platform, campaign, mediaBuys=[{"mediaBuyId": buys[name]["mediaBuyId"], "products": product}])
        assert error["code"] == "INVALID_STATE"
    waiting = {"mediaBuyId": buys["harbor"]["mediaBuyId"], "packages": [{"packageId": "x", "budget": 5}]}
    assert refuse(platform, campaign, mediaBuys=[waiting])["code"] == "INVALID_STATE"


def test_packages_are_paced_even_or_asap_only(make_platform: MakePlatform) -> None:  # rule 87
    platform, campaign, buys = running(make_platform)
    error = refuse(platform, campaign, mediaBuys=[change(buys["summit"], pacing="front_loaded")])
    assert error["field"] == "mediaBuys[0].packages[0].pacing"
    update(platform, campaign, mediaBuys=[change(buys["summit"], pacing="asap")])
    assert buys_of(platform, campaign)["summit"]["packages"][0]["pacing"] == "asap"


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"start_time": "2026-05-01T12:00:00Z"}, "start_time"),
        ({"end_time": "2026-07-01T00:00:00Z"}, "end_time"),
        ({"end_time": "2026-05-02T00:00:00Z"}, "end_time"),
        ({"start_time": "tomorrow"}, "start_time"),
    ],
)
def test_dates_of_a_buy_lie_within_the_flight(platform: Platform, fields: dict[str, Any], field: str) -> None:
    # rule 88
    campaign, _ = ready(platform)
    buy = buys_of(platform, campaign)["summit"]
    error = refuse(platform, campaign, mediaBuys=[{"mediaBuyId": buy["mediaBuyId"], **fields}])
    assert error["field"].startswith(("mediaBuys[0].start", "mediaBuys[0].end"))
    assert field in error["field"] or field.replace("_t", "T") in error["field"]


def test_a_buy_may_have_dates_of_its_own(platform: Platform) -> None:  # rule 88
    campaign, _ = ready(platform)
    buy = buys_of(platform, campaign)["summit"]
    dates = {"start_time": "2026-05-10T00:00:00Z", "end_time": "2026-05-20T00:00:00Z"}
    update(platform, campaign, mediaBuys=[{"mediaBuyId": buy["mediaBuyId"], **dates}])
    execute(platform, campaign)
    request = platform.messages("create_media_buy", to="summit")[0]
    assert (request["start_time"], request["end_time"]) == (dates["start_time"], dates["end_time"])


def test_an_update_waits_beside_the_running_version(make_platform: MakePlatform) -> None:  # rules 62, 89, 90, 95
    platform, campaign, buys = running(make_platform, sellers={"summit": MANUAL_UPDATES})
    old = buys["summit"]["packages"][0]["budget"]
    update(platform, campaign, mediaBuys=[change(buys["summit"], budget=700) | {"updated_reason": "less"}])
    versions = [b for b in get(platform, campaign)["mediaBuys"] if b["salesAgentId"] == "summit"]
    assert [(v["mediaBuyId"], v["status"]) for v in versions] == [
        (buys["summit"]["mediaBuyId"], "ACTIVE"),
        (buys["summit"]["mediaBuyId"], "PENDING_APPROVAL"),
    ]
    assert versions[0]["packages"][0]["budget"] == old
    error = refuse(platform, campaign, mediaBuys=[change(buys["summit"], budget=800)])
    assert error["code"] == "INVALID_STATE"
    platform.do("summit", "approve")
    now = [b for b in get(platform, campaign)["mediaBuys"] if b["salesAgentId"] == "summit"]
    assert [(v["status"], v["version"], v["packages"][0]["budget"]) for v in now] == [("ACTIVE", 2, 700)]
    history = [entry["why"] for b in platform.buyer.campaigns[campaign].media_buys for entry in b.history]
    assert "less" in history


def test_a_refused_update_leaves_the_running_version(make_platform: MakePlatform) -> None:  # rule 89
    platform, campaign, buys = running(make_platform, sellers={"summit": MANUAL_UPDATES})
    old = buys["summit"]["packages"][0]["budget"]
    update(platform, campaign, mediaBuys=[change(buys["summit"], budget=700)])
    platform.do("summit", "reject", reason="the page is sold")
    now = [b for b in get(platform, campaign)["mediaBuys"] if b["salesAgentId"] == "summit"]
    assert [(v["status"], v["version"], v["packages"][0]["budget"]) for v in now] == [("ACTIVE", 1, old)]
    assert "sold" in now[0]["message"]


def test_an_update_that_needs_no_approval_replaces_at_once(make_platform: MakePlatform) -> None:  # rule 89
    platform, campaign, buys = running(make_platform)
    update(platform, campaign, mediaBuys=[change(buys["summit"], budget=700)])
    now = buys_of(platform, campaign)["summit"]
    assert (now["status"], now["version"], now["packages"][0]["budget"]) == ("ACTIVE", 2, 700)


def test_empty_goals_clear_them(platform: Platform) -> None:  # rules 91, 92
    goals = {"optimizationGoals": [{"kind": "metric", "metric": "clicks"}]}
    campaign, _ = ready(platform, performanceConfig=goals)
    buy = buys_of(platform, campaign)["summit"]
    assert buy["optimization_goals"]
    update(platform, campaign, mediaBuys=[{"mediaBuyId": buy["mediaBuyId"], "optimization_goals": []}])
    assert buys_of(platform, campaign)["summit"]["optimization_goals"] == []


def test_an_active_buy_is_canceled_with_its_agent(make_platform: MakePlatform) -> None:  # rule 93
    platform, campaign, buys = running(make_platform)
    entry = {"action": "cancel", "mediaBuyId": buys["summit"]["mediaBuyId"], "reason": "cut"}
    update(platform, campaign, mediaBuys=[entry])
    sent = platform.messages("update_media_buy", to="summit")[-1]
    assert (sent["canceled"], sent["cancellation_reason"]) == (True, "cut")
    assert statuses(platform, campaign)["summit"] == "CANCELED"
    error = refuse(platform, campaign, mediaBuys=[{"action": "cancel", "mediaBuyId": buys["summit"]["mediaBuyId"]}])
    assert error["code"] == "INVALID_STATE"


def test_single_packages_are_canceled(make_platform: MakePlatform) -> None:  # rule 93
    platform, campaign, buys = running(make_platform)
    ids = [package["packageId"] for package in buys["northstar"]["packages"]]
    entry = {"action": "cancel", "mediaBuyId": buys["northstar"]["mediaBuyId"], "packageIds": ids[:1]}
    update(platform, campaign, mediaBuys=[entry])
    now = buys_of(platform, campaign)["northstar"]
    assert now["status"] == "ACTIVE"
    assert {p["packageId"]: p["canceled"] for p in now["packages"]} == {ids[0]: True, ids[1]: False}
    assert refuse(platform, campaign, mediaBuys=[entry | {"packageIds": ["x"]}])["code"] == "NOT_FOUND"


def test_a_draft_is_deleted_not_canceled(platform: Platform) -> None:  # rules 93, 94
    campaign, _ = ready(platform)
    buy = buys_of(platform, campaign)["summit"]["mediaBuyId"]
    error = refuse(platform, campaign, mediaBuys=[{"action": "cancel", "mediaBuyId": buy}])
    assert "delete" in error["message"]
    made = update(platform, campaign, mediaBuys=[{"action": "delete", "mediaBuyId": buy}])
    assert buy not in [b["mediaBuyId"] for b in made["mediaBuys"]]
    assert {"mediaBuyId": buy, "status": "ARCHIVED"} in made["mediaBuyRefs"]


@pytest.mark.parametrize("waits", ["approve", "ask_input"])
def test_a_buy_that_waits_can_be_canceled_and_an_approval_too_late_is_undone(
    make_platform: MakePlatform, waits: str
) -> None:  # rule 93
    platform, campaign, buys = running(make_platform, sellers={"harbor": manual()})
    if waits == "ask_input":
        platform.do("harbor", "ask_input", missing=["po_number"])
    update(platform, campaign, mediaBuys=[{"action": "cancel", "mediaBuyId": buys["harbor"]["mediaBuyId"]}])
    assert statuses(platform, campaign)["harbor"] == "CANCELED"
    platform.do("harbor", "approve")
    assert platform.messages("update_media_buy", to="harbor")[-1]["canceled"] is True
    assert statuses(platform, campaign)["harbor"] == "CANCELED"


def test_actions_are_mixed_in_one_call(make_platform: MakePlatform) -> None:  # rule 85
    platform, campaign, buys = running(make_platform)
    update(
        platform,
        campaign,
        mediaBuys=[
            {"action": "cancel", "mediaBuyId": buys["summit"]["mediaBuyId"], "reason": "cut"},
            {"action": "delete", "mediaBuyId": buys["harbor"]["mediaBuyId"]},
            change(buys["northstar"], budget=500),
        ],
    )
    refs = {ref["mediaBuyId"]: ref["status"] for ref in get(platform, campaign)["mediaBuyRefs"]}
    assert refs[buys["summit"]["mediaBuyId"]] == "CANCELED"
    assert refs[buys["harbor"]["mediaBuyId"]] == "ARCHIVED"
    assert buys_of(platform, campaign)["northstar"]["packages"][0]["budget"] == 500


def test_one_wrong_action_stops_all_of_them(make_platform: MakePlatform) -> None:
    platform, campaign, buys = running(make_platform)
    error = refuse(
        platform,
        campaign,
        name="never",
        mediaBuys=[
            {"action": "cancel", "mediaBuyId": buys["summit"]["mediaBuyId"]},
            {"action": "cancel", "mediaBuyId": "mb_none"},
        ],
    )
    assert (error["code"], error["field"]) == ("NOT_FOUND", "mediaBuys[1].mediaBuyId")
    assert statuses(platform, campaign)["summit"] == "ACTIVE"
    assert get(platform, campaign)["name"] == "Spring"
