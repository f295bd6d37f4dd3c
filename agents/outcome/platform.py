"""The platform's API as an outcome agent uses it: with the API key of a seat, and retries (rules 207 and 208)."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from typing import TYPE_CHECKING, Any, Protocol, cast

from sandbox.core.errors import InputError
from sandbox.core.time import MINUTE_MS, SECOND_MS
from sandbox.kernel.endpoint import Principal, Reply
from sandbox.kernel.network import PeerTimeout, PeerUnreachable
from sandbox.operations.answer import unreadable

if TYPE_CHECKING:
    from sandbox.kernel.actor import Actor

Json = dict[str, Any]

ATTEMPTS = 5
TIMEOUT_MS = 2 * MINUTE_MS


class Refused(Exception):
    """The platform has refused a request, or gives no answer."""


class Seat(Protocol):
    """A customer of the platform, as far as agents know it."""

    customer_id: int
    principal: str


class PlatformClient:
    """One platform for one agent."""

    def __init__(self, agent: Actor, platform_id: str | None) -> None:
        self._agent = agent
        self.platform_id = self._find(platform_id)

    def _find(self, wanted: str | None) -> str:
        there = self._agent.world.ecosystem.of_role("buyer")
        if wanted is None and len(there) == 1:
            return there[0]
        if wanted not in there:
            hint = f"there are {', '.join(there) or 'none'}"
            named = "say which platform it registers with" if wanted is None else f"{wanted!r} is no buyer platform"
            raise InputError(f"{self._agent.id}: {named}", hint=hint)
        return wanted

    def seats(self, wanted: list[str] | None) -> list[str]:
        """The principals of the customers that the agent serves. :class:`InputError` for one that is not there."""
        known = [seat.principal for seat in self._customers().values()]
        for principal in wanted or ():
            if principal not in known:
                there = ", ".join(known)
                raise InputError(f"{self._agent.id}: there is no customer {principal!r}", hint=f"there are {there}")
        return known if wanted is None else wanted

    def seat_of(self, seat_id: str | None) -> str | None:
        """The principal of a seat (a customer, by conflict C31); None if it is not known."""
        return next((s.principal for s in self._customers().values() if str(s.customer_id) == seat_id), None)

    def _customers(self) -> Mapping[str, Seat]:
        platform = self._agent.world.actors[self.platform_id]
        return cast("Mapping[str, Seat]", getattr(platform, "customers", {}))

    def call(
        self,
        seat: str,
        operation: str,
        body: Json | None = None,
        path: Json | None = None,
        params: Json | None = None,
    ) -> Generator[Any, Any, Json]:
        """Have an operation done for a seat; gives the answer's body. Raises :class:`Refused`.

        An answer that is not what its operation describes is none: the request is repeated.
        """
        parts = {"pathParams": path, "params": params, "body": body}
        request = {name: value for name, value in parts.items() if value is not None}
        world, principal, why = self._agent.world, Principal(seat, "outcome"), ""
        for attempt in range(ATTEMPTS):
            if attempt:
                spread = self._agent.rng("retries").uniform(0.75, 1.25)
                yield world.env.timeout(round((SECOND_MS << attempt) * spread))
            try:
                reply: Reply = yield from world.network.call(
                    self._agent.id, self.platform_id, operation, request, principal, TIMEOUT_MS
                )
            except (PeerTimeout, PeerUnreachable) as lost:
                why = str(lost)
                continue
            if reply.ok:
                why = self._unreadable(operation, reply.body)
                if not why:
                    return reply.body
                continue
            error = reply.body.get("error")
            why = f"{error['code']}: {error['message']}" if isinstance(error, dict) else f"status {reply.status}"
            if reply.status < 500 and reply.status != 429:
                break
        raise Refused(why)

    def _unreadable(self, operation: str, body: Json) -> str:
        endpoint = self._agent.world.actors[self.platform_id].endpoint
        assert endpoint is not None
        wrong = unreadable(endpoint.operations[operation].detail, body)
        return f"the answer of {operation} can't be read: {wrong}" if wrong else ""
