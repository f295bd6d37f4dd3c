"""The engine: keeps the books, cuts time into hours, and lets the compiled loop decide."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sandbox.core.time import DAY_MS, HOUR_MS
from sandbox.delivery import audit as recount
from sandbox.delivery.book import (
    COUNTERS,
    GROUP,
    LINE,
    NONE,
    PLACE,
    Book,
    Caps,
    Table,
    allowed,
    place_record,
    rank,
    serves_on,
    write_terms,
)
from sandbox.delivery.exposures import Log
from sandbox.delivery.model import Cap, HourRow, Line, Placement, Population, Targeting, Totals
from sandbox.delivery.pacing import PACING, Stretch
from sandbox.delivery.supply import Batch, Crowd, Stream, batch

LEVELS = ("package", "media_buy", "campaign", "advertiser", "creative")

Decide = Callable[..., int]


class Engine:
    """Decides every opportunity on all placements, for all lines. Times in ms, money in micros.

    The engine stands at an instant, ``now_ms``; everything earlier is decided. Changes are made at an
    instant not before it, and count from that instant on.
    """

    def __init__(
        self, seed: int, start_ms: int, population: Population, placements: Sequence[Placement] = ()
    ) -> None:
        self.now_ms = start_ms
        self.population = population
        self.opportunities = 0
        self.lines: list[Line] = []
        self.log = Log()
        self._seed = seed
        self._crowd = Crowd(seed, population)
        self._streams: list[Stream] = []
        self._codes: dict[str, dict[str, int]] = {"country": {}, "device": {}}
        self._index: dict[str, int] = {}
        self._creatives: dict[str, int] = {}
        self._caps = Caps()
        self._groups: dict[str, int] = {}
        self._records = np.zeros(0, LINE)
        self._group_records = np.zeros(0, GROUP)
        self._book: Book | None = None
        self._hour: tuple[int, Batch] | None = None
        self._planned_ms = NONE
        self._rows: list[HourRow] = []
        self._row_base = np.zeros(0, LINE)
        self._told: set[str] = set()
        self._flat: dict[int, tuple[int, int]] = {}
        self.add_placements(placements)

    # -- what there is -----------------------------------------------------------------------------------

    def add_placements(self, placements: Sequence[Placement]) -> None:
        """Add inventory. A placement added during an hour has traffic from the next hour on."""
        for placement in placements:
            self._streams.append(Stream(self._seed, len(self._streams), placement, self._codes))
        self._book = None

    def add_line(self, line: Line, at_ms: int) -> None:
        """Add a line, in force from ``at_ms`` on. Its id and its placements must be unknown and known."""
        known = {stream.placement.placement_id for stream in self._streams}
        if line.line_id in self._index or not set(line.placement_ids) <= known:
            raise ValueError(f"line {line.line_id}: taken, or on unknown placements {line.placement_ids}")
        self.advance(at_ms)
        self._index[line.line_id] = len(self.lines)
        self.lines.append(line)
        self._records = np.concatenate([self._records, np.zeros(1, LINE)])
        self._row_base = np.concatenate([self._row_base, np.zeros(1, LINE)])
        self._changed(len(self.lines) - 1)

    def change_line(self, line_id: str, at_ms: int, **fields: Any) -> None:
        """Change terms of a line from ``at_ms`` on; what was delivered before stays."""
        self.advance(at_ms)
        number = self._index[line_id]
        self.lines[number] = replace(self.lines[number], **fields)
        self._changed(number)

    def set_caps(self, level: str, entity_id: str, caps: Sequence[Cap], at_ms: int) -> None:
        """Replace all frequency caps of an entity. Exposures of the past count under the new caps too."""
        if level not in LEVELS:
            raise ValueError(f"unknown level {level!r}, use one of {', '.join(LEVELS)}")
        self.advance(at_ms)
        if self._caps.replace((level, entity_id), tuple(caps), at_ms):
            self._book = None

    def set_budget_group(
        self, group_id: str, total_micros: int | None, daily_cap_micros: int | None, at_ms: int
    ) -> None:
        """Limit what the lines of a group spend together, in all and in a UTC day."""
        self.advance(at_ms)
        if group_id not in self._groups:
            self._group(group_id)
        record = self._group_records[self._groups[group_id]]
        record["total"] = NONE if total_micros is None else total_micros
        record["daily"] = NONE if daily_cap_micros is None else daily_cap_micros
        self._book = None

    def _group(self, group_id: str) -> int:
        if group_id not in self._groups:
            self._groups[group_id] = len(self._groups)
            fresh = np.zeros(1, GROUP)
            fresh["total"] = fresh["daily"] = NONE
            self._group_records = np.concatenate([self._group_records, fresh])
        return self._groups[group_id]

    def _changed(self, number: int) -> None:
        line = self.lines[number]
        write_terms(self._records[number], line, self.population.users)
        for creative in line.creatives:
            self._creatives.setdefault(creative.creative_id, len(self._creatives))
        for group_id in line.group_ids:
            self._group(group_id)
        self._told.discard(line.line_id)
        if line.price.model == "flat_rate":
            self._flat[number] = (max(self.now_ms, line.start_ms), int(self._records["spent"][number]))
        self._book = None
        self._records["gate_from"][number] = NONE
        self._plan(number)

    # -- time --------------------------------------------------------------------------------------------

    def advance(self, to_ms: int) -> None:
        """Decide every opportunity earlier than ``to_ms``."""
        while self.now_ms < to_ms:
            hour_ms = self.now_ms - self.now_ms % HOUR_MS
            if self._planned_ms != hour_ms:
                self._begin_hour(hour_ms)
            until_ms = min(to_ms, hour_ms + HOUR_MS)
            if self._serving(until_ms):
                self._decide(hour_ms, until_ms)
            self._accrue(until_ms)
            self.now_ms = until_ms
            if until_ms == hour_ms + HOUR_MS:
                self.opportunities += sum(stream.count(hour_ms) for stream in self._streams)
                self._end_row(hour_ms)
                self._hour = None

    def _begin_hour(self, hour_ms: int) -> None:
        self._planned_ms = hour_ms
        if hour_ms % DAY_MS == 0:
            self._records["today"] = 0
            self._group_records["today"] = 0
        for number in range(len(self.lines)):
            self._plan(number)

    def _plan(self, number: int) -> None:
        """Ask the line's pacing strategy for the stretch from now to the end of the hour."""
        line, record = self.lines[number], self._records[number]
        hour_end_ms = self.now_ms - self.now_ms % HOUR_MS + HOUR_MS
        from_ms, to_ms = max(self.now_ms, line.start_ms), min(hour_end_ms, line.end_ms)
        if from_ms >= to_ms:
            return
        spent = int(record["spent"])
        planned = record["gate_from"] != NONE
        due = float(record["gate"] + record["slope"] * (from_ms - record["gate_from"])) if planned else spent
        unit = max(int(record["rate"]), int(record["bid"])) / int(record["divisor"])
        stretch = Stretch(from_ms, to_ms, line.start_ms, line.end_ms, line.budget_micros, spent, due, unit)
        at_start, at_end = PACING.get(line.pacing)(stretch)
        record["gate"], record["gate_from"] = at_start, from_ms
        record["slope"] = (at_end - at_start) / (to_ms - from_ms)

    def _serving(self, until_ms: int) -> bool:
        records = self._records
        live = (records["active"] != 0) & (records["full"] == 0)
        return bool((live & (records["start"] < until_ms) & (records["end"] > self.now_ms)).any())

    def _decide(self, hour_ms: int, until_ms: int) -> None:
        if self._hour is None or self._hour[0] != hour_ms:
            self._hour = (hour_ms, batch(self._streams, self._crowd, hour_ms))
        made, book = self._hour[1], self._books()
        first, last = np.searchsorted(made.time_ms, [self.now_ms, until_ms])
        count = int(last - first)
        if not count:
            return
        out = Log.chunk(count)
        served = self._loop()(
            made.time_ms[first:last],
            made.user[first:last],
            made.placement[first:last],
            made.country[first:last],
            made.device[first:last],
            made.key[first:last],
            self._records,
            book.places,
            self._group_records,
            book.country_ok,
            book.device_ok,
            book.candidates.at,
            book.candidates.flat,
            book.line_groups.at,
            book.line_groups.flat,
            book.line_caps.at,
            book.line_caps.flat,
            book.line_creatives.at,
            book.line_creatives.flat,
            book.creative_caps.at,
            book.creative_caps.flat,
            book.caps,
            book.ring,
            *out,
        )
        self.log.add(out, served)

    def _loop(self) -> Decide:
        """The function that decides; the reference engine has another one."""
        from sandbox.delivery.loop import decide

        return decide  # type: ignore[no-any-return]

    def _accrue(self, until_ms: int) -> None:
        """Charge flat-rate lines for the time that has passed: the rest of the rate over the rest of it."""
        for number, (from_ms, base) in self._flat.items():
            line, record = self.lines[number], self._records[number]
            if not record["active"] or until_ms <= from_ms:
                continue
            whole = min(line.price.rate_micros, line.budget_micros)
            passed = min(until_ms, line.end_ms) - from_ms
            length = line.end_ms - from_ms
            if passed <= 0 or length <= 0 or whole <= base:
                continue
            due = base + (whole - base) * passed // length
            charge = due - int(record["spent"])
            record["spent"] += charge
            record["today"] += charge

    # -- the books of the loop ---------------------------------------------------------------------------

    def _books(self) -> Book:
        if self._book is None:
            self._book = self._make_book()
            self._refill(self._book)
        return self._book

    def _make_book(self) -> Book:
        slots = self._caps.slots()
        caps, ring_length = self._caps.records(self.population.users)
        country, device = self._codes["country"], self._codes["device"]
        order = sorted(range(len(self.lines)), key=lambda n: (rank(self.lines[n]), n))
        placements = [stream.placement for stream in self._streams]
        rows = [[n for n in order if serves_on(self.lines[n], placement)] for placement in placements]
        levels = LEVELS[:-1]
        names = [(x.line_id, x.media_buy_id, x.campaign_id, x.advertiser_id) for x in self.lines]
        line_caps = [
            [slot for level, name in zip(levels, ids, strict=True) for slot in slots.get((level, name), [])]
            for ids in names
        ]
        places = np.zeros(len(placements), PLACE)
        for i, placement in enumerate(placements):
            places[i] = place_record(placement)
        targets = [line.targeting for line in self.lines]
        return Book(
            places=places,
            country_ok=np.array(
                [allowed(country, t.countries, t.countries_exclude) for t in targets], np.uint8
            ),
            device_ok=np.array([allowed(device, t.devices, t.devices_exclude) for t in targets], np.uint8),
            candidates=Table.of(rows),
            line_groups=Table.of([[self._groups[g] for g in line.group_ids] for line in self.lines]),
            line_caps=Table.of(line_caps),
            line_creatives=Table.of(
                [[v for c in x.creatives for v in (self._creatives[c.creative_id], c.weight)] for x in self.lines]
            ),
            creative_caps=Table.of([slots.get(("creative", name), []) for name in self._creatives]),
            caps=caps,
            ring=np.zeros(max(1, ring_length), np.int64),
        )

    def _refill(self, book: Book) -> None:
        """Bring the rings of new books up to date with the exposure log."""
        if not len(book.caps) or not len(self.log):
            return
        from sandbox.delivery.loop import replay

        log = self.log.arrays()
        replay(
            log.time_ms,
            log.user,
            log.line,
            log.creative,
            book.line_caps.at,
            book.line_caps.flat,
            book.creative_caps.at,
            book.creative_caps.flat,
            book.caps,
            book.ring,
        )

    # -- what happened -----------------------------------------------------------------------------------

    def totals(self, line_id: str) -> Totals:
        """What a line has delivered so far."""
        record = self._records[self._index[line_id]]
        return Totals(*(int(record[name]) for name in COUNTERS))

    def take_rows(self, flush: bool = False) -> list[HourRow]:
        """What was delivered since the last call, by line and hour, in order of time and of lines.

        Only whole hours, unless ``flush`` asks for the part of the present hour too; the rest of that hour
        then comes as a further row, so that rows always add up to totals.
        """
        if flush:
            self._end_row(self.now_ms - self.now_ms % HOUR_MS)
        rows, self._rows = self._rows, []
        return rows

    def _end_row(self, hour_ms: int) -> None:
        moved = np.zeros(len(self.lines), bool)
        for name in COUNTERS:
            moved |= self._records[name] != self._row_base[name]
        for number in np.flatnonzero(moved):
            now, base = self._records[number], self._row_base[number]
            counts = (int(now[name] - base[name]) for name in COUNTERS)
            self._rows.append(HourRow(*counts, line_id=self.lines[number].line_id, hour_ms=hour_ms))
        self._row_base = self._records.copy()

    def exhausted(self) -> list[str]:
        """Lines that can buy no further impression, each told once until its terms change."""
        found = []
        for line, record in zip(self.lines, self._records, strict=True):
            if record["full"] and line.line_id not in self._told:
                self._told.add(line.line_id)
                found.append(line.line_id)
        return found

    def _exposed(self, level: str, entity_id: str) -> NDArray[np.int32]:
        """The users of all exposures of an entity, one entry an exposure."""
        log = self.log.arrays()
        if level == "creative":
            return log.user[log.creative == self._creatives.get(entity_id, -1)]
        names = {"package": "line_id"}.get(level, f"{level}_id")
        mine = [n for n, line in enumerate(self.lines) if getattr(line, names) == entity_id]
        return log.user[np.isin(log.line, mine)]

    def reach(self, level: str, entity_id: str) -> int:
        """Different users that have seen an advertiser, campaign, media buy, package or creative."""
        return len(np.unique(self._exposed(level, entity_id)))

    def frequency(self, level: str, entity_id: str) -> dict[int, int]:
        """How many users have seen an entity how many times."""
        _, seen = np.unique(self._exposed(level, entity_id), return_counts=True)
        counts, users = np.unique(seen, return_counts=True)
        return {int(count): int(number) for count, number in zip(counts, users, strict=True)}

    def audit(self) -> list[str]:
        """Breaches found by an independent recount of the exposure log; see ``audit.py``."""
        log, creatives = self.log.arrays(), list(self._creatives)
        found = recount.over_caps(log, self.lines, creatives, self._caps.terms)
        metered = {x.line_id: self.totals(x.line_id) for x in self.lines if x.price.model != "flat_rate"}
        return found + recount.wrong_sums(log, self.lines, metered)

    def forecast(
        self, placement_ids: Sequence[str], targeting: Targeting, start_ms: int, end_ms: int
    ) -> float:
        """Opportunities to expect on placements under a targeting, in ``[start_ms, end_ms)``."""
        found = 0.0
        for stream in self._streams:
            placement = stream.placement
            if placement.placement_id not in placement_ids:
                continue
            week = sum(stream.expected(start_ms + hour * HOUR_MS) for hour in range(168))
            found += week * (end_ms - start_ms) / (168 * HOUR_MS) * _share(placement, targeting)
        return found


def _share(placement: Placement, targeting: Targeting) -> float:
    """The part of a placement's traffic that a targeting lets through."""
    if targeting.properties and placement.property_id not in targeting.properties:
        return 0.0
    if placement.property_id in targeting.properties_exclude:
        return 0.0
    share = 1.0
    for shares, include, exclude in (
        (placement.countries, targeting.countries, targeting.countries_exclude),
        (placement.devices, targeting.devices, targeting.devices_exclude),
    ):
        flags = allowed(dict.fromkeys(shares, 0), include, exclude)
        share *= sum(v for v, ok in zip(shares.values(), flags, strict=True) if ok) / sum(shares.values())
    return share
