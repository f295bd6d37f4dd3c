"""Publishers: they own the inventory that sales agents sell."""

from __future__ import annotations

from random import Random
from typing import Any

from agents.publisher.config import PublisherConfig
from agents.publisher.publisher import Publisher
from sandbox.kernel.actor import ActorKind

_CHANNELS = ("display", "olv", "ctv", "social", "streaming_audio", "podcast", "dooh")


def generate(rng: Random, count: int) -> list[dict[str, Any]]:
    """Invent the settings of ``count`` publishers, each with one to three placements."""
    from agents.invent import domain_of, publisher_name, topics

    made: list[dict[str, Any]] = []
    while len(made) < count:
        name = publisher_name(rng)
        domain = domain_of(name)
        if any(other["domain"] == domain for other in made):
            continue
        channels = rng.sample(_CHANNELS, rng.randint(1, 3))
        made.append(
            {
                "name": name,
                "domain": domain,
                "topics": topics(rng),
                "placements": [{"channel": channel} for channel in channels],
                "audience": round(rng.uniform(0.3, 1.0), 2),
                "traffic_growth": round(rng.uniform(0.5, 2.0), 2),
            }
        )
    return made


KIND = ActorKind("publisher", PublisherConfig, Publisher, generate)

__all__ = ["KIND", "Publisher", "PublisherConfig", "generate"]
