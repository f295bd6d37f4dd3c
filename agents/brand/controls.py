"""What a scenario's steps can do to a brand agent: decide about licences, and take them back.

Without an argument that names the right, a control means the newest licence that it could apply to.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from agents.brand.licences import Licence, settle
from sandbox.core.errors import InputError

if TYPE_CHECKING:
    from agents.brand.agent import BrandAgent


def approve_rights(agent: BrandAgent, rights: str | None = None) -> None:
    """Approve a licence that waits."""
    settle(agent, _newest(agent, rights, "pending_approval"), "acquired", "approved by the rights holder")


def reject_rights(agent: BrandAgent, reason: str = "declined", rights: str | None = None) -> None:
    """Refuse a licence that waits."""
    settle(agent, _newest(agent, rights, "pending_approval"), "rejected", reason)


def revoke_rights(agent: BrandAgent, reason: str = "withdrawn", rights: str | None = None) -> None:
    """Take back a licence that was given; what was made with it may run no longer."""
    settle(agent, _newest(agent, rights, "acquired"), "revoked", reason)


def _newest(agent: BrandAgent, rights: str | None, state: str) -> Licence:
    found = [one for one in agent.licences.values() if one.state == state and rights in (None, one.right.id)]
    if not found:
        known = ", ".join(f"{one.right.id} ({one.state})" for one in agent.licences.values()) or "none"
        raise InputError(f"{agent.id} has no licence that is {state}", hint=f"licences: {known}")
    return found[-1]
