"""Measurements of advertisers: what was measured, by whom, and in which circumstances; test cohorts, too.

Everything here is upserted by a key: the same again is unchanged, another value under the same key replaces it.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

Json = dict[str, Any]
Action = Literal["created", "updated", "unchanged"]
K = TypeVar("K", bound=Hashable)


@dataclass(slots=True)
class MeasurementSource:
    """Who measures an outcome, and how often (rule 137)."""

    source_id: str
    created_ms: int
    content: Json


@dataclass(slots=True)
class TestCohort:
    """A part of the people for whom a campaign is varied. ``split`` is a percentage (rule 140)."""

    cohort_id: str
    name: str
    description: str | None
    split: float
    created_ms: int


@dataclass(slots=True)
class MeasurementBook:
    """What was measured for one advertiser."""

    data: dict[tuple[Any, ...], Json] = field(default_factory=dict)
    """Time series by row id of their source, or by what, when and whom they are about."""
    sources: dict[str, MeasurementSource] = field(default_factory=dict)
    """Sources by ``sourceKey``."""
    outcomes: dict[tuple[str, str, str, str, str], Json] = field(default_factory=dict)
    """Outcome records by type of outcome, source, geo, first and last day."""
    contexts: dict[tuple[str, str, str], Json] = field(default_factory=dict)
    """Circumstances by geo, first and last day."""
    cohorts: list[TestCohort] = field(default_factory=list)


class Measurements:
    """The books of all advertisers."""

    def __init__(self) -> None:
        self._books: dict[str, MeasurementBook] = {}

    def of(self, advertiser_id: str) -> MeasurementBook:
        """The book of an advertiser."""
        return self._books.setdefault(advertiser_id, MeasurementBook())


def upsert(table: dict[K, Json], key: K, row: Json) -> Action:
    """Enter a row under its key, and say what that did."""
    known = table.get(key)
    if known == row:
        return "unchanged"
    table[key] = row
    return "created" if known is None else "updated"
