"""Reads what clients send, and refuses what no handler should see."""

from __future__ import annotations

import json
import math
from typing import Any, TypeVar
from urllib.parse import parse_qsl

from aiohttp import web
from pydantic import BaseModel, ValidationError

from sandbox.core.errors import ApiError

M = TypeVar("M", bound=BaseModel)

MAX_JSON_BYTES = 32 * 1024 * 1024
"""The largest JSON body: 100,000 audience members (rule 142) take about half of it."""

MAX_DEPTH = 64
"""How deep objects and lists may be nested."""


def parse_object(raw: bytes, what: str = "body") -> dict[str, Any]:
    """The JSON object in some bytes. Raises VALIDATION_ERROR that says what is wrong with them.

    JSON that means different things to different readers is refused: duplicate keys, numbers that are not
    finite, half surrogates, text that is not UTF-8.
    """
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise refused(what, f"it is not UTF-8 (byte {error.start})") from None
    try:
        value = json.loads(text, object_pairs_hook=_object, parse_constant=_not_finite, parse_float=_finite)
    except RecursionError:
        raise refused(what, f"it is nested more than {MAX_DEPTH} deep") from None
    except ValueError as error:
        raise refused(what, f"it is not JSON: {error}") from None
    if not isinstance(value, dict):
        raise refused(what, "give a JSON object")
    if raw.count(b"[") + raw.count(b"{") > MAX_DEPTH and deeper(value, MAX_DEPTH):
        raise refused(what, f"it is nested more than {MAX_DEPTH} deep")
    if b"\\ud" in raw.lower() and not _encodable(value):
        raise refused(what, "it has half of a surrogate pair, which is no character")
    return value


def parse_form(raw: bytes) -> dict[str, Any]:
    """The fields of a form that a browser has sent (``application/x-www-form-urlencoded``), as texts."""
    try:
        return dict(parse_qsl(raw.decode("ascii"), keep_blank_values=True))
    except UnicodeDecodeError:
        raise refused("body", "it is no form: other characters than ASCII stand as %XX in one") from None


def whole_numbers(value: Any) -> Any:
    """A JSON value whose whole numbers are ints, however they were written: 5.0 is an integer in JSON.

    A2A knows floats only, so that all numbers come from there like that.
    """
    if isinstance(value, dict):
        return {name: whole_numbers(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [whole_numbers(inner) for inner in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def refused(field: str, why: str) -> ApiError:
    """A VALIDATION_ERROR about a part of the request."""
    return ApiError("VALIDATION_ERROR", f"{field}: {why}", field)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        names = [name for name, _ in pairs]
        double = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the key {double!r} comes twice in one object")
    return value


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text} is too large a number")
    return value


def _not_finite(text: str) -> float:
    raise ValueError(f"{text} is no JSON number")


def deeper(value: Any, limit: int) -> bool:
    """True if a value is nested more than ``limit`` deep."""
    level, depth = [value], 0
    while level:
        depth += 1
        if depth > limit:
            return True
        level = [
            inner
            for outer in level
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, dict | list)
        ]
    return False


def _encodable(value: Any) -> bool:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


async def read_model(request: web.Request, model: type[M]) -> M:
    """The body of a request as a model; what is wrong with it is refused with its field."""
    if request.content_type != "application/json":
        raise refused("Content-Type", "send application/json")
    if (request.content_length or 0) > MAX_JSON_BYTES:
        raise refused("body", f"it is larger than {MAX_JSON_BYTES} bytes")
    try:
        return model.model_validate(parse_object(await request.read()))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field = ".".join(str(step) for step in first["loc"]) or "body"
        raise refused(field, str(first["msg"]).removeprefix("Value error, ")) from None
