"""The JSON Schemas of queries, bodies and answers, with one set of definitions, and the fields in them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema

from sandbox.kernel.endpoint import Operation
from sandbox.operations.answer import adapter
from sandbox.operations.operation import Route

Schema = dict[str, Any]
Part = Literal["params", "body", "answer"]

_PLACE = "#/components/schemas/"


@dataclass(slots=True, frozen=True)
class Field:
    """A field of a query, body or answer. ``name`` is its place (``flightDates.startDate``, ``products[].budget``)."""

    name: str
    type: str
    required: bool
    description: str = ""


class Schemas:
    """The schemas of operations; ``definitions`` are what they refer to under ``#/components/schemas``."""

    def __init__(self, operations: Iterable[Operation]) -> None:
        wanted: list[tuple[tuple[str, Part], Literal["validation"], TypeAdapter[Any]]] = []
        for operation in operations:
            route: Route = operation.detail
            if route.params is not None:
                wanted.append(((operation.name, "params"), "validation", TypeAdapter(route.params)))
            if route.body is not None:
                wanted.append(((operation.name, "body"), "validation", TypeAdapter(route.body)))
            if route.answer is not None:
                wanted.append(((operation.name, "answer"), "validation", adapter(route.answer)))
        found, rest = TypeAdapter.json_schemas(wanted, ref_template=_PLACE + "{model}", schema_generator=_Untitled)
        definitions = rest.get("$defs", {})
        names = {name: _short(name) for name in definitions}
        self.definitions: dict[str, Schema] = {names[name]: _tidy(each, names) for name, each in definitions.items()}
        self._found = {key: _tidy(schema, names) for (key, _), schema in found.items()}

    def of(self, operation: str, part: Part) -> Schema | None:
        """The schema of a part of an operation; None if it has no such part."""
        schema = self._found.get((operation, part))
        if schema is not None and part == "answer":
            only: Schema = schema["prefixItems"][0]
            return only
        return schema

    def resolved(self, schema: Schema) -> Schema:
        """What a reference refers to; anything else as it is."""
        while "$ref" in schema:
            schema = self.definitions[schema["$ref"].removeprefix(_PLACE)]
        return schema

    def fields(self, operation: str, part: Part, depth: int = 2) -> list[Field]:
        """The fields of a part, those within objects after the object, ``depth`` levels deep."""
        schema = self.of(operation, part)
        return [] if schema is None else list(self._fields(schema, "", depth))

    def _fields(self, schema: Schema, prefix: str, depth: int) -> Iterator[Field]:
        seen: set[str] = set()
        for shape in self.objects(schema):
            required = shape.get("required", [])
            for name, inner in shape.get("properties", {}).items():
                if name in seen:
                    continue
                seen.add(name)
                place = prefix + name
                yield Field(place, self.words(inner), name in required, inner.get("description", ""))
                if depth > 1:
                    listed = next((s for s in self._choices(inner) if s.get("type") == "array"), None)
                    within = inner if listed is None else listed.get("items", {})
                    yield from self._fields(within, place + (".", "[].")[listed is not None], depth - 1)

    def objects(self, schema: Schema) -> list[Schema]:
        """The object shapes that a schema allows: itself, or those among its choices."""
        return [shape for shape in self._choices(schema) if shape.get("type") == "object"]

    def _choices(self, schema: Schema) -> list[Schema]:
        schema = self.resolved(schema)
        inner = [] if schema.get("type") == "object" else schema.get("anyOf", []) + schema.get("oneOf", [])
        return [found for choice in inner for found in self._choices(choice)] or [schema]

    def words(self, schema: Schema) -> str:
        """The type of a value in a few words: ``string``, ``integer 1 to 100``, ``array of string``, ``A | B``."""
        schema = self.resolved(schema)
        if "const" in schema:
            return f'"{schema["const"]}"' if isinstance(schema["const"], str) else str(schema["const"]).lower()
        if "enum" in schema:
            return " | ".join(f'"{value}"' for value in schema["enum"])
        if "anyOf" in schema and schema.get("type") != "object":
            return " | ".join(dict.fromkeys(self.words(choice) for choice in schema["anyOf"]))
        kind = schema.get("type", "any")
        if kind == "array":
            return f"array of {self.words(schema.get('items', {}))}"
        if kind == "string" and schema.get("format"):
            return str(schema["format"])
        low = schema.get("minimum", schema.get("exclusiveMinimum"))
        high = schema.get("maximum", schema.get("maxLength"))
        if high is not None:
            return f"{kind} up to {high}" if low is None else f"{kind} {low} to {high}"
        if low is not None:
            return f"{kind} {'from' if 'minimum' in schema else 'above'} {low}"
        return str(kind)

    def reachable(self, value: Any) -> dict[str, Schema]:
        """The definitions that something refers to, directly or not, by name in order."""
        found: dict[str, Schema] = {}
        todo = [value]
        while todo:
            for name in _references(todo.pop()):
                if name not in found:
                    found[name] = self.definitions[name]
                    todo.append(found[name])
        return dict(sorted(found.items()))


class _Untitled(GenerateJsonSchema):
    """Titles that only repeat a field's name are noise."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


def _short(name: str) -> str:
    """A definition's name: two classes of one name are told apart by their modules, without the packages."""
    module, _, own = name.rpartition("__")
    return module.rpartition("__")[2].title().replace("_", "") + own


def _tidy(value: Any, names: dict[str, str]) -> Any:
    """The same with short names, with descriptions in Markdown, and without defaults that only say null."""
    if isinstance(value, list):
        return [_tidy(each, names) for each in value]
    if not isinstance(value, dict):
        return value
    made: Schema = {}
    for name, each in value.items():
        if name == "$ref" and isinstance(each, str):
            made[name] = _PLACE + names[each.removeprefix(_PLACE)]
        elif name == "description" and isinstance(each, str):
            made[name] = markdown(each)
        elif name != "default" or each is not None:
            made[name] = _tidy(each, names)
    return made


def markdown(text: str) -> str:
    """The words of a docstring as Markdown, its lines joined."""
    for role in (":class:", ":func:", ":meth:"):
        text = text.replace(role, "")
    paragraphs = text.replace("``", "`").split("\n\n")
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for name, each in value.items():
            if name == "$ref" and isinstance(each, str) and each.startswith(_PLACE):
                yield each.removeprefix(_PLACE)
            else:
                yield from _references(each)
    elif isinstance(value, list):
        for each in value:
            yield from _references(each)
