"""report_plan_outcome: what became of an approved action. Here, and only here, budget is committed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agents.governance.checks import known_action
from agents.governance.context import check_open, governance_of, plan_for
from agents.governance.deliveries import judge_delivery
from agents.governance.ledger import Commitment
from agents.governance.plans import Plan
from agents.governance.proposed import Proposed
from agents.governance.records import Action, Finding, Json, Outcome
from agents.governance.rules import Case
from agents.governance.rules.budget import allocations, brand_limit, budget, portfolio_cap
from sandbox.core.errors import AdcpError
from sandbox.core.money import amount, micros, split

if TYPE_CHECKING:
    from agents.governance.agent import GovernanceAgent
    from sandbox.kernel.endpoint import Context

BUDGET = "budget_authority"


def report_plan_outcome(ctx: Context, request: Json) -> Json:
    """Settle an action (completed, failed) or note its delivery; an action is settled once.

    Raises PLAN_NOT_FOUND, REFERENCE_NOT_FOUND for a check that is not of the plan, VALIDATION_ERROR where check,
    context and plan do not belong together, PERMISSION_DENIED for others than who asked, CONFLICT for a second
    settlement, CAMPAIGN_SUSPENDED.
    """
    agent = governance_of(ctx)
    action = _action(ctx, request)
    plan = agent.plans[action.plan] if action is not None else plan_for(ctx, request["plan_id"], "")
    check_open(agent, plan)
    outcome = request["outcome"]
    if action is not None and action.settled and outcome != "delivery":
        raise AdcpError("CONFLICT", f"the action was reported as {action.settled} already", field="check_id")
    if outcome == "completed":
        committed, findings = _complete(agent, plan, action, request)
    elif outcome == "failed":
        committed, findings = 0, _failed(action)
    else:
        delivery = request.get("delivery", {})
        committed, findings = 0, judge_delivery(plan, action, {"delivery_metrics": delivery})
        if action is not None and "cumulative_spend" in delivery:
            action.observed_micros = micros(delivery["cumulative_spend"])
    record = _keep(agent, plan, action, request, committed, findings)
    body: Json = {
        "status": "completed",
        "outcome_id": record.outcome_id,
        "outcome_state": "findings" if findings else "accepted",
        "committed_budget": amount(committed),
        "plan_summary": {
            "total_committed": amount(agent.ledger.total(plan.key)),
            "budget_remaining": amount(max(0, plan.total_micros - agent.ledger.total(plan.key))),
        },
    }
    shown = [_plain(finding.wire()) for finding in findings]
    return {**body, "findings": shown} if shown else body


def _plain(body: Json) -> Json:
    return {name: body[name] for name in ("category_id", "severity", "explanation", "details") if name in body}


def _action(ctx: Context, request: Json) -> Action | None:
    """The action that is reported about; None for one that this agent never approved.

    A check and a context that are both given have to belong to one action and to the plan.
    """
    agent = governance_of(ctx)
    action = known_action(agent, request.get("governance_context", ""))
    check = agent.checks.get(request["check_id"]) if "check_id" in request else None
    if "check_id" in request and (check is None or check.plan[1] != request["plan_id"]):
        raise AdcpError("REFERENCE_NOT_FOUND", f"there is no check {request['check_id']}", field="check_id")
    if check is not None:
        if not check.binding:
            raise AdcpError("VALIDATION_ERROR", f"the check was {check.verdict}, not approved", field="check_id")
        if action is not None and action.binding != check.binding:
            raise AdcpError("VALIDATION_ERROR", "check and context are of two actions", field="governance_context")
        action = agent.actions[check.binding]
    if action is None:
        return None
    if action.plan[1] != request["plan_id"]:
        raise AdcpError("VALIDATION_ERROR", "the action belongs to another plan", field="plan_id")
    if ctx.principal.id not in (action.caller_id, action.plan[0]):
        raise AdcpError("PERMISSION_DENIED", "whoever asked for the check reports its outcome", field="check_id")
    if request.get("purchase_type", action.purchase_type) != action.purchase_type:
        raise AdcpError("VALIDATION_ERROR", f"the action is a {action.purchase_type}", field="purchase_type")
    return action


def _complete(agent: GovernanceAgent, plan: Plan, action: Action | None, request: Json) -> tuple[int, list[Finding]]:
    """Commit what was approved, or what the seller's own check narrowed it to; a lower report frees nothing.

    Without an approved action the owner's own word is all there is: it counts, and is a finding.
    """
    seller = request.get("seller_response", {})
    reported = _reported(seller)
    findings: list[Finding] = []
    if action is None:
        committed = reported or 0
        findings.append(Finding(BUDGET, "critical", "The commitment was not approved: there is no check for it"))
    else:
        committed = action.micros if action.executed_micros is None else action.executed_micros
        if reported is not None and reported > committed:
            why = f"{amount(reported)} is reported, {amount(committed)} {action.currency} was approved"
            findings.append(Finding(BUDGET, "critical", why, details={"reported": amount(reported)}))
            committed = reported
        elif reported is not None and reported != committed:
            why = f"{amount(reported)} is reported; {amount(committed)} {action.currency} stays committed"
            findings.append(Finding(BUDGET, "warning", why, details={"reported": amount(reported)}))
        action.settled, action.status, action.committed_micros = "completed", "active", committed
        action.seller_reference = str(seller.get("seller_reference", ""))
    _commit(agent, plan, action, committed)
    return committed, [*findings, *_overspent(agent, plan)]


def _reported(seller: Json) -> int | None:
    """What the seller confirmed, by the caller's word."""
    if "committed_budget" in seller:
        return micros(seller["committed_budget"])
    budgets = [package["budget"] for package in seller.get("packages", []) if "budget" in package]
    return sum(micros(b) for b in budgets) if budgets else None


def _commit(agent: GovernanceAgent, plan: Plan, action: Action | None, committed: int) -> None:
    weights = action.channels if action is not None else {}
    parts = split(committed, list(weights.values())) if sum(weights.values()) else []
    agent.ledger.commit(
        Commitment(
            agent.now,
            plan.key,
            plan.key[0],
            action.caller if action is not None else "",
            action.seller if action is not None else "",
            action.account if action is not None else "",
            action.purchase_type if action is not None else "media_buy",
            committed,
            dict(zip(weights, parts, strict=False)),
        )
    )


def _overspent(agent: GovernanceAgent, plan: Plan) -> list[Finding]:
    """Budgets that are exceeded now: intents reserve nothing, so several that fit alone may not fit together.

    The rules of an intent are asked about nothing more than what is committed.
    """
    plans = tuple(agent.plans.values())
    portfolios = tuple(p for p in plans if p.key[0] == plan.key[0] and plan.plan_id in p.members)
    findings = []
    for kind in ("media_buy", *plan.body["budget"].get("allocations", {})):
        probe = Proposed("outcome", "", kind, "", "", "", 0, plan.currency, None, None, [], {}, frozenset())
        case = Case(plan, probe, agent.ledger, agent.config, portfolios, plans, True, agent.now)
        for rule in (budget, allocations, brand_limit, portfolio_cap):
            findings += list(rule(case))
    return list({finding.explanation: finding for finding in findings}.values())


def _failed(action: Action | None) -> list[Finding]:
    if action is not None:
        action.settled, action.status = "failed", "completed"
    return []


def _keep(
    agent: GovernanceAgent, plan: Plan, action: Action | None, request: Json, committed: int, findings: list[Finding]
) -> Outcome:
    record = Outcome(
        outcome_id=agent.ids.next("out"),
        plan=plan.key,
        at_ms=agent.now,
        caller=action.caller if action is not None else "",
        outcome=request["outcome"],
        committed_micros=committed,
        findings=findings,
        purchase_type=action.purchase_type if action is not None else "media_buy",
        binding=action.binding if action is not None else "",
        token=request.get("governance_context", ""),
    )
    agent.outcomes.append(record)
    why = "; ".join(finding.explanation for finding in findings) or f"{amount(committed)} {plan.currency} committed"
    agent.decide("governance_outcome", record.outcome_id, "findings" if findings else "accepted", why)
    return record
