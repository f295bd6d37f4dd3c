"""check_governance: the gate before every commitment (docs/governance/campaign/tasks/check_governance.mdx)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agents.governance.context import check_caller, check_open, governance_of, plan_for
from agents.governance.deliveries import judge_delivery
from agents.governance.plans import Plan
from agents.governance.proposed import Proposed, read_execution, read_intent
from agents.governance.records import Action, Check, Condition, Finding, Json
from agents.governance.rules import RULES, Case
from agents.governance.rules.authority import must_propose
from agents.governance.rules.policies import all_policies
from agents.governance.token import payload_hash, read
from sandbox.core.errors import AdcpError
from sandbox.core.money import amount, micros
from sandbox.core.time import DAY_MS, iso
from sandbox.kernel.network import Network
from sandbox.protocol.idempotency import canonical, digest

if TYPE_CHECKING:
    from agents.governance.agent import GovernanceAgent
    from sandbox.kernel.endpoint import Context

EXECUTION_TTL_MS = 30 * DAY_MS
"""How long a token of an execution may hold at most (JWS profile)."""
MOST_CONDITIONS = 3
"""Answers with conditions to one negotiation; after them it is denied."""


@dataclass(slots=True, frozen=True)
class Intent:
    """An intent that was read: what people are shown when they review it, and what becomes of it then."""

    plan: Plan
    action: Proposed
    caller_id: str
    owned: bool
    payload_hash: str
    fingerprint: str
    """What is proposed, apart from the key under which it is sent: people decide about this."""


def check_governance(ctx: Context, request: Json) -> Json:
    """Judge an intent (``tool`` and ``payload``) or an execution (``planned_delivery``, ``delivery_metrics``).

    Every call is kept for the audit log. Raises VALIDATION_ERROR for a mixture of both, PLAN_NOT_FOUND,
    PERMISSION_DENIED and CAMPAIGN_SUSPENDED.
    """
    check_caller(ctx, request["caller"])
    return examine(ctx, request)


def examine(ctx: Context, request: Json) -> Json:
    """Judge what the principal of ``ctx`` or somebody for it asks; see :func:`check_governance`."""
    intent = {"tool", "payload"} <= set(request)
    execution = "planned_delivery" in request or "delivery_metrics" in request
    if intent == execution:
        what = "tool and payload (an intent), or planned_delivery or delivery_metrics (an execution)"
        raise AdcpError("VALIDATION_ERROR", f"send either {what}", field="payload" if "tool" in request else "tool")
    return _check_intent(ctx, request) if intent else _check_execution(ctx, request)


# -- intents ---------------------------------------------------------------------------------------------


def _check_intent(ctx: Context, request: Json) -> Json:
    agent = governance_of(ctx)
    plan = plan_for(ctx, request.get("plan_id", ""), request["caller"])
    action = read_intent(request, agent.now)
    if not action.exempt:
        check_open(agent, plan)
    asked: Json = {"caller": action.caller, "tool": action.tool, "seller": action.seller, "kind": action.purchase_type}
    asked |= {"commitment": request.get("proposed_commitment"), "payload": _unkeyed(request["payload"])}
    owned = plan.key[0] == ctx.principal.id
    intent = Intent(
        plan, action, ctx.principal.id, owned, payload_hash(request["payload"]), digest([plan.key, plan.hash, asked])
    )
    findings = judge(agent, plan, action, owned)
    check = _new_check(agent, intent.plan, action, "intent", findings)
    talk = _negotiation(agent, intent, request)
    verdict = _verdict(agent, findings, execution=False)
    if verdict == "approved" and needs_review(agent, intent):
        if not agent.reviews.approved_before(intent.fingerprint):
            return agent.reviews.queue(ctx, request, intent, check)
        check.reviewed = "approve"
    if verdict == "conditions" and agent.consultations.get(talk, 0) >= MOST_CONDITIONS:
        verdict = "denied"
        findings.append(Finding("delegation_authority", "critical", f"{MOST_CONDITIONS} counterproposals were not met"))
    return conclude(agent, check, intent, verdict, talk, ctx.version)


def _unkeyed(payload: Json) -> Json:
    return {n: v for n, v in payload.items() if n not in ("idempotency_key", "context", "governance_context")}


def judge(agent: GovernanceAgent, plan: Plan, action: Proposed, owned: bool) -> list[Finding]:
    """What the rules find. What only reduces risk is not held up by any of them."""
    if action.exempt:
        return []
    plans = tuple(agent.plans.values())
    portfolios = tuple(p for p in plans if p.key[0] == plan.key[0] and plan.plan_id in p.members)
    case = Case(plan, action, agent.ledger, agent.config, portfolios, plans, owned, agent.now)
    return [finding for _, rule in RULES for finding in rule(case)]


def needs_review(agent: GovernanceAgent, intent: Intent) -> bool:
    """True if people decide: the plan wants it, a delegate may only propose, or the window's commitments go over the
    plan's threshold (rule 216).
    """
    plan, action = intent.plan, intent.action
    if action.exempt or agent.config.mode != "enforce" or not action.micros:
        return False
    above = [p for p in agent.plans.values() if p.key[0] == plan.key[0] and plan.plan_id in p.members]
    if plan.reviewed or any(portfolio.reviewed for portfolio in above):
        return True
    if not intent.owned and must_propose(plan, action.caller):
        return True
    threshold = plan.threshold_micros
    if threshold is None or threshold >= plan.total_micros:
        return False
    since_ms = agent.now - agent.config.aggregation_window
    return agent.ledger.recent(plan.key[0], action.seller, action.account, since_ms) + action.micros > threshold


def _verdict(agent: GovernanceAgent, findings: list[Finding], execution: bool) -> str:
    """What findings lead to. Only an agent that enforces says no; executions get no conditions."""
    critical = [finding for finding in findings if finding.severity == "critical"]
    if not critical or agent.config.mode != "enforce":
        return "approved"
    return "conditions" if not execution and all(finding.fixes for finding in critical) else "denied"


def _negotiation(agent: GovernanceAgent, intent: Intent, request: Json) -> str:
    """The handle of the negotiation that an intent goes on with; a new one if it begins one.

    VALIDATION_ERROR for a handle that was given for something else.
    """
    about = digest([intent.plan.key, intent.caller_id, intent.action.tool, intent.action.seller])
    handle = request.get("consultation_context") or request.get("governance_context") or ""
    known = agent.handles.get(handle)
    if known is not None and known != about:
        raise AdcpError("VALIDATION_ERROR", "the consultation was about another action", field="consultation_context")
    if known is None:
        handle = agent.ids.next("consult")
        agent.handles[handle] = about
    return str(handle)


def conclude(agent: GovernanceAgent, check: Check, intent: Intent, verdict: str, talk: str, version: str) -> Json:
    """Decide an intent: the check is kept, an approval gets its token, conditions their handle."""
    check.verdict, check.explanation = verdict, _explain(verdict, check.findings, agent.config.mode)
    agent.checks[check.check_id] = check
    agent.decide("governance_check", check.check_id, verdict, check.explanation)
    body = _body(check)
    if verdict == "approved":
        action = _governed(agent, intent)
        expires_ms = agent.now + agent.config.token_ttl
        extra: Json = {"authorized_task": intent.action.tool, "authorized_payload_hash": intent.payload_hash}
        if intent.action.micros is not None or intent.action.exempt:
            currency = intent.action.currency or intent.plan.currency
            extra["authorized_commitment"] = {"amount": amount(action.micros), "currency": currency}
        check.token = sign(agent, check, action, "intent", expires_ms, extra)
        return body | {"expires_at": iso(expires_ms), "governance_context": check.token}
    if verdict == "conditions":
        agent.consultations[talk] = agent.consultations.get(talk, 0) + 1
        # Releases before 3.2 have one field for the handle and for tokens, and want an expiry with conditions.
        handle: Json = {"expires_at": iso(agent.now + agent.config.token_ttl), "governance_context": talk}
        body |= {"conditions": [fix.wire() for fix in _conditions(check.findings)], "consultation_context": talk}
        return body if version == "3.2" else body | handle
    return body


def _conditions(findings: list[Finding]) -> list[Condition]:
    """The conditions of all findings; where two ask for one field, the first stands."""
    chosen: dict[str, Condition] = {}
    for fix in (fix for finding in findings if finding.severity == "critical" for fix in finding.fixes):
        chosen.setdefault(fix.field, fix)
    return list(chosen.values())


def _governed(agent: GovernanceAgent, intent: Intent) -> Action:
    action = intent.action
    made = Action(
        binding=agent.ids.next("act"),
        plan=intent.plan.key,
        caller_id=intent.caller_id,
        caller=action.caller,
        seller=action.seller,
        account=action.account,
        purchase_type=action.purchase_type,
        tool=action.tool,
        micros=0 if action.exempt else action.micros or 0,
        currency=action.currency or intent.plan.currency,
        channels=action.channels,
    )
    agent.actions[made.binding] = made
    return made


# -- executions ------------------------------------------------------------------------------------------


def _check_execution(ctx: Context, request: Json) -> Json:
    agent = governance_of(ctx)
    action, plan = _continued(ctx, request)
    check_open(agent, plan)
    phase = "delivery" if "planned_delivery" not in request else str(request.get("phase", "purchase"))
    seller = action.seller if action is not None else request["caller"]
    account, kind = (action.account, action.purchase_type) if action is not None else ("", "media_buy")
    proposed = read_execution(request, seller, account, kind, action.tool if action is not None else "")
    if phase == "delivery":
        findings = judge_delivery(plan, action, request)
        _note_statement(action, request)
    else:
        findings = [*_ceiling(action, proposed), *judge(agent, plan, proposed, owned=True)]
    check = _new_check(agent, plan, proposed, "execution", findings, phase)
    check.verdict = _verdict(agent, findings, execution=True)
    check.explanation = _explain(check.verdict, findings, agent.config.mode)
    agent.checks[check.check_id] = check
    agent.decide("governance_check", check.check_id, check.verdict, check.explanation)
    body = _body(check)
    if action is None or check.verdict != "approved":
        return body | ({"expires_at": iso(agent.now)} if check.verdict == "approved" else {})
    if phase != "delivery" and proposed.micros is not None:
        action.executed_micros = min(action.micros, proposed.micros)
    media_buy_id = request.get("planned_delivery", {}).get("media_buy_id") or action.seller_reference
    extra = {"media_buy_id": media_buy_id} if media_buy_id else {}
    check.token = sign(agent, check, action, phase, agent.now + EXECUTION_TTL_MS, extra)
    more = {"next_check": iso(agent.now + DAY_MS)} if phase == "delivery" else {}
    return body | {"expires_at": iso(agent.now + EXECUTION_TTL_MS), "governance_context": check.token} | more


def _note_statement(action: Action | None, request: Json) -> None:
    """Keep what the seller itself says that was spent so far."""
    spent = request["delivery_metrics"].get("cumulative_spend") if "delivery_metrics" in request else None
    if action is not None and spent is not None and Network.same_agent(request["caller"], action.seller):
        action.stated_micros = micros(spent)


def _continued(ctx: Context, request: Json) -> tuple[Action | None, Plan]:
    """The governed action that an execution goes on with, and its plan.

    The plan's owner may speak of what it has no token for; nobody else may (PERMISSION_DENIED).
    """
    agent = governance_of(ctx)
    action = known_action(agent, request.get("governance_context", ""))
    if action is None:
        own = agent.plans.get((ctx.principal.id, request.get("plan_id", "")))
        if own is None:
            why = "send the governance_context that the buyer passed on"
            raise AdcpError("PERMISSION_DENIED", why, field="governance_context")
        return None, own
    plan = agent.plans[action.plan]
    if (request.get("plan_id") or plan.plan_id) != plan.plan_id:
        raise AdcpError("VALIDATION_ERROR", "governance_context belongs to another plan", field="plan_id")
    if not Network.same_agent(request["caller"], action.seller) and ctx.principal.id != plan.key[0]:
        raise AdcpError("PERMISSION_DENIED", f"the action is for {action.seller}", field="caller")
    return action, plan


def known_action(agent: GovernanceAgent, context: str) -> Action | None:
    """The action to which a token of this agent belongs, expired or not; None for any other text."""
    try:
        claims = read(context, agent.jwks)
    except AdcpError:
        return None
    return agent.actions.get(claims.get("sub", ""))


def _ceiling(action: Action | None, proposed: Proposed) -> list[Finding]:
    """An execution may narrow what was approved, in the same currency; it may not go beyond."""
    if action is None:
        return []
    if action.settled:
        return [Finding("seller_verification", "critical", f"the action is {action.settled} already")]
    if proposed.micros is None or proposed.currency != action.currency:
        return [Finding("seller_verification", "critical", f"planned_delivery must say its total in {action.currency}")]
    if proposed.micros > action.micros:
        why = f"{amount(proposed.micros)} is more than the approved {amount(action.micros)} {action.currency}"
        return [Finding("seller_verification", "critical", why)]
    return []


# -- what both have --------------------------------------------------------------------------------------


def _new_check(
    agent: GovernanceAgent, plan: Plan, action: Proposed, kind: str, findings: list[Finding], phase: str = ""
) -> Check:
    case = Case(plan, action, agent.ledger, agent.config, (), (), True, agent.now)
    return Check(
        check_id=agent.ids.next("chk"),
        plan=plan.key,
        at_ms=agent.now,
        caller=action.caller,
        kind=kind,
        tool=action.tool,
        phase=phase,
        purchase_type=action.purchase_type,
        verdict="",
        explanation="",
        mode=agent.config.mode,
        plan_hash=plan.hash,
        findings=findings,
        categories=[] if action.exempt else list(dict.fromkeys(name for name, _ in RULES)),
        policies=[policy.entry.id for policy in all_policies(case)],
    )


def sign(agent: GovernanceAgent, check: Check, action: Action, phase: str, expires_ms: int, extra: Json) -> str:
    """A token for an approved check of an action; both remember it."""
    check.binding = action.binding
    action.checks.append(check.check_id)
    decisions = [finding.wire() for finding in check.findings]
    token = agent.signer.sign(
        {
            "iss": agent.url,
            "sub": action.binding,
            "aud": action.seller,
            "iat": agent.now // 1000,
            "exp": expires_ms // 1000,
            "jti": agent.ids.uuid("jti"),
            "phase": phase,
            "caller": check.caller,
            "check_id": check.check_id,
            "plan_hash": check.plan_hash,
            "policy_decision_hash": hashlib.sha256(canonical(decisions)).hexdigest(),
            **extra,
        }
    )
    action.tokens.append(token)
    return token


def _body(check: Check) -> Json:
    body: Json = {
        "status": "completed",
        "check_id": check.check_id,
        "check_type": check.kind,
        "verdict": check.verdict,
        "plan_id": check.plan[1],
        "explanation": check.explanation,
        "categories_evaluated": check.categories,
        "policies_evaluated": check.policies,
        "mode": check.mode,
    }
    return {**body, "findings": [f.wire() for f in check.findings]} if check.findings else body


def _explain(verdict: str, findings: list[Finding], mode: str) -> str:
    critical = [finding.explanation for finding in findings if finding.severity == "critical"]
    if verdict == "approved" and critical:
        return f"Approved because the agent works in {mode} mode. Otherwise: {'; '.join(critical)}"
    if verdict == "approved":
        return "The action is within the plan"
    return f"{'Acceptable under conditions' if verdict == 'conditions' else 'Denied'}: {'; '.join(critical)}"
