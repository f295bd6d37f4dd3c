"""Brand agents: they tell who a brand is, and license what belongs to it, over AdCP."""

from __future__ import annotations

from random import Random
from typing import Any

from agents.brand.agent import BrandAgent
from agents.brand.config import BrandAgentConfig
from sandbox.kernel.actor import ActorKind


def generate(rng: Random, count: int) -> list[dict[str, Any]]:
    """Invent the settings of ``count`` brand agents, each of which speaks for one brand."""
    from agents.invent import brand, slug

    made: list[dict[str, Any]] = []
    for number in range(count):
        name, domain = brand(rng)
        right = {
            "id": f"{slug(name)}_{number}_look",
            "name": f"The look of {name}",
            "uses": ["commercial", "ai_generated_image"],
            "prices": [{"id": f"{slug(name)}_{number}_fee", "price": rng.randint(1, 20) * 100}],
        }
        colors = {"primary": f"#{rng.randrange(1 << 24):06X}", "secondary": f"#{rng.randrange(1 << 24):06X}"}
        told = {"id": slug(name), "domain": domain, "name": name, "colors": colors, "rights": [right]}
        made.append({"brands": [told]})
    return made


KIND = ActorKind("brand", BrandAgentConfig, BrandAgent, generate)

__all__ = ["KIND", "BrandAgent", "BrandAgentConfig", "generate"]
