"""Scenarios as text, the way a person writes them: block style outside, one line for what fits on one.

:func:`~sandbox.scenario.source.parse` reads back exactly what was written.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import yaml

from sandbox.core.errors import InputError
from sandbox.scenario.source import MAX_DEPTH

WIDTH = 116
"""Longer mappings and lists take a line for each item."""

_SCALARS = {
    "null": re.compile(r"~|null|", re.IGNORECASE),
    "bool": re.compile(r"true|false", re.IGNORECASE),
    "int": re.compile(r"[-+]?[0-9]+"),
    "float": re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?"),
}
"""What is no text unless it is quoted, as :mod:`~sandbox.scenario.source` reads it."""

_TAG = "tag:yaml.org,2002:"

MAX_DIGITS = 18
"""Longer numbers are no numbers to the reader; a minus sign counts."""

_SPACED = ("steps", "actors", "expect")


def scenario_text(data: Mapping[str, Any], heading: str = "") -> str:
    """The YAML text of a scenario; ``heading`` goes above it as a comment."""
    parts = [f"# {line}" if line else "#" for line in heading.splitlines()]
    for key, value in data.items():
        if key in _SPACED:
            parts.append("")
        parts.append(_dump(_Section({key: value})).rstrip("\n"))
    return "\n".join(parts).lstrip("\n") + "\n"


class _Section(dict[str, Any]):
    """What never stands on one line: a field of the scenario itself."""


def _dump(section: _Section) -> str:
    text: str = yaml.dump(
        _Section(_checked(section, 0)),
        Dumper=_Dumper,
        sort_keys=False,
        allow_unicode=True,
        width=WIDTH,
        default_flow_style=False,
    )
    return text


def _checked(value: Any, depth: int) -> Any:
    """Plain data that a scenario can hold. Raises :class:`InputError` for what could not be read back."""
    if depth > MAX_DEPTH:
        raise InputError(f"it is nested more than {MAX_DEPTH} levels deep")
    if isinstance(value, int) and len(str(value)) > MAX_DIGITS:
        raise InputError(f"the number {value} is too large for a scenario")
    if isinstance(value, Mapping):
        return {str(key): _checked(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_checked(item, depth + 1) for item in value]
    return value


class _Dumper(yaml.SafeDumper):
    """Writes what :mod:`~sandbox.scenario.source` reads: YAML 1.2 scalars, no anchors."""

    yaml_implicit_resolvers: dict[str | None, list[tuple[str, re.Pattern[str]]]] = {
        None: [
            (_TAG + name, re.compile(rf"(?:{pattern.pattern})\Z", pattern.flags)) for name, pattern in _SCALARS.items()
        ]
    }

    def ignore_aliases(self, data: Any) -> bool:
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        """Indent the items of a list."""
        super().increase_indent(flow, False)


def _text(dumper: _Dumper, text: str) -> yaml.Node:
    style = None if text.isprintable() or "\n" in text else '"'
    return dumper.represent_scalar(f"{_TAG}str", text, style=style)


def _short(node: yaml.Node, value: Any, depth: int) -> yaml.Node:
    """Let what fits on a line stand on one, except lists and mappings of several levels."""
    if isinstance(node, yaml.CollectionNode):
        node.flow_style = not value or (_levels(value) <= depth and len(repr(value)) < WIDTH - 30)
    return node


def _levels(value: Any) -> int:
    inner = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
    return 1 + max((_levels(item) for item in inner), default=0) if isinstance(value, Mapping | list) else 0


def _mapping(dumper: _Dumper, value: dict[str, Any]) -> yaml.Node:
    return _short(dumper.represent_mapping(f"{_TAG}map", value.items()), value, 3)


def _list(dumper: _Dumper, value: list[Any]) -> yaml.Node:
    return _short(dumper.represent_sequence(f"{_TAG}seq", value), value, 2)


def _section(dumper: _Dumper, value: _Section) -> yaml.Node:
    node = dumper.represent_mapping(f"{_TAG}map", value.items())
    node.flow_style = False
    return node


_Dumper.add_representer(str, _text)
_Dumper.add_representer(dict, _mapping)
_Dumper.add_representer(list, _list)
_Dumper.add_representer(_Section, _section)
