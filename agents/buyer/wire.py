"""Small things that the platform's REST operations share."""

from __future__ import annotations

from typing import Any

from sandbox.core.money import amount
from sandbox.operations import Group


def group(name: str) -> Group:
    """The operations of one resource, under both prefixes of the API (rule 1, conflict C1)."""
    return Group(name, "/api/v2/buyer", "/api/buyer")


def optional_amount(value_micros: int | None) -> float | int | None:
    """An amount in units of currency, or null."""
    return None if value_micros is None else amount(value_micros)


def budget_context(session_micros: int | None, budgets_micros: list[int]) -> dict[str, Any]:
    """What is left of a session's budget after the budgets of its products (rule 126).

    Shape: ``{sessionBudget, allocatedBudget, remainingBudget}``; a session without a budget has null there.
    """
    allocated = sum(budgets_micros)
    remaining = None if session_micros is None else session_micros - allocated
    return {
        "sessionBudget": optional_amount(session_micros),
        "allocatedBudget": amount(allocated),
        "remainingBudget": optional_amount(remaining),
    }
