"""Signals agents: they find audiences and bring them to where media is bought, over AdCP."""

from __future__ import annotations

from random import Random
from typing import Any

from agents.signals.agent import SignalsAgent
from agents.signals.config import SignalsConfig
from sandbox.kernel.actor import ActorKind


def generate(rng: Random, count: int) -> list[dict[str, Any]]:
    """Invent the settings of ``count`` signals agents, of both kinds."""
    times = (0, "30m", "4h")
    return [
        {"personality": rng.choice(("owned", "marketplace")), "activation_time": rng.choice(times)}
        for _ in range(count)
    ]


KIND = ActorKind("signals", SignalsConfig, SignalsAgent, generate)

__all__ = ["KIND", "SignalsAgent", "SignalsConfig", "generate"]
