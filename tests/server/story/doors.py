"""Two doors to the same platform: requests over HTTP, and the tool ``api_call`` of the MCP server."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Literal, Protocol
from urllib.parse import quote, urlencode

from anyio.from_thread import BlockingPortal, start_blocking_portal
from mcp import Client

from agents.buyer import api
from sandbox.kernel.endpoint import Operation
from sandbox.operations import Route
from sandbox.operations.answer import check_answer
from tests.server.conftest import KEY, Live
from tests.server.fake_mcp import connected

Json = dict[str, Any]
Form = Literal["operation", "path"]

OPERATIONS: dict[str, Operation] = {operation.name: operation for operation in api.operations()}


class Door(Protocol):
    """A way to do operations. What succeeds is checked against the type that the operation says it answers."""

    live: Live
    called: set[str]

    def do(
        self,
        operation: str,
        body: Any = None,
        *,
        params: Any = None,
        files: Any = None,
        bearer: str | None = None,
        **path: Any,
    ) -> Json:
        """Do an operation that must succeed; gives its answer, ``{}`` if that has no body."""
        ...

    def refused(self, operation: str, body: Any = None, *, params: Any = None, **path: Any) -> Json:
        """Do an operation that must fail; gives ``{code, message, field?, details?}``."""
        ...


class HttpDoor:
    """The REST edge: method and path of the operation's row."""

    def __init__(self, live: Live) -> None:
        self.live = live
        self.called: set[str] = set()

    def do(
        self,
        operation: str,
        body: Any = None,
        *,
        params: Any = None,
        files: Any = None,
        bearer: str | None = None,
        **path: Any,
    ) -> Json:
        """As a request; with ``files`` the body is the metadata of a form, with ``bearer`` that is the token."""
        route = route_of(operation)
        form = {"files": [("metadata", (None, json.dumps(body), "application/json")), *files]} if files else {}
        sent = {"json": body} if body is not None and not files else form
        answer = self.live.send(route.method, address(route, path), params=params, key=bearer or key_for(route), **sent)
        where = f"{operation}: {answer.status_code} {answer.text[:1000]}"
        assert answer.status_code == route.success_status, where
        self.called.add(operation)
        if answer.status_code == 302:
            return {"location": answer.headers["Location"]}
        if answer.headers.get("Content-Type", "").startswith("application/json") or not answer.content:
            shown: Json = answer.json() if answer.content else {}
            checked(route, shown)
            return shown
        return {"contentType": answer.headers["Content-Type"], "content": answer.content}

    def refused(self, operation: str, body: Any = None, *, params: Any = None, **path: Any) -> Json:
        """As a request that is answered 4xx."""
        route = route_of(operation)
        sent = {} if body is None else {"json": body}
        answer = self.live.send(route.method, address(route, path), params=params, key=key_for(route), **sent)
        assert answer.status_code >= 400, f"{operation} succeeded: {answer.text[:500]}"
        error: Json = answer.json()["error"]
        return error


class McpDoor:
    """The MCP edge, in one form of ``api_call`` or the other (conflict C59). What it lacks goes over HTTP."""

    def __init__(self, live: Live, client: Client, portal: BlockingPortal, form: Form) -> None:
        self.live = live
        self.called: set[str] = set()
        self._form = form
        self._client, self._portal = client, portal
        self._http = HttpDoor(live)

    def do(
        self,
        operation: str,
        body: Any = None,
        *,
        params: Any = None,
        files: Any = None,
        bearer: str | None = None,
        **path: Any,
    ) -> Json:
        """As a call of the tool, if it offers the operation."""
        route = route_of(operation)
        if files or not route.mcp:
            return self._http.do(operation, body, params=params, files=files, bearer=bearer, **path)
        result = self._call(route, operation, body, params, path)
        assert not result.is_error, f"{operation}: {result.content}"
        self.called.add(operation)
        shown: Json = result.structured_content
        assert json.loads(result.content[0].text) == shown
        checked(route, shown)
        return shown

    def refused(self, operation: str, body: Any = None, *, params: Any = None, **path: Any) -> Json:
        """As a call of the tool that ends in an error."""
        result = self._call(route_of(operation), operation, body, params, path)
        assert result.is_error, f"{operation} succeeded: {result.content}"
        error: Json = result.structured_content
        return error

    def _call(self, route: Route, operation: str, body: Any, params: Any, path: Mapping[str, Any]) -> Any:
        asked = {name: texts(value) for name, value in (params or {}).items()}
        if self._form == "operation":
            arguments: Json = {"operation": operation, "pathParams": dict(path), "params": asked}
        else:
            query = urlencode(asked, doseq=True)
            arguments = {"method": route.method, "path": address(route, path) + (f"?{query}" if query else "")}
        if body is not None:
            arguments["body"] = body
        return self._portal.call(self._client.call_tool, "api_call", {k: v for k, v in arguments.items() if v != {}})


@contextmanager
def mcp_door(live: Live, form: Form) -> Iterator[McpDoor]:
    """A session with the MCP server of a sandbox."""
    session = connected(live.line["buyer_mcp"], KEY)
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(session) as client:
        yield McpDoor(live, client, portal, form)


def route_of(operation: str) -> Route:
    """The row of an operation."""
    route: Route = OPERATIONS[operation].detail
    return route


def address(route: Route, path: Mapping[str, Any]) -> str:
    """The path of a route with its variables filled in."""
    assert set(path) == set(route.path_params), f"{route.path} has {route.path_params}, not {tuple(path)}"
    return route.path.format(**{name: quote(str(value), safe="") for name, value in path.items()})


def key_for(route: Route) -> str | None:
    return None if route.public else KEY


def texts(value: Any) -> Any:
    """A value of a query as agents send it: always text (rule 11)."""
    if isinstance(value, list):
        return [texts(one) for one in value]
    return value if isinstance(value, str) else json.dumps(value)


def checked(route: Route, shown: Json) -> None:
    """Fail unless an answer is of the type that its row says."""
    check_answer(route, shown)
