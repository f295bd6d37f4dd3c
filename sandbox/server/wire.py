"""Things that go wrong on a real connection: a client of the sandbox meets them as it would anywhere."""

from __future__ import annotations

import asyncio
import socket
import struct
from contextlib import suppress

from aiohttp import web

TICK_S = 0.05
"""How often a body that drips is sent on, and how often a silent connection is looked at."""

MOST_S = 120.0
"""The longest that a connection is kept waiting: as long as actors wait for an answer (see ``CALL_TIMEOUT_MS``)."""


def abort(transport: asyncio.WriteTransport | asyncio.BaseTransport | None) -> None:
    """Reset a connection: RST instead of a farewell."""
    if not isinstance(transport, asyncio.WriteTransport):
        return
    raw = transport.get_extra_info("socket")
    if raw is not None:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


async def hang_up(request: web.Request) -> web.StreamResponse:
    """Close a connection without a byte of an answer."""
    await _all_of(request)
    if request.transport is not None:
        request.transport.close()
    return web.Response()


async def reset(request: web.Request) -> web.StreamResponse:
    """Reset a connection."""
    await _all_of(request)
    abort(request.transport)
    return web.Response()


async def silence(request: web.Request, ended: asyncio.Event) -> web.StreamResponse:
    """Say nothing until the client has had enough, or the server ends."""
    for _ in range(round(MOST_S / TICK_S)):
        if ended.is_set() or request.transport is None or request.transport.is_closing():
            break
        await asyncio.sleep(TICK_S)
    return await hang_up(request)


async def cut_short(request: web.Request, response: web.Response) -> web.StreamResponse:
    """Send half of an answer, with the Content-Length of all of it, and hang up."""
    body = _body(response)
    begun = await _begin(request, response, len(body))
    if body:
        await begun.write(body[: len(body) // 2])
    if request.transport is not None:
        request.transport.close()
    return begun


async def drip(request: web.Request, response: web.Response, rate: int) -> web.StreamResponse:
    """Send an answer at so many bytes a second."""
    body = _body(response)
    begun = await _begin(request, response, len(body))
    step = max(1, round(rate * TICK_S))
    for start in range(0, len(body), step):
        if request.transport is None or request.transport.is_closing():
            break
        await begun.write(body[start : start + step])
        await asyncio.sleep(step / rate)
    return begun


async def _all_of(request: web.Request) -> None:
    """Let a request come to its end: a client that still writes meets another error than the one that is meant."""
    with suppress(ConnectionError):  # it has ended by itself
        async for _ in request.content.iter_any():
            pass


def _body(response: web.Response) -> bytes:
    return response.body if isinstance(response.body, bytes) else b""


async def _begin(request: web.Request, response: web.Response, length: int) -> web.StreamResponse:
    headers = response.headers.copy()
    headers["Content-Length"] = str(length)
    begun = web.StreamResponse(status=response.status, headers=headers)
    await begun.prepare(request)
    return begun
