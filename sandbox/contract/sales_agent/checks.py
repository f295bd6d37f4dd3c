"""The checks of a sales agent; each module of the package adds its own."""

from __future__ import annotations

from sandbox.contract.check import Checks
from sandbox.contract.sales_agent.agent import Agent

CHECKS: Checks[Agent] = Checks(tidy=Agent.tidy)
"""After each of them the media buys that it made are canceled."""
