"""The operations for readers: one page of HTML that needs nothing else, and tables in Markdown."""

from __future__ import annotations

import json
from collections.abc import Iterable
from html import escape
from importlib import resources
from string import Template
from typing import Any

from sandbox.core.errors import API_STATUS
from sandbox.kernel.endpoint import Operation
from sandbox.operations.help import SENT, example
from sandbox.operations.operation import Route
from sandbox.operations.schemas import Field, Schemas, markdown
from sandbox.operations.topics import guide

ENVELOPES = {"bare": "", "data": ", under data", "mirror": ", and the same under data"}


def page(operations: Iterable[Operation], title: str, server: str) -> str:
    """The reference as HTML: operations by group, with parameters, fields, answers, rules and a curl line each."""
    rows = list(operations)
    schemas = Schemas(rows)
    groups = _groups(rows)
    links = "".join(f'<li><a href="#{_id(name)}">{escape(name.replace("_", " "))}</a></li>' for name in groups)
    sections = "".join(
        f'<section id="{_id(name)}"><h2>{escape(name.replace("_", " ").capitalize())}</h2>'
        + "".join(_article(operation, schemas, server) for operation in group)
        + "</section>"
        for name, group in groups.items()
    )
    errors = "".join(
        f"<tr><td><code>{code}</code></td><td>{API_STATUS[code]}</td><td>{_inline(advice)}</td></tr>"
        for code, advice in guide().errors.items()
    )
    template = Template(resources.files("sandbox.operations").joinpath("reference.html").read_text(encoding="utf-8"))
    return template.substitute(
        title=escape(title),
        server=escape(server),
        clock=_inline(guide().clock),
        links=links,
        sections=sections,
        errors=errors,
        count=len(rows),
    )


def tables(operations: Iterable[Operation]) -> str:
    """The operations as Markdown tables, one a group."""
    rows = list(operations)
    schemas = Schemas(rows)
    parts = []
    for name, group in _groups(rows).items():
        lines = [f"## {name.capitalize()}", "", "| Operation | Method and path | Request | Answer | Rules |"]
        lines += ["|---|---|---|---|---|", *(_row(operation, schemas) for operation in group)]
        parts.append("\n".join(lines))
    return "\n\n".join(parts) + "\n"


# -- Markdown --------------------------------------------------------------------------------------------------


def _row(operation: Operation, schemas: Schemas) -> str:
    route: Route = operation.detail
    asked = []
    for part, title in SENT:
        names = [
            f"**{field.name}**" if field.required else field.name for field in schemas.fields(operation.name, part, 1)
        ]
        if names:
            asked.append(f"{title.lower()}: {', '.join(names)}")
    if route.files:
        asked.append("files")
    told = ", ".join(field.name for field in schemas.fields(operation.name, "answer", 1))
    paths = "<br>".join(f"`{path}`" for path in (route.path, *route.aliases))
    cells = (
        f"`{operation.name}`<br>{markdown(route.summary)}",
        f"{route.method} {paths}",
        "<br>".join(asked) or "–",
        f"{route.success_status}" + (f": {told}{ENVELOPES[route.envelope]}" if told else ""),
        ", ".join(map(str, route.rules)) or "–",
    )
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


# -- HTML ------------------------------------------------------------------------------------------------------


def _article(operation: Operation, schemas: Schemas, server: str) -> str:
    route: Route = operation.detail
    notes = []
    if route.aliases:
        notes.append("Also: " + ", ".join(f"<code>{escape(path)}</code>" for path in route.aliases))
    if not route.mcp:
        notes.append("Not through the MCP tool <code>api_call</code>")
    if route.public:
        notes.append("No API key is needed")
    if route.files:
        notes.append("Files may come along, as <code>multipart/form-data</code>")
    if route.rules:
        notes.append("Rules " + ", ".join(map(str, route.rules)))
    parts = [f"<p>{_inline(markdown(operation.handler.__doc__ or ''))}</p>"]
    if route.path_params:
        fields = [Field(name, "string", True) for name in route.path_params]
        parts.append(_table("Path", fields, True))
    for part, title in SENT:
        parts.append(_table(title, schemas.fields(operation.name, part, 3), True))
    told = f"Answer {route.success_status}{ENVELOPES[route.envelope]}"
    parts.append(_table(told, schemas.fields(operation.name, "answer", 3), False) or f"<h4>{told}</h4>")
    parts.append(f"<pre>{escape(_curl(operation, schemas, server))}</pre>")
    parts.append("".join(f'<p class="note">{note}</p>' for note in notes))
    return (
        f'<details class="op" id="{operation.name}"><summary><b class="{route.method}">{route.method}</b> '
        f"<code>{escape(route.path)}</code> <span>{operation.name}</span></summary>{''.join(parts)}</details>"
    )


def _table(title: str, fields: list[Field], asked: bool) -> str:
    if not fields:
        return ""
    rows = "".join(
        f"<tr><td><code>{escape(field.name)}</code>{' <em>required</em>' if asked and field.required else ''}</td>"
        f"<td>{escape(field.type)}</td><td>{_inline(field.description)}</td></tr>"
        for field in fields
    )
    return f"<h4>{escape(title)}</h4><table>{rows}</table>"


def _curl(operation: Operation, schemas: Schemas, server: str) -> str:
    """A line for the shell with what is required."""
    from urllib.parse import urlencode

    route: Route = operation.detail
    wanted = example(operation, schemas)
    query = {name: _text(value) for name, value in wanted.get("params", {}).items()}
    url = server.rstrip("/") + route.path + (f"?{urlencode(query)}" if query else "")
    method = "" if route.method == "GET" else f"-X {route.method} "
    line = [f"curl {method}'{url}'"]
    if not route.public:
        line.append('-H "Authorization: Bearer $API_KEY"')
    if route.files:
        line += [f"-F 'metadata={json.dumps(wanted.get('body', {}))}'", "-F 'files=@banner.png'"]
    elif route.body is not None:
        line += ["-H 'Content-Type: application/json'", f"-d '{json.dumps(wanted.get('body', {}))}'"]
    return " \\\n  ".join(line)


def _text(value: Any) -> str:
    if isinstance(value, list):
        return ",".join(map(str, value))
    return value if isinstance(value, str) else json.dumps(value)


def _inline(text: str) -> str:
    """Markdown's `code` and paragraphs as HTML."""
    pieces = escape(text).split("`")
    marked = "".join(f"<code>{piece}</code>" if number % 2 else piece for number, piece in enumerate(pieces))
    return marked.replace("\n\n", "<br><br>")


def _groups(rows: list[Operation]) -> dict[str, list[Operation]]:
    groups: dict[str, list[Operation]] = {}
    for operation in rows:
        groups.setdefault(operation.detail.group, []).append(operation)
    return groups


def _id(name: str) -> str:
    return "group-" + name.replace(" ", "-")
