"""``adcp-sandbox new``: a file to start from."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import click

from sandbox.core.errors import InputError


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
        with path.open("x", encoding="utf-8") as file:
            file.write(text.replace("TITLE", path.stem.replace("-", " ").replace("_", " ").capitalize()))
    except FileExistsError:
        raise InputError(f"{path} is there already", hint="choose another name") from None
    except OSError as error:
        raise InputError(f"can't write {path}: {error.strerror}") from None
    click.echo(f"{path} is ready; play it with: adcp-sandbox run {path}")
