"""The platform of a flight: it takes nobody's word for the agent's."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from aiohttp.test_utils import unused_port

from sandbox.contract.auth import Auth
from sandbox.contract.outcome_agent.agent import OutcomeAgent
from sandbox.contract.outcome_agent.flight.market import Market, open_market
from sandbox.contract.talk import Talk
from sandbox.core.time import DAY_MS, iso
from tests.peers.conftest import KEY, Body, Service, propose


@pytest.fixture
def service() -> Iterator[Service]:
    found = Service()
    found.does["get-proposals"] = propose
    yield found
    found.close()


async def _selected(service: Service, market: Market) -> dict[str, Any]:
    """Let the advertiser select what the agent proposes; the tactic as the platform shows it."""
    advertiser = (await market.ask("POST", "advertisers", {"name": "Acme", "brand": "acme.com"}))["id"]
    now_ms = await market.now_ms()
    flight = {"startDate": iso(now_ms + 2 * DAY_MS), "endDate": iso(now_ms + 9 * DAY_MS)}
    body = {"advertiserId": advertiser, "name": "F", "flightDates": flight, "budget": {"total": 900, "currency": "USD"}}
    campaign = (await market.ask("POST", "campaigns", body))["campaignId"]
    proposal = (await market.proposals(campaign))[0]["proposalId"]
    wanted = {"tactics": [{"proposalId": proposal, "budget": 400}]}
    told: dict[str, Any] = await market.ask("POST", f"campaigns/{campaign}/tactics/select", wanted)
    service.asked.append(("the selection is answered", {}, {}))
    await market.read_messages()
    return next(row for row in told["tactics"] if row["proposalId"] == proposal)


def selected(service: Service) -> tuple[dict[str, Any], list[Any], list[Any]]:
    """The tactic, what the agent said to each acceptance as the trace has it, and the conversation."""

    async def play() -> tuple[dict[str, Any], list[Any], list[Any]]:
        async with Talk() as talk:
            agent = OutcomeAgent(service.url, Auth("api-key", KEY), talk, platform_port=unused_port())
            async with open_market(agent) as market:
                tactic = await _selected(service, market)
                said = [one.answer for one in market.sent if one.operation == "accept-proposal"]
                return tactic, said, [one.url for one in talk.exchanges]

    return asyncio.run(play())


def test_an_acceptance_is_acknowledged_by_the_agent_and_nobody_else(service: Service) -> None:  # rule 201
    async def accept(_service: Service, _body: Body) -> Body:
        return {"acknowledged": True}

    service.does["accept-proposal"] = accept
    tactic, said, conversation = selected(service)
    assert (tactic["status"], said) == ("ACTIVE", [{"acknowledged": True}])
    assert f"{service.url}/accept-proposal" in conversation


def test_one_that_the_agent_declines_was_never_acknowledged(service: Service) -> None:  # rule 201
    async def decline(_service: Service, _body: Body) -> Body:
        return {"acknowledged": False, "reason": "sold out meanwhile"}

    service.does["accept-proposal"] = decline
    tactic, said, _ = selected(service)
    assert tactic["status"] != "ACTIVE"
    assert said == [{"acknowledged": False, "reason": "sold out meanwhile"}]


def test_the_platform_waits_until_the_agent_has_answered(service: Service) -> None:  # rule 207
    async def slow(service: Service, _body: Body) -> Body:
        await asyncio.sleep(0.5)
        service.asked.append(("the acceptance is answered", {}, {}))
        return {"acknowledged": True}

    service.does["accept-proposal"] = slow
    assert selected(service)[0]["status"] == "ACTIVE"
    order = [what for what, _, _ in service.asked]
    assert order.index("the acceptance is answered") < order.index("the selection is answered")


def test_a_message_that_failed_for_a_moment_counts_as_one_that_was_taken(service: Service) -> None:  # rule 207
    from aiohttp import web

    answers = iter([web.json_response({}, status=503)])

    async def twice(_service: Service, _body: Body) -> Any:
        return next(answers, {"acknowledged": True})

    service.does["accept-proposal"] = twice
    tactic, said, _ = selected(service)
    assert (tactic["status"], said) == ("ACTIVE", [{"acknowledged": True}])
    assert len(service.bodies("accept-proposal")) == 2
