"""Outcome agents: they propose tactics for campaigns, buy media for those they are given, and take a fee.

====================  =========================================================================
``config.py``         settings in a scenario
``agent.py``          the actor: registration, and the door of seed 002
``strategies/``       what to buy and how to behave: a file each
``margins/``          what to charge: a file each
``tactics.py``        what is remembered of a tactic
``managing.py``       buys, looks at results, moves money
``platform.py``       the platform's API as agents use it
====================  =========================================================================
"""

from __future__ import annotations

from random import Random
from typing import Any

from agents.outcome.agent import OutcomeAgent
from agents.outcome.config import OutcomeConfig
from agents.outcome.strategies import STRATEGIES, WELL_BEHAVED
from sandbox.kernel.actor import ActorKind


def generate(rng: Random, count: int) -> list[dict[str, Any]]:
    """Invent the settings of ``count`` outcome agents that behave well."""
    margins: tuple[dict[str, Any], ...] = (
        {"model": "passthrough"},
        {"model": "revenue_share", "percent": 15},
        {"model": "cost_per_unit", "method": "cpm", "rate": 6},
    )
    return [{"strategy": rng.choice(WELL_BEHAVED), "margin": rng.choice(margins)} for _ in range(count)]


KIND = ActorKind("outcome", OutcomeConfig, OutcomeAgent, generate)

__all__ = ["KIND", "STRATEGIES", "OutcomeAgent", "OutcomeConfig", "generate"]
