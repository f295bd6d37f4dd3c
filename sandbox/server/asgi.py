"""Serves an ASGI application under a path of the HTTP server (aiohttp).

The application reads the body as it comes and writes the answer as it likes, whole or in pieces; when the client
goes away it is told so and canceled.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from aiohttp import web
from multidict import CIMultiDict

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Asgi = Callable[[Message, Receive, Send], Awaitable[None]]

_CHUNK = 64 * 1024

BODY = web.RequestKey("body", bytes)
"""Where a request has its body if it was read before; its answer is made whole then, and sent by whoever asked."""


def mount(app: web.Application, path: str, application: Asgi, max_bytes: int = 32 * 1024 * 1024) -> None:
    """Answer every method under ``path`` by the application; bodies of more than ``max_bytes`` get 413.

    When the server shuts down, answers that have begun (streams of events) are ended.
    """
    going_on: set[_Exchange] = set()

    async def handle(request: web.Request) -> web.StreamResponse:
        if (request.content_length or 0) > max_bytes:
            raise web.HTTPRequestEntityTooLarge(max_bytes, request.content_length or 0)
        exchange = _Exchange(request, max_bytes)
        going_on.add(exchange)
        try:
            return await exchange.run(application)
        finally:
            going_on.discard(exchange)

    async def hang_up(_app: web.Application) -> None:
        for exchange in going_on:
            exchange.end_stream()

    app.on_shutdown.append(hang_up)
    app.router.add_route("*", path, handle)


class _Exchange:
    """One request, and its answer."""

    def __init__(self, request: web.Request, max_bytes: int) -> None:
        self._request = request
        self._max_bytes = max_bytes
        self._read = 0
        self._read_all = False
        self._refusal: web.HTTPException | None = None
        """What is wrong with the body, once that is known."""
        self._start: Message = {}
        """Status and headers of the answer, until something of its body is there."""
        self._response: web.StreamResponse | None = None
        self._task: asyncio.Future[None] | None = None
        self.ended = asyncio.Event()

    async def run(self, application: Asgi) -> web.StreamResponse:
        self._task = asyncio.ensure_future(application(_scope(self._request), self._receive, self._send))
        try:
            await self._task
        except asyncio.CancelledError:
            if not self.ended.is_set():
                self._task.cancel()
                raise
        except Exception:
            if self._refusal is None:
                raise
        finally:
            self.ended.set()
        if self._refusal is not None and not self._begun:
            raise self._refusal
        if self._response is None:
            raise web.HTTPInternalServerError(reason="the application gave no answer")
        return self._response

    def end_stream(self) -> None:
        """End an answer that has begun; one that has not is left to come."""
        if self._begun and self._task is not None:
            self.ended.set()
            self._task.cancel()

    @property
    def _begun(self) -> bool:
        """True once something of the answer is on its way."""
        return self._response is not None and self._response.prepared

    async def _receive(self) -> Message:
        if not self._read_all and BODY in self._request:
            self._read_all = True
            return {"type": "http.request", "body": self._request[BODY], "more_body": False}
        if not self._read_all:
            try:
                chunk = await self._request.content.read(_CHUNK)
            except web.RequestPayloadError:
                self._refusal = web.HTTPBadRequest(reason="the body is not what its headers say")
                return {"type": "http.disconnect"}
            self._read += len(chunk)
            if self._read > self._max_bytes:
                self._refusal = web.HTTPRequestEntityTooLarge(self._max_bytes, self._read)
                return {"type": "http.disconnect"}
            self._read_all = self._request.content.at_eof()
            return {"type": "http.request", "body": chunk, "more_body": not self._read_all}
        await self._gone()
        return {"type": "http.disconnect"}

    async def _gone(self) -> None:
        """Wait until the answer is complete or the client has hung up."""
        while not self.ended.is_set():
            transport = self._request.transport
            if transport is None or transport.is_closing():
                return
            try:
                await asyncio.wait_for(self.ended.wait(), 1.0)
            except TimeoutError:
                continue

    async def _send(self, message: Message) -> None:
        if self._refusal is not None and not self._begun:
            return
        if message["type"] == "http.response.start":
            self._start = message
            if not any(name == b"content-length" for name, _ in message.get("headers", [])):
                await self._begin(b"", True)
        elif message["type"] == "http.response.body" and self._response is None:
            await self._begin(message.get("body", b""), message.get("more_body", False))
        elif message["type"] == "http.response.body":
            await self._go_on(message.get("body", b""), message.get("more_body", False))

    async def _begin(self, body: bytes, more: bool) -> None:
        """Answer with what there is: at once where that is all, as a stream otherwise (of events, which may be far)."""
        headers = CIMultiDict((n.decode("latin-1"), v.decode("latin-1")) for n, v in self._start.get("headers", []))
        if not more:
            self._response = web.Response(status=self._start["status"], headers=headers, body=body)
            self.ended.set()
            return
        self._response = web.StreamResponse(status=self._start["status"], headers=headers)
        await self._response.prepare(self._request)
        await self._go_on(body, more)

    async def _go_on(self, body: bytes, more: bool) -> None:
        assert self._response is not None
        if body:
            await self._response.write(body)
        if not more:
            await self._response.write_eof()
            self.ended.set()


def _scope(request: web.Request) -> Message:
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": f"{request.version.major}.{request.version.minor}",
        "method": request.method,
        "scheme": request.scheme,
        "path": request.path,
        "raw_path": request.rel_url.raw_path.encode("ascii"),
        "query_string": request.rel_url.raw_query_string.encode("ascii"),
        "root_path": "",
        "headers": [(name.lower(), value) for name, value in request.raw_headers],
        "client": (request.remote or "", 0),
        "server": (request.url.host or "", request.url.port),
        "state": {},
    }
