"""What is wrong with a message, in words: from the errors of the schema validator to a few clear issues."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jsonschema_rs import ValidationError

MAX_ISSUES = 20
"""More than these help nobody."""


@dataclass(slots=True, frozen=True)
class SchemaIssue:
    """One thing that is wrong: where (a JSON pointer), what would be right, and the keyword of the schema."""

    pointer: str
    message: str
    keyword: str

    @property
    def field(self) -> str:
        """The place as errors of the protocol name it: ``packages[0].budget``; empty for the whole body."""
        text = ""
        for step in self.pointer.split("/")[1:]:
            name = step.replace("~1", "/").replace("~0", "~")
            text += f"[{name}]" if name.isdigit() else f".{name}" if text else name
        return text

    def __str__(self) -> str:
        return f"{self.field or 'the body'} {self.message}"


def issues_of(errors: Iterable[ValidationError]) -> list[SchemaIssue]:
    """At most :data:`MAX_ISSUES` issues, the most telling one first.

    Where a body fits none of several alternatives, the issues are those of the alternative that it is
    nearest to.
    """
    found: dict[tuple[str, str], SchemaIssue] = {}
    for error in errors:
        for leaf in _leaves(error):
            issue = _issue(leaf)
            found.setdefault((issue.pointer, issue.keyword), issue)
    return sorted(found.values(), key=lambda issue: issue.keyword in _VAGUE)[:MAX_ISSUES]


_VAGUE = ("not", "falseSchema", "oneOf", "anyOf", "contains", "propertyNames")
_KIND = ("type", "const", "enum")


def _leaves(error: ValidationError) -> Iterator[ValidationError]:
    """The errors that a person can act on: alternatives are resolved to the nearest one."""
    branches = getattr(error.kind, "context", None)
    if not branches or not all(branches):
        yield error
        return
    depth = len(error.instance_path)
    resolved = [[leaf for inner in branch for leaf in _leaves(inner)] for branch in branches]
    yield from min(resolved, key=lambda leaves: _distance(leaves, depth))


def _distance(leaves: list[ValidationError], depth: int) -> tuple[int, int, int]:
    """How far a body is from an alternative that it fails at ``depth``.

    First counts what shows that another kind of thing was meant (a wrong type, a wrong value of a field that
    tells the kinds apart), then what is wrong at the top, then everything.
    """
    other_kind = sum(
        (leaf.kind.name == "type" and len(leaf.instance_path) == depth)
        or (leaf.kind.name in _KIND and len(leaf.instance_path) <= depth + 1 and leaf.kind.name != "type")
        for leaf in leaves
    )
    at_top = sum(len(leaf.instance_path) == depth for leaf in leaves)
    return other_kind, at_top, len(leaves)


def _issue(error: ValidationError) -> SchemaIssue:
    keyword = error.kind.name
    path = [*error.instance_path, *_inner_path(error)]
    pointer = "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in path)
    words = _WORDS.get(keyword)
    return SchemaIssue(pointer, words(error) if words else error.message, keyword)


def _inner_path(error: ValidationError) -> list[str]:
    """The name of a field that is missing or unknown, so that the issue points at it."""
    if error.kind.name == "required":
        return [error.kind.as_dict()["property"]]
    if error.kind.name == "additionalProperties":
        return [error.kind.as_dict()["unexpected"][0]]
    return []


def _always(words: str) -> Callable[[ValidationError], str]:
    return lambda _: words


def _limit(words: str) -> Callable[[ValidationError], str]:
    return lambda error: words.format(error.kind.as_dict()["limit"])


def _type(error: ValidationError) -> str:
    return f"must be {' or '.join(error.kind.as_dict()['types'])}, is {_short(error.instance)}"


def _enum(error: ValidationError) -> str:
    options = ", ".join(_short(option) for option in error.kind.as_dict()["options"])
    return f"must be one of {options}; is {_short(error.instance)}"


def _format(error: ValidationError) -> str:
    return f"must be written as {error.kind.as_dict()['format']}, is {_short(error.instance)}"


def _pattern(error: ValidationError) -> str:
    return f"must match {error.kind.as_dict()['pattern']}, is {_short(error.instance)}"


def _constant(error: ValidationError) -> str:
    return f"must be {_short(error.kind.as_dict()['expected_value'])}, is {_short(error.instance)}"


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else f"{text[:57]}…"


_WORDS: dict[str, Callable[[ValidationError], str]] = {
    "required": _always("is required"),
    "additionalProperties": _always("is not a known field here"),
    "type": _type,
    "enum": _enum,
    "const": _constant,
    "format": _format,
    "pattern": _pattern,
    "minimum": _limit("must be at least {}"),
    "maximum": _limit("must be at most {}"),
    "exclusiveMinimum": _limit("must be greater than {}"),
    "exclusiveMaximum": _limit("must be less than {}"),
    "minLength": _limit("must have at least {} characters"),
    "maxLength": _limit("must have at most {} characters"),
    "minItems": _limit("must have at least {} items"),
    "maxItems": _limit("must have at most {} items"),
    "minProperties": _limit("must have at least {} fields"),
    "uniqueItems": _always("must not hold the same item twice"),
    "oneOf": _always("fits more than one of the alternatives of which it must fit exactly one"),
    "not": _always("is a combination of fields or values that is not allowed"),
}
