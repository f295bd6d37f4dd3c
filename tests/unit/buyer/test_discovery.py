"""Discovery sessions: what agents offer, and which part of it is shown (rules 6, 8 and 115 to 123, 131)."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.kernel.faults import Fault
from sandbox.kernel.network import NetworkConfig
from tests.unit.buyer.conftest import MakePlatform, Platform

BRIEF = "A launch campaign on display, olv and ctv in the US.\n\nTwo paragraphs, in full; nothing left out."


def products(found: dict[str, Any]) -> list[str]:
    return [product["productId"] for group in found["productGroups"] for product in group["products"]]


def browse(platform: Platform, found: dict[str, Any], **params: str) -> dict[str, Any]:
    return platform.call("browse_discovery", path={"discoveryId": found["discoveryId"]}, params=params)


def test_a_discovery_is_a_session_that_can_be_browsed(platform: Platform) -> None:  # rule 115
    found = platform.discover(platform.advertiser(), brief=BRIEF)
    assert browse(platform, found) == found
    assert len(platform.messages("get_products")) == 3


def test_each_group_is_one_sales_agent(platform: Platform) -> None:  # rule 116
    found = platform.discover(platform.advertiser())
    assert [group["groupName"] for group in found["productGroups"]] == [
        "Northstar Media", "Harbor Exchange", "Summit Sales",
    ]  # fmt: skip
    for group in found["productGroups"]:
        assert {product["salesAgentId"] for product in group["products"]} == {group["salesAgentId"]}


def test_a_product_is_shown_with_its_prices_and_publishers(platform: Platform) -> None:
    found = platform.discover(platform.advertiser(), brief=BRIEF, salesAgentIds=["harbor"])
    product = next(p for p in found["productGroups"][0]["products"] if p["channel"] == "ctv")
    assert product["publisherProperties"] == [{"publisherDomain": "www.streamtv.example", "selectionType": "all"}]
    option = product["pricingOptions"][0]
    assert option["isFixed"] == ("rate" in option)
    assert product["briefRelevance"]


def test_the_brief_goes_to_the_agents_word_for_word(platform: Platform) -> None:  # rule 131
    platform.discover(platform.advertiser(), brief=BRIEF)
    assert [p["brief"] for p in platform.messages("get_products")] == [BRIEF] * 3
    assert {p["buying_mode"] for p in platform.messages("get_products")} == {"brief"}


def test_a_brief_is_never_shortened(platform: Platform) -> None:  # rule 131, C57
    long = f"  {BRIEF}  " * 600
    assert len(long) > 50_000
    advertiser = platform.advertiser()
    platform.discover(advertiser, brief=long)
    campaign = platform.campaign(advertiser, brief=long)
    found = platform.discover(advertiser, campaignId=campaign)
    body = {"advertiserId": advertiser, "discoveryId": found["discoveryId"]}
    platform.call("discover_products", {**body, "refine": [{"scope": "request", "ask": long}]})
    asked = platform.messages("get_products")
    assert [p.get("brief") for p in asked if p["buying_mode"] == "brief"] == [long] * 6
    assert [p["refine"][0]["ask"] for p in asked if p["buying_mode"] == "refine"] == [long] * 3


def test_without_a_brief_all_inventory_is_asked_for(platform: Platform) -> None:  # facts 4.0, buying_mode
    platform.discover(platform.advertiser())
    asked = platform.messages("get_products")[0]
    assert asked["buying_mode"] == "wholesale"
    assert "brief" not in asked


def test_constraints_go_to_the_agents_as_filters(platform: Platform) -> None:
    flight = {"startDate": "2026-05-10T00:00:00Z", "endDate": "2026-06-10T00:00:00Z"}
    found = platform.discover(
        platform.advertiser(), channels=["video"], countries=["us"], flightDates=flight, budget=5000
    )
    assert platform.messages("get_products")[0]["filters"] == {
        "channels": ["olv", "ctv"],  # C57
        "countries": ["US"],
        "start_date": "2026-05-10",
        "end_date": "2026-06-09",
        "budget_range": {"max": 5000, "currency": "USD"},
    }
    assert products(found) == ["herald_olv", "streamtv_ctv", "streamtv_olv"]
    assert found["budgetContext"] == {"sessionBudget": 5000, "allocatedBudget": 0, "remainingBudget": 5000}


def test_no_product_is_no_error(platform: Platform) -> None:  # rule 6
    found = platform.discover(platform.advertiser(), countries=["NZ"])
    assert (found["productGroups"], found["totalGroups"], found["hasMoreGroups"]) == ([], 0, False)
    assert found["summary"] == {"totalProducts": 0, "publishersCount": 0, "priceRange": None}


def test_an_agent_that_fails_does_not_stop_the_others(make_platform: MakePlatform) -> None:  # rules 6 and 123
    faults = [Fault("unavailable", to="harbor", message="get_products")]
    platform = make_platform(network=NetworkConfig(faults=faults))
    advertiser = platform.advertiser()
    assert "agentResults" not in platform.discover(advertiser)
    found = platform.discover(advertiser, debug=True)
    assert found["totalGroups"] == 2
    result = found["agentResults"][0]
    assert (result["agentId"], result["agentName"], result["success"]) == ("harbor", "Harbor Exchange", False)
    log = result["debugLogs"][0]
    assert log["request"]["headers"] == {"authorization": "[REDACTED]"}
    assert log["request"]["body"]["buying_mode"] == "wholesale"
    assert [r["agentId"] for r in browse(platform, found, debug="true")["agentResults"]] == ["harbor"]


def test_debugging_shows_no_agent_that_answered(platform: Platform) -> None:  # rule 123
    advertiser = platform.advertiser()
    found = platform.discover(advertiser, debug=True)
    assert found["agentResults"] == []
    assert "agentResults" not in browse(platform, found)


def test_logs_show_nothing_that_authorises(make_platform: MakePlatform) -> None:  # rule 123
    platform = make_platform()
    advertiser = platform.advertiser()
    body = {"name": "L", "purpose": "include", "domains": ["herald.example"]}
    platform.call("create_property_list", body, {"advertiserId": advertiser})
    platform.discover(advertiser)
    token = platform.messages("get_products")[0]["property_list"]["auth_token"]
    platform.world.network.config.faults.append(Fault("unavailable", to="northstar", message="get_products"))
    found = platform.discover(advertiser, debug=True)
    (result,) = found["agentResults"]
    assert [result[name] for name in ("success", "productCount")] == [False, 0]
    assert result["error"]
    assert result["rawResponseData"]["errors"]
    for log in result["debugLogs"]:
        assert (log["type"], log["request"]["method"]) == ("request", "POST")
        assert log["request"]["headers"] == {"authorization": "[REDACTED]"}
        assert log["request"]["body"]["property_list"]["auth_token"] == "[REDACTED]"
    assert len(result["debugLogs"]) == platform.buyer.config.requests.retries + 1
    assert token not in str(found)


def test_the_budget_is_that_of_the_session_less_what_is_selected(platform: Platform) -> None:  # rule 126
    found = platform.discover(platform.advertiser(), budget=5000)
    platform.select(found, "herald_olv", budget=1250.5)
    assert browse(platform, found)["budgetContext"] == {
        "sessionBudget": 5000,
        "allocatedBudget": 1250.5,
        "remainingBudget": 3749.5,
    }


def test_browsing_is_a_plain_read(platform: Platform) -> None:  # rule 115
    endpoint = platform.buyer.endpoint
    assert endpoint is not None
    for name in ("browse_discovery", "list_discovery_products"):
        assert not endpoint.operations[name].mutating
    assert endpoint.operations["discover_products"].mutating


def test_if_all_agents_fail_the_discovery_fails(make_platform: MakePlatform) -> None:  # rule 6
    faults = [Fault("unavailable", message="get_products")]
    platform = make_platform(network=NetworkConfig(faults=faults))
    error = platform.error("discover_products", {"advertiserId": platform.advertiser()})
    assert error["code"] == "INTERNAL_ERROR"
    assert len(error["details"]["agentResults"]) == 3


@pytest.mark.parametrize(
    ("wanted", "groups"),
    [("streamtv", 1), ("streamtv.example", 1), ("example", 3), ("stream", 0), ("STREAMTV", 1), ("example.www", 0)],
)
def test_a_publisher_is_found_by_whole_parts_of_its_domain(  # rule 118
    platform: Platform, wanted: str, groups: int
) -> None:
    found = platform.discover(platform.advertiser(), publisherDomain=wanted)
    assert found["totalGroups"] == groups
    assert browse(platform, found)["totalGroups"] == 3


@pytest.mark.parametrize(
    ("filters", "agents"),
    [
        ({"salesAgentNames": "north"}, ["northstar"]),
        ({"salesAgentNames": "NORTH,exchange"}, ["northstar", "harbor"]),  # rule 117: or
        ({"salesAgentIds": "harbor,summit"}, ["harbor", "summit"]),
        ({"salesAgentIds": "harb"}, []),  # rule 119: ids exactly
        ({"salesAgentIds": "harbor,summit", "salesAgentNames": "north"}, []),  # rule 117: and
        ({"salesAgentIds": "harbor,summit", "publisherDomain": "tribune"}, ["summit"]),
    ],
)
def test_agents_are_filtered(platform: Platform, filters: dict[str, str], agents: list[str]) -> None:
    found = platform.discover(platform.advertiser())
    shown = browse(platform, found, **filters)
    assert [group["salesAgentId"] for group in shown["productGroups"]] == agents


def test_a_discovery_asks_only_the_agents_that_pass_its_filter(platform: Platform) -> None:  # rule 119
    found = platform.discover(platform.advertiser(), salesAgentNames=["summit"])
    assert [group["salesAgentId"] for group in found["productGroups"]] == ["summit"]
    assert platform.messages("get_products", to="harbor") == []


def test_products_are_filtered_by_pricing_model(make_platform: MakePlatform) -> None:  # rule 120
    platform = make_platform(sellers={"summit": {"pricing_models": ["cpc"]}})
    found = platform.discover(platform.advertiser())
    assert [g["salesAgentId"] for g in browse(platform, found, pricingModel="cpc")["productGroups"]] == ["summit"]
    path = {"discoveryId": found["discoveryId"]}
    assert platform.error("browse_discovery", path=path, params={"pricingModel": "cpx"})["field"] == "pricingModel"


def test_groups_and_products_are_paged(platform: Platform) -> None:  # rules 8, 116 and 122
    found = platform.discover(platform.advertiser())
    page = browse(platform, found, groupLimit="1", groupOffset="1", productsPerGroup="1")
    group = page["productGroups"][0]
    assert (page["totalGroups"], page["hasMoreGroups"], group["salesAgentId"]) == (3, True, "harbor")
    assert (group["productCount"], group["totalProducts"], group["hasMoreProducts"]) == (1, 2, True)
    rest = browse(platform, found, groupOffset="1", productsPerGroup="1", productOffset="1")
    assert rest["productGroups"][0]["hasMoreProducts"] is False
    assert rest["hasMoreGroups"] is False
    assert rest["productGroups"][0]["groupId"] == group["groupId"]
    every = products(browse(platform, found))
    assert set(products(page) + products(rest)) <= set(every)
    for params in ({"groupLimit": "11"}, {"productsPerGroup": "16"}, {"groupOffset": "-1"}):
        path = {"discoveryId": found["discoveryId"]}
        assert platform.error("browse_discovery", path=path, params=params)["code"] == "VALIDATION_ERROR"


def test_filters_run_before_groups_are_paged(platform: Platform) -> None:  # rule 116
    found = platform.discover(platform.advertiser())
    page = browse(platform, found, publisherDomain="tribune", groupLimit="1")
    assert (page["totalGroups"], page["hasMoreGroups"]) == (1, False)
    assert page["summary"]["totalProducts"] == 1


def test_a_routed_campaign_sees_the_agents_that_the_customer_authorised(make_platform: MakePlatform) -> None:
    # rules 46 and 121
    platform = make_platform(buyer={"customers": [{"name": "Acme", "authorised_sellers": ["summit"]}]})
    advertiser = platform.advertiser()
    routed = platform.campaign(advertiser, campaignType="ROUTED")
    decisioned = platform.campaign(advertiser)
    assert platform.discover(advertiser, campaignId=routed)["totalGroups"] == 1
    assert platform.discover(advertiser, campaignId=decisioned)["totalGroups"] == 3


def test_a_campaign_gives_what_its_discovery_does_not_say(platform: Platform) -> None:
    advertiser = platform.advertiser()
    campaign = platform.campaign(advertiser, brief=BRIEF, constraints={"channels": ["ctv"], "countries": ["US"]})
    found = platform.discover(advertiser, campaignId=campaign)
    asked = platform.messages("get_products", to="harbor")[0]
    assert (asked["brief"], asked["filters"]["channels"]) == (BRIEF, ["ctv"])
    assert asked["filters"]["start_date"] == "2026-05-02"
    assert platform.call("get_campaign", path={"campaignId": campaign})["discoveryId"] == found["discoveryId"]


def test_an_archived_campaign_discovers_nothing(platform: Platform) -> None:  # rule 70
    advertiser = platform.advertiser()
    campaign = platform.campaign(advertiser)
    platform.call("delete_campaign", path={"campaignId": campaign})
    body = {"advertiserId": advertiser, "campaignId": campaign}
    assert platform.error("discover_products", body)["code"] == "INVALID_STATE"


def test_a_campaign_discovers_for_its_own_advertiser(platform: Platform) -> None:
    campaign = platform.campaign(platform.advertiser())
    body = {"advertiserId": platform.advertiser(name="Other"), "campaignId": campaign}
    assert platform.error("discover_products", body)["field"] == "campaignId"


def test_a_session_belongs_to_its_customer(make_platform: MakePlatform) -> None:  # rule 13
    platform = make_platform(buyer={"customers": [{"name": "Acme"}, {"name": "Rival"}]})
    found = platform.discover(platform.advertiser())
    path = {"discoveryId": found["discoveryId"]}
    for operation in ("browse_discovery", "list_discovery_products"):
        assert platform.error(operation, path=path, customer="rival")["code"] == "NOT_FOUND"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"channels": ["smoke signals"]}, "channels"),
        ({"countries": ["USA"]}, "countries[0]"),
        ({"budget": 0}, "budget"),
        ({"flightDates": {"startDate": "2026-06-01", "endDate": "2026-05-01"}}, "flightDates.endDate"),
        ({"campaignId": "cmp_none"}, None),
    ],
)
def test_a_wrong_discovery_asks_nobody(platform: Platform, body: dict[str, Any], field: str | None) -> None:
    error = platform.error("discover_products", {"advertiserId": platform.advertiser(), **body})
    assert error.get("field") == field
    assert platform.messages("get_products") == []


def test_all_pages_of_an_agent_are_read(make_platform: MakePlatform) -> None:
    placements = [{"id": f"p{n}", "channel": "display"} for n in range(60)]
    platform = make_platform(
        publishers={
            "herald": {"domain": "herald.example", "placements": placements},
            "streamtv": {"domain": "streamtv.example", "placements": [{"channel": "ctv"}]},
            "tribune": {"domain": "tribune.example", "placements": [{"channel": "display"}]},
        }
    )
    found = platform.discover(platform.advertiser(), salesAgentIds=["northstar"])
    assert found["summary"]["totalProducts"] == 60
    assert len(platform.messages("get_products", to="northstar")) == 2


def test_debug_logs_show_an_agent_that_was_never_reached(make_platform: MakePlatform) -> None:  # rule 123
    platform = make_platform()
    advertiser = platform.advertiser()
    platform.world.actors["harbor"].go_down()
    found = platform.discover(advertiser, debug=True)
    (failed,) = found["agentResults"]
    assert failed["agentId"] == "harbor"
    assert len(failed["debugLogs"]) == 4
    assert {entry["request"]["headers"]["authorization"] for entry in failed["debugLogs"]} == {"[REDACTED]"}
