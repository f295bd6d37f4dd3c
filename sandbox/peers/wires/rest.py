"""Buyer platforms: the buyer API over REST, below their address."""

from __future__ import annotations

from typing import Any

from sandbox.core.errors import ApiError
from sandbox.kernel.real import Answer, RealCall
from sandbox.operations import Route
from sandbox.operations.request_line import path_of, query_of
from sandbox.peers.wires.base import HTTP_ERROR, REDIRECT, NotUnderstood, Wire, parsed

NO_CONTENT = 204


class RestWire(Wire):
    """The payload is ``{pathParams, params, body}``; ``routes`` says where each operation is."""

    routes: dict[str, Route]

    async def ask(self, call: RealCall, payload: dict[str, Any]) -> Answer:
        """A path that can't be written is refused as the platform would refuse it."""
        route = self.routes[call.operation]
        try:
            path = path_of(route, payload.get("pathParams") or {})
        except ApiError as error:
            return Answer(False, error.status, error.body())
        query = query_of(payload.get("params") or {})
        got = await self.send(route.method, self._url + path, payload.get("body"), query=query)
        if got.status == NO_CONTENT:
            return Answer(True, got.status)
        if REDIRECT <= got.status < HTTP_ERROR:
            raise NotUnderstood(f"it redirects with status {got.status}, which is not followed")
        kind = got.headers.get("content-type", "").partition(";")[0]
        if kind == "application/json" or got.status >= HTTP_ERROR:
            return Answer(got.status < HTTP_ERROR, got.status, parsed(got.text))
        return Answer(True, got.status, {"contentType": kind, "text": got.text})
