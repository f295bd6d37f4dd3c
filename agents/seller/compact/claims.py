"""What get_adcp_capabilities says of the compact tools and of controls that came with 3.2."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agents.seller.compact.tools import lifecycle_tools
from agents.seller.compact.unmet import DIMENSIONS

if TYPE_CHECKING:
    from agents.seller.seller import Seller

MAX_ALTERNATIVES = 10
"""Alternatives that one refinement may ask for: the protocol's own limit."""

_WINDOWS = (("minutes", 1440), ("hours", 720), ("days", 365), ("campaign", 1))
"""Units of the windows of a cap, each with the longest that is taken."""


def compact_block(seller: Seller) -> dict[str, Any]:
    """Part of ``media_buy``. The caps hold whichever tool bought: they are the delivery engine's own."""
    windows = [{"unit": unit, "minimum_interval": 1, "maximum_interval": most} for unit, most in _WINDOWS]
    body: dict[str, Any] = {
        "budget_capping": {
            "supported_scopes": ["media_buy", "package"],
            "supported_periods": ["day"],
            "timezone_basis": "fixed",
            "fixed_timezone": "UTC",
            "buyer_timezone_override": False,
        },
        "aggregate_frequency_capping": {
            "supported_control_modes": ["max_impressions"],
            "supported_per_units": ["individuals"],
            "max_impressions_constraints": {"minimum": 1, "maximum": 1000},
            "window_constraints": windows,
        },
    }
    tools = lifecycle_tools(seller.config)
    if tools:
        body["lifecycle_tools"] = list(tools)
    if "refine_proposals" in tools:
        body["proposal_refinement"] = {"supported_dimensions": list(DIMENSIONS), "max_alternatives": MAX_ALTERNATIVES}
    return body
