"""YAML text as plain data in which every value still knows its line.

A scenario uses the part of YAML that reads like JSON with comments: mappings, lists and scalars. Aliases,
tags and duplicate keys are refused, and a scalar is what YAML 1.2 says (``09:00`` and ``yes`` are text).
Reading is one pass over libyaml's events, so that neither deep nesting nor size can exhaust anything.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from sandbox.core.errors import InputError

MAX_BYTES = 1_000_000
"""A longer file is no scenario."""

MAX_DEPTH = 40
"""Mappings and lists inside each other."""

Where = tuple[str | int, ...]
"""Where a value is: keys and list positions from the top."""

_INT = re.compile(r"[-+]?[0-9]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_WORDS = {"": None, "~": None, "null": None, "true": True, "false": False}


@dataclass(slots=True)
class Document:
    """The data of a file and the place (``file.yaml:12``) of each value in it."""

    path: str
    data: dict[str, Any]
    places: dict[Where, str] = field(default_factory=dict)

    def place(self, path: Where) -> str:
        """The place of a value, or of the nearest thing around it that the file has."""
        while path and path not in self.places:
            path = path[:-1]
        return self.places.get(path, self.path)

    def error(self, message: str, path: Where, hint: str = "") -> InputError:
        """An error about a value, for raising."""
        return InputError(message, self.place(path), hint)


def read(path: Path, name: str | None = None) -> Document:
    """Read a file; :class:`InputError` with file and line when it is no scenario text.

    ``name`` is what messages call the file, by default its path.
    """
    name = name or str(path)
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise InputError(f"the file has {size:,} bytes, more than {MAX_BYTES:,}", name, "split it with `extends`")
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise InputError("the file is not UTF-8 text", f"{name}:{line}", "save it as UTF-8") from None
    except OSError as error:
        raise InputError(f"can't read the file: {error.strerror}", name) from None
    return parse(text, name)


def parse(text: str, name: str) -> Document:
    """Read the text of a scenario; see :func:`read`."""
    reader = _Reader(text, name)
    try:
        data = reader.document()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f"{name}:{mark.line + 1}" if mark else name
        raise InputError(f"not valid YAML: {error.problem or error.context}", place) from None
    except yaml.reader.ReaderError as error:
        line = text[: error.position].count("\n") + 1
        raise InputError(f"not valid YAML: {error.reason}", f"{name}:{line}") from None
    if data is None:
        raise InputError("the file is empty", name, "start from `adcp-sandbox new scenario NAME`")
    if not isinstance(data, dict):
        raise InputError("a scenario is a mapping (key: value)", f"{name}:1")
    return Document(name, data, reader.places)


class _Reader:
    """Builds the data of one document out of libyaml's events."""

    def __init__(self, text: str, name: str) -> None:
        self.name = name
        self.places: dict[Where, str] = {}
        self._events: Iterator[yaml.Event] = iter(yaml.parse(text, Loader=yaml.CSafeLoader))

    def document(self) -> Any:
        """The data of the first document; a second one is refused."""
        data = None
        seen = False
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                if seen:
                    raise self._error("a scenario file holds one document", event)
                seen = True
                data = self._value(next(self._events), ())
        return data

    def _value(self, event: yaml.Event, path: Where) -> Any:
        self.places[path] = self._place(event)
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise self._error("YAML anchors and aliases are not used here", event, "use `vars` and $name")
        if getattr(event, "tag", None):
            raise self._error(f"YAML tags such as {getattr(event, 'tag', '')} are not used here", event)
        if len(path) > MAX_DEPTH:
            raise self._error(f"nested more than {MAX_DEPTH} levels deep", event)
        if isinstance(event, yaml.MappingStartEvent):
            return self._mapping(path)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._list(path)
        return self._scalar(event)

    def _mapping(self, path: Where) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for event in self._events:
            if isinstance(event, yaml.MappingEndEvent):
                break
            if not isinstance(event, yaml.ScalarEvent):
                raise self._error("a key must be plain text", event)
            key = str(event.value)
            if key in found:
                raise self._error(f"the key {key!r} is there twice", event)
            line = self._place(event)
            found[key] = self._value(next(self._events), (*path, key))
            self.places[*path, key] = line
        return found

    def _list(self, path: Where) -> list[Any]:
        found: list[Any] = []
        for event in self._events:
            if isinstance(event, yaml.SequenceEndEvent):
                break
            found.append(self._value(event, (*path, len(found))))
        return found

    def _scalar(self, event: Any) -> Any:
        text = str(event.value)
        if event.style:  # quoted, or a block
            return text
        if text.lower() in _WORDS:
            return _WORDS[text.lower()]
        if _INT.fullmatch(text):
            if len(text) > 18:
                raise self._error(f"the number {text[:20]}… is too large", event, "quote it if it is an id")
            return int(text)
        if _FLOAT.fullmatch(text):
            value = float(text)
            if value in (float("inf"), float("-inf")):
                raise self._error(f"the number {text} is too large", event)
            return value
        return text

    def _place(self, event: yaml.Event) -> str:
        mark = event.start_mark
        return f"{self.name}:{mark.line + 1}" if mark else self.name

    def _error(self, message: str, event: yaml.Event, hint: str = "") -> InputError:
        return InputError(message, self._place(event), hint)
