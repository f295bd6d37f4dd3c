"""All operations of the platform, resource by resource."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Iterator

from sandbox.kernel.endpoint import Operation

RESOURCES = (
    "accounts",
    "advertisers",
    "campaigns",
    "execution",
    "autoselect",
    "status_sync",
    "discovery",
    "selection",
    "event_sources",
    "manifests",
    "formats",
    "reporting",
)
"""Modules of this package; each has an ``operation`` group."""


def operations() -> Iterator[Operation]:
    """Every operation, in the order of the resources."""
    for name in RESOURCES:
        if importlib.util.find_spec(f"agents.buyer.{name}") is None:
            continue
        module = importlib.import_module(f"agents.buyer.{name}")
        yield from getattr(module, "operation", ())
