"""Checks of an outcome agent over HTTP (seed 002, rules 198 to 211)."""

from sandbox.contract.check import Subject
from sandbox.contract.outcome_agent import (  # noqa: F401 - the modules register their checks, in this order
    acceptance,
    auth_checks,
    context,
    creatives,
    feedback,
    messages,
    proposals,
    restart,
)
from sandbox.contract.outcome_agent.agent import OutcomeAgent, open_agent
from sandbox.contract.outcome_agent.checks import CHECKS
from sandbox.contract.outcome_agent.flight import grades  # noqa: F401 - the flight comes last

SUBJECT: Subject[OutcomeAgent] = Subject(
    "outcome-agent",
    "The outcome agent",
    open_agent,
    CHECKS,
    ("control", "channels", "countries", "restart", "platform_port", "quiet"),
)
