"""Delivery checks: what sellers report while a media buy runs, held against its plan."""

from __future__ import annotations

from collections.abc import Iterator

from agents.governance.plans import Plan
from agents.governance.records import Action, Finding, Json
from sandbox.core.money import amount, micros

TOLERANCE_PCT = 5.0
"""By how much of all delivery a share may miss its target before it is a finding."""


LEAST_INDEX, MOST_INDEX = 0.8, 1.25
"""Indices of groups within which an audience counts as balanced: four fifths, and its inverse."""


def judge_delivery(plan: Plan, action: Action | None, request: Json) -> list[Finding]:
    """Spend, places, channels, groups of people, pace; what is beyond the plan is critical, what drifts a warning."""
    metrics = request.get("delivery_metrics", {})
    findings = [*_spend(plan, action, metrics), *_places(plan, metrics), *_channels(plan, metrics), *_skew(metrics)]
    if metrics.get("pacing") in ("ahead", "behind"):
        findings.append(Finding("strategic_alignment", "warning", f"Delivery is {metrics['pacing']} of plan"))
    if action is None:
        why = "The governance_context is not one of this agent: the delivery belongs to no approved action"
        findings.append(Finding("seller_verification", "warning", why, confidence=0.5, uncertainty="no signed context"))
    return findings


def _spend(plan: Plan, action: Action | None, metrics: Json) -> Iterator[Finding]:
    spent = metrics.get("cumulative_spend", metrics.get("spend"))
    if spent is None:
        return
    most = plan.total_micros
    if action is not None:
        most = action.committed_micros if action.settled else action.micros
        action.spent_micros = max(action.spent_micros, micros(spent))
    if micros(spent) > most:
        why = f"{spent} {plan.currency} is spent, {amount(most)} is allowed"
        yield Finding("budget_authority", "critical", why)


def _skew(metrics: Json) -> Iterator[Finding]:
    """Groups that are reached much less or more than others, in the period or over all periods (1.0 is parity)."""
    told = metrics.get("audience_distribution", {})
    for name, when in (("indices", "in the period"), ("cumulative_indices", "so far")):
        far = {group: index for group, index in told.get(name, {}).items() if not LEAST_INDEX <= index <= MOST_INDEX}
        if far:
            listed = ", ".join(f"{group} {index:g}" for group, index in far.items())
            why = f"The audience {when} is skewed against the {told['baseline']} baseline: {listed}"
            yield Finding("bias_fairness", "warning", why, confidence=0.7, uncertainty="indices are the seller's own")


def _places(plan: Plan, metrics: Json) -> Iterator[Finding]:
    outside = {}
    for place, share in metrics.get("geo_distribution", {}).items():
        country = place.partition("-")[0]
        wrong = (plan.countries and country not in plan.countries) or (
            plan.regions and "-" in place and place not in plan.regions
        )
        if wrong and share > 0:
            outside[place] = share
    if outside:
        listed = ", ".join(f"{share:g} % in {place}" for place, share in outside.items())
        severity = "critical" if sum(outside.values()) > TOLERANCE_PCT else "warning"
        yield Finding("geo_compliance", severity, f"Delivery outside of the plan's markets: {listed}")


def _channels(plan: Plan, metrics: Json) -> Iterator[Finding]:
    channels = plan.body.get("channels", {})
    allowed, targets = channels.get("allowed"), channels.get("mix_targets", {})
    for name, share in metrics.get("channel_distribution", {}).items():
        if allowed is not None and name not in allowed and share > 0:
            yield Finding(
                "strategic_alignment", "critical", f"{share:g} % is delivered on {name}, which is not allowed"
            )
        target = targets.get(name, {})
        low, high = target.get("min_pct", 0), target.get("max_pct", 100)
        if not low - TOLERANCE_PCT <= share <= high + TOLERANCE_PCT:
            why = f"{name} has {share:g} % of delivery, the plan wants {low:g} to {high:g} %"
            yield Finding("strategic_alignment", "warning", why)
