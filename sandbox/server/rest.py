"""The REST edge: a route for each operation, from the rows of the registry."""

from __future__ import annotations

import json
import re
import traceback
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import quote

import orjson
from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from sandbox.core.errors import ApiError
from sandbox.kernel.endpoint import Operation, Reply
from sandbox.kernel.network import Network
from sandbox.operations import Route
from sandbox.server.bodies import MAX_JSON_BYTES, parse_form, parse_object, refused
from sandbox.server.edge import Caller
from sandbox.server.limits import RateLimit
from sandbox.server.served import Served
from sandbox.server.uploads import read_multipart

PAGE = frozenset({"contentType", "text"})
"""An answer of exactly these keys is a page for a browser; with ``trusted`` too, one of our own."""

FILE = frozenset({"contentType", "file"})
"""An answer of exactly these keys is a stored file, by its digest."""

TRUSTED = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}
"""Headers of our own pages."""

SAFE = {
    "Content-Security-Policy": "default-src 'self' https: data: blob: 'unsafe-inline'; sandbox allow-scripts",
    "X-Content-Type-Options": "nosniff",
}
"""Headers of what clients have sent and a browser may show: it runs by itself, without a way back to us."""

IN_URLS = "!#$%&'()*+,/:;=?@[]~"
"""What stands in a URL as it is, besides letters and digits."""

_VARIABLE = re.compile(r"\{\w+\}")

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Rest:
    """Serves the operations under the paths of their rows.

    ``base`` is the address at which clients reach us: what the simulated platform calls its own address is
    turned into it on the way out, and back on the way in.
    """

    def __init__(self, served: Served, base: str, limit: RateLimit) -> None:
        self.served = served
        self._limit = limit
        self._outside = base.rstrip("/") + "/"
        self._inside = Network.url(served.platform_id)

    def add_routes(self, app: web.Application) -> None:
        """Enter all routes; those without a variable go before those that have one in the same place."""
        rows = [
            (path, operation)
            for operation in self.served.operations.values()
            for path in (operation.detail.path, *operation.detail.aliases)
        ]
        for path, operation in sorted(rows, key=lambda row: _VARIABLE.sub("~", row[0])):
            app.router.add_route(operation.detail.method, path, self._handler(operation), expect_handler=None)

    def _handler(self, operation: Operation) -> Handler:
        route: Route = operation.detail

        async def handle(request: web.Request) -> web.StreamResponse:
            if route.public:
                payload = await self._payload(request, route)
                reply = await self.served.call_public(operation.name, payload, bearer(request))
            else:
                caller = self._caller(request)
                payload = await self._payload(request, route)
                reply = await self.served.call(caller, operation.name, payload)
            return self._response(reply)

        return handle

    def _caller(self, request: web.Request) -> Caller:
        key = bearer(request)
        if key is None:
            raise ApiError("UNAUTHORIZED", "send the header Authorization: Bearer <API key>")
        caller = self.served.caller(key)
        if caller is None:
            raise ApiError("UNAUTHORIZED", "the API key is not known")
        self._limit.admit(caller.principal)
        return caller

    async def _payload(self, request: web.Request, route: Route) -> dict[str, Any]:
        """The request as ``{pathParams, params, body, files}``."""
        payload: dict[str, Any] = {"pathParams": dict(request.match_info)} if request.match_info else {}
        if request.query_string:
            values: dict[str, list[str]] = {}
            for name, value in request.query.items():
                values.setdefault(name, []).append(value)
            payload["params"] = {name: one[0] if len(one) == 1 else one for name, one in values.items()}
        if not request.body_exists:
            return payload
        if request.headers.get("Content-Encoding", "identity") != "identity":
            raise refused("Content-Encoding", "send the body as it is, not compressed")
        if request.content_type == "multipart/form-data" and route.files:
            payload["body"], payload["files"] = await read_multipart(request, self.served.files, self._in)
            return payload
        raw = await _body(request)
        if not raw:
            return payload
        if request.content_type == "application/x-www-form-urlencoded" and route.public:
            payload["body"] = parse_form(raw)
            return payload
        if request.content_type != "application/json":
            also = " or multipart/form-data" if route.files else ""
            raise refused("Content-Type", f"send application/json{also}, not {request.content_type}")
        payload["body"] = parse_object(self._in(raw))
        return payload

    def _response(self, reply: Reply) -> web.StreamResponse:
        if reply.status == 204:
            return web.Response(status=204)
        body = reply.body
        if reply.status == 302:
            return web.Response(status=302, headers={"Location": quote(body["location"], safe=IN_URLS)})
        if body.keys() - {"trusted"} == PAGE:
            text, headers = self._out(str(body["text"])), TRUSTED if body.get("trusted") else SAFE
            return web.Response(text=text, content_type=body["contentType"], charset="utf-8", headers=headers)
        if body.keys() == FILE:
            return web.Response(
                body=self.served.files.get(body["file"]), content_type=body["contentType"], headers=SAFE
            )
        raw = _json(body).replace(self._inside.encode(), self._outside.encode())
        return web.Response(body=raw, status=reply.status, content_type="application/json", charset="utf-8")

    def _in(self, raw: bytes) -> bytes:
        return raw.replace(self._outside.encode(), self._inside.encode())

    def _out(self, text: str) -> str:
        return text.replace(self._inside, self._outside)


def _json(body: dict[str, Any]) -> bytes:
    """The body's JSON. What orjson does not take, such as a client's number of 30 digits, the slower encoder does."""
    try:
        return orjson.dumps(body)
    except TypeError:
        return json.dumps(body).encode()


def bearer(request: web.Request) -> str | None:
    """The token of a request; None if it has none."""
    header = request.headers.get("Authorization", "").encode("utf-8", "replace").decode()  # it may be no text at all
    scheme, _, token = header.partition(" ")
    return token.strip() if scheme.lower() == "bearer" and token.strip() else None


async def _body(request: web.Request) -> bytes:
    if (request.content_length or 0) > MAX_JSON_BYTES:
        raise refused("body", f"it is larger than {MAX_JSON_BYTES} bytes")
    try:
        return await request.read()
    except web.HTTPRequestEntityTooLarge:
        raise refused("body", f"it is larger than {MAX_JSON_BYTES} bytes") from None


@web.middleware
async def errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn everything that goes wrong into the seeds' error body (rule 3); our own mistakes into 500."""
    try:
        return await handler(request)
    except ApiError as error:
        return failure(error)
    except (web.RequestPayloadError, HttpProcessingError):
        return failure(refused("body", "it is not what its headers say"))
    except web.HTTPNotFound:
        return failure(ApiError("NOT_FOUND", f"there is nothing at {request.path}"))
    except web.HTTPMethodNotAllowed as error:
        allowed = ", ".join(sorted(error.allowed_methods))
        refusal = ApiError("VALIDATION_ERROR", f"{request.path} takes {allowed}, not {request.method}", "method")
        return failure(refusal, 405, {"Allow": allowed})
    except web.HTTPException as error:
        if error.status < 400:
            raise
        return failure(ApiError("VALIDATION_ERROR", error.reason), error.status)
    except OSError as error:
        return failure(ApiError("INTERNAL_ERROR", str(error)))
    except Exception:  # noqa: BLE001 - a mistake of ours is an answer too
        traceback.print_exc()
        return failure(ApiError("INTERNAL_ERROR", "a mistake of the sandbox; the server's log has it in full"))


def failure(error: ApiError, status: int | None = None, headers: dict[str, str] | None = None) -> web.Response:
    """The answer to a request that is refused."""
    headers = dict(headers or {})
    if error.code == "RATE_LIMITED" and error.details:
        headers["Retry-After"] = str(error.details["retryAfterSeconds"])
    if error.code == "UNAUTHORIZED":
        headers["WWW-Authenticate"] = "Bearer"
    return web.json_response(error.body(), status=status or error.status, headers=headers)
