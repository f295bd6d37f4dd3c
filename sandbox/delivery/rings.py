"""Frequency caps: which are in force, and the ring of each with every user's latest exposures."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sandbox.delivery.exposures import Exposures
from sandbox.delivery.model import Cap
from sandbox.delivery.tables import CAP, FOREVER

LEVELS = ("package", "media_buy", "campaign", "advertiser", "creative")

Entity = tuple[str, str]
"""A level and an id."""


@dataclass(slots=True)
class CapTerm:
    """The caps of an entity and when they were in force: ``[from_ms, until_ms)``."""

    level: str
    entity_id: str
    caps: tuple[Cap, ...]
    from_ms: int
    until_ms: int = FOREVER


@dataclass(slots=True)
class Caps:
    """All caps in force, by entity, and all that ever were."""

    by_entity: dict[Entity, tuple[Cap, ...]] = field(default_factory=dict)
    terms: list[CapTerm] = field(default_factory=list)

    def replace(self, entity: Entity, caps: tuple[Cap, ...], at_ms: int) -> bool:
        """Replace the caps of an entity; False if they were the same."""
        if self.by_entity.get(entity, ()) == caps:
            return False
        for term in self.terms:
            if (term.level, term.entity_id) == entity and term.until_ms == FOREVER:
                term.until_ms = at_ms
        self.by_entity.pop(entity, None)
        if caps:
            self.by_entity[entity] = caps
            self.terms.append(CapTerm(*entity, caps, at_ms))
        return True


class Rings:
    """The memory of the caps: the latest ``limit`` instants of each cap and user, see :data:`~tables.CAP`.

    A cap in force keeps its ring when others come and go; a new one is filled from the exposure log.
    """

    def __init__(self, users: int) -> None:
        self._users = users
        self._bases: dict[tuple[Entity, Cap], int] = {}
        self.slots: dict[Entity, list[int]] = {}
        self.terms = np.zeros(0, CAP)
        self._cells = np.zeros((users, 0), np.int64)

    @property
    def cells(self) -> NDArray[np.int64]:
        """All rings in one array."""
        return self._cells.reshape(-1)

    def rebuild(self, by_entity: dict[Entity, tuple[Cap, ...]]) -> dict[Entity, list[int]]:
        """Make room for these caps; returns the slots of those whose ring is new and empty, by entity."""
        wanted = list(dict.fromkeys((entity, cap) for entity, caps in by_entity.items() for cap in caps))
        if wanted == list(self._bases):
            return {}
        old_cells, old_bases = self._cells, self._bases
        stride = sum(cap.max_impressions + 1 for _, cap in wanted)
        self.terms, self._bases, self.slots = np.zeros(len(wanted), CAP), {}, {}
        self._cells = np.zeros((self._users, stride), np.int64)
        base = 0
        fresh: dict[Entity, list[int]] = {}
        for slot, (entity, cap) in enumerate(wanted):
            end = base + cap.max_impressions + 1
            window = FOREVER if cap.window_ms is None else cap.window_ms
            self.terms[slot] = (cap.max_impressions, window, base, stride)
            self._bases[entity, cap] = base
            self.slots.setdefault(entity, []).append(slot)
            if (entity, cap) in old_bases:
                old = old_bases[entity, cap]
                self._cells[:, base:end] = old_cells[:, old : old + end - base]
            else:
                fresh.setdefault(entity, []).append(slot)
            base = end
        return fresh

    def forget(self) -> None:
        """Forget all exposures: the next :meth:`rebuild` fills every ring anew."""
        self._bases = {}


@dataclass(slots=True)
class Slots:
    """Slots of caps by line and by creative, as the loop reads them."""

    caps_at: NDArray[np.int64]
    caps: NDArray[np.int64]
    creative_caps_at: NDArray[np.int64]
    creative_caps: NDArray[np.int64]


def pack(rows: list[list[int]]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows of different lengths in one array: row ``i`` is ``flat[at[i]:at[i + 1]]`` of ``(at, flat)``."""
    at = np.zeros(len(rows) + 1, np.int64)
    np.cumsum([len(row) for row in rows], out=at[1:])
    return at, np.array([value for row in rows for value in row], np.int64)


def pack_slots(slots: dict[Entity, list[int]], lines: list[tuple[Entity, ...]], creatives: Any) -> Slots:
    """The slots of each line (by its entities) and of each creative (by its id)."""
    return Slots(
        *pack([[slot for entity in entities for slot in slots.get(entity, ())] for entities in lines]),
        *pack([slots.get(("creative", name), []) for name in creatives]),
    )


def fill(rings: Rings, fresh: Slots, exposures: Exposures) -> None:
    """Bring the rings of new caps up to date with the exposure log."""
    if not len(exposures.time_ms) or not (len(fresh.caps) or len(fresh.creative_caps)):
        return
    from sandbox.delivery.loop import replay

    replay(
        exposures,
        fresh.caps_at,
        fresh.caps,
        fresh.creative_caps_at,
        fresh.creative_caps,
        rings.terms,
        rings.cells,
    )
