"""The evaluators and their stages (rule 195): advisory for drafts, a gate for finals (rule 192)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agents.buyer.sessions.brand_fit import brand_brief
from agents.buyer.sessions.case import Case, Findings
from agents.buyer.sessions.fidelity import asset_fidelity
from agents.buyer.sessions.performance import performance
from agents.buyer.sessions.policy import policy_safety
from agents.buyer.sessions.readiness import core_readiness
from agents.buyer.sessions.records import Check, CreativeSession, Stage, Variant
from agents.buyer.sessions.seller_fit import format_seller

if TYPE_CHECKING:
    from agents.buyer.platform import BuyerPlatform


@dataclass(slots=True, frozen=True)
class Evaluator:
    """A kind of check, the question that it answers, and the stages at which it runs."""

    name: str
    question: str
    stages: tuple[Stage, ...]
    judge: Callable[[Case], Findings]


EVALUATORS = (
    Evaluator(
        "core_readiness",
        "Can every preview be shown, and is the manifest complete?",
        ("draft", "final"),
        core_readiness,
    ),
    Evaluator(
        "asset_fidelity",
        "Are locked assets intact, and may the source assets be used?",
        ("draft", "final"),
        asset_fidelity,
    ),
    Evaluator("brand_brief", "Does it fit the brand and the idea?", ("draft", "final"), brand_brief),
    Evaluator("format_seller", "Does it satisfy each seller's format?", ("final",), format_seller),
    Evaluator("policy_safety", "Is there a risk of policy, claims or safety?", ("final",), policy_safety),
    Evaluator("performance", "Did it work once it was delivered?", ("postflight",), performance),
)


def evaluate(platform: BuyerPlatform, session: CreativeSession, variant: Variant, stage: Stage) -> list[Check]:
    """Run the evaluators of a stage on a variant, and keep what they found."""
    found: list[Check] = []
    for evaluator in EVALUATORS:
        if stage in evaluator.stages:
            found.extend(evaluator.judge(Case(platform, session, variant, stage, evaluator.name)))
    variant.checks[stage] = found
    variant.checked_ms[stage] = platform.now
    return found


_RANK = ("not_run", "pass", "warn", "fail")


def worst(checks: list[Check]) -> str:
    """The worst status among checks; ``not_run`` if there are none."""
    return max((check.status for check in checks), key=_RANK.index, default="not_run")
