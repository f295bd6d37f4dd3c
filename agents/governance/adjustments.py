"""report_plan_adjustment (3.2): what a seller gives back of a settled commitment, and whether the plan's owner agrees.

A report changes nothing; an accepted one is accounting (docs/governance/campaign/tasks/report_plan_adjustment.mdx).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from agents.governance.context import check_open, governance_of
from agents.governance.ledger import Commitment
from agents.governance.plans import Plan
from agents.governance.records import Action, Json, Outcome
from sandbox.core.errors import AdcpError
from sandbox.core.money import amount, micros, split
from sandbox.core.time import iso, parse_instant
from sandbox.kernel.network import Network

if TYPE_CHECKING:
    from agents.governance.agent import GovernanceAgent
    from sandbox.kernel.endpoint import Context

CHEAPER = ("decommitment", "refund", "credit")
"""Kinds that make a plan cost less; a makegood does not."""


@dataclass(slots=True)
class Adjustment:
    """A seller's report about a settled action. ``state``: reported, verified or disputed (the last two for good)."""

    adjustment_id: str
    outcome: Outcome
    at_ms: int
    seller: str
    seller_adjustment_id: str
    kind: str
    micros: int
    currency: str
    reason: str
    effective_at: str
    evidence: Json = field(default_factory=dict)
    state: str = "reported"
    restored_micros: int = 0
    """What the plan may spend again."""
    reviewed_ms: int | None = None
    review_reason: str = ""

    @property
    def money(self) -> Json:
        """The amount with its currency."""
        return {"amount": amount(self.micros), "currency": self.currency}

    def entry(self) -> Json:
        """As an entry of an audit log."""
        body: Json = {
            "id": self.adjustment_id,
            "type": "adjustment",
            "timestamp": iso(self.at_ms),
            "plan_id": self.outcome.plan[1],
            "caller": self.seller,
            "outcome_id": self.outcome.outcome_id,
            "seller_adjustment_id": self.seller_adjustment_id,
            "adjustment_type": self.kind,
            "adjustment_state": self.state,
            "amount": self.money,
            "headroom_restored": amount(self.restored_micros),
            "reason": self.reason,
            "effective_at": self.effective_at,
            "evidence": self.evidence,
        }
        if self.reviewed_ms is not None:
            body["reviewed_at"] = iso(self.reviewed_ms)
        return {**body, "review_reason": self.review_reason} if self.review_reason else body


def report_plan_adjustment(ctx: Context, request: Json) -> Json:
    """``report`` an adjustment as the seller of an action, or ``review`` one as the owner of its plan.

    Raises REFERENCE_NOT_FOUND for what is absent or somebody else's, VALIDATION_ERROR for an amount that can't be,
    CONFLICT for an id that was used or a review that was made, PERMISSION_DENIED for callers that are no agents, and
    CAMPAIGN_SUSPENDED.
    """
    agent = governance_of(ctx)
    made = _reported(ctx, agent, request) if request["action"] == "report" else _reviewed(ctx, agent, request)
    plan = agent.plans[made.outcome.plan]
    return {
        "status": "completed",
        "adjustment_id": made.adjustment_id,
        "adjustment_state": made.state,
        "adjustment_type": made.kind,
        "amount": made.money,
        "headroom_restored": amount(made.restored_micros),
        "plan_summary": {
            **accounting(agent, plan),
            "budget_remaining": amount(plan.total_micros - agent.ledger.total(plan.key)),
        },
    }


def accounting(agent: GovernanceAgent, plan: Plan) -> Json:
    """The books of a plan: gross, adjustments, what it costs net, and what the ledger counts against the budget."""
    mine = [one for one in agent.adjustments.values() if one.outcome.plan == plan.key]
    verified = [one for one in mine if one.state == "verified"]
    gross = sum(row.micros for row in agent.ledger.of(plan.key) if row.micros > 0)
    cheaper = sum(one.micros for one in verified if one.kind in CHEAPER)
    ledger = agent.ledger.total(plan.key)
    return {
        "accounting_mode": plan.body["budget"].get("accounting_mode", "gross_commitment"),
        "gross_committed": amount(gross),
        "adjustments_reported": amount(sum(one.micros for one in mine if one.state != "disputed")),
        "adjustments_verified": amount(sum(one.micros for one in verified)),
        "net_cost": amount(gross - cheaper),
        "headroom_restored": amount(sum(one.restored_micros for one in verified)),
        "ledger_committed": amount(ledger),
        "net_committed": amount(ledger),
    }


# -- the seller's report ---------------------------------------------------------------------------------


def _reported(ctx: Context, agent: GovernanceAgent, request: Json) -> Adjustment:
    if ctx.principal.id not in agent.world.actors:
        raise AdcpError("PERMISSION_DENIED", "only the agent that sold the action reports adjustments of it")
    outcome, action = _source(ctx, agent, request)
    check_open(agent, agent.plans[outcome.plan])
    money, currency = micros(request["amount"]["amount"]), request["amount"]["currency"]
    if currency != agent.plans[outcome.plan].currency:
        why = f"the plan is in {agent.plans[outcome.plan].currency}, not in {currency}"
        raise AdcpError("VALIDATION_ERROR", why, field="amount.currency")
    before = [a for a in agent.adjustments.values() if a.outcome is outcome and a.state != "disputed"]
    left = outcome.committed_micros - sum(one.micros for one in before)
    if money > left:
        why = f"of the commitment {amount(left)} {currency} can be adjusted, not {amount(money)}"
        raise AdcpError("VALIDATION_ERROR", why, field="amount.amount")
    _check_ids(agent, action, request)
    try:
        parse_instant(request["effective_at"])
    except ValueError as error:
        raise AdcpError("VALIDATION_ERROR", str(error), field="effective_at") from error
    made = Adjustment(
        adjustment_id=agent.ids.next("adj"),
        outcome=outcome,
        at_ms=agent.now,
        seller=Network.url(ctx.principal.id),
        seller_adjustment_id=request["seller_adjustment_id"],
        kind=request["adjustment_type"],
        micros=money,
        currency=currency,
        reason=request["reason"],
        effective_at=request["effective_at"],
        evidence=dict(request["evidence"]),
    )
    agent.adjustments[made.adjustment_id] = made
    agent.decide("governance_adjustment", made.adjustment_id, "reported", made.reason)
    return made


def _source(ctx: Context, agent: GovernanceAgent, request: Json) -> tuple[Outcome, Action]:
    """The completed outcome that a seller names, and its action; the same answer for absent and foreign ones."""
    found = next((one for one in agent.outcomes if one.outcome_id == request["outcome_id"]), None)
    action = agent.actions.get(found.binding) if found is not None else None
    mine = action is not None and Network.agent_at(action.seller) == ctx.principal.id
    if found is None or action is None or not mine or found.plan[1] != request["plan_id"]:
        raise AdcpError("REFERENCE_NOT_FOUND", f"there is no outcome {request['outcome_id']}", field="outcome_id")
    if action.seller_reference != request["seller_reference"]:
        why = f"the outcome is not about {request['seller_reference']}"
        raise AdcpError("REFERENCE_NOT_FOUND", why, field="seller_reference")
    if found.outcome != "completed" or not found.committed_micros:
        raise AdcpError("VALIDATION_ERROR", "nothing was committed by that outcome", field="outcome_id")
    return found, action


def _check_ids(agent: GovernanceAgent, action: Action, request: Json) -> None:
    """A seller's ids are its own and mean one thing for ever."""
    mine = [a for a in agent.adjustments.values() if Network.same_agent(a.seller, action.seller)]
    if any(one.seller_adjustment_id == request["seller_adjustment_id"] for one in mine):
        raise AdcpError("CONFLICT", "the id was used for another report", field="seller_adjustment_id")
    evidence = request["evidence"]
    if any(one.evidence["evidence_id"] == evidence["evidence_id"] and one.evidence != evidence for one in mine):
        raise AdcpError("CONFLICT", "the id was used for other evidence", field="evidence.evidence_id")


# -- the owner's review ----------------------------------------------------------------------------------


def _reviewed(ctx: Context, agent: GovernanceAgent, request: Json) -> Adjustment:
    made = agent.adjustments.get(request["adjustment_id"])
    if made is None or made.outcome.plan != (ctx.principal.id, request["plan_id"]):
        why = f"there is no adjustment {request['adjustment_id']}"
        raise AdcpError("REFERENCE_NOT_FOUND", why, field="adjustment_id")
    plan = agent.plans[made.outcome.plan]
    check_open(agent, plan)
    if made.state != "reported":
        raise AdcpError("CONFLICT", f"the adjustment is {made.state} already", field="adjustment_id")
    if request["decision"] == "accept":
        _verify(agent, plan, made)
    else:
        made.state = "disputed"
    made.reviewed_ms, made.review_reason = agent.now, request.get("reason", "")
    agent.decide("governance_adjustment", made.adjustment_id, made.state, made.review_reason)
    return made


def _verify(agent: GovernanceAgent, plan: Plan, made: Adjustment) -> None:
    """Book an accepted adjustment: headroom comes back as a commitment below zero."""
    action = agent.actions[made.outcome.binding]
    if made.kind == "decommitment":
        _check_undelivered(agent, action, made)
    made.state = "verified"
    net = plan.body["budget"].get("accounting_mode") == "verified_net_cost"
    if made.kind != "decommitment" and not (net and made.kind in CHEAPER):
        return
    made.restored_micros = made.micros
    weights = action.channels
    parts = split(made.micros, list(weights.values())) if sum(weights.values()) else []
    channels = {name: -part for name, part in zip(weights, parts, strict=False)}
    commitment = Commitment(
        at_ms=agent.now,
        plan=plan.key,
        buyer=plan.key[0],
        caller=action.caller,
        seller=action.seller,
        account=action.account,
        purchase_type=action.purchase_type,
        micros=-made.micros,
        channels=channels,
    )
    agent.ledger.commit(commitment)


def _check_undelivered(agent: GovernanceAgent, action: Action, made: Adjustment) -> None:
    """Only what was not delivered can be given back, by the seller's statement or the buyer's count if that is more."""
    if action.stated_micros is None:
        raise AdcpError("VALIDATION_ERROR", "the seller has not stated its delivery yet", field="adjustment_id")
    delivered = max(action.stated_micros, action.observed_micros)
    others = [a for a in agent.adjustments.values() if a.outcome is made.outcome and a.state == "verified"]
    gone = sum(one.micros for one in others if one.kind == "decommitment")
    left = made.outcome.committed_micros - delivered - gone
    if made.micros > left:
        why = f"{amount(delivered)} is delivered, so that {amount(max(0, left))} can be given back"
        raise AdcpError("VALIDATION_ERROR", why, field="adjustment_id")
