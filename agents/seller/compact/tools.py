"""Which compact tools a sales agent has: those of products and controls, and those of proposals if it makes any."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agents.seller.compact.accepting import accept_proposal
from agents.seller.compact.buying import buy_products
from agents.seller.compact.controlling import control_media_buy
from agents.seller.compact.declining import decline_proposals
from agents.seller.compact.listing import list_products
from agents.seller.compact.refining import refine_proposals
from agents.seller.compact.requesting import request_proposals

if TYPE_CHECKING:
    from agents.seller.config import SellerConfig

_PRODUCTS: tuple[Any, ...] = (buy_products, control_media_buy)
_PROPOSALS: tuple[Any, ...] = (request_proposals, refine_proposals, decline_proposals, accept_proposal)


def compact_reads(config: SellerConfig) -> list[Any]:
    """The tools that change nothing."""
    return [list_products] if config.lifecycle_tools and "3.2" in config.adcp_versions else []


def compact_changes(config: SellerConfig) -> list[Any]:
    """The tools that change something."""
    if not compact_reads(config):
        return []
    return [*(_PROPOSALS if config.proposals else ()), *_PRODUCTS]


def lifecycle_tools(config: SellerConfig) -> tuple[str, ...]:
    """Their names, for ``media_buy.lifecycle_tools``."""
    return tuple(handler.__name__ for handler in (*compact_reads(config), *compact_changes(config)))
