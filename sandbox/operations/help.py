"""Answers to questions about the API, from its own rows: no language model, words that match."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from sandbox.core.errors import API_STATUS
from sandbox.kernel.endpoint import Operation
from sandbox.operations.operation import Route
from sandbox.operations.schemas import Field, Part, Schemas, markdown
from sandbox.operations.topics import Topic, guide

SENT: tuple[tuple[Part, str], ...] = (("params", "Query"), ("body", "Body"))
PARTS: tuple[tuple[Part, str], ...] = (*SENT, ("answer", "Answer"))

MOST_OPERATIONS = 5
"""Operations that an answer describes at most."""

_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")
_ENDINGS = ("ations", "ation", "ings", "ing", "ies", "es", "ed", "s", "e", "y")
_COMMON = frozenset(
    "a an and any are at be by can can't could did do does for from get give has have how i if in into is it its me "
    "my of on or please should that the their them then there these they this to us use want was we what when where "
    "which who why will with would you your api call operation about need make".split()
)


def answer(question: str, operations: Iterable[Operation]) -> str:
    """What ``ask_about_capability`` says to a question: the way to do it, and the operations with their fields."""
    rows = {operation.name: operation for operation in operations}
    schemas = _schemas(tuple(rows.values()))
    words = _words(question)
    topics = _ranked(words, {topic.title: _topic_words(topic) for topic in guide().topics})
    named = [name for name in rows if name in question]
    found = _ranked(words, {name: _operation_words(row, schemas) for name, row in rows.items()})
    if not named and not topics and not found:
        return f"Nothing in the API goes by these words.\n\n{overview(rows.values())}"
    parts = []
    chosen: list[str] = list(named)
    if topics and not (named and topics[0][1] < found[0][1]):
        topic = next(topic for topic in guide().topics if topic.title == topics[0][0])
        parts.append(_workflow(topic, rows))
        best = [name for name, _ in found if name in topic.operations]
        chosen += best or [name for name in topic.operations if name in rows]
    if not named:
        chosen += [name for name, score in found if score >= found[0][1] / 2]
    described = (_described(rows[name], schemas) for name in list(dict.fromkeys(chosen))[:MOST_OPERATIONS])
    return "\n\n".join([*parts, *described])


def overview(operations: Iterable[Operation]) -> str:
    """What ``help`` says: what there is, group by group, and how to go on."""
    groups: dict[str, list[str]] = {}
    for operation in operations:
        if operation.detail.mcp:
            groups.setdefault(operation.detail.group, []).append(f"`{operation.name}`")
    topics = "; ".join(topic.title.lower() for topic in guide().topics)
    lines = ["# The buyer platform of the sandbox", "", guide().tools, "", f"Ask about: {topics}.", ""]
    lines += ["## Operations", "", *(f"- **{name}**: {', '.join(names)}" for name, names in groups.items())]
    return "\n".join([*lines, "", "## Time", "", guide().clock])


def skill(operations: Iterable[Operation]) -> str:
    """The Markdown of ``skill.md``: how a client uses the platform (conflict C68)."""
    rows = {operation.name: operation for operation in operations}
    schemas = _schemas(tuple(rows.values()))
    habits = "\n".join(f"- {habit}" for habit in guide().habits)
    errors = "\n".join(f"| {code} | {API_STATUS[code]} | {advice} |" for code, advice in guide().errors.items())
    parts = [
        guide().skill.strip(),
        f"## Habits\n\n{habits}",
        f"## Time\n\n{guide().clock}",
        "## Workflows",
        *(_workflow(topic, rows, "###") for topic in guide().topics),
        "## Operations and their fields\n\nRequired fields are **bold**.",
        *(_brief(name, group, schemas) for name, group in _groups(rows).items()),
        f"## Errors\n\n{guide().failures}\n\n| Code | Status | What to do |\n|---|---|---|\n{errors}",
    ]
    return "\n\n".join(parts) + "\n"


# -- words -----------------------------------------------------------------------------------------------------


def _words(text: str) -> list[str]:
    """The words of a text or name, without common ones and endings."""
    words = (word.lower() for word in _WORD.findall(text))
    return [_stem(word) for word in words if word not in _COMMON]


def _stem(word: str) -> str:
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word.removesuffix(ending)
    return word


def _ranked(question: list[str], texts: Mapping[str, Mapping[str, float]]) -> list[tuple[str, float]]:
    """Names of texts with a word of the question, the most fitting first: rare words count more (tf-idf)."""
    known = Counter(word for weights in texts.values() for word in weights)
    rarity = {word: math.log(1 + len(texts) / known[word]) for word in question if word in known}
    scores = {
        name: sum(rarity[word] * weights[word] for word in dict.fromkeys(question) if word in weights)
        for name, weights in texts.items()
    }
    return sorted(((n, s) for n, s in scores.items() if s > 0), key=lambda pair: -pair[1])


def _topic_words(topic: Topic) -> dict[str, float]:
    weights = dict.fromkeys(_words(" ".join((topic.words, *topic.operations))), 1.0)
    return weights | dict.fromkeys(_words(topic.title), 2.0)


def _operation_words(operation: Operation, schemas: Schemas) -> dict[str, float]:
    route: Route = operation.detail
    fields = [field.name for part, _ in SENT for field in schemas.fields(operation.name, part)]
    weights = dict.fromkeys(_words(" ".join(fields)), 0.4)
    weights |= dict.fromkeys(_words(f"{route.summary} {route.group}"), 1.0)
    return weights | dict.fromkeys(_words(operation.name), 2.0)


# -- parts of answers ------------------------------------------------------------------------------------------


@lru_cache(maxsize=4)
def _schemas(operations: tuple[Operation, ...]) -> Schemas:
    return Schemas(operations)


def _workflow(topic: Topic, rows: Mapping[str, Operation], heading: str = "##") -> str:
    lines = [f"{heading} {topic.title}", ""]
    lines += [f"{number}. {step}" for number, step in enumerate(topic.steps, start=1)]
    names = [name for name in topic.operations if name in rows]
    if names:
        lines += ["", "Operations: " + ", ".join(f"`{name}`" for name in names)]
    if topic.show:
        lines += ["", "Show people: " + ", ".join(f"`{field}`" for field in topic.show)]
    return "\n".join(lines)


def _described(operation: Operation, schemas: Schemas) -> str:
    route: Route = operation.detail
    lines = [f"### `{operation.name}`: {route.method} {route.path}", "", markdown(route.summary)]
    if route.path_params:
        lines.append("Path parameters: " + ", ".join(f"**`{name}`**" for name in route.path_params))
    for part, title in PARTS:
        fields = schemas.fields(operation.name, part, 2 if part == "body" else 1)
        if fields:
            lines += ["", f"{title}:", *(_line(field, part != "answer") for field in fields)]
    if not route.mcp:
        lines += ["", "Not through `api_call`: over HTTP only."]
    else:
        lines += ["", "```json", json.dumps(example(operation, schemas)), "```"]
    return "\n".join(lines)


def _line(field: Field, asked: bool) -> str:
    mark = f"**`{field.name}`**" if asked and field.required else f"`{field.name}`"
    about = f": {field.description}" if field.description else ""
    return f"- {mark} ({field.type}{', required' if asked and field.required else ''}){about}"


def _groups(rows: Mapping[str, Operation]) -> dict[str, list[Operation]]:
    groups: dict[str, list[Operation]] = {}
    for operation in rows.values():
        groups.setdefault(operation.detail.group, []).append(operation)
    return groups


def _brief(group: str, operations: list[Operation], schemas: Schemas) -> str:
    lines = [f"### {group.capitalize()}", ""]
    for operation in operations:
        route: Route = operation.detail
        lines.append(f"- `{operation.name}` {route.method} {route.path}: {markdown(route.summary)}")
        for part, title in SENT:
            fields = schemas.fields(operation.name, part, 1)
            named = [f"**`{field.name}`**" if field.required else f"`{field.name}`" for field in fields]
            if named:
                lines.append(f"  - {title.lower()}: {', '.join(named)}")
    return "\n".join(lines)


def example(operation: Operation, schemas: Schemas) -> dict[str, Any]:
    """The arguments of ``api_call`` with what is required, as placeholders."""
    made: dict[str, Any] = {"operation": operation.name}
    route: Route = operation.detail
    if route.path_params:
        made["pathParams"] = {name: f"<{name}>" for name in route.path_params}
    for part, _ in SENT:
        schema = schemas.of(operation.name, part)
        needed = sample(schemas, schema, "") if schema is not None else {}
        if needed:
            made[part] = needed
    return made


def sample(schemas: Schemas, schema: dict[str, Any], name: str) -> Any:
    """A value that a schema allows, with the required fields only; texts are placeholders with the field's name."""
    schema = schemas.resolved(schema)
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return schema["enum"][0]
    kind = schema.get("type")
    if kind == "object":
        alternatives = schema.get("anyOf", [{}])
        needed = [*schema.get("required", []), *alternatives[0].get("required", [])]
        fields = schema.get("properties", {})
        return {field: sample(schemas, fields[field], field) for field in fields if field in needed}
    if "anyOf" in schema:
        return sample(schemas, schema["anyOf"][0], name)
    if kind == "array":
        return [sample(schemas, schema.get("items", {}), name.removesuffix("s"))]
    if kind in ("integer", "number"):
        return schema.get("minimum", schema.get("exclusiveMinimum", 0) + 1)
    if kind == "boolean":
        return True
    if schema.get("format") == "date-time":
        return "2026-06-30T23:59:59Z" if name.startswith("end") else "2026-06-01T00:00:00Z"
    return f"<{name or kind or 'value'}>"
