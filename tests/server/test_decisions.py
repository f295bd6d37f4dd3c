"""Decisions where the documents contradict each other, seen from outside."""

from __future__ import annotations

from typing import Any

import pytest

from tests.server.conftest import Live, MakeLive

EVENT = {"kind": "event", "eventSources": [{"eventSourceId": "web", "eventType": "purchase", "valueField": "value"}]}


def test_a_paused_campaign_is_not_executed_and_an_active_one_again(make_live: MakeLive) -> None:  # rules 66, 68, C3
    live = make_live(journal="memory")
    campaign = live.launch(salesAgentNames=["Newsroom Direct"])
    again = live.ok("POST", f"campaigns/{campaign}/execute", {})
    assert (again["previousStatus"], again["newStatus"]) == ("ACTIVE", "ACTIVE")
    live.ok("POST", f"campaigns/{campaign}/pause")
    paused = live.error("POST", f"campaigns/{campaign}/execute", {})
    assert (paused["status"], paused["code"]) == (400, "INVALID_STATE")
    live.ok("DELETE", f"campaigns/{campaign}")
    assert live.error("POST", f"campaigns/{campaign}/execute", {})["code"] == "INVALID_STATE"


@pytest.mark.parametrize(
    ("goal", "target", "is_taken"),
    [
        (EVENT, {"kind": "cost_per", "value": 5}, True),
        (EVENT, {"kind": "per_ad_spend", "value": 4}, True),
        (EVENT, {"kind": "maximize_value"}, True),
        (EVENT, {"kind": "threshold_rate", "value": 0.5}, False),
        ({"kind": "metric", "metric": "clicks"}, {"kind": "cost_per", "value": 5}, True),
        ({"kind": "metric", "metric": "clicks"}, {"kind": "threshold_rate", "value": 0.01}, True),
        ({"kind": "metric", "metric": "clicks"}, {"kind": "per_ad_spend", "value": 4}, False),
    ],
)
def test_targets_are_taken_by_the_kind_of_their_goal(
    live: Live, goal: dict[str, Any], target: dict[str, Any], is_taken: bool
) -> None:  # rule 53, C10
    advertiser = live.advertiser()
    body = {"account": {"account_id": advertiser}, "event_sources": [{"event_source_id": "web"}]}
    live.ok("POST", f"advertisers/{advertiser}/event-sources/sync", body)
    change = {"performanceConfig": {"optimizationGoals": [{**goal, "target": target}]}}
    path = f"campaigns/{live.campaign(advertiser)}"
    if is_taken:
        assert live.ok("PUT", path, change)["performanceConfig"]["optimizationGoals"][0]["target"] == target
    else:
        error = live.error("PUT", path, change)
        assert error["field"].startswith("performanceConfig.optimizationGoals[0]")
        assert "takes the targets" in error["message"]


@pytest.mark.parametrize("given", ["even", "Even", "ASAP", "asap", "front_loaded", "FRONTLOADED"])
def test_pacing_is_read_in_any_case_and_shown_in_capitals(live: Live, given: str) -> None:  # C12
    budget = {"total": 100, "currency": "USD", "pacing": given}
    shown = live.ok("GET", f"campaigns/{live.campaign(live.advertiser(), budget=budget)}")["budget"]["pacing"]
    assert shown.isupper()
    assert shown.replace("_", "") == given.upper().replace("_", "")


@pytest.mark.parametrize("budget", [{"total": 0}, {"total": -1}, {"total": 10, "currency": "dollars"}])
def test_budgets_are_above_zero_in_a_currency_of_three_letters(live: Live, budget: dict[str, Any]) -> None:
    # rule 44, C70
    flight = {"startDate": "2026-05-10T00:00:00Z", "endDate": "2026-06-09T00:00:00Z"}
    body = {"advertiserId": live.advertiser(), "name": "x", "flightDates": flight, "budget": budget}
    error = live.error("POST", "campaigns", body)
    assert (error["code"], error["field"].split(".")[0]) == ("VALIDATION_ERROR", "budget")


def test_what_a_draft_and_its_row_show(live: Live) -> None:  # rule 61, C35, C36, C42, C58
    advertiser = live.advertiser()
    campaign = live.campaign(advertiser, discoveryId=live.select(advertiser, salesAgentNames=["Newsroom Direct"]))
    full = live.ok("GET", f"campaigns/{campaign}")
    row = next(row for row in live.ok("GET", "campaigns")["campaigns"] if row["campaignId"] == campaign)
    assert full["productCount"] == row["productCount"] == len(full["products"]) > 0
    assert full["data"] == {name: value for name, value in full.items() if name != "data"}
    assert all("bidPrice" in product for product in full["products"])
    assert next(r["brand"] for r in live.ok("GET", "advertisers")["items"]) == "acme.com"


def test_things_that_only_a_client_library_names_are_not_there(live: Live) -> None:  # C33, C53, C55, C56
    advertiser = live.advertiser()
    for path in ("sales-agents", "bundles", "signals", "conversion-events", f"advertisers/{advertiser}/creative-sets"):
        assert live.error("GET", path)["code"] == "NOT_FOUND"
    assert live.error("DELETE", f"advertisers/{advertiser}")["status"] == 405
    assert isinstance(live.ok("GET", "storefronts/credentials")["data"], list)


def test_single_storefronts_and_audiences_have_addresses(live: Live) -> None:  # C34, C61
    advertiser = live.advertiser()
    number = live.ok("GET", "storefronts")["data"]["items"][0]["id"]
    assert live.ok("GET", f"storefronts/{number}")["data"]["id"] == number
    body = {"audiences": [{"audienceId": "a1", "add": [{"externalId": "u", "hashedEmail": "a" * 64}]}]}
    accepted = live.ok("POST", f"advertisers/{advertiser}/audiences/sync", body)
    assert live.ok("GET", f"advertisers/{advertiser}/audiences/a1")["audienceId"] == "a1"
    task = live.ok("GET", f"tasks/{accepted['taskId']}")
    assert set(task) == {"task"}
    assert task["task"]["taskId"] == accepted["taskId"]


def test_property_lists_come_bare_and_their_list_with_a_total(live: Live) -> None:  # C46, C66
    path = f"advertisers/{live.advertiser()}/property-lists"
    made = live.ok("POST", path, {"name": "News", "purpose": "include", "domains": ["nytimes.com"]})
    assert made["domains"] == ["nytimes.com"]
    listed = live.ok("GET", path)
    assert (set(listed), listed["total"]) == ({"propertyLists", "total"}, 1)
    assert live.send("DELETE", f"{path}/{made['listId']}").status_code == 200


def test_manifests_are_snake_case_but_for_their_caps(live: Live) -> None:  # C28, C30, C48
    path = f"campaigns/{live.campaign(live.advertiser())}/creatives"
    caps = [{"max_impressions": 3, "window": {"interval": 1, "unit": "days"}}]
    asset = {"asset_type": "IMAGE", "url": "https://cdn.acme.com/a.png"}
    made = live.ok("POST", f"{path}/create", {"name": "Banner", "assets": [asset], "frequencyCaps": caps})
    assert {name for name in made if name != name.lower()} == {"frequencyCaps"}
    assert {"synced", "agent_count", "last_synced_at"} <= set(made["sync_status"])
    row = live.ok("GET", path)["manifests"][0]
    assert set(row["sync_status"]) == {"synced", "agent_count"}
    assert not {"assets", "frequencyCaps"} & set(row)


def test_filters_of_suggestions_are_texts(live: Live) -> None:  # C25
    asked = {"campaignId": "cmp_of_nobody", "mediaBuyId": "mb_of_nobody"}
    assert live.ok("GET", "optimization-suggestions", params=asked)["suggestions"] == []


def test_a_time_series_is_rows_and_no_hierarchy(live: Live) -> None:  # rule 165, C50
    told = live.ok("GET", "reporting/metrics", params={"view": "timeseries", "days": 3})
    assert isinstance(told["timeseries"], list)
    assert "advertisers" not in told


def test_a_canceled_buy_is_written_with_one_l(make_live: MakeLive) -> None:  # rules 79, 93, C13
    live = make_live(journal="memory")
    campaign = live.launch(salesAgentNames=["Newsroom Direct"])
    buy = live.ok("GET", f"campaigns/{campaign}")["mediaBuys"][0]["mediaBuyId"]
    live.ok("PUT", f"campaigns/{campaign}", {"mediaBuys": [{"action": "cancel", "mediaBuyId": buy, "reason": "cut"}]})
    assert live.ok("GET", f"campaigns/{campaign}")["mediaBuyRefs"] == [{"mediaBuyId": buy, "status": "CANCELED"}]
