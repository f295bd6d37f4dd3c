"""The scenarios that ship with the sandbox, and how a scenario's name becomes a file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import as_file, files
from importlib.resources.abc import Traversable
from pathlib import Path

from sandbox.core.errors import InputError
from sandbox.scenario.references import nearest
from sandbox.scenario.source import parse

PACKAGE = "scenarios"
SUFFIX = ".yaml"


def shipped() -> dict[str, Traversable]:
    """All shipped scenarios by name (``lifecycle/first-campaign``), in alphabetical order."""
    return dict(sorted(_walk(files(PACKAGE), "")))


def _walk(folder: Traversable, prefix: str) -> Iterator[tuple[str, Traversable]]:
    for entry in folder.iterdir():
        if entry.is_dir():
            yield from _walk(entry, f"{prefix}{entry.name}/")
        elif entry.name.endswith(SUFFIX):
            yield prefix + entry.name.removesuffix(SUFFIX), entry


@contextmanager
def located(name: str, beside: Path | None) -> Iterator[tuple[Path, bool]]:
    """The file of a scenario and whether it is a shipped one.

    ``name`` is a path, taken from the folder ``beside``, or the name of a shipped scenario (the latter only
    if ``beside`` is None). Raises :class:`InputError` with the nearest names if there is neither.
    """
    if beside is not None and (beside / name).is_file():
        yield beside / name, False
        return
    there = shipped()
    if name not in there:
        raise InputError(f"there is no scenario {name!r}", hint=_nearest(name, list(there)))
    with as_file(there[name]) as file:
        yield file, True


def _nearest(name: str, there: list[str]) -> str:
    if name.endswith((SUFFIX, ".yml")):
        return "the path leads to no file"
    if name and Path(f"{name}{SUFFIX}").is_file():
        return f"did you mean {name}{SUFFIX}?"
    meant = nearest(name, there)
    return (
        f"did you mean {' or '.join(meant)}?" if meant else "give a path, or a name that `adcp-sandbox scenarios` lists"
    )


def title_of(file: Traversable) -> str:
    """The title of a shipped scenario, read without checking the rest of it."""
    data = parse(file.read_text(encoding="utf-8"), file.name).data
    return str(data.get("title", ""))
