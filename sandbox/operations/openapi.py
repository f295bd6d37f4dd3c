"""The OpenAPI 3.1 document of operations: what the rows of the registry say, in the form that tools read.

Only canonical paths are listed; further paths of the same operation stand under ``x-aliases``. ``x-rules`` are
the rules that an operation keeps, ``x-mcp`` says whether the MCP tool ``api_call`` offers it.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Sequence
from typing import Any

from sandbox.core.errors import API_STATUS
from sandbox.kernel.endpoint import Operation
from sandbox.operations.operation import Route
from sandbox.operations.schemas import Schema, Schemas, markdown

ABOUT = (
    "The simulated buyer platform. Send `Authorization: Bearer <API key>`. Bodies are in camelCase, those that follow "
    "AdCP in snake_case; the snake_case spelling of a camelCase field, and a number where an id is wanted, are taken "
    "too. Instants are ISO 8601; answers give simulated time."
)
ERROR_ABOUT = {
    "VALIDATION_ERROR": "the request is not as it should be",
    "UNAUTHORIZED": "no API key, or an unknown one",
    "ACCESS_DENIED": "the caller may not do it",
    "NOT_FOUND": "there is no such thing",
    "CONFLICT": "the thing is in another state by now",
    "RATE_LIMITED": "too many requests",
    "INVALID_STATE": "the state of the thing does not allow it",
    "INTERNAL_ERROR": "the platform, or an agent behind it, failed",
}
PAGES = ({"contentType", "text"}, {"contentType", "text", "trusted"}, {"contentType", "file"})
"""Answers of exactly these keys are pages or files, not JSON."""

_VARIABLE = re.compile(r"\{\w+\}")


def document(operations: Iterable[Operation], servers: Sequence[str], title: str, version: str) -> dict[str, Any]:
    """Describe the operations. Raises ``ValueError`` if two of them can't be told apart by method and path."""
    rows = by_path(operations)
    schemas = Schemas(rows)
    paths: dict[str, dict[str, Any]] = {}
    for operation in rows:
        route: Route = operation.detail
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(operation, route, schemas)
    responses = {f"Error{status}": _error(status) for status in _statuses()}
    return {
        "openapi": "3.1.0",
        "info": {"title": title, "version": version, "description": ABOUT},
        "servers": [{"url": server} for server in servers],
        "security": [{"bearer": []}],
        "tags": [{"name": name} for name in dict.fromkeys(operation.detail.group for operation in rows)],
        "paths": paths,
        "components": {
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer", "description": "The API key"}},
            "responses": responses,
            "schemas": schemas.reachable(paths),
        },
    }


def by_path(operations: Iterable[Operation]) -> list[Operation]:
    """The operations in the order of their paths, with fixed words before variables in the same place.

    Raises ``ValueError`` if two of them have the same method and path, or name the same variable differently.
    """
    rows = list(operations)
    owners: dict[tuple[str, str], str] = {}
    spellings: dict[str, str] = {}
    for operation in rows:
        route: Route = operation.detail
        for path in (route.path, *route.aliases):
            shape = _VARIABLE.sub("{}", path)
            other = owners.setdefault((route.method, shape), operation.name)
            if other != operation.name:
                raise ValueError(f"{operation.name} and {other} are both {route.method} {path}")
        spelling = spellings.setdefault(_VARIABLE.sub("{}", route.path), route.path)
        if spelling != route.path:
            raise ValueError(f"{operation.name}: {route.path} is {spelling} elsewhere; name its variables alike")
    return sorted(rows, key=lambda row: [(s.startswith("{"), s) for s in row.detail.path.split("/")])


def _operation(operation: Operation, route: Route, schemas: Schemas) -> dict[str, Any]:
    _, _, rest = inspect.cleandoc(operation.handler.__doc__ or "").partition("\n")
    row: dict[str, Any] = {
        "operationId": operation.name,
        "tags": [route.group],
        "summary": markdown(route.summary),
        "parameters": [*map(_path_parameter, route.path_params), *_query(operation.name, schemas)],
        "responses": {
            str(route.success_status): _success(operation.name, route, schemas),
            **{str(status): {"$ref": f"#/components/responses/Error{status}"} for status in _statuses()},
        },
        "x-mcp": route.mcp,
    }
    if rest.strip():
        row["description"] = markdown(rest.strip())
    body = _body(operation.name, route, schemas)
    if body is not None:
        row["requestBody"] = body
    if route.public:
        row["security"] = []
    if route.aliases:
        row["x-aliases"] = list(route.aliases)
    if route.rules:
        row["x-rules"] = list(route.rules)
    return row


def _path_parameter(name: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}


def _query(name: str, schemas: Schemas) -> list[dict[str, Any]]:
    """The parameters of a query: a list is given by repeating its name, or separated by commas."""
    schema = schemas.of(name, "params")
    if schema is None:
        return []
    shape = schemas.resolved(schema)
    required = shape.get("required", [])
    return [
        {"name": field, "in": "query", "required": field in required, "schema": _not_null(inner)}
        for field, inner in shape.get("properties", {}).items()
    ]


def _not_null(schema: Schema) -> Schema:
    """A schema without null: what is absent from a query is left out, there is no word for null."""
    choices = [choice for choice in schema.get("anyOf", []) if choice != {"type": "null"}]
    if len(choices) == 1:
        return {**{name: value for name, value in schema.items() if name != "anyOf"}, **choices[0]}
    return {**schema, "anyOf": choices} if choices else schema


def _body(name: str, route: Route, schemas: Schemas) -> dict[str, Any] | None:
    schema = schemas.of(name, "body")
    if schema is None and not route.files:
        return None
    shape = schemas.resolved(schema or {})
    required = bool(shape.get("required") or shape.get("anyOf"))
    content: dict[str, Any] = {"application/json": {"schema": schema}} if schema is not None else {}
    if route.public and schema is not None:
        content["application/x-www-form-urlencoded"] = {"schema": schema}
    if route.files:
        file = {"type": "string", "format": "binary"}
        form: Schema = {
            "type": "object",
            "properties": {
                "metadata": schema or {"type": "object"},
                "files": {"type": "array", "items": file, "maxItems": 20},
            },
        }
        if required:
            form["required"] = ["metadata"]
        encoding = {"metadata": {"contentType": "application/json"}}
        content["multipart/form-data"] = {"schema": form, "encoding": encoding}
    return {"required": required, "content": content}


def _success(name: str, route: Route, schemas: Schemas) -> dict[str, Any]:
    if route.success_status == 204:
        return {"description": "Done; there is nothing to say"}
    if route.success_status == 302:
        location = {"schema": {"type": "string", "format": "uri"}, "required": True}
        return {"description": markdown(route.summary), "headers": {"Location": location}}
    answer = schemas.of(name, "answer") or {}
    described = {"description": schemas.resolved(answer).get("description") or markdown(route.summary) or "The answer"}
    shapes = [shape.get("properties", {}) for shape in schemas.objects(answer)]
    if shapes and all(set(shape) in PAGES for shape in shapes):
        types = {one: {"schema": {"type": "string"}} for shape in shapes for one in _words(shape["contentType"])}
        return {**described, "content": types}
    return {**described, "content": {"application/json": {"schema": _enveloped(name, route, answer, schemas)}}}


def _words(kind: Schema) -> list[str]:
    """The content types that a page or file may have."""
    return [kind["const"]] if "const" in kind else kind.get("enum", ["*/*"])


def _enveloped(name: str, route: Route, answer: Schema, schemas: Schemas) -> Schema:
    """The answer in its envelope (conflict C41)."""
    if route.envelope == "bare":
        return answer
    wrapped: Schema = {"type": "object", "properties": {"data": answer}, "required": ["data"]}
    if route.envelope == "data":
        return {**wrapped, "additionalProperties": False}
    shape = schemas.resolved(answer)
    if answer and shape.get("type") != "object":
        raise ValueError(f"{name}: only an object can stand both bare and under data")
    return {
        "type": "object",
        "description": "The same twice: as it is, and under `data`",
        "properties": {**shape.get("properties", {}), "data": answer},
        "required": [*shape.get("required", []), "data"],
        "additionalProperties": shape.get("additionalProperties", True),
    }


def _statuses() -> list[int]:
    return sorted(set(API_STATUS.values()))


def _error(status: int) -> dict[str, Any]:
    """The answer to a request that failed (rules 3 and 4)."""
    codes = [code for code, its in API_STATUS.items() if its == status]
    error: Schema = {
        "type": "object",
        "properties": {
            "code": {"enum": codes},
            "message": {"type": "string"},
            "field": {"type": "string", "description": "The field that is wrong"},
            "details": {"type": "object"},
        },
        "required": ["code", "message"],
        "additionalProperties": False,
    }
    schema: Schema = {
        "type": "object",
        "properties": {"data": {"type": "null"}, "error": error},
        "required": ["data", "error"],
        "additionalProperties": False,
    }
    row: dict[str, Any] = {
        "description": "; ".join(f"{code}: {ERROR_ABOUT[code]}" for code in codes),
        "content": {"application/json": {"schema": schema}},
    }
    if status == 429:
        row["headers"] = {"Retry-After": {"schema": {"type": "integer"}, "description": "Seconds to wait"}}
    return row
