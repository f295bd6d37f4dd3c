"""Which values of an answer are worth a promise: statuses and figures that the service has come to by itself."""

from __future__ import annotations

import re
from typing import Any

from sandbox.kernel.endpoint import HIDDEN
from sandbox.scenario.export.ids import Ids, leaves, without_mirror

MOST = 6
"""Promises of one step at most: what is most telling comes first."""

MOST_REFERRED = 3
"""How many things a read is expected to name that an earlier answer named."""

_TELLING = re.compile(r"(status|state|success|outcome|decision|verdict|health|phase|approved|valid)$", re.IGNORECASE)
_NO_FIGURE = re.compile(r"(_?ids?|_ms|at|version|date|time|timestamp|port|page|limit|offset|skip|take)$", re.IGNORECASE)
_SECRET = re.compile(r"secret|token|password|credential|authorization|api_?key|signature", re.IGNORECASE)
_WORD = re.compile(r"[A-Za-z][A-Za-z_-]{1,39}")


def is_secret(key: str) -> bool:
    """True if what goes by this name may be a secret."""
    return bool(_SECRET.search(key))


def candidates(request: Any, answer: Any, read: bool = False) -> dict[str, Any]:
    """Paths into an answer and what is there, the most telling first.

    Left out is what the request said already, what changes from run to run (ids, instants), texts for people, and
    secrets. Of each list that was only ``read``, its length is told, however short it is.
    """
    if not isinstance(answer, dict):
        return {}
    answer = without_mirror(answer)
    said = {value for _, value in leaves(request) if not isinstance(value, bool)}
    telling: dict[str, Any] = {}
    figures: dict[str, Any] = {}
    for path, value in _shallow(answer):
        key = path.rpartition(".")[2]
        if is_secret(path) or value == HIDDEN:
            continue
        if _TELLING.search(key) and (isinstance(value, bool) or (isinstance(value, str) and _WORD.fullmatch(value))):
            telling[path] = value
        elif _is_figure(value) and value and value not in said and not _NO_FIGURE.search(key):
            figures[path] = value
    telling |= _of_lists(answer)
    if read:
        counts = {key: {"count": len(rows)} for key, rows in answer.items() if isinstance(rows, list)}
        telling = {**counts, **telling}
    return dict([*telling.items(), *figures.items()][:MOST])


def named_again(answer: Any, number: int, ids: Ids) -> dict[str, str]:
    """Paths into the answer to a step and the ids there that answers to earlier steps gave."""
    found: dict[str, str] = {}
    for path, value in leaves(answer):
        origin = ids.origins.get(str(value))
        if origin is None or origin.step >= number or value in found.values() or is_secret(path):
            continue
        if isinstance(value, str) and ids.is_reference(path, value):
            found[path] = value
    return dict(list(found.items())[:MOST_REFERRED])


def said_before(answer: Any, request: Any, ids: Ids) -> dict[str, str]:
    """Paths to the names in an answer that earlier requests gave their things."""
    said = {value for _, value in leaves(request)}
    return {
        path: value
        for path, value in (_shallow(answer) if isinstance(answer, dict) else [])
        if path.rpartition(".")[2] in ("name", "title") and value not in said and ids.was_given(value)
    }


def _shallow(answer: dict[str, Any]) -> list[tuple[str, Any]]:
    """The values of an answer, and of the objects directly in it."""
    found = []
    for key, value in answer.items():
        inner = value.items() if isinstance(value, dict) else ()
        found += [(key, value), *((f"{key}.{name}", item) for name, item in inner)]
    return [(path, value) for path, value in found if path.count(".") < 2 and not re.search(r"[\[\]*]", path)]


def _of_lists(answer: dict[str, Any]) -> dict[str, Any]:
    """Of each list of things: their status where they share one, otherwise how many there are."""
    found: dict[str, Any] = {}
    for key, rows in answer.items():
        if not (isinstance(rows, list) and rows and all(isinstance(row, dict) for row in rows)):
            continue
        shared = [name for name in rows[0] if _TELLING.search(name) and len({str(row.get(name)) for row in rows}) == 1]
        if shared and isinstance(rows[0][shared[0]], str) and _WORD.fullmatch(rows[0][shared[0]]):
            found[f"{key}.*.{shared[0]}"] = rows[0][shared[0]]
        elif len(rows) > 1:
            found[key] = {"count": len(rows)}
    return found


def _is_figure(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
