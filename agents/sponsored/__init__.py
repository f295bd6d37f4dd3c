"""Sponsored-intelligence agents: a brand speaks for itself inside an assistant, over AdCP."""

from __future__ import annotations

from random import Random
from typing import Any

from agents.sponsored.agent import SponsoredAgent
from agents.sponsored.config import SponsoredConfig
from sandbox.kernel.actor import ActorKind

_GOODS = ("City bike", "Rain jacket", "Travel mug", "Desk lamp", "Trail shoe", "Tent", "Headphones", "Backpack")


def generate(rng: Random, count: int) -> list[dict[str, Any]]:
    """Invent the settings of ``count`` agents, each of one brand with one offering."""
    from agents.invent import brand, slug

    made: list[dict[str, Any]] = []
    for _ in range(count):
        name, domain = brand(rng)
        products = [
            {
                "id": f"{slug(name)}_{slug(goods)}",
                "name": goods,
                "price": rng.randint(4, 60) * 5,
                "stock": rng.randint(0, 40),
            }
            for goods in rng.sample(_GOODS, 3)
        ]
        offering = {"id": f"{slug(name)}_now", "title": f"{name} this season", "products": products}
        checkout = f"https://{domain}/checkout"
        made.append({"name": name, "brand": domain, "checkout_url": checkout, "offerings": [offering]})
    return made


KIND = ActorKind("sponsored", SponsoredConfig, SponsoredAgent, generate)

__all__ = ["KIND", "SponsoredAgent", "SponsoredConfig", "generate"]
