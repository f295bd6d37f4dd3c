"""Selecting tactics of several agents, and what they say to it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sandbox.kernel.faults import Fault
from sandbox.kernel.network import NetworkConfig
from tests.unit.outcome.conftest import PROPOSAL, MakeMarket, Market, Scripted, build, flight

Json = dict[str, Any]
MakeScripted = Callable[..., tuple[Market, Scripted]]


def test_the_agent_gets_the_tactic_as_the_seed_shows_it(
    make_scripted: MakeScripted,
) -> None:  # rules 199, 201, C31, C32
    market, _agent = make_scripted()
    campaign = market.start_campaign(flightDates=flight())
    row = market.pick(campaign, 1000, customFields={"targetVCPM": 2.5})
    [message] = [m["body"] for m in market.messages("accept-proposal")]
    assert row["status"] == "ACTIVE"
    assert message["tacticId"] == "premium"
    assert message["proposalId"] == row["proposalId"]
    assert message["customFields"] == {"targetVCPM": 2.5}
    assert (message["brandAgentId"], message["seatId"]) == ("1", "1")
    context = message["tacticContext"]
    assert context["budget"] == 1000
    assert (context["startDate"], context["endDate"]) == tuple(flight().values())
    assert (context["budgetCurrency"], context["channel"], context["countries"]) == ("USD", "display", ["US"])
    [creative] = context["creatives"]
    assert creative["format"] == "display_300x250_image"
    assert creative["assetUrl"] == "https://cdn.acme.com/a.png"
    assert context["brandStandards"] == {}
    assert "status" not in context


def test_the_first_tactic_launches_the_campaign(make_scripted: MakeScripted) -> None:  # rule 201
    market, _ = make_scripted()
    campaign = market.start_campaign()
    assert market.call("get_campaign", path={"campaignId": campaign})["status"] == "DRAFT"
    market.pick(campaign)
    assert market.call("get_campaign", path={"campaignId": campaign})["status"] == "ACTIVE"


def test_an_agent_may_decline_with_a_reason_and_its_money_is_free_again(make_scripted: MakeScripted) -> None:
    market, agent = make_scripted()  # rule 201
    agent.answers["accept-proposal"] = {"acknowledged": False, "reason": "too small"}
    campaign = market.start_campaign()
    row = market.pick(campaign)
    assert (row["status"], row["reason"], row["budget"]) == ("DECLINED", "too small", 0)
    assert market.tactics(campaign)["availableBudget"] == 4600
    again = {"tactics": [{"proposalId": row["proposalId"], "budget": 1}]}
    assert market.error("select_tactics", again, {"campaignId": campaign})["code"] == "INVALID_STATE"


def test_tactics_of_several_agents_run_side_by_side(make_market: MakeMarket) -> None:  # rule 201
    market = make_market(agents={"one": {"strategy": "conservative_pacer"}, "two": {"strategy": "declining"},
                                 "three": {"strategy": "conservative_pacer"}})  # fmt: skip
    campaign = market.start_campaign()
    rows = market.tactics(campaign)["tactics"]
    wanted = [{"proposalId": row["proposalId"], "budget": 1500} for row in rows]
    found = market.call("select_tactics", {"tactics": wanted}, {"campaignId": campaign})
    assert sorted(row["status"] for row in found["tactics"]) == ["ACTIVE", "ACTIVE", "DECLINED"]
    assert found["availableBudget"] == 1600


@pytest.mark.parametrize(
    ("budget", "fields", "field"),
    [
        (5000.01, {"targetVCPM": 1}, "tactics[0].budget"),  # rule 202: above the agent's capacity
        (4601, {"targetVCPM": 1}, "tactics"),  # above the media budget
        (1000, {}, "tactics[0].customFields.targetVCPM"),  # rule 199
        (1000, {"targetVCPM": "2"}, "tactics[0].customFields.targetVCPM"),
        (1000, {"targetVCPM": True}, "tactics[0].customFields.targetVCPM"),
    ],
)
def test_what_can_not_be_is_refused_before_anybody_is_asked(
    make_scripted: MakeScripted, budget: float, fields: Json, field: str
) -> None:  # rules 199, 202
    market, agent = make_scripted()
    needed = [{"fieldName": "targetVCPM", "fieldType": "number"}]
    agent.answers["get-proposals"] = {"proposals": [{**PROPOSAL, "customFieldsRequired": needed}]}
    campaign = market.start_campaign()
    proposal = market.tactics(campaign)["tactics"][0]["proposalId"]
    body = {"tactics": [{"proposalId": proposal, "budget": budget, "customFields": fields}]}
    error = market.error("select_tactics", body, {"campaignId": campaign})
    assert (error["code"], error["field"]) == ("VALIDATION_ERROR", field)
    assert agent.bodies("accept-proposal") == []
    assert market.tactics(campaign)["tactics"][0]["status"] == "PROPOSED"


def test_two_running_tactics_can_not_share_an_id(make_scripted: MakeScripted) -> None:  # rule 208: agents buy by it
    market, _ = make_scripted()
    market.pick(market.start_campaign())
    other = market.start_campaign(name="Another")
    proposal = market.tactics(other)["tactics"][0]["proposalId"]
    body = {"tactics": [{"proposalId": proposal, "budget": 1}]}
    assert market.error("select_tactics", body, {"campaignId": other})["code"] == "CONFLICT"


@pytest.mark.parametrize("kind", ["drop", "unavailable", "answer_lost"])
def test_an_acceptance_is_repeated_under_one_key_and_taken_once(make_market: MakeMarket, kind: Any) -> None:  # rule 207
    fault = Fault(kind, "buyer", "one", "accept-proposal", count=2)
    market = make_market(agents={"one": {"strategy": "conservative_pacer"}}, network=NetworkConfig(faults=[fault]))
    row = market.pick(market.start_campaign())
    market.advance("1h")
    calls = market.events("call", operation="accept-proposal")
    assert row["status"] == "ACTIVE"
    assert len(calls) == 3
    assert len({call.data["payload"]["headers"]["Idempotency-Key"] for call in calls}) == 1
    assert len(market.agent("one").managed) == 1
    assert calls[2].at_ms - calls[1].at_ms > calls[1].at_ms - calls[0].at_ms


def test_no_answer_at_all_fails_and_may_be_tried_again(make_scripted: MakeScripted) -> None:  # rule 207
    fault = Fault("answer_lost", "buyer", "script", "accept-proposal", count=4)
    market, agent = make_scripted(network=NetworkConfig(faults=[fault]))
    campaign = market.start_campaign()
    assert market.pick(campaign)["status"] == "FAILED"
    assert market.tactics(campaign)["availableBudget"] == 4600
    assert market.pick(campaign)["status"] == "ACTIVE"
    assert len(agent.bodies("accept-proposal")) == 1  # the same key: the agent took it once


@pytest.mark.parametrize("answer", [{}, {"acknowledged": "yes"}, {"acknowledged": 1}])
def test_an_answer_that_does_not_say_is_no_acknowledgement(make_scripted: MakeScripted, answer: Json) -> None:
    market, agent = make_scripted()  # rule 201
    agent.answers["accept-proposal"] = answer
    row = market.pick(market.start_campaign())
    assert row["status"] == "FAILED"
    assert "acknowledged" in row["reason"]


def test_a_proposal_of_another_campaign_is_not_there(make_scripted: MakeScripted) -> None:
    market, _ = make_scripted()
    mine, other = market.start_campaign(), market.start_campaign(name="Another")
    proposal = market.tactics(mine)["tactics"][0]["proposalId"]
    body = {"tactics": [{"proposalId": proposal, "budget": 1}]}
    assert market.error("select_tactics", body, {"campaignId": other})["code"] == "NOT_FOUND"
    assert market.error("update_tactic", {}, {"campaignId": other, "proposalId": proposal})["code"] == "NOT_FOUND"


SHARES = st.lists(st.integers(1, 4_000), min_size=3, max_size=3)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(SHARES, st.integers(1, 3_000))
def test_capacity_and_media_budget_are_never_passed(budgets: list[int], capacity: int) -> None:  # rule 202
    names = ("one", "two", "three")
    market = build(agents={name: {"strategy": "over_committing", "capacity": capacity} for name in names})
    campaign = market.start_campaign()
    rows = market.tactics(campaign)["tactics"]
    for row, budget in zip(rows, budgets, strict=True):
        body = {"tactics": [{"proposalId": row["proposalId"], "budget": budget}]}
        market.reply("select_tactics", body, {"campaignId": campaign})
    found = market.tactics(campaign)
    assert sum(row["budget"] for row in found["tactics"]) + found["availableBudget"] == 4600
    assert all(row["budget"] <= row["budgetCapacity"] for row in found["tactics"])
    market.advance("3d")
    for row in market.tactics(campaign)["tactics"]:
        assert row["spending"]["charged"] <= row["budget"]
        bought = sum(market.buyer.outcome.bought_micros(t) for t in market.buyer.outcome.tactics.values()
                     if t.proposal_id == row["proposalId"])  # fmt: skip
        assert bought <= row["budget"] * 1_000_000  # rule 211
