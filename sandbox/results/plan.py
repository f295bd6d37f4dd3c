"""The plan that spend is measured against: what is left of a budget, evenly over the time that is left."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from sandbox.core.time import parse_instant

if TYPE_CHECKING:
    from sandbox.kernel.trace import Event

DONE = 0.99
"""A line that has spent this part of its budget is switched off because it is done, not to pause."""

Knot = tuple[int, float]
"""An instant in ms and what should be spent by then, in micros; in between the plan is a straight line."""


def even_plans(events: Iterable[Event], until_ms: int) -> dict[str, list[Knot]]:
    """The plan of each line up to ``until_ms``, from its ``line`` events.

    A plan stands still while its line is paused, and takes every change of budget and flight as it comes, in
    whatever way the line itself is paced. A line that has spent its budget early does not change its plan.
    """
    terms: dict[str, list[tuple[int, dict[str, Any]]]] = {}
    spent: Counter[str] = Counter()
    for event in events:
        data = event.data
        if event.kind == "delivery":
            spent[data["line_id"]] += data["spend_micros"]
        elif event.kind == "line":
            is_on = data["active"] or spent[data["line_id"]] >= DONE * data["budget_micros"] > 0
            terms.setdefault(data["line_id"], []).append((event.at_ms, {**data, "active": is_on}))
    return {line_id: _plan(changes, until_ms) for line_id, changes in terms.items()}


def _plan(changes: list[tuple[int, dict[str, Any]]], until_ms: int) -> list[Knot]:
    knots: list[Knot] = []
    planned = 0.0
    following = [at_ms for at_ms, _ in changes[1:]]
    for (at_ms, line), next_ms in zip(changes, [*following, until_ms], strict=True):
        start_ms, end_ms = parse_instant(line["start"]), parse_instant(line["end"])
        from_ms, to_ms = max(at_ms, start_ms), min(next_ms, end_ms)
        if not line["active"] or from_ms >= to_ms:
            continue
        left = max(0.0, line["budget_micros"] - planned)
        knots.append((from_ms, planned))
        planned += left * (to_ms - from_ms) / (end_ms - from_ms)
        knots.append((to_ms, planned))
    return knots
