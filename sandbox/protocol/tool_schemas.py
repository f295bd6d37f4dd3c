"""What tool listings say of a tool: its description and the JSON Schema of its arguments."""

from __future__ import annotations

from functools import cache
from typing import Any

from sandbox.protocol.bundle import bare
from sandbox.protocol.versions import offered


def title(tool: str) -> str:
    """A tool's name as words: ``Get media buys``."""
    return tool.replace("_", " ").replace("adcp", "AdCP").capitalize().replace("adcp", "AdCP")


@cache
def input_schema(tool: str, releases: tuple[str, ...]) -> dict[str, Any]:
    """The official schema of a tool's arguments, compact, of the newest of these releases that has the tool.

    Without what only people read, and any object where there is none. The schema is the SDK's, which is loaded
    with the first use.
    """
    from adcp.validation import get_mcp_schema

    for release in sorted(releases, reverse=True):
        if offered(tool, release):
            schema: dict[str, Any] | None = get_mcp_schema(tool, "request", version=release)
            if schema is not None:
                compact: dict[str, Any] = bare(schema)
                return compact
    return {"type": "object"}
