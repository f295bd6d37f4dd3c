"""The engine's books in the form that the compiled loop reads: one record a line, flat tables beside it."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from sandbox.delivery.model import Cap, Line, Placement

MODELS = {"cpm": 0, "vcpm": 1, "cpc": 2, "cpcv": 3, "cpv": 4, "cpa": 5, "cpp": 6, "flat_rate": 7}
FOREVER = 1 << 62
NONE = -1

COUNTERS = ("impressions", "spent", "viewable", "clicks", "views", "completed", "conversions")

LINE = np.dtype(
    [
        *((name, np.int64) for name in COUNTERS),
        *((name, np.int64) for name in ("active", "start", "end", "budget", "model", "fixed", "rate", "bid")),
        *((name, np.int64) for name in ("divisor", "remainder", "daily_cap", "today", "goal", "full")),
        ("gate", np.float64),
        ("slope", np.float64),
        ("gate_from", np.int64),
    ]
)
"""A line: counters, terms, price, and the pacing gate ``gate + slope * (t - gate_from)`` in micros."""

PLACE = np.dtype(
    [(name, np.float64) for name in ("floor", "log_median", "sigma", "viewability", "click_rate", "view_rate")]
    + [(name, np.float64) for name in ("completion_rate", "conversion_rate")]
)
"""What the loop needs of a placement; ``sigma`` is negative where nobody competes."""

GROUP = np.dtype([(name, np.int64) for name in ("total", "daily", "spent", "today")])

CAP = np.dtype([("limit", np.int64), ("window", np.int64), ("base", np.int64)])
"""A frequency cap: its ring of user ``u`` begins at ``base + u * (limit + 1)`` with the number of exposures."""


@dataclass(slots=True)
class Table:
    """Rows of different lengths in one flat array: row ``i`` is ``flat[at[i]:at[i + 1]]``."""

    at: NDArray[np.int64]
    flat: NDArray[np.int64]

    @classmethod
    def of(cls, rows: list[list[int]]) -> Table:
        """Pack the rows."""
        lengths = [0, *(len(row) for row in rows)]
        return cls(np.cumsum(lengths, dtype=np.int64), np.array([v for row in rows for v in row], np.int64))


@dataclass(slots=True)
class Book:
    """Everything that limits lines, ready for the loop; made anew when terms change."""

    places: NDArray[np.void]
    country_ok: NDArray[np.uint8]
    device_ok: NDArray[np.uint8]
    candidates: Table
    """Placement to lines, best first."""
    line_groups: Table
    line_caps: Table
    line_creatives: Table
    """Line to pairs (creative, weight), flattened."""
    creative_caps: Table
    caps: NDArray[np.void]
    ring: NDArray[np.int64]


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
    """All caps in force, by (level, entity), and all that ever were."""

    by_entity: dict[tuple[str, str], tuple[Cap, ...]] = field(default_factory=dict)
    terms: list[CapTerm] = field(default_factory=list)

    def replace(self, entity: tuple[str, str], caps: tuple[Cap, ...], at_ms: int) -> bool:
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

    def slots(self) -> dict[tuple[str, str], list[int]]:
        """Numbers of the caps of each entity."""
        numbers, slots = 0, {}
        for entity, caps in self.by_entity.items():
            slots[entity] = list(range(numbers, numbers + len(caps)))
            numbers += len(caps)
        return slots

    def records(self, users: int) -> tuple[NDArray[np.void], int]:
        """The caps as records, and the length of the ring that they need together."""
        flat = [cap for caps in self.by_entity.values() for cap in caps]
        records = np.zeros(len(flat), CAP)
        base = 0
        for i, cap in enumerate(flat):
            records[i] = (cap.max_impressions, FOREVER if cap.window_ms is None else cap.window_ms, base)
            base += users * (cap.max_impressions + 1)
        return records, base


def place_record(placement: Placement) -> tuple[float, ...]:
    """A placement as a :data:`PLACE` record."""
    competition = placement.competition
    return (
        float(placement.floor_micros),
        float(np.log(competition.median_micros)) if competition else 0.0,
        competition.sigma if competition else -1.0,
        placement.viewability,
        placement.click_rate,
        placement.view_rate,
        placement.completion_rate,
        placement.conversion_rate,
    )


def write_terms(record: NDArray[np.void], line: Line, users: int) -> None:
    """Put the terms of a line into its record; counters and gate stay as they are."""
    price = line.price
    per = {"cpm": 1000, "vcpm": 1000, "cpp": users}.get(price.model, 1)
    record["active"] = line.active and bool(line.creatives)
    record["start"], record["end"], record["budget"] = line.start_ms, line.end_ms, line.budget_micros
    record["model"], record["fixed"] = MODELS[price.model], price.fixed
    record["rate"] = price.rate_micros * 100 if price.model == "cpp" else price.rate_micros
    record["bid"] = price.rate_micros if price.bid_micros is None else price.bid_micros
    record["divisor"] = per
    record["daily_cap"] = NONE if line.daily_cap_micros is None else line.daily_cap_micros
    record["goal"] = NONE if line.impressions_goal is None else line.impressions_goal
    record["full"] = 0


def rank(line: Line) -> tuple[int, int]:
    """Who is asked first: guaranteed before auction, then the better price for 1,000 impressions."""
    price = line.price
    bid = price.rate_micros if price.fixed or price.bid_micros is None else price.bid_micros
    return line.priority, -bid


def serves_on(line: Line, placement: Placement) -> bool:
    """True if the line may serve on the placement at all."""
    targeting = line.targeting
    if placement.placement_id not in line.placement_ids:
        return False
    if targeting.properties and placement.property_id not in targeting.properties:
        return False
    return placement.property_id not in targeting.properties_exclude


def allowed(codes: dict[str, int], include: tuple[str, ...], exclude: tuple[str, ...]) -> list[int]:
    """One flag for each code: may the line serve there?"""
    return [int((not include or name in include) and name not in exclude) for name in codes]
