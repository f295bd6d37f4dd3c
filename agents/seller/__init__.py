"""Sales agents: they sell publishers' inventory over AdCP."""

from __future__ import annotations

from random import Random
from typing import Any

from agents.seller.config import SellerConfig
from agents.seller.seller import Seller
from sandbox.kernel.actor import ActorKind


def generate(rng: Random, count: int) -> list[dict[str, Any]]:
    """Invent the settings of ``count`` sales agents, with different ways to approve."""
    from agents.invent import seller_name

    return [
        {
            "name": seller_name(rng),
            "approval": _approval(rng),
            "creative_review": rng.choice(_REVIEWS),
            "pricing_models": rng.choice([["cpm"], ["cpm", "cpc"], ["cpm", "vcpm", "cpcv"]]),
        }
        for _ in range(count)
    ]


_REVIEWS = ("automatic", {"mode": "manual", "delay": {"median": "4h", "p95": "1d"}})


def _approval(rng: Random) -> Any:
    if rng.random() < 0.5:
        return "automatic"
    return {
        "mode": "manual",
        "delay": {"median": f"{rng.randint(2, 24)}h", "p95": "3d"},
        "office_hours": {"days": "mon-fri", "from": "09:00", "to": "17:00"},
        "probability_of_rejection": round(rng.uniform(0.0, 0.1), 3),
    }


KIND = ActorKind("seller", SellerConfig, Seller, generate)

__all__ = ["KIND", "Seller", "SellerConfig", "generate"]
