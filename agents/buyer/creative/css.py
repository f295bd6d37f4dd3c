"""Local references in style sheets: ``url(…)`` and ``@import`` (rule 182)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Resolve = Callable[[str], str | None]
"""Gives the address of what a reference names; None to leave the reference as it is."""

MAX_DEPTH = 100
"""How deep brackets may be nested."""


def rewrite_css(text: str, resolve: Resolve) -> str:
    """The style sheet, or the value of a ``style`` attribute, with its references replaced.

    What has nothing to replace stays as it is, character by character. Raises :class:`ValueError` for brackets that
    are nested too deep.
    """
    import tinycss2

    tokens = tinycss2.parse_component_value_list(text)
    changes = 0
    waiting = [(token, 0, False) for token in reversed(tokens)]
    importing = False
    while waiting:
        token, depth, in_url = waiting.pop()
        if depth > MAX_DEPTH:
            raise ValueError(f"brackets are nested more than {MAX_DEPTH} deep")
        if token.type == "at-keyword":
            importing = token.lower_value == "import"
        elif token.type == "url" or (token.type == "string" and (in_url or importing)):
            changes += _replace(token, resolve)
            importing = False
        elif token.type == "literal":
            importing = importing and token.value != ";"
        in_url = token.type == "function" and token.lower_name in ("url", "image-set", "-webkit-image-set")
        waiting.extend((inner, depth + 1, in_url) for inner in _inside(token))
    return tinycss2.serialize(tokens) if changes else text


def _inside(token: Any) -> list[Any]:
    if token.type == "function":
        return list(reversed(token.arguments))
    return list(reversed(token.content)) if token.type.endswith(" block") else []


def _replace(token: Any, resolve: Resolve) -> bool:
    from tinycss2.serializer import serialize_string_value

    found = resolve(token.value)
    if found is None:
        return False
    token.value = found
    quoted = f'"{serialize_string_value(found)}"'
    token.representation = f"url({quoted})" if token.type == "url" else quoted
    return True
