"""From a call to the sales agent that serves it."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from agents.seller.seller import Seller
    from sandbox.kernel.endpoint import Context


def seller_of(ctx: Context) -> Seller:
    """The sales agent whose operation is called."""
    return cast("Seller", ctx.actor)
