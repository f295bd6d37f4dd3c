"""The sales agent that is checked: calls at any release, what it answered, and what of that broke a schema."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from sandbox.contract.auth import Auth
from sandbox.contract.check import Failed, Skipped
from sandbox.contract.control import Control
from sandbox.contract.sales_agent.wires import Told, Wire, reach
from sandbox.contract.talk import NoAnswer, Talk
from sandbox.core.errors import AdcpError, InputError
from sandbox.protocol import schemas
from sandbox.protocol.errors import from_body
from sandbox.protocol.tools import TOOLS
from sandbox.protocol.versions import VERSIONS, envelope, from_wire, known, schema_name, to_wire

PATIENCE_S = 10.0
"""How long something is waited for in real time, where nobody can move the agent's clock."""


@dataclass(slots=True, frozen=True)
class Breach:
    """An answer that does not fit its schema."""

    tool: str
    version: str
    kind: str
    issue: str


@dataclass(slots=True, frozen=True)
class Reply:
    """An answer: as it came, and in the form of 3.1 if it is no refusal. ``error`` is what it was refused for."""

    told: Told
    body: dict[str, Any]
    error: AdcpError | None

    @property
    def ok(self) -> bool:
        """True if it was not refused."""
        return self.error is None


@dataclass(slots=True)
class Agent:
    """A sales agent: tools are called as ``await agent.ok("get_products", {…})``, with payloads in the form of 3.1.

    ``made`` are the media buys that checks have made and not canceled yet.
    """

    wire: Wire
    talk: Talk
    auth: Auth | None
    other: Auth | None
    control: Control | None
    tools: list[str] = field(default_factory=list)
    capabilities: dict[str, Any] = field(default_factory=dict)
    versions: tuple[str, ...] = ("3.0",)
    account: dict[str, Any] | None = None
    breaches: list[Breach] = field(default_factory=list)
    made: list[str] = field(default_factory=list)

    @property
    def version(self) -> str:
        """The newest release that it offers and that we know."""
        return self.versions[-1]

    # -- calls -------------------------------------------------------------------------------------------

    async def send(self, tool: str, payload: dict[str, Any], auth: Auth | None) -> Told:
        """Call a tool with a payload as it is."""
        return await self.wire.call(tool, payload, auth)

    async def call(
        self,
        tool: str,
        payload: dict[str, Any] | None = None,
        version: str | None = None,
        key: str | None = None,
        auth: Auth | None = None,
    ) -> Reply:
        """Call a tool at a release; one that changes something gets an idempotency key, a new one unless given."""
        release = version or self.version
        asked = dict(payload or {})
        if TOOLS[tool].mutating and "idempotency_key" not in asked and tool != "comply_test_controller":
            asked["idempotency_key"] = key or new_key()
        sent = {**envelope(release), **to_wire(tool, "request", asked, release)}
        told = await self.send(tool, sent, auth or self.auth)
        return self.read(tool, told, release)

    def read(self, tool: str, told: Told, version: str) -> Reply:
        """Understand what was told, and remember what of it breaks its schema."""
        if told.body is None:
            status = told.http.status
            code = "AUTH_REQUIRED" if status in (401, 403) else "SERVICE_UNAVAILABLE"
            return Reply(told, {}, AdcpError(code, f"HTTP {status}: {told.http.text[:200]}"))
        error = from_body(told.body)
        if told.failed and error is None:
            error = AdcpError("", "it is said to have failed, and no adcp_error says why")
        if error is not None:
            self._check_refusal(tool, told.body, version)
            return Reply(told, told.body, error)
        issues = schemas.check_answer(schema_name(tool, version), told.body, version)
        self.breaches += [Breach(tool, version, "answer", str(issue)) for issue in issues[:3]]
        return Reply(told, told.body if issues else from_wire(tool, "answer", told.body, version), None)

    def _check_refusal(self, tool: str, body: dict[str, Any], version: str) -> None:
        errors = body.get("errors")
        entries = [body.get("adcp_error"), *(errors if isinstance(errors, list) else [])]
        for entry in (one if isinstance(one, dict) else {"": one} for one in entries if one is not None):
            issues = schemas.store().check_document("core/error.json", entry, version)
            self.breaches += [Breach(tool, version, "refusal", str(issue)) for issue in issues[:3]]

    async def ok(self, tool: str, payload: dict[str, Any] | None = None, **given: Any) -> dict[str, Any]:
        """A call that must not be refused; gives its answer in the form of 3.1."""
        reply = await self.call(tool, payload, **given)
        if reply.error is not None:
            raise Failed(tool, "an answer", f"{reply.error.code} {reply.error.message}")
        return reply.body

    async def refused(self, tool: str, payload: dict[str, Any], *codes: str, **given: Any) -> AdcpError:
        """A call that must be refused with one of these codes (any without); gives the error."""
        reply = await self.call(tool, payload, **given)
        if reply.error is None:
            raise Failed(tool, f"a refusal {' or '.join(codes)}".strip(), "it was taken")
        if codes and reply.error.code not in codes:
            raise Failed("code", " or ".join(codes), f"{reply.error.code or 'none'}: {reply.error.message}")
        return reply.error

    def needs(self, *tools: str) -> None:
        """Skip a check where the agent has not these tools."""
        for tool in tools:
            if tool not in self.tools:
                raise Skipped(f"the agent has no tool {tool}")

    def here(self, payload: dict[str, Any]) -> dict[str, Any]:
        """A payload for the account that is used."""
        return {**({"account": self.account} if self.account else {}), **payload}

    # -- time --------------------------------------------------------------------------------------------

    async def now(self) -> datetime:
        """The agent's time: that of the sandbox whose clock we move, or else of this machine."""
        return await self.control.now() if self.control is not None else datetime.now(UTC)

    async def until(self, done: Callable[[], Awaitable[Any]], hours: float, step: float = 6.0) -> Any:
        """Wait for something of the agent's that may take ``hours`` of its time; gives what ``done`` gives at last.

        Raises :class:`Skipped` if it does not come and nobody can move the agent's clock, :class:`Failed` if
        somebody can.
        """
        waited = 0.0
        while not (found := await done()):
            if self.control is None:
                if waited >= PATIENCE_S:
                    raise Skipped(f"it was not there after {PATIENCE_S:g} s; --control URL moves a sandbox's clock")
                await asyncio.sleep(0.5)
                waited += 0.5
            else:
                if waited >= hours:
                    raise Failed("time", f"done after {hours:g} hours", "it was not")
                await self.control.advance(step)
                waited += step
        return found

    async def pass_days(self, days: float) -> None:
        """Let the agent's days pass. Raises :class:`Skipped` without a clock."""
        if self.control is None:
            raise Skipped("that takes days; --control URL moves a sandbox's clock")
        await self.control.advance(days * 24)


def new_key() -> str:
    """An idempotency key that nobody has used."""
    return f"check-{uuid4()}"


@asynccontextmanager
async def open_agent(
    url: str,
    auth: Auth | None,
    talk: Talk,
    other_auth: Auth | None = None,
    control: str | None = None,
    protocol: str | None = None,
) -> AsyncIterator[Agent]:
    """The agent at an address. Raises :class:`InputError` if none answers there, or one that is no AdCP agent."""
    clock = None if control is None else await Control.open(control, talk)
    wire = await reach(url, auth, talk, protocol)
    agent = Agent(wire, talk, auth, other_auth, clock)
    agent.tools = await wire.tools()
    if "get_adcp_capabilities" not in agent.tools:
        raise InputError("no AdCP agent: it has no tool get_adcp_capabilities", url)
    told = await agent.send("get_adcp_capabilities", {}, auth)
    agent.capabilities = told.body or {}
    adcp = agent.capabilities.get("adcp")
    offered = adcp.get("supported_versions") if isinstance(adcp, dict) else None
    named = [str(one)[:3] for one in offered] if isinstance(offered, list) else []
    agent.versions = tuple(version for version in VERSIONS if version in named) or ("3.0",)
    yield agent
    for media_buy_id in agent.made:
        with suppress(NoAnswer):
            await agent.call("update_media_buy", agent.here({"media_buy_id": media_buy_id, "canceled": True}))


def offers(agent: Agent, tool: str) -> bool:
    """True if the agent lists a tool that its newest release has."""
    return tool in agent.tools and known(tool, agent.version)
