"""What the gate before agents takes a request for: rights that depend on the tool hold whatever a tool is called."""

from __future__ import annotations

import json
import socket
from typing import Any
from urllib.parse import urlsplit

import pytest

from sandbox.server.agents_requests import Call, called
from tests.server.conftest import Live

ORDER = {"idempotency_key": "key-of-the-order-1"}


def mcp(tool: str) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": tool, "arguments": ORDER}}


def a2a(method: str, **data: Any) -> dict[str, Any]:
    parts = [{"text": "please"}, {"data": data}]
    return {"jsonrpc": "2.0", "id": 1, "method": method, "params": {"message": {"parts": parts}}}


@pytest.mark.parametrize(
    ("path", "body", "tool"),
    [
        ("/agents/x/mcp", mcp("create_media_buy"), "create_media_buy"),
        ("/agents/adcp/mcp", mcp("create_media_buy"), "create_media_buy"),  # an agent may be called so
        ("/agents/x/a2a", mcp("create_media_buy"), "create_media_buy"),
        ("/agents/x/mcp", mcp("tasks/get"), "get_task_status"),  # as clients of 3.0 call it
        ("/agents/x/a2a", a2a("SendMessage", skill="create_media_buy", input=ORDER), "create_media_buy"),
        ("/agents/x/a2a", a2a("message/stream", skill="create_media_buy", parameters=ORDER), "create_media_buy"),
        ("/agents/x/adcp/create_media_buy", ORDER, "create_media_buy"),
        ("/agents/adcp/a2a/adcp/create_media_buy", ORDER, "create_media_buy"),
    ],
)
def test_a_call_is_known_by_its_tool_on_every_way(path: str, body: dict[str, Any], tool: str) -> None:
    assert called(path, json.dumps(body).encode()) == Call(tool, ORDER)


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"5", b"\xff", b"[" * 5000, b'{"method": "tools/list"}', b'{"params": 5}']
)
def test_what_calls_no_tool_is_no_call(body: bytes) -> None:
    assert called("/agents/x/mcp", body) is None


@pytest.mark.parametrize(("path", "status"), [("/agents/newsroom/mcp", 401), ("/agents/nobody/a2a", 404)])
def test_nothing_is_read_of_what_a_stranger_sends(live: Live, path: str, status: int) -> None:
    """The answer is there while the body is still to come."""
    url = urlsplit(next(row for row in live.line["agents"] if row["id"] == "newsroom")["mcp"])
    lines = [
        f"POST {path} HTTP/1.1",
        f"Host: {url.netloc}",
        "Content-Type: application/json",
        "Content-Length: 30000000",
    ]
    head = "\r\n".join([*lines, "", ""])
    with socket.create_connection((str(url.hostname), url.port or 80), timeout=20) as connection:
        connection.sendall(head.encode() + b"{")
        assert connection.recv(1000).split(b" ", 2)[1] == str(status).encode()
