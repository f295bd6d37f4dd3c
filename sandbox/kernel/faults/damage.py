"""How a message looks that was damaged: a field of another type, stamps of a clock that is off."""

from __future__ import annotations

from random import Random
from typing import Any

from sandbox.core.time import iso, parse_instant

STAMPS = ("timestamp", "created_at", "updated_at", "completed_at", "confirmed_at", "last_updated")
"""Fields in which a sender says what its clock showed; what people agree on (a start, an end) is none of them."""

OPEN = ("context", "ext", "adcp_version", "status")
"""Fields that are left alone: anything may stand there, or everything else hangs on them."""


def spoiled(body: dict[str, Any], rng: Random) -> dict[str, Any]:
    """An answer one of whose fields has a value of a type that it can't have; an empty one gets a wrong status."""
    names = sorted(name for name in body if name not in OPEN)
    if not names:
        return {**body, "status": [0]}
    name = rng.choice(names)
    return {**body, name: {"damaged": True} if isinstance(body[name], list) else [[body[name]]]}


def restamped(value: Any, skew_ms: int) -> Any:
    """A message with every stamp moved by the skew of its sender's clock, in ms."""
    if isinstance(value, list):
        return [restamped(item, skew_ms) for item in value]
    if not isinstance(value, dict):
        return value
    return {name: _moved(item, skew_ms) if name in STAMPS else restamped(item, skew_ms) for name, item in value.items()}


def _moved(stamp: Any, skew_ms: int) -> Any:
    try:
        return iso(parse_instant(stamp) + skew_ms)
    except (TypeError, ValueError, AttributeError):
        return stamp
