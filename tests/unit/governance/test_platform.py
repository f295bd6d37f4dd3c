"""The buyer platform and its sales agents under governance."""

from __future__ import annotations

from typing import Any

import pytest

from agents.buyer import KIND as BUYER
from agents.buyer import BuyerPlatform
from agents.governance import GovernanceAgent, GovernanceConfig
from agents.publisher import KIND as PUBLISHER
from agents.seller import KIND as SELLER
from sandbox.core.errors import InputError
from sandbox.core.time import parse_duration, parse_instant
from sandbox.kernel.actor import Actor
from sandbox.kernel.checkers import CHECKERS
from sandbox.kernel.endpoint import Principal
from sandbox.kernel.world import World

Json = dict[str, Any]


class Driver(Actor):
    """A customer."""

    role = "driver"


class Market:
    """One buyer, one governance agent, one sales agent."""

    def __init__(self, governor: Json | None = None, seller: Json | None = None, **buyer: Any) -> None:
        self.world = World(7, parse_instant("2026-05-01"), users=1_000)
        self.checkers = [checker(self.world) for checker in CHECKERS]
        for checker in self.checkers:
            self.world.trace.listen(checker.on_event)
        place: Json = {"domain": "daily.example", "placements": [{"channel": "display", "daily_opportunities": 500}]}
        self.world.add(PUBLISHER.build(self.world, "daily", PUBLISHER.config(**place)))
        settings = {"governance_aware": True} | (seller or {})
        self.world.add(SELLER.build(self.world, "northstar", SELLER.config(**settings)))
        self.governor = GovernanceAgent(self.world, "governor", GovernanceConfig(**(governor or {})))
        self.world.add(self.governor)
        platform = BUYER.build(self.world, "buyer", BUYER.config(**{"governance": "governor", **buyer}))
        assert isinstance(platform, BuyerPlatform)
        self.world.add(platform)
        self.world.add(Driver(self.world, "driver"))
        self.world.start()

    def call(self, operation: str, body: Json | None = None, **path: Any) -> Json:
        """An operation of the platform that must succeed."""
        payload = {"pathParams": path, "params": {}, "body": body}
        process = self.world.spawn(
            self.world.network.call("driver", "buyer", operation, payload, Principal("acme", "driver"))
        )
        while not process.processed:
            self.world.env.step()
        reply: Any = process.value
        assert reply.ok, reply.body
        return dict(reply.body.get("data", reply.body))

    def advance(self, by: str) -> None:
        """Let time pass."""
        self.world.run(self.world.now + parse_duration(by))

    def campaign(self, **more: Any) -> str:
        """A campaign of 1000 USD with one product of the sales agent."""
        advertiser = self.call("create_advertiser", {"name": "Acme", "brand": "acme.com"})["id"]
        wanted: Json = {"advertiserId": advertiser, "channels": ["display"], "brief": "News"}
        found = self.call("discover_products", wanted)
        product = found["productGroups"][0]["products"][0]["productId"]
        body = {
            "advertiserId": advertiser,
            "name": "Spring",
            "flightDates": {"startDate": "2026-05-02T00:00:00Z", "endDate": "2026-05-20T00:00:00Z"},
            "budget": {"total": 1000, "currency": "USD"},
            "discoveryId": found["discoveryId"],
            "productIds": [product],
        } | more
        return str(self.call("create_campaign", body)["campaignId"])

    def messages(self, operation: str, to: str) -> list[Json]:
        """What was sent."""
        rows = [e.data for e in self.world.trace.events if e.kind == "call"]
        return [row["payload"] for row in rows if (row["operation"], row["to"]) == (operation, to)]

    @property
    def committed(self) -> int:
        """What the governance agent has in its ledger, in whole units."""
        return sum(row.micros for row in self.governor.ledger.rows) // 1_000_000


@pytest.fixture
def make_market() -> Any:
    """Build a world; no checker may find anything."""
    made: list[Market] = []

    def make(**settings: Any) -> Market:
        made.append(Market(**settings))
        return made[-1]

    yield make
    for market in made:
        assert [str(v) for checker in market.checkers for v in checker.violations] == []


def test_a_campaign_has_a_plan_from_its_creation_and_follows_its_changes(make_market: Any) -> None:
    # rules 212 to 215
    market = make_market()
    campaign = market.campaign(constraints={"countries": ["US"], "channels": ["display"]})
    plan = market.governor.plans["buyer", campaign]
    assert plan.body["budget"]["total"] == 1000
    assert (plan.countries, plan.body["channels"]["allowed"]) == (["US"], ["display"])
    market.call("update_campaign", {"budget": {"total": 1500}}, campaignId=campaign)
    changed = market.governor.plans["buyer", campaign]
    assert (changed.version, changed.body["budget"]["total"]) == (2, 1500)


@pytest.mark.parametrize("version", ["3.0", "3.1", "3.2"])
def test_an_order_is_cleared_sold_and_reported(make_market: Any, version: str) -> None:
    market = make_market(seller={"adcp_versions": [version]})
    campaign = market.campaign()
    assert market.call("execute_campaign", {}, campaignId=campaign)["success"] is True
    kinds = [check.kind for check in market.governor.checks.values()]
    assert kinds == ["intent", "execution"]
    assert market.committed == 920  # the fee of the platform is not spent on media
    assert market.messages("create_media_buy", "northstar")[0]["plan_id"] == campaign


def test_what_is_denied_fails_and_never_reaches_the_sales_agent(make_market: Any) -> None:
    market = make_market(governor={"brands": {"acme.com": {"spend_limit": 500}}})
    campaign = market.campaign()
    answer = market.call("execute_campaign", {"debug": True}, campaignId=campaign)
    assert "may spend of 500 USD" in answer["errors"][0]["message"]
    buy = market.call("get_campaign", campaignId=campaign)["mediaBuys"][0]
    assert buy["status"] == "FAILED"
    assert market.messages("create_media_buy", "northstar") == []


def test_a_sales_agent_that_takes_days_is_reported_when_it_decides(make_market: Any) -> None:
    market = make_market(seller={"governance_aware": True, "approval": {"mode": "manual", "delay": "5h"}})
    market.call("execute_campaign", {}, campaignId=market.campaign())
    assert market.committed == 0
    market.advance("6h")
    assert market.committed == 920


def test_an_order_that_the_sales_agent_refuses_commits_nothing(make_market: Any) -> None:
    market = make_market(seller={"governance_aware": True, "approval": {"probability_of_rejection": 1.0}})
    market.call("execute_campaign", {}, campaignId=market.campaign())
    assert [outcome.outcome for outcome in market.governor.outcomes] == ["failed"]
    assert market.committed == 0


def test_only_updates_that_commit_more_are_asked_about(make_market: Any) -> None:
    market = make_market()
    campaign = market.campaign()
    market.call("execute_campaign", {}, campaignId=campaign)
    market.call("pause_campaign", campaignId=campaign)
    assert len(market.governor.checks) == 2, "a pause only reduces risk"
    market.call("reactivate_campaign", campaignId=campaign)
    assert [check.tool for check in market.governor.checks.values() if check.kind == "intent"][-1] == "update_media_buy"
    market.call("update_campaign", {"budget": {"total": 3000}}, campaignId=campaign)
    buy = market.call("get_campaign", campaignId=campaign)["mediaBuys"][0]
    row = {"packageId": buy["packages"][0]["packageId"], "budget": 1020}
    change = {"mediaBuyId": buy["mediaBuyId"], "action": "update", "packages": [row]}
    answer = market.call("update_campaign", {"mediaBuys": [change]}, campaignId=campaign)
    assert "errors" not in answer
    assert market.committed == 1020


def test_an_update_that_is_denied_stands_in_errors(make_market: Any) -> None:
    market = make_market(governor={"brands": {"acme.com": {"spend_limit": 1000}}})
    campaign = market.campaign()
    market.call("execute_campaign", {}, campaignId=campaign)
    market.call("update_campaign", {"budget": {"total": 3000}}, campaignId=campaign)
    buy = market.call("get_campaign", campaignId=campaign)["mediaBuys"][0]
    row = {"packageId": buy["packages"][0]["packageId"], "budget": 1020}
    change = {"mediaBuyId": buy["mediaBuyId"], "action": "update", "packages": [row]}
    answer = market.call("update_campaign", {"mediaBuys": [change]}, campaignId=campaign)
    assert "may spend" in answer["errors"][0]["message"]
    assert market.committed == 920


def test_after_a_review_executing_again_goes_through(make_market: Any) -> None:
    looked_at = {"id": "look", "policy": "People look at it.", "human_review": True}
    governor = {"policies": [looked_at], "brands": {"acme.com": {"policies": ["look"]}}, "review": {"delay": "2h"}}
    market = make_market(governor=governor)
    campaign = market.campaign()
    assert market.call("execute_campaign", {}, campaignId=campaign)["success"] is False
    market.advance("3h")
    assert market.call("execute_campaign", {}, campaignId=campaign)["success"] is True


def test_a_governance_agent_that_does_not_answer_stops_the_trade(make_market: Any) -> None:
    market = make_market(requests={"retries": 0})
    campaign = market.campaign()
    market.governor.go_down()
    assert market.call("execute_campaign", {}, campaignId=campaign)["success"] is False
    assert market.messages("create_media_buy", "northstar") == []


def test_a_governed_account_buys_nothing_without_a_token(make_market: Any) -> None:
    market = make_market()
    market.call("execute_campaign", {}, campaignId=market.campaign())
    order = dict(market.messages("create_media_buy", "northstar")[0])
    token = order.pop("governance_context")
    for change in ({}, {"governance_context": token, "po_number": "another"}):
        body = order | {"idempotency_key": "another-key-000001"} | change
        process = market.world.spawn(
            market.world.network.call("buyer", "northstar", "create_media_buy", body, Principal("buyer", "buyer"))
        )
        while not process.processed:
            market.world.env.step()
        reply: Any = process.value
        assert reply.body["adcp_error"]["code"] == "PERMISSION_DENIED"


def test_the_agent_must_be_there() -> None:
    with pytest.raises(InputError, match="no governance agent"):
        Market(governance="northstar")


def test_an_update_that_waits_is_reported_when_it_is_decided(make_market: Any) -> None:
    market = make_market(seller={"updates": {"mode": "manual", "delay": "2h"}})
    campaign = market.campaign()
    market.call("execute_campaign", {}, campaignId=campaign)
    market.call("update_campaign", {"budget": {"total": 3000}}, campaignId=campaign)
    buy = market.call("get_campaign", campaignId=campaign)["mediaBuys"][0]
    row = {"packageId": buy["packages"][0]["packageId"], "budget": 1000}
    change = {"mediaBuyId": buy["mediaBuyId"], "action": "update", "packages": [row]}
    market.call("update_campaign", {"mediaBuys": [change]}, campaignId=campaign)
    assert market.committed == 920
    market.advance("3h")
    assert market.committed == 1000


@pytest.mark.parametrize("version", ["3.0", "3.2"])
def test_the_platform_speaks_the_release_that_it_prefers_with_everybody(make_market: Any, version: str) -> None:
    market = make_market(adcp_version=version)
    assert market.call("execute_campaign", {}, campaignId=market.campaign())["success"] is True
    asked = market.messages("check_governance", "governor")[0]
    assert asked.get("adcp_version", "3.0") == version
    assert market.committed == 920
