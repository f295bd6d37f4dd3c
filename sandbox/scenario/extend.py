"""``extends``: a scenario that starts from another one.

Mappings are merged; ``steps`` and ``expect`` are merged by ``name`` (the same name replaces in place, a new
one goes to the end); null takes a thing away; everything else replaces.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sandbox.core.errors import InputError
from sandbox.scenario.catalog import located
from sandbox.scenario.source import Document, Where, read

NAMED = ("steps", "expect")


def read_extended(name: str) -> Document:
    """The document of a scenario, with everything that it extends merged in."""
    return _extended(name, Path(), ())


def _extended(name: str, beside: Path | None, seen: tuple[str, ...]) -> Document:
    """``beside`` is the folder of the file that names this one; None inside the shipped scenarios."""
    with located(name, beside) as (path, is_shipped):
        identity = name if is_shipped else str(path.resolve())
        if identity in seen:
            raise InputError(f"`extends` goes round in a circle through {name}")
        document = read(path, name if is_shipped else str(path))
        folder = None if is_shipped else path.parent
    base_name = document.data.pop("extends", None)
    if base_name is None:
        return document
    if not isinstance(base_name, str):
        raise document.error("`extends` names one scenario", ("extends",))
    try:
        base = _extended(base_name, folder, (*seen, identity))
    except InputError as error:
        if error.where:
            raise
        raise document.error(error.message, ("extends",), error.hint) from None
    return _Merge(base, document).document()


class _Merge:
    """Puts one document over another; each value keeps the place of the file that it comes from."""

    def __init__(self, base: Document, own: Document) -> None:
        self.base = base
        self.own = own
        self.places = dict(base.places)

    def document(self) -> Document:
        """The merged document."""
        data = self._mapping(self.base.data, self.own.data, ())
        return Document(self.own.path, data, self.places)

    def _mapping(self, old: dict[str, Any], new: dict[str, Any], at: Where) -> dict[str, Any]:
        result = dict(old)
        for key, value in new.items():
            there = old.get(key)
            if value is None and key in old:
                del result[key]
            elif isinstance(value, dict) and isinstance(there, dict):
                result[key] = self._mapping(there, value, (*at, key))
            elif not at and key in NAMED and isinstance(value, list) and isinstance(there, list):
                result[key] = self._items(there, value, key)
            else:
                result[key] = value
                self._place((*at, key), (*at, key))
        return result

    def _items(self, old: list[Any], new: list[Any], key: str) -> list[Any]:
        result = list(old)
        names = [_name(item) for item in old]
        for number, item in enumerate(new):
            replaced = _name(item) is not None and _name(item) in names
            position = names.index(_name(item)) if replaced else len(result)
            result[position : position + 1] = [item]
            self._place((key, position), (key, number))
        return result

    def _place(self, target: Where, source: Where) -> None:
        """Take the places of everything under ``source`` in the own file for ``target``."""
        for path in [path for path in self.places if path[: len(target)] == target]:
            del self.places[path]
        for path, place in self.own.places.items():
            if path[: len(source)] == source:
                self.places[*target, *path[len(source) :]] = place


def _name(item: Any) -> Any:
    return item.get("name") if isinstance(item, dict) else None
