"""The published JSON Schema of scenario files, with the settings of every installed kind of actor."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, models_json_schema
from pydantic_core import core_schema

from sandbox.kernel.actor import actor_kind, actor_kinds
from sandbox.peers.config import CONFIGS
from sandbox.scenario.compare import Operators
from sandbox.scenario.model import ScenarioFile

Json = dict[str, Any]

TITLE = "AdCP sandbox scenario"
REFERENCE: Json = {"type": "string", "pattern": r"^\$", "description": "a reference: $name or ${name.path}"}


class _Generator(GenerateJsonSchema):
    """Lets a model that reads a short form before it is validated (``delay: 2d``) be written so."""

    def model_schema(self, schema: core_schema.ModelSchema) -> Json:
        found = super().model_schema(schema)
        validators = schema["cls"].__pydantic_decorators__.model_validators.values()
        if found.get("type") == "object" and any(v.info.mode == "before" for v in validators):
            found["type"] = ["object", "string", "number"]
        return found


def json_schema() -> Json:
    """A JSON Schema (draft 2020-12) from which an editor completes scenario files.

    What a kind of actor may be set to comes from the kind's own model. A file that extends another may
    leave out what the other one has, so only a file without ``extends`` needs all of it.
    """
    kinds = {name: actor_kind(name).config for name in actor_kinds()}
    real = set(CONFIGS.values())
    models: list[type[BaseModel]] = [ScenarioFile, Operators, *kinds.values(), *sorted(real, key=lambda m: m.__name__)]
    wanted = [(model, "validation") for model in models]
    refs, whole = models_json_schema(wanted, by_alias=True, schema_generator=_Generator)  # type: ignore[arg-type]
    definitions: dict[str, Json] = whole["$defs"]
    file = definitions.pop("ScenarioFile")
    for definition in definitions.values():
        if properties := definition.get("properties"):
            definition["properties"] = {name: _or_reference(field) for name, field in properties.items()}
    needed = file.pop("required")
    actor_or_none = {"anyOf": [{"type": "null"}, {"$ref": "#/$defs/ActorSpec"}]}
    file["properties"]["actors"]["additionalProperties"] = actor_or_none
    own = {name: definitions[refs[model, "validation"]["$ref"].rpartition("/")[2]] for name, model in kinds.items()}
    outside = {
        name: definitions[refs[model, "validation"]["$ref"].rpartition("/")[2]] for name, model in CONFIGS.items()
    }
    definitions["ActorSpec"] = _actor(definitions["ActorSpec"]["properties"], own, outside)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **file,
        "title": TITLE,
        "if": {"not": {"required": ["extends"]}},
        "then": {"required": needed},
        "$defs": {**dict(sorted(definitions.items())), "Reference": REFERENCE},
    }


def _or_reference(field: Json) -> Json:
    """A field, or a reference in its place, unless the field takes any text already."""
    said: Json = {key: field[key] for key in ("title", "description", "default") if key in field}
    rest: Json = {key: value for key, value in field.items() if key not in said}
    if rest in ({}, {"type": "string"}):
        return field
    choices = rest["anyOf"] if rest.keys() == {"anyOf"} else [rest]
    return {**said, "anyOf": [*choices, {"$ref": "#/$defs/Reference"}]}


def _actor(common: Json, kinds: dict[str, Json], real: dict[str, Json]) -> Json:
    """An actor: ``kind`` chooses the settings, and ``url`` those of a real service."""
    branches = []
    for name, settings in kinds.items():
        is_kind: Json = {"properties": {"kind": {"const": name}}, "required": ["kind"]}
        simulated = {
            **_settings(common, name, settings),
            "if": {"not": {"required": ["generate"]}},
            "then": {"required": ["kind", *settings.get("required", [])]},
        }
        if name not in real:
            branches.append({"if": is_kind, "then": simulated})
            continue
        outside = real[name]
        if outside.get("additionalProperties") is True:  # the settings of the simulated one go along
            outside = {**outside, "properties": {**settings["properties"], **outside["properties"]}}
        there = {**_settings(common, name, outside), "required": ["kind", *outside.get("required", [])]}
        branches.append({"if": is_kind, "then": {"if": {"required": ["url"]}, "then": there, "else": simulated}})
    properties = {**common, "kind": {"enum": list(kinds), "description": common["kind"]["description"]}}
    return {"type": "object", "properties": properties, "allOf": branches}


def _settings(common: Json, name: str, settings: Json) -> Json:
    properties = {**common, **settings["properties"], "kind": {"const": name}}
    return {"properties": properties, "additionalProperties": False}
