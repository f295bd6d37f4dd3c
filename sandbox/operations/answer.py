"""Answers as types: what every operation says it returns, and a check that it does.

The types are ``TypedDict`` classes of ``typing_extensions`` with the keys as they stand on the wire; keys that
are absent at times are ``NotRequired``. What is not in a type must not be in an answer.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError, WithJsonSchema

from sandbox.operations.operation import Route

When = Annotated[str, WithJsonSchema({"type": "string", "format": "date-time"})]
"""An instant in an answer, as ISO 8601 text."""

Day = Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$"), WithJsonSchema({"type": "string", "format": "date"})]
"""A day in an answer: ``2026-05-01``."""

Url = Annotated[str, WithJsonSchema({"type": "string", "format": "uri"})]
"""An address in an answer."""

Money = float
"""An amount in an answer, in units of currency."""


@lru_cache(maxsize=1024)
def adapter(answer: Any, extra: Literal["forbid", "ignore"] = "forbid") -> TypeAdapter[Any]:
    """Reads ``(value,)`` strictly by an answer's type; keys that are not in the type are refused, or let pass.

    A ``TypedDict`` takes no settings from outside but those of what holds it: hence the tuple.
    """
    return TypeAdapter(tuple[answer], config=ConfigDict(extra=extra, strict=True))


def check_answer(route: Route, body: Any) -> None:
    """Raise ``ValueError`` if the body of a successful answer is not what its operation says it returns.

    ``body`` is what the edge sends, in its envelope (conflict C41).
    """
    if route.success_status == 204:
        if body != {}:
            raise ValueError(f"{route.path}: an answer 204 has no body")
        return
    result = body
    if route.envelope != "bare":
        result = body["data"]
        if body != ({"data": result} if route.envelope == "data" else {**result, "data": result}):
            raise ValueError(f"{route.path}: the envelope {route.envelope} is not kept")
    if route.answer is not None:
        adapter(route.answer).validate_python((result,))


def unreadable(route: Route, body: Any) -> str:
    """Why a caller can't read the body of a successful answer as its operation describes it; empty if it can.

    Fields that are not described don't matter to whoever reads.
    """
    result = body.get("data") if route.envelope == "data" else body
    if route.answer is None:
        return ""
    try:
        adapter(route.answer, extra="ignore").validate_python((result,))
    except ValidationError as error:
        first = error.errors()[0]
        return f"{'.'.join(map(str, first['loc'][1:]))}: {first['msg']}"
    return ""
