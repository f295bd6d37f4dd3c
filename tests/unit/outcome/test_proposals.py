"""Collecting proposals: what is asked, what comes in time, what can be taken."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import pytest

from sandbox.kernel.faults import Fault
from sandbox.kernel.latency import Latency
from sandbox.kernel.network import NetworkConfig
from tests.unit.outcome.conftest import PROPOSAL, MakeMarket, Market, Scripted, flight

Json = dict[str, Any]
MakeScripted = Callable[..., tuple[Market, Scripted]]


def test_agents_are_asked_when_a_campaign_is_set_up(make_scripted: MakeScripted) -> None:  # rule 198, C31
    market, agent = make_scripted()
    campaign = market.start_campaign(brief="Launch of a new product", flightDates=flight())
    [body] = agent.bodies("get-proposals")
    assert body["campaignId"] == campaign
    assert market.messages("get-proposals")[0]["body"]["budgetRange"] == {"min": 0, "max": 4600, "currency": "USD"}
    assert (body["channels"], body["countries"], body["brief"]) == (["display"], ["US"], "Launch of a new product")
    assert body["seatId"] == str(market.buyer.customer(1).customer_id)
    assert body["brandManifest"]["name"] == "Acme Corp"
    assert {"cpm", "vcpm", "revshare"} <= set(body["acceptedPricingMethods"])


def test_an_empty_list_is_a_valid_answer(make_scripted: MakeScripted) -> None:  # rule 198
    market, agent = make_scripted()
    agent.answers["get-proposals"] = {"proposals": []}
    found = market.tactics(market.start_campaign())
    assert (found["tactics"], found["rounds"][0]["agents"][0]["reaction"]) == ([], "NOTHING")


def test_a_proposal_is_shown_with_all_that_it_says(make_scripted: MakeScripted) -> None:  # rule 199
    market, agent = make_scripted()
    field = {"fieldName": "targetVCPM", "fieldType": "number", "description": "Target vCPM in USD"}
    agent.answers["get-proposals"] = {
        "proposals": [{**PROPOSAL, "sku": "premium-vcpm", "customFieldsRequired": [field]}]
    }
    [row] = market.tactics(market.start_campaign())["tactics"]
    assert row["tacticId"] == "premium"
    assert (row["execution"], row["budgetCapacity"], row["sku"]) == ("Premium inventory", 5000, "premium-vcpm")
    assert row["pricing"] == {"method": "revshare", "rate": 15.0, "currency": "USD"}
    assert row["customFieldsRequired"] == [field]


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"pricing": {"method": "handshake", "rate": 1}}, "pricing.method"),  # rule 200
        ({"pricing": {"method": "cpm", "rate": -1}}, "pricing.rate"),
        ({"pricing": {"method": "cpm", "rate": 1, "currency": "EUR"}}, "pricing.currency"),
        ({"budgetCapacity": 0}, "budgetCapacity"),
        ({"tacticId": ""}, "tacticId"),
        ({"tacticId": "good"}, "tacticId"),
    ],
)
def test_a_wrong_proposal_is_left_out_and_the_others_are_taken(
    make_scripted: MakeScripted, wrong: Json, why: str
) -> None:  # rules 199, 200
    market, agent = make_scripted()
    agent.answers["get-proposals"] = {"proposals": [{**PROPOSAL, "tacticId": "good"}, {**PROPOSAL, **wrong}]}
    found = market.tactics(market.start_campaign())
    assert [row["tacticId"] for row in found["tactics"]] == ["good"]
    [refused] = found["rounds"][0]["agents"][0]["refused"]
    assert refused.startswith(f"proposals[1]: {why}")


@pytest.mark.parametrize("answer", [{}, {"proposals": "many"}, {"proposals": [{"tacticId": 1}]}])
def test_an_answer_that_is_none_is_told_as_such(make_scripted: MakeScripted, answer: Json) -> None:  # rule 198
    market, agent = make_scripted()
    agent.answers["get-proposals"] = answer
    found = market.tactics(market.start_campaign())
    assert (found["tactics"], found["rounds"][0]["agents"][0]["reaction"]) == ([], "INVALID")


@pytest.mark.parametrize(("wait_ms", "reaction"), [(9_000, "PROPOSED"), (10_001, "LATE"), (60_000, "LATE")])
def test_what_comes_after_ten_seconds_is_ignored_and_recorded(
    make_scripted: MakeScripted, wait_ms: int, reaction: str
) -> None:  # rule 207
    market, agent = make_scripted(network=NetworkConfig(latency=Latency(20, 20)))
    agent.wait_ms = wait_ms
    campaign = market.start_campaign()
    market.advance("2m")
    found = market.tactics(campaign)
    assert found["rounds"][0]["closed"]
    assert found["rounds"][0]["agents"][0]["reaction"] == reaction
    assert len(found["tactics"]) == (reaction == "PROPOSED")
    assert [e.data["decision"] for e in market.events("decision", entity="outcome_proposals")] == [reaction.lower()]
    assert len(agent.got) == 1


def test_a_slow_agent_holds_up_nobody(make_market: MakeMarket) -> None:  # rule 207
    market = make_market(agents={"late": {"strategy": "slow", "delay": "1h"}, "fast": {}})
    found = market.tactics(market.start_campaign())
    assert [a["reaction"] for a in found["rounds"][0]["agents"]] == ["LATE", "PROPOSED"]
    assert [row["agentName"] for row in found["tactics"]] == [market.agent("fast").name]


def test_an_agent_that_is_unavailable_is_asked_again_with_growing_waits(make_scripted: MakeScripted) -> None:
    fault = Fault("unavailable", "buyer", "script", "get-proposals", count=3)  # rule 207
    market, _agent = make_scripted(network=NetworkConfig(faults=[fault]))
    found = market.tactics(market.start_campaign())
    assert found["tactics"][0]["status"] == "PROPOSED"
    calls = market.events("call", operation="get-proposals")
    waits = [later.at_ms - earlier.at_ms for earlier, later in itertools.pairwise(calls)]
    assert waits == sorted(waits)
    assert len({call.data["payload"]["headers"]["Idempotency-Key"] for call in calls}) == 1


def test_nobody_is_asked_twice_unless_the_advertiser_wants_it(make_scripted: MakeScripted) -> None:  # rule 198
    market, agent = make_scripted()
    campaign = market.start_campaign()
    assert len(agent.got) == 1
    body = {"acceptedPricingMethods": ["cpm"]}
    found = market.call("request_proposals", body, {"campaignId": campaign})
    assert agent.bodies("get-proposals")[1]["acceptedPricingMethods"] == ["cpm"]
    assert "pricing.method" in found["rounds"][1]["agents"][0]["refused"][0]  # rule 200: revshare is not accepted
    again = market.call("request_proposals", {}, {"campaignId": campaign})
    assert [row["status"] for row in again["tactics"]] == ["EXPIRED", "PROPOSED"]  # it made the same again
    wrong = market.error("request_proposals", {"agentIds": ["oa_none"]}, {"campaignId": campaign})
    assert (wrong["code"], wrong["field"]) == ("NOT_FOUND", "agentIds[0]")


def test_without_agents_nothing_of_it_happens(make_market: MakeMarket) -> None:
    market = make_market()
    assert market.tactics(market.start_campaign())["rounds"] == []
