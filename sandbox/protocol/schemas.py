"""The official JSON schemas, compiled on demand, with a cache of files so that the SDK is not even imported.

The schemas come from the Python package ``adcp`` (``adcp.validation``). A schema that was used once lies in
the user's cache directory under the SDK's version.
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import json
import os
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs

ISSUES_MAX = 20
VARIANTS = ("submitted", "working", "input-required")


@dataclass(slots=True, frozen=True)
class SchemaIssue:
    """One breach of a schema: ``field`` is a path such as ``packages[0].budget`` (empty: the whole body)."""

    field: str
    message: str
    keyword: str

    def __str__(self) -> str:
        return f"{self.field or 'the body'}: {self.message}"


def cache_directory() -> Path:
    """Where compiled-from schemas are kept between runs (``XDG_CACHE_HOME`` or ``~/.cache``)."""
    root = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(root) / "adcp-sandbox" / f"schemas-{importlib.metadata.version('adcp')}"


@cache
def load(tool: str, direction: str, version: str) -> dict[str, Any] | None:
    """The self-contained official schema of a tool's ``request``, ``sync`` or other answer; None if none."""
    path = cache_directory() / version / f"{tool}.{direction}.json"
    try:
        return _none_if_empty(json.loads(path.read_text("utf-8")))
    except (OSError, ValueError):
        pass
    from adcp.validation import get_portable_schema

    schema: Any = get_portable_schema(tool, direction, version=version)  # type: ignore[arg-type]
    with contextlib.suppress(OSError):  # a cache that can't be written is only slower
        _write(path, json.dumps(schema or {}))
    return _none_if_empty(schema)


def _none_if_empty(schema: Any) -> dict[str, Any] | None:
    return schema or None


def _write(path: Path, text: str) -> None:
    """Write a file so that no reader ever sees half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
    Path(name).replace(path)


@cache
def _validator(tool: str, direction: str, version: str) -> Any:
    schema = load(tool, direction, version)
    return None if schema is None else jsonschema_rs.validator_for(schema, validate_formats=True)


def answer_direction(body: dict[str, Any]) -> str:
    """Which answer schema applies to a body: ``sync``, or that of an asynchronous status."""
    status = body.get("status")
    return status if status in VARIANTS and "media_buys" not in body else "sync"


def check(tool: str, direction: str, body: dict[str, Any], version: str) -> list[SchemaIssue]:
    """All breaches (20 at most), the most telling first; empty if there are none or no schema exists."""
    validator = _validator(tool, direction, version)
    if validator is None or validator.is_valid(body):
        return []
    issues: list[SchemaIssue] = []
    for error in validator.iter_errors(body):
        issues.extend(_explain(error))
        if len(issues) >= ISSUES_MAX:
            break
    return sorted(issues[:ISSUES_MAX], key=lambda issue: issue.keyword in ("anyOf", "oneOf"))


def _explain(error: Any) -> list[SchemaIssue]:
    """A schema error; for a choice between branches, what is wrong in the branch that comes nearest."""
    kind = error.kind
    branches = getattr(kind, "context", None)
    if branches:
        nearest = min(branches, key=_distance)
        found = [issue for inner in nearest for issue in _explain(inner)]
        if found:
            return found
    keyword = str(getattr(kind, "name", type(kind).__name__))
    return [SchemaIssue(_field(error.instance_path), _short(str(error.message)), keyword)]


def _distance(errors: Any) -> tuple[int, int]:
    """How far a branch is from fitting: a wrong constant means that another branch is meant."""
    names = [str(getattr(error.kind, "name", "")) for error in errors]
    return sum(10 if name in ("const", "enum", "not", "false_schema") else 1 for name in names), len(names)


def _field(path: Any) -> str:
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text


def _short(message: str, longest: int = 200) -> str:
    return message if len(message) <= longest else f"{message[: longest // 2]} … {message[-longest // 2 :]}"
