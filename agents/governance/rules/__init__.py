"""The rules by which actions are judged, one file for each thing that they look at.

A rule is a generator ``rule(case) -> findings``. It says nothing about what it is not told.
"""

from agents.governance.rules.audience import audience
from agents.governance.rules.authority import delegation, sellers
from agents.governance.rules.base import Case, Rule
from agents.governance.rules.budget import allocations, brand_limit, budget, portfolio_cap, seller_share
from agents.governance.rules.channels import allowed_channels, mix
from agents.governance.rules.policies import policies
from agents.governance.rules.reach import reach
from agents.governance.rules.scope import flight, markets

RULES: tuple[tuple[str, Rule], ...] = (
    ("budget_authority", budget),
    ("budget_authority", allocations),
    ("budget_authority", brand_limit),
    ("budget_authority", portfolio_cap),
    ("budget_authority", seller_share),
    ("strategic_alignment", allowed_channels),
    ("strategic_alignment", mix),
    ("flight_compliance", flight),
    ("geo_compliance", markets),
    ("bias_fairness", audience),
    ("bias_fairness", reach),
    ("brand_policy", policies),
    ("seller_verification", sellers),
    ("delegation_authority", delegation),
)
"""All rules with the category of what they find."""

__all__ = ["RULES", "Case", "Rule"]
