"""Checks of a sales agent over MCP or A2A. The modules register their checks, in this order."""

from importlib import import_module

from sandbox.contract.check import Subject
from sandbox.contract.sales_agent.agent import Agent, open_agent
from sandbox.contract.sales_agent.checks import CHECKS
from sandbox.contract.sales_agent.official import OFFICIAL

_GROUPS = (
    "capabilities schema_checks discovery context idempotency lifecycle changes refusals pagination webhooks "
    "delivery isolation hostile"
)
for _group in _GROUPS.split():
    import_module(f"{__name__}.{_group}")

SUBJECT: Subject[Agent] = Subject(
    "sales-agent", "The sales agent", open_agent, CHECKS, ("other_auth", "control", "protocol", "brand"), OFFICIAL
)
