"""From a call to the brand agent that serves it."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from agents.brand.agent import BrandAgent
    from sandbox.kernel.endpoint import Context


def agent_of(ctx: Context) -> BrandAgent:
    """The brand agent whose operation is called."""
    return cast("BrandAgent", ctx.actor)
