"""Tool calls over MCP: what is answered at once is answered as the ``mcp`` package would."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx
import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer

from sandbox.kernel.endpoint import Reply
from sandbox.server.asgi import Message, Receive, Send, mount
from sandbox.server.mcp_call import read_call
from tests.server.conftest import Live

HEADERS = {b"content-type": b"application/json; charset=utf-8", b"accept": b"application/json, text/event-stream"}
CALL = {"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": {"name": "get_products", "arguments": {"a": 1}}}


def test_a_well_formed_call_is_read() -> None:
    call = read_call(HEADERS.items(), CALL)
    assert call is not None
    assert (call.id, call.tool, call.arguments) == (7, "get_products", {"a": 1})


def test_a_call_without_arguments_has_none() -> None:
    call = read_call(HEADERS.items(), {**CALL, "id": "x", "params": {"name": "list_accounts"}})
    assert call is not None
    assert (call.id, call.arguments) == ("x", {})


@pytest.mark.parametrize(
    "message",
    [
        None,
        {**CALL, "jsonrpc": "1.0"},
        {**CALL, "id": True},
        {**CALL, "id": None},
        {**CALL, "id": 1.5},
        {name: value for name, value in CALL.items() if name != "id"},
        {**CALL, "method": "tools/list"},
        {**CALL, "params": {"name": 1}},
        {**CALL, "params": {"name": "t", "arguments": []}},
        {**CALL, "params": {"name": "t", "arguments": None}},
        {**CALL, "params": {"name": "t", "_meta": {"progressToken": 1}}},
        {**CALL, "params": []},
    ],
)
def test_everything_else_is_left_to_the_package(message: dict[str, Any] | None) -> None:
    assert read_call(HEADERS.items(), message) is None


@pytest.mark.parametrize(
    "other",
    [
        {b"content-type": b"text/plain"},
        {b"accept": b"text/event-stream"},
        {b"mcp-protocol-version": b"2026-07-28"},
        {b"mcp-protocol-version": b"1"},
    ],
)
def test_other_forms_and_releases_are_left_to_the_package(other: dict[bytes, bytes]) -> None:
    assert read_call((HEADERS | other).items(), CALL) is None


def test_text_and_structure_of_an_answer_are_the_same_value() -> None:
    call = read_call(HEADERS.items(), CALL)
    assert call is not None
    body = {"status": "failed", "name": "Zürich \u2028", "price": 1.0, "none": None}
    for reply in (Reply(False, body, 400), Reply(False, body, 400, json.dumps(body))):
        answer = json.loads(call.answer(reply))
        assert (answer["id"], answer["result"]["isError"]) == (7, True)
        assert answer["result"]["structuredContent"] == json.loads(answer["result"]["content"][0]["text"]) == body


# -- served ----------------------------------------------------------------------------------------------------


def post(live: Live, message: dict[str, Any], **headers: str) -> httpx.Response:
    row = next(row for row in live.line["agents"] if row["id"] == "newsroom")
    given = {"Accept": "application/json, text/event-stream", "Authorization": f"Bearer {row['token']}", **headers}
    return httpx.post(row["mcp"], json=message, headers=given, timeout=60)


def test_the_package_gives_the_same_result_where_it_answers(live: Live) -> None:
    arguments = {"adcp_version": "3.1", "context": {"trace": "é"}}
    params = {"name": "get_adcp_capabilities", "arguments": arguments}
    at_once = post(live, {**CALL, "params": params})
    by_package = post(live, {**CALL, "params": {**params, "_meta": {}}})
    assert at_once.headers["content-type"] == by_package.headers["content-type"] == "application/json"
    assert at_once.json() == by_package.json()
    assert at_once.json()["result"]["structuredContent"]["context"] == {"trace": "é"}


def test_clients_of_3_0_poll_tasks_by_the_names_of_3_0(live: Live) -> None:
    params = {"name": "tasks/get", "arguments": {"adcp_major_version": 3, "task_id": "no-such-task"}}
    error = post(live, {**CALL, "params": params}).json()["result"]["structuredContent"]["adcp_error"]
    assert error["code"] == "REFERENCE_NOT_FOUND"
    listed = post(live, {**CALL, "params": {"name": "tasks/list", "arguments": {"adcp_major_version": 3}}}).json()
    assert not listed["result"]["isError"]


def test_there_is_no_stream_of_events_to_open(live: Live) -> None:
    row = next(row for row in live.line["agents"] if row["id"] == "newsroom")
    headers = {"Accept": "text/event-stream", "Authorization": f"Bearer {row['token']}"}
    answer = httpx.get(row["mcp"], headers=headers, timeout=10)
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


def test_a_stream_begins_before_its_first_piece_and_a_whole_answer_goes_out_in_one() -> None:
    async def application(scope: Message, _receive: Receive, send: Send) -> None:
        whole = scope["path"] == "/whole"
        headers = [(b"content-length", b"5")] if whole else [(b"content-type", b"text/event-stream")]
        await send({"type": "http.response.start", "status": 201, "headers": headers})
        if not whole:
            await going_on.wait()
        await send({"type": "http.response.body", "body": b"piece"})

    async def play() -> None:
        app = web.Application()
        mount(app, "/{path:.*}", application)
        async with TestServer(app) as server, ClientSession() as session:
            async with session.get(server.make_url("/whole")) as answer:
                assert (answer.status, answer.headers["Content-Length"]) == (201, "5")
                assert await answer.read() == b"piece"
            async with session.get(server.make_url("/stream")) as answer:
                assert (answer.status, answer.content_type) == (201, "text/event-stream")
                going_on.set()
                assert await answer.read() == b"piece"

    going_on = asyncio.Event()
    asyncio.run(asyncio.wait_for(play(), 20))
