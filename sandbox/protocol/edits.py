"""Small changes of JSON bodies, at places in them: what the differences of releases are written in.

An edit alters an object in place; a field that is not there is left alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

Body = dict[str, Any]
Edit = Callable[[Body], None]


def at(path: str, *edits: Edit) -> Edit:
    """Do edits to all objects at a path such as ``products[].placements[]``."""
    names = path.split(".")

    def edit(body: Body) -> None:
        for found in list(_objects([body], names)):
            for each in edits:
                each(found)

    return edit


def _objects(values: Iterable[Any], names: list[str]) -> Iterator[Body]:
    for value in values:
        if not isinstance(value, dict):
            continue
        if not names:
            yield value
            continue
        name = names[0].removesuffix("[]")
        inner = value.get(name)
        if name == names[0] or not isinstance(inner, list):
            inner = [inner]
        yield from _objects(inner, names[1:])


def drop(*names: str) -> Edit:
    """Leave fields out."""

    def edit(body: Body) -> None:
        for name in names:
            body.pop(name, None)

    return edit


def drop_null(*names: str) -> Edit:
    """Leave fields out that are null: the named ones, or all."""

    def edit(body: Body) -> None:
        for name in names or tuple(body):
            if name in body and body[name] is None:
                del body[name]

    return edit


def no_empty(name: str) -> Edit:
    """Leave out a list that is empty."""

    def edit(body: Body) -> None:
        if body.get(name) == []:
            del body[name]

    return edit


def default(name: str, value: Any) -> Edit:
    """Add a field where it is missing."""

    def edit(body: Body) -> None:
        body.setdefault(name, value)

    return edit


def word(name: str, words: Mapping[str, str]) -> Edit:
    """Put the word of another release in a field."""

    def edit(body: Body) -> None:
        if isinstance(body.get(name), str):
            body[name] = words.get(body[name], body[name])

    return edit


def words(name: str, replaced: Mapping[str, str | None]) -> Edit:
    """Put the words of another release in a list, each once; None leaves one out, and nothing an empty list."""

    def edit(body: Body) -> None:
        old = body.get(name)
        if not isinstance(old, list) or not old:
            return
        new = dict.fromkeys(replaced.get(entry, entry) if isinstance(entry, str) else entry for entry in old)
        body[name] = [entry for entry in new if entry is not None]
        if not body[name]:
            del body[name]

    return edit


def without(names: str) -> dict[str, str | None]:
    """For :func:`words`: leave these out."""
    return dict.fromkeys(names.split())


def rows(name: str, keep: Callable[[Body], bool]) -> Edit:
    """Keep only some objects of a list."""

    def edit(body: Body) -> None:
        if isinstance(body.get(name), list):
            body[name] = [row for row in body[name] if not isinstance(row, dict) or keep(row)]

    return edit


def only(name: str, known: tuple[str, ...]) -> Edit:
    """Keep only known words of a list."""

    def edit(body: Body) -> None:
        if isinstance(body.get(name), list):
            body[name] = [entry for entry in body[name] if entry in known]

    return edit


def rename(old: str, new: str) -> Edit:
    """A field gets the name that it has in another release; what has that name already is overwritten."""

    def edit(body: Body) -> None:
        if old in body:
            body[new] = body.pop(old)

    return edit


def into_ext(*names: str) -> Edit:
    """Fields that a release does not know go along in ``ext``."""

    def edit(body: Body) -> None:
        moved = {name: body.pop(name) for name in names if name in body}
        if moved:
            body["ext"] = {**body.get("ext", {}), **moved}

    return edit


def from_ext(*names: str) -> Edit:
    """The other way round of :func:`into_ext`; ``ext`` stays as it is."""

    def edit(body: Body) -> None:
        ext = body.get("ext")
        if isinstance(ext, dict):
            for name in [name for name in names if name in ext]:
                body.setdefault(name, ext[name])

    return edit


def flags(place: str, *names: str) -> Edit:
    """Set a flag below ``place`` for each of these blocks that is there: 3.0 has flags for what blocks say later."""

    def edit(body: Body) -> None:
        for name in names:
            if name in body:
                body.setdefault(place, {}).setdefault(name, True)

    return edit
