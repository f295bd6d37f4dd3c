"""What agents buy through the platform, within their tactics, and what it costs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from agents.buyer.outcome.fees import charge_micros
from agents.buyer.outcome.ledger import counts_of
from sandbox.core.money import MICROS
from tests.unit.outcome.conftest import PROPOSAL, Market, Scripted, flight

Json = dict[str, Any]
MakeScripted = Callable[..., tuple[Market, Scripted]]


def running(make_scripted: MakeScripted, budget: float = 1000, **pricing: Any) -> tuple[Market, str, list[Json]]:
    """A world with a tactic that runs: world, campaign, products on offer."""
    market, agent = make_scripted()
    if pricing:
        agent.answers["get-proposals"] = {"proposals": [{**PROPOSAL, "pricing": pricing}]}
    campaign = market.start_campaign(flightDates=flight())
    market.pick(campaign, budget)
    products = market.as_agent("script", "get_products", {"channels": ["display"], "countries": ["US"]})
    assert products.ok, products.body
    return market, campaign, products.body["products"]


def buy(market: Market, product: Json, budget: float, **fields: Any) -> Any:
    body = {"tacticId": "premium", "productId": product["productId"], "budget": budget, **fields}
    return market.as_agent("script", "create_media_buy", body)


def test_products_of_all_sales_agents_are_on_offer(make_scripted: MakeScripted) -> None:  # rule 208
    market, _campaign, products = running(make_scripted)
    assert {row["salesAgentId"] for row in products} == {"northstar", "harbor"}
    assert all(row["channel"] == "display" and row["pricingOptions"] and row["forecast"] for row in products)
    none = market.as_agent("script", "get_products", {"channels": ["ctv"], "countries": ["US"]})
    assert none.body == {"products": []}


def test_a_media_buy_goes_to_the_sales_agent_with_what_is_the_platforms(make_scripted: MakeScripted) -> None:
    market, campaign, products = running(make_scripted)  # rules 208, 210
    answer = buy(market, products[0], 300)
    assert (answer.status, answer.body["budget"], answer.body["remainingBudget"]) == (201, 300, 700)
    request = market.messages("create_media_buy", to=products[0]["salesAgentId"])[0]
    assert request["packages"][0]["budget"] == 300
    assert request["packages"][0]["targeting_overlay"]["geo_countries"] == ["US"]
    assert request["packages"][0]["creative_assignments"]  # the advertiser's banner, by the platform
    assert (request["start_time"], request["end_time"]) == tuple(flight().values())
    shown = market.call("get_campaign", path={"campaignId": campaign})["mediaBuys"]
    assert [row["mediaBuyId"] for row in shown] == [answer.body["mediaBuyId"]]


def test_all_buys_together_are_never_more_than_the_tactics_budget(make_scripted: MakeScripted) -> None:  # rule 211
    market, campaign, products = running(make_scripted)
    assert buy(market, products[0], 600).ok
    refused = buy(market, products[1], 400.01)
    assert (refused.status, refused.body["error"]["field"]) == (400, "budget")
    assert buy(market, products[1], 400).ok
    assert not buy(market, products[0], 0.01).ok
    assert market.tactics(campaign)["availableBudget"] == 3600


def test_nor_are_they_by_a_change(make_scripted: MakeScripted) -> None:  # rule 211
    market, campaign, products = running(make_scripted)
    media_buy = buy(market, products[0], 600).body["mediaBuyId"]
    package = market.call("get_campaign", path={"campaignId": campaign})["mediaBuys"][0]["packages"][0]["packageId"]

    def change(budget: int) -> Any:
        action = {"mediaBuyId": media_buy, "packages": [{"packageId": package, "budget": budget}]}
        return market.reply("update_campaign", {"mediaBuys": [action]}, {"campaignId": campaign})

    assert change(1001).body["error"]["field"] == "mediaBuys"
    assert change(400).ok


def test_a_repeated_order_buys_once(make_scripted: MakeScripted) -> None:  # rule 207
    market, _campaign, products = running(make_scripted)
    first = buy(market, products[0], 300, idempotencyKey="k")
    assert buy(market, products[0], 300, idempotencyKey="k").body == first.body
    assert len(market.messages("create_media_buy", to=products[0]["salesAgentId"])) == 1


@pytest.mark.parametrize(
    ("change", "code", "field"),
    [
        ({"tacticId": "other"}, "NOT_FOUND", "tacticId"),
        ({"productId": "other"}, "NOT_FOUND", "productId"),
        ({"salesAgentId": "other"}, "NOT_FOUND", "productId"),
        ({"pricingOptionId": "other"}, "VALIDATION_ERROR", "pricingOptionId"),
        ({"budget": 0}, "VALIDATION_ERROR", "budget"),
    ],
)
def test_a_wrong_order_is_refused(make_scripted: MakeScripted, change: Json, code: str, field: str) -> None:
    market, _campaign, products = running(make_scripted)  # rule 208
    error = buy(market, products[0], **{"budget": 10, **change}).body["error"]
    assert (error["code"], error["field"]) == (code, field)


def test_an_agent_that_is_down_leaves_nothing_behind(make_scripted: MakeScripted) -> None:  # rule 211
    market, campaign, products = running(make_scripted)
    market.world.network.set_down(products[0]["salesAgentId"], True)
    refused = buy(market, products[0], 300)
    assert refused.body["error"]["code"] == "INVALID_STATE"
    assert market.call("get_campaign", path={"campaignId": campaign})["mediaBuyStatus"] is None
    market.world.network.set_down(products[0]["salesAgentId"], False)
    assert buy(market, products[1], 1000).ok  # the money is free


def test_nothing_is_bought_for_a_paused_or_ended_tactic(make_scripted: MakeScripted) -> None:  # rule 208
    market, campaign, products = running(make_scripted)
    assert buy(market, products[0], 300).ok
    proposal = market.tactics(campaign)["tactics"][0]["proposalId"]
    path = {"campaignId": campaign, "proposalId": proposal}
    market.call("update_tactic", {"paused": True}, path)
    assert buy(market, products[0], 10).body["error"]["code"] == "INVALID_STATE"
    market.advance("3d")
    assert market.tactics(campaign)["tactics"][0]["spending"]["media"] == 0  # its media buys rest too
    market.call("update_tactic", {"paused": False}, path)
    assert buy(market, products[0], 10).ok
    market.advance("40d")
    assert buy(market, products[0], 10).body["error"]["code"] == "NOT_FOUND"


def test_targeting_reaches_buys_there_are_and_those_to_come(make_scripted: MakeScripted) -> None:  # rule 208
    market, _campaign, products = running(make_scripted)
    assert buy(market, products[0], 300).ok
    body = {"tacticId": "premium", "segments": ["nobody-has-it"],
            "frequencyCap": {"impressions": 5, "period": "day"}}  # fmt: skip
    answer = market.as_agent("script", "update_targeting", body)
    assert answer.body["unmatched"] == ["nobody-has-it"]
    assert answer.body["errors"] == []
    assert buy(market, products[1], 300).ok
    cap = {"max_impressions": 5, "per": "individuals", "window": {"interval": 1, "unit": "days"}}
    sent = market.messages("update_media_buy", to=products[0]["salesAgentId"])[-1]["packages"][0]
    assert sent["targeting_overlay"]["frequency_cap"] == cap
    ordered = market.messages("create_media_buy", to=products[1]["salesAgentId"])[-1]["packages"][0]
    assert ordered["targeting_overlay"] == {**sent["targeting_overlay"]}


def test_only_agents_with_a_key_get_in(make_scripted: MakeScripted) -> None:  # rules 12, 206
    market, _campaign, products = running(make_scripted)
    market.principal = "stranger"
    assert buy(market, products[0], 1).status == 401


@pytest.mark.parametrize(
    "pricing",
    [
        {"method": "passthrough", "rate": 0},
        {"method": "revshare", "rate": 15},
        {"method": "cpm", "rate": 6},
        {"method": "vcpm", "rate": 9.99},
        {"method": "cpc", "rate": 0.25},
    ],
)
def test_what_is_charged_is_what_the_price_says_of_what_was_delivered(
    make_scripted: MakeScripted, pricing: Json
) -> None:  # rule 200
    market, campaign, products = running(make_scripted, 400, **pricing)
    assert buy(market, products[0], 200).ok
    assert buy(market, products[1], 200).ok
    market.advance("45d")
    [tactic] = market.buyer.outcome.tactics.values()
    counts = counts_of(market.buyer, tactic)
    unit = {"cpm": "impressions", "vcpm": "viewable", "cpc": "clicks"}.get(pricing["method"])
    units = counts[unit] if unit else 0
    spent = sum(market.world.market.totals(line.line_id).spend_micros for line in market.world.market.lines())
    assert counts["spend_micros"] == spent > 300 * MICROS
    assert tactic.charged_micros == charge_micros(tactic.price, spent, units, tactic.budget_micros)
    assert tactic.charged_micros <= 400 * MICROS  # rule 202
    assert tactic.fee_micros == tactic.charged_micros - spent
    if pricing["method"] == "revshare":
        assert tactic.fee_micros == spent * 15 // 100  # media were held to what leaves room for it
    shown = market.tactics(campaign)["tactics"][0]["spending"]
    assert shown["charged"] == pytest.approx(tactic.charged_micros / MICROS)
    posted = sum(event.data["charge_micros"] for event in market.events("charge"))
    assert posted == tactic.charged_micros


def test_indexes_say_what_was_delivered(make_scripted: MakeScripted) -> None:  # rule 205
    market, campaign, products = running(make_scripted, 400, method="passthrough", rate=0)
    assert buy(market, products[0], 200).ok  # half of the budget
    market.advance("9d")
    [told] = market.tactics(campaign)["tactics"][0]["feedback"]
    assert 45 <= told["deliveryIndex"] <= 55
    assert 90 <= told["performanceIndex"] <= 110  # bought at what display usually costs
