"""Ids in requests and answers: which ones a step uses that an earlier answer gave, and what to call them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from sandbox.scenario.references import INSTANTS, escape

_MADE = re.compile(r"_[0-9a-f]{10}|[0-9a-f]{8}-[0-9a-f]{4}-")
"""What only the sandbox (or a service like it) makes up: ids such as ``cmp_80e60e8516``, and UUIDs."""

_MADE_UP = re.compile(r"[a-z]+_[0-9a-f]{10}|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{22}|[0-9a-f]{16,}")
"""The same inside a text, and digests."""

_ID = re.compile(r"(?:^ids?|_ids?|Ids?|ID)$")
_WORDS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|[^A-Za-z0-9]+")
_VERBS = ("create_", "add_", "register_", "sync_", "save_", "clone_", "update_")


@dataclass(slots=True, frozen=True)
class Origin:
    """Where an id was seen: in the answer to a step (from 0 on) by an actor, at a path, as what (``campaign``)."""

    step: int
    actor: str
    path: str
    noun: str


@dataclass(slots=True)
class Ids:
    """The ids that answers gave, and those that requests turned out to use, with a name each.

    ``fixed`` are values that belong to the world, such as the names of its actors; ``reserved`` are names that mean
    something else already.
    """

    fixed: frozenset[str]
    reserved: frozenset[str] = frozenset(INSTANTS)
    origins: dict[str, Origin] = field(default_factory=dict)
    names: dict[Origin, str] = field(default_factory=dict)
    _given: set[str] = field(default_factory=set)

    # -- what comes in -----------------------------------------------------------------------------------

    def note_request(self, request: Any) -> None:
        """Remember what a client said of its own accord: that is no reference to an answer."""
        self._given.update(str(value) for _, value in leaves(request) if str(value) not in self.origins)

    def note_answer(self, step: int, call: str, answer: Any) -> None:
        """Remember the ids of an answer, each at its place nearest to the top.

        An id that was made up is its maker's for good; a name such as ``cpm_fixed`` is that of who said it last.
        """
        actor, _, operation = call.partition(".")
        found = [(path, value, noun_of(path, operation)) for path, value in leaves(answer)]
        for path, value, noun in sorted(found, key=lambda row: row[0].count(".")):
            text = str(value)
            if not (noun and text and isinstance(value, str | int)) or isinstance(value, bool):
                continue
            known = self.origins.get(text)
            owned = known is not None and (bool(_MADE.search(text)) or known.actor == actor)
            if not (owned or text in self._given or text in self.fixed):
                self.origins[text] = Origin(step, actor, path, noun)

    # -- what goes out -----------------------------------------------------------------------------------

    def referred(self, request: Any) -> Any:
        """The request with references in place of ids that earlier answers gave; its dollar signs are escaped."""
        return self._replaced(request, "")

    def is_reference(self, path: str, value: str) -> bool:
        """True if what stands at a path is the id that an answer gave, and not a word that happens to be the same."""
        origin = self.origins.get(value)
        return origin is not None and bool(_MADE.search(value) or origin.noun == noun_of(path, ""))

    def was_given(self, value: Any) -> bool:
        """True for what a request has said of its own accord."""
        return str(value) in self._given

    def name(self, value: str) -> str:
        """The name of an id, made up when it is first used."""
        origin = self.origins[value]
        if origin not in self.names:
            taken = {*self.names.values(), *self.reserved}
            number, name = 1, origin.noun
            while name in taken:
                number += 1
                name = f"{origin.noun}_{number}"
            self.names[origin] = name
        return self.names[origin]

    def saves(self, step: int) -> dict[str, str]:
        """What a step has to save: names and paths."""
        return {name: origin.path for origin, name in self.names.items() if origin.step == step}

    def _replaced(self, value: Any, path: str) -> Any:
        if isinstance(value, dict):
            return {escape(key): self._replaced(item, f"{path}.{key}") for key, item in value.items()}
        if isinstance(value, list):
            return [self._replaced(item, f"{path}.{number}") for number, item in enumerate(value)]
        if isinstance(value, bool) or not isinstance(value, str | int):
            return value
        text = str(value)
        if self.is_reference(path, text):
            return f"${self.name(text)}"
        return self._inside(value) if isinstance(value, str) else value

    def _inside(self, text: str) -> str:
        """A text with references in place of the made-up ids in it, such as that in a URL."""
        found: str = escape(text)
        if _MADE.search(text):
            for known in sorted(self.origins, key=len, reverse=True):
                if known in found and _MADE.search(known):
                    found = found.replace(known, f"${{{self.name(known)}}}")
        return found


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """All single values of a JSON value with their paths; without the copy of an answer under ``data``."""
    if isinstance(value, dict):
        for key, item in without_mirror(value).items():
            if not re.search(r"[.\[\]*]", key):
                yield from leaves(item, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from leaves(item, f"{path}.{number}" if path else str(number))
    elif value is not None:
        yield path, value


def without_made(text: str) -> str:
    """A text without the ids and digests in it that a service has made up."""
    return _MADE_UP.sub("…", text)


def without_mirror(answer: dict[str, Any]) -> dict[str, Any]:
    """An answer without the copy of itself under ``data`` that the platform adds (conflict C41)."""
    data = answer.get("data")
    if isinstance(data, dict) and data and all(answer.get(key) == item for key, item in data.items()):
        return {key: item for key, item in answer.items() if key != "data"}
    return answer


def noun_of(path: str, operation: str) -> str:
    """What an id at a path is the id of (``campaign`` at ``campaignId``); empty if there is no id."""
    parts = [part for part in path.split(".") if part and not part.isdigit()]
    if not parts or not _ID.search(parts[-1]):
        return ""
    stem = _ID.sub("", parts[-1])
    if not stem:
        stem = _ID.sub("", parts[-2]) if len(parts) > 1 else _thing(operation)
    return _singular("_".join(word.lower() for word in _WORDS.split(stem) if word))


def _thing(operation: str) -> str:
    for verb in _VERBS:
        operation = operation.removeprefix(verb)
    return operation


def _singular(noun: str) -> str:
    if noun.endswith("ies"):
        return f"{noun[:-3]}y"
    plural = noun.endswith("s") and not noun.endswith(("ss", "us", "is"))
    return noun[:-1] if plural else noun


def words_of(name: str) -> str:
    """``create_mediaBuy`` as people say it: ``create media buy``."""
    return " ".join(word.lower() for word in _WORDS.split(name) if word)


def unique(titles: Iterable[str]) -> list[str]:
    """The titles, with a number behind those that come again."""
    seen: dict[str, int] = {}
    made = []
    for title in titles:
        seen[title] = seen.get(title, 0) + 1
        made.append(title if seen[title] == 1 else f"{title} ({seen[title]})")
    return made
