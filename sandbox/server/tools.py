"""What the tools of the MCP edge do, whatever the transport: rules 5, 11, 12 and 14, conflicts C27 and C59."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from sandbox.core.errors import ApiError
from sandbox.kernel.endpoint import Operation, Reply
from sandbox.operations import Route
from sandbox.operations import help as words
from sandbox.operations.paths import Paths
from sandbox.operations.topics import guide
from sandbox.server.edge import Caller, Edge

MOST_ACTIVITY = 10
"""Rows of ``list_activity`` at most (rule 8)."""

PREFIX = "/api/v2/buyer"
"""What paths may leave out."""

SWITCHES = ("customer_switch", "switch_customer", "switch_account")
ARGUMENTS = ("operation", "pathParams", "params", "body", "method", "path", "query")


@dataclass(slots=True, frozen=True)
class Told:
    """What a tool says: ``text`` for people, ``data`` for programs; an error's ``data`` is that of rule 5."""

    text: str
    data: dict[str, Any] | None = None
    is_error: bool = False


def failed(error: Mapping[str, Any]) -> Told:
    """An error ``{code, message, field?, details?}`` as tools tell it (rule 5)."""
    data = {name: error[name] for name in ("code", "message", "field") if error.get(name) is not None}
    details = error.get("details")
    own = details.get("suggestion") if isinstance(details, dict) else None
    data["suggestion"] = own or guide().errors.get(error["code"], "")
    if details:
        data["details"] = details
    return Told(error["message"], data, is_error=True)


class Tools:
    """The tools over an edge. ``customer_switch`` is the session's affair: it lives in the MCP server.

    ``own_address`` is the address of the simulated platform within its world and for clients: answers show the
    second, requests may hold it.
    """

    def __init__(self, edge: Edge, own_address: tuple[str, str] | None = None) -> None:
        self._edge = edge
        self._inside, self._outside = own_address or ("", "")
        self._paths = Paths(edge.operations.values())
        self._dashboard = next((name for name in edge.operations if name.endswith("dashboard_url")), "the dashboard")

    @property
    def operations(self) -> list[Operation]:
        """What ``api_call`` offers."""
        return [operation for operation in self._edge.operations.values() if operation.detail.mcp]

    async def api_call(self, caller: Caller, arguments: dict[str, Any]) -> Told:
        """Do an operation; the answer is that of REST."""
        try:
            given = _readdressed(arguments, self._outside, self._inside)
        except ValueError:
            raise ApiError("VALIDATION_ERROR", "body: numbers have to be finite", "body") from None
        operation, payload = self.request(given)
        reply: Reply = await self._edge.call(caller, operation, payload)
        body = _readdressed(reply.body, self._inside, self._outside)
        return Told(json.dumps(body, ensure_ascii=False), body) if reply.ok else failed(body["error"])

    def ask(self, caller: Caller, question: Any) -> Told:
        """What there is to say to a question, and what the caller has not read yet (rule 14)."""
        if not isinstance(question, str) or not question.strip():
            raise ApiError("VALIDATION_ERROR", "question: ask something, in words", "question")
        return self._with_news(caller, words.answer(question, self._edge.operations.values()))

    def help(self, caller: Caller) -> Told:
        """What there is at all, and what the caller has not read yet (rule 14)."""
        return self._with_news(caller, words.overview(self._edge.operations.values()))

    def health(self) -> Told:
        """How the sandbox is, and what time it is in there."""
        state = self._edge.health()
        return Told(json.dumps(state), state)

    def _with_news(self, caller: Caller, text: str) -> Told:
        return Told("\n\n".join(part for part in (text, self._edge.unread(caller)) if part))

    def request(self, arguments: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        """The operation and the payload that the arguments of ``api_call`` mean, in either form (C59).

        Raises :class:`ApiError` for what is no operation, or none for this tool.
        """
        for name, value in arguments.items():
            if name not in ARGUMENTS:
                raise ApiError("VALIDATION_ERROR", f"{name}: api_call takes {', '.join(ARGUMENTS)}", name)
            if name in ("pathParams", "params", "query", "body") and not isinstance(value, dict | None):
                raise ApiError("VALIDATION_ERROR", f"{name}: give an object", name)
        params = {**(arguments.get("params") or {}), **(arguments.get("query") or {})}
        if arguments.get("operation") is not None:
            operation = self._named(arguments)
            path = dict(arguments.get("pathParams") or {})
        else:
            operation, path, more = self._routed(arguments)
            params = {**more, **params}
        self._allowed(operation)
        if operation.name == "list_activity":
            params["take"] = _at_most(params.get("take"), MOST_ACTIVITY)
        _strict_report(operation, params)
        payload = {"pathParams": path, "params": params, "body": arguments.get("body")}
        return operation.name, {name: value for name, value in payload.items() if value}

    def _named(self, arguments: dict[str, Any]) -> Operation:
        name = arguments["operation"]
        if arguments.get("path") is not None or arguments.get("method") is not None:
            raise ApiError("VALIDATION_ERROR", "operation: say operation, or method and path, not both", "operation")
        if name in SWITCHES:
            raise _switch()
        known = self._edge.operations.get(name) if isinstance(name, str) else None
        if known is None:
            raise ApiError(
                "NOT_FOUND",
                f"there is no operation {name!r}",
                "operation",
                {"suggestion": self._near(str(name))},
            )
        return known

    def _routed(self, arguments: dict[str, Any]) -> tuple[Operation, dict[str, Any], dict[str, Any]]:
        method, path = arguments.get("method"), arguments.get("path")
        if not isinstance(path, str) or not isinstance(method, str):
            raise ApiError("VALIDATION_ERROR", "operation: the field is required (or method and path)", "operation")
        try:
            split = urlsplit(path)
        except ValueError as error:
            raise ApiError("VALIDATION_ERROR", f"path: it is no path: {error}", "path") from None
        if split.path.rstrip("/").endswith("/accounts/switch"):
            raise _switch()
        found = self._paths.find(method.upper(), split.path) or self._paths.find(method.upper(), PREFIX + split.path)
        if found is None:
            suggestion = "call by the name of the operation; ask_about_capability tells which there are"
            raise ApiError(
                "NOT_FOUND", f"there is no {method.upper()} {split.path}", "path", {"suggestion": suggestion}
            )
        operation, variables = found
        return operation, {**variables, **(arguments.get("pathParams") or {})}, _query(split.query)

    def _allowed(self, operation: Operation) -> None:
        route: Route = operation.detail
        if route.mcp:
            return
        what = f"{operation.name} is not possible through MCP, over HTTP only"
        hint = f"send the person to the page that {self._dashboard} gives" if route.files else f"use {route.path}"
        raise ApiError("ACCESS_DENIED", what, "operation", {"suggestion": hint})

    def _near(self, name: str) -> str:
        import difflib

        near = difflib.get_close_matches(name, [operation.name for operation in self.operations], n=3)
        return f"did you mean {' or '.join(near)}?" if near else "ask_about_capability tells which there are"


def _readdressed(value: dict[str, Any], old: str, new: str) -> dict[str, Any]:
    """The same with another address wherever the old one stands. Raises ValueError for what is no JSON."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    found: dict[str, Any] = json.loads(text.replace(old, new) if old else text)
    return found


def _switch() -> ApiError:
    """Switching customers belongs to a tool of its own (rule 12)."""
    hint = {"suggestion": "use the tool customer_switch with customerId"}
    return ApiError("ACCESS_DENIED", "api_call can't act for another customer", "operation", hint)


def _strict_report(operation: Operation, params: Mapping[str, Any]) -> None:
    """A summary needs a breakdown here, even as a download (conflict C24)."""
    summary = operation.name == "get_reporting_metrics" and params.get("view", "summary") == "summary"
    if summary and not params.get("breakdown"):
        message = "breakdown: view=summary needs campaign, mediaBuy or package"
        raise ApiError("VALIDATION_ERROR", message, "breakdown")


def _at_most(value: Any, most: int) -> Any:
    """A number, but not more than ``most``; what is no number is left for others to refuse."""
    if value is None:
        return most
    try:
        return min(int(value), most)
    except (TypeError, ValueError):
        return value


def _query(text: str) -> dict[str, Any]:
    """The query of a path; a name that comes several times is a list."""
    found: dict[str, Any] = {}
    for name, value in parse_qsl(text, keep_blank_values=True):
        if name in found:
            before = found[name] if isinstance(found[name], list) else [found[name]]
            found[name] = [*before, value]
        else:
            found[name] = value
    return found
