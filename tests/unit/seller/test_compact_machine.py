"""Proposals under any order of calls: terms never change, and neither money nor inventory is ever promised twice."""

from __future__ import annotations

from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, multiple, rule

from tests.unit.seller.compact_story import ACCOUNT, BRAND, Json, digest
from tests.unit.seller.conftest import PLACEMENTS, Stage

MAX_HOLDS = 3
VALID_MS = 86_400_000
TOTALS = st.integers(50, 20_000)


class Proposals(RuleBasedStateMachine):
    """A buyer and a rival do what they please; the model is the last state that each of them was told."""

    drafts = Bundle("drafts")
    held = Bundle("held")
    buys = Bundle("buys")

    @initialize(target=drafts)
    def open(self) -> str:
        config = {"max_holds": MAX_HOLDS, "proposal_validity": "1d", "guaranteed": True}
        self.world = Stage(config, {"domain": "daily.example", "placements": PLACEMENTS}, "3.2", 3)
        self.terms: dict[str, Json] = {}
        self.status: dict[str, str] = {}
        self.until: dict[str, int] = {}
        self.parent: dict[str, str] = {}
        self.owner: dict[str, str] = {}
        return str(self.request(buyer="buyer", total=500))

    def keep(self, proposal: Json, buyer: str) -> str:
        name = str(proposal["proposal_id"])
        assert name not in self.terms, "an id was given twice"
        assert digest(proposal["commercial_terms"]) == proposal["terms_digest"]
        total = proposal["commercial_terms"]["total_budget"]["amount"]
        shares = [round(1_000_000 * p["budget"]) for p in proposal["commercial_terms"]["purchases"]]
        assert sum(shares) == round(1_000_000 * total)
        self.terms[name], self.status[name] = proposal["commercial_terms"], proposal["proposal_status"]
        self.until[name] = self.world.seller.proposals[name].expires_ms
        self.parent[name], self.owner[name] = proposal.get("parent_proposal_id", ""), buyer
        return name

    def holds(self, buyer: str) -> list[str]:
        now = self.world.world.now
        mine = [n for n, state in self.status.items() if state == "committed" and self.owner[n] == buyer]
        return [name for name in mine if now < self.until[name]]

    def call(self, tool: str, buyer: str, **arguments: Any) -> Any:
        return self.world.reply(tool, sender=buyer, **arguments)

    @rule(target=drafts, buyer=st.sampled_from(["buyer", "rival"]), total=TOTALS)
    def ask(self, buyer: str, total: int) -> Any:
        return self.request(buyer, total)

    def request(self, buyer: str, total: int) -> str:
        criteria = {"offer_filters": {"budget_range": {"max": total, "currency": "USD"}}}
        reply = self.call("request_proposals", buyer, brand=BRAND, brief="television and display", criteria=criteria)
        [proposal] = reply.body["proposals"]
        return self.keep(proposal, buyer)

    @rule(target=drafts, name=drafts, total=TOTALS, count=st.integers(2, 10))
    def revise(self, name: str, total: int, count: int) -> Any:
        wish = {"proposal_id": name, "action": "revise", "alternatives": {"count": count}}
        wish["constraints"] = {"total_budget": {"max": total, "currency": "USD"}}
        reply = self.call("refine_proposals", self.owner[name], refinements=[wish])
        if self.status[name] == "declined":
            assert reply.body["errors"][0]["code"] == "INVALID_STATE"
            return multiple()
        [result] = reply.body["results"]
        made = result["proposals"]
        assert len({proposal["terms_digest"] for proposal in made}) == len(made) <= count
        assert all(p["commercial_terms"]["total_budget"]["amount"] <= total for p in made)
        assert (result["outcome"] == "revised") == (len(made) == count)
        return multiple(*[self.keep(proposal, self.owner[name]) for proposal in made])

    @rule(target=held, names=st.lists(drafts, min_size=1, max_size=4, unique=True))
    def finalize(self, names: list[str]) -> Any:
        buyer = self.owner[names[0]]
        names = [name for name in names if self.owner[name] == buyer]
        entries = [{"proposal_id": name, "action": "finalize"} for name in names]
        taken = [n for n in names if any(self.parent[h] == n and self.taken(h) for h in self.status)]
        reply = self.call("refine_proposals", buyer, refinements=entries)
        if taken or any(self.status[name] == "declined" for name in names):
            assert reply.body["errors"][0]["code"] == "INVALID_STATE"
            return multiple()
        outcomes = {row["outcome"] for row in reply.body["results"]}
        assert len(outcomes) == 1, "some were held and some were not"
        if outcomes == {"unable"}:
            codes = {row["reason_code"] for row in reply.body["results"]}
            assert codes & {"hold_unavailable", "source_unavailable"}
            return multiple()
        assert len(self.holds(buyer)) + len(names) <= MAX_HOLDS
        rows = [row["proposal"] for row in reply.body["results"]]
        assert [row["commercial_terms"] for row in rows] == [self.terms[name] for name in names]
        return multiple(*[self.keep(row, buyer) for row in rows])

    def taken(self, name: str) -> bool:
        accepted = self.status[name] == "accepted"
        return accepted or (self.status[name] == "committed" and self.world.world.now < self.until[name])

    @rule(name=drafts, buyer=st.sampled_from(["buyer", "rival"]))
    def decline_draft(self, name: str, buyer: str) -> None:
        self.decline(name, buyer)

    @rule(name=held, buyer=st.sampled_from(["buyer", "rival"]))
    def decline_hold(self, name: str, buyer: str) -> None:
        self.decline(name, buyer)

    def decline(self, name: str, buyer: str) -> None:
        declines = [{"proposal_id": name, "reason": "timing"}]
        [row] = self.call("decline_proposals", buyer, declines=declines).body["results"]
        can = buyer == self.owner[name] and self.status[name] != "accepted"
        assert row["outcome"] == ("declined" if can else "unable")
        if can:
            self.status[name] = "declined"

    @rule(target=buys, name=held)
    def accept(self, name: str) -> Any:
        told = {"account": ACCOUNT, "proposal_id": name, "proposal_terms_digest": digest(self.terms[name])}
        live = self.world.world.now
        reply = self.call("accept_proposal", self.owner[name], **told)
        if self.status[name] == "committed" and live + 1000 < self.until[name]:
            assert reply.ok, reply.body
            self.status[name] = "accepted"
            return reply.body["media_buy_id"]
        if reply.ok:  # in the last second of its time
            self.status[name] = "accepted"
            return reply.body["media_buy_id"]
        assert reply.body["errors"][0]["code"] in ("INVALID_STATE", "PROPOSAL_EXPIRED")
        return multiple()

    @rule(name=held)
    def accept_other_terms(self, name: str) -> None:
        told = {"account": ACCOUNT, "proposal_id": name, "proposal_terms_digest": digest({"other": name})}
        assert not self.call("accept_proposal", self.owner[name], **told).ok

    @rule(buy_id=consumes(buys), part=st.integers(10, 150))
    def change_total(self, buy_id: str, part: int) -> None:
        buy = self.world.seller.media_buys[buy_id]
        agreed = self.terms[buy.proposal_id]["total_budget"]["amount"]
        told = {"account": ACCOUNT, "media_buy_id": buy_id, "revision": buy.revision}
        total = round(agreed * part / 100, 2)
        reply = self.call("control_media_buy", buy.buyer, **told, total_budget={"amount": total, "currency": "USD"})
        if part > 100 and total > agreed:
            assert reply.body["errors"][0]["code"] == "REQUOTE_REQUIRED"
        else:
            assert reply.ok, reply.body
            assert buy.budget_micros == round(total * 1_000_000)

    @rule(hours=st.integers(1, 30))
    def wait(self, hours: int) -> None:
        self.world.run(f"+{hours}h")

    @invariant()
    def terms_stay_as_they_were_told(self) -> None:
        for name, terms in getattr(self, "terms", {}).items():
            assert self.world.seller.proposals[name].terms == terms

    @invariant()
    def nothing_is_bought_twice(self) -> None:
        if not hasattr(self, "world"):
            return
        buys = list(self.world.seller.media_buys.values())
        assert len({buy.proposal_id for buy in buys}) == len(buys)
        assert {buy.proposal_id for buy in buys} == {n for n, state in self.status.items() if state == "accepted"}

    @invariant()
    def what_is_held_is_there(self) -> None:
        if not hasattr(self, "world"):
            return
        from agents.seller.compact.holds import is_held, needs
        from agents.seller.forecasts import expected_impressions

        seller = self.world.seller
        proposals = [p for p in seller.proposals.values() if is_held(seller, p)]
        assert {p.proposal_id for p in proposals} == {*self.holds("buyer"), *self.holds("rival")}
        kept: dict[tuple[str, int, int], int] = {}
        for product, start, end, volume in (need for p in proposals for need in needs(seller, p)):
            kept[product, start, end] = kept.get((product, start, end), 0) + volume
        for (product, start, end), volume in kept.items():
            assert volume <= expected_impressions(seller, seller.products[product], start, end)

    def teardown(self) -> None:
        if hasattr(self, "world"):
            self.world.check()


Proposals.TestCase.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)
TestProposals = Proposals.TestCase
