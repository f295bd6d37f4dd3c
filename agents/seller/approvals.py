"""The desk: what waits for a decision, when it is decided, and what follows from it.

An order or an update that waits is an AdCP task (``submitted``). It is decided after the configured delay, or
by a scenario step; the buyer hears of it by webhook and can poll the task.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agents.seller.accounts import set_account_status
from agents.seller.compact.envelope import check_envelope
from agents.seller.compact.holds import check_more
from agents.seller.config import Policy
from agents.seller.library import review
from agents.seller.orders import Order, book
from agents.seller.packages import Lists
from agents.seller.policy.approval import Decision, by_chance, decide_buy, first_breach
from agents.seller.policy.delays import decision_time
from agents.seller.records import Account, Creative
from agents.seller.updates import Plan, make_so, plan_update
from sandbox.core.errors import AdcpError
from sandbox.core.time import SECOND_MS
from sandbox.protocol.tasks import Task

if TYPE_CHECKING:
    from agents.seller.seller import Seller
    from sandbox.kernel.endpoint import Context

LOOK_MS = SECOND_MS
"""How long it takes to see that something is missing where no person is asked."""


@dataclass(slots=True)
class Case:
    """An order or an update that waits. Exactly one of ``order`` and ``plan`` is set."""

    task: Task
    roll: float
    order: Order | None = None
    plan: Plan | None = None
    lists: Lists | None = None
    resumed: int = 0
    """How often the buyer has added what was missing."""

    @property
    def context(self) -> str:
        """Under what the buyer may add what is missing: another one for each time that it is asked."""
        return f"{self.task.task_id}.{self.resumed + 1}" if self.resumed else self.task.task_id

    @property
    def media_buy_id(self) -> str:
        """The buy that an update changes; empty for an order, which is no buy yet."""
        return self.plan.buy.media_buy_id if self.plan is not None else ""


class Desk:
    """Everything that waits for the seller's people."""

    def __init__(self, seller: Seller) -> None:
        self._seller = seller
        self.cases: dict[str, Case] = {}
        self._contexts: dict[str, Case] = {}
        self.reviews: dict[str, Creative] = {}
        self.applicants: dict[str, Account] = {}

    # -- taking in ---------------------------------------------------------------------------------------

    def queue_order(self, order: Order, roll: float) -> dict[str, Any]:
        """Let an order wait; gives the ``submitted`` answer."""
        waiting = self.cases.get(order.proposal.task_id) if order.proposal is not None else None
        if waiting is not None and waiting.task.status != "input-required":
            raise AdcpError("INVALID_STATE", "the proposal waits for a decision already", field="proposal_id")
        if waiting is not None:
            return self.resume(waiting, order)
        task = self._seller.tasks.open(order.tool, order.buyer, order.request, order.version)
        if order.proposal is not None:
            order.proposal.task_id = task.task_id
        case = Case(task, roll, order=order)
        return self._take(case, "waits for approval")

    def queue_forced(self, order: Order, task_id: str, message: str) -> dict[str, Any]:
        """Let an order wait under a given id until the test controller ends it."""
        task = self._seller.tasks.open("create_media_buy", order.buyer, order.request, order.version, task_id)
        self.cases[task_id] = Case(task, 0.0, order=order)
        return {"status": "submitted", "task_id": task_id, "message": message}

    def queue_update(self, ctx: Context, plan: Plan, lists: Lists, roll: float) -> dict[str, Any]:
        """Let an update wait, the buy unchanged; gives the ``submitted`` answer."""
        task = self._seller.tasks.open(plan.tool, ctx.principal.id, plan.request, ctx.version)
        case = Case(task, roll, plan=plan, lists=lists)
        return self._take(case, f"the change of {plan.buy.media_buy_id} waits for approval")

    def _take(self, case: Case, message: str) -> dict[str, Any]:
        self.cases[case.task.task_id] = case
        policy = self._seller.config.approval if case.order is not None else self._seller.config.updates
        self._schedule(policy, lambda: self._due(case))
        self._contexts[case.context] = case
        return {
            "status": "submitted",
            "task_id": case.task.task_id,
            "context_id": case.context,
            "message": message,
        }

    def queue_review(self, creative: Creative) -> None:
        """Let a creative wait for review."""
        self.reviews[creative.label] = creative
        asked = creative.reviews
        self._schedule(self._seller.config.creative_review, lambda: self._review_due(creative, asked))

    def queue_account(self, account: Account) -> None:
        """Let a new account wait."""
        self.applicants[account.account_id] = account
        self._schedule(self._seller.config.accounts, lambda: self._account_due(account))

    def _schedule(self, policy: Policy, do: Any) -> None:
        """Decide when it is due; a manual policy without a delay waits for a scenario step."""
        seller = self._seller
        if policy.mode == "automatic":
            seller.world.after(LOOK_MS, do)
        elif policy.delay is not None:
            due_ms = decision_time(seller.now, policy.delay, policy.office_hours, seller.rng("delay"))
            seller.world.at(due_ms, do)

    # -- what waits --------------------------------------------------------------------------------------

    def waiting_for_input(self, buyer: str, context_id: str | None) -> Case | None:
        """The caller's order that waits for input under this context; None if it is nobody's context.

        INVALID_STATE if nothing waits under it any more: another order would be bought twice.
        """
        case = self._contexts.get(context_id or "")
        if case is None or case.order is None or case.order.buyer != buyer:
            return None
        if case.task.status != "input-required" or context_id != case.context:
            why = f"task {case.task.task_id} is {case.task.status} and takes no input under this context_id"
            raise AdcpError("INVALID_STATE", why, field="context_id")
        return case

    def resume(self, case: Case, order: Order) -> dict[str, Any]:
        """Go on with an order that was sent again with what it lacked."""
        if case.order is not None and case.order.proposal is not None:
            case.order.proposal.task_id = ""
        if order.proposal is not None:
            order.proposal.task_id = case.task.task_id
        case.order = order
        case.resumed += 1
        self._seller.tasks.move(case.task, "submitted", "the buyer added what was missing")
        return self._take(case, "goes on to approval")

    def newest(self) -> Case | None:
        """The case that came in last and is not decided."""
        return next(reversed(self.cases.values()), None)

    # -- decisions that are due --------------------------------------------------------------------------

    def _due(self, case: Case) -> None:
        if self.cases.get(case.task.task_id) is case and case.task.status != "input-required":
            decision = self._judge(case)
            self.settle(case, decision)

    def _judge(self, case: Case) -> Decision:
        config, now = self._seller.config, self._seller.now
        if case.order is not None:
            return decide_buy(config.approval, case.order.facts(now), case.order.request, case.roll)
        assert case.plan is not None
        breach = first_breach(config.updates.reject_if, case.plan.facts(now))
        return breach or by_chance(config.updates.probability_of_rejection, case.roll, "the change is fine")

    def _review_due(self, creative: Creative, asked: int) -> None:
        if creative.label in self.reviews and creative.reviews == asked:
            self.reviews.pop(creative.label)
            review(self._seller, creative)

    def _account_due(self, account: Account) -> None:
        if self.applicants.pop(account.account_id, None) is None:
            return
        chance = self._seller.config.accounts.probability_of_rejection
        decision = by_chance(chance, self._seller.rng("accounts").random(), "the account is in order")
        self._seller.decide("account", account.account_id, decision.verdict, decision.reason)
        new = "active" if decision.verdict == "approve" else "rejected"
        set_account_status(self._seller, account, new, decision.reason)

    # -- what follows ------------------------------------------------------------------------------------

    def settle(self, case: Case, decision: Decision) -> None:
        """Carry out a decision: the task ends, or asks for input; the buyer is told."""
        seller, task = self._seller, case.task
        seller.decide("task", task.task_id, decision.verdict, decision.reason)
        if decision.verdict == "ask_input":
            missing = ", ".join(decision.missing)
            result = {"reason": "APPROVAL_REQUIRED", "ext": {"missing": list(decision.missing)}}
            seller.tasks.move(task, "input-required", f"missing: {missing}", result)
            return
        del self.cases[task.task_id]
        if case.order is not None and case.order.proposal is not None:
            case.order.proposal.task_id = ""
        if decision.verdict == "reject":
            seller.tasks.refuse(task, "rejected", AdcpError(decision.code, decision.reason))
            return
        try:
            result = self._carry_out(case, decision.reason)
        except AdcpError as error:
            seller.tasks.refuse(task, "failed", error)
        else:
            seller.tasks.move(task, "completed", decision.reason, result)

    def _carry_out(self, case: Case, why: str) -> dict[str, Any]:
        """Book an order, or apply an update as it looks against the buy and the accepted terms of today."""
        seller = self._seller
        if case.order is not None:
            return case.order.answer(seller, book(seller, case.order, why))
        assert case.plan is not None
        assert case.lists is not None
        if case.plan.tool == "control_media_buy" and not case.plan.cancel:
            check_envelope(seller, case.plan.buy, case.plan.request["packages"])
        plan = plan_update(seller, case.plan.buy, case.plan.request, case.lists)
        check_more(seller, plan)
        return make_so(seller, plan, case.plan.answer)
