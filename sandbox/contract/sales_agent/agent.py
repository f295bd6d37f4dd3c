"""The sales agent that is checked: calls at any release, what it answered, and what of that broke a schema."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from sandbox.contract.auth import Auth, expect_let_in
from sandbox.contract.check import Failed, Skipped
from sandbox.contract.control import Control, pass_days, until
from sandbox.contract.mcp import Told
from sandbox.contract.sales_agent.wires import Wire, reach
from sandbox.contract.talk import NoAnswer, Talk
from sandbox.core.errors import AdcpError, InputError
from sandbox.protocol import schemas
from sandbox.protocol.errors import from_body
from sandbox.protocol.tools import TOOLS
from sandbox.protocol.versions import VERSIONS, envelope, from_wire, known, schema_name, to_wire

BRAND = "acmeoutdoor.example"
"""Who advertises unless told otherwise: a name under a domain that is reserved for tests."""

TIDY_S = 20.0
"""How long is tried to cancel what a check has bought."""


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

    @property
    def why(self) -> str:
        """What it was refused for, in a line; empty if it was not."""
        return "" if self.error is None else f"{self.error.code} {self.error.message}".strip()


@dataclass(slots=True)
class Agent:
    """A sales agent: tools are called as ``await agent.ok("get_products", {…})``, with payloads in the form of 3.1.

    ``brand`` is the domain of who advertises, ``offered`` the releases that the agent names, ``versions`` those of
    them that we know. ``made`` are the media buys that a check has made and not canceled yet, ``formats`` those of
    the products that it ordered; ``curates`` says that the agent has no wholesale feed, ``sells`` that
    it has taken an order, or refused one in which nothing is wrong; None is not known yet.
    """

    wire: Wire
    talk: Talk
    auth: Auth | None
    other: Auth | None
    control: Control | None
    tools: list[str] = field(default_factory=list)
    capabilities: dict[str, Any] = field(default_factory=dict)
    offered: tuple[str, ...] = ("3.0",)
    versions: tuple[str, ...] = ("3.0",)
    brand: str = BRAND
    curates: bool | None = None
    sells: bool | None = None
    account: dict[str, Any] | None = None
    breaches: list[Breach] = field(default_factory=list)
    made: list[str] = field(default_factory=list)
    formats: dict[Any, list[dict[str, Any]]] = field(default_factory=dict)

    @property
    def version(self) -> str:
        """The newest release that it offers and that we know."""
        return self.versions[-1]

    # -- calls -------------------------------------------------------------------------------------------

    async def send(self, tool: str, payload: dict[str, Any], auth: Auth | None) -> Told:
        """Call a tool with a payload as it is. A media buy that comes of it is canceled after the check."""
        told = await self.wire.call(tool, payload, auth)
        if tool == "create_media_buy" and not told.failed and told.body:
            made = told.body.get("media_buy_id")
            self.sells = self.sells or bool(made or told.body.get("task_id"))
            if made and str(made) not in self.made:
                self.made.append(str(made))
        return told

    async def tidy(self) -> None:
        """Cancel what is left of what a check has bought; that is no part of the conversation."""
        shown, left = len(self.talk.exchanges), list(self.made)
        self.made.clear()
        with suppress(NoAnswer, TimeoutError):
            async with asyncio.timeout(TIDY_S):
                for media_buy_id in left if "update_media_buy" in self.tools else ():
                    asked = self.here({"media_buy_id": media_buy_id, "canceled": True, "idempotency_key": new_key()})
                    sent = {**envelope(self.version), **to_wire("update_media_buy", "request", asked, self.version)}
                    await self.wire.call("update_media_buy", sent, self.auth)
        del self.talk.exchanges[shown:]

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
            return Reply(told, {}, AdcpError(code, f"no answer of AdCP, but HTTP {status}: {told.http.text[:200]}"))
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
            raise Failed(tool, "an answer", reply.why)
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
        """Wait for something of the agent's, as :func:`~sandbox.contract.control.until` does."""
        return await until(self.control, done, hours, step)

    async def pass_days(self, days: float) -> None:
        """Let the agent's days pass. Raises :class:`Skipped` without a clock."""
        await pass_days(self.control, days)


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
    brand: str = BRAND,
) -> AsyncIterator[Agent]:
    """The agent at an address. Raises :class:`InputError` if none answers there, or one that is no AdCP agent."""
    clock = None if control is None else await Control.open(control, talk)
    try:
        with talk.reaching():
            agent = await _met(url, auth, talk, protocol)
    except NoAnswer as error:
        raise InputError(f"it answers no more: {error}", url) from None
    agent.other, agent.control, agent.brand = other_auth, clock, brand
    yield agent


async def _met(url: str, auth: Auth | None, talk: Talk, protocol: str | None) -> Agent:
    """The agent, asked what it is. Raises :class:`InputError` and :class:`NoAnswer`."""
    wire = await reach(url, auth, talk, protocol)
    agent = Agent(wire, talk, auth, None, None)
    agent.tools = await wire.tools()
    if "get_adcp_capabilities" not in agent.tools:
        raise InputError("no AdCP agent: it has no tool get_adcp_capabilities", url)
    told = await agent.send("get_adcp_capabilities", {}, auth)
    expect_let_in(told.http.status, auth)
    agent.capabilities = told.body or {}
    agent.offered = _releases(agent.capabilities)
    agent.versions = tuple(version for version in VERSIONS if version in agent.offered)
    if not agent.versions:
        offered = ", ".join(agent.offered)
        raise InputError(f"it offers {offered}, and none of {', '.join(VERSIONS)}, which are known here", url)
    return agent


def _releases(capabilities: dict[str, Any]) -> tuple[str, ...]:
    """The releases that an agent offers (``3.1``), the newest last; 3.0 if it names none, as those of 3.0 do."""
    adcp = capabilities.get("adcp")
    offered = adcp.get("supported_versions") if isinstance(adcp, dict) else None
    named = {_RELEASE.match(str(one)) for one in offered} if isinstance(offered, list) else set()
    found = {(int(match[1]), int(match[2])) for match in named if match is not None}
    return tuple(f"{major}.{minor}" for major, minor in sorted(found)) or ("3.0",)


_RELEASE = re.compile(r"(\d+)\.(\d+)(?:\.\d+)?$")
"""A release, or a patch of it; what comes before a release (``3.2-rc.1``) is none."""


def offers(agent: Agent, tool: str) -> bool:
    """True if the agent lists a tool that its newest release has."""
    return tool in agent.tools and known(tool, agent.version)
