"""What a governance agent keeps: policies of plans, findings, checks, governed actions, outcomes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from agents.governance.config import PolicyConfig
from sandbox.core.time import iso

Json = dict[str, Any]
PlanKey = tuple[str, str]
"""Who synchronised a plan, and its plan_id."""


@dataclass(slots=True, frozen=True)
class Policy:
    """A policy as it holds for a plan. ``source``: explicit, auto_applied, or custom (of the plan itself)."""

    entry: PolicyConfig
    source: str
    reason: str = ""
    plan_id: str = ""
    """The portfolio plan from which it comes; empty for the plan's own."""


@dataclass(slots=True, frozen=True)
class Condition:
    """What would make an action acceptable: a field, the value that it needs (None: any), and why."""

    field: str
    value: Any
    reason: str

    def wire(self) -> Json:
        """As an entry of ``conditions``."""
        body: Json = {"field": self.field, "reason": self.reason}
        return body if self.value is None else {**body, "required_value": self.value}


@dataclass(slots=True, frozen=True)
class Finding:
    """What a rule found. A critical one blocks; ``fixes`` are the conditions under which it would not."""

    category: str
    severity: str
    explanation: str
    policy_id: str = ""
    source_plan_id: str = ""
    confidence: float | None = None
    uncertainty: str = ""
    details: Json = field(default_factory=dict)
    fixes: tuple[Condition, ...] = ()

    def wire(self) -> Json:
        """As an entry of ``findings``."""
        body: Json = {"category_id": self.category, "severity": self.severity, "explanation": self.explanation}
        if self.policy_id:
            body["policy_id"] = self.policy_id
        if self.source_plan_id:
            body["source_plan_id"] = self.source_plan_id
        if self.details:
            body["details"] = self.details
        if self.confidence is not None:
            body["confidence"] = self.confidence
        if self.uncertainty:
            body["uncertainty_reason"] = self.uncertainty
        return body


@dataclass(slots=True)
class Action:
    """A governed action: what an approved intent allows, and what became of it.

    ``micros`` is the approved ceiling, ``executed_micros`` what the seller's own check narrowed it to. ``binding`` is
    the opaque ``sub`` of all its tokens.
    """

    binding: str
    plan: PlanKey
    caller_id: str
    caller: str
    seller: str
    account: str
    purchase_type: str
    tool: str
    micros: int
    currency: str
    channels: dict[str, int]
    status: str = "active"
    executed_micros: int | None = None
    committed_micros: int = 0
    settled: str = ""
    """completed or failed, once its outcome was reported."""
    seller_reference: str = ""
    spent_micros: int = 0
    """What its deliveries reported last, cumulative."""
    stated_micros: int | None = None
    """What its seller said last that was spent, cumulative; None if it has not said."""
    observed_micros: int = 0
    """What the buyer reported last that was spent, cumulative."""
    checks: list[str] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Check:
    """One call of check_governance and its decision. ``verdict`` is pending while people look at it."""

    check_id: str
    plan: PlanKey
    at_ms: int
    caller: str
    kind: str
    tool: str
    phase: str
    purchase_type: str
    verdict: str
    explanation: str
    mode: str
    plan_hash: str
    findings: list[Finding]
    categories: list[str]
    policies: list[str]
    token: str = ""
    binding: str = ""
    task_id: str = ""
    reviewed: str = ""
    """What people decided: approve or deny; empty if nobody was asked or nobody decided yet."""
    reviewed_ms: int = 0
    review_reason: str = ""

    def entry(self) -> Json:
        """As an entry of an audit log."""
        body: Json = {
            "id": self.check_id,
            "type": "check",
            "timestamp": iso(self.at_ms),
            "plan_id": self.plan[1],
            "caller": self.caller,
            "verdict": "denied" if self.verdict == "pending" else self.verdict,
            "check_type": self.kind,
            "mode": self.mode,
            "explanation": self.explanation,
            "policies_evaluated": self.policies,
            "categories_evaluated": self.categories,
            "findings": [
                _without(finding.wire(), "details", "source_plan_id", "uncertainty_reason") for finding in self.findings
            ],
            "plan_hash": self.plan_hash,
            "purchase_type": self.purchase_type,
        }
        if self.tool:
            body["tool"] = self.tool
        return {**body, "governance_context": self.token} if self.token else body


@dataclass(slots=True)
class Outcome:
    """One report of what became of an action."""

    outcome_id: str
    plan: PlanKey
    at_ms: int
    caller: str
    outcome: str
    committed_micros: int
    findings: list[Finding]
    purchase_type: str
    binding: str
    token: str

    def entry(self, money: Any) -> Json:
        """As an entry of an audit log; ``money`` turns micros into an amount."""
        body: Json = {
            "id": self.outcome_id,
            "type": "outcome",
            "timestamp": iso(self.at_ms),
            "plan_id": self.plan[1],
            "outcome": self.outcome,
            "committed_budget": money(self.committed_micros),
            "outcome_status": "findings" if self.findings else "accepted",
            "findings": [
                _without(finding.wire(), "details", "source_plan_id", "uncertainty_reason") for finding in self.findings
            ],
            "purchase_type": self.purchase_type,
        }
        return {**body, "governance_context": self.token} if self.token else body


def _without(body: Json, *names: str) -> Json:
    return {name: value for name, value in body.items() if name not in names}
