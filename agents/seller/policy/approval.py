"""Whether a media buy or a change of one is approved: by rule, by chance, or by a person later."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from agents.seller.config import ApprovalConfig, BuyRule
from sandbox.core.money import amount
from sandbox.core.time import format_duration, iso

Verdict = Literal["approve", "reject", "ask_input"]


@dataclass(slots=True, frozen=True)
class Decision:
    """What was decided and why; ``missing`` is what a buyer must add, ``code`` the error of a refusal."""

    verdict: Verdict
    reason: str
    missing: tuple[str, ...] = ()
    code: str = "POLICY_VIOLATION"


@dataclass(slots=True, frozen=True)
class BuyFacts:
    """What the policies look at in a media buy. ``industries`` are those of advertiser and brand."""

    now_ms: int
    start_ms: int
    end_ms: int
    budget_micros: int
    brand: str
    industries: tuple[str, ...]
    product_ids: tuple[str, ...]


def first_breach(rules: Sequence[BuyRule], facts: BuyFacts) -> Decision | None:
    """The refusal by the first rule that applies, or None."""
    for rule in rules:
        grounds = _grounds(rule, facts)
        if grounds:
            short = rule.budget_under is not None
            reason = rule.reason or " and ".join(grounds)
            return Decision("reject", reason, code="BUDGET_TOO_LOW" if short else "POLICY_VIOLATION")
    return None


def _grounds(rule: BuyRule, facts: BuyFacts) -> list[str]:
    """Why the rule applies, or nothing if one of its conditions does not hold."""
    budget = amount(facts.budget_micros)
    tests: list[tuple[bool, str] | None] = [
        None
        if rule.budget_under is None
        else (budget < rule.budget_under, f"the budget {budget} is under {rule.budget_under:g}"),
        None
        if rule.budget_over is None
        else (budget > rule.budget_over, f"the budget {budget} is over {rule.budget_over:g}"),
        None
        if rule.category is None
        else (_in_category(rule.category, facts.industries), f"we do not run {rule.category} advertising"),
        None if rule.brand is None else (facts.brand == rule.brand, f"we do not work with {rule.brand}"),
        None if rule.product is None else (rule.product in facts.product_ids, f"{rule.product} is not for sale"),
        None
        if rule.start_within is None
        else (
            facts.start_ms - facts.now_ms < rule.start_within,
            f"the start {iso(facts.start_ms)} leaves less than {format_duration(rule.start_within)}",
        ),
        None
        if rule.flight_over is None
        else (
            facts.end_ms - facts.start_ms > rule.flight_over,
            f"the flight is longer than {format_duration(rule.flight_over)}",
        ),
    ]
    stated = [test for test in tests if test is not None]
    return [text for _, text in stated] if all(holds for holds, _ in stated) else []


def _in_category(category: str, industries: Sequence[str]) -> bool:
    return any(name == category or name.startswith(f"{category}.") for name in industries)


def missing_input(requires: Sequence[str], request: dict[str, Any]) -> tuple[str, ...]:
    """What a create_media_buy request lacks of what the seller wants to see."""
    return tuple(name for name in requires if not _present(name, request))


def _present(name: str, request: dict[str, Any]) -> bool:
    if name == "creatives":
        packages = request.get("packages", [])
        return all(p.get("creatives") or p.get("creative_assignments") for p in packages)
    return bool(request.get(name))


def decide_buy(config: ApprovalConfig, facts: BuyFacts, request: dict[str, Any], draw: float) -> Decision:
    """Decide about a new media buy; ``draw`` is uniform in [0, 1).

    Rules come first, then what is missing, then chance.
    """
    breach = first_breach(config.reject_if, facts)
    if breach is not None:
        return breach
    missing = missing_input(config.requires, request)
    if missing:
        return Decision("ask_input", f"missing: {', '.join(missing)}", missing)
    return by_chance(config.probability_of_rejection, draw, "meets all conditions")


def by_chance(probability_of_rejection: float, draw: float, reason: str) -> Decision:
    """Refuse with a probability, else approve for ``reason``."""
    if draw < probability_of_rejection:
        return Decision("reject", "declined after review")
    return Decision("approve", reason)
