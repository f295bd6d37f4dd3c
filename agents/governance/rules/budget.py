"""Budgets: of the plan, of a kind of purchase, of the brand, of a portfolio, and one seller's share."""

from __future__ import annotations

from collections.abc import Iterator

from agents.governance.records import Condition, Finding
from agents.governance.rules.base import Case
from sandbox.core.money import amount, micros, split
from sandbox.kernel.network import Network

BUDGET = "budget_authority"


def budget(case: Case) -> Iterator[Finding]:
    """What is committed and this together are within the plan's budget, in the plan's currency."""
    action, plan = case.action, case.plan
    if action.currency not in (None, plan.currency):
        yield Finding(BUDGET, "critical", f"the plan is in {plan.currency}, the action in {action.currency}")
    if action.micros is None:
        why = "The action names no amount; declare it as proposed_commitment"
        yield Finding(BUDGET, "critical", why, fixes=(Condition("proposed_commitment", None, why),))
        return
    yield from _within(case, case.ledger.total(plan.key), plan.total_micros, "the plan's budget")


def allocations(case: Case) -> Iterator[Finding]:
    """A kind of purchase that has a part of the budget keeps to it; others draw from the whole."""
    part = case.plan.body["budget"].get("allocations", {}).get(case.action.purchase_type)
    if part is None:
        return
    kind = case.action.purchase_type
    spent = sum(row.micros for row in case.ledger.of(case.plan.key) if row.purchase_type == kind)
    if "amount" in part:
        yield from _within(case, spent, micros(part["amount"]), f"the allocation of {kind}")
    if "max_pct" in part:
        yield from _within(case, spent, _share(case.plan.total_micros, part["max_pct"]), f"the share of {kind}")


def brand_limit(case: Case) -> Iterator[Finding]:
    """All plans of a brand together keep to what its people allow."""
    brand = case.config.brands.get(case.plan.brand)
    if brand is None or brand.spend_limit is None:
        return
    keys = [p.key for p in case.plans if p.brand == case.plan.brand and p.currency == case.plan.currency]
    spent = sum(case.ledger.total(key) for key in keys)
    yield from _within(case, spent, micros(brand.spend_limit), f"what {case.plan.brand} may spend")


def portfolio_cap(case: Case) -> Iterator[Finding]:
    """All members of a portfolio together keep to its cap (rule 222); no member can say otherwise.

    A member in another currency can't be measured by the cap, so that nothing is allowed under it.
    """
    for portfolio in case.portfolios:
        cap = portfolio.body["portfolio"].get("total_budget_cap")
        if cap is None:
            continue
        if cap["currency"] != case.plan.currency:
            why = f"the cap of the portfolio is in {cap['currency']}, the plan in {case.plan.currency}"
            yield Finding(BUDGET, "critical", why, source_plan_id=portfolio.plan_id)
            continue
        members = [p for p in case.plans if p.key[0] == portfolio.key[0] and p.plan_id in portfolio.members]
        spent = sum(case.ledger.total(p.key) for p in members if p.currency == cap["currency"])
        yield from _within(case, spent, micros(cap["amount"]), "the cap of the portfolio", portfolio.plan_id)


def seller_share(case: Case) -> Iterator[Finding]:
    """No seller gets more than per_seller_max_pct of the plan's budget (rule 216)."""
    percent = case.plan.body["budget"].get("per_seller_max_pct")
    if percent is not None:
        yield from seller_within(case, percent)


def seller_within(case: Case, percent: float, policy_id: str = "") -> Iterator[Finding]:
    """One seller's commitments and this together are at most a percentage of the plan's budget."""
    action = case.action
    if not action.seller or action.micros is None or action.purchase_type != "media_buy":
        return
    most = _share(case.plan.total_micros, percent)
    spent = sum(row.micros for row in case.ledger.of(case.plan.key) if Network.same_agent(row.seller, action.seller))
    if spent + action.micros > most:
        why = f"{action.seller} may have {percent:g} % of the budget, {case.money(most)}; it has {case.money(spent)}"
        yield Finding(BUDGET, "critical", why, policy_id=policy_id, fixes=_smaller(case, most - spent, why))


def _within(case: Case, spent: int, most: int, what: str, source: str = "") -> Iterator[Finding]:
    proposed = case.action.micros
    if proposed is None or spent + proposed <= most:
        return
    why = f"{case.money(proposed)} more would exceed {what} of {case.money(most)}; {case.money(spent)} is committed"
    if not proposed:
        why = f"{case.money(spent)} is committed, {what} is {case.money(most)}"
    details = {"proposed": amount(proposed), "committed": amount(spent), "authorized": amount(most)}
    yield Finding(BUDGET, "critical", why, source_plan_id=source, details=details)


def _share(total_micros: int, percent: float) -> int:
    """A percentage of an amount, rounded down."""
    return total_micros * round(percent * 1000) // 100_000


def _smaller(case: Case, left: int, why: str) -> tuple[Condition, ...]:
    """The budgets with which an action would fit into what is left; none if nothing is."""
    lines = [line for line in case.action.lines if line.micros]
    if left <= 0 or case.action.kind != "intent":
        return ()
    if not lines:
        return (Condition("proposed_commitment.amount", amount(left), why),)
    parts = split(left, [line.micros or 0 for line in lines])
    return tuple(Condition(f"{line.path}.budget", amount(part), why) for line, part in zip(lines, parts, strict=True))
