"""The REST side of the one door: who calls, what a valid request is, what answers and errors look like."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ValidationError

from sandbox.core.errors import AdcpError, ApiError
from sandbox.kernel.endpoint import Context, Operation, Principal, Reply
from sandbox.operations.operation import Request, Route, Upload

PARTS = ("pathParams", "params", "body", "files")
"""The parts of a request, as ``api_call`` names them (rule 11)."""


class RestDialect:
    """Opens requests ``{pathParams, params, body}`` by their operation's :class:`Route`.

    ``tenant`` finds the customer of a principal, which handlers get as ``ctx.notes["tenant"]``; without one
    the request is UNAUTHORIZED. ``path_aliases`` maps a path parameter to other names that callers may give
    it (conflict C27). ``on_done`` is told of every operation that has succeeded, with what its handler returned.
    ``doubles`` are keys of answers that stand there a second time under another name (conflict C40).
    """

    def __init__(
        self,
        tenant: Callable[[Principal], Any],
        path_aliases: Mapping[str, tuple[str, ...]] | None = None,
        on_done: Callable[[Context, Operation, Request, Any], None] | None = None,
        doubles: Mapping[str, str] | None = None,
    ) -> None:
        self._tenant = tenant
        self._path_aliases = path_aliases or {}
        self._on_done = on_done
        self._doubles = doubles or {}

    def open(self, ctx: Context, operation: Operation, payload: dict[str, Any]) -> Request:
        """The checked request. Raises :class:`ApiError` UNAUTHORIZED or VALIDATION_ERROR."""
        route: Route = operation.detail
        tenant = self._tenant(ctx.principal)
        if tenant is None and not route.public:
            raise ApiError("UNAUTHORIZED", f"{ctx.principal.id!r} is no customer of {ctx.actor.id}")
        ctx.notes["tenant"] = tenant
        for part, value in payload.items():
            if part not in PARTS:
                raise _invalid(part, f"a request has {', '.join(PARTS)}")
            if value is not None and not isinstance(value, list if part == "files" else dict):
                raise _invalid(part, "give a list" if part == "files" else "give an object")
        ctx.notes["request"] = request = Request(
            path=self._path(route, payload.get("pathParams") or {}),
            params=_read(route.params, payload.get("params"), "query parameter", strict=False),
            body=_read(route.body, payload.get("body"), "field", strict=True),
            files=_files(route, payload.get("files") or []),
        )
        return request

    def _path(self, route: Route, given: dict[str, Any]) -> dict[str, str]:
        left = dict(given)
        path: dict[str, str] = {}
        for name in route.path_params:
            spelling = next((n for n in (name, *self._path_aliases.get(name, ())) if n in left), None)
            value = left.pop(spelling) if spelling is not None else None
            if isinstance(value, bool) or not isinstance(value, str | int) or value == "":
                raise _invalid(f"pathParams.{name}", f"{route.path} needs it")
            path[name] = str(value)
        for name in left:
            raise _invalid(f"pathParams.{name}", f"{route.path} has no such parameter")
        return path

    def close(self, ctx: Context, operation: Operation, payload: dict[str, Any], result: Any) -> Reply:
        """The answer in its envelope (conflict C41); nothing at all for 204."""
        route: Route = operation.detail
        if self._on_done is not None:
            self._on_done(ctx, operation, ctx.notes["request"], result)
        if route.success_status == 204:
            return Reply(True, {}, 204)
        if route.envelope == "data":
            body = {"data": result}
        elif route.envelope == "mirror":
            body = {**result, "data": result}
        else:
            body = result
        return Reply(True, self._doubled(body) if self._doubles else body, route.success_status)

    def _doubled(self, value: Any) -> Any:
        """A body in which some keys stand a second time, in another spelling."""
        if isinstance(value, list):
            return [self._doubled(item) for item in value]
        if not isinstance(value, dict):
            return value
        body = {key: self._doubled(item) for key, item in value.items()}
        return body | {self._doubles[key]: item for key, item in body.items() if key in self._doubles}

    def fail(self, ctx: Context, payload: dict[str, Any], error: AdcpError | ApiError) -> Reply:
        """The error's body and status (rules 3 and 4).

        An agent's error that a handler let through is a hard failure (rule 6): its own words are in
        ``details``.
        """
        if isinstance(error, AdcpError):
            details = {"code": error.code, "message": error.message, "field": error.field}
            error = ApiError("INTERNAL_ERROR", f"an agent failed: {error}", details={"agentError": details})
        return Reply(False, error.body(), error.status)

    def unknown(self, ctx: Context, known: Iterable[str]) -> ApiError:
        """NOT_FOUND with the nearest operations."""
        near = difflib.get_close_matches(ctx.operation, list(known), n=3)
        hint = f"; did you mean {' or '.join(near)}?" if near else ""
        return ApiError("NOT_FOUND", f"there is no operation {ctx.operation!r}{hint}", field="operation")


def _files(route: Route, given: list[Any]) -> list[Upload]:
    if given and not route.files:
        raise _invalid("files", "the operation takes no files")
    try:
        return [Upload(**file) for file in given]
    except TypeError:
        raise _invalid("files", "a file has filename, content_type, size and sha256") from None


def _read(model: type[BaseModel] | None, given: dict[str, Any] | None, what: str, *, strict: bool) -> BaseModel | None:
    """Read a part of the request by its model.

    Query values may come as text, so they are read leniently (rule 11); bodies are JSON and read strictly.
    """
    if model is None:
        for name in given or {}:
            raise _invalid(name, f"the operation takes no {what}s")
        return None
    try:
        return model.model_validate(given or {}, strict=strict)
    except ValidationError as error:
        raise _refusal(model, error, what) from None


def _refusal(model: type[BaseModel], error: ValidationError, what: str) -> ApiError:
    """A VALIDATION_ERROR about the first thing that is wrong, with all others in ``details``."""
    issues = [
        {"field": _field(issue["loc"]), "message": _words(model, issue, what)}
        for issue in error.errors(include_url=False, include_context=False, include_input=False)
    ]
    first = issues[0]
    details = {"issues": issues} if len(issues) > 1 else None
    return ApiError("VALIDATION_ERROR", f"{first['field']}: {first['message']}", first["field"], details)


def _words(model: type[BaseModel], issue: Any, what: str) -> str:
    """What is wrong and what would be right."""
    if issue["type"] == "missing":
        return f"the {what} is required"
    if issue["type"] == "extra_forbidden":
        known = _fields_at(model, issue["loc"][:-1])
        near = difflib.get_close_matches(str(issue["loc"][-1]), known, n=2)
        hint = f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(known)}"
        return f"unknown {what}" + (f"; {hint}" if known else "")
    return str(issue["msg"]).removeprefix("Value error, ")


def _fields_at(model: type[BaseModel], where: Sequence[int | str]) -> list[str]:
    """The wire names of the fields of the model at a place within another."""
    current: Any = model
    for step in where:
        if isinstance(step, int):
            continue
        fields = getattr(current, "model_fields", {})
        field = next((f for n, f in fields.items() if step in (n, f.alias)), None)
        current = _model_in(field.annotation) if field is not None else None
    return [field.alias or name for name, field in getattr(current, "model_fields", {}).items()]


def _model_in(annotation: Any) -> Any:
    """The model that an annotation such as ``list[Model] | None`` speaks of; None if there is none."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    parts = getattr(annotation, "__args__", ())
    return next((found for part in parts if (found := _model_in(part)) is not None), None)


def _field(where: Sequence[int | str]) -> str:
    """A place as the wire names it: ``flightDates.startDate``, ``products[0].budget``."""
    text = ""
    for step in where:
        if isinstance(step, int):
            text += f"[{step}]"
        else:
            text += f".{step}" if text else step
    return text


def _invalid(field: str, why: str) -> ApiError:
    return ApiError("VALIDATION_ERROR", f"{field}: {why}", field)
