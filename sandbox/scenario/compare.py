"""Comparisons: what a step or an expectation wants a value to be.

An expected value is plain data: a value that must be equal, or a mapping of operators, all of which must
hold::

    newStatus: ACTIVE
    budget.total: {equals: 100000, within: 1%}
    mediaBuys.*.status: {in: [ACTIVE, COMPLETED]}
    errors: {absent: true}

A path with ``*`` finds several values, and every one must hold; ``any`` asks for one of them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    WithJsonSchema,
    model_validator,
)

from sandbox.core.time import parse_instant
from sandbox.scenario.references import shown

Tolerance = Annotated[
    float | str, Field(description="how far off `equals` may be: an amount, or a share of it such as 1%")
]


class Operators(BaseModel):
    """The operators, as fields, for the editor's sake and for conditions that have them among others."""

    model_config = ConfigDict(extra="forbid")

    equals: Any = Field(None, description="the value is this, give or take `within`")
    within: Tolerance | None = None
    differs: Any = Field(None, description="the value is anything but this")
    one_of: list[Any] | None = Field(None, alias="in", description="the value is one of these")
    between: list[Any] | None = Field(None, min_length=2, max_length=2, description="[lowest, highest]")
    min: Any = Field(None, description="the value is at least this")
    max: Any = Field(None, description="the value is at most this")
    matches: str | None = Field(None, description="a regular expression that is found in the text")
    contains: Any = Field(None, description="a part of the text, or an item of the list")
    count: Any = Field(None, description="how many values there are: a number, or operators")
    any: Any = Field(None, description="at least one of the values is so: a value, or operators")
    present: bool | None = Field(None, description="there is such a value")
    absent: bool | None = Field(None, description="there is no such value")

    @model_validator(mode="after")
    def _usable(self) -> Self:
        if self.within is not None:
            if "equals" not in self.model_fields_set:
                raise ValueError("`within` needs `equals`")
            tolerance_of(self.within, 0)
        if self.matches is not None:
            try:
                re.compile(self.matches)
            except re.error as error:
                raise ValueError(f"not a regular expression: {error}") from None
        for nested in (self.any, self.count):
            check_form(nested)
        return self

    def expected(self) -> dict[str, Any]:
        """The operators that were given, as plain data for :func:`mismatch`."""
        given = {field for field in Operators.model_fields if field in self.model_fields_set}
        return self.model_dump(include=given, by_alias=True)


OPERATORS = tuple(field.alias or name for name, field in Operators.model_fields.items())


def check_form(expected: Any) -> Any:
    """Give ``expected`` back; ``ValueError`` if it is operators that can't be used."""
    if is_operators(expected):
        try:
            Operators.model_validate(expected)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            field = ".".join(str(part) for part in first["loc"])
            message = str(first["msg"]).removeprefix("Value error, ")
            raise ValueError(f"{field}: {message}" if field else message) from None
    return expected


Expected = Annotated[
    Any,
    AfterValidator(check_form),
    WithJsonSchema({"anyOf": [{"$ref": "#/$defs/Operators"}, {}], "description": "a value, or operators"}),
]


def is_operators(expected: Any) -> bool:
    """True if ``expected`` is a mapping of operators and not a value."""
    return isinstance(expected, dict) and bool(expected) and all(key in OPERATORS for key in expected)


def tolerance_of(within: float | str, of: float) -> float:
    """A tolerance as an amount: ``0.5`` is that, ``1%`` a share of ``of``. Raises ``ValueError``."""
    if isinstance(within, str):
        number = within.strip().removesuffix("%")
        try:
            share = float(number)
        except ValueError:
            raise ValueError(f"`within` is a number or a percentage, not {within!r}") from None
        return abs(of) * share / 100 if within.strip().endswith("%") else share
    return float(within)


def mismatch(expected: Any, values: Sequence[Any]) -> str:
    """Empty if the values that were found are as expected, otherwise ``expected …, saw …``."""
    operators = expected if is_operators(expected) else {"equals": expected}
    for name, wanted in operators.items():
        if name == "within":
            continue
        if not _holds(name, wanted, values, operators):
            return f"expected {described(expected)}, saw {_seen(values)}"
    return ""


def described(expected: Any) -> str:
    """What is expected, in words: ``100000 ± 1%``, ``at least 3``."""
    if not is_operators(expected):
        return shown(expected)
    words = []
    for name, wanted in expected.items():
        if name == "within":
            continue
        tolerance = f" ± {expected['within']}" if name == "equals" and "within" in expected else ""
        words.append(f"{_WORDS[name]}{_operand(name, wanted)}{tolerance}")
    return " and ".join(words)


_WORDS = {
    "equals": "",
    "differs": "anything but ",
    "in": "one of ",
    "between": "between ",
    "min": "at least ",
    "max": "at most ",
    "matches": "text that matches ",
    "contains": "something that contains ",
    "count": "this many values: ",
    "any": "one of the values to be ",
    "present": "a value",
    "absent": "no value",
}


def _operand(name: str, wanted: Any) -> str:
    if name in ("present", "absent"):
        return "" if wanted else " (not so)"
    if name in ("any", "count"):
        return described(wanted)
    if name == "between":
        return f"{shown(wanted[0])} and {shown(wanted[1])}"
    return shown(wanted)


def _seen(values: Sequence[Any]) -> str:
    if not values:
        return "nothing"
    return shown(values[0]) if len(values) == 1 else f"{len(values)} values: {shown(list(values))}"


def _holds(name: str, wanted: Any, values: Sequence[Any], operators: dict[str, Any]) -> bool:
    if name == "present":
        return bool(values) is bool(wanted)
    if name == "absent":
        return bool(values) is not bool(wanted)
    if name == "count":
        listed = len(values[0]) if len(values) == 1 and isinstance(values[0], list) else len(values)
        return not mismatch(wanted, [listed])
    if name == "any":
        return any(not mismatch(wanted, [value]) for value in values)
    if name == "equals":
        return bool(values) and all(_equal(wanted, value, operators.get("within")) for value in values)
    return bool(values) and all(_TESTS[name](value, wanted) for value in values)


def _equal(wanted: Any, value: Any, within: float | str | None) -> bool:
    if within is not None and _is_number(wanted) and _is_number(value):
        return bool(abs(value - wanted) <= tolerance_of(within, wanted))
    return same(wanted, value)


def same(one: Any, other: Any) -> bool:
    """True if two JSON values are equal; other than in Python, ``true`` is not ``1``."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(same(*pair) for pair in zip(one, other, strict=True))
    return bool(one == other)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _order(value: Any, wanted: Any) -> int | None:
    """-1, 0 or 1 for numbers, instants and other texts; None for what has no order."""
    if _is_number(value) and _is_number(wanted):
        return int(value > wanted) - int(value < wanted)
    if isinstance(value, str) and isinstance(wanted, str):
        try:
            at_ms, wanted_ms = parse_instant(value), parse_instant(wanted)
        except ValueError:
            return (value > wanted) - (value < wanted)
        return (at_ms > wanted_ms) - (at_ms < wanted_ms)
    return None


def _at_least(value: Any, wanted: Any) -> bool:
    return _order(value, wanted) in (0, 1)


def _at_most(value: Any, wanted: Any) -> bool:
    return _order(value, wanted) in (0, -1)


def _contains(value: Any, wanted: Any) -> bool:
    if isinstance(value, str):
        return str(wanted) in value
    return isinstance(value, list) and any(same(item, wanted) for item in value)


_TESTS: dict[str, Callable[[Any, Any], bool]] = {
    "differs": lambda value, wanted: not same(value, wanted),
    "in": lambda value, wanted: any(same(value, item) for item in wanted),
    "between": lambda value, wanted: _at_least(value, wanted[0]) and _at_most(value, wanted[1]),
    "min": _at_least,
    "max": _at_most,
    "matches": lambda value, wanted: isinstance(value, str) and re.search(wanted, value) is not None,
    "contains": _contains,
}
