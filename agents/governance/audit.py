"""get_plan_audit_logs: budgets, decisions and their reasons, so that anybody can reconstruct them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agents.governance.adjustments import accounting
from agents.governance.checks import known_action
from agents.governance.context import governance_of
from agents.governance.plans import Plan
from agents.governance.records import Action, Check, Json, Outcome
from sandbox.core.errors import AdcpError
from sandbox.core.money import amount
from sandbox.core.time import iso

if TYPE_CHECKING:
    from agents.governance.agent import GovernanceAgent
    from sandbox.kernel.endpoint import Context


def get_plan_audit_logs(ctx: Context, request: Json) -> Json:
    """The logs of plans, of the members of portfolios, or of governed actions; entries if wanted.

    Owners and delegates read their own plans, auditors all. PLAN_NOT_FOUND for absent and foreign ones alike.
    """
    agent = governance_of(ctx)
    wanted: dict[tuple[str, str], Plan] = {}
    for number, plan_id in enumerate(request.get("plan_ids", [])):
        for plan in _readable(ctx, plan_id, f"plan_ids[{number}]"):
            wanted[plan.key] = plan
    for number, plan_id in enumerate(request.get("portfolio_plan_ids", [])):
        for portfolio in _readable(ctx, plan_id, f"portfolio_plan_ids[{number}]"):
            for name in (plan_id, *portfolio.members):
                member = agent.plans.get((portfolio.key[0], name))
                if member is not None:
                    wanted[member.key] = member
    bindings: list[str] | None = None
    for number, context in enumerate(request.get("governance_contexts", [])):
        action = known_action(agent, context)
        if action is None or not _may_read(ctx, agent.plans[action.plan]):
            path = f"governance_contexts[{number}]"
            raise AdcpError("REFERENCE_NOT_FOUND", "no governed action has this context", field=path)
        wanted.setdefault(action.plan, agent.plans[action.plan])
        bindings = [*(bindings or []), action.binding]
    rows = [_log(agent, plan, request, bindings, ctx.version) for plan in wanted.values()]
    return {"status": "completed", "plans": rows}


def _may_read(ctx: Context, plan: Plan) -> bool:
    return plan.key[0] == ctx.principal.id or ctx.principal.id in governance_of(ctx).config.auditors


def _readable(ctx: Context, plan_id: str, path: str) -> list[Plan]:
    found = [plan for plan in governance_of(ctx).plans.values() if plan.plan_id == plan_id and _may_read(ctx, plan)]
    if not found:
        raise AdcpError("PLAN_NOT_FOUND", f"there is no plan {plan_id}", field=path)
    return found


def _log(agent: GovernanceAgent, plan: Plan, request: Json, bindings: list[str] | None, version: str) -> Json:
    kinds = request.get("purchase_types")

    def about(record: Check | Outcome | Action) -> bool:
        mine = record.plan == plan.key and (bindings is None or record.binding in bindings)
        return mine and (kinds is None or record.purchase_type in kinds)

    checks = [check for check in agent.checks.values() if about(check)]
    outcomes = [outcome for outcome in agent.outcomes if about(outcome)]
    actions = [action for action in agent.actions.values() if about(action)]
    adjustments = [one for one in agent.adjustments.values() if about(one.outcome)] if version == "3.2" else []
    committed = agent.ledger.total(plan.key)
    body: Json = {
        "plan_id": plan.plan_id,
        "plan_version": plan.version,
        "status": _status(agent, plan),
        "budget": {
            "authorized": amount(plan.total_micros),
            "committed": amount(committed),
            "remaining": amount(max(0, plan.total_micros - committed)),
            "utilization_pct": round(100 * committed / plan.total_micros, 2) if plan.total_micros else 0,
            **(accounting(agent, plan) if adjustments else {}),
        },
        "governed_actions": [_governed(action) for action in actions],
        "summary": _summary(checks, outcomes),
    }
    channels = agent.ledger.channels(plan.key)
    if channels:
        body["channel_allocation"] = {
            name: {"committed": amount(part), "pct": round(100 * part / committed, 2) if committed else 0}
            for name, part in channels.items()
        }
    if request.get("include_entries"):
        entries = [(c.at_ms, c.entry()) for c in checks] + [(o.at_ms, o.entry(amount)) for o in outcomes]
        entries += [(a.at_ms, a.entry()) for a in adjustments]
        body["entries"] = [entry for _, entry in sorted(entries, key=lambda pair: pair[0])]
    return body


def _status(agent: GovernanceAgent, plan: Plan) -> str:
    if plan.key in agent.suspended:
        return "suspended"
    return "completed" if plan.flight[1] <= agent.now else "active"


def _governed(action: Action) -> Json:
    body: Json = {
        "governance_context": action.tokens[-1],
        "purchase_type": action.purchase_type,
        "status": action.status,
        "committed": amount(action.committed_micros),
        "check_count": len(action.checks),
    }
    return {**body, "seller_reference": action.seller_reference} if action.seller_reference else body


def _summary(checks: list[Check], outcomes: list[Outcome]) -> Json:
    verdicts = [check.verdict for check in checks]
    reviewed = [check for check in checks if check.task_id]
    body: Json = {
        "checks_performed": len(checks),
        "outcomes_reported": len(outcomes),
        "statuses": {
            "approved": verdicts.count("approved"),
            "denied": verdicts.count("denied"),
            "conditions": verdicts.count("conditions"),
            "human_reviewed": len(reviewed),
        },
        "findings_count": sum(len(c.findings) for c in checks) + sum(len(o.findings) for o in outcomes),
        "escalations": [_escalation(check) for check in reviewed],
    }
    return {**body, "drift_metrics": _drift(checks, reviewed)} if checks else body


def _escalation(check: Check) -> Json:
    body: Json = {"check_id": check.check_id, "reason": "people have to decide"}
    if not check.reviewed:
        return body
    resolution = f"{check.reviewed}: {check.review_reason}"
    return {**body, "resolution": resolution, "resolved_at": iso(check.reviewed_ms)}


def _drift(checks: list[Check], reviewed: list[Check]) -> Json:
    """How much people decide, over the life of the plan; the trend compares its two halves."""
    half = len(checks) // 2
    early, late = (_rate(part) for part in (checks[:half], checks[half:]))
    trend = "stable" if not half or early == late else "increasing" if late > early else "declining"
    alone = [check for check in checks if check.verdict == "approved" and not check.task_id]
    denied = [check for check in reviewed if check.reviewed == "deny"]
    body: Json = {
        "escalation_rate": _rate(checks),
        "escalation_rate_trend": trend,
        "auto_approval_rate": round(len(alone) / len(checks), 4),
    }
    if reviewed:
        body["human_override_rate"] = round(len(denied) / len(reviewed), 4)
    sure = [f.confidence for check in checks for f in check.findings if f.confidence is not None]
    return {**body, "mean_confidence": round(sum(sure) / len(sure), 4)} if sure else body


def _rate(checks: list[Check]) -> float:
    return round(sum(1 for check in checks if check.task_id) / len(checks), 4) if checks else 0.0
