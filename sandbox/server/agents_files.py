"""Files that agents publish, such as pictures and previews, at an address where browsers and players find them.

A world's messages name a file as ``https://<agent>.sandbox.test/files/<digest>/<name>``. Outside it is the same path
below ``/agents/<agent>`` on the agents' port: answers say so, and pages that embed other files do. It needs no token:
whoever has a digest was given it.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol

from aiohttp import web

from sandbox.kernel.network import DOMAIN

if TYPE_CHECKING:
    from sandbox.kernel.endpoint import Reply
    from sandbox.server.served import Served

_INSIDE = re.compile(rf"https://([a-z0-9_-]+)\.{re.escape(DOMAIN)}/files/", re.IGNORECASE)

_HEADERS = {
    "Content-Security-Policy": "sandbox allow-popups",
    "X-Content-Type-Options": "nosniff",
    "Access-Control-Allow-Origin": "*",
}
"""What is served may be somebody's page: it gets no rights here."""


class Shelf(Protocol):
    """What an agent publishes."""

    def read(self, digest: str, name: str) -> tuple[str, bytes]:
        """Content type and bytes. Raises :class:`KeyError` if there is no such file, or not any more."""
        ...


class AgentsFiles:
    """The files of all agents in all customers' worlds; ``base`` is the address of the port."""

    def __init__(self, served: Served, base: str) -> None:
        self._served = served
        self._base = base

    def add_routes(self, app: web.Application) -> None:
        """Add the route of files."""
        app.router.add_get("/agents/{agent}/files/{digest}/{name}", self._get)

    def outside(self, reply: Reply) -> Reply:
        """An answer whose addresses of published files, whoever published them, can be reached from outside."""
        text = reply.json()
        if "/files/" not in text:
            return replace(reply, text=text)
        return replace(reply, body=self._reachable(reply.body), text="")

    def _reachable(self, value: Any) -> Any:
        if isinstance(value, str):
            return _INSIDE.sub(rf"{self._base}/agents/\1/files/", value)
        if isinstance(value, dict):
            return {name: self._reachable(inner) for name, inner in value.items()}
        return [self._reachable(inner) for inner in value] if isinstance(value, list) else value

    async def _get(self, request: web.Request) -> web.Response:
        asked = request.match_info
        for host in self._served.hosts.values():
            shelf: Shelf | None = getattr(host.world.actors.get(asked["agent"]), "shelf", None)
            if shelf is None:
                continue
            try:
                content_type, content = shelf.read(asked["digest"], asked["name"])
            except KeyError:
                continue
            if content_type == "text/html":
                content = self._reachable(content.decode()).encode()
            charset = "utf-8" if content_type.startswith("text/") else None
            return web.Response(body=content, content_type=content_type, charset=charset, headers=_HEADERS)
        raise web.HTTPNotFound(text="there is no such file, or it has expired")
