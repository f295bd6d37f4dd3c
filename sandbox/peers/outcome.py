"""A real outcome agent (seed 002): it is entered at the platform under its address within the world."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping
from typing import Any, cast

from sandbox.core.errors import InputError
from sandbox.kernel.endpoint import Operation, Principal, Reply
from sandbox.kernel.network import PeerTimeout, PeerUnreachable
from sandbox.operations.outcome import BODIES
from sandbox.operations.outcome_dialect import SECRETS
from sandbox.peers.actor import Peer, outside
from sandbox.peers.config import OutcomePeer

METHODS = {"api-key": "API_KEY", "bearer": "BEARER", "basic": "BASIC"}
"""Methods of authentication as a registration calls them (rule 206)."""


class RealOutcomeAgent(Peer):
    """Stands for somebody's outcome agent."""

    role = kind = "outcome"
    config: OutcomePeer

    def operations(self) -> Iterable[Operation]:
        return [outside(name, secrets=SECRETS) for name in BODIES]

    def start(self) -> None:
        """Register with every seat, unless the agent does that itself (rule 209)."""
        platform = self._platform()
        self.world.ecosystem.link(platform, self.id, "authorised_for")
        self.world.ecosystem.link(self.id, platform, "authorised_for")
        super().start()
        if self.config.register_it:
            for seat in self._seats(platform):
                self.world.spawn(self._register(platform, seat))

    def _platform(self) -> str:
        there, wanted = self.world.ecosystem.of_role("buyer"), self.config.platform
        if wanted is None and len(there) == 1:
            return there[0]
        if wanted not in there:
            there_are = ", ".join(there) or "none"
            raise InputError(f"{self.id}: say which platform it works for", hint=f"there are {there_are}")
        return wanted

    def _seats(self, platform: str) -> list[str]:
        known = list(cast("Mapping[str, Any]", getattr(self.world.actors[platform], "customers", {})))
        for seat in self.config.seats or ():
            if seat not in known:
                raise InputError(f"{self.id}: there is no customer {seat!r}", hint=f"there are {', '.join(known)}")
        return known if self.config.seats is None else self.config.seats

    def _register(self, platform: str, seat: str) -> Generator[Any, Any, None]:
        body = {
            "name": self.name,
            "endpointUrl": self.world.network.url(self.id).rstrip("/"),
            "authenticationType": METHODS[self.config.auth.method if self.config.auth else "api-key"],
            "supportedChannels": self.config.channels,
            "supportedCountries": self.config.countries,
        }
        try:
            reply: Reply = yield from self.world.network.call(
                self.id, platform, "outcome_agent_register", {"body": body}, Principal(seat, self.role)
            )
            why = "" if reply.ok else str(reply.body["error"]["message"])
        except (PeerTimeout, PeerUnreachable) as lost:
            why = str(lost)
        if why:
            self.decide("outcome_agent", self.id, "not_registered", why)
