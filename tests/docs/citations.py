"""Which tests cite which rules: comments like ``# rules 1, 3 to 5, C24`` in a test, above it or in its decorators."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

TESTS = Path(__file__).parents[1]

_ITEM = r"C?\d+(?:\s*(?:-|–|to)\s*C?\d+)?"
_NEXT = r"(?:\s*[,;]\s*(?:and\s+)?|\s+and\s+)(?:rules?\s+|conflicts?\s+|decisions?\s+)?"
_LIST = rf"{_ITEM}(?:{_NEXT}{_ITEM})*"
_SPOKEN = re.compile(rf"\b(?:rules?|conflicts?|decisions?)\s+({_LIST})", re.IGNORECASE)
_BARE = re.compile(rf"#\s*({_LIST})\s*(?::|$)")
_DECISION = re.compile(r"\bC\d+\b")
_PARTS = re.compile(r"(C?)(\d+)(?:\s*(?:-|–|to)\s*C?(\d+))?")


@dataclass(slots=True, frozen=True)
class Citation:
    """That a comment names a rule or a decision: ``72`` or ``C24``. ``test`` is empty outside of tests."""

    what: str
    file: str
    line: int
    test: str


def cited(comment: str) -> list[str]:
    """What a comment names, each once: ``# rules 1, 3 to 5, C24`` is 1, 3, 4, 5 and C24."""
    lists = [match[1] for match in _SPOKEN.finditer(comment)]
    bare = _BARE.match(comment)
    if bare is not None:
        lists.append(bare[1])
    found: list[str] = []
    for text in lists:
        for prefix, first, last in _PARTS.findall(text):
            found += [f"{prefix}{number}" for number in range(int(first), int(last or first) + 1)]
    return list(dict.fromkeys(found + _DECISION.findall(comment)))


def citations(root: Path = TESTS) -> list[Citation]:
    """All citations in Python files below a folder, by file and line."""
    return [one for path in sorted(root.rglob("*.py")) for one in _in_file(path, root)]


def _in_file(path: Path, root: Path) -> Iterator[Citation]:
    source = path.read_text(encoding="utf-8")
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    comments = {token.start[0]: token for token in tokens if token.type == tokenize.COMMENT}
    alone = {line for line, token in comments.items() if not token.line[: token.start[1]].strip()}
    owner: dict[int, str] = {}
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
            first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
            while first - 1 in alone:
                first -= 1
            owner.update(dict.fromkeys(range(first, (node.end_lineno or node.lineno) + 1), node.name))
    for line, token in comments.items():
        for what in cited(token.string):
            yield Citation(what, path.relative_to(root).as_posix(), line, owner.get(line, ""))
