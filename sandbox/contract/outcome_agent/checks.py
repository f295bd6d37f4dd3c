"""The checks of an outcome agent; each module of the package adds its own."""

from sandbox.contract.check import Checks
from sandbox.contract.outcome_agent.agent import OutcomeAgent

CHECKS: Checks[OutcomeAgent] = Checks()
