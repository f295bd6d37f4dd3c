"""Adaptive pacing: a price on the budget, the dual multiplier mu, learned from what is spent.

Balseiro, Gur: Learning in repeated auctions with budgets (Management Science 2019) bid ``value / (1 + mu)`` and
move mu against the gradient of the dual problem, which is what the plan wanted to be spent less what was. Balseiro, Lu,
Mirrokni (arXiv 2011.10124) do so by mirror descent. The mirror map here is ``(1 + mu) log(1 + mu)``: a step
multiplies ``1 + mu`` and mu never leaves ``[0, inf)``, so that the same step size fits a market with ten and one
with ten thousand times the supply that the budget can buy.

A line with a fixed price can't bid less. It takes part in ``1 / (1 + mu)`` of the opportunities instead.
"""

from __future__ import annotations

from math import exp, log

from sandbox.delivery.pacing import Pace, Stretch
from sandbox.delivery.pacing.course import SLOWEST, Course, course

START = log(10.0)
"""Where ``log(1 + mu)`` begins for participation: a tenth of the opportunities."""

STEP = 0.8
"""Step size for participation: spend is in proportion to it."""

BID_STEP = 0.2
"""Step size for bids: a few percent more may win twice as often."""

LARGEST = 4.0
"""An hour that spends many times what it should counts as one that spends this much too much."""


def allowance(stretch: Stretch) -> Pace:
    """A level limit, and the part of the opportunities that the line takes part in."""
    found = course(stretch, anew=True)
    if isinstance(found, Pace):
        return found
    return Pace(found.ceiling, found.ceiling, participation=_discount(stretch, found, STEP, START))


def bid_allowance(stretch: Stretch) -> Pace:
    """A level limit, and the part of its bid that the line bids."""
    found = course(stretch, anew=True)
    if isinstance(found, Pace):
        return found
    return Pace(found.ceiling, found.ceiling, bid_factor=_discount(stretch, found, BID_STEP, 0.0))


def _discount(stretch: Stretch, found: Course, step: float, start: float) -> float:
    """``1 / (1 + mu)`` after one step of the dual descent."""
    level = stretch.memory.get("log_1_plus_mu", start)
    if found.hours:
        excess = (found.spent - found.wanted) / found.hourly
        if found.stopped:
            excess = max(excess, found.hours)
        level = min(-SLOWEST, max(0.0, level + step * min(LARGEST, excess)))
    stretch.memory["log_1_plus_mu"] = level
    return exp(-level)
