"""References of a scenario to its variables, to what steps have saved, and to instants.

``$budget`` and ``${campaign.mediaBuys.0.mediaBuyId}`` stand for a value, whatever its type; inside a longer
text ``${name}`` is put in as text. ``$start``, ``$end`` and ``$now`` are instants and can be moved:
``${start+3d}``, ``${end-12h}``. ``$$`` is a dollar sign.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from sandbox.core.errors import InputError
from sandbox.core.time import iso, parse_duration, parse_instant
from sandbox.scenario.select import select
from sandbox.scenario.source import Where

INSTANTS = ("start", "end", "now")
"""The names that every scenario has."""

_REFERENCE = re.compile(r"\$(?:(\$)|([A-Za-z_]\w*)|\{([^{}]*)\})")
_INSIDE = re.compile(r"([A-Za-z_]\w*)((?:\.(?:-?\w+|\*|\[[^\]]*\]))*)\s*(?:([+-])\s*(\w+))?")


class UnknownNameError(InputError):
    """A reference to something that the scenario does not have (yet)."""


def names(value: Any) -> Iterator[tuple[Where, str]]:
    """All names that a value refers to, each with the place inside the value.

    Raises :class:`InputError` on a reference that can't be read.
    """
    for where, text in _texts(value, ()):
        for match in _REFERENCE.finditer(text):
            if not match[1]:
                yield where, _parts(match)[0]


def resolve(value: Any, known: Mapping[str, Any], keep_unknown: bool = False) -> Any:
    """``value`` with all references replaced.

    Raises :class:`UnknownNameError` for a name that is not in ``known``, or leaves the reference as it is
    with ``keep_unknown``.
    """
    if isinstance(value, str):
        return _resolve_text(value, known, keep_unknown) if "$" in value else value
    if isinstance(value, Mapping):
        return {resolve(key, known, keep_unknown): resolve(item, known, keep_unknown) for key, item in value.items()}
    if isinstance(value, list):
        return [resolve(item, known, keep_unknown) for item in value]
    return value


def escape(value: Any) -> Any:
    """``value`` such that :func:`resolve` gives it back as it is."""
    if isinstance(value, str):
        return value.replace("$", "$$")
    if isinstance(value, Mapping):
        return {escape(key): escape(item) for key, item in value.items()}
    return [escape(item) for item in value] if isinstance(value, list) else value


def hint(name: str, known: Iterable[str]) -> str:
    """What may have been meant by a wrong name."""
    there = sorted(known)
    near = nearest(name, there)
    if near:
        return f"did you mean {' or '.join(near)}?"
    return f"known here: {', '.join(there)}" if there else ""


def nearest(name: str, known: Iterable[str]) -> list[str]:
    """Up to three names that look like a wrong one, the nearest first."""
    return difflib.get_close_matches(name, sorted(known), n=3)


def _texts(value: Any, where: Where) -> Iterator[tuple[Where, str]]:
    if isinstance(value, str):
        yield where, value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield (*where, key), str(key)
            yield from _texts(item, (*where, key))
    elif isinstance(value, list):
        for position, item in enumerate(value):
            yield from _texts(item, (*where, position))


def _resolve_text(text: str, known: Mapping[str, Any], keep_unknown: bool) -> Any:
    whole = _REFERENCE.fullmatch(text)
    if whole and not whole[1]:
        return _look_up(whole, known, keep_unknown)

    def put_in(match: re.Match[str]) -> str:
        if match[1]:
            return "$$" if keep_unknown else "$"
        found = _look_up(match, known, keep_unknown)
        return found if isinstance(found, str) else json.dumps(found)

    return _REFERENCE.sub(put_in, text)


def _look_up(match: re.Match[str], known: Mapping[str, Any], keep_unknown: bool) -> Any:
    name, path, moved_ms = _parts(match)
    if name not in known:
        if keep_unknown:
            return match[0]
        raise UnknownNameError(f"there is no {name!r}", hint=hint(name, known))
    found = known[name]
    if path:
        values = select(found, path)
        if not values:
            raise UnknownNameError(f"{name!r} has no {path!r}", hint=f"it is {shown(found)}")
        found = values[0]
    return _move(match[0], found, moved_ms) if moved_ms else found


def _move(reference: str, instant: Any, moved_ms: int) -> str:
    try:
        return iso(parse_instant(str(instant)) + moved_ms)
    except ValueError:
        raise InputError(f"{reference}: {shown(instant)} is no instant, only instants can be moved") from None


def _parts(match: re.Match[str]) -> tuple[str, str, int]:
    """Name, path (may be empty) and the ms by which an instant is moved."""
    if match[2]:
        return match[2], "", 0
    inside = _INSIDE.fullmatch(match[3].strip())
    if inside is None:
        raise InputError(f"can't read the reference {match[0]}", hint="write ${name.path} or ${start+3d}")
    moved_ms = 0
    if inside[3]:
        try:
            moved_ms = parse_duration(inside[4]) * (1 if inside[3] == "+" else -1)
        except ValueError as error:
            raise InputError(f"{match[0]}: {error}") from None
    return inside[1], inside[2].removeprefix("."), moved_ms


def shown(value: Any, width: int = 120) -> str:
    """A value as one short line of JSON, for messages; a number with at most four decimals."""
    value = round(value, 4) if isinstance(value, float) else value
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= width else f"{text[: width - 1]}…"
