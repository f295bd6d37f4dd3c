"""Registering outcome agents, and which campaigns they are asked about."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.buyer.outcome.proposals import common
from tests.unit.outcome.conftest import KEY, MakeMarket, registration

Json = dict[str, Any]


def test_the_example_of_the_seed_registers_and_gets_credentials_once(make_market: MakeMarket) -> None:  # rule 209
    market = make_market()
    row = market.call(
        "outcome_agent_register",
        {
            "name": "vCPM Optimizer Pro",
            "description": "Optimizes for lowest vCPM with high viewability",
            "endpointUrl": "https://media-agent.yourcompany.com",
            "authenticationType": "API_KEY",
            "supportedChannels": ["display", "video"],
            "supportedCountries": ["US", "CA", "GB"],
        },
    )
    assert row["supportedChannels"] == ["display", "olv", "ctv"]
    assert row["credentials"]["apiKey"]
    listed = market.call("list_outcome_agents")["outcomeAgents"]
    assert [one["agentId"] for one in listed] == [row["agentId"]]
    assert "credentials" not in listed[0]


def test_the_same_address_again_replaces_the_registration(make_market: MakeMarket) -> None:  # rule 209
    market = make_market()
    first = market.call("outcome_agent_register", registration())
    second = market.call("outcome_agent_register", registration(name="Better", authenticationType="basic",
                         credentials={"username": "u", "password": "p"}))  # fmt: skip
    assert first["agentId"] == second["agentId"]
    assert [(a["name"], a["authenticationType"]) for a in market.call("list_outcome_agents")["outcomeAgents"]] == [
        ("Better", "BASIC")
    ]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"endpointUrl": "ftp://x"}, "endpointUrl"),
        ({"authenticationType": "handshake"}, "authenticationType"),
        ({"supportedChannels": ["telepathy"]}, "supportedChannels"),
        ({"credentials": {"token": "x"}}, "credentials.token"),
        ({"authenticationType": "bearer", "credentials": {}}, "credentials.token"),
        ({"authenticationType": "BASIC", "credentials": {"username": "a:b", "password": "x"}}, "credentials.username"),
    ],
)
def test_what_is_wrong_is_named(make_market: MakeMarket, change: Json, field: str) -> None:  # rules 206, 209
    error = make_market().error("outcome_agent_register", registration(**change))
    assert (error["code"], error["field"]) == ("VALIDATION_ERROR", field)


def test_credentials_are_in_no_trace(make_market: MakeMarket) -> None:  # rule 206
    market = make_market(agents={"plain": {}, "basic": {"auth": "BASIC"}, "bearer": {"auth": "BEARER"}})
    market.call("outcome_agent_register", registration())
    market.start_campaign()
    secrets = [KEY.secret, *(market.agent(name).credentials.secret for name in ("plain", "basic", "bearer"))]
    assert len(market.events("call", operation="get-proposals")) == 3  # nobody is at the fourth one's address
    text = str([event.data for event in market.world.trace.events])
    assert not [secret for secret in secrets if secret in text]


@pytest.mark.parametrize("auth", ["API_KEY", "BEARER", "BASIC"])
def test_a_built_in_agent_is_addressed_in_its_own_way(make_market: MakeMarket, auth: str) -> None:  # rule 206
    market = make_market(agents={"one": {"auth": auth}})
    assert market.call("list_outcome_agents")["outcomeAgents"][0]["authenticationType"] == auth
    campaign = market.start_campaign()
    assert [t["status"] for t in market.tactics(campaign)["tactics"]] == ["PROPOSED"]


def test_wrong_credentials_are_told_and_not_tried_again(make_market: MakeMarket) -> None:  # rules 206, 207
    market = make_market(agents={"one": {}})
    address = market.call("list_outcome_agents")["outcomeAgents"][0]["endpointUrl"]
    market.call("outcome_agent_register", registration(endpointUrl=address, credentials={"apiKey": "stale"}))
    campaign = market.start_campaign()
    asked = market.tactics(campaign)["rounds"][0]["agents"][0]
    assert asked["reaction"] == "FAILED"
    assert "401" in asked["detail"]
    assert len(market.messages("get-proposals")) == 1


def test_only_agents_that_match_are_asked(make_market: MakeMarket) -> None:  # rule 209
    market = make_market(
        agents={
            "fits": {"channels": ["display", "olv"], "countries": ["US", "CA"]},
            "all": {},
            "abroad": {"countries": ["DE"]},
            "films": {"strategy": "completed_views"},
        }
    )
    campaign = market.start_campaign()
    assert [event.data["to"] for event in market.events("call", operation="get-proposals")] == ["fits", "all"]
    tactic = market.tactics(campaign)["tactics"][0]
    assert (tactic["channel"], tactic["countries"]) == ("display", ["US"])


def test_another_customers_agents_are_not_asked(make_market: MakeMarket) -> None:  # rules 13, 209
    buyer = {"customers": [{"name": "Acme"}, {"name": "Globex"}]}
    market = make_market(agents={"one": {"seats": ["globex"]}}, buyer=buyer)
    assert market.call("list_outcome_agents")["outcomeAgents"] == []
    assert len(market.call("list_outcome_agents", customer="globex")["outcomeAgents"]) == 1
    assert market.tactics(market.start_campaign())["rounds"] == []


NAMES = st.lists(st.sampled_from("abcd"), unique=True)


@given(NAMES, NAMES)
def test_what_two_have_in_common_is_in_both(mine: list[str], theirs: list[str]) -> None:  # rule 209
    found = common(mine, theirs)
    if mine and theirs:
        assert (found or []) == [one for one in mine if one in theirs]
        assert (found is None) == (not set(mine) & set(theirs))
    else:
        assert found == (mine or theirs)
