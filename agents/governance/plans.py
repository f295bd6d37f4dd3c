"""sync_plans: plans, what they allow, and which policies hold for them (seed 004, rules 212 to 222)."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from agents.governance.config import PolicyConfig
from agents.governance.context import governance_of
from agents.governance.records import Json, PlanKey, Policy
from agents.governance.registry import holds_in
from agents.governance.token import encode
from sandbox.core.errors import AdcpError
from sandbox.core.money import micros
from sandbox.core.time import parse_instant
from sandbox.protocol.idempotency import canonical

if TYPE_CHECKING:
    from agents.governance.agent import GovernanceAgent
    from sandbox.kernel.endpoint import Context

CATEGORIES = (
    "budget_authority",
    "strategic_alignment",
    "flight_compliance",
    "geo_compliance",
    "bias_fairness",
    "regulatory_compliance",
    "brand_policy",
    "seller_verification",
    "delegation_authority",
)
"""What every action is looked at for."""


@dataclass(frozen=True)
class Plan:
    """One revision of a plan. ``body`` is the plan as it was synchronised; ``version`` counts the revisions.

    Reading it as typed values is done once. A plan with the same ``plan_id`` replaces its predecessor (rule 212).
    """

    key: PlanKey
    body: Json
    version: int
    policies: tuple[Policy, ...]
    hashes: tuple[str, ...] = field(default=())
    """The hash of every revision, the oldest first: what old tokens were given for."""

    @property
    def plan_id(self) -> str:
        """The id that its owner gave it."""
        return self.key[1]

    @cached_property
    def total_micros(self) -> int:
        """What may be committed altogether."""
        return micros(self.body["budget"]["total"])

    @property
    def currency(self) -> str:
        """ISO 4217 code of all its amounts."""
        return str(self.body["budget"]["currency"])

    @cached_property
    def threshold_micros(self) -> int | None:
        """Commitments above this go to people; None if the budget may be moved freely (rule 216)."""
        budget = self.body["budget"]
        return None if budget.get("reallocation_unlimited") else micros(budget["reallocation_threshold"])

    @cached_property
    def flight(self) -> tuple[int, int]:
        """When it may run, in ms."""
        return parse_instant(self.body["flight"]["start"]), parse_instant(self.body["flight"]["end"])

    @property
    def countries(self) -> list[str]:
        """Where it may run; anywhere if empty."""
        return list(self.body.get("countries", []))

    @property
    def regions(self) -> list[str]:
        """The subdivisions to which it is narrowed."""
        return list(self.body.get("regions", []))

    @property
    def brand(self) -> str:
        """The domain of its brand."""
        return str(self.body["brand"].get("domain", ""))

    @property
    def members(self) -> list[str]:
        """The plans that it governs, if it is a portfolio plan (rule 222)."""
        return list(self.body.get("portfolio", {}).get("member_plan_ids", []))

    @property
    def reviewed(self) -> bool:
        """True if people look at every action: it says so, or one of its policies does."""
        return bool(self.body.get("human_review_required")) or any(p.entry.human_review for p in self.policies)

    @property
    def hash(self) -> str:
        """The plan_hash of this revision (specification.mdx, "Plan binding and audit")."""
        return self.hashes[-1]


def plan_hash(body: Json) -> str:
    """SHA-256 over the RFC 8785 form of a plan as it was supplied, as unpadded base64url."""
    return encode(hashlib.sha256(canonical(body)).digest())


def sync_plans(ctx: Context, request: Json) -> Json:
    """Take plans over: new ones, and new revisions of known ones. One row a plan (C81)."""
    agent, rows, errors = governance_of(ctx), [], []
    if not request["plans"]:
        raise AdcpError("VALIDATION_ERROR", "give at least one plan", field="plans")
    for number, body in enumerate(request["plans"]):
        key = (ctx.principal.id, body["plan_id"])
        known = agent.plans.get(key)
        try:
            _check(body, f"plans[{number}]")
        except AdcpError as error:
            errors.append({"code": error.code, "message": error.message, "field": error.field})
            rows.append({"plan_id": body["plan_id"], "status": "error", "version": known.version if known else 0})
            continue
        if known is None or known.body != body:
            known = _revision(agent, key, body, known)
        rows.append(_row(known))
    answer: Json = {"status": "completed", "plans": rows}
    return {**answer, "errors": errors} if errors else answer


def _check(body: Json, path: str) -> None:
    """What the schema cannot say."""
    if parse_instant(body["flight"]["end"]) <= parse_instant(body["flight"]["start"]):
        raise AdcpError("VALIDATION_ERROR", "the flight ends before it begins", field=f"{path}.flight.end")
    if body["budget"]["total"] < 0:
        raise AdcpError("VALIDATION_ERROR", "a budget is not negative", field=f"{path}.budget.total")
    if body["plan_id"] in body.get("portfolio", {}).get("member_plan_ids", []):
        raise AdcpError("VALIDATION_ERROR", "a plan can't govern itself", field=f"{path}.portfolio.member_plan_ids")
    countries = body.get("countries", [])
    for region in body.get("regions", []):
        if countries and region.partition("-")[0] not in countries:
            raise AdcpError("VALIDATION_ERROR", f"{region} is in none of the countries", field=f"{path}.regions")
    for channel, mix in body.get("channels", {}).get("mix_targets", {}).items():
        if mix.get("min_pct", 0) > mix.get("max_pct", 100):
            field_name = f"{path}.channels.mix_targets.{channel}"
            raise AdcpError("VALIDATION_ERROR", "min_pct is more than max_pct", field=field_name)


def _revision(agent: GovernanceAgent, key: PlanKey, body: Json, known: Plan | None) -> Plan:
    body = json.loads(json.dumps(body))
    hashes = (*(known.hashes if known else ()), plan_hash(body))
    plan = Plan(key, body, known.version + 1 if known else 1, tuple(resolve(agent, body)), hashes)
    agent.plans[key] = plan
    agent.decide("plan", plan.plan_id, "synced", f"version {plan.version}")
    return plan


def _row(plan: Plan) -> Json:
    row: Json = {
        "plan_id": plan.plan_id,
        "status": "active",
        "version": plan.version,
        "categories": [{"category_id": name, "status": "active"} for name in CATEGORIES],
    }
    resolved = [
        {
            "policy_id": policy.entry.id,
            "source": policy.source,
            "enforcement": policy.entry.enforcement,
            **({"reason": policy.reason} if policy.reason else {}),
        }
        for policy in plan.policies
        if policy.source != "custom"
    ]
    return {**row, "resolved_policies": resolved} if resolved else row


def resolve(agent: GovernanceAgent, body: Json) -> list[Policy]:
    """The policies of a plan: named ones and those of its categories and its brand, where its markets concern them.

    Its own policies hold everywhere and come in addition: they never take the place of one of the registry (rules
    217 and 220). Categories are inferred from industries and objectives if the plan names none.
    """
    places = body.get("countries", []), body.get("regions", [])
    chosen: dict[str, Policy] = {}

    def add(entry: PolicyConfig, source: str, reason: str = "") -> None:
        if holds_in(entry.jurisdictions, *places):
            chosen.setdefault(entry.id, Policy(entry, source, reason))

    for policy_id in body.get("policy_ids", []):
        if policy_id in agent.registry:
            add(agent.registry[policy_id], "explicit")
    brand = agent.config.brands.get(str(body["brand"].get("domain", "")))
    for policy_id in brand.policies if brand else []:
        if policy_id in agent.registry:
            add(agent.registry[policy_id], "auto_applied", "a policy of the brand")
    categories = body.get("policy_categories")
    wanted = _inferred(agent, body) if categories is None else categories
    for entry in agent.registry.values():
        named = next((name for name in entry.categories if name in wanted), None)
        if named is not None:
            add(entry, "auto_applied", f"category {named}")
    return [*chosen.values(), *(custom(entry) for entry in body.get("custom_policies", []))]


def custom(entry: Json) -> Policy:
    """A policy that a plan brings itself (core/policy-entry.json)."""
    known = {"id": entry["policy_id"], "policy": entry["policy"], "enforcement": entry["enforcement"]}
    more = {"channels": entry.get("channels", []), "human_review": bool(entry.get("requires_human_review"))}
    return Policy(PolicyConfig.model_validate(known | more), "custom")


def _inferred(agent: GovernanceAgent, body: Json) -> list[str]:
    """Categories that the brand's industries name (rule 217); objectives only mention, so they do not count alone."""
    industries = [str(name).lower().replace(" ", "_") for name in body["brand"].get("industries", [])]
    known = dict.fromkeys(name for entry in agent.registry.values() for name in entry.categories)
    return [name for name in known if any(name in industry or industry in name for industry in industries)]


def modern(payload: Json, new_key: Any) -> Json:
    """A request of an older client in the present form (C80); ``new_key()`` makes an idempotency key.

    ``authority_level`` becomes a threshold: agent_full may move everything, agent_limited what the threshold says
    (nothing if there is none), human_required nothing, with a review of every action. Policies in plain text
    become policies that must hold. Requests of today come back as they are.
    """
    plans = payload.get("plans")
    if not isinstance(plans, list) or not all(isinstance(plan, dict) for plan in plans):
        return payload
    changed = {**payload, "plans": [_modern_plan(plan) for plan in plans]}
    changed.setdefault("idempotency_key", None)
    if changed["idempotency_key"] is None:
        changed["idempotency_key"] = new_key()
    return changed


def _modern_plan(plan: Json) -> Json:
    result, budget = dict(plan), plan.get("budget")
    if isinstance(budget, dict) and "authority_level" in budget:
        level = budget["authority_level"]
        budget = {name: value for name, value in budget.items() if name != "authority_level"}
        if "reallocation_threshold" not in budget and "reallocation_unlimited" not in budget:
            budget |= {"reallocation_unlimited": True} if level == "agent_full" else {"reallocation_threshold": 0}
        result["budget"] = budget
        if level == "human_required":
            result["human_review_required"] = True
    for name in ("custom_policies", "shared_exclusions"):
        holder = result if name == "custom_policies" else result.get("portfolio")
        if isinstance(holder, dict) and isinstance(holder.get(name), list):
            entries = [_modern_policy(entry, name, n) for n, entry in enumerate(holder[name], start=1)]
            if holder is result:
                result[name] = entries
            else:
                result["portfolio"] = {**holder, name: entries}
    return result


def _modern_policy(entry: Any, kind: str, number: int) -> Any:
    if not isinstance(entry, str):
        return entry
    return {"policy_id": f"{kind}_{number}", "enforcement": "must", "policy": entry}
