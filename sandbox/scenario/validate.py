"""Data against a pydantic model, with errors at the line of the file and in words for people."""

from __future__ import annotations

from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from sandbox.scenario import references
from sandbox.scenario.conditions import KINDS
from sandbox.scenario.source import Document, Where

M = TypeVar("M", bound=BaseModel)


def validated(model: type[M], data: Any, document: Document, at: Where) -> M:
    """``data``, which stands at ``at`` in the document, as a model; the first error becomes an InputError."""
    try:
        return model.model_validate(data)
    except ValidationError as error:
        first = min(error.errors(include_url=False), key=lambda found: _order(document, data, at, found))
        where, rest = _located(data, first["loc"])
        message, hint = _worded(first, rest, model, where)
        raise document.error(message, (*at, *where), hint) from None


def _located(data: Any, loc: tuple[int | str, ...]) -> tuple[Where, Where]:
    """The part of a pydantic location that the data has, and what is left of it."""
    where: list[int | str] = []
    rest: list[int | str] = []
    for part in loc:
        in_list = isinstance(data, list) and isinstance(part, int) and part < len(data)
        if in_list or (isinstance(data, dict) and part in data):
            data = data[part]
            where.append(part)
        elif not (isinstance(part, str) and part.startswith("<")):
            rest.append(part)
    return tuple(where), tuple(rest)


def _order(document: Document, data: Any, at: Where, found: Any) -> tuple[bool, str, int]:
    """Errors go by line; what is missing comes last, since a misspelt field further down may explain it."""
    where, _ = _located(data, found["loc"])
    name, _, line = document.place((*at, *where)).rpartition(":")
    return found["type"] == "missing", name, int(line) if line.isdigit() else 0


def _worded(found: Any, rest: Where, model: type[BaseModel], where: Where) -> tuple[str, str]:
    """An error of pydantic in our words, and a hint."""
    kind = found["type"]
    if kind == "extra_forbidden":
        field = str(found["loc"][-1])
        return f"unknown field {field!r}", references.hint(field, _fields(model, found["loc"][:-1]))
    if kind == "missing":
        return f"{'.'.join(str(part) for part in rest)!r} is missing", ""
    message = str(found["msg"]).removeprefix("Value error, ").removeprefix("Assertion failed, ")
    subject = str(where[-1]) if where and isinstance(where[-1], str) else ""
    value = found.get("input")
    seen = f", not {references.shown(value, 60)}" if isinstance(value, (str, int, float)) else ""
    seen = "" if kind in ("value_error", "condition") else seen
    message = message[:1].lower() + message[1:]
    return (f"{subject}: {message}{seen}" if subject else f"{message}{seen}"), ""


def _fields(model: type[BaseModel], loc: tuple[int | str, ...]) -> list[str]:
    """The fields that exist at a location, in the words of the file."""
    nested: list[type[BaseModel]] = [model]
    for part in loc:
        if isinstance(part, str) and part.startswith("<"):
            nested = [kind for kind in KINDS if f"<{kind.key}>" == part]
        elif isinstance(part, str):
            fields = [f for m in nested for n, f in m.model_fields.items() if part in (n, f.alias)]
            nested = [found for field in fields for found in _models(field.annotation)] or nested
    return [field.alias or name for one in nested for name, field in one.model_fields.items()]


def _models(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    inner = getattr(annotation, "__args__", ())
    return [found for part in inner for found in _models(part)]
