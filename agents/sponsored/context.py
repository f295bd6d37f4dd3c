"""From a call to the sponsored-intelligence agent that serves it."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from agents.sponsored.agent import SponsoredAgent
    from sandbox.kernel.endpoint import Context


def agent_of(ctx: Context) -> SponsoredAgent:
    """The sponsored-intelligence agent whose operation is called."""
    return cast("SponsoredAgent", ctx.actor)
