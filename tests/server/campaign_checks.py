"""A served platform beside its model: what has to be the same after every step."""

from __future__ import annotations

from typing import Any

from hypothesis.stateful import RuleBasedStateMachine, invariant

from sandbox.core.time import parse_instant
from tests.server.campaign_model import Campaign
from tests.server.conftest import OTHER_KEY, Live

Json = dict[str, Any]
FOREIGN = (("GET", ""), ("PUT", ""), ("POST", "/execute"), ("POST", "/pause"), ("DELETE", ""), ("GET", "/products"))


class Compared(RuleBasedStateMachine):
    """Campaigns of one customer, as the platform shows them and as the model has them."""

    live: Live
    campaigns: list[Campaign]
    steps = 0

    def now(self) -> int:
        return parse_instant(self.live.now())

    def pick(self, number: int) -> Campaign:
        return self.campaigns[number % len(self.campaigns)]

    def overdue(self, campaign: Campaign) -> bool:
        """True while an agent knows that a media buy has ended, and the platform perhaps not yet."""
        now_ms = self.now()
        return any(buy.status in ("ACTIVE", "PAUSED") and buy.end_ms <= now_ms for buy in campaign.buys)

    def refuse(self, code: str, method: str, path: str, body: Any = None) -> None:
        """A request that the model refuses (rules 4, 70)."""
        error = self.live.error(method, path, body)
        assert (error["status"], error["code"]) == (404 if code == "NOT_FOUND" else 400, code), error

    def update(self, campaign: Campaign, body: Json, refused: bool = False) -> bool:
        """Update a campaign; gives whether that was not refused. An archived one can't be changed."""
        path = f"campaigns/{campaign.campaign_id}"
        if refused or campaign.status == "ARCHIVED":
            self.refuse("INVALID_STATE", "PUT", path, body)
            return False
        answer = self.live.ok("PUT", path, body)
        assert "errors" not in answer, answer["errors"]
        return True

    def media(self, campaign_id: str) -> int:
        """The media budget in micros, after a look at how it comes about (rule 55)."""
        shown = self.live.ok("GET", f"campaigns/{campaign_id}")
        fees = sum(round(fee["amount"] * 1e6) for fee in shown["fees"])
        media = round(shown["mediaBudget"]["total"] * 1e6)
        assert media + fees == round(shown["budget"]["total"] * 1e6)
        return media

    def everything(self) -> list[Any]:
        world = self.live.ok("GET", "/_sandbox/world")
        shown = [self.live.ok("GET", f"campaigns/{campaign.campaign_id}") for campaign in self.campaigns]
        return [world["digest"], world["now"], world["violations"], self.live.ok("GET", "campaigns"), *shown]

    @invariant()
    def statuses_are_those_of_the_model(self) -> None:
        """Rules 43, 58 to 62, 79, 80."""
        if not hasattr(self, "campaigns"):
            return
        listed = {row["campaignId"]: row for row in self.live.ok("GET", "campaigns?includeMediaBuys=true")["campaigns"]}
        assert list(listed) == [campaign.campaign_id for campaign in self.campaigns]
        now_ms = self.now()
        for campaign in self.campaigns:
            campaign.pass_time(now_ms)
            shown = self.live.ok("GET", f"campaigns/{campaign.campaign_id}")
            assert shown["status"] == campaign.status
            self.compare_buys(campaign, shown, now_ms)
            self.compare_budget(campaign, shown)
            row = listed[campaign.campaign_id]
            for name in ("name", "status", "flightDates", "mediaBuys", "updatedAt", "campaignType"):
                assert row[name] == shown[name]
            assert set(row["budget"]) == {"total", "currency"}  # rule 59
            assert len(shown["frequencyCaps"]) == campaign.caps
            goals = shown["performanceConfig"]
            assert len(goals["optimizationGoals"] if goals else []) == campaign.goals

    def compare_buys(self, campaign: Campaign, shown: Json, now_ms: int) -> None:
        refs = [(ref["mediaBuyId"], ref["status"]) for ref in shown["mediaBuyRefs"]]
        agents = {row["mediaBuyId"]: row["salesAgentId"] for row in shown["mediaBuys"]}
        known = {buy.buy_id for buy in campaign.buys}
        for buy in campaign.buys:
            if not buy.buy_id:
                new = [(b, s) for b, s in refs if b not in known and agents.get(b) == buy.seller]
                buy.buy_id = new[0][0] if new else ""
                known.add(buy.buy_id)
            seen = [status for buy_id, status in refs if buy_id == buy.buy_id]
            assert seen, f"{buy} is not shown in {refs}"
            allowed = campaign.allowed(buy, now_ms)
            assert seen[0] in allowed, f"{buy} is {seen}, the model allows {allowed}"
            if seen[0] != buy.status:
                buy.status = seen[0]
                buy.waiting = buy.waiting if seen[0] in ("ACTIVE", "PAUSED", "INPUT_REQUIRED") else None
        assert sorted(refs) == sorted(ref for buy in campaign.buys for ref in buy.refs())
        assert campaign.surfaced() in (shown["mediaBuyStatus"], None)  # rule 80
        assert all(row["status"] != "ARCHIVED" for row in shown["mediaBuys"])  # rule 94

    def compare_budget(self, campaign: Campaign, shown: Json) -> None:
        media, allocated = (round(value * 1e6) for value in (shown["mediaBudget"]["total"], shown["allocatedBudget"]))
        assert media == campaign.media
        assert allocated == sum(buy.budget for buy in campaign.buys if buy.status == "ACTIVE")  # rule 57
        assert round(shown["unallocatedBudget"] * 1e6) == media - allocated  # rule 58

    @invariant()
    def another_customer_sees_nothing(self) -> None:
        """Rule 13."""
        if getattr(self, "campaigns", None):
            path = f"campaigns/{self.campaigns[-1].campaign_id}"
            self.steps += 1
            method, action = FOREIGN[self.steps % len(FOREIGN)]
            error = self.live.error(method, path + action, {} if method in ("PUT", "POST") else None, key=OTHER_KEY)
            assert error["code"] == "NOT_FOUND"
            assert self.live.ok("GET", "campaigns", key=OTHER_KEY)["campaigns"] == []

    def teardown(self) -> None:
        """No rule of the simulation was broken."""
        assert self.live.ok("GET", "/_sandbox/world")["violations"] == []
