"""The MCP edge, by a real client over a real port: rules 5, 8, 11, 12, 14, 185; conflicts C24, C27, C59."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from mcp import Client

from sandbox.server.edge import Caller
from sandbox.server.tools import Tools
from tests.server.fake_mcp import FakeEdge, play, refused, text, told
from tests.unit.operations.shelf import OPERATIONS

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
