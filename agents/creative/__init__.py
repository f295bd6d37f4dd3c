"""Creative agents: they build, preview, keep and serve creatives over AdCP."""

from __future__ import annotations

from random import Random
from typing import Any

from agents.creative.agent import CreativeAgent
from agents.creative.config import CreativeConfig
from sandbox.kernel.actor import ActorKind


def generate(rng: Random, count: int) -> list[dict[str, Any]]:
    """Invent the settings of ``count`` creative agents, of all kinds."""
    kinds = ("template", "generative", "ad_server")
    return [{"personality": rng.choice(kinds)} for _ in range(count)]


KIND = ActorKind("creative", CreativeConfig, CreativeAgent, generate)

__all__ = ["KIND", "CreativeAgent", "CreativeConfig", "generate"]
