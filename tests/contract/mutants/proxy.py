"""A proxy that breaks one thing of the service behind it.

A :class:`Mutant` sees every request before it is passed on, and every answer before it goes back; both are plain data.
Over MCP a call's body is the payload of the tool and the answer's body what the tool said; others are JSON as it is.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from io import BytesIO
from typing import Any
from urllib.parse import parse_qsl, urlencode

import aiohttp
from aiohttp import web

RELAY = "/relay"


@dataclass(slots=True, frozen=True)
class Call:
    """A request. ``name`` is the tool over MCP, else ``METHOD path``; ``query`` has single values."""

    name: str
    body: Any
    headers: dict[str, str]
    query: tuple[tuple[str, str], ...] = ()
    raw: bytes = b""


@dataclass(slots=True, frozen=True)
class Said:
    """An answer; ``failed`` is what MCP says of a tool call, and ``session`` the one that it opened."""

    status: int
    body: Any
    failed: bool = False
    raw: bytes = b""
    session: str = ""


Forward = Callable[[Call], Awaitable[Said]]


class Mutant:
    """Passes everything on as it is; what is broken overrides one method."""

    session_header = "Mcp-Session-Id"

    async def serve(self, call: Call, forward: Forward) -> Said:
        """Answer a request, usually by passing it on."""
        return await forward(call)

    async def relay(self, send: Callable[[bytes, dict[str, str]], Awaitable[int]], raw: bytes, headers: Any) -> int:
        """Pass a webhook on; gives the status for its sender."""
        return await send(raw, dict(headers))


class Proxy:
    """Listens on a free port, in front of a service at ``upstream`` (scheme and host)."""

    def __init__(self, upstream: str, mutant: Mutant) -> None:
        self._upstream, self._mutant = upstream, mutant
        self.base = ""

    async def take(self, request: web.Request) -> web.Response:
        """One request."""
        raw = await request.read()
        if request.path == RELAY:
            return await self._relay(request, raw)
        headers = {name: value for name, value in request.headers.items() if name.lower() not in _OWN}
        headers["Host-Of-Proxy"] = request.host
        message = _json(raw)
        rpc = message if isinstance(message, dict) and message.get("jsonrpc") == "2.0" and "method" in message else None
        name, body = f"{request.method} {request.path}", message
        if rpc is not None:
            name, body = _called(rpc)
        call = Call(name, body, headers, tuple(parse_qsl(request.query_string, keep_blank_values=True)), raw)

        async def forward(wanted: Call) -> Said:
            return await self._forward(request, rpc, wanted, wanted is call)

        said = await self._mutant.serve(call, forward)
        answer = _answer(rpc, said)
        if said.session:
            answer.headers[self._mutant.session_header] = said.session
        return answer

    async def _forward(self, request: web.Request, rpc: dict[str, Any] | None, call: Call, same: bool) -> Said:
        data = call.raw if same else _message(rpc, call)
        url = f"{self._upstream}{request.raw_path.partition('?')[0]}"
        if call.query:
            url += f"?{urlencode(call.query)}"
        async with self._session.request(
            request.method,
            _plain(url),
            data=BytesIO(data) if data else None,
            headers=call.headers,
            allow_redirects=False,
        ) as answer:
            raw = await answer.read()
            body, failed = _bare(_json(raw)), False
            if rpc is not None and isinstance(body, dict) and isinstance(body.get("result"), dict):
                result = body["result"]
                failed = bool(result.get("isError"))
                body = result.get("structuredContent", result)
            return Said(answer.status, body, failed, raw, answer.headers.get("Mcp-Session-Id", ""))

    async def _relay(self, request: web.Request, raw: bytes) -> web.Response:
        async def send(body: bytes, headers: dict[str, str]) -> int:
            kept = {name: value for name, value in headers.items() if name.lower() not in _OWN}
            async with self._session.post(request.query["to"], data=body, headers=kept) as answer:
                return answer.status

        return web.Response(status=await self._mutant.relay(send, raw, request.headers))

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Proxy]:
        """Listen."""
        app = web.Application(client_max_size=64 * 2**20)
        app.router.add_route("*", "/{tail:.*}", self.take)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        async with aiohttp.ClientSession() as self._session:
            try:
                await web.TCPSite(runner, "127.0.0.1", 0).start()
                self.base = f"http://127.0.0.1:{runner.addresses[0][1]}"
                yield self
            finally:
                await runner.cleanup()


_OWN = ("host", "content-length", "connection", "accept-encoding", "transfer-encoding")


def _plain(url: str) -> Any:
    from yarl import URL

    return URL(url, encoded=True)


def _json(raw: bytes) -> Any:
    try:
        return json.loads(raw)
    except ValueError:
        return None


def _bare(body: Any) -> Any:
    """An answer without the second copy of itself that our platform has for one client, so that it is edited once."""
    if isinstance(body, dict) and isinstance(body.get("data"), dict):
        rest = {field: value for field, value in body.items() if field != "data"}
        return rest if rest == body["data"] else body
    return body


def _called(rpc: dict[str, Any]) -> tuple[str, Any]:
    params = rpc.get("params") or {}
    if rpc["method"] == "tools/call":
        return str(params.get("name")), params.get("arguments")
    return str(rpc["method"]), params


def _message(rpc: dict[str, Any] | None, call: Call) -> bytes:
    if rpc is None:
        return b"" if call.body is None else json.dumps(call.body).encode()
    params = call.body
    if rpc["method"] == "tools/call":
        params = {**rpc["params"], "name": call.name, "arguments": call.body}
    return json.dumps({**rpc, "params": params}).encode()


def _answer(rpc: dict[str, Any] | None, said: Said) -> web.Response:
    if said.body is None:
        return web.Response(status=said.status, body=said.raw, content_type="application/json")
    body = said.body
    if rpc is not None and "jsonrpc" not in body:
        result = body
        if rpc["method"] == "tools/call" and not ("content" in body and "isError" in body):
            text = {"type": "text", "text": json.dumps(body)}
            result = {"content": [text], "structuredContent": body, "isError": said.failed}
        body = {"jsonrpc": "2.0", "id": rpc.get("id"), "result": result}
    return web.json_response(body, status=said.status)


# -- what mutants are made of ----------------------------------------------------------------------------

Edit = Callable[[Any], Any]


@dataclass
class Says(Mutant):
    """Answers to calls whose name begins with ``name`` are edited; ``refusals`` are only if they are meant."""

    name: str
    edit: Edit
    refusals: bool = False

    async def serve(self, call: Call, forward: Forward) -> Said:
        said = await forward(call)
        refused = said.failed or said.status >= 400
        if call.name.startswith(self.name) and refused == self.refusals and said.body is not None:
            return replace(said, body=self.edit(said.body))
        return said


@dataclass
class Asks(Mutant):
    """Bodies of calls whose name begins with ``name`` are edited before they are passed on."""

    name: str
    edit: Edit

    async def serve(self, call: Call, forward: Forward) -> Said:
        if call.name.startswith(self.name):
            return await forward(replace(call, body=self.edit(json.loads(json.dumps(call.body)))))
        return await forward(call)


@dataclass
class Instead(Mutant):
    """Calls for which ``when`` holds are answered like this, and not passed on."""

    when: Callable[[Call], bool]
    said: Said

    async def serve(self, call: Call, forward: Forward) -> Said:
        return self.said if self.when(call) else await forward(call)


@dataclass
class Accepts(Mutant):
    """Refusals of calls whose name begins with ``name`` become this answer."""

    name: str
    body: Any
    status: int = 200

    async def serve(self, call: Call, forward: Forward) -> Said:
        said = await forward(call)
        if call.name.startswith(self.name) and (said.failed or said.status >= 400):
            return Said(self.status, self.body)
        return said


@dataclass
class As(Mutant):
    """Calls for which ``when`` holds are passed on with the credentials of somebody else."""

    authorization: str
    when: Callable[[Call], bool] = field(default=lambda _: True)

    async def serve(self, call: Call, forward: Forward) -> Said:
        if not self.when(call):
            return await forward(call)
        kept = {name: value for name, value in call.headers.items() if name.lower() != "authorization"}
        return await forward(replace(call, headers={**kept, "Authorization": self.authorization}))


@dataclass
class Unasked(Mutant):
    """Parameters of the query are not heard."""

    names: tuple[str, ...]
    name: str = ""

    async def serve(self, call: Call, forward: Forward) -> Said:
        if not call.name.startswith(self.name):
            return await forward(call)
        return await forward(replace(call, query=tuple(pair for pair in call.query if pair[0] not in self.names)))


def every(*edits: Edit) -> Edit:
    """One edit after another."""

    def edit(body: Any) -> Any:
        for one in edits:
            body = one(body)
        return body

    return edit


def put(path: str, value: Any) -> Edit:
    """Set what is at ``a.*.b`` (``*`` is each row or key); a function gets what was there, if anything was."""

    def edit(body: Any) -> Any:
        for holder, key in _places(body, path.split("."), make=not callable(value)):
            holder[key] = value(holder[key]) if callable(value) else json.loads(json.dumps(value))
        return body

    return edit


def drop(path: str) -> Edit:
    """Take away what is at ``a.*.b``."""

    def edit(body: Any) -> Any:
        for holder, key in list(_places(body, path.split("."), make=False)):
            del holder[key]
        return body

    return edit


def add(number: float) -> Edit:
    """A number that much larger, for :func:`put`."""
    return lambda value: value + number


def counting() -> Edit:
    """Another number each time, for :func:`put`."""
    count = iter(range(1000, 10**9, 1000))
    return lambda _: next(count)


def _places(body: Any, path: list[str], make: bool) -> Iterator[tuple[Any, Any]]:
    first, *rest = path
    if isinstance(body, list):
        wanted = range(len(body)) if first == "*" else [int(first)] if first.isdigit() else []
        keys: list[Any] = [key for key in wanted if key < len(body)]
    elif isinstance(body, dict):
        keys = list(body) if first == "*" else [first] if first in body or (make and not rest) else []
    else:
        return
    for key in keys:
        if rest:
            yield from _places(body[key], rest, make)
        else:
            yield body, key
