"""What bodies and queries are made of: base models in wire form, and the fields that many share."""

from __future__ import annotations

import math
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema
from pydantic.alias_generators import to_camel

from sandbox.core.money import micros
from sandbox.core.time import parse_instant


class Body(BaseModel):
    """A camelCase body or query (rule 2). The snake_case spelling of a field is taken too (conflict C17)."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid", defer_build=True)


class SnakeBody(BaseModel):
    """A body in snake_case, as the operations that follow AdCP have it (rule 2)."""

    model_config = ConfigDict(extra="forbid", defer_build=True)


def _read_id(value: Any) -> Any:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _read_instant(value: Any) -> Any:
    if not isinstance(value, str):
        raise ValueError("give an ISO 8601 instant such as 2026-05-15T00:00:00Z")
    try:
        return parse_instant(value)
    except ValueError:
        raise ValueError(f"not an ISO 8601 instant: {value!r}") from None


def _read_amount(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("give a number, in units of currency")
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError("give a number, in units of currency")
    return micros(value)


def _read_list(value: Any) -> Any:
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    return value


Id = Annotated[str, BeforeValidator(_read_id), Field(min_length=1)]
"""An identifier; a number is taken as its text (conflict C6)."""

Instant = Annotated[int, BeforeValidator(_read_instant), WithJsonSchema({"type": "string", "format": "date-time"})]
"""An ISO 8601 instant or date; ms once read."""

Amount = Annotated[int, BeforeValidator(_read_amount), Field(ge=0), WithJsonSchema({"type": "number", "minimum": 0})]
"""An amount of money, not negative; micros once read."""

PositiveAmount = Annotated[
    int, BeforeValidator(_read_amount), Field(gt=0), WithJsonSchema({"type": "number", "exclusiveMinimum": 0})
]
"""An amount of money greater than zero; micros once read."""

Names = Annotated[list[str], BeforeValidator(_read_list)]
"""A list of texts; in a query, separated by commas or repeated."""
