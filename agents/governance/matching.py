"""Matching by words: whether a text is about a thing, for policies and attributes in plain language."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

SYNONYMS: dict[str, str] = {
    "racial_ethnic_origin": "race racial ethnic ethnicity hispanic latino african asian",
    "political_opinions": "political politics voter democrat republican conservative liberal partisan",
    "religious_beliefs": "religion religious christian muslim jewish church hindu buddhist faith",
    "trade_union_membership": "union unionized",
    "health_data": "health medical diabetes diabetic cancer patient disease medication condition obesity pregnancy",
    "sex_life_sexual_orientation": "sexual lgbt lgbtq gay lesbian orientation",
    "genetic_data": "genetic dna genome ancestry",
    "biometric_data": "biometric fingerprint facial iris",
    "age": "age aged teen senior millennial child children kid",
    "familial_status": "parent family familial married single household mother father",
    "financial_status": "income credit debt wealth loan bankruptcy financial",
    "immigration_status": "immigrant immigration visa refugee citizenship",
}
"""Words that mean a restricted attribute (enums/restricted-attribute.json, and two common custom ones)."""


def stem(word: str) -> str:
    """The word in its simplest form: lower case, singular."""
    word = word.lower()
    if len(word) > 4 and word.endswith("ies"):
        return f"{word[:-3]}y"
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word


def words(text: str) -> tuple[str, ...]:
    """The words of a text or an identifier, each in its simplest form."""
    return tuple(stem(word) for word in re.findall(r"[A-Za-z0-9]+", text))


def words_in(value: Any, without: tuple[str, ...] = (), names: bool = False) -> frozenset[str]:
    """All words of the texts in a JSON value, except below the fields in ``without``; field names if wanted."""
    if isinstance(value, str):
        return frozenset(words(value))
    if isinstance(value, Mapping):
        found = frozenset(word for name in value if names and name not in without for word in words(str(name)))
        inner = (words_in(part, without, names) for name, part in value.items() if name not in without)
        return found.union(*inner)
    if isinstance(value, list):
        return frozenset().union(*(words_in(part, without, names) for part in value))
    return frozenset()


def names_attribute(attribute: str, found: Iterable[str], synonyms: Mapping[str, list[str]]) -> str | None:
    """The word by which a text is about a restricted attribute; None if it is not.

    All words of the attribute's own name together, or one that means it.
    """
    known = set(found)
    own = words(attribute)
    meant = [*words(SYNONYMS.get(attribute, "")), *(w for text in synonyms.get(attribute, []) for w in words(text))]
    single = next((word for word in meant if word in known), None)
    return single or (" ".join(own) if set(own) <= known else None)
