"""The published JSON Schema of scenario files, with the settings of every installed kind of actor."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from sandbox.kernel.actor import actor_kind, actor_kinds
from sandbox.scenario.compare import Operators
from sandbox.scenario.model import ScenarioFile

TITLE = "AdCP sandbox scenario"


def json_schema() -> dict[str, Any]:
    """A JSON Schema (draft 2020-12) from which an editor completes scenario files.

    What a kind of actor may be set to comes from the kind's own model. A file that extends another may
    leave out what the other one has, so only a file without ``extends`` needs all of it.
    """
    kinds = {name: actor_kind(name).config for name in actor_kinds()}
    models: list[type[BaseModel]] = [ScenarioFile, Operators, *kinds.values()]
    refs, whole = models_json_schema([(model, "validation") for model in models], by_alias=True)
    definitions: dict[str, Any] = whole["$defs"]
    file = definitions.pop("ScenarioFile")
    needed = file.pop("required")
    file["properties"]["actors"]["additionalProperties"] = {
        "anyOf": [{"type": "null"}, {"$ref": "#/$defs/ActorSpec"}]
    }
    definitions["ActorSpec"] = _actor(definitions, kinds, refs)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **file,
        "title": TITLE,
        "if": {"not": {"required": ["extends"]}},
        "then": {"required": needed},
        "$defs": dict(sorted(definitions.items())),
    }


def _actor(definitions: dict[str, Any], kinds: dict[str, type[BaseModel]], refs: Any) -> dict[str, Any]:
    """An actor: ``kind`` chooses the settings."""
    common = definitions["ActorSpec"]["properties"]
    branches = []
    for name, model in kinds.items():
        settings = definitions[refs[model, "validation"]["$ref"].rpartition("/")[2]]
        properties = {**common, **settings["properties"], "kind": {"const": name}}
        required = ["kind", *settings.get("required", [])]
        branches.append(
            {
                "if": {"properties": {"kind": {"const": name}}, "required": ["kind"]},
                "then": {
                    "properties": properties,
                    "additionalProperties": False,
                    "if": {"not": {"required": ["generate"]}},
                    "then": {"required": required},
                },
            }
        )
    properties = {**common, "kind": {"enum": list(kinds), "description": common["kind"]["description"]}}
    return {"type": "object", "properties": properties, "allOf": branches}
