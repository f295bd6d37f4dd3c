"""The checks of a sales agent; each module of the package adds its own."""

from sandbox.contract.check import Checks
from sandbox.contract.sales_agent.agent import Agent

CHECKS: Checks[Agent] = Checks()
