"""Whom a campaign is to reach and whom it must not: the plan's ``audience`` (governance/audience-constraints.json)."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from agents.governance.matching import words
from agents.governance.records import Finding
from agents.governance.rules.audience import AUDIENCE, SIMILAR, selectors
from agents.governance.rules.base import Case

_LITTLE = frozenset(words("a an the of in on at to and or who with for likely people adults users audience aged"))
"""Words that say nothing of what sets an audience apart."""


def reach(case: Case) -> Iterator[Finding]:
    """Nothing overlaps an excluded audience; what is targeted is one of those wanted, if the plan says which.

    Signals are compared by their references, descriptions by their words. Exclusions are decisive; a targeting that
    meets no inclusion is a warning. Leaving out an audience that the plan excludes is no use of it.
    """
    wanted = case.plan.body.get("audience", {})
    targeted = [(path, part) for path, part in selectors(case) if not _left_out(path, part)]
    for path, part in targeted:
        for constraint in wanted.get("exclude", []):
            if _same(constraint, part):
                why = f"{path} targets {_name(constraint)}, which the plan excludes"
                yield Finding(AUDIENCE, "critical", why, **_doubt(constraint))
    included = wanted.get("include", [])
    if included and targeted and not any(_same(one, part) for one in included for _, part in targeted):
        names = ", ".join(_name(one) for one in included)
        why = f"The targeting is none of what the plan wants to reach: {names}"
        yield Finding(AUDIENCE, "warning", why, confidence=SIMILAR, uncertainty="audiences are compared by their words")


def _left_out(path: str, part: Any) -> bool:
    return path.endswith(("exclude", "axe_exclude_segment")) or _negative(part)


def _negative(part: Any) -> bool:
    return isinstance(part, dict) and part.get("value") is False


def _same(constraint: dict[str, Any], part: Any) -> bool:
    """True if a part of a targeting is about the audience of a constraint."""
    if constraint.get("type") == "signal":
        mine = _reference(constraint)
        return mine is not None and mine == _reference(part) and not _negative(constraint) and _values(constraint, part)
    said = frozenset(words(str(constraint.get("description", "")))) - _LITTLE
    return bool(said) and said <= frozenset(words(_text(part)))


def _values(constraint: dict[str, Any], part: dict[str, Any]) -> bool:
    """True if two selectors of one signal have values in common; one that names none has all."""
    theirs = part.get("values")
    if "values" in constraint and isinstance(theirs, list):
        return any(value in theirs for value in constraint["values"])
    low = max(_bound(holder, "min_value", -math.inf) for holder in (constraint, part))
    return low <= min(_bound(holder, "max_value", math.inf) for holder in (constraint, part))


def _bound(selector: dict[str, Any], name: str, without: float) -> float:
    value = selector.get(name)
    return value if isinstance(value, int | float) else without


def _reference(part: Any) -> tuple[str, str] | None:
    """Whose signal it is, and which."""
    if not isinstance(part, dict):
        return None
    ref = part.get("signal_ref") or part.get("signal_id")
    if isinstance(ref, str):
        return "", ref
    if not isinstance(ref, dict):
        return None
    source = ref.get("data_provider_domain") or ref.get("agent_url") or ""
    return str(source), str(ref.get("signal_id") or ref.get("id") or ref.get("signal_agent_segment_id") or "")


def _text(part: Any) -> str:
    """All that a part of a targeting says about itself."""
    if isinstance(part, dict):
        return " ".join(_text(value) for value in part.values())
    if isinstance(part, list):
        return " ".join(_text(value) for value in part)
    return str(part)


def _name(constraint: dict[str, Any]) -> str:
    found = _reference(constraint)
    return repr(constraint.get("description") or (found[1] if found else "a signal"))


def _doubt(constraint: dict[str, Any]) -> dict[str, Any]:
    if constraint.get("type") == "signal":
        return {"confidence": 1.0}
    return {"confidence": SIMILAR, "uncertainty": "audiences are compared by their words"}
