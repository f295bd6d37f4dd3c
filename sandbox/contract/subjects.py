"""What can be checked; a subject is one package and one line here."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from sandbox.contract.check import Subject

SUBJECTS = {
    "outcome-agent": "sandbox.contract.outcome_agent",
    "sales-agent": "sandbox.contract.sales_agent",
    "buyer-platform": "sandbox.contract.buyer_platform",
}
"""The package of each subject; it has the subject under ``SUBJECT``."""


def subject(name: str) -> Subject[Any]:
    """Load a subject and its checks."""
    found: Subject[Any] = import_module(SUBJECTS[name]).SUBJECT
    return found
