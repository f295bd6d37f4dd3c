"""No line spends more than its budget, nor more in a day than its daily cap; rows add up to totals."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from sandbox.core.time import HOUR_MS, day_start, parse_instant
from sandbox.kernel.checkers.base import Checker

if TYPE_CHECKING:
    from sandbox.kernel.trace import Event
    from sandbox.kernel.world import World


class Overspend(Checker):
    """Adds up the ``delivery`` events against the terms in the ``line`` events, in micros."""

    name = "overspend"

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._terms: dict[str, dict[str, Any]] = {}
        self._spent: Counter[str] = Counter()
        self._day: Counter[tuple[str, int]] = Counter()

    def on_event(self, event: Event) -> None:
        if event.kind == "line":
            self._terms[event.data["line_id"]] = event.data
        elif event.kind == "delivery":
            self._delivered(event)

    def _delivered(self, event: Event) -> None:
        line_id, spend = event.data["line_id"], event.data["spend_micros"]
        terms = self._terms.get(line_id)
        if terms is None:
            self.breach(f"line {line_id} delivers but was never opened", event)
            return
        hour_ms = parse_instant(event.data["hour"])
        if hour_ms + HOUR_MS <= terms["opened_ms"] or event.at_ms < terms["opened_ms"]:
            self.breach(f"line {line_id} delivers before it was opened", event)
        self._spent[line_id] += spend
        day = (line_id, day_start(hour_ms))
        self._day[day] += spend
        if spend > 0 and self._spent[line_id] > terms["budget_micros"]:
            self.breach(f"line {line_id} spent {self._spent[line_id]} micros of {terms['budget_micros']}", event)
        cap = terms["daily_cap_micros"]
        if spend > 0 and cap is not None and self._day[day] > cap:
            self.breach(f"line {line_id} spent {self._day[day]} micros in a day, cap {cap}", event)

    def finish(self) -> None:
        self.world.market.settle()
        for line_id, spent in self._spent.items():
            held = self.world.market.totals(line_id).spend_micros
            if spent != held:
                self.breach(f"line {line_id}: rows add up to {spent} micros, its total is {held}")
