"""A served sandbox: the worlds of its customers, their clock and their journal."""

from __future__ import annotations

import asyncio
import hashlib
import traceback
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

from sandbox import __version__
from sandbox.core.errors import ApiError, InputError
from sandbox.core.time import iso
from sandbox.journal.store import Journal
from sandbox.kernel.actor import Actor
from sandbox.kernel.blobs import Blobs
from sandbox.kernel.endpoint import Operation, Principal, Reply
from sandbox.kernel.world import World
from sandbox.peers.services import Services, peers_of
from sandbox.protocol.dialect import AdcpDialect
from sandbox.scenario.build import MakeDriver, build
from sandbox.scenario.inbox import inbox_of
from sandbox.scenario.load import Scenario
from sandbox.server.again import Judge
from sandbox.server.agents_signing import Keyring
from sandbox.server.clock import Clock
from sandbox.server.customers import Customer, Platform, seat
from sandbox.server.edge import Caller
from sandbox.server.host import Host
from sandbox.server.inputs import CLIENT
from sandbox.server.outbox import Outbox
from sandbox.server.writer import Writer

NUMBERS = 1_000_000
"""How many numbers for ids each customer's world has for itself."""

TICK_S = 0.05
"""How often worlds follow a clock that runs by itself, in real seconds."""

PUBLIC = Principal("public", "public")

REGISTER = "outcome_agent_register"

RESET = "the sandbox was reset meanwhile"
STOPPED = "the sandbox is being stopped"


class Client(Actor):
    """Stands in each world for everybody who calls from outside."""

    role = "driver"

    def __init__(self, world: World, scenario: Scenario) -> None:
        super().__init__(world, CLIENT)
        self.inbox = inbox_of(self)


@dataclass(slots=True, frozen=True)
class Settings:
    """How a sandbox is served."""

    scenario: Scenario
    seed: int | None = None
    clock: str = "manual"
    journal: str = "memory"
    start_ms: int | None = None
    files: Path | None = None
    allow_hosts: tuple[str, ...] = ()
    """Hosts besides this machine to which webhooks may go."""
    driver: MakeDriver = Client
    """Acts in the worlds for whoever calls from outside."""


class Served:
    """Implements :class:`~sandbox.server.edge.Edge`: each customer has a world of its own."""

    played = False
    """True if the steps of the scenario are played in the one world there is."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.scenario = settings.scenario
        self.platform_id = _platform_id(settings.scenario)
        self.journal = Journal(settings.journal)
        self.writer = Writer(self.journal)
        self.files = Blobs(settings.files)
        self.start_ms = self._identify()
        self.clock = Clock(settings.clock, max(self.start_ms, self.journal.read("clock_ms") or 0))
        self.hosts: dict[str, Host] = {}
        self.replayed = 0
        self.keyring = Keyring(self._seed)
        self.outbox = Outbox(settings.allow_hosts, sign=self.keyring.sign)
        self.services = Services(self.platform_id)
        self.services.sign = self.keyring.sign
        self._ticking: asyncio.Task[None] | None = None
        self._resetting = asyncio.Lock()
        self.advancing = 0

    def _identify(self) -> int:
        """Make sure that the journal is of this sandbox; gives the first instant of its worlds."""
        mine = self._identity()
        known = self.journal.read("identity")
        if known is None:
            self.journal.append((), {"identity": mine, "start_ms": self._first_ms()})
            return self._first_ms()
        if known.get("played", False) != self.played:
            self.journal.close()
            raise InputError(
                f"{self.journal.shown()} is of a scenario that was {'played' if known.get('played') else 'served'}",
                "--journal",
                "give another journal, or remove this one",
            )
        for name, value in mine.items():
            if known[name] != value and name != "version":
                self.journal.close()
                raise InputError(
                    f"{self.journal.shown()} is of another sandbox: its {name} is {known[name]}, here it is {value}",
                    "--journal",
                    "give another journal, or remove this one",
                )
        return int(self.journal.read("start_ms"))

    def _identity(self) -> dict[str, Any]:
        file = self.scenario.file
        mine = {"seed": self._seed, "world": file.fingerprint(), "scenario": self.scenario.name}
        return {**mine, "version": __version__, **({"played": True} if self.played else {})}

    @property
    def _seed(self) -> int:
        return self.scenario.file.seed if self.settings.seed is None else self.settings.seed

    def _first_ms(self) -> int:
        """The first instant of worlds that have no past."""
        return self.scenario.start_ms if self.settings.start_ms is None else self.settings.start_ms

    # -- worlds ------------------------------------------------------------------------------------------

    def start(self, judge: Judge | None = None) -> None:
        """Build the first customer's world and those that have a past; do again what was done in them.

        ``judge`` is told of answers that are not the recorded ones; without it the first one is an error.
        """
        self._host(None)
        for customer in self.customers:
            if customer.principal in self.journal.worlds():
                host = self.hosts.get(customer.principal) or self._host(customer)
                self.replayed += host.replay(self.journal.entries(customer.principal), self.clock.now(), judge)
                self.clock.push(host.world.now)

    @property
    def platform(self) -> Platform:
        """The platform in the first customer's world; directory and customers are the same in all worlds."""
        return cast("Platform", next(iter(self.hosts.values())).platform)

    @property
    def customers(self) -> list[Customer]:
        """All customers."""
        return list(self.platform.customers.values())

    def host(self, principal: str) -> Host:
        """The world of a customer, which begins with its first use. Raises CONFLICT while all begin anew."""
        found = self.hosts.get(principal)
        if found is None:
            if self._resetting.locked():
                raise ApiError("CONFLICT", RESET)
            found = self._host(next(c for c in self.customers if c.principal == principal))
        return found

    def _host(self, customer: Customer | None) -> Host:
        number = 0 if customer is None else [c.principal for c in self.customers].index(customer.principal)
        seed = self._seed
        if customer is not None and number:
            seed = int.from_bytes(hashlib.sha256(f"{seed}/{customer.principal}".encode()).digest()[:7])

        def make() -> World:
            return build(
                self.scenario,
                seed,
                start_ms=self.start_ms,
                first_number=1 + number * NUMBERS,
                files=self.files,
                driver=self.settings.driver,
            )

        world = make()
        if not self.hosts:
            self.services.know(peers_of(world))
            self.services.customers = self.seats
        host = Host("", self.platform_id, world, self.clock, self.writer, self.outbox, self.services)
        host.name = (
            customer.principal if customer is not None else next(iter(cast("Platform", host.platform).customers))
        )
        host.keeps_reads = not self.played and self.settings.journal != "memory"
        self.hosts[host.name] = host
        return host

    # -- edge --------------------------------------------------------------------------------------------

    @property
    def operations(self) -> Mapping[str, Operation]:
        """All operations of the platform."""
        endpoint = next(iter(self.hosts.values())).platform.endpoint
        assert endpoint is not None
        return endpoint.operations

    def caller(self, api_key: str) -> Caller | None:
        """Whose key it is."""
        found = self.platform.directory.user_of(api_key)
        if found is None:
            return None
        user, customer = found
        return Caller(user.email, customer.customer_id, customer.principal)

    def switch(self, caller: Caller, customer_id: int) -> Caller:
        """The same person for another customer. Raises ACCESS_DENIED, for a customer that is not there too."""
        wanted = next((c for c in self.customers if c.customer_id == customer_id), None)
        if wanted is None or not self.platform.directory.may_switch(caller.user, customer_id):
            raise ApiError("ACCESS_DENIED", f"you have no active membership in customer {customer_id}", "customerId")
        return Caller(caller.user, wanted.customer_id, wanted.principal)

    async def call(self, caller: Caller, operation: str, payload: dict[str, Any]) -> Reply:
        """Have an operation done in the caller's world."""
        payload = self._registered(operation, payload)
        return await self.host(caller.principal).call(operation, payload, Principal(caller.principal, user=caller.user))

    async def call_public(self, operation: str, payload: dict[str, Any], bearer: str | None) -> Reply:
        """Have an operation done that needs no API key, in the world that knows what it is about.

        Reads ask one world after the other. What changes something is an input of the one world that it is about,
        and of the first one if it is about nothing, so that no customer notices what others do.
        """
        hosts = list(self.hosts.values())
        if self.operations[operation].mutating:
            about = (host for host in hosts if cast("Platform", host.platform).concerns(payload))
            return await next(about, hosts[0]).call(operation, payload, PUBLIC)
        reply = None
        for host in hosts:
            reply = await host.call(operation, payload, PUBLIC, bearer)
            if reply.status != 404:
                break
        assert reply is not None
        return reply

    def _registered(self, operation: str, payload: dict[str, Any]) -> dict[str, Any]:
        """A request in which a service of the scenario registers itself has its address within the world."""
        body = payload.get("body")
        if operation != REGISTER or not isinstance(body, dict) or not isinstance(body.get("endpointUrl"), str):
            return payload
        inside = self.services.addresses.actor_at(body["endpointUrl"])
        return payload if inside is None else {**payload, "body": {**body, "endpointUrl": inside}}

    async def notify(self, principal: str, sender: str, to: str, payload: dict[str, Any]) -> Reply:
        """Let an actor of a customer's world have a webhook of a service."""
        return await self.host(principal).webhook(sender, to, payload)

    def seats(self, world: str) -> list[dict[str, Any]]:
        """The customers who act in a world, as services are told about them."""
        keys = self.platform.directory.keys()
        return [seat(customer, keys) for customer in self.customers if customer.principal == world]

    # -- agents ------------------------------------------------------------------------------------------

    @property
    def agents(self) -> dict[str, Actor]:
        """The actors that are served over AdCP, as they are in the first customer's world."""
        actors = next(iter(self.hosts.values())).world.actors.values()
        return {a.id: a for a in actors if a.endpoint is not None and isinstance(a.endpoint.dialect, AdcpDialect)}

    async def ask(self, principal: str, agent_id: str, tool: str, payload: dict[str, Any]) -> Reply:
        """Have a tool of an agent do its work for a customer, in that customer's world, which sees no secret of it."""
        addresses = self.services.addresses
        concealed = self.keyring.conceal(addresses.services_inward(payload))
        reply = await self.host(principal).ask(agent_id, tool, concealed, Principal(principal))
        return replace(reply, body=addresses.services_outward(reply.body), text="") if self.services else reply

    def unread(self, caller: Caller) -> str:
        """The section about unread notifications."""
        platform = cast("Platform", self.host(caller.principal).platform)
        return platform.unread_text(caller.customer_id)

    def health(self) -> dict[str, Any]:
        """How it is."""
        status = "failing" if self.writer.broken else "ok"
        return {"status": status, "now": iso(self.clock.now()), "mode": self.settings.clock, "version": __version__}

    # -- time --------------------------------------------------------------------------------------------

    async def begin(self) -> None:
        """Let services of the scenario be told where they are, and be registered, before anybody asks anything."""
        if not self.services:
            return
        fresh = not self.journal.worlds()
        try:
            await self.hosts[next(iter(self.hosts))].run_to(self.clock.now())
        except InputError:
            if fresh:  # it could not begin: the next start is the first one
                await self.writer.clear({})
            raise

    async def advance(self, to_ms: int) -> None:
        """Move all worlds to an instant; done when everything that was due has happened."""
        self.writer.check()
        self.advancing += 1
        try:
            self.clock.push(to_ms)
            for host in list(self.hosts.values()):
                await host.run_to(to_ms)
            await self._remember_clock()
        finally:
            self.advancing -= 1

    def follow(self) -> None:
        """Let the worlds follow a clock that runs by itself."""
        if self.clock.factor and self._ticking is None:
            self._ticking = asyncio.ensure_future(self._follow())

    async def _follow(self) -> None:
        while self.writer.broken is None:
            await asyncio.sleep(TICK_S)
            try:
                for host in list(self.hosts.values()):
                    await host.run_to(self.clock.now())
                await self._remember_clock()
            except (ApiError, OSError):
                continue  # reset meanwhile, or the journal is broken, which whoever calls is told
            except Exception:  # noqa: BLE001 - a mistake of ours must not stop the clock
                traceback.print_exc()

    async def _remember_clock(self) -> None:
        if not self._resetting.locked():
            await self.writer.remember("clock_ms", self.clock.now())

    async def reset(self) -> None:
        """Forget everything and begin anew at the first instant. Requests that are under way end with CONFLICT."""
        async with self._resetting:
            self.writer.check()
            await self._close_worlds(RESET)
            start_ms = self._first_ms()
            await self.writer.clear({"identity": self._identity(), "start_ms": start_ms})
            self.hosts.clear()
            self.start_ms, self.clock = start_ms, Clock(self.settings.clock, start_ms)
            self._host(None)

    async def _close_worlds(self, why: str) -> None:
        await asyncio.gather(*(host.close(why) for host in self.hosts.values()))

    async def halt(self) -> None:
        """Stop time and take no further inputs; what is under way is done first."""
        if self._ticking is not None:
            self._ticking.cancel()
        await self._close_worlds(STOPPED)

    async def close(self) -> None:
        """Stop the clock and let go of the journal."""
        await self.halt()
        if self.writer.broken is None:
            self.writer.remember("clock_ms", self.clock.now())
        await self.outbox.close()
        await self.services.close()
        await self.writer.close()


def _platform_id(scenario: Scenario) -> str:
    found = [name for name, spec in scenario.file.actors.items() if spec.kind == "buyer"]
    if len(found) != 1:
        raise InputError(
            f"{scenario.name} has {len(found)} buyer platforms; a sandbox serves one",
            hint="add an actor of `kind: buyer`" if not found else "leave one",
        )
    return found[0]
