"""How a sales agent is spoken to: MCP over streamable HTTP, or A2A 1.0 and 0.3 over JSON-RPC."""

from __future__ import annotations

import asyncio
from itertools import count
from typing import Any, Protocol
from urllib.parse import urljoin, urlsplit

from sandbox.contract.auth import OPTION, Auth
from sandbox.contract.mcp import Mcp, Told, credentials, event
from sandbox.contract.talk import Answer, NoAnswer, Talk
from sandbox.core.errors import InputError

CARDS = ("agent-card.json", "agent.json")
"""Names of an agent card below ``.well-known``, the present one first."""

INTERIM = ("submitted", "working")
"""States of a task of A2A that is not over."""

POLL_S, POLLS = 0.5, 40
"""How long is waited before such a task is asked for again, and how many times."""


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
        root = f"{parts.scheme}://{parts.netloc}"
        bases = [self.endpoint, self.endpoint.rpartition("/")[0] if parts.path else root, root]
        for base in dict.fromkeys(bases):
            for name in CARDS:
                answer = await self._talk.send("GET", f"{base}/.well-known/{name}", None, credentials(self._auth))
                if answer.status == 200 and isinstance(answer.body, dict) and "skills" in answer.body:
                    self._take(answer.body)
                    return
        raise InputError("no agent card of A2A is there", self.endpoint)

    def _take(self, card: dict[str, Any]) -> None:
        """Speak as the card wants, over JSON-RPC."""
        self._card = card
        rows = card.get("supportedInterfaces") or []
        modern = [row for row in rows if str(row.get("protocolVersion", "")).startswith("1") and _rpc(row)]
        self._modern = bool(modern)
        older = card if card.get("preferredTransport", "JSONRPC") == "JSONRPC" else None
        older = older or next((row for row in card.get("additionalInterfaces") or [] if _rpc(row)), {})
        named = str((modern[0] if modern else older).get("url") or self.endpoint)
        self.endpoint = urljoin(self.endpoint, named).rstrip("/")

    async def tools(self) -> list[str]:
        """The skills of the card."""
        return [str(skill.get("id")) for skill in self._card["skills"] if isinstance(skill, dict)]

    async def call(self, tool: str, payload: dict[str, Any], auth: Auth | None) -> Told:
        """The last data part of the task's artifacts, once it is over, or else of the message about its state."""
        answer, told = await self._ask(self.message(tool, payload), auth)
        task = _task(told)
        for _ in range(POLLS):
            if _state(task) not in INTERIM or "id" not in task:
                break
            await asyncio.sleep(POLL_S)
            method = "GetTask" if self._modern else "tasks/get"
            request = {"jsonrpc": "2.0", "id": next(self._ids), "method": method, "params": {"id": task["id"]}}
            answer, told = await self._ask(request, auth)
            task = _task(told)
        data = [found for artifact in task.get("artifacts") or [] for found in _data(artifact)]
        data = data or _data((task.get("status") or {}).get("message")) or _data(task)
        state = _state(task)
        failed = state in ("failed", "rejected", "auth-required") or (not data and state not in INTERIM)
        return Told(answer, data[-1] if data else None, failed, told or None)

    async def _ask(self, request: dict[str, Any], auth: Auth | None) -> tuple[Answer, dict[str, Any]]:
        answer = await self._talk.send("POST", self.endpoint, request, self.headers(auth))
        return answer, event(answer, request["id"])

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
        return {**version, **credentials(auth)}


async def reach(url: str, auth: Auth | None, talk: Talk, protocol: str | None) -> Wire:
    """The agent at an address, over the protocol that is named or else the one that it speaks."""
    wires: list[Wire] = [kind(url, auth, talk) for kind in (Mcp, A2a) if protocol in (None, kind.name)]
    why: list[str] = []
    for wire in wires:
        try:
            await wire.open()
        except (NoAnswer, InputError) as error:
            if isinstance(error, InputError) and error.where == OPTION:
                raise
            why.append(f"{wire.name}: {error.message if isinstance(error, InputError) else error}")
        else:
            return wire
    raise InputError(f"no agent answers: {'; '.join(why)}", url, "give the address of its MCP or A2A endpoint")


def _rpc(interface: dict[str, Any]) -> bool:
    """True if an interface of an agent card is spoken over JSON-RPC, as those are that do not say otherwise."""
    return str(interface.get("protocolBinding") or interface.get("transport") or "JSONRPC").upper() == "JSONRPC"


def _task(told: dict[str, Any]) -> dict[str, Any]:
    """The task, or the message, that an answer has; empty if it has neither."""
    result = told.get("result")
    if not isinstance(result, dict):
        return {}
    found = result.get("task") or result.get("message") or result
    return found if isinstance(found, dict) else {}


def _state(task: dict[str, Any]) -> str:
    """The state of a task, in the words of A2A 0.3."""
    state = str((task.get("status") or {}).get("state", ""))
    return state.lower().removeprefix("task_state_").replace("_", "-")


def _data(message: Any) -> list[dict[str, Any]]:
    """The data parts of a message or an artifact."""
    parts = message.get("parts") if isinstance(message, dict) else None
    return [part["data"] for part in parts or () if isinstance(part, dict) and isinstance(part.get("data"), dict)]
