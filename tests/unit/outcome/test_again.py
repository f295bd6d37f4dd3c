"""What comes twice, at once or after a loss, and what is paused twice."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sandbox.core.errors import ApiError
from sandbox.core.money import MICROS
from sandbox.kernel.endpoint import Principal
from tests.unit.outcome.conftest import Market, Scripted, flight
from tests.unit.outcome.test_buying import buy, running

Json = dict[str, Any]
MakeScripted = Callable[..., tuple[Market, Scripted]]


def test_an_order_that_is_repeated_before_its_answer_buys_once(make_scripted: MakeScripted) -> None:  # rule 207
    market, _campaign, products = running(make_scripted)
    order = {"tacticId": "premium", "productId": products[0]["productId"], "budget": 300, "idempotencyKey": "k"}
    call, who = market.world.network.call, Principal(market.principal, "outcome")
    both = [market.world.spawn(call("script", "buyer", "create_media_buy", {"body": order}, who)) for _ in range(2)]
    while not all(process.processed for process in both):
        market.world.env.step()
    assert len(market.messages("create_media_buy", to=products[0]["salesAgentId"])) == 1
    one, two = (process.value for process in both)
    assert one is not None
    assert two is not None
    assert one.body == two.body


def test_an_order_that_failed_may_be_sent_again_under_its_key(make_scripted: MakeScripted) -> None:  # rule 207
    market, _campaign, products = running(make_scripted)
    market.world.network.set_down(products[0]["salesAgentId"], True)
    assert not buy(market, products[0], 300, idempotencyKey="k").ok
    market.world.network.set_down(products[0]["salesAgentId"], False)
    assert buy(market, products[0], 300, idempotencyKey="k").ok


def test_a_key_is_that_of_one_order(make_scripted: MakeScripted) -> None:  # rule 207
    market, _campaign, products = running(make_scripted)
    assert buy(market, products[0], 300, idempotencyKey="k").ok
    error = buy(market, products[0], 200, idempotencyKey="k").body["error"]
    assert (error["code"], error["field"]) == ("CONFLICT", "idempotencyKey")


def test_a_paused_tactic_rests_when_its_campaign_goes_on(make_scripted: MakeScripted) -> None:  # rules 68, 203
    market, campaign, products = running(make_scripted)
    assert buy(market, products[0], 300).ok
    proposal = market.tactics(campaign)["tactics"][0]["proposalId"]
    path = {"campaignId": campaign}
    market.call("pause_campaign", path=path)
    market.call("update_tactic", {"paused": True}, {**path, "proposalId": proposal})
    market.call("reactivate_campaign", path=path)
    rows = market.call("get_campaign", path=path)["mediaBuys"]
    assert [row["status"] for row in rows] == ["PAUSED"]
    market.call("update_tactic", {"paused": False}, {**path, "proposalId": proposal})
    rows = market.call("get_campaign", path=path)["mediaBuys"]
    assert [row["status"] for row in rows] == ["ACTIVE"]


def test_an_acceptance_whose_answer_was_lost_is_offered_again_as_it_was(make_scripted: MakeScripted) -> None:
    market, agent = make_scripted()  # rule 207: the agent may have it, and must then learn of another budget
    campaign = market.start_campaign(flightDates=flight())
    agent.wait_ms = 60_000
    assert market.pick(campaign, 1000)["status"] == "FAILED"
    market.advance("2m")  # the agent has acted all the same
    agent.wait_ms = 0
    row = market.pick(campaign, 400)
    assert (row["status"], row["budget"]) == ("ACTIVE", 400)
    market.advance("1m")
    offers = agent.bodies("accept-proposal")
    assert all(offer == offers[0] for offer in offers)
    assert agent.bodies("tactic-context-updated")[-1]["tactic"]["budget"] == 400


def test_an_acceptance_that_was_refused_is_offered_anew(make_scripted: MakeScripted) -> None:  # rules 201, 207
    market, agent = make_scripted()
    campaign = market.start_campaign(flightDates=flight())
    agent.answers["accept-proposal"] = ApiError("VALIDATION_ERROR", "too much")
    assert market.pick(campaign, 1000)["status"] == "FAILED"
    agent.answers["accept-proposal"] = {"acknowledged": True}
    assert market.pick(campaign, 400)["status"] == "ACTIVE"
    assert agent.bodies("accept-proposal")[-1]["tacticContext"]["budget"] == 400 == 400_000_000 / MICROS


def test_a_tactic_that_is_paused_for_a_moment_runs_again(make_scripted: MakeScripted) -> None:  # rule 203
    market, campaign, products = running(make_scripted)
    assert buy(market, products[0], 300).ok
    path = {"campaignId": campaign, "proposalId": market.tactics(campaign)["tactics"][0]["proposalId"]}
    market.call("update_tactic", {"paused": True}, path)
    market.call("update_tactic", {"paused": False}, path)
    changes = market.messages("update_media_buy", to=products[0]["salesAgentId"])
    assert [change["paused"] for change in changes if "paused" in change] == [True, False]


def test_an_acceptance_that_never_arrived_is_offered_anew(make_scripted: MakeScripted) -> None:  # rules 199, 207
    market, agent = make_scripted()
    campaign = market.start_campaign(flightDates=flight())
    market.world.network.set_down("script", True)
    assert market.pick(campaign, 1000, customFields={"target": 1})["status"] == "FAILED"
    market.world.network.set_down("script", False)
    assert market.pick(campaign, 400, customFields={"target": 2})["status"] == "ACTIVE"
    (offer,) = agent.bodies("accept-proposal")
    assert (offer["tacticContext"]["budget"], offer["customFields"]) == (400, {"target": 2})
