"""The official JSON schemas of AdCP, loaded on demand and kept compiled.

The schemas come from the Python SDK (``adcp.validation``). Those that were used once lie in a cache folder, so
that a later process needs neither the SDK nor its schema loader.
"""

from __future__ import annotations

import importlib.metadata
import json
import os
from functools import cache
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING, Any

from sandbox.protocol.issues import SchemaIssue, issues_of

if TYPE_CHECKING:
    from jsonschema_rs import Validator

__all__ = ["SchemaIssue", "SchemaStore", "answer_direction", "cache_folder", "check", "check_answer", "store"]

WEBHOOK = "core/mcp-webhook-payload.json"
"""The schema of a push notification for a task."""

INTERIM = ("submitted", "working", "input-required")
"""Directions of answers that announce a later one; the others are ``request`` and ``sync``."""


class SchemaStore:
    """Checks messages against the official schemas.

    ``folder`` holds the cache, by default :func:`cache_folder`; one that can't be written to is done without.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder or cache_folder()
        self._validators: dict[tuple[str, str, str], Validator | None] = {}

    def check(self, tool: str, direction: str, body: dict[str, Any], version: str) -> list[SchemaIssue]:
        """What is wrong with a tool's message at a release (``3.1``), the most telling issue first.

        ``direction`` is ``request``, ``sync`` or one of :data:`INTERIM`. Nothing is wrong with a message for
        which there is no schema; see :meth:`covers`.
        """
        validator = self.validator(tool, direction, version)
        if validator is None or validator.is_valid(body):
            return []
        return issues_of(validator.iter_errors(body))

    def check_answer(self, tool: str, body: dict[str, Any], version: str) -> list[SchemaIssue]:
        """What is wrong with an answer of a tool; its ``status`` tells which schema it must fit.

        A tool without a schema of its own for an interim answer has it in the schema of its answers.
        """
        direction = answer_direction(body)
        if not self.covers(tool, direction, version):
            direction = "sync"
        return self.check(tool, direction, body, version)

    def check_document(self, path: str, body: dict[str, Any], version: str) -> list[SchemaIssue]:
        """What is wrong with a body that is no message of a tool.

        ``path`` names its schema in the official tree, such as :data:`WEBHOOK`.
        """
        return self.check(path, "document", body, version)

    def covers(self, tool: str, direction: str, version: str) -> bool:
        """True if there is a schema."""
        return self.validator(tool, direction, version) is not None

    def validator(self, name: str, direction: str, version: str) -> Validator | None:
        """The compiled schema, None if there is none."""
        key = (name, direction, version)
        if key not in self._validators:
            schema = self._schema(*key)
            self._validators[key] = None if schema is None else _compile(schema)
        return self._validators[key]

    def _schema(self, name: str, direction: str, version: str) -> dict[str, Any] | None:
        file = self._folder / version / f"{name.removesuffix('.json').replace('/', '.')}.{direction}.json"
        try:
            cached: dict[str, Any] | None = json.loads(file.read_text("utf-8"))
        except (OSError, ValueError):
            from sandbox.protocol.bundle import load

            schema = load(name, direction, version)
            _write(file, json.dumps(schema, separators=(",", ":")))
            return schema
        return cached


def cache_folder() -> Path:
    """Where the schemas of the installed SDK are cached: below ``XDG_CACHE_HOME``, or ``~/.cache``."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "adcp-sandbox" / f"schemas-{importlib.metadata.version('adcp')}"


@cache
def store() -> SchemaStore:
    """The one store of this process: schemas never change."""
    return SchemaStore()


def check(tool: str, direction: str, body: dict[str, Any], version: str) -> list[SchemaIssue]:
    """:meth:`SchemaStore.check` of the one store."""
    return store().check(tool, direction, body, version)


def check_answer(tool: str, body: dict[str, Any], version: str) -> list[SchemaIssue]:
    """:meth:`SchemaStore.check_answer` of the one store."""
    return store().check_answer(tool, body, version)


def answer_direction(body: dict[str, Any]) -> str:
    """Which kind of answer ``body`` is: ``sync``, or one of :data:`INTERIM` if its ``status`` says so."""
    status = body.get("status")
    return str(status) if status in INTERIM else "sync"


def _compile(schema: dict[str, Any]) -> Validator:
    import jsonschema_rs

    return jsonschema_rs.validator_for(schema, validate_formats=True)


def _write(file: Path, text: str) -> None:
    """Write a file all at once, so that no other process ever reads half of it; give up without a word."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with NamedTemporaryFile("w", dir=file.parent, delete=False, encoding="utf-8") as draft:
            draft.write(text)
        Path(draft.name).replace(file)
    except OSError:
        return
