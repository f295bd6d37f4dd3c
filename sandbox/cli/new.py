"""``adcp-sandbox new``: a file to start from."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import click

from sandbox.core.errors import InputError
from sandbox.core.files import write_text


@click.group()
def command() -> None:
    """Write a file to start from."""


@command.command()
@click.argument("name")
def scenario(name: str) -> None:
    """Write NAME.yaml, a small scenario that runs. An existing file is left alone."""
    path = Path(name if name.endswith((".yaml", ".yml")) else f"{name}.yaml")
    text = files("sandbox.cli").joinpath("scenario-template.yaml").read_text(encoding="utf-8")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"can't make the folder {path.parent}: {error.strerror}") from None
    if path.exists():
        raise InputError(f"{path} is there already", hint="choose another name")
    write_text(path, text.replace("TITLE", path.stem.replace("-", " ").replace("_", " ").capitalize()))
    click.echo(f"{path} is ready; play it with: adcp-sandbox run {path}")
