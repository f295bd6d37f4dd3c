"""Orders that get no clear answer, come twice, or may not be placed (rules 46, 72, 73, 75, 86, 94)."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.core.time import HOUR_MS, parse_duration
from sandbox.kernel.endpoint import Principal
from sandbox.kernel.faults import Fault
from sandbox.kernel.network import NetworkConfig
from tests.unit.buyer.conftest import MakePlatform, Platform
from tests.unit.buyer.test_campaigns import get, ready, refuse, update
from tests.unit.buyer.test_execution import execute, manual, statuses
from tests.unit.buyer.test_media_buys import buys_of, change

ATTEMPTS = 4


def unanswered(agent: str, operation: str = "create_media_buy") -> NetworkConfig:
    """The agent serves all attempts of the first request, and none of its answers arrives."""
    return NetworkConfig(faults=[Fault("answer_lost", to=agent, message=operation, count=ATTEMPTS)])


def bought(platform: Platform, agent: str) -> int:
    """How many media buys a sales agent really has."""
    return len([event for event in platform.events("status", entity="media_buy", old=None) if event.actor == agent])


def meanwhile(platform: Platform, operation: str, body: dict[str, Any] | None, campaign: str, after: str) -> Any:
    """Send a request some time from now, while another one is under way."""
    payload = {"pathParams": {"campaignId": campaign}, "params": {}, "body": body}
    done: list[Any] = []

    def steps() -> Any:
        yield platform.world.env.timeout(parse_duration(after))
        call = platform.world.network.call("driver", "buyer", operation, payload, Principal("acme", "driver"))
        done.append((yield from call))

    platform.world.spawn(steps())
    return done


@pytest.mark.parametrize("policy", [{}, manual()], ids=["at once", "after approval"])
def test_an_order_whose_answer_was_lost_is_not_bought_twice(
    make_platform: MakePlatform, policy: dict[str, Any]
) -> None:
    # rule 75
    platform = make_platform(network=unanswered("harbor"), sellers={"harbor": policy})
    campaign, _ = ready(platform)
    assert not execute(platform, campaign)["success"]
    assert statuses(platform, campaign)["harbor"] == "FAILED"
    assert execute(platform, campaign)["success"]
    expected = "PENDING_APPROVAL" if policy else "ACTIVE"
    assert statuses(platform, campaign)["harbor"] == expected
    requests = platform.messages("create_media_buy", to="harbor")
    assert len(requests) == ATTEMPTS + 1
    assert all(request == requests[0] for request in requests)
    if policy:
        platform.do("harbor", "approve")
    assert statuses(platform, campaign)["harbor"] == "ACTIVE"
    assert bought(platform, "harbor") == 1


def test_an_order_that_was_refused_is_made_anew(make_platform: MakePlatform) -> None:  # rule 75
    platform = make_platform(sellers={"harbor": {"min_budget": 2_000}})
    campaign, _ = ready(platform)
    assert not execute(platform, campaign)["success"]
    update(platform, campaign, budget={"total": 40_000})
    assert statuses(platform, campaign)["harbor"] == "FAILED"
    execute(platform, campaign)
    keys = {request["idempotency_key"] for request in platform.messages("create_media_buy", to="harbor")}
    assert len(keys) == 2


def test_an_unanswered_order_that_has_become_impossible_is_made_anew(make_platform: MakePlatform) -> None:  # rule 75
    drops = NetworkConfig(faults=[Fault("drop", to="harbor", message="create_media_buy", count=ATTEMPTS)])
    platform = make_platform(network=drops)
    campaign, _ = ready(platform)
    execute(platform, campaign)
    platform.until("2026-05-04T00:00:00Z")  # the start that the order named is over
    assert execute(platform, campaign)["success"]
    requests = platform.messages("create_media_buy", to="harbor")
    assert requests[ATTEMPTS] == requests[0]
    assert requests[-1]["start_time"] == "asap"
    assert requests[-1]["idempotency_key"] != requests[0]["idempotency_key"]
    assert bought(platform, "harbor") == 1


def test_two_executions_at_once_submit_each_draft_once(platform: Platform) -> None:  # rule 73
    campaign, _ = ready(platform)
    other = meanwhile(platform, "execute_campaign", {}, campaign, after="50ms")
    assert execute(platform, campaign)["success"]
    platform.advance("1m")
    assert other[0].body["success"]
    assert len(platform.messages("create_media_buy")) == 3


def test_a_draft_that_is_deleted_on_its_way_is_canceled_with_the_agent(platform: Platform) -> None:  # rule 94
    campaign, _ = ready(platform)
    buy = buys_of(platform, campaign)["harbor"]["mediaBuyId"]
    delete = {"mediaBuys": [{"mediaBuyId": buy, "action": "delete"}]}
    other = meanwhile(platform, "update_campaign", delete, campaign, after="150ms")
    execute(platform, campaign)
    platform.advance("1m")
    assert other[0].ok
    assert set(statuses(platform, campaign)) == {"northstar", "summit"}
    assert [request["canceled"] for request in platform.messages("update_media_buy", to="harbor")] == [True]


def test_products_of_a_draft_on_its_way_do_not_change(platform: Platform) -> None:  # rule 86
    campaign, _ = ready(platform)
    buy = buys_of(platform, campaign)["harbor"]
    wanted = {"product_id": buy["products"][0]["productId"], "budget": 5}
    edit = {"mediaBuys": [{"mediaBuyId": buy["mediaBuyId"], "products": [wanted]}]}
    other = meanwhile(platform, "update_campaign", edit, campaign, after="150ms")
    execute(platform, campaign)
    platform.advance("1m")
    assert other[0].body["error"]["code"] == "INVALID_STATE"


def test_a_routed_campaign_buys_from_authorised_agents_alone(make_platform: MakePlatform) -> None:  # rule 46
    customer = {"name": "Acme", "principal": "acme", "authorised_sellers": ["harbor"]}
    platform = make_platform(buyer={"customers": [customer]})
    advertiser = platform.advertiser()
    found = platform.discover(advertiser, brief="news")
    platform.select(found)
    routed = {"campaignType": "ROUTED", "discoveryId": found["discoveryId"]}
    campaign = platform.campaign(advertiser, campaignType="ROUTED")
    assert refuse(platform, campaign, discoveryId=found["discoveryId"])["field"] == "discoveryId"
    others = [p for g in found["productGroups"] if g["groupName"] != "Harbor Exchange" for p in g["products"]]
    ids = {"productIds": [product["productId"] for product in others]}
    platform.call("remove_discovery_products", ids, {"discoveryId": found["discoveryId"]})
    assert refuse(platform, campaign, discoveryId="absent")["code"] == "NOT_FOUND"
    again = platform.campaign(advertiser, **routed)
    assert execute(platform, again)["success"]
    assert statuses(platform, again) == {"harbor": "ACTIVE"}
    error = platform.error(
        "create_campaign",
        {
            "advertiserId": advertiser,
            "name": "Two",
            "flightDates": {"startDate": "2026-05-02", "endDate": "2026-05-20"},
            "budget": {"total": 100},
            "productIds": ids["productIds"][:1],
            **routed,
        },
    )
    assert error["code"] == "VALIDATION_ERROR"
    chosen = platform.call("list_discovery_products", path={"discoveryId": found["discoveryId"]})
    assert {row["salesAgentId"] for row in chosen["products"]} == {"harbor"}  # nothing half done


def test_products_in_another_currency_are_not_bought(make_platform: MakePlatform) -> None:
    platform = make_platform(sellers={"harbor": {"currency": "EUR"}})
    advertiser = platform.advertiser()
    found = platform.discover(advertiser, brief="news", salesAgentIds=["harbor"])
    platform.select(found)
    campaign = platform.campaign(advertiser)
    assert refuse(platform, campaign, discoveryId=found["discoveryId"])["field"] == "budget.currency"
    update(platform, campaign, budget={"currency": "EUR"})
    update(platform, campaign, discoveryId=found["discoveryId"])
    assert execute(platform, campaign)["success"]


def test_a_change_whose_answer_was_lost_is_seen_at_the_next_look(make_platform: MakePlatform) -> None:  # rule 83
    platform = make_platform(network=unanswered("harbor", "update_media_buy"))
    campaign, _ = ready(platform)
    execute(platform, campaign)
    buy = buys_of(platform, campaign)["harbor"]
    answer = update(platform, campaign, mediaBuys=[change(buy, budget=500)])
    assert [error["salesAgentId"] for error in answer["errors"]] == ["harbor"]
    platform.call("get_media_buy_status", path={"campaignId": campaign})
    seen = buys_of(platform, campaign)["harbor"]
    assert seen["packages"][0]["budget"] == 500
    assert update(platform, campaign, mediaBuys=[change(seen, budget=600)]).get("errors") is None


def test_firm_orders_keep_their_campaign_from_being_deleted(make_platform: MakePlatform) -> None:  # rule 71
    platform = make_platform(sellers={"harbor": {"cancellable": False}})
    campaign, _ = ready(platform)
    execute(platform, campaign)
    error = platform.error("delete_campaign", path={"campaignId": campaign})
    assert error["code"] == "INVALID_STATE"
    assert [row["salesAgentId"] for row in error["details"]["errors"]] == ["harbor"]
    assert get(platform, campaign)["status"] == "ACTIVE"
    assert statuses(platform, campaign) == {"harbor": "ACTIVE"}


@pytest.mark.parametrize("how", ["the buy is deleted", "the campaign is deleted"])
def test_an_order_that_was_deleted_before_its_answer_came_is_canceled_with_the_agent(
    make_platform: MakePlatform, how: str
) -> None:  # rules 75, 93, 94
    platform = make_platform(network=unanswered("harbor"), buyer={"poll_interval": "1h"})
    campaign, _ = ready(platform)
    answer = execute(platform, campaign)
    lost = next(error["mediaBuyId"] for error in answer["errors"])
    assert bought(platform, "harbor") == 1
    if how == "the buy is deleted":
        update(platform, campaign, mediaBuys=[{"mediaBuyId": lost, "action": "delete"}])
    else:
        platform.call("delete_campaign", path={"campaignId": campaign})
    platform.advance("1d")
    there = [event.data["new"] for event in platform.events("status", entity="media_buy") if event.actor == "harbor"]
    assert bought(platform, "harbor") == 1
    assert there[-1] == "canceled"


def test_an_unanswered_order_is_not_taken_for_one_that_looks_the_same_and_was_deleted(
    make_platform: MakePlatform,
) -> None:  # rules 75, 94
    slow = {"approval": {"mode": "manual", "delay": "3h"}}
    platform = make_platform(sellers={"harbor": slow}, buyer={"webhooks": False, "poll_interval": "1h"})
    campaign, _ = ready(platform)
    execute(platform, campaign)
    platform.advance("1h")
    row = {"mediaBuyId": buys_of(platform, campaign)["harbor"]["mediaBuyId"], "action": "delete"}
    update(platform, campaign, mediaBuys=[row])
    silent = Fault("unavailable", to="harbor", message="get_task_status", until_ms=platform.world.now + 3 * HOUR_MS)
    platform.world.network.faults.rules += [silent, *unanswered("harbor").faults]
    assert not execute(platform, campaign)["success"]
    platform.advance("2h10m")
    assert statuses(platform, campaign)["harbor"] == "FAILED", "the agent has decided about the deleted one only"
    platform.advance("2h")
    ends = {event.data["id"]: event.data["new"] for event in platform.events("status", entity="media_buy")}
    of_harbor = [e.data["id"] for e in platform.events("status", entity="media_buy", old=None) if e.actor == "harbor"]
    assert [ends[media_buy] == "canceled" for media_buy in of_harbor] == [True, False]
    assert statuses(platform, campaign)["harbor"] == "ACTIVE"
    known = [
        buy.adcp_media_buy_id for buy in platform.buyer.campaigns[campaign].media_buys if buy.seller_id == "harbor"
    ]
    assert known == of_harbor
