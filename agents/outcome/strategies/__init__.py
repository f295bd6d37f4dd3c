"""Strategies of outcome agents: four that behave, and five that test a platform.

A new one is a file here and a line in :data:`STRATEGIES`.
"""

from agents.outcome.strategies.base import Strategy
from agents.outcome.strategies.completed_views import CompletedViews
from agents.outcome.strategies.conservative_pacer import ConservativePacer
from agents.outcome.strategies.declining import Declining
from agents.outcome.strategies.double_accepting import DoubleAccepting
from agents.outcome.strategies.forgetful import Forgetful
from agents.outcome.strategies.lowest_vcpm import LowestVcpm
from agents.outcome.strategies.over_committing import OverCommitting
from agents.outcome.strategies.roas_bandit import RoasBandit
from agents.outcome.strategies.slow import Slow
from sandbox.core.registry import Registry

_GOOD: tuple[type[Strategy], ...] = (LowestVcpm, CompletedViews, RoasBandit, ConservativePacer)
_BAD: tuple[type[Strategy], ...] = (Slow, OverCommitting, Declining, Forgetful, DoubleAccepting)

STRATEGIES: Registry[type[Strategy]] = Registry("strategy")
for strategy in (*_GOOD, *_BAD):
    STRATEGIES.add(strategy.name, strategy)

WELL_BEHAVED = tuple(strategy.name for strategy in _GOOD)

__all__ = ["STRATEGIES", "WELL_BEHAVED", "Strategy"]
