"""The MCP endpoint: sessions, the switch of the customer, and what is refused at the door."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from mcp import Client

from tests.server.fake_mcp import KEYS, FakeEdge, connected, play, refused, served, text, told

# -- customers and sessions ------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["legacy", "auto"])
def test_a_switch_holds_for_all_later_calls(mode: str) -> None:  # rule 12
    async def story(client: Client, edge: FakeEdge) -> None:
        await told(client, "api_call", operation="list_books")
        assert await told(client, "customer_switch", customerId="3") == {"customerId": 3}
        await told(client, "api_call", operation="list_books")
        assert (await text(client, "help")).endswith("for customer 3")
        await told(client, "customer_switch", customerId=1)
        await told(client, "api_call", operation="list_books")
        assert [caller.customer_id for caller, *_ in edge.calls] == [1, 3, 1]

    play(story, mode)


@pytest.mark.parametrize("wrong", [None, "acme", 1.5, True, -1])
def test_a_switch_wants_a_number(wrong: Any) -> None:
    async def story(client: Client, edge: FakeEdge) -> None:
        error = await refused(client, "customer_switch", customerId=wrong)
        assert error["field"] == "customerId"

    play(story)


def test_a_switch_to_a_foreign_customer_is_denied_and_changes_nothing() -> None:  # rule 12
    async def story(client: Client, edge: FakeEdge) -> None:
        assert (await refused(client, "customer_switch", customerId=2))["code"] == "ACCESS_DENIED"
        await told(client, "api_call", operation="list_books")
        assert edge.calls[0][0].customer_id == 1

    play(story)


def test_a_membership_that_ends_ends_the_switch() -> None:  # rule 12
    async def story(client: Client, edge: FakeEdge) -> None:
        await told(client, "customer_switch", customerId=3)
        edge.memberships["anna@acme.example"] = (1,)
        assert (await refused(client, "api_call", operation="list_books"))["code"] == "ACCESS_DENIED"
        await told(client, "api_call", operation="list_books")
        assert edge.calls[0][0].customer_id == 1

    play(story)


def test_a_switch_of_one_session_is_none_of_another() -> None:  # rules 12 and 13
    async def run() -> None:
        edge = FakeEdge()
        async with (
            served(edge) as url,
            connected(url) as one,
            connected(url) as two,
            connected(url, "key-of-bob") as bob,
        ):
            await told(one, "customer_switch", customerId=3)
            for client in (one, two, bob):
                await told(client, "api_call", operation="list_books")
        assert [(caller.user, caller.customer_id) for caller, *_ in edge.calls] == [
            ("anna@acme.example", 3),
            ("anna@acme.example", 1),
            ("bob@globex.example", 2),
        ]

    asyncio.run(run())


# -- the door --------------------------------------------------------------------------------------------------

HEADERS = {"Accept": "application/json, text/event-stream", "Content-Type": "application/json"}
HELLO = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}},
}


def post(url: str, key: str | None, body: Any, **headers: str) -> Any:
    auth = {"Authorization": f"Bearer {key}"} if key else {}
    return aiohttp.request("POST", url, json=body, headers={**HEADERS, **auth, **headers})


@pytest.mark.parametrize("key", [None, "key-of-nobody"])
def test_every_request_needs_a_key(key: str | None) -> None:  # rule 1
    async def run() -> None:
        async with served(FakeEdge()) as url, post(url, key, HELLO) as response:
            assert response.status == 401
            assert response.headers["WWW-Authenticate"] == "Bearer"
            assert (await response.json())["error"]["code"] == "UNAUTHORIZED"  # rules 3 and 4

    asyncio.run(run())


def test_a_session_is_of_the_key_that_opened_it() -> None:  # rule 13
    async def run() -> None:
        async with served(FakeEdge()) as url:
            async with post(url, "key-of-anna", HELLO) as opened:
                session = {"Mcp-Session-Id": opened.headers["Mcp-Session-Id"]}
            listing = {"jsonrpc": "2.0", "id": 2, "method": "tools/list"}
            async with post(url, "key-of-anna", listing, **session) as mine:
                assert mine.status == 200
                assert len((await mine.json())["result"]["tools"]) == 5
            async with post(url, "key-of-bob", listing, **session) as foreign:
                assert foreign.status == 404
            async with post(url, None, listing, **session) as nobody:
                assert nobody.status == 401

    asyncio.run(run())


def test_a_key_that_is_taken_away_ends_its_sessions() -> None:
    async def story(client: Client, edge: FakeEdge) -> None:
        await told(client, "health")
        del edge.keys["key-of-anna"]
        with pytest.raises(Exception, match="Server returned an error response"):
            await client.call_tool("health", {})
        edge.keys.update(KEYS)

    play(story)


@pytest.mark.parametrize("chunked", [False, True])
def test_a_request_that_is_too_large_is_refused(chunked: bool) -> None:
    async def body() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield b" " * 10_000

    async def run() -> None:
        headers = {**HEADERS, "Authorization": "Bearer key-of-anna"}
        data = body() if chunked else b" " * 200_000
        async with served(FakeEdge()) as url, aiohttp.request("POST", url, data=data, headers=headers) as response:
            assert response.status == 413

    asyncio.run(run())


def test_a_client_that_listens_does_not_hold_up_the_shutdown() -> None:
    async def run() -> None:
        began = asyncio.get_running_loop().time()
        headers = {"Accept": "text/event-stream", "Authorization": "Bearer key-of-anna"}
        async with aiohttp.ClientSession(headers=headers) as client:
            async with served(FakeEdge()) as url:
                async with client.post(url, json=HELLO, headers=HEADERS) as opened:
                    session = {"Mcp-Session-Id": opened.headers["Mcp-Session-Id"]}
                stream = await client.get(url, headers=session)
                assert stream.status == 200
            assert await stream.content.read() == b""
        assert asyncio.get_running_loop().time() - began < 5

    asyncio.run(run())
