"""Frequency caps: which are in force, and rings with everybody's latest exposures to check them by.

A cap of K in a window holds if the K-th latest exposure is older than the window. Caps that count the same
exposures, such as those of a campaign that is its advertiser's only one, share a ring as long as the longest.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sandbox.delivery.exposures import Exposures
from sandbox.delivery.model import Cap
from sandbox.delivery.tables import CAP, FOREVER, TICK_MS

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
    """The memory of the caps, see :data:`~tables.CAP`; a row for each identity.

    A ring stays as others come and go; a new one is filled from the exposure log.
    """

    def __init__(self, epoch_ms: int) -> None:
        self.epoch_ms = epoch_ms
        """Ticks are counted from here; the first one is 1."""
        self.slots: dict[Entity, list[int]] = {}
        self.terms = np.zeros(0, CAP)
        self._begin: dict[Entity, tuple[int, int]] = {}
        self._cells = np.zeros((0, 0), np.uint32)
        self._layout: list[list[tuple[Entity, tuple[Cap, ...]]]] | None = None
        """Entities with their caps, ring by ring; None if all is to be filled anew."""

    @property
    def cells(self) -> NDArray[np.uint32]:
        """All rings in one array."""
        return self._cells.reshape(-1)

    @property
    def stride(self) -> int:
        """Cells of a row."""
        return self._cells.shape[1]

    def tick(self, at_ms: Any) -> Any:
        """Instants in ticks."""
        return (at_ms - self.epoch_ms) // TICK_MS + 1

    def rebuild(
        self, by_entity: dict[Entity, tuple[Cap, ...]], counted: dict[Entity, object], rows: int
    ) -> set[Entity]:
        """Make room for these caps of ``rows`` identities; returns the entities whose ring is new and empty.

        ``counted`` says which exposures an entity counts: entities of which it says the same share a ring.
        """
        together: dict[object, list[Entity]] = {}
        for entity in by_entity:
            together.setdefault(counted.get(entity, entity), []).append(entity)
        layout = [[(entity, by_entity[entity]) for entity in shared] for shared in together.values()]
        if layout == self._layout and rows == len(self._cells):
            return set()
        self._layout = layout
        lengths = [max(c.max_impressions for e in shared for c in by_entity[e]) for shared in together.values()]
        old_cells, old_begin = self._cells, self._begin
        self._cells = np.zeros((rows, sum(length + 1 for length in lengths if length)), np.uint32)
        self._begin, self.slots = {}, {}
        terms: list[tuple[int, int, int, int]] = []
        fresh: set[Entity] = set()
        at = 0
        for shared, length in zip(together.values(), lengths, strict=True):
            known = next((old_begin[e][0] for e in shared if old_begin.get(e, (0, -1))[1] == length), None)
            if known is not None and length:
                self._cells[: len(old_cells), at : at + length + 1] = old_cells[:, known : known + length + 1]
            elif length:
                fresh.update(shared)
            for entity in shared:
                self._begin[entity] = at, length
                for cap in by_entity[entity]:
                    window = FOREVER if cap.window_ms is None else -(-cap.window_ms // TICK_MS)
                    self.slots.setdefault(entity, []).append(len(terms))
                    terms.append((cap.max_impressions, window, at, length))
            at += length + 1 if length else 0
        self.terms = np.array(terms, CAP)
        return fresh

    def forget(self) -> None:
        """Forget all exposures: the next :meth:`rebuild` fills every ring anew."""
        self._begin, self._layout = {}, None

    def make_room(self, now_ms: int) -> None:
        """Move the epoch when the ticks of the next hours would no longer fit into their four bytes."""
        if self.tick(now_ms) < (1 << 32) - (1 << 24):
            return
        windows = self.terms["window"][self.terms["window"] < FOREVER]
        shift = self.tick(now_ms) - int(windows.max(initial=0)) - 2
        if shift < 1 << 24:
            raise ValueError("a window of a frequency cap is too long for a world that runs for more than 480 days")
        ring = np.ones(self.stride, bool)
        ring[[at for at, length in self._begin.values() if length]] = False
        cells = self._cells[:, ring]
        self._cells[:, ring] = np.where(cells > 0, np.maximum(cells, shift + 1) - shift, 0)
        self.epoch_ms += shift * TICK_MS

    def distinct(self, slots: list[int]) -> list[int]:
        """One slot for each ring that these slots have."""
        held = {int(self.terms["ring"][slot]): slot for slot in slots if self.terms["length"][slot]}
        return list(held.values())


class Slots(NamedTuple):
    """Slots of caps by line and by creative, and one slot for each ring of theirs."""

    caps: list[list[int]]
    rings: list[list[int]]
    creative_caps: list[list[int]]
    creative_rings: list[list[int]]


def pack(rows: list[list[int]]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows of different lengths in one array: row ``i`` is ``flat[at[i]:at[i + 1]]`` of ``(at, flat)``."""
    at = np.zeros(len(rows) + 1, np.int64)
    np.cumsum([len(row) for row in rows], out=at[1:])
    return at, np.array([value for row in rows for value in row], np.int64)


def slots_of(rings: Rings, only: set[Entity] | None, lines: list[tuple[Entity, ...]], creatives: Any) -> Slots:
    """The slots of each line (by its entities) and of each creative (by its id); ``only`` of some entities."""
    wanted = {entity: found for entity, found in rings.slots.items() if only is None or entity in only}
    by_line = [[slot for entity in entities for slot in wanted.get(entity, ())] for entities in lines]
    by_creative = [wanted.get(("creative", name), []) for name in creatives]
    distinct = [[rings.distinct(slots) for slots in rows] for rows in (by_line, by_creative)]
    return Slots(by_line, distinct[0], by_creative, distinct[1])


def fill(rings: Rings, fresh: Slots, exposures: Exposures, rows: NDArray[np.int64]) -> None:
    """Bring new rings up to date with the exposure log; ``rows`` are the identities of its exposures."""
    if not len(exposures.time_ms):
        return
    ticks, begin = rings.tick(exposures.time_ms), rows * rings.stride
    for slots, of in ((fresh.rings, exposures.line), (fresh.creative_rings, exposures.creative)):
        at, found = pack(slots)
        if len(found):
            from sandbox.delivery.loop import replay

            replay(ticks, begin, at, found, of, rings.terms, rings.cells)
