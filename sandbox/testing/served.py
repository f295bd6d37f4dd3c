"""A sandbox that is served on free ports, for clients that are real."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Literal, Self, get_args

from sandbox.core.errors import InputError
from sandbox.testing.calls import body_of, is_instant, known, parted

if TYPE_CHECKING:
    from sandbox.scenario.remote.client import Sandbox as Client
    from sandbox.server.app import Running

Transport = Literal["mcp", "a2a"]
"""How :meth:`Sandbox.call` speaks to agents."""

START_S = 120.0
"""How long a sandbox may take to start, in real seconds."""


@dataclass(slots=True, frozen=True)
class Agent:
    """A served agent: its addresses and the bearer token of the first customer."""

    id: str
    role: str
    mcp: str
    a2a: str
    token: str

    @property
    def headers(self) -> dict[str, str]:
        """The header that carries the token."""
        return {"Authorization": f"Bearer {self.token}"}


class Sandbox:
    """Serves a scenario on free ports of this machine, in a thread of this process, until the block ends.

    ``scenario`` is a path or the name of a shipped one; its steps are not played. ``clock`` is that of
    ``adcp-sandbox serve``, ``transport`` how :meth:`call` speaks to agents. With a ``journal`` (an
    SQLAlchemy URL) what was done is kept for ``adcp-sandbox replay``.
    Raises :class:`InputError` for mistakes in any of them. Methods block; in a coroutine use ``asyncio.to_thread``.
    """

    def __init__(
        self,
        scenario: str | Path = "worlds/default",
        seed: int | None = None,
        clock: str = "manual",
        transport: Transport = "mcp",
        journal: str = "memory",
    ) -> None:
        if transport not in get_args(Transport):
            raise InputError(f"unknown transport {transport!r}", "transport", f"use {' or '.join(get_args(Transport))}")
        self.scenario, self.seed, self.clock, self.transport = str(scenario), seed, clock, transport
        self.journal = journal
        self._ready = threading.Event()
        self._failure: BaseException | None = None
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        self._folder = TemporaryDirectory(prefix="adcp-sandbox-")
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), name="sandbox", daemon=True)
        self._thread.start()
        if not self._ready.wait(START_S):
            raise InputError(f"the sandbox did not start within {START_S:g} s")
        if self._failure is not None:
            self.__exit__()
            raise self._failure
        return self

    def __exit__(self, *_: object) -> None:
        assert self._thread is not None
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stop.set)
            self._thread.join(START_S)
        self._folder.cleanup()

    async def _serve(self) -> None:
        from sandbox.scenario import load
        from sandbox.server.app import Address, Running
        from sandbox.server.served import Settings

        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        try:
            settings = Settings(load(self.scenario), self.seed, self.clock, self.journal, files=Path(self._folder.name))
            async with Running(settings, Address(port=0, agents_port=0)) as running:
                self._running: Running = running
                self.line: dict[str, Any] = running.ready()
                """What ``adcp-sandbox serve`` prints when it is ready."""
                self._ready.set()
                await self._stop.wait()
        except BaseException as error:  # noqa: BLE001 - raised again in the thread that waits
            self._failure = error
            self._ready.set()

    # -- where things are --------------------------------------------------------------------------------

    @property
    def api(self) -> str:
        """The base of the buyer API's paths: ``http://127.0.0.1:…/api/v2/buyer``."""
        return f"{self.line['buyer_api']}/api/v2/buyer"

    @property
    def mcp(self) -> str:
        """The buyer API's address for agents."""
        return str(self.line["buyer_mcp"])

    @property
    def control(self) -> str:
        """The control API: ``http://127.0.0.1:…/_sandbox``."""
        return str(self.line["control"])

    @property
    def api_keys(self) -> dict[str, str]:
        """An API key for each customer, by principal."""
        return {row["principal"]: row["api_key"] for row in self.world()["customers"]}

    @property
    def api_key(self) -> str:
        """The first customer's API key."""
        return str(self.line["customers"][0]["api_key"])

    @property
    def headers(self) -> dict[str, str]:
        """The header that carries the first customer's API key."""
        return {"Authorization": f"Bearer {self.api_key}"}

    @property
    def agents(self) -> dict[str, Agent]:
        """The agents that speak AdCP, by id."""
        names = ("id", "role", "mcp", "a2a", "token")
        return {row["id"]: Agent(*(row[name] for name in names)) for row in self.line["agents"]}

    # -- calls -------------------------------------------------------------------------------------------

    def call(
        self,
        call: str,
        body: dict[str, Any] | None = None,
        *,
        path: dict[str, Any] | None = None,
        params: dict[str, Any] | None = None,
        customer: str | None = None,
    ) -> dict[str, Any]:
        """Call ``actor.operation`` as a customer, by default the first one; gives the answer's body.

        The buyer platform is called over REST, agents over MCP or A2A. Raises :class:`Refused` for an error.
        """
        from sandbox.scenario.remote.tools import call_a2a, call_mcp
        from sandbox.scenario.remote.wire import send

        actor, operation = parted(call, "actor.operation")
        served = self._running.served
        if actor == served.platform_id:
            route = known(served.operations, operation, actor).detail
            payload = {"pathParams": path or {}, "params": params or {}, "body": body}
            with self._client() as client:
                return body_of(call, send(client, actor, route, payload, self._key(customer)))
        agent = known(self.agents, actor, "this sandbox")
        speak, url = (call_mcp, agent.mcp) if self.transport == "mcp" else (call_a2a, agent.a2a)
        return body_of(call, speak(url, operation, body or {}, self._token(agent, customer)))

    def _key(self, customer: str | None) -> str:
        return self.api_key if customer is None else str(known(self.api_keys, customer, "this sandbox"))

    def _token(self, agent: Agent, customer: str | None) -> str:
        tokens = next(row["tokens"] for row in self.line["agents"] if row["id"] == agent.id)
        return agent.token if customer is None else str(known(tokens, customer, "this sandbox"))

    # -- control -----------------------------------------------------------------------------------------

    @property
    def now(self) -> str:
        """The simulated time, ISO 8601."""
        return str(self.world()["now"])

    def advance(self, by: str) -> str:
        """Move the clock by ``3d``, ``2h30m``, or to an ISO 8601 instant; gives the simulated time then."""
        step = {"to": by} if is_instant(by) else {"by": by}
        return str(self._post("/clock/advance", step)["now"])

    def faults(self, *rules: Mapping[str, Any]) -> None:
        """Let these rules of faults hold from now on, instead of those before; none of them end all faults."""
        self._post("/faults", {"faults": [dict(rule) for rule in rules]})

    def do(self, control: str, **arguments: Any) -> Any:
        """Let an actor do something by itself: ``do("bigscreen.approve")``."""
        actor, name = parted(control, "actor.control")
        return self._post(f"/actors/{actor}/{name}", arguments).get("result")

    def reset(self) -> None:
        """Begin anew at the first instant."""
        self._post("/reset", {})

    def world(self) -> dict[str, Any]:
        """What there is (``GET /_sandbox/world``): actors, customers, seed, digest, what checkers found."""
        with self._client() as client:
            return client.world()

    def measure(self, metric: str, **selectors: Any) -> float | int | None:
        """The present value of a metric: ``measure("spend", campaign=…)``. Raises :class:`InputError`."""
        from sandbox.scenario.remote.client import Trouble

        with self._client() as client:
            try:
                return client.measure(metric, selectors)
            except Trouble as error:
                raise InputError(error.message, "measure", error.hint) from None

    def _client(self) -> Client:
        from sandbox.scenario.remote.client import Sandbox as Client

        return Client(self.line["buyer_api"])

    def _post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        import json

        with self._client() as client:
            answer = client.send("POST", f"/_sandbox{path}", body=body)
        told: dict[str, Any] = json.loads(answer.content)
        if answer.status >= 400:
            raise InputError(told["error"]["message"], f"POST /_sandbox{path}")
        return told
