"""From a call to the creative agent that serves it, and to the things of its request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from sandbox.core.errors import AdcpError

if TYPE_CHECKING:
    from agents.creative.agent import CreativeAgent
    from agents.creative.formats import BuildFormat
    from sandbox.kernel.endpoint import Context

SANDBOX = ""
"""Owner of what a test gives to all sandbox accounts."""


def agent_of(ctx: Context) -> CreativeAgent:
    """The creative agent whose operation is called."""
    return cast("CreativeAgent", ctx.actor)


def format_for(agent: CreativeAgent, ref: dict[str, Any], field: str) -> BuildFormat:
    """The format that a reference means. VALIDATION_ERROR if there is none.

    An id of ours means our format, under whatever address the caller reaches us.
    """
    fmt = agent.formats.get(ref["id"]) or agent.unlisted.get(ref["id"])
    for seeded in agent.seeded_formats.values():
        fmt = fmt or seeded.get(ref["id"])
    if fmt is None:
        own = [f.format_id for f in agent.formats.values() if f.way != "standard"]
        raise AdcpError(
            "VALIDATION_ERROR", f"there is no format {ref['id']}", field, suggestion=f"use {', '.join(own)}"
        )
    return fmt
