"""Policies: of the registry, of the plan, and of the portfolios above it (rules 217, 220, 222)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from agents.governance.matching import words_in
from agents.governance.plans import custom
from agents.governance.reading import Demand, read_policy
from agents.governance.records import Condition, Finding, Policy
from agents.governance.registry import holds_in, registry_of
from agents.governance.rules.base import Case
from agents.governance.rules.budget import seller_within

SEVERITY = {"must": "critical", "should": "warning", "may": "info"}
READ = 0.8
"""How sure the reading of a sentence is."""

_REPORTING = frozenset(("report", "reporting"))
_OFTEN_ENOUGH = {"hourly": ("hourly",), "daily": ("daily", "hourly"), "weekly": ("daily", "hourly")}


def policies(case: Case) -> Iterator[Finding]:
    """Every policy that holds for the plan and concerns the channels of the action."""
    for policy in all_policies(case):
        entry = policy.entry
        used = case.action.channels
        if entry.channels and used and not set(entry.channels) & set(used):
            continue
        yield from _structured(case, policy)
        for demand in read_policy(entry.policy) if policy.source in ("custom", "portfolio") else ():
            yield from _read(case, policy, demand)


def all_policies(case: Case) -> list[Policy]:
    """The plan's policies and those of its portfolios, which it cannot override."""
    found, registry = list(case.plan.policies), registry_of(case.config)
    for portfolio in case.portfolios:
        shared = portfolio.body["portfolio"]
        for policy_id in shared.get("shared_policy_ids", []):
            entry = registry.get(policy_id)
            if entry is not None and holds_in(entry.jurisdictions, case.plan.countries, case.plan.regions):
                found.append(Policy(entry, "explicit", plan_id=portfolio.plan_id))
        entries = [custom(entry).entry for entry in shared.get("shared_exclusions", [])]
        found += [Policy(entry, "portfolio", plan_id=portfolio.plan_id) for entry in entries]
    return found


def _structured(case: Case, policy: Policy) -> Iterator[Finding]:
    """What a policy of the registry says in fields: things that may not occur, fields that must be there."""
    for term in policy.entry.forbids:
        if words_in(term) <= case.action.words:
            yield _finding(policy, f"it concerns {term!r}, which the policy forbids")
    if case.action.kind != "intent":
        return
    for wanted in policy.entry.requires:
        for path, value in _values(case.action.payload, wanted.field):
            if value is None or (wanted.any_of and value not in wanted.any_of):
                choice = wanted.any_of[0] if wanted.any_of else None
                fix = Condition(f"payload.{path}", choice, policy.entry.policy)
                yield _finding(policy, f"{path} is missing or not among what will do", (fix,))


def _read(case: Case, policy: Policy, demand: Demand) -> Iterator[Finding]:
    action = case.action
    found = action.words | frozenset(word for name in action.channels for word in words_in(name))
    if not demand.applies(found, action.micros):
        return
    if demand.kind == "seller_share":
        yield from seller_within(case, demand.percent, policy.entry.id)
    elif demand.kind == "forbid":
        met = demand.met_by(found)
        if met is not None:
            yield _finding(policy, f"it seems to concern {' '.join(sorted(met))!r}", confidence=READ)
    elif demand.kind == "require" and action.kind == "intent":
        path, values = _wanted(policy, demand)
        has = next((value for _, value in _values(action.payload, path)), None)
        if has is None or (values and has not in values):
            fix = Condition(f"payload.{path}", values[0] if values else True, demand.sentence)
            yield _finding(policy, "what it demands is not in the payload", (fix,), READ)


def _wanted(policy: Policy, demand: Demand) -> tuple[str, tuple[Any, ...]]:
    """Where a demand is met: reports have a field of their own, anything else is declared under ``ext``."""
    named = {word for term in demand.terms for word in term}
    often = next((values for word, values in _OFTEN_ENOUGH.items() if word in named), None)
    if named & _REPORTING:
        return "reporting_webhook.reporting_frequency", often or ()
    return f"ext.policies.{policy.entry.id}", (True,)


def _values(payload: dict[str, Any], path: str) -> list[tuple[str, Any]]:
    """The values at a path, each with its own path; ``[]`` goes over all items. None where there is none."""
    head, dot, rest = path.partition(".")
    name, many = head.removesuffix("[]"), head.endswith("[]")
    value = payload.get(name)
    if not many:
        inner = [(head, value)]
    else:
        inner = [(f"{name}[{n}]", item) for n, item in enumerate(value)] if isinstance(value, list) else [(head, None)]
    if not dot:
        return inner
    found: list[tuple[str, Any]] = []
    for where, item in inner:
        below = _values(item, rest) if isinstance(item, dict) else [(rest, None)]
        found += [(f"{where}.{deeper}", one) for deeper, one in below]
    return found


def _finding(policy: Policy, why: str, fixes: tuple[Condition, ...] = (), confidence: float | None = None) -> Finding:
    entry = policy.entry
    category = (
        "brand_policy" if policy.source in ("custom", "portfolio") or not entry.categories else "regulatory_compliance"
    )
    said = f"{entry.id} ({entry.policy.rstrip('.')}): {why}"
    doubt = "the policy is read by its words" if confidence is not None else ""
    return Finding(
        category, SEVERITY[entry.enforcement], said, entry.id, policy.plan_id, confidence, doubt, fixes=fixes
    )
