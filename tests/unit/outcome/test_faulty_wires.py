"""Outcome agents and the platform, when answers between them can't be read."""

from __future__ import annotations

import pytest

from sandbox.kernel.faults import Fault
from sandbox.kernel.network import NetworkConfig
from tests.unit.outcome.conftest import Market, build, flight

AGENT = {"one": {"margin": {"model": "passthrough"}}}


def managed(*faults: Fault) -> Market:
    """A campaign that an agent has managed to its end; faults begin when its tactic is picked."""
    network = NetworkConfig()
    market = build(agents=AGENT, network=network)
    campaign = market.start_campaign(flightDates=flight())
    network.faults += faults
    market.pick(campaign, 1000, customFields={"viewabilityFloor": 60})
    market.advance("14d")
    return market


def outcome(market: Market) -> tuple[int, int]:
    """How many media buys were ordered, and what they have spent, in micros."""
    totals = [market.world.market.totals(line.line_id).spend_micros for line in market.world.market.lines()]
    return len(market.events("status", entity="media_buy", old=None)), sum(totals)


def spoiled(market: Market) -> dict[str, int]:
    found = [e.data["operation"] for e in market.world.trace.of("reply") if "spoiled" in e.data]
    return {name: found.count(name) for name in found}


@pytest.mark.parametrize("operation", ["get_products", "create_media_buy", "get_campaign", "get_reporting_metrics"])
def test_an_agent_asks_again_when_it_can_not_read_an_answer(operation: str) -> None:  # rule 208
    market = managed(Fault("invalid_answer", "one", "buyer", operation, count=3))
    assert spoiled(market) == {operation: 3}
    assert outcome(market) == outcome(managed())


def test_an_agent_lives_with_a_platform_that_it_can_not_read_at_all() -> None:
    market = managed(Fault("invalid_answer", "one", "buyer"))
    assert spoiled(market)["get_products"] > 1
    assert outcome(market) == (0, 0)
    why = [e.data["why"] for e in market.world.trace.of("decision") if e.data["decision"] == "not_ready"]
    assert "the answer of get_products can't be read" in why[0]


def test_the_platform_takes_no_acknowledgement_that_it_can_not_read() -> None:
    market = managed(Fault("invalid_answer", "buyer", "one", "accept-proposal"))
    (end,) = market.events("status", entity="tactic", new="FAILED")
    assert "its answer is not valid" in end.data["why"]
    assert outcome(market) == (0, 0)
