"""Writes docs/rules.md from tests/docs/rules.yaml, the operations and the tests: ``python -m tests.docs.rules``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from agents.buyer import api
from tests.docs.citations import Citation, citations

PLACE = Path(__file__).parents[2] / "docs" / "rules.md"
DATA = Path(__file__).with_name("rules.yaml")

HEAD = """# Rules

What the buyer API promises, numbered, with the operations that keep each rule and the tests that hold them to it:
written by `make rules` from `tests/docs/rules.yaml`, the rows of the operations, and the comments of the tests.
[api.md](api.md) lists the operations. The decisions at the end say what holds where the sources contradict each other.

"""


@dataclass(slots=True, frozen=True)
class Part:
    """A part of the rules; an open one is not built yet. ``rules`` are texts by number."""

    name: str
    rules: dict[int, str]
    is_open: bool


@cache
def parts() -> tuple[Part, ...]:
    """All parts in order."""
    return tuple(Part(row["part"], row["rules"], row.get("open", False)) for row in _data()["parts"])


@cache
def decisions() -> dict[str, str]:
    """What was decided where sources contradict each other, by name: ``C24``."""
    found: dict[str, str] = _data()["decisions"]
    return found


@cache
def all_citations() -> tuple[Citation, ...]:
    """Everything that tests cite."""
    return tuple(citations())


def citing(what: str) -> dict[str, list[str]]:
    """The tests that cite a rule or decision, by file, each once."""
    found: dict[str, list[str]] = {}
    for one in all_citations():
        if one.what == what and one.test and one.test not in found.setdefault(one.file, []):
            found[one.file].append(one.test)
    return {file: names for file, names in found.items() if names}


def text() -> str:
    """What docs/rules.md has to be."""
    operations: dict[int, list[str]] = {}
    for operation in api.operations():
        for number in operation.detail.rules:
            operations.setdefault(number, []).append(operation.name)
    lines: list[str] = []
    for part in parts():
        lines.append(f"## {part.name}{' (open)' if part.is_open else ''}\n")
        for number, rule in part.rules.items():
            lines += _entry(str(number), rule, operations.get(number, ()))
    lines.append("## Decisions\n")
    for name, decision in decisions().items():
        lines += _entry(name, decision, ())
    return HEAD + "\n".join(lines).rstrip("\n") + "\n"


def _entry(name: str, rule: str, operations: Iterable[str]) -> Iterator[str]:
    yield f"**{name}.** {rule}\n"
    named = ", ".join(f"`{operation}`" for operation in operations)
    if named:
        yield f"- Operations: {named}"
    for file, tests in citing(name).items():
        yield f"- {file}: {'; '.join(_sentence(test) for test in tests)}"
    yield ""


def _sentence(test: str) -> str:
    """The name of a test as the sentence that it is."""
    return test.removeprefix("test_").replace("_", " ")


@cache
def _data() -> Any:
    return yaml.safe_load(DATA.read_text(encoding="utf-8"))


if __name__ == "__main__":
    PLACE.write_text(text(), encoding="utf-8")
