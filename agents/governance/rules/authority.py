"""Who may act for a plan, and with whom."""

from __future__ import annotations

from collections.abc import Iterator

from agents.governance.plans import Plan
from agents.governance.records import Finding
from agents.governance.rules.base import Case
from sandbox.core.money import micros
from sandbox.core.time import parse_instant
from sandbox.kernel.network import Network

SELLER, DELEGATION = "seller_verification", "delegation_authority"


def sellers(case: Case) -> Iterator[Finding]:
    """Only approved sellers, if the plan names any; null is any seller (rule 220)."""
    approved = case.plan.body.get("approved_sellers")
    if approved is None:
        return
    seller = case.action.seller
    if not seller:
        yield Finding(SELLER, "critical", "The plan names approved sellers, the action does not say its target_agent")
    elif not any(Network.same_agent(url, seller) for url in approved):
        yield Finding(SELLER, "critical", f"{seller} is not among the approved sellers of the plan")


def delegation(case: Case) -> Iterator[Finding]:
    """Others than the plan's owner keep to what was delegated to them (rule 221)."""
    if case.owned:
        return
    entries = case.plan.body.get("delegations", [])
    mine = [entry for entry in entries if Network.same_agent(entry["agent_url"], case.action.caller)]
    problems = [list(_problems(case, entry)) for entry in mine]
    if not mine:
        yield Finding(DELEGATION, "critical", f"{case.action.caller} has no delegation for the plan")
    elif all(problems):
        yield from problems[0]


def must_propose(plan: Plan, caller: str) -> bool:
    """True if a delegate may only propose: people approve what it does, each time (rule 221)."""
    mine = [entry for entry in plan.body.get("delegations", []) if Network.same_agent(entry["agent_url"], caller)]
    return bool(mine) and all(entry["authority"] == "propose_only" for entry in mine)


def _problems(case: Case, entry: dict[str, object]) -> Iterator[Finding]:
    def no(why: str) -> Finding:
        return Finding(DELEGATION, "critical", f"{case.action.caller}: {why}")

    expires, limit, markets = entry.get("expires_at"), entry.get("budget_limit"), entry.get("markets")
    if expires is not None and parse_instant(str(expires)) <= case.now_ms:
        yield no(f"its delegation expired on {expires}")
    if entry["authority"] == "execute_only" and case.action.tool not in ("create_media_buy", "activate_signal"):
        yield no("it may execute, not move budgets")
    if isinstance(limit, dict) and case.action.micros is not None:
        spent = sum(r.micros for r in case.ledger.of(case.plan.key) if Network.same_agent(r.caller, case.action.caller))
        if limit["currency"] != case.plan.currency or spent + case.action.micros > micros(limit["amount"]):
            yield no(
                f"its part of the budget is {limit['amount']} {limit['currency']}, {case.money(spent)} is committed"
            )
    if isinstance(markets, list):
        named = [c for line in case.action.lines for c in (*line.countries, *(r.split("-")[0] for r in line.regions))]
        outside = [country for country in dict.fromkeys(named) if country not in markets]
        if outside or not named:
            yield no(
                f"it may act for {', '.join(markets)} only, the action is for {', '.join(outside) or 'everywhere'}"
            )
