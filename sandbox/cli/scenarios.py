"""``adcp-sandbox scenarios``: what ships with the sandbox."""

from __future__ import annotations

import click

from sandbox.scenario.catalog import shipped, title_of


@click.command()
def command() -> None:
    """List the scenarios that ship with the sandbox."""
    names = {name: title_of(file) for name, file in shipped().items()}
    width = max(map(len, names), default=0)
    for name, title in names.items():
        click.echo(f"{click.style(f'{name:<{width}}', bold=True)}  {title}")
