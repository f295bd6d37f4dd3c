"""What a scenario's steps can do to a sponsored-intelligence agent: sell, count stock, and end an offering."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agents.sponsored.catalog import WHOLE
from sandbox.core.errors import InputError

if TYPE_CHECKING:
    from agents.sponsored.agent import SponsoredAgent


def check_out(agent: SponsoredAgent, token: str | None = None) -> None:
    """A user pays at the checkout: the newest one that is open, or that of a token. Takes one unit of the stock."""
    can = {name: one for name, one in agent.checkouts.items() if not one.done and agent.now < one.expires_ms}
    if not can or token not in (None, *can):
        raise InputError(
            f"{agent.id} has no open checkout {token or ''}".rstrip(), hint=f"open: {', '.join(can) or 'none'}"
        )
    checkout = can[token] if token is not None else list(can.values())[-1]
    product, variant_id = agent.products[checkout.choice.product_id], checkout.choice.variant_id
    left = product.left(variant_id)
    if left == 0:
        raise InputError(f"{product.id} is sold out", hint="set_stock brings more")
    if left is not None:
        product.stock[variant_id] = left - 1
    checkout.done = True
    agent.decide("si_checkout", checkout.session_id, "paid", product.name)


def set_stock(agent: SponsoredAgent, product: str, units: int, variant: str = WHOLE) -> None:
    """Say how many units of a product, or of one variant, are left."""
    found = agent.products.get(product)
    if found is None or variant not in found.stock:
        names = [f"{one.id} {key}".rstrip() for one in agent.products.values() for key in one.stock]
        raise InputError(
            f"{agent.id} has no product {product} {variant}".rstrip(), hint=f"products: {', '.join(names)}"
        )
    if isinstance(units, bool) or not isinstance(units, int) or units < 0:
        raise InputError(f"units: {units!r} is no number of units", hint="use 0 or more")
    found.stock[variant] = units


def end_offering(agent: SponsoredAgent, offering: str) -> None:
    """The campaign behind an offering ends: it is inactive from now on."""
    if offering not in agent.offerings:
        raise InputError(f"{agent.id} has no offering {offering}", hint=f"offerings: {', '.join(agent.offerings)}")
    agent.offerings[offering].active = False
