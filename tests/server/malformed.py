"""Messages that are almost right: requests made from the official schemas, and then broken."""

from __future__ import annotations

import copy
import json
import string
from collections.abc import Callable, Mapping
from random import Random
from typing import Any

Json = dict[str, Any]

DEEPEST = 6
"""Below this depth a made request has required fields only."""

_FORMATS = {
    "date-time": ("2026-05-10T00:00:00Z", "2026-06-10T00:00:00Z", "now"),
    "date": ("2026-05-10", "2026-06-10"),
    "uri": ("https://buyer.example/hook", "https://cdn.example/a.png"),
    "email": ("a@buyer.example",),
    "uuid": ("3f0d3a0e-5a55-4a4e-9b0e-8c1f4a4e9b0e",),
}

ODD: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 2**31, 2**53, 2**63, -(2**64), 10**40, 0.1, -0.0, 1e-320, 1.7e308,
    "", " ", "0", "null", "x" * 300, "x" * 70_000, "\u0000", "\n\r\t", "é\u0301", "مرحبا\u202e", "🏴\U000e0067",
    "../../etc/passwd",
    "'; drop table media_buys; --", "<script>alert(1)</script>", "${jndi:ldap://x}", "{{7*7}}", "%s%n",
    "2026-13-45T99:99:99Z",
    "9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z", "http://[::1", "javascript:alert(1)",
    [], {}, [[]], [None], [{}], {"": ""},
    ["a"] * 600, {"a": {"b": {"c": []}}}, {"__proto__": {"x": 1}}, {"$ref": "#"},
)  # fmt: skip
"""Values that stand where others are expected."""


class Maker:
    """Makes requests that fit a schema as far as a few rules go; ``known`` has ids by the names of their fields."""

    def __init__(self, rng: Random, known: Mapping[str, list[Any]]) -> None:
        self._rng = rng
        self._known = known

    def request(self, schema: Json) -> Json:
        """One request."""
        made = self._value(schema, schema, "", 0)
        return made if isinstance(made, dict) else {}

    def _value(self, schema: Any, root: Json, name: str, depth: int) -> Any:
        schema = self._whole(schema, root)
        rng = self._rng
        if name in self._known and rng.random() < 0.8:
            return rng.choice(self._known[name])
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            return rng.choice(schema["enum"])
        kind = schema.get("type", "object" if "properties" in schema else "string")
        kind = rng.choice(kind) if isinstance(kind, list) else kind
        if kind == "object":
            return self._object(schema, root, depth)
        if kind == "array":
            count = max(int(schema.get("minItems", 0)), 0 if depth > DEEPEST else rng.choice((0, 1, 1, 2)))
            return [self._value(schema.get("items", {}), root, name.removesuffix("s"), depth + 1) for _ in range(count)]
        return self._scalar(schema, kind)

    def _object(self, schema: Json, root: Json, depth: int) -> Json:
        needed, made = schema.get("required", []), {}
        for key, inner in schema.get("properties", {}).items():
            if key in needed or self._rng.random() < (0.25 if depth < DEEPEST else 0):
                made[key] = self._value(inner, root, key, depth + 1)
        return made

    def _scalar(self, schema: Json, kind: str) -> Any:
        rng = self._rng
        if kind in ("integer", "number"):
            low = schema.get("minimum", schema.get("exclusiveMinimum", 0) + 1)
            return rng.choice((low, low + 1, low + 100))
        if kind == "boolean":
            return rng.random() < 0.5
        if kind == "null":
            return None
        if schema.get("format") in _FORMATS:
            return rng.choice(_FORMATS[schema["format"]])
        length = max(int(schema.get("minLength", 0)), rng.choice((4, 8, 20)))
        return "".join(rng.choices(string.ascii_lowercase, k=length))

    def _whole(self, schema: Any, root: Json) -> Json:
        """A schema with what it refers to, one of its alternatives and all that it adds to itself."""
        whole: Json = dict(schema) if isinstance(schema, dict) else {}
        while "$ref" in whole:
            found: Any = root
            for step in whole.pop("$ref").removeprefix("#/").split("/"):
                name = step.replace("~1", "/").replace("~0", "~")
                found = found[int(name) if isinstance(found, list) else name]
            whole = {**found, **whole}
        parts = whole.pop("allOf", [])
        for keyword in ("oneOf", "anyOf"):
            parts = [*parts, *([self._rng.choice(whole.pop(keyword))] if whole.get(keyword) else [])]
        for part in parts:
            more = self._whole(part, root)
            properties = {**whole.get("properties", {}), **more.get("properties", {})}
            required = [*whole.get("required", []), *more.get("required", [])]
            whole = {**more, **whole, **({"properties": properties} if properties else {}), "required": required}
        return whole


def _odd(rng: Random) -> Any:
    return copy.deepcopy(rng.choice(ODD))


def broken(rng: Random, request: Json, schema_words: list[str]) -> Json:
    """A request with one to three things in it that are wrong, or at least odd."""
    wrong: Json = json.loads(json.dumps(request))
    for _ in range(rng.choice((1, 1, 2, 3))):
        holder, key = rng.choice(_places(wrong))
        rng.choice(_WAYS)(rng, holder, key, schema_words)
    return wrong


def _places(value: Any, depth: int = 0) -> list[tuple[Any, Any]]:
    """Every place in a request that is not too deep, as what holds it and where."""
    found: list[tuple[Any, Any]] = [(value, None)] if isinstance(value, dict) else []
    for key, inner in list(value.items() if isinstance(value, dict) else enumerate(value)):
        found.append((value, key))
        if isinstance(inner, dict | list) and depth < 2 * DEEPEST:
            found += _places(inner, depth + 1)
    return found or [(value, None)]


def _replace(rng: Random, holder: Any, key: Any, _words: list[str]) -> None:
    if key is not None and (isinstance(holder, dict) or key < len(holder)):
        holder[key] = _odd(rng)


def _drop(_rng: Random, holder: Any, key: Any, _words: list[str]) -> None:
    if key is not None and (isinstance(holder, dict) or key < len(holder)):
        del holder[key]


def _add(rng: Random, holder: Any, _key: Any, words: list[str]) -> None:
    if isinstance(holder, dict):
        holder[rng.choice(words)] = _odd(rng)
    else:
        holder.append(_odd(rng))


def _nest(rng: Random, holder: Any, key: Any, _words: list[str]) -> None:
    if key is not None and (isinstance(holder, dict) or key < len(holder)):
        for _ in range(rng.choice((1, 5, 40, 90))):
            holder[key] = rng.choice(([holder[key]], {"a": holder[key]}))


def _repeat(rng: Random, holder: Any, key: Any, _words: list[str]) -> None:
    if key is not None and isinstance(holder, dict) and isinstance(holder.get(key), list):
        holder[key] = holder[key] * rng.choice((2, 50, 400))


def _twist(rng: Random, holder: Any, key: Any, _words: list[str]) -> None:
    if key is None or not (isinstance(holder, dict) or key < len(holder)):
        return
    value = holder[key]
    if isinstance(value, str):
        holder[key] = rng.choice((value.upper(), value + "_x", value[:-1], value * 40, f" {value}", value + "\u0000"))
    elif isinstance(value, int | float) and not isinstance(value, bool):
        holder[key] = rng.choice((-value, value * 10**15, str(value), value + 0.5, -(10**30)))


_WAYS: tuple[Callable[[Random, Any, Any, list[str]], None], ...] = (_replace, _drop, _add, _nest, _repeat, _twist)


def spoiled(rng: Random, text: str) -> bytes:
    """A JSON text that is none any more, or that readers do not agree on."""
    at = rng.randrange(1, max(2, len(text)))
    way = rng.randrange(9)
    if way == 0:
        return text[:at].encode()
    if way == 1:
        return text.replace(
            ":", f": {rng.choice(('NaN', 'Infinity', '-Infinity', '1e999', '01', '.5', '+1'))} ,", 1
        ).encode()
    if way == 2:
        return text.replace('"', '"\\ud800', 1 + at % 3).encode()
    if way == 3:
        return text[:at].encode() + b"\xff\xfe\x80" + text[at:].encode()
    if way == 4:
        return (text[:-1] + ", " + text[1:]).encode()
    if way == 5:
        return b"[" * 5_000 + text.encode()
    if way == 6:
        return b"\xef\xbb\xbf" + text.encode()
    if way == 7:
        return (text + rng.choice((text, "}", ",", "\u0000", "//"))).encode()
    return text.replace('"', "'").encode()


def envelopes(rng: Random, tool: str, arguments: Json) -> Json | list[Any]:
    """A JSON-RPC message that calls a tool over MCP or A2A in a wrong way."""
    data = {"skill": tool, "input": arguments}
    part = rng.choice(({"data": data}, {"kind": "data", "data": data}, {"text": tool}, {"data": [data]}, {}, 7, None))
    message = {
        "messageId": rng.choice(("m1", "", 1, None)),
        "role": rng.choice(("ROLE_USER", "user", "nobody", 1)),
        "parts": rng.choice(([part], [part, part], [], part, None, [[part]])),
        "taskId": rng.choice(("", "nowhere", 1)),
    }
    params: Any = rng.choice(
        (
            {"name": tool, "arguments": arguments},
            {"name": tool, "arguments": _odd(rng)},
            {"name": _odd(rng), "arguments": arguments},
            {"name": tool + "s", "arguments": arguments},
            {"arguments": arguments},
            {"message": message},
            {"message": _odd(rng)},
            {"id": "nowhere"},
            _odd(rng),
        )
    )
    methods = (
        "tools/call",
        "tools/list",
        "initialize",
        "message/send",
        "SendMessage",
        "tasks/get",
        "GetTask",
        "tasks/cancel",
    )
    whole: Json = {
        "jsonrpc": rng.choice(("2.0", "2.0", "2.0", "1.0", 2, None)),
        "id": rng.choice((1, "a", 1, None, [], {}, 1.5, True, 2**70, "x" * 5000)),
        "method": rng.choice((*methods, "message/stream", "no/method", "", 5, None)),
        "params": params,
    }
    if rng.random() < 0.3:
        whole.pop(rng.choice(list(whole)))
    if rng.random() < 0.1:
        whole["more"] = _odd(rng)
    return [whole, whole] if rng.random() < 0.05 else whole
