"""Pacing strategies: how much a line may have spent by when. One file each, one line here.

A strategy is asked once per line and hour, and again after each change of the line. It answers with the
cumulative spend allowed at the beginning and at the end of the stretch; in between the engine goes in a
straight line. A line serves while its spend, with half of the charge in question, is below that line.
"""

from collections.abc import Callable
from typing import NamedTuple

from sandbox.core.registry import Registry


class Stretch(NamedTuple):
    """The stretch of time to plan, in ms, inside a flight ``[start_ms, end_ms)``; money in micros."""

    from_ms: int
    to_ms: int
    start_ms: int
    end_ms: int
    budget_micros: int
    spent_micros: int
    due_micros: float
    """What the plan so far wanted to be spent by ``from_ms``; the spend itself where there was no plan."""
    unit_micros: float
    """What one impression (click, view …) costs."""

    @property
    def base_micros(self) -> float:
        """Where to plan from: the plan so far, or the spend where it is more than one unit behind."""
        behind = self.due_micros - self.spent_micros
        return self.due_micros if abs(behind) <= self.unit_micros else float(self.spent_micros)


Strategy = Callable[[Stretch], tuple[float, float]]

PACING: Registry[Strategy] = Registry("pacing strategy")

from sandbox.delivery.pacing import asap, even, front_loaded  # noqa: E402

PACING.add("even", even.allowance)
PACING.add("asap", asap.allowance)
PACING.add("front_loaded", front_loaded.allowance)
