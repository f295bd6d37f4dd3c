"""Times as a scenario writes them, for the fields of its models. Read, they are ms."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from sandbox.core.time import parse_duration, parse_instant


def _read_duration(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise ValueError("write a duration, for example 90s, 2h30m or 3d")
    return parse_duration(value)


def _read_offset(value: Any) -> int:
    if isinstance(value, str) and value[:1] in ("+", "-"):
        return parse_duration(value[1:]) * (-1 if value[0] == "-" else 1)
    return _read_duration(value)


def _read_instant(value: Any) -> int:
    if not isinstance(value, str):
        raise ValueError("write an instant, for example 2026-05-01 or 2026-05-01T09:00Z")
    try:
        return parse_instant(value)
    except ValueError:
        raise ValueError(f"not an instant: {value!r} (write for example 2026-05-01T09:00Z)") from None


def moment_ms(text: str, start_ms: int, end_ms: int) -> int:
    """A moment of a scenario in ms: ``start``, ``end``, ``+2d`` (after the start), ``-1h`` (before the end)
    or an instant. Raises ``ValueError``.
    """
    if text in ("start", "end"):
        return start_ms if text == "start" else end_ms
    if text.startswith("+"):
        return start_ms + parse_duration(text[1:])
    if text.startswith("-"):
        return end_ms - parse_duration(text[1:])
    return _read_instant(text)


def _check_moment(text: str) -> str:
    if "$" not in text:
        moment_ms(text, 0, 0)
    return text


Duration = Annotated[
    int,
    BeforeValidator(_read_duration),
    Field(ge=0),
    WithJsonSchema({"type": ["string", "number"], "description": "a duration: 90s, 2h30m, 3d, PT15M"}),
]

Offset = Annotated[
    int,
    BeforeValidator(_read_offset),
    WithJsonSchema({"type": ["string", "number"], "description": "ahead or behind by a duration: +90s, -5m"}),
]

Instant = Annotated[
    int,
    BeforeValidator(_read_instant),
    WithJsonSchema({"type": "string", "description": "an instant: 2026-05-01 or 2026-05-01T09:00Z"}),
]

Moment = Annotated[
    str,
    AfterValidator(_check_moment),
    WithJsonSchema(
        {
            "type": "string",
            "description": "start, end, +2d (after the start), -1h (before the end), or an instant",
        }
    ),
]
