"""Which typed wishes of a refinement terms do not meet, judged by the terms alone (proposal-refinement.json)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sandbox.core.money import micros
from sandbox.core.time import parse_instant

Json = dict[str, Any]


def unmet(terms: Json, wanted: Json) -> tuple[list[str], dict[str, str]]:
    """Keys of ``constraints`` and entries of ``product_changes`` that terms fail."""
    constraints: Json = wanted.get("constraints", {})
    failed = [name for name, bound in constraints.items() if name not in _TESTS or not _TESTS[name](terms, bound)]
    bought = [purchase["product_id"] for purchase in terms["purchases"]]
    changes: dict[str, str] = wanted.get("product_changes", {})
    missed = {product: action for product, action in changes.items() if (product in bought) != (action == "include")}
    return failed, missed


def _total(terms: Json, bound: Json) -> bool:
    total = terms.get("total_budget")
    if total is None or total["currency"] != bound["currency"]:
        return False
    spent = micros(total["amount"])
    return micros(bound.get("min", 0)) <= spent and ("max" not in bound or spent <= micros(bound["max"]))


def _cpm(terms: Json, bound: Json) -> bool:
    prices = [purchase["pricing"] for purchase in terms["purchases"]]
    return all(
        price["pricing_model"] in ("cpm", "vcpm")
        and price["currency"] == bound["currency"]
        and "fixed_price" in price
        and micros(price["fixed_price"]) <= micros(bound["max"])
        for price in prices
    )


def _impressions(terms: Json, bound: Json) -> bool:
    volumes = [purchase.get("impressions") for purchase in terms["purchases"]]
    return None not in volumes and sum(volumes) >= bound["min"]


def _flight(terms: Json, bound: Json) -> bool:
    start, end = terms["start_time"], terms["end_time"]
    latest, earliest = bound.get("start_no_later_than"), bound.get("end_no_earlier_than")
    begins = latest is None or (start != "asap" and parse_instant(start) <= parse_instant(latest))
    return begins and (earliest is None or parse_instant(end) >= parse_instant(earliest))


_TESTS: dict[str, Callable[[Json, Json], bool]] = {
    "total_budget": _total,
    "cpm": _cpm,
    "impressions": _impressions,
    "flight": _flight,
}

DIMENSIONS = (*_TESTS, "product_changes", "alternatives", "criteria")
"""What ``proposal_refinement.supported_dimensions`` claims."""
