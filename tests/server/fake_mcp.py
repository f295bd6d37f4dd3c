"""An MCP endpoint over a small platform, and a client's way of asking it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared._httpx_utils import create_mcp_http_client

from sandbox.core.errors import ApiError
from sandbox.kernel.endpoint import Operation, Principal, Reply
from sandbox.kernel.world import World
from sandbox.server.asgi import mount
from sandbox.server.edge import Caller
from sandbox.server.mcp import BuyerMcp
from tests.unit.operations.shelf import OPERATIONS, Library

KEYS = {"key-of-anna": ("anna@acme.example", 1), "key-of-bob": ("bob@globex.example", 2)}
MEMBERSHIPS = {"anna@acme.example": (1, 3), "bob@globex.example": (2,)}


@dataclass
class FakeEdge:
    """An edge over the shelf; notes who called what."""

    calls: list[tuple[Caller, str, dict[str, Any]]] = field(default_factory=list)
    keys: dict[str, tuple[str, int]] = field(default_factory=lambda: dict(KEYS))
    memberships: dict[str, tuple[int, ...]] = field(default_factory=lambda: dict(MEMBERSHIPS))

    @property
    def operations(self) -> Mapping[str, Operation]:
        return {operation.name: operation for operation in OPERATIONS}

    def caller(self, api_key: str) -> Caller | None:
        if api_key not in self.keys:
            return None
        user, customer = self.keys[api_key]
        return Caller(user, customer, "acme")

    def switch(self, caller: Caller, customer_id: int) -> Caller:
        if customer_id not in self.memberships[caller.user]:
            raise ApiError("ACCESS_DENIED", f"{caller.user} is no member of {customer_id}", "customerId")
        return Caller(caller.user, customer_id, "acme")

    async def call(self, caller: Caller, operation: str, payload: dict[str, Any]) -> Reply:
        self.calls.append((caller, operation, payload))
        await asyncio.sleep(0)
        if operation == "list_activity":
            return Reply(True, {"logs": 0})
        world = World(1, 0)
        library = Library(world)
        world.add(library)
        steps = library.endpoint.handle(operation, payload, Principal("acme"))
        try:
            next(steps)
        except StopIteration as done:
            reply: Reply = done.value
            return reply
        raise AssertionError("the shelf answers at once")

    def unread(self, caller: Caller) -> str:
        return f"## Unread notifications\n\n- for customer {caller.customer_id}"

    def health(self) -> dict[str, Any]:
        return {"status": "ok", "now": "2026-05-01T00:00:00Z", "mode": "manual", "version": "1"}


@asynccontextmanager
async def served(edge: FakeEdge) -> AsyncIterator[str]:
    """The edge on a port of its own; gives the URL of its MCP endpoint."""
    app = web.Application()
    async with BuyerMcp(edge) as mcp:
        mount(app, "/mcp", mcp.asgi, max_bytes=100_000)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        assert site._server is not None
        port = site._server.sockets[0].getsockname()[1]  # type: ignore[attr-defined]
        try:
            yield f"http://127.0.0.1:{port}/mcp"
        finally:
            await runner.cleanup()


@asynccontextmanager
async def connected(url: str, key: str = "key-of-anna", mode: str = "legacy") -> AsyncIterator[Client]:
    async with (
        create_mcp_http_client(headers={"Authorization": f"Bearer {key}"}) as http,
        Client(streamable_http_client(url, http_client=http), mode=mode) as client,
    ):
        yield client


def play(story: Callable[[Client, FakeEdge], Awaitable[None]], mode: str = "legacy") -> None:
    """Tell a story with one client."""

    async def run() -> None:
        edge = FakeEdge()
        async with served(edge) as url, connected(url, mode=mode) as client:
            await story(client, edge)

    asyncio.run(run())


async def told(client: Client, tool: str, **arguments: Any) -> dict[str, Any]:
    """What a tool said that succeeded."""
    result = await client.call_tool(tool, arguments)
    assert not result.is_error, result.content
    data: dict[str, Any] = result.structured_content
    return data


async def text(client: Client, tool: str, **arguments: Any) -> str:
    result = await client.call_tool(tool, arguments)
    assert not result.is_error
    return str(result.content[0].text)  # type: ignore[union-attr]


async def refused(client: Client, tool: str, **arguments: Any) -> dict[str, Any]:
    """The error of a tool that failed, in the form of rule 5."""
    result = await client.call_tool(tool, arguments)
    assert result.is_error
    error: dict[str, Any] = result.structured_content
    assert set(error) <= {"code", "message", "field", "suggestion", "details"}
    assert error["suggestion"]
    assert result.content[0].text == error["message"]  # type: ignore[union-attr]
    return error
