"""Governance agents: they hold campaigns to plans, and keep lists and standards for buyers."""

from __future__ import annotations

from random import Random
from typing import Any

from agents.governance.agent import GovernanceAgent
from agents.governance.config import GovernanceConfig
from sandbox.kernel.actor import ActorKind


def generate(rng: Random, count: int) -> list[dict[str, Any]]:
    """Invent the settings of ``count`` governance agents, with people that take their time."""
    return [{"review": {"delay": f"{rng.randint(1, 24)}h"}} for _ in range(count)]


KIND = ActorKind("governance", GovernanceConfig, GovernanceAgent, generate)

__all__ = ["KIND", "GovernanceAgent", "GovernanceConfig", "generate"]
