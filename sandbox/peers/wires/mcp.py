"""MCP: streamable HTTP, with a session or without one (the server decides)."""

from __future__ import annotations

import re
from itertools import count
from typing import Any

from sandbox.kernel.real import Answer, RealCall
from sandbox.peers.wires.base import HTTP_ERROR, Got, NotUnderstood, Wire, listed, parsed
from sandbox.protocol.errors import from_body

PROTOCOL = "2025-06-18"
SESSION, VERSION = "Mcp-Session-Id", "MCP-Protocol-Version"
BOTH = {"Accept": "application/json, text/event-stream"}
NOT_FOUND = 404


class McpWire(Wire):
    """One client of one server; a session that the server has forgotten is begun anew."""

    _headers: dict[str, str] | None = None

    async def ask(self, call: RealCall, payload: dict[str, Any]) -> Answer:
        """Call a tool. The answer is its structured content, or the JSON of its first text."""
        for attempt in range(2):
            if self._headers is None:
                refused = await self._begin()
                if refused is not None:
                    return refused
            got, told = await self._rpc("tools/call", {"name": call.operation, "arguments": payload})
            if got.status == NOT_FOUND and attempt == 0 and SESSION in (self._headers or {}):
                self._headers = None
                continue
            break
        if told is None:
            return got.refused()
        return _answer(told)

    async def _begin(self) -> Answer | None:
        """Shake hands; gives what came instead of an answer."""
        params = {
            "protocolVersion": PROTOCOL,
            "capabilities": {},
            "clientInfo": {"name": "adcp-sandbox", "version": "1"},
        }
        got, told = await self._rpc("initialize", params)
        if told is None:
            return got.refused()
        result = told.get("result")
        if not isinstance(result, dict):
            raise NotUnderstood("the answer to initialize has no result")
        headers = {VERSION: str(result.get("protocolVersion", PROTOCOL))}
        if SESSION.lower() in got.headers:
            headers[SESSION] = got.headers[SESSION.lower()]
        self._headers = headers
        note = {"jsonrpc": "2.0", "method": "notifications/initialized"}
        await self.send("POST", self._url, note, {**BOTH, **headers})
        return None

    async def _rpc(self, method: str, params: dict[str, Any]) -> tuple[Got, dict[str, Any] | None]:
        """What came, and the message that answers; None if an HTTP status says it all."""
        number = next(_NUMBERS)
        body = {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
        got = await self.send("POST", self._url, body, {**BOTH, **(self._headers or {})})
        if got.status >= HTTP_ERROR:
            return got, None
        if "text/event-stream" not in got.headers.get("content-type", ""):
            return got, parsed(got.text)
        for event in got.text.replace("\r\n", "\n").split("\n\n"):
            data = "\n".join(line[5:].lstrip() for line in event.split("\n") if line.startswith("data:"))
            if data and (told := parsed(data)).get("id") == number:
                return got, told
        raise NotUnderstood("the stream ended without an answer")


_NUMBERS = count(1)


def _answer(told: dict[str, Any]) -> Answer:
    result = told.get("result")
    if not isinstance(result, dict):
        error = told.get("error")
        return _error(str(error.get("message", "")) if isinstance(error, dict) else "an answer without result")
    body = result.get("structuredContent")
    if not isinstance(body, dict):
        texts = [part.get("text") for part in listed(result.get("content")) if isinstance(part, dict)]
        text = next((text for text in texts if isinstance(text, str)), "")
        try:
            body = parsed(text)
        except NotUnderstood:
            if not result.get("isError"):
                raise NotUnderstood("the answer has no structured content") from None
            return _error(text)
    return Answer(not result.get("isError") and from_body(body) is None, body=body)


def _error(text: str) -> Answer:
    """An error that has no code of AdCP's. That a tool is unknown is said in various ways."""
    code = "UNSUPPORTED_FEATURE" if _UNKNOWN.search(text) else "SERVICE_UNAVAILABLE"
    return Answer(False, body={"adcp_error": {"code": code, "message": text}})


_UNKNOWN = re.compile(r"unknown tool|tool\b.*\bnot found|no tool|method not found", re.IGNORECASE)
