"""Values that a JSON Schema allows, for property tests of what the published description says."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

Schema = dict[str, Any]

TEXT = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=30)
FORMATS = {
    "date-time": st.datetimes().map(lambda at: f"{at.replace(microsecond=0).isoformat()}Z"),
    "date": st.dates().map(str),
    "uri": st.from_regex(r"https://[a-z]{1,10}\.example/[a-z]{0,10}", fullmatch=True),
}


def values(schema: Schema, definitions: dict[str, Schema]) -> st.SearchStrategy[Any]:
    """A strategy for the values of a schema of the kinds that pydantic writes."""
    while "$ref" in schema:
        schema = definitions[schema["$ref"].rpartition("/")[2]]
    if "const" in schema:
        return st.just(schema["const"])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    if schema.get("type") == "object":
        return _objects(schema, definitions)
    if "anyOf" in schema:
        return st.one_of(*(values(choice, definitions) for choice in schema["anyOf"]))
    kinds = schema.get("type", ["object", "string", "integer", "null"])
    if isinstance(kinds, list):
        return st.one_of(*(values({**schema, "type": kind}, definitions) for kind in kinds))
    return _plain(kinds, schema, definitions)


def _plain(kind: str, schema: Schema, definitions: dict[str, Schema]) -> st.SearchStrategy[Any]:
    if kind == "string":
        return _texts(schema)
    if kind == "array":
        items = values(schema.get("items", {}), definitions)
        least = schema.get("minItems", 0)
        most = min(schema.get("maxItems", 3), least + 3)
        unique = repr if schema.get("uniqueItems") else None
        return st.lists(items, min_size=least, max_size=most, unique_by=unique)
    if kind == "integer":
        low = schema.get("minimum", schema.get("exclusiveMinimum", -1001) + 1)
        return st.integers(low, schema.get("maximum", max(low, 0) + 1000))
    if kind == "number":
        low = schema.get("minimum", schema.get("exclusiveMinimum", -1000.0))
        high = schema.get("maximum", schema.get("exclusiveMaximum", max(low, 0) + 1000.0))
        found = st.floats(low, high, exclude_min="exclusiveMinimum" in schema, exclude_max="exclusiveMaximum" in schema)
        return found.map(lambda value: round(value, 2)).filter(
            lambda value: value > schema.get("exclusiveMinimum", float("-inf"))
        )
    return st.booleans() if kind == "boolean" else st.none()


def _texts(schema: Schema) -> st.SearchStrategy[str]:
    if "pattern" in schema:
        return st.from_regex(schema["pattern"].replace("$", r"\Z"), alphabet=st.characters(codec="ascii"))
    if schema.get("format") in FORMATS:
        return FORMATS[schema["format"]]
    least, most = schema.get("minLength", 0), schema.get("maxLength", 1000)
    return TEXT.filter(lambda text: least <= len(text) <= most)


def _objects(schema: Schema, definitions: dict[str, Schema]) -> st.SearchStrategy[Schema]:
    fields = {name: values(inner, definitions) for name, inner in schema.get("properties", {}).items()}
    required = set(schema.get("required", []))
    if not fields:
        inner = schema.get("additionalProperties")
        if isinstance(inner, dict):
            return st.dictionaries(TEXT, values(inner, definitions), max_size=2)
        return st.dictionaries(TEXT, st.integers(), max_size=2)
    choices = [required | set(choice.get("required", [])) for choice in schema.get("anyOf", [{}])]
    return st.sampled_from(choices).flatmap(
        lambda needed: st.fixed_dictionaries(
            {name: strategy for name, strategy in fields.items() if name in needed},
            optional={name: strategy for name, strategy in fields.items() if name not in needed},
        )
    )
