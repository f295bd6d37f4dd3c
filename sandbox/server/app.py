"""Puts the edges of a served sandbox together, and runs them until they are told to stop."""

from __future__ import annotations

import asyncio
import json
import logging
import signal
import socket
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.typedefs import Middleware

from sandbox import __version__
from sandbox.core.errors import ApiError, InputError
from sandbox.kernel.network import Network
from sandbox.operations import help as words
from sandbox.operations import openapi, reference
from sandbox.server.asgi import mount
from sandbox.server.bodies import MAX_JSON_BYTES
from sandbox.server.control import PREFIX, Control
from sandbox.server.mcp import BuyerMcp
from sandbox.server.rest import Handler, Rest, errors, failure
from sandbox.server.served import Served, Settings

LOCAL = ("127.0.0.1", "localhost", "::1")
"""Names under which a browser on this machine may reach us."""

TITLE = "AdCP sandbox: buyer API"


@dataclass(slots=True, frozen=True)
class Address:
    """Where to listen, and what to tell the world."""

    host: str = "127.0.0.1"
    port: int = 8080
    ready_file: Path | None = None
    rate_limit: float = 0.0


def serve(settings: Settings, address: Address, say: Callable[[str], None]) -> None:
    """Serve until SIGINT or SIGTERM; ``say`` gets the ready line. Raises :class:`InputError` if it can't begin."""
    asyncio.run(_serve(settings, address, say))


async def _serve(settings: Settings, address: Address, say: Callable[[str], None]) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for sign in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(sign, stop.set)
    async with Running(settings, address) as running:
        line = json.dumps(running.ready())
        if address.ready_file is not None:
            address.ready_file.write_text(line + "\n", encoding="utf-8")
        say(line)
        await stop.wait()


class Running:
    """A sandbox that is being served: ``async with Running(settings, address) as running``."""

    def __init__(self, settings: Settings, address: Address) -> None:
        self.address = address
        self._socket = _listen(address)
        host, port = self._socket.getsockname()[:2]
        self.base = f"http://{f'[{host}]' if ':' in host else host}:{port}"
        try:
            self.served = Served(settings)
        except BaseException:
            self._socket.close()
            raise
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        self._stack.callback(self._socket.close)
        self._stack.push_async_callback(self.served.close)
        try:
            self.served.start()
            self.control = Control(self.served)
            app = await self._app()
            runner = web.AppRunner(app, access_log=None, logger=_log())
            await runner.setup()
            self._stack.push_async_callback(runner.cleanup)
            await web.SockSite(runner, self._socket, backlog=1024).start()
        except BaseException:
            await self._stack.aclose()
            raise
        self.served.follow()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def _app(self) -> web.Application:
        served = self.served
        app = web.Application(middlewares=[_own_pages_only(self.address.host), errors], client_max_size=MAX_JSON_BYTES)
        self.control.add_routes(app)
        inside = Network.url(served.platform_id)
        mcp = await self._stack.enter_async_context(BuyerMcp(served, (inside, self.base + "/")))
        mount(app, "/mcp", mcp.asgi)
        rows = list(served.operations.values())
        document = json.dumps(openapi.document(rows, [self.base], TITLE, __version__))
        _text(app, "/openapi.json", "application/json", document)
        _text(app, "/", "text/html", files("sandbox.server").joinpath("dashboard.html").read_text("utf-8"))
        _text(app, "/docs", "text/html", reference.page(rows, TITLE, self.base))
        _text(app, "/api/v2/buyer/skill.md", "text/markdown", words.skill(rows))
        Rest(served, self.base, self.address.rate_limit).add_routes(app)
        return app

    def ready(self) -> dict[str, Any]:
        """The ready line: where everything is, and keys that work."""
        actors = next(iter(self.served.hosts.values())).world.actors.values()
        return {
            "status": "ready",
            "buyer_api": self.base,
            "buyer_mcp": f"{self.base}/mcp",
            "control": self.base + PREFIX,
            "dashboard": f"{self.base}/",
            "docs": f"{self.base}/docs",
            "agents": [{"id": actor.id, "role": "sales"} for actor in actors if actor.role == "seller"],
            "outcome_agents": [],
            "customers": [{key: row[key] for key in ("id", "name", "api_key")} for row in self.control.customers()],
            "journal": self.served.journal.shown(),
            "replayed": self.served.replayed,
        }


def _listen(address: Address) -> socket.socket:
    """A socket that listens. Raises :class:`InputError` when the port is taken or the host is not ours."""
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    try:
        return socket.create_server((address.host, address.port), family=family)
    except (OSError, OverflowError) as error:
        why = getattr(error, "strerror", None) or str(error)
        where = "--host" if isinstance(error, socket.gaierror) else "--port"
        raise InputError(
            f"can't listen on {address.host}:{address.port}: {why}", where, "0 finds a free port"
        ) from None


def _log() -> logging.Logger:
    """The log of the HTTP server; what clients send that is no HTTP is answered, and is nothing to log."""
    log = logging.getLogger("adcp_sandbox.http")
    if not log.filters:
        log.addFilter(lambda row: not (row.exc_info and isinstance(row.exc_info[1], HttpProcessingError)))
    return log


def _text(app: web.Application, path: str, content_type: str, text: str) -> None:
    """Serve a text that never changes."""

    async def handle(_request: web.Request) -> web.Response:
        return web.Response(text=text, content_type=content_type, charset="utf-8")

    app.router.add_get(path, handle)


def _own_pages_only(host: str) -> Middleware:
    """Keep pages of other sites, which a browser on this machine may show, from talking to the sandbox."""
    names = {*LOCAL, host}

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        origin = request.headers.get("Origin")
        name = urlsplit(f"//{request.headers.get('Host', host)}").hostname
        if host in LOCAL and name not in names:
            return failure(ApiError("ACCESS_DENIED", f"this sandbox is not called {name}", "Host"))
        if origin is not None and urlsplit(origin).hostname not in names:
            return failure(ApiError("ACCESS_DENIED", "pages of other sites may not use this sandbox", "Origin"))
        return await handler(request)

    return check
