"""Audiences: what may not be used to choose people, and how many there must be (rules 218 and 219)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from agents.governance.matching import names_attribute, words_in
from agents.governance.records import Finding
from agents.governance.rules.base import Case

AUDIENCE = "bias_fairness"
SIMILAR = 0.8
"""How sure a match by words is; one by what a signal declares itself is certain."""

_CHOOSING = (
    "audience_include audience_exclude demographics signal_targeting signal_targeting_groups keyword_targets"
    " audience_targeting axe_include_segment axe_exclude_segment"
).split()
"""Parts of a targeting overlay that choose people; inclusion and exclusion count alike."""


def audience(case: Case) -> Iterator[Finding]:
    """No restricted attribute is used, and the audience is large enough."""
    parts = selectors(case)
    restricted = restrictions(case)
    for path, part in parts:
        for attribute, policy_id in restricted.items():
            yield from _uses(case, path, part, attribute, policy_id)
    if parts:
        yield from _size(case, [part for _, part in parts])


def restrictions(case: Case) -> dict[str, str]:
    """The attributes that may not be used, each with the policy that says so (empty: the plan itself)."""
    body = case.plan.body
    found = dict.fromkeys([*body.get("restricted_attributes", []), *body.get("restricted_attributes_custom", [])], "")
    for policy in case.plan.policies:
        for attribute in policy.entry.restricts:
            found.setdefault(attribute, policy.entry.id)
    return found


def selectors(case: Case) -> list[tuple[str, Any]]:
    """Everything by which an action chooses people, each with where it stands."""
    parts: list[tuple[str, Any]] = []
    for path, overlay in case.action.overlays:
        for name in _CHOOSING:
            value = overlay.get(name)
            each = value if isinstance(value, list) else [value] if value else []
            parts += [(f"{path}.{name}", part) for part in each]
    where = "planned_delivery.audience_targeting" if case.action.kind == "execution" else "payload.audience_targeting"
    return parts + [(where, part) for part in case.action.audience]


def _uses(case: Case, path: str, part: Any, attribute: str, policy_id: str) -> Iterator[Finding]:
    declared = _declared(part)
    if attribute in declared or (attribute == "age" and isinstance(part, dict) and "age" in part):
        yield Finding(AUDIENCE, "critical", f"{path} uses {attribute}, which is restricted", policy_id, confidence=1.0)
        return
    word = names_attribute(attribute, sorted(words_in(part)), case.config.synonyms)
    if word is not None:
        why = f"{path} seems to use {attribute}, which is restricted: {word!r}"
        doubt = "matched by words; the signal declares nothing itself"
        yield Finding(AUDIENCE, "critical", why, policy_id, confidence=SIMILAR, uncertainty=doubt)


def _declared(part: Any) -> list[str]:
    """The restricted attributes that a signal says it uses."""
    if not isinstance(part, dict):
        return []
    ext = part.get("ext") if isinstance(part.get("ext"), dict) else {}
    told = [holder.get("restricted_attributes") for holder in (part, ext or {})]
    return [name for names in told if isinstance(names, list) for name in names]


def _size(case: Case, parts: list[Any]) -> Iterator[Finding]:
    """The estimated intersection has at least min_audience_size people; an unknown size is no pass (rule 219)."""
    least = case.plan.body.get("min_audience_size")
    if least is None:
        return
    sizes = [size for size in map(_people, parts) if size is not None]
    if len(sizes) < len(parts):
        why = f"The audience must have {least} people; how many it has is not known"
        yield Finding(AUDIENCE, "warning", why, confidence=0.5, uncertainty="segment sizes are not available")
        return
    estimate = float(min(sizes))
    if case.config.population:
        estimate = float(case.config.population)
        for size in sizes:
            estimate *= min(1.0, size / case.config.population)
    if estimate < least:
        why = f"The audience has about {estimate:.0f} people, it must have {least}"
        known = len(sizes) == 1
        doubt = "" if known else "the intersection is estimated as if the criteria were independent"
        yield Finding(AUDIENCE, "critical", why, confidence=None if known else SIMILAR, uncertainty=doubt)


def _people(part: Any) -> int | None:
    """The size that a criterion states."""
    if not isinstance(part, dict):
        return None
    ext = part.get("ext") if isinstance(part.get("ext"), dict) else {}
    for holder in (part, ext or {}):
        for name in ("estimated_size", "size", "matched_count"):
            if isinstance(holder.get(name), int | float):
                return int(holder[name])
    return None
