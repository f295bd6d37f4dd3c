"""MCP over streamable HTTP, as a client of plain JSON-RPC sees it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import count
from typing import Any

from sandbox.contract.auth import Auth, expect_let_in
from sandbox.contract.talk import Answer, Talk
from sandbox.core.errors import InputError

MCP_VERSION = "2025-06-18"
"""The release that is asked for; the server may name another one."""


@dataclass(slots=True, frozen=True)
class Told:
    """What a tool said: ``body`` is what its tool answers, None if there is none; ``failed`` as the wire has it.

    ``message`` is that of JSON-RPC, None if there is none.
    """

    http: Answer
    body: dict[str, Any] | None
    failed: bool
    message: dict[str, Any] | None = None


class Mcp:
    """Streamable HTTP: answers come as JSON or as events; a session is opened, and kept if the server gives one."""

    name = "mcp"

    def __init__(self, url: str, auth: Auth | None, talk: Talk) -> None:
        self.endpoint = url
        self._auth, self._talk = auth, talk
        self._session: dict[str, str] = {}
        self._ids = count(1)

    async def open(self) -> None:
        """Initialize. Raises :class:`InputError` if that is no MCP server."""
        client = {"name": "adcp-sandbox-check", "version": "1"}
        given = {"protocolVersion": MCP_VERSION, "capabilities": {}, "clientInfo": client}
        answer, told = await self._rpc("initialize", given, self._auth)
        if not isinstance(told.get("result"), dict):
            expect_let_in(answer.status, self._auth)
            raise InputError(f"no MCP server answers: {_why(answer, told)}", self.endpoint)
        session = next((value for name, value in answer.headers.items() if name.lower() == "mcp-session-id"), None)
        version = str(told["result"].get("protocolVersion", MCP_VERSION))
        self._session = {"MCP-Protocol-Version": version, **({"Mcp-Session-Id": session} if session else {})}
        done = {"jsonrpc": "2.0", "method": "notifications/initialized"}
        await self._talk.send("POST", self.endpoint, done, self.headers(self._auth))

    async def tools(self) -> list[str]:
        """All pages of tools/list."""
        names: list[str] = []
        cursor: dict[str, Any] = {}
        while True:
            answer, told = await self._rpc("tools/list", cursor, self._auth)
            result = told.get("result")
            if not isinstance(result, dict) or not isinstance(result.get("tools"), list):
                raise InputError(f"tools/list gives no tools: {_why(answer, told)}", self.endpoint)
            names += [str(tool.get("name")) for tool in result["tools"] if isinstance(tool, dict)]
            if not result.get("nextCursor"):
                return names
            cursor = {"cursor": result["nextCursor"]}

    async def call(self, tool: str, payload: dict[str, Any], auth: Auth | None) -> Told:
        """The structured content of tools/call, or else its text if that is JSON."""
        answer, told = await self._rpc("tools/call", {"name": tool, "arguments": payload}, auth)
        result = told.get("result")
        if not isinstance(result, dict):
            error = told.get("error")
            data = error.get("data") if isinstance(error, dict) else None
            return Told(answer, data if isinstance(data, dict) and "adcp_error" in data else None, True, told or None)
        return Told(answer, _content(result), bool(result.get("isError")), told)

    async def result(self, tool: str, payload: dict[str, Any], auth: Auth | None) -> dict[str, Any]:
        """The result of tools/call as it came, with ``content`` and ``isError``; empty if there is none."""
        _, told = await self._rpc("tools/call", {"name": tool, "arguments": payload}, auth)
        result = told.get("result")
        return result if isinstance(result, dict) else {}

    def message(self, tool: str, payload: dict[str, Any]) -> dict[str, Any]:
        """The message of a call."""
        return self._request("tools/call", {"name": tool, "arguments": payload})

    def headers(self, auth: Auth | None) -> dict[str, str]:
        """The headers of every message."""
        return {"Accept": "application/json, text/event-stream", **self._session, **credentials(auth)}

    def _request(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        return {"jsonrpc": "2.0", "id": next(self._ids), "method": method, "params": params}

    async def _rpc(self, method: str, params: dict[str, Any], auth: Auth | None) -> tuple[Answer, dict[str, Any]]:
        request = self._request(method, params)
        answer = await self._talk.send("POST", self.endpoint, request, self.headers(auth))
        return answer, event(answer, request["id"])


def credentials(auth: Auth | None) -> dict[str, str]:
    """The header that carries credentials, if there are any."""
    return dict([auth.header]) if auth is not None else {}


def event(answer: Answer, number: int) -> dict[str, Any]:
    """The message with this id, out of a body of JSON or of events."""
    if isinstance(answer.body, dict):
        return answer.body
    for block in answer.text.replace("\r\n", "\n").split("\n\n"):
        lines = [line[5:].lstrip() for line in block.split("\n") if line.startswith("data:")]
        try:
            message = json.loads("\n".join(lines))
        except ValueError:
            continue
        if isinstance(message, dict) and message.get("id") == number:
            return message
    return {}


def _content(result: dict[str, Any]) -> dict[str, Any] | None:
    if isinstance(result.get("structuredContent"), dict):
        body: dict[str, Any] = result["structuredContent"]
        return body
    for part in result.get("content") or []:
        try:
            found = json.loads(part.get("text", ""))
        except (AttributeError, TypeError, ValueError):
            continue
        if isinstance(found, dict):
            return found
    return None


def _why(answer: Answer, told: dict[str, Any]) -> str:
    error = told.get("error")
    words = error.get("message") if isinstance(error, dict) else None
    return f"HTTP {answer.status} {words or answer.text[:200]}"
