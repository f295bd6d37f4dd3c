"""How a real service is spoken to: one file a protocol."""

from __future__ import annotations

from sandbox.peers.wires.a2a import A2aWire
from sandbox.peers.wires.base import NotUnderstood, Wire
from sandbox.peers.wires.http import HttpWire
from sandbox.peers.wires.mcp import McpWire
from sandbox.peers.wires.rest import RestWire

WIRES: dict[str, type[Wire]] = {"a2a": A2aWire, "http": HttpWire, "mcp": McpWire, "rest": RestWire}

__all__ = ["WIRES", "NotUnderstood", "Wire"]
