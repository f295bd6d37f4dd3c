"""Campaigns and their media buys over REST, compared after every step with a model of the rules."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from sandbox.core.time import DAY_MS, HOUR_MS, iso, parse_instant
from tests.server.campaign_checks import Compared
from tests.server.campaign_model import MARGIN_MS, SELLERS, Buy, Campaign, Session
from tests.server.conftest import Live
from tests.server.conftest import settings as served

WORLD = """
title: Four sales agents that decide differently
clock: {start: 2026-05-01, duration: 1d}
population: {users: 200}
actors:
  herald:
    kind: publisher
    placements:
      - {id: top, channel: display, daily_opportunities: 50}
      - {id: side, channel: display, daily_opportunities: 50}
  quick: {kind: seller, publishers: [herald], approval: automatic}
  slow: {kind: seller, publishers: [herald], approval: manual, updates: manual}
  picky: {kind: seller, publishers: [herald], approval: {mode: manual, delay: 2h, requires: [io_acceptance]}}
  never: {kind: seller, publishers: [herald], approval: {mode: automatic, reject_if: [{budget_over: 0}]}}
  buyer:
    kind: buyer
    customers: [{name: Acme, principal: acme}, {name: Globex, principal: globex}]
"""
START_MS = parse_instant("2026-05-01")
GOAL = {"kind": "metric", "metric": "clicks"}
CAP = {"max_impressions": 5, "window": {"interval": 1, "unit": "days"}}
Json = dict[str, Any]
Desk = list[tuple[Campaign, Buy, bool]]
"""What waits for ``slow``: the media buy, and whether it is an order (or an update)."""

some = st.integers(0, 7)
seldom = st.sampled_from((False, False, False, False, False, True))


class Lifecycle(Compared):
    """What a customer, a sales agent, the clock and a restart may do, in any order."""

    folder: Path

    @initialize()
    def begin(self) -> None:
        """Start from nothing."""
        self.live.ok("POST", "/_sandbox/reset", {})
        self.advertiser = self.live.advertiser()
        self.campaigns: list[Campaign] = []
        self.desk: Desk = []
        self.steps = 0

    # -- campaigns ---------------------------------------------------------------------------------------

    @precondition(lambda self: len(self.campaigns) < 2)
    @rule(total=st.integers(100, 10_000), days=st.integers(2, 20), decisioned=st.booleans())
    def create(self, total: int, days: int, decisioned: bool) -> None:
        """Rules 43 and 44."""
        end_ms = self.now() + days * DAY_MS
        fields: Json = {"flightDates": {"startDate": iso(START_MS), "endDate": iso(end_ms)}}
        fields |= {"budget": {"total": total}, "campaignType": "DECISIONED" if decisioned else "ROUTED"}
        campaign = self.live.campaign(self.advertiser, **fields)
        self.campaigns.append(Campaign(campaign, end_ms, self.media(campaign)))

    @precondition(lambda self: self.campaigns)
    @rule(number=some, sellers=st.sets(st.sampled_from(SELLERS), min_size=1), both=st.booleans())
    def attach(self, number: int, sellers: set[str], both: bool) -> None:
        """Select products and attach them: they are on DRAFTs already now (rule 74)."""
        campaign = self.pick(number)
        found = self.live.ok("POST", "discovery/discover-products", {"advertiserId": self.advertiser})
        session = Session(found["discoveryId"])
        for group in found["productGroups"]:
            if group["salesAgentId"] in sellers:
                self.select(session, group["products"][: 1 + both])
        if self.update(campaign, {"discoveryId": session.session_id}):
            campaign.sessions.append(session)
            campaign.stage()

    def select(self, session: Session, products: list[Json]) -> None:
        names = {"groupId": "g", "groupName": "G", "bidPrice": 99.0}
        rows = [{**names, "productId": row["productId"], "salesAgentId": row["salesAgentId"]} for row in products]
        self.live.ok("POST", f"discovery/{session.session_id}/products", {"products": rows})
        session.selected += [(row["salesAgentId"], row["productId"]) for row in products]

    @precondition(lambda self: any(campaign.sessions for campaign in self.campaigns))
    @rule(number=some, which=some, product=st.sampled_from(("herald_top", "herald_side")))
    def deselect(self, number: int, which: int, product: str) -> None:
        """Take a product back (rule 125)."""
        campaign = self.pick(number)
        if not campaign.sessions:
            return
        session = campaign.sessions[which % len(campaign.sessions)]
        path, body = f"discovery/{session.session_id}/products", {"productIds": [product]}
        if product not in [mine for _, mine in session.selected]:
            self.refuse("NOT_FOUND", "DELETE", path, body)
            return
        self.live.ok("DELETE", path, body)
        campaign.deselect(session, [product])

    @rule(sellers=st.sets(st.sampled_from(SELLERS), min_size=2), both=st.booleans())
    def launch(self, sellers: set[str], both: bool) -> None:
        """The usual way: create, attach, execute."""
        if len(self.campaigns) < 2:
            self.create(9_000, 12, decisioned=True)
        self.attach(len(self.campaigns) - 1, sellers, both)
        self.execute(len(self.campaigns) - 1)

    @precondition(lambda self: self.campaigns)
    @rule(number=some)
    def execute(self, number: int) -> None:
        """Rules 66, 72, 73, 75, 77."""
        campaign, now_ms = self.pick(number), self.now()
        path, previous = f"campaigns/{campaign.campaign_id}/execute", campaign.status
        refusal = campaign.execute_refusal(now_ms)
        if refusal is not None:
            self.refuse(refusal, "POST", path, {})
            return
        answer = self.live.ok("POST", path, {})
        sent = campaign.execute(now_ms)
        self.desk += [(campaign, buy, True) for buy in sent if buy.seller == "slow"]
        assert (answer["previousStatus"], answer["newStatus"]) == (previous, "ACTIVE")
        failed = [buy for buy in sent if buy.status == "FAILED"]
        assert answer["success"] == (not failed)
        assert len(answer.get("errors", [])) == len(failed)

    @precondition(lambda self: self.campaigns)
    @rule(number=some, what=st.sampled_from(("pause", "reactivate")))
    def hold(self, number: int, what: str) -> None:
        """Rules 67, 68, 70."""
        campaign = self.pick(number)
        path = f"campaigns/{campaign.campaign_id}/{what}"
        if campaign.status != ("ACTIVE" if what == "pause" else "PAUSED"):
            self.refuse("INVALID_STATE", "POST", path)
            return
        if self.overdue(campaign):
            return
        assert self.live.ok("POST", path)["success"]
        (campaign.pause if what == "pause" else campaign.reactivate)()

    @precondition(lambda self: self.campaigns)
    @rule(number=some, sure=seldom)
    def delete(self, number: int, sure: bool) -> None:
        """Rule 71."""
        campaign = self.pick(number)
        if not sure or self.overdue(campaign):
            return
        path = f"campaigns/{campaign.campaign_id}"
        if campaign.status == "ARCHIVED":
            self.refuse("INVALID_STATE", "DELETE", path)
            return
        self.live.ok("DELETE", path)
        campaign.archive()

    @precondition(lambda self: self.campaigns)
    @rule(number=some, days=st.integers(-3, 5))
    def move_end(self, number: int, days: int) -> None:
        """Another end: what runs to the end of the campaign follows it (rules 88, 96)."""
        campaign, now_ms = self.pick(number), self.now()
        end_ms = campaign.end_ms + days * DAY_MS
        if end_ms <= now_ms + HOUR_MS or self.overdue(campaign):
            return
        followers = campaign.followers(end_ms)
        refused = any(buy.waiting is not None for buy in followers)
        if not self.update(campaign, {"flightDates": {"endDate": iso(end_ms)}}, refused):
            return
        for buy in followers:
            self.change(campaign, buy, end_ms)
        campaign.end_ms = end_ms

    @precondition(lambda self: self.campaigns)
    @rule(number=some, total=st.integers(100, 10_000))
    def move_budget(self, number: int, total: int) -> None:
        """Another budget (rules 55, 96)."""
        campaign = self.pick(number)
        if self.update(campaign, {"budget": {"total": total}}):
            campaign.media = self.media(campaign.campaign_id)

    @precondition(lambda self: self.campaigns)
    @rule(number=some, goals=st.integers(0, 2), caps=st.integers(0, 2))
    def move_settings(self, number: int, goals: int, caps: int) -> None:
        """Goals and caps: what is left out stays, ``[]`` clears (rules 50, 96, 98)."""
        campaign = self.pick(number)
        body: Json = {"frequencyCaps": [CAP] * caps}
        if goals:
            body["performanceConfig"] = {"optimizationGoals": [GOAL] * goals}
        if self.update(campaign, body):
            campaign.caps, campaign.goals = caps, goals or campaign.goals

    @precondition(lambda self: self.campaigns)
    @rule(number=some)
    def move_start(self, number: int) -> None:
        """The start is fixed once the campaign was executed."""
        campaign = self.pick(number)
        start = iso(START_MS + HOUR_MS)
        if campaign.status == "DRAFT":
            assert self.live.ok("PUT", f"campaigns/{campaign.campaign_id}", {"flightDates": {"startDate": start}})
            self.live.ok("PUT", f"campaigns/{campaign.campaign_id}", {"flightDates": {"startDate": iso(START_MS)}})
        else:
            self.update(campaign, {"flightDates": {"startDate": start}}, refused=True)

    # -- media buys --------------------------------------------------------------------------------------

    def act(self, number: int, which: int, action: Callable[[Buy], Json]) -> tuple[Campaign, Buy, Json] | None:
        campaign = self.pick(number)
        if not campaign.buys or campaign.status == "ARCHIVED" or self.overdue(campaign):
            return None
        buy = campaign.buys[which % len(campaign.buys)]
        return campaign, buy, {"mediaBuys": [{"mediaBuyId": buy.buy_id, **action(buy)}]}

    @precondition(lambda self: any(campaign.buys for campaign in self.campaigns))
    @rule(number=some, which=some)
    def cancel(self, number: int, which: int) -> None:
        """Rule 93."""
        found = self.act(number, which, lambda _: {"action": "cancel", "reason": "enough"})
        if found is None:
            return
        campaign, buy, body = found
        if buy.status == "ARCHIVED":
            self.refuse("NOT_FOUND", "PUT", f"campaigns/{campaign.campaign_id}", body)
        elif self.update(
            campaign, body, refused=buy.status not in ("ACTIVE", "PAUSED", "PENDING_APPROVAL", "INPUT_REQUIRED")
        ):
            buy.status, buy.waiting = "CANCELED", None

    @precondition(lambda self: any(campaign.buys for campaign in self.campaigns))
    @rule(number=some, which=some, sure=seldom)
    def drop(self, number: int, which: int, sure: bool) -> None:
        """Rule 94."""
        if not sure:
            return
        found = self.act(number, which, lambda _: {"action": "delete"})
        if found is None:
            return
        campaign, buy, body = found
        if buy.status == "ARCHIVED":
            self.refuse("NOT_FOUND", "PUT", f"campaigns/{campaign.campaign_id}", body)
        elif self.update(campaign, body):
            buy.status, buy.waiting = "ARCHIVED", None

    @precondition(lambda self: any(campaign.buys for campaign in self.campaigns))
    @rule(number=some, which=some)
    def rename(self, number: int, which: int) -> None:
        """DRAFTs and ACTIVE media buys can be changed, and no other ones (rules 86, 90)."""
        found = self.act(number, which, lambda _: {"name": "Another name"})
        if found is None:
            return
        campaign, buy, body = found
        if buy.status == "ARCHIVED":
            self.refuse("NOT_FOUND", "PUT", f"campaigns/{campaign.campaign_id}", body)
        else:
            self.update(campaign, body, refused=buy.status not in ("DRAFT", "ACTIVE") or buy.waiting is not None)

    @precondition(lambda self: any(campaign.buys for campaign in self.campaigns))
    @rule(number=some, which=some, pacing=st.sampled_from(("even", "asap")))
    def change_package(self, number: int, which: int, pacing: str) -> None:
        """Packages of ACTIVE media buys change by a new version (rules 86, 89, 90)."""
        campaign = self.pick(number)
        shown = self.live.ok("GET", f"campaigns/{campaign.campaign_id}")["mediaBuys"]
        packages = {row["mediaBuyId"]: row["packages"] for row in reversed(shown)}

        def action(buy: Buy) -> Json:
            rows = packages.get(buy.buy_id, [])
            return {"packages": [{"packageId": (rows and rows[0]["packageId"]) or "none", "pacing": pacing}]}

        found = self.act(number, which, action)
        if found is None:
            return
        campaign, buy, body = found
        if buy.status == "ARCHIVED":
            self.refuse("NOT_FOUND", "PUT", f"campaigns/{campaign.campaign_id}", body)
        elif self.update(campaign, body, refused=buy.status != "ACTIVE" or buy.waiting is not None):
            self.change(campaign, buy, buy.end_ms)

    def change(self, campaign: Campaign, buy: Buy, end_ms: int) -> None:
        if campaign.change(buy, end_ms):
            self.desk.append((campaign, buy, False))

    # -- the agent, the clock, the server -----------------------------------------------------------------

    @precondition(lambda self: self.desk)
    @rule(what=st.sampled_from(("approve", "reject", "ask_input")))
    def decide(self, what: str) -> None:
        """``slow`` decides about the newest thing that waits (rules 81, 82)."""
        campaign, buy, order = self.desk[-1]
        if what == "ask_input":
            if not order or buy.status == "INPUT_REQUIRED":
                return
            self.live.ok("POST", "/_sandbox/actors/slow/ask_input", {"missing": "po_number"})
            if buy.status == "PENDING_APPROVAL":
                buy.status = "INPUT_REQUIRED"
        else:
            self.desk.pop()
            self.live.ok("POST", f"/_sandbox/actors/slow/{what}", {})
            if order or buy.waiting is not None:
                campaign.decided(buy, what == "approve")
        self.advance(MARGIN_MS)

    @rule(by_ms=st.sampled_from((HOUR_MS, 5 * HOUR_MS, DAY_MS, 12 * DAY_MS)))
    def advance(self, by_ms: int) -> None:
        """Time goes by (rule 69)."""
        self.live.advance(f"{by_ms // 1000}s")

    @precondition(lambda self: self.campaigns)
    @rule(number=some)
    def poll(self, number: int) -> None:
        """Rule 83: asking the agents changes nothing that they have not told already."""
        campaign = self.pick(number)
        answer = self.live.ok("GET", f"campaigns/{campaign.campaign_id}/media-buy-status")
        assert answer["errors"] == []

    @rule(sure=seldom)
    def restart(self, sure: bool) -> None:
        """A server that starts again with its journal shows what it has shown."""
        if not sure:
            return
        before = self.everything()
        type(self).live.stop()
        type(self).live = start(self.folder)
        assert self.everything() == before


def start(folder: Path) -> Live:
    """Serve the world of these tests, with a journal."""
    world = folder / "world.yaml"
    world.write_text(WORLD)
    return Live(served(folder, scenario=world, journal=f"sqlite:///{folder}/journal.db"))


def explore(examples: int, steps: int) -> None:
    """Run the state machine against one server."""
    with tempfile.TemporaryDirectory() as name:
        Lifecycle.folder = Path(name)
        Lifecycle.live = start(Lifecycle.folder)
        try:
            run_state_machine_as_test(
                Lifecycle,
                settings=settings(
                    max_examples=examples,
                    stateful_step_count=steps,
                    deadline=None,
                    derandomize=True,
                    database=None,
                    suppress_health_check=list(HealthCheck),
                ),
            )
        finally:
            Lifecycle.live.stop()


def test_a_few_campaign_lives_go_as_the_rules_say() -> None:
    explore(10, 20)


@pytest.mark.slow
@pytest.mark.long
def test_many_campaign_lives_go_as_the_rules_say() -> None:
    explore(100, 50)
