"""Schemas out of the SDK's bundle, each in one piece and without what only people read."""

from __future__ import annotations

import posixpath
from typing import Any

_BY_NAME = ("properties", "patternProperties", "$defs", "definitions", "dependencies")
"""Keywords that map names, which may be any word, to schemas."""

_VALUES = ("const", "enum", "default", "required")
"""Keywords that hold values, not schemas."""

_ANNOTATIONS = (
    "title",
    "description",
    "examples",
    "$comment",
    "deprecated",
    "enumDescriptions",
    "enumMetadata",
)
"""Keywords that decide nothing; those that begin with ``x-`` do not either."""


def load(name: str, direction: str, version: str) -> dict[str, Any] | None:
    """The schema of a tool's message, or with ``direction`` ``document`` the one at the path ``name``.

    None if release ``version`` (``3.1``) has none. Imports the SDK.
    """
    from adcp.validation import get_portable_schema

    if direction == "document":
        schema = _document(name, version)
    else:
        schema = get_portable_schema(name, direction, version=version)
    return None if schema is None else bare(schema)


def _document(path: str, version: str) -> dict[str, Any] | None:
    """A schema of the tree with all that it refers to under ``$defs``."""
    parts: dict[str, Any] = {}
    root = _part(path, version, parts)
    return None if root is None else {**root, "$defs": parts}


def _part(path: str, version: str, parts: dict[str, Any]) -> dict[str, Any] | None:
    from adcp.validation.schema_loader import get_named_schema_document

    schema: dict[str, Any] | None = get_named_schema_document(path, version=version)
    if schema is None:
        return None
    schema.pop("$id", None)

    def rewrite(value: Any) -> Any:
        if isinstance(value, list):
            return [rewrite(item) for item in value]
        if not isinstance(value, dict):
            return value
        rewritten = {key: rewrite(item) for key, item in value.items()}
        if isinstance(value.get("$ref"), str):
            rewritten["$ref"] = "#" + pointer(value["$ref"])
        return rewritten

    def pointer(reference: str) -> str:
        """Where a reference leads in the document in one piece."""
        file, _, fragment = reference.partition("#")
        if not file:
            return fragment if path not in parts else f"/$defs/{_name(path)}{fragment}"
        target = _in_tree(file, path)
        if target not in parts:
            parts[target] = {}
            parts[target] = _part(target, version, parts)
        return f"/$defs/{_name(target)}{fragment}"

    result: dict[str, Any] = rewrite(schema)
    return result


def _name(path: str) -> str:
    return path.replace("~", "~0").replace("/", "~1")


def _in_tree(reference: str, base: str) -> str:
    """The path in the tree of a reference that a file of the tree (``base``) makes."""
    _, schemas, absolute = reference.partition("/schemas/")
    if schemas:
        return absolute.partition("/")[2]
    return posixpath.normpath(posixpath.join(posixpath.dirname(base), reference))


def bare(schema: Any) -> Any:
    """A schema without annotations: the same messages are valid, and it is a third as long."""
    if isinstance(schema, list):
        return [bare(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    kept: dict[str, Any] = {}
    for keyword, value in schema.items():
        if keyword in _ANNOTATIONS or keyword.startswith("x-"):
            continue
        if keyword in _BY_NAME and isinstance(value, dict):
            kept[keyword] = {name: bare(part) for name, part in value.items()}
        else:
            kept[keyword] = value if keyword in _VALUES else bare(value)
    return kept
