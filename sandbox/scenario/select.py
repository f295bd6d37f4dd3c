"""Paths into JSON: ``mediaBuys.0.mediaBuyId``, ``mediaBuys.*.status``, ``products.[productId=p1].budget``."""

from __future__ import annotations

import re
from typing import Any

_WHERE = re.compile(r"\[([^=\]]+)=([^\]]*)\]")


def select(value: Any, path: str) -> list[Any]:
    """All values at ``path``, in order; empty when there are none.

    A part of the path is a key, a position in a list (``-1`` is the last), ``*`` for every item, or
    ``[key=text]`` for the items whose ``key`` is that text. An empty path is the value itself.
    """
    found = [value]
    for part in _parts(path):
        found = [deeper for item in found for deeper in _step(item, part)]
    return found


def _parts(path: str) -> list[str]:
    return re.findall(r"\[[^\]]*\]|[^.\[\]]+", path)


def _step(item: Any, part: str) -> list[Any]:
    if isinstance(item, dict):
        if part == "*":
            return list(item.values())
        return [item[part]] if part in item else []
    if not isinstance(item, list):
        return []
    if part == "*":
        return list(item)
    if match := _WHERE.fullmatch(part):
        return [row for row in item if isinstance(row, dict) and str(row.get(match[1])) == match[2]]
    if part.lstrip("-").isdigit():
        position = int(part)
        return [item[position]] if -len(item) <= position < len(item) else []
    return []
