"""How a sales agent is spoken to: MCP over streamable HTTP, or A2A 1.0 and 0.3 over JSON-RPC."""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import count
from typing import Any, Protocol
from urllib.parse import urlsplit

from sandbox.contract.auth import Auth
from sandbox.contract.talk import Answer, NoAnswer, Talk
from sandbox.core.errors import InputError

CARDS = ("agent-card.json", "agent.json")
"""Names of an agent card below ``.well-known``, the present one first."""

MCP_VERSION = "2025-06-18"


@dataclass(slots=True, frozen=True)
class Told:
    """What an agent said: ``body`` is what its tool answers, None if there is none; ``failed`` as the wire has it."""

    http: Answer
    body: dict[str, Any] | None
    failed: bool


class Wire(Protocol):
    """One way to speak to an agent."""

    name: str
    endpoint: str

    async def open(self) -> None:
        """Find the agent. Raises :class:`InputError` if none answers."""

    async def tools(self) -> list[str]:
        """The names of its tools or skills."""

    async def call(self, tool: str, payload: dict[str, Any], auth: Auth | None) -> Told:
        """Call a tool as the one whose credentials these are."""

    def message(self, tool: str, payload: dict[str, Any]) -> dict[str, Any]:
        """The message of a call."""

    def headers(self, auth: Auth | None) -> dict[str, str]:
        """The headers of every message."""


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
            return Told(answer, data if isinstance(data, dict) and "adcp_error" in data else None, True)
        return Told(answer, _content(result), bool(result.get("isError")))

    def message(self, tool: str, payload: dict[str, Any]) -> dict[str, Any]:
        """The message of a call."""
        return self._request("tools/call", {"name": tool, "arguments": payload})

    def headers(self, auth: Auth | None) -> dict[str, str]:
        """The headers of every message."""
        return {"Accept": "application/json, text/event-stream", **self._session, **_credentials(auth)}

    def _request(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        return {"jsonrpc": "2.0", "id": next(self._ids), "method": method, "params": params}

    async def _rpc(self, method: str, params: dict[str, Any], auth: Auth | None) -> tuple[Answer, dict[str, Any]]:
        request = self._request(method, params)
        answer = await self._talk.send("POST", self.endpoint, request, self.headers(auth))
        return answer, _event(answer, request["id"])


class A2a:
    """JSON-RPC with one data part ``{skill, input}`` in, and the last data part of an artifact out."""

    name = "a2a"

    def __init__(self, url: str, auth: Auth | None, talk: Talk) -> None:
        self.endpoint = url
        self._auth, self._talk = auth, talk
        self._card: dict[str, Any] = {}
        self._modern = False
        self._ids = count(1)

    async def open(self) -> None:
        """Read the agent card. Raises :class:`InputError` if there is none."""
        parts = urlsplit(self.endpoint)
        bases = [self.endpoint, self.endpoint.rpartition("/")[0], f"{parts.scheme}://{parts.netloc}"]
        for base in dict.fromkeys(bases):
            for name in CARDS:
                answer = await self._talk.send("GET", f"{base}/.well-known/{name}", None, _credentials(self._auth))
                if answer.status == 200 and isinstance(answer.body, dict) and "skills" in answer.body:
                    self._take(answer.body)
                    return
        raise InputError("no agent card of A2A is there", self.endpoint)

    def _take(self, card: dict[str, Any]) -> None:
        self._card = card
        rows = card.get("supportedInterfaces") or []
        modern = [row for row in rows if str(row.get("protocolVersion", "")).startswith("1")]
        self._modern = bool(modern)
        self.endpoint = str(modern[0]["url"] if modern else card.get("url", self.endpoint)).rstrip("/")

    async def tools(self) -> list[str]:
        """The skills of the card."""
        return [str(skill.get("id")) for skill in self._card["skills"] if isinstance(skill, dict)]

    async def call(self, tool: str, payload: dict[str, Any], auth: Auth | None) -> Told:
        """The last data part of the task's artifacts."""
        request = self.message(tool, payload)
        answer = await self._talk.send("POST", self.endpoint, request, self.headers(auth))
        result = _event(answer, request["id"]).get("result")
        task = result.get("task", result) if isinstance(result, dict) else {}
        data: list[dict[str, Any]] = []
        for artifact in task.get("artifacts") or []:
            data += [part["data"] for part in artifact.get("parts") or [] if isinstance(part.get("data"), dict)]
        state = str((task.get("status") or {}).get("state", "")).lower()
        return Told(answer, data[-1] if data else None, not data or "failed" in state or "rejected" in state)

    def message(self, tool: str, payload: dict[str, Any]) -> dict[str, Any]:
        """The message of a call."""
        number = next(self._ids)
        data: dict[str, Any] = {"data": {"skill": tool, "input": payload}}
        if not self._modern:
            data = {"kind": "data", **data}
        message = {"messageId": f"check-{number}", "role": "ROLE_USER" if self._modern else "user", "parts": [data]}
        method = "SendMessage" if self._modern else "message/send"
        return {"jsonrpc": "2.0", "id": number, "method": method, "params": {"message": message}}

    def headers(self, auth: Auth | None) -> dict[str, str]:
        """The headers of every message."""
        extension = "https://adcontextprotocol.org/extensions/adcp/v3"
        version = (
            {"A2A-Version": "1.0", "A2A-Extensions": extension} if self._modern else {"X-A2A-Extensions": extension}
        )
        return {**version, **_credentials(auth)}


async def reach(url: str, auth: Auth | None, talk: Talk, protocol: str | None) -> Wire:
    """The agent at an address, over the protocol that is named or else the one that it speaks."""
    wires: list[Wire] = [kind(url, auth, talk) for kind in (Mcp, A2a) if protocol in (None, kind.name)]
    why: list[str] = []
    for wire in wires:
        try:
            await wire.open()
        except (NoAnswer, InputError) as error:
            why.append(f"{wire.name}: {error.message if isinstance(error, InputError) else error}")
        else:
            return wire
    raise InputError(f"no agent answers: {'; '.join(why)}", url, "give the address of its MCP or A2A endpoint")


def _credentials(auth: Auth | None) -> dict[str, str]:
    return dict([auth.header]) if auth is not None else {}


def _event(answer: Answer, number: int) -> dict[str, Any]:
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
