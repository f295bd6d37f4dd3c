"""Sharing a budget out: what the next unit of money brings where, and the best division under constraints.

* :mod:`posterior` learns from counts what money brings: rates with gamma and beta distributions, values with
  inverse gamma ones; a draw from each is Thompson sampling.
* :mod:`response` turns that into concave piecewise-linear responses: the more of a supply is bought, the less
  the next unit brings.
* :mod:`fill` divides a total among items by their marginal returns, under minima and maxima of items and of groups
  of items, exactly and in whole micros.
* :mod:`threshold` does so for goals that are a rate to keep instead of a sum to raise.

Arrays in, arrays out; nothing here knows campaigns, agents or the clock.
"""

from sandbox.allocation.fill import Infeasible, Problem, fill
from sandbox.allocation.posterior import BetaRate, GammaRate, MeanValue, calibrated
from sandbox.allocation.response import Response, diminishing
from sandbox.allocation.threshold import fill_above_rate

__all__ = [
    "BetaRate",
    "GammaRate",
    "Infeasible",
    "MeanValue",
    "Problem",
    "Response",
    "calibrated",
    "diminishing",
    "fill",
    "fill_above_rate",
]
