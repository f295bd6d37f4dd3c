"""Writes docs/agents.md from the models of actors' settings: ``python -m tests.docs.agents`` (``make agents-docs``)."""

from __future__ import annotations

import inspect
import json
import re
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, WithJsonSchema
from pydantic.fields import FieldInfo

from sandbox.core.time import format_duration, iso
from sandbox.kernel.actor import actor_kind, actor_kinds

PLACE = Path(__file__).parents[2] / "docs" / "agents.md"

HEAD = """# Actors and their settings

Every kind of actor that a scenario can name, with its settings: written by `make agents-docs` from the models that read
them. `{kind: NAME, …}` below `actors` makes one, `generate: N` invents N of a kind that can be invented. Settings in
**bold** are required. [scenarios.md](scenarios.md) describes the rest of the language.

"""

_PLAIN = {str: "text", int: "integer", float: "number", bool: "true / false", type(None): "null", Any: "anything"}

Model = type[BaseModel]


def text() -> str:
    """What docs/agents.md has to be."""
    shown: dict[Model, str] = {}
    parts = [part for name in actor_kinds() for part in _kind(name, shown)]
    return HEAD + "\n".join(parts)


def _kind(name: str, shown: dict[Model, str]) -> Iterator[str]:
    kind = actor_kind(name)
    invented = "" if kind.generate is None else " Can be invented."
    yield f"## {name}\n\n{_said(kind.config)}{invented}\n"
    todo, mine = [kind.config], {}
    while todo:
        for inner in _parts(todo.pop(0)):
            if inner not in shown:
                shown[inner] = mine[inner] = f"{name}: {inner.__name__}"
                todo.append(inner)
    yield _table(kind.config, shown)
    for model, title in mine.items():
        yield f"### {title}\n\n{_said(model)}\n"
        yield _table(model, shown)


def _said(model: Model) -> str:
    """The first paragraph of a model's docstring, on one line."""
    return " ".join(inspect.cleandoc(model.__doc__ or "").partition("\n\n")[0].split())


def _parts(model: Model) -> list[Model]:
    """The models that the fields of a model are made of, each once."""
    found = [inner for field in model.model_fields.values() for inner in _models(field.annotation)]
    return list(dict.fromkeys(found))


def _models(annotation: Any) -> Iterator[Model]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _models(argument)


def _table(model: Model, shown: dict[Model, str]) -> str:
    rows = ["| setting | value | default | meaning |", "|---|---|---|---|"]
    for name, field in model.model_fields.items():
        label = field.alias or name
        shape = _shape(field.annotation, field.metadata, shown)
        meaning = (field.description or "").replace("|", "\\|")
        setting = f"**`{label}`**" if field.is_required() else f"`{label}`"
        rows.append(f"| {setting} | {shape} | {_default(field, shape)} | {meaning} |")
    return "\n".join(rows) + "\n"


def _shape(annotation: Any, metadata: Any, shown: dict[Model, str]) -> str:
    """What a value looks like, in a few words."""
    for mark in metadata:
        told = isinstance(mark, WithJsonSchema) and re.match(r"An? (\w+)", str(mark.json_schema.get("description", "")))
        if told:
            return told[1]
    origin, arguments = get_origin(annotation), get_args(annotation)
    inner = [_shape(one, (), shown) for one in arguments] if origin not in (Annotated, Literal) else []
    if origin is Annotated:
        return _shape(arguments[0], arguments[1:], shown)
    if origin is Literal:
        return ", ".join(f"`{value}`" for value in arguments)
    if origin in (Union, types.UnionType):
        return " or ".join(dict.fromkeys(one for one in inner if one != "null"))
    if origin is dict:
        return f"{inner[1]} by {inner[0]}"
    if origin is tuple:
        return f"list of {inner[0]}" if arguments[-1] is Ellipsis else f"[{', '.join(inner)}]"
    if origin is not None:
        return f"list of {inner[0]}"
    if annotation in shown:
        anchor = re.sub(r"[^a-z0-9_ -]", "", shown[annotation].lower()).replace(" ", "-")
        return f"[{annotation.__name__}](#{anchor})"
    return _PLAIN.get(annotation, getattr(annotation, "__name__", str(annotation)))


def _default(field: FieldInfo, shape: str) -> str:
    if field.is_required():
        return ""
    value = field.get_default(call_default_factory=True, validated_data={})
    if value is None or value in ([], {}, "") or isinstance(value, BaseModel):
        return ""
    if isinstance(value, int) and not isinstance(value, bool):
        value = format_duration(value) if "duration" in shape else iso(value) if shape == "instant" else value
    plain = value if isinstance(value, str) else json.dumps(value, default=_plain, ensure_ascii=False)
    return f"`{plain}`".replace("|", "\\|")


def _plain(value: Any) -> Any:
    return value.model_dump(mode="json", exclude_defaults=True) if isinstance(value, BaseModel) else list(value)


if __name__ == "__main__":
    PLACE.write_text(text(), encoding="utf-8")
