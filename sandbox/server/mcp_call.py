"""A tool call over MCP that needs nothing of the protocol but its envelope, and the answer to it.

The ``mcp`` package serves a stateless request with a session of its own: three tasks, six streams and four passes over
the answer. A call that is plainly well formed is one message that is answered by one, so it is read and answered
here; all others (malformed ones too, and releases of MCP with other rules) are left to the package.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import orjson

from sandbox.kernel.endpoint import Reply

_RELEASES = (b"2025-03-26", b"2025-06-18", b"2025-11-25")
"""Releases of MCP in which a call is nothing but its message; without a header it is the first of them."""

_JSON = b"application/json"


@dataclass(slots=True, frozen=True)
class ToolCall:
    """A well-formed request ``tools/call``."""

    id: str | int
    tool: str
    arguments: dict[str, Any]

    def answer(self, reply: Reply) -> bytes:
        """The JSON-RPC response."""
        result = result_of(reply, orjson.Fragment(reply.json()))
        return orjson.dumps({"jsonrpc": "2.0", "id": self.id, "result": result})


def result_of(reply: Reply, structured: Any) -> dict[str, Any]:
    """The result of a tool call: the answer as structured content, and as text for whoever reads only that."""
    content = [{"type": "text", "text": reply.json()}]
    return {"content": content, "structuredContent": structured, "isError": not reply.ok}


def read_call(headers: Iterable[tuple[bytes, bytes]], message: dict[str, Any] | None) -> ToolCall | None:
    """The call that a request with this body makes; None if it is anything else, or not quite as it should be."""
    given = dict(headers)
    if not (_is_json(given.get(b"content-type")) and _JSON in given.get(b"accept", b"")):
        return None
    if given.get(b"mcp-protocol-version", _RELEASES[0]) not in _RELEASES:
        return None
    match message:
        case {
            "jsonrpc": "2.0",
            "id": str() | int() as number,
            "method": "tools/call",
            "params": {"name": str() as tool, **more},
        }:
            arguments = more.pop("arguments", {})
            if not more and isinstance(arguments, dict) and _answerable(number):
                return ToolCall(number, tool, arguments)
    return None


def _answerable(number: str | int) -> bool:
    """True for an id that fits into the answer: no truth value, and no number of more than 64 bits."""
    return isinstance(number, str) or (not isinstance(number, bool) and -(2**63) <= number < 2**63)


def _is_json(content_type: bytes | None) -> bool:
    return content_type is not None and content_type.partition(b";")[0].strip() == _JSON
