"""The real services of a scenario: makes the calls to them, in the errors of the simulated network."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sandbox.kernel.real import ANNOUNCE, WEBHOOK, Answer, RealCall
from sandbox.kernel.webhooks import Letter
from sandbox.peers.actor import Peer
from sandbox.peers.addresses import Addresses
from sandbox.peers.config import PeerConfig
from sandbox.peers.inbox import WebhookGate
from sandbox.peers.wires.base import HTTP_ERROR, REDIRECT, NotUnderstood

if TYPE_CHECKING:
    import aiohttp

    from sandbox.kernel.world import World
    from sandbox.peers.wires import Wire


def peers_of(world: World) -> dict[str, Peer]:
    """The actors of a world that are real."""
    return {actor.id: actor for actor in world.actors.values() if isinstance(actor, Peer)}


class Services:
    """The services; ``open`` says where the sandbox itself is, before the first call is made."""

    def __init__(self, platform: str) -> None:
        self._platform = platform
        self._peers: Mapping[str, Peer] = {}
        self._wires: dict[str, Wire] = {}
        self._session: aiohttp.ClientSession | None = None
        self._addresses = Addresses("", "", platform, {})
        self.gate = WebhookGate()
        self.customers: Callable[[str], list[dict[str, Any]]] = lambda _world: []
        """The customers who act in a world, with their API keys."""
        self.sign: Callable[[Letter, bytes], Mapping[str, str]] = lambda _letter, _body: {}
        """The headers by which an agent signs a webhook and its body."""

    def know(self, peers: Mapping[str, Peer]) -> None:
        """Take the actors that stand for the services; those of one world speak for all."""
        self._peers = peers

    def take(self, peer: Peer, wire: Wire) -> None:
        """Take an actor that joins later, when addresses are known; ``wire`` leads to its service."""
        self._peers = {**self._peers, peer.id: peer}
        self._wires[peer.id] = wire
        real = {**self._addresses.real, peer.id: peer.config.address(peer.id)}
        self._addresses = replace(self._addresses, real=real)

    def __bool__(self) -> bool:
        return bool(self._peers)

    def config(self, actor: str) -> PeerConfig | None:
        """What the scenario says of a service; None if there is no such service."""
        return self._peers[actor].config if actor in self._peers else None

    @property
    def addresses(self) -> Addresses:
        """Where everybody is."""
        return self._addresses

    def open(self, base: str, agents: str) -> None:
        """Read addresses and credentials. Raises :class:`InputError` for what the environment does not have."""
        real = {actor: peer.config.address(actor) for actor, peer in self._peers.items()}
        self._addresses = Addresses(base, agents, self._platform, real)
        for actor, peer in self._peers.items():
            self._wires[actor] = self._wire(peer, real[actor])

    def _wire(self, peer: Peer, url: str) -> Wire:
        import aiohttp

        from sandbox.peers.wires import WIRES
        from sandbox.peers.wires.rest import RestWire

        if self._session is None:
            self._session = aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar())
        auth, protocol = peer.config.auth, getattr(peer.config, "protocol", "http")
        wire = WIRES[protocol](self._session, url, None if auth is None else auth.header(peer.id))
        if isinstance(wire, RestWire):
            assert peer.endpoint is not None
            wire.routes = {name: row.detail for name, row in peer.endpoint.operations.items()}
        return wire

    async def ask(self, call: RealCall, world: str) -> Answer:
        """Make a call for a customer's world. Whatever goes wrong is an answer too."""
        payload = self.learn(call, world)
        config = self._peers[call.actor].config
        try:
            async with asyncio.timeout(config.timeout / 1000):
                if call.operation == ANNOUNCE:
                    return await self._announce(call, world)
                if call.operation == WEBHOOK:
                    return await self._bring(call, payload, world)
                answer = await self._wires[call.actor].ask(call, payload)
        except Exception as error:  # noqa: BLE001 - sorted out there, and raised again if it is none of the wire's
            return _failed(error)
        return Answer(
            answer.ok,
            answer.status,
            self._addresses.inward(answer.body),
            answer.lost,
            answer.why,
            answer.retry_after_s,
        )

    def learn(self, call: RealCall, world: str) -> Any:
        """The payload as it goes out; what it agrees on with the service about webhooks is remembered."""
        payload = self._addresses.outward(call.payload, world, call.actor)
        self.gate.learn(payload)
        return payload

    async def _announce(self, call: RealCall, world: str) -> Answer:
        """Tell a service where the sandbox is, and with which keys it is used."""
        path = self._peers[call.actor].config.announce
        assert path is not None
        where = {"platformUrl": self._addresses.base, "agentsUrl": self._addresses.agents}
        got = await self._wires[call.actor].announce(
            path, {"actor": call.actor, **where, "customers": self.customers(world)}
        )
        return Answer(got.status < HTTP_ERROR, got.status)

    async def _bring(self, call: RealCall, payload: dict[str, Any], world: str) -> Answer:
        """Bring a service a webhook, signed by its sender; nothing shows our own credentials."""
        from sandbox.peers.wires.http import HttpWire

        assert self._session is not None
        text, adcp, agreed = json.dumps(payload["body"], allow_nan=False), payload["adcp"], payload["authentication"]
        letter = Letter(call.principal.id, payload["to"], payload["id"], text, adcp, agreed, (), payload["skew_ms"])
        headers = {"Idempotency-Key": f"{world}-{letter.webhook_id}", "User-Agent": "adcp-sandbox"}
        signed = self.sign(letter, text.encode()) if adcp else {}
        courier = HttpWire(self._session, letter.url, None)
        got = await courier.send("POST", letter.url, payload["body"], {**headers, **signed})
        return got.refused() if got.status >= REDIRECT else Answer(True, got.status)

    async def close(self) -> None:
        """Let go of all connections."""
        if self._session is not None:
            await self._session.close()


def _failed(error: Exception) -> Answer:
    """A failure of the connection, as what a simulated actor would have done. Raises what is none."""
    import aiohttp

    match error:
        case TimeoutError():
            return Answer(False, lost="timeout", why="no answer in time")
        case NotUnderstood():
            return Answer(False, lost="broken", why=str(error))
        case aiohttp.ClientConnectorError():
            return Answer(False, lost="unreachable", why="no connection came about")
        case aiohttp.ClientPayloadError():
            return Answer(False, lost="broken", why="the answer is cut short")
        case aiohttp.ClientError() | ConnectionError():
            return Answer(False, lost="broken", why="connection reset")
    raise error
