"""``adcp-sandbox validate``: is a scenario file right, without playing it."""

from __future__ import annotations

import json

import click

from sandbox.core.errors import InputError


@click.command(short_help="Look for mistakes in a scenario file.")
@click.argument("file", required=False)
@click.option("--schema", is_flag=True, help="Print the JSON Schema of scenario files instead.")
def command(file: str | None, schema: bool) -> None:
    """Check FILE (or a shipped scenario): text, schema, actors, operations and references.

    Exit code 0: it is right; 2: it is not, with the line and what would be right.
    """
    if schema:
        from sandbox.scenario.schema import json_schema

        click.echo(json.dumps(json_schema(), indent=2, ensure_ascii=False))
        return
    if file is None:
        raise InputError("which file?", hint="adcp-sandbox validate FILE, or validate --schema")
    from sandbox.scenario import build, load

    scenario = load(file)
    build(scenario)
    spec = scenario.file
    counts = (("actor", spec.actors), ("step", spec.steps), ("expectation", spec.expect))
    found = ", ".join(f"{len(things)} {name}{'s' * (len(things) != 1)}" for name, things in counts)
    click.echo(f"{file} is right: {found}")
