"""What the edges (REST, MCP) see of the served buyer platform: who calls, and one way to call."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from sandbox.kernel.endpoint import Operation, Reply


@dataclass(slots=True, frozen=True)
class Caller:
    """A person, and the customer that the person acts for."""

    user: str
    """E-mail address."""
    customer_id: int
    principal: str
    """The customer's id within the simulated world."""


class Edge(Protocol):
    """The served platform. Every call of every edge ends in :meth:`call`."""

    @property
    def operations(self) -> Mapping[str, Operation]:
        """All operations of the platform by name; ``detail`` is the :class:`~sandbox.operations.Route`."""
        ...

    def caller(self, api_key: str) -> Caller | None:
        """Whose key it is; None if nobody's."""
        ...

    def switch(self, caller: Caller, customer_id: int) -> Caller:
        """The same person acting for another customer. Raises :class:`ApiError` ACCESS_DENIED (rule 12)."""
        ...

    async def call(self, caller: Caller, operation: str, payload: dict[str, Any]) -> Reply:
        """Have an operation done: ``payload`` is ``{pathParams, params, body, files}``."""
        ...

    def unread(self, caller: Caller) -> str:
        """The section about unread notifications that help texts end with (rule 14)."""
        ...

    def health(self) -> dict[str, Any]:
        """``{status, now, mode, version}``; instants in ISO 8601."""
        ...
