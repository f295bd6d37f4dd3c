"""Human review: what the agent does not decide alone waits as a task until people have looked at it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from agents.governance import checks
from agents.governance.checks import Intent
from agents.governance.records import Check, Finding, Json
from sandbox.core.errors import InputError
from sandbox.protocol.tasks import Task
from sandbox.protocol.versions import to_wire

if TYPE_CHECKING:
    from agents.governance.agent import GovernanceAgent
    from sandbox.kernel.endpoint import Context

PENDING = "People have to decide; ask get_task_status, or send the same check again later"


@dataclass(slots=True)
class Waiting:
    """A check that waits for people, with the task that tells of it."""

    check: Check
    intent: Intent
    task: Task


class Reviews:
    """Everything that waits for the agent's people, and what they approved."""

    def __init__(self, agent: GovernanceAgent) -> None:
        self._agent = agent
        self.waiting: dict[str, Waiting] = {}
        self._approved: set[str] = set()
        """Fingerprints of intents that were approved and not used since."""

    def queue(self, ctx: Context, request: Json, intent: Intent, check: Check) -> Json:
        """Let an intent wait; the answer is ``submitted`` and allows nothing yet.

        The schemas know no other form of an answer than that of a decision, so it carries the verdict that holds
        until then: denied. An intent that waits already is not queued twice.
        """
        agent = self._agent
        why = "The plan wants a review" if intent.plan.reviewed else "The amount is above the plan's threshold"
        check.findings.append(Finding("human_review", "warning", f"{why}. {PENDING}"))
        twin = next((w for w in self.waiting.values() if w.intent.fingerprint == intent.fingerprint), None)
        if twin is None:
            task = agent.tasks.open(intent.action.tool, ctx.principal.id, request, ctx.version)
            check.verdict, check.task_id, check.explanation = "pending", task.task_id, PENDING
            agent.checks[check.check_id] = check
            agent.decide("governance_check", check.check_id, "review", why)
            twin = self.waiting[check.check_id] = Waiting(check, intent, task)
            if agent.config.review.delay is not None:
                agent.world.after(agent.config.review.delay, lambda: self._due(check.check_id))
        return {
            "status": "submitted",
            "task_id": twin.task.task_id,
            "check_id": twin.check.check_id,
            "verdict": "denied",
            "plan_id": intent.plan.plan_id,
            "explanation": PENDING,
            "findings": [finding.wire() for finding in twin.check.findings],
            "message": PENDING,
        }

    def approved_before(self, fingerprint: str) -> bool:
        """True if people approved this very intent under this very plan; that serves once."""
        if fingerprint not in self._approved:
            return False
        self._approved.discard(fingerprint)
        return True

    def _due(self, check_id: str) -> None:
        if check_id in self.waiting:
            self.settle(check_id, self._agent.config.review.decision, "decided after the usual time")

    def settle(self, check_id: str, decision: str, reason: str) -> None:
        """Carry out what people decided. What was approved is judged anew: money may have gone meanwhile."""
        agent, waiting = self._agent, self.waiting.pop(check_id)
        check, intent, task = waiting.check, waiting.intent, waiting.task
        check.reviewed, check.reviewed_ms, check.review_reason = decision, agent.now, reason
        plan = agent.plans[intent.plan.key]
        check.findings[:] = checks.judge(agent, plan, intent.action, intent.owned)
        if decision == "deny":
            check.findings.append(Finding("human_review", "critical", f"People denied it: {reason}"))
        blocked = any(finding.severity == "critical" for finding in check.findings) or plan.key in agent.suspended
        if not blocked and plan.hash == intent.plan.hash:
            self._approved.add(intent.fingerprint)
        verdict = "denied" if blocked else "approved"
        body = checks.conclude(agent, check, intent, verdict, "", task.version)
        if check.reviewed == "approve" and verdict == "approved":
            check.explanation = f"People approved it: {reason}"
        result = to_wire("check_governance", "answer", body, task.version)
        agent.tasks.move(task, "completed", check.explanation, result)

    def newest(self, check: str | None, plan: str | None) -> str:
        """The check that a scenario's step means: the one named, the newest of a plan, or the newest of all."""
        found = [
            name
            for name, waiting in self.waiting.items()
            if check in (None, name, waiting.task.task_id) and plan in (None, waiting.intent.plan.plan_id)
        ]
        if not found:
            known = ", ".join(self.waiting) or "nothing"
            raise InputError(f"no review of {self._agent.id} waits for that", hint=f"waiting: {known}")
        return found[-1]


def approve_review(
    agent: GovernanceAgent, check: str | None = None, plan: str | None = None, reason: str = "approved by a person"
) -> None:
    """Approve what waits for review."""
    agent.reviews.settle(agent.reviews.newest(check, plan), "approve", reason)


def deny_review(
    agent: GovernanceAgent, check: str | None = None, plan: str | None = None, reason: str = "denied by a person"
) -> None:
    """Deny what waits for review."""
    agent.reviews.settle(agent.reviews.newest(check, plan), "deny", reason)


def suspend_plan(agent: GovernanceAgent, plan: str) -> None:
    """Stop all checks and reports of a plan until people have looked into it."""
    found = [key for key in agent.plans if key[1] == plan]
    if not found:
        raise InputError(f"{agent.id} has no plan {plan!r}", hint=f"plans: {', '.join(k[1] for k in agent.plans)}")
    for key in found:
        agent.suspended[key] = agent.now
        agent.decide("plan", plan, "suspended", "people look into it")


def resume_plan(agent: GovernanceAgent, plan: str) -> None:
    """Let a suspended plan go on."""
    for key in [key for key in agent.suspended if key[1] == plan]:
        del agent.suspended[key]
        agent.decide("plan", plan, "resumed", "people have looked into it")
