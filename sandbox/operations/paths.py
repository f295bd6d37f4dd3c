"""Which operation a method and a path mean."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import unquote

from sandbox.kernel.endpoint import Operation

_VARIABLE = re.compile(r"\{\w+\}")


class Paths:
    """Finds operations by method and path; a fixed word goes before a variable in the same place."""

    def __init__(self, operations: Iterable[Operation]) -> None:
        rows = [
            (path, operation) for operation in operations for path in (operation.detail.path, *operation.detail.aliases)
        ]
        rows.sort(key=lambda row: [(part.startswith("{"), part) for part in row[0].split("/")])
        self._rows = [(_pattern(path), operation) for path, operation in rows]

    def find(self, method: str, path: str) -> tuple[Operation, dict[str, str]] | None:
        """The operation and its path parameters by the names of the canonical path; None if there is none."""
        for pattern, operation in self._rows:
            match = pattern.fullmatch(path)
            if match is not None and operation.detail.method == method:
                return operation, dict(zip(operation.detail.path_params, map(unquote, match.groups()), strict=True))
        return None


def _pattern(path: str) -> re.Pattern[str]:
    fixed = [re.escape(part) for part in _VARIABLE.split(path)]
    return re.compile("([^/]+)".join(fixed) + "/?")
