"""Checks of a sales agent over MCP or A2A."""

from sandbox.contract.check import Subject
from sandbox.contract.sales_agent import (  # noqa: F401 - the modules register their checks, in this order
    capabilities,
    schema_checks,
    discovery,
    context,
    idempotency,
    lifecycle,
    changes,
    refusals,
    pagination,
    webhooks,
    delivery,
    isolation,
    hostile,
)
from sandbox.contract.sales_agent.agent import Agent, open_agent
from sandbox.contract.sales_agent.checks import CHECKS
from sandbox.contract.sales_agent.official import OFFICIAL

SUBJECT: Subject[Agent] = Subject(
    "sales-agent", "The sales agent", open_agent, CHECKS, ("other_auth", "control", "protocol"), OFFICIAL
)
