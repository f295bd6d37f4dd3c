"""The MCP edge, by a real client over a real port: rules 5, 8, 11, 12, 14, 185; conflicts C24, C27, C59."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import pytest
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
from sandbox.server.tools import Tools
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


# -- the tools -------------------------------------------------------------------------------------------------


def test_there_are_five_tools_and_api_call_names_its_operations() -> None:  # conflict C59
    async def story(client: Client, edge: FakeEdge) -> None:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
        assert list(tools) == ["api_call", "ask_about_capability", "help", "customer_switch", "health"]
        names = tools["api_call"].input_schema["properties"]["operation"]["enum"]
        assert names == [operation.name for operation in OPERATIONS if operation.detail.mcp]
        assert "scan_book" not in names  # rule 185

    play(story)


@pytest.mark.parametrize("mode", ["legacy", "auto"])
def test_an_operation_is_done_by_name_and_answers_as_over_rest(mode: str) -> None:  # rule 11
    async def story(client: Client, edge: FakeEdge) -> None:
        body = {"title": "Emma", "authorId": "a1"}
        result = await client.call_tool("api_call", {"operation": "add_book", "body": body})
        assert result.structured_content == {"bookId": "b1", "title": "Emma", "printedAt": None}
        assert json.loads(result.content[0].text) == result.structured_content  # type: ignore[union-attr]
        assert edge.calls == [(Caller("anna@acme.example", 1, "acme"), "add_book", {"body": body})]

    play(story, mode)


def test_query_values_may_be_texts() -> None:  # rule 11
    async def story(client: Client, edge: FakeEdge) -> None:
        answer = await told(client, "api_call", operation="list_books", params={"limit": "5", "title": "Ulysses"})
        assert answer["items"] == [{"bookId": "b1", "title": "Ulysses"}]

    play(story)


def test_a_path_parameter_has_its_other_names_here_too() -> None:  # conflict C27
    async def story(client: Client, edge: FakeEdge) -> None:
        for name in ("bookId", "id"):
            answer = await told(client, "api_call", operation="get_book", pathParams={name: "b1"})
            assert answer["data"]["title"] == "Emma"

    play(story)


@pytest.mark.parametrize(
    ("path", "operation"),
    [
        ("/api/v2/buyer/books/b1", "get_book"),
        ("/api/buyer/tomes/b1", "get_book"),
        ("/books/b1", "get_book"),
        ("/api/v2/buyer/books/newest", "newest_book"),
        ("/api/v2/buyer/books", "list_books"),
    ],
)
def test_an_operation_is_done_by_method_and_path(path: str, operation: str) -> None:  # conflict C59
    async def story(client: Client, edge: FakeEdge) -> None:
        await told(client, "api_call", method="GET", path=path)
        assert edge.calls[0][1] == operation

    play(story)


def test_a_query_stands_in_the_path_or_beside_it() -> None:  # conflict C59
    async def story(client: Client, edge: FakeEdge) -> None:
        path = "/api/v2/buyer/books?languages=en&languages=fr&limit=3"
        await told(client, "api_call", method="get", path=path, query={"limit": "5"})
        assert edge.calls[0][2] == {"params": {"languages": ["en", "fr"], "limit": "5"}}

    play(story)


def test_an_operation_without_an_answer_gives_an_empty_object() -> None:
    async def story(client: Client, edge: FakeEdge) -> None:
        assert await told(client, "api_call", operation="drop_book", pathParams={"bookId": "b1"}) == {}

    play(story)


def test_the_platforms_own_address_is_the_one_that_clients_know() -> None:
    async def run() -> None:
        edge = FakeEdge()
        tools = Tools(edge, ("https://library.sandbox/", "http://127.0.0.1:1/"))
        body = {"title": "see http://127.0.0.1:1/x", "authorId": "a1"}
        told = await tools.api_call(Caller("a", 1, "acme"), {"operation": "add_book", "body": body})
        assert edge.calls[0][2]["body"]["title"] == "see https://library.sandbox/x"
        assert told.data is not None
        assert told.data["title"] == "see http://127.0.0.1:1/x"
        assert "library.sandbox" not in told.text

    asyncio.run(run())


# -- refusals --------------------------------------------------------------------------------------------------


def test_an_error_of_an_operation_is_told_as_one() -> None:  # rule 5
    async def story(client: Client, edge: FakeEdge) -> None:
        error = await refused(client, "api_call", operation="get_book", pathParams={"bookId": "b9"})
        assert error["code"] == "NOT_FOUND"
        assert error["message"] == "there is no book b9"
        assert error["field"] == "bookId"
        assert error["details"] == {"shelf": "left"}
        wrong = await refused(client, "api_call", operation="add_book", body={"title": "Emma"})
        assert (wrong["code"], wrong["field"]) == ("VALIDATION_ERROR", "authorId")

    play(story)


@pytest.mark.parametrize(
    ("arguments", "code", "field"),
    [
        ({}, "VALIDATION_ERROR", "operation"),
        ({"operation": "get_bok"}, "NOT_FOUND", "operation"),
        ({"operation": 3}, "NOT_FOUND", "operation"),
        ({"operation": "get_book", "path": "/books/b1"}, "VALIDATION_ERROR", "operation"),
        ({"method": "GET", "path": "/magazines"}, "NOT_FOUND", "path"),
        ({"method": "PUT", "path": "/books/b1"}, "NOT_FOUND", "path"),
        ({"operation": "get_book", "pathParams": ["b1"]}, "VALIDATION_ERROR", "pathParams"),
        ({"operation": "get_book", "url": "b1"}, "VALIDATION_ERROR", "url"),
    ],
)
def test_a_call_that_means_no_operation_is_refused_with_advice(
    arguments: dict[str, Any], code: str, field: str
) -> None:  # rule 5
    async def story(client: Client, edge: FakeEdge) -> None:
        error = await refused(client, "api_call", **arguments)
        assert (error["code"], error["field"]) == (code, field)
        assert edge.calls == []

    play(story)


def test_a_misspelt_operation_is_answered_with_the_nearest() -> None:
    async def story(client: Client, edge: FakeEdge) -> None:
        assert "get_book" in (await refused(client, "api_call", operation="get_bok"))["suggestion"]

    play(story)


@pytest.mark.parametrize(
    "arguments", [{"operation": "scan_book"}, {"method": "POST", "path": "/api/v2/buyer/books/scan"}]
)
def test_what_needs_files_points_to_the_dashboard(arguments: dict[str, Any]) -> None:  # rule 185
    async def story(client: Client, edge: FakeEdge) -> None:
        error = await refused(client, "api_call", **arguments)
        assert error["code"] == "ACCESS_DENIED"
        assert "shelf_dashboard_url" in error["suggestion"]
        assert edge.calls == []

    play(story)


@pytest.mark.parametrize(
    "arguments",
    [{"operation": "customer_switch"}, {"method": "POST", "path": "/api/v2/buyer/accounts/switch", "body": {}}],
)
def test_api_call_does_not_reach_the_switch_of_the_customer(arguments: dict[str, Any]) -> None:  # rule 12
    async def story(client: Client, edge: FakeEdge) -> None:
        assert "customer_switch" in (await refused(client, "api_call", **arguments))["suggestion"]

    play(story)


@pytest.mark.parametrize(("given", "taken"), [(None, 10), ("50", 10), (500, 10), ("7", "7"), ("many", "many")])
def test_activity_comes_ten_rows_at_a_time(given: Any, taken: Any) -> None:  # rule 8
    async def story(client: Client, edge: FakeEdge) -> None:
        params = {} if given is None else {"take": given}
        await told(client, "api_call", operation="list_activity", params=params)
        assert str(edge.calls[0][2]["params"]["take"]) == str(taken)

    play(story)


# -- help ------------------------------------------------------------------------------------------------------


def test_help_and_answers_end_with_unread_notifications() -> None:  # rule 14
    async def story(client: Client, edge: FakeEdge) -> None:
        for said in (await text(client, "help"), await text(client, "ask_about_capability", question="add a book")):
            assert "`add_book`" in said
            assert said.endswith("## Unread notifications\n\n- for customer 1")
        error = await refused(client, "ask_about_capability", question=" ")
        assert error["field"] == "question"

    play(story)


def test_health_tells_the_simulated_time() -> None:
    async def story(client: Client, edge: FakeEdge) -> None:
        assert (await told(client, "health"))["now"] == "2026-05-01T00:00:00Z"

    play(story)


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
