"""Whose request it is that comes in at an agent's door."""

from __future__ import annotations

from dataclasses import dataclass

SESSION = "adcp_sandbox.session"
"""Where a request's scope holds its :class:`Session`."""

MESSAGE = "adcp_sandbox.message"
"""Where a request's scope holds its body, which is a JSON object; None for requests that have none."""


@dataclass(slots=True, frozen=True)
class Session:
    """A request's agent, and the customer as whose client it comes, by its token or its signature."""

    agent_id: str
    principal: str
