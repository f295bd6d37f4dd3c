"""Margin models: what an outcome agent charges, and what of a budget is left for media (rule 200).

A new one is a file here and a line in :data:`MARGINS`.
"""

from agents.outcome.margins.base import Margin
from agents.outcome.margins.cost_per_unit import CostPerUnit
from agents.outcome.margins.passthrough import Passthrough
from agents.outcome.margins.revenue_share import RevenueShare
from sandbox.core.registry import Registry

MARGINS: Registry[type[Margin]] = Registry("margin model")
for margin in (Passthrough, RevenueShare, CostPerUnit):
    MARGINS.add(margin.name, margin)

__all__ = ["MARGINS", "Margin"]
