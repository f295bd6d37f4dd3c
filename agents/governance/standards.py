"""Content standards: beside what a buyer does not want to appear (docs/governance/content-standards)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from agents.governance.context import governance_of
from agents.governance.kept import account_of
from agents.governance.matching import words_in
from agents.governance.paging import page
from agents.governance.reading import Demand, read_policy
from agents.governance.records import Json
from sandbox.core.errors import AdcpError

if TYPE_CHECKING:
    from agents.governance.agent import GovernanceAgent
    from sandbox.kernel.endpoint import Context

READ = 0.8
"""How sure the reading of a policy is."""
_FIELDS = ("scope", "policies", "registry_policy_ids", "calibration_exemplars")
_UNREAD = ("property_rid", "format_id", "provenance", "variant_id")


@dataclass(slots=True)
class Standards:
    """Content standards of one caller on one account; ``fields`` are those of its request."""

    standards_id: str
    owner: str
    account: str
    fields: Json

    def examples(self) -> list[tuple[str, list[Json]]]:
        """What the buyer gave as examples that should pass, and that should fail."""
        given = self.fields.get("calibration_exemplars", {})
        return [(verdict, given[verdict]) for verdict in ("pass", "fail") if verdict in given]

    def wire(self) -> Json:
        """As the tools show them; the scope's languages, channels and countries stand at the top.

        Of the examples those that are artifacts: the answer has no room for a page of which only the address is known.
        """
        scope = self.fields.get("scope", {})
        body: Json = {name: scope[name] for name in ("countries_all", "channels_any", "languages_any") if name in scope}
        body |= {"name": scope["description"]} if scope.get("description") else {}
        body |= {"policies": self.fields["policies"]} if "policies" in self.fields else {}
        if "calibration_exemplars" in self.fields:
            shown = {verdict: [one for one in given if not _is_page(one)] for verdict, given in self.examples()}
            body["calibration_exemplars"] = shown
        return {"standards_id": self.standards_id, **body}


def create_content_standards(ctx: Context, request: Json) -> Json:
    """Keep new standards. VALIDATION_ERROR for a registry policy that the agent does not know."""
    agent = governance_of(ctx)
    _check(agent, request)
    fields = {name: request[name] for name in _FIELDS if name in request}
    made = Standards(agent.ids.next("std"), ctx.principal.id, account_of(request), fields)
    agent.standards[made.standards_id] = made
    return {"status": "completed", "standards_id": made.standards_id}


def list_content_standards(ctx: Context, request: Json) -> Json:
    """The caller's standards by channels, languages and countries, of one account if it names one."""
    account = account_of(request)
    filters = {"channels": "channels_any", "languages": "languages_any", "countries": "countries_all"}
    found = [
        one
        for one in governance_of(ctx).standards.values()
        if one.owner == ctx.principal.id
        and account in ("", one.account)
        and all(_meets(one, scoped, request.get(name)) for name, scoped in filters.items())
    ]
    rows, pagination = page(found, request.get("pagination"))
    return {"status": "completed", "standards": [one.wire() for one in rows], "pagination": pagination}


def _meets(one: Standards, scoped: str, wanted: list[str] | None) -> bool:
    """True if a scope has one of the wanted values, or says nothing about them."""
    has = one.fields.get("scope", {}).get(scoped)
    return not wanted or has is None or any(name in has for name in wanted)


def get_content_standards(ctx: Context, request: Json) -> Json:
    """Standards by id."""
    return {"status": "completed", **_standards_for(ctx, request).wire()}


def update_content_standards(ctx: Context, request: Json) -> Json:
    """Change standards; what is given replaces what was there."""
    found = _standards_for(ctx, request)
    _check(governance_of(ctx), request)
    found.fields |= {name: request[name] for name in _FIELDS if name in request}
    return {"status": "completed", "success": True, "standards_id": found.standards_id}


def calibrate_content(ctx: Context, request: Json) -> Json:
    """Judge one artifact, with a reason for every policy, so that a seller can learn the standards."""
    features = judge_artifact(governance_of(ctx), _standards_for(ctx, request), request["artifact"])
    verdict = _verdict(features)
    told = [feature["explanation"] for feature in features if feature["status"] in ("failed", "warning")]
    sure = min((feature["confidence"] for feature in features if "confidence" in feature), default=1.0)
    return {
        "status": "completed",
        "verdict": verdict,
        "confidence": sure,
        "explanation": "; ".join(told) or "Nothing in the artifact is against the standards",
        "features": features,
    }


def validate_content_delivery(ctx: Context, request: Json) -> Json:
    """Judge what was delivered beside; ``include_passed`` false leaves out what is fine."""
    agent, standards = governance_of(ctx), _standards_for(ctx, request)
    rows: list[Json] = []
    for record in request["records"]:
        features = judge_artifact(agent, standards, record["artifact"])
        features = [f for f in features if f["feature_id"] in request.get("feature_ids", [f["feature_id"]])]
        rows.append({"record_id": record["record_id"], "verdict": _verdict(features), "features": features})
    failed = [row for row in rows if row["verdict"] == "fail"]
    return {
        "status": "completed",
        "summary": {
            "total_records": len(rows),
            "passed_records": len(rows) - len(failed),
            "failed_records": len(failed),
        },
        "results": rows if request.get("include_passed", True) else failed,
    }


def judge_artifact(agent: GovernanceAgent, standards: Standards, artifact: Json) -> list[Json]:
    """One feature a policy: passed, failed (must), warning (should, may), or unevaluated if it can't be read.

    An artifact that the buyer gave as an example is judged as the buyer judged it.
    """
    example = _example(standards, artifact)
    if example is not None:
        why = f"The buyer gave it as an example that should {example}"
        status = "passed" if example == "pass" else "failed"
        return [{"feature_id": "calibration_exemplar", "status": status, "explanation": why, "confidence": 1.0}]
    found = words_in(artifact, _UNREAD, names=True)
    policies = [(p["policy_id"], p["enforcement"], p["policy"]) for p in standards.fields.get("policies", [])]
    for policy_id in standards.fields.get("registry_policy_ids", []):
        entry = agent.registry[policy_id]
        policies.append((entry.id, entry.enforcement, entry.policy))
    return [_feature(found, *policy) for policy in policies]


def _feature(found: frozenset[str], policy_id: str, enforcement: str, text: str) -> Json:
    demands = [demand for demand in read_policy(text) if demand.kind in ("forbid", "require")]
    body: Json = {"feature_id": policy_id, "policy_id": policy_id}
    if not demands:
        return {**body, "status": "unevaluated", "explanation": f"It takes a person to judge: {text}"}
    problems = [why for demand in demands if (why := _problem(found, demand))]
    if not problems:
        return {**body, "status": "passed", "confidence": READ, "explanation": f"Nothing is against: {text}"}
    status = "failed" if enforcement == "must" else "warning"
    return {**body, "status": status, "confidence": READ, "explanation": "; ".join(problems)}


def _problem(found: frozenset[str], demand: Demand) -> str:
    if not demand.applies(found, None):
        return ""
    met = demand.met_by(found)
    if demand.kind == "forbid" and met is not None:
        return f"It seems to show {' '.join(sorted(met))!r}: {demand.sentence}"
    return f"It lacks what is demanded: {demand.sentence}" if demand.kind == "require" and met is None else ""


def _is_page(example: Json) -> bool:
    """True for an example that is named by its address; others are artifacts."""
    return example.get("type") == "url" and isinstance(example.get("value"), str)


def _verdict(features: list[Json]) -> str:
    return "fail" if any(feature["status"] == "failed" for feature in features) else "pass"


def _example(standards: Standards, artifact: Json) -> str | None:
    for verdict, examples in standards.examples():
        for example in examples:
            same = example.get("artifact_id") == artifact["artifact_id"] and "artifact_id" in example
            if same or (_is_page(example) and example["value"] == artifact.get("url")):
                return str(verdict)
    return None


def _standards_for(ctx: Context, request: Json) -> Standards:
    found = governance_of(ctx).standards.get(request["standards_id"])
    if found is None or found.owner != ctx.principal.id or account_of(request) not in ("", found.account):
        raise AdcpError("REFERENCE_NOT_FOUND", "there are no such standards", "standards_id")
    return found


def _check(agent: GovernanceAgent, request: Json) -> None:
    for number, policy_id in enumerate(request.get("registry_policy_ids", [])):
        if policy_id not in agent.registry:
            hint = f"the registry has {', '.join(agent.registry)}"
            path = f"registry_policy_ids[{number}]"
            raise AdcpError("VALIDATION_ERROR", f"there is no policy {policy_id}", field=path, suggestion=hint)
