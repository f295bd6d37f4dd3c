"""Puts the edges of a served sandbox together, and runs them until they are told to stop."""

from __future__ import annotations

import asyncio
import errno
import ipaddress
import json
import logging
import os
import signal
import socket
from collections.abc import Callable
from contextlib import AsyncExitStack, ExitStack
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
from sandbox.core.files import write_text
from sandbox.kernel.network import Network
from sandbox.operations import help as words
from sandbox.operations import openapi, reference
from sandbox.server.agents import Agents
from sandbox.server.asgi import mount
from sandbox.server.bodies import MAX_JSON_BYTES
from sandbox.server.control import PREFIX, Control
from sandbox.server.faults import ConnectionFaults
from sandbox.server.limits import RateLimit
from sandbox.server.mcp import BuyerMcp
from sandbox.server.rest import Handler, Rest, errors
from sandbox.server.served import Served, Settings

LOCAL = ("127.0.0.1", "localhost", "::1")
"""Names under which a browser on this machine may reach us."""

MAX_LINE = 64 * 1024
"""The longest request line in bytes: a click tracker carries the address of its landing page."""

TITLE = "AdCP sandbox: buyer API"


@dataclass(slots=True, frozen=True)
class Address:
    """Where to listen, and what to tell the world."""

    host: str = "127.0.0.1"
    port: int = 8080
    agents_port: int = 0
    """Where the simulated agents are."""
    ready_file: Path | None = None
    rate_limit: float = 0.0


def serve(settings: Settings, address: Address, say: Callable[[str], None], note: Callable[[str], None]) -> None:
    """Serve until SIGINT or SIGTERM. Raises :class:`InputError` if it can't begin.

    ``say`` gets the ready line, ``note`` what somebody who waits for it may want to know.
    """
    asyncio.run(_serve(settings, address, say, note))


async def _serve(settings: Settings, address: Address, say: Callable[[str], None], note: Callable[[str], None]) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for sign in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(sign, stop.set)
    running = Running(settings, address)
    if running.served.journal.worlds():
        note(f"doing again what {running.served.journal.shown()} has; another --journal begins anew")
    async with running:
        line = json.dumps(running.ready())
        if address.ready_file is not None:
            write_text(address.ready_file, line + "\n", "--ready-file")
        say(line)
        await stop.wait()


class Running:
    """A sandbox that is being served: ``async with Running(settings, address) as running``."""

    def __init__(self, settings: Settings, address: Address, kind: type[Served] = Served) -> None:
        self.address = address
        self._stack = AsyncExitStack()
        with ExitStack() as sockets:
            self._socket = sockets.enter_context(_listen(address.host, address.port, "--port"))
            self._agents_socket = sockets.enter_context(_listen(address.host, address.agents_port, "--agents-port"))
            self.base, self.agents_base = _url(self._socket), _url(self._agents_socket)
            self.served = kind(settings)
            sockets.pop_all()

    async def __aenter__(self) -> Self:
        self._stack.callback(self._socket.close)
        self._stack.callback(self._agents_socket.close)
        self._stack.push_async_callback(self.served.close)
        try:
            self.served.start()
            self.control = Control(self.served)
            self.served.services.open(self.base, self.agents_base)
            self.agents = await self._stack.enter_async_context(Agents(self.served, self.agents_base))
            self.faults = ConnectionFaults(self.served)
            await self._listen(self.agents.app(self._around()), self._agents_socket)
            await self._listen(await self._app(), self._socket)
            await self.served.begin()
        except BaseException:
            await self._stack.aclose()
            raise
        self.served.follow()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def _listen(self, app: web.Application, on: socket.socket) -> None:
        runner = web.AppRunner(app, access_log=None, logger=_log(), max_line_size=MAX_LINE)
        await runner.setup()
        self._stack.push_async_callback(runner.cleanup)
        await web.SockSite(runner, on, backlog=1024).start()

    async def _app(self) -> web.Application:
        served = self.served
        app = web.Application(middlewares=self._around(), client_max_size=MAX_JSON_BYTES)
        app.on_shutdown.append(self._halt)
        limit = RateLimit(self.address.rate_limit)
        self.control.add_routes(app)
        inside = Network.url(served.platform_id)
        mcp = await self._stack.enter_async_context(BuyerMcp(served, (inside, self.base + "/"), limit))
        mount(app, "/mcp", mcp.asgi)
        rows = list(served.operations.values())
        document = json.dumps(openapi.document(rows, [self.base], TITLE, __version__))
        _text(app, "/openapi.json", "application/json", document)
        _text(app, "/", "text/html", files("sandbox.server").joinpath("dashboard.html").read_text("utf-8"))
        _text(app, "/docs", "text/html", reference.page(rows, TITLE, self.base))
        _text(app, "/api/v2/buyer/skill.md", "text/markdown", words.skill(rows))
        Rest(served, self.base, limit).add_routes(app)
        return app

    def _around(self) -> list[Middleware]:
        """What every request passes: a fault strikes refusals too, and what it refuses itself is worded like others."""
        return [errors, self.faults.middleware, errors, _own_pages_only(self.address.host)]

    async def _halt(self, _app: web.Application) -> None:
        """Nothing that goes on in the worlds holds up the end of the server."""
        self.faults.end()
        await self.served.halt()

    def ready(self) -> dict[str, Any]:
        """The ready line: where everything is, and keys that work."""
        return {
            "status": "ready",
            "buyer_api": self.base,
            "buyer_mcp": f"{self.base}/mcp",
            "control": self.base + PREFIX,
            "dashboard": f"{self.base}/",
            "docs": f"{self.base}/docs",
            "agents": self.agents.rows(),
            "outcome_agents": self.agents.outcome.rows(),
            "customers": [{key: row[key] for key in ("id", "name", "api_key")} for row in self.control.customers()],
            "journal": self.served.journal.shown(),
            "replayed": self.served.replayed,
        }


def _listen(host: str, port: int, option: str) -> socket.socket:
    """A socket that listens. Raises :class:`InputError` when the port is taken or the host is not ours."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except (OSError, OverflowError) as error:
        number = getattr(error, "errno", None)
        why = os.strerror(number) if number is not None and number > 0 else str(error)
        if number in (errno.EADDRINUSE, errno.EACCES):
            raise InputError(f"can't listen on {host}:{port}: {why}", option, "0 finds a free port") from None
        hint = "give an address or a name of this machine"
        raise InputError(f"can't listen on {host}:{port}: {why}", "--host", hint) from None


def _url(listening: socket.socket) -> str:
    """The address at which clients reach a socket."""
    host, port = listening.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def _log() -> logging.Logger:
    """The log of the HTTP server; what clients send that is no HTTP is answered, and is nothing to log."""
    log = logging.getLogger("adcp_sandbox.http")
    if not log.filters:
        wrong = (HttpProcessingError, web.RequestPayloadError)
        log.addFilter(lambda row: not (row.exc_info and isinstance(row.exc_info[1], wrong)))
    return log


def _text(app: web.Application, path: str, content_type: str, text: str) -> None:
    """Serve a text that never changes."""

    async def handle(_request: web.Request) -> web.Response:
        return web.Response(text=text, content_type=content_type, charset="utf-8")

    app.router.add_get(path, handle)


def _own_pages_only(host: str) -> Middleware:
    """Keep pages of other sites, which a browser on this machine may show, from talking to the sandbox.

    A sandbox that listens on more than this machine has more names than it knows. Pages may use it that come from
    itself under an address: no other site can have that one.
    """
    names = {*LOCAL, host}

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        origin, named = request.headers.get("Origin"), request.headers.get("Host", host)
        name = _name(f"//{named}")
        if host in LOCAL and name not in names:
            raise ApiError("ACCESS_DENIED", f"this sandbox is not called {named}", "Host")
        if origin is not None and _name(origin) not in ({*names, name} if _is_address(name) else names):
            raise ApiError("ACCESS_DENIED", "pages of other sites may not use this sandbox", "Origin")
        return await handler(request)

    return check


def _name(url: str) -> str:
    """The host of a URL; empty if it has none."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
