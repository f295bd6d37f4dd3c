"""How one JSON answer differs from another, place by place, for people."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

ABSENT = object()
"""What is at a place that only the other answer has."""

WIDTH = 60
"""Longer values are cut."""


@dataclass(slots=True, frozen=True)
class Difference:
    """A place (``mediaBuyRefs.0.status``) at which two answers differ; a value may be :data:`ABSENT`."""

    path: str
    old: Any
    new: Any


def differences(old: Any, new: Any, path: str = "") -> Iterator[Difference]:
    """The places at which two JSON values differ, in the order of the old one."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key in [*old, *(key for key in new if key not in old)]:
            yield from differences(old.get(key, ABSENT), new.get(key, ABSENT), f"{path}.{key}" if path else str(key))
    elif isinstance(old, list) and isinstance(new, list):
        for number, (one, other) in enumerate(zip_longest(old, new, fillvalue=ABSENT)):
            yield from differences(one, other, f"{path}.{number}" if path else str(number))
    elif old != new or isinstance(old, bool) is not isinstance(new, bool):
        yield Difference(path or "the answer", old, new)


def told(found: list[Difference], most: int = 12) -> list[str]:
    """A table of differences: place, what it was, what it is now."""
    shown = found[:most]
    places = max((len(row.path) for row in shown), default=0)
    olds = max((len(_shown(row.old)) for row in shown), default=0)
    lines = [f"  {row.path:<{places}}  {_shown(row.old):<{olds}}  ->  {_shown(row.new)}" for row in shown]
    return lines + ([f"  … and {len(found) - most} more"] if len(found) > most else [])


def as_rows(found: list[Difference]) -> list[dict[str, Any]]:
    """Differences as JSON: ``{path, old, new}``; what is absent has no key."""
    pairs = [(row, {"old": row.old, "new": row.new}) for row in found]
    return [
        {"path": row.path, **{key: value for key, value in pair.items() if value is not ABSENT}} for row, pair in pairs
    ]


def _shown(value: Any) -> str:
    text = "(absent)" if value is ABSENT else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= WIDTH else f"{text[: WIDTH - 1]}…"
