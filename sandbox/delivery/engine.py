"""The engine: keeps the books, cuts time into hours, and lets the compiled loop decide."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sandbox.core.time import HOUR_MS
from sandbox.delivery.accrual import Accrual
from sandbox.delivery.audit import GroupTerm, LineTerm, beyond_people, breaches
from sandbox.delivery.book import DIRECT, Memory, entities, make_limits, write_plan, write_terms
from sandbox.delivery.conversions import Conversion
from sandbox.delivery.days import Days, local_day
from sandbox.delivery.exposures import Exposures, Log
from sandbox.delivery.history import History
from sandbox.delivery.model import Cap, HourRow, Line, Placement, Population, Slice, Targeting, Totals
from sandbox.delivery.pacing import PACING
from sandbox.delivery.people import People
from sandbox.delivery.rings import LEVELS, Rings, fill, slots_of
from sandbox.delivery.rows import Rows, read_totals, with_room
from sandbox.delivery.supply import Arrivals, Stream, first_tick, hour_traffic, share
from sandbox.delivery.tables import CONVERSION, GROUP, LINE, MODELS, NONE, Limits, State


class _Hour(NamedTuple):
    """The traffic of an hour on some placements, and the keys of all placements in that hour."""

    hour_ms: int
    places: frozenset[int]
    traffic: NDArray[Any]
    keys: NDArray[np.uint64]


class Engine:
    """Decides every opportunity on all placements, for all lines. Times in ms, money in micros.

    The engine stands at an instant, ``now_ms``; everything earlier is decided. A change is made at an instant
    that is not earlier (``ValueError``) and counts from that instant on. How the time up to there is cut into
    calls of :meth:`advance` changes nothing.
    """

    def __init__(self, seed: int, start_ms: int, population: Population, placements: Sequence[Placement] = ()) -> None:
        if population.users < 1:
            raise ValueError("a population has at least one user")
        self.start_ms = self.now_ms = start_ms
        self.population = population
        self.history = History(People(seed, population))
        self._seed = seed
        self._streams: dict[str, Stream] = {}
        self._index: dict[str, int] = {}
        self._rings = Rings(start_ms - start_ms % HOUR_MS)
        self._days = Days(start_ms)
        self._group_records = np.zeros(0, GROUP)
        self._room = self._records = np.zeros(0, LINE)
        self._memories: list[Memory] = []
        self._flat: dict[int, Accrual] = {}
        self._limits: Limits | None = None
        self._hour: _Hour | None = None
        self._begun_ms = NONE
        self._arrived = Arrivals(start_ms)
        self._rows = Rows()
        self._told: set[str] = set()
        self.add_placements(placements)

    @property
    def lines(self) -> list[Line]:
        """All lines, as they are now, by number."""
        return self.history.lines

    @property
    def log(self) -> Log:
        """The exposure log."""
        return self.history.log

    # -- what there is -----------------------------------------------------------------------------------

    def add_placements(self, placements: Sequence[Placement]) -> None:
        """Add inventory; it has traffic from now on. ``ValueError`` if an id is taken."""
        for placement in placements:
            if placement.placement_id in self._streams:
                raise ValueError(f"placement {placement.placement_id}: the id is taken")
            self._streams[placement.placement_id] = Stream(self._seed, placement, self.now_ms)
            self.history.placements.append(placement)
        self._limits = self._hour = None

    def add_line(self, line: Line, at_ms: int) -> None:
        """Add a line, in force from ``at_ms`` on. Its id must be new and its placements known (``ValueError``)."""
        if line.line_id in self._index or not set(line.placement_ids) <= self._streams.keys():
            raise ValueError(f"line {line.line_id}: taken, or on unknown placements {line.placement_ids}")
        self._check(line)
        self._go_to(at_ms)
        number = self._index[line.line_id] = len(self.lines)
        self.lines.append(line)
        self._memories.append({})
        self._room = with_room(self._room, len(self.lines))
        self._records = self._room[: len(self.lines)]
        if line.price.model == "flat_rate":
            self._flat[number] = Accrual.of(line.price.rate_micros, line.start_ms, line.end_ms, at_ms)
        self._limits = None
        self._changed(number)

    def change_line(self, line_id: str, at_ms: int, **fields: Any) -> None:
        """Change terms of a line from ``at_ms`` on; what was delivered before stays."""
        number = self._index[line_id]
        old = self.lines[number]
        line = replace(old, **fields)
        if not set(line.placement_ids) <= self._streams.keys():
            raise ValueError(f"line {line_id}: on unknown placements {line.placement_ids}")
        if (line.price.model == "flat_rate") != (old.price.model == "flat_rate"):
            raise ValueError(f"line {line_id}: a flat rate can't become another model, nor the other way round")
        self._check(line)
        self._go_to(at_ms)
        if number in self._flat:
            self._close(number)
            more = line.price.rate_micros - old.price.rate_micros
            self._flat[number].change(at_ms, more, line.start_ms, line.end_ms)
        if entities(line) != entities(old):
            self._rings.forget()
        if not fields.keys() <= DIRECT or line.end_ms > old.end_ms:
            self._limits = None
        self.lines[number] = line
        self._changed(number)

    def set_segment(self, name: str, share: float, at_ms: int) -> None:
        """Put this share of the people in a segment, from ``at_ms`` on."""
        self._go_to(at_ms)
        self.population.segments[name] = share
        self._limits = None

    def set_caps(self, level: str, entity_id: str, caps: Sequence[Cap], at_ms: int) -> None:
        """Replace all frequency caps of an entity. Exposures of the past count under the new caps too."""
        if level not in LEVELS:
            raise ValueError(f"unknown level {level!r}, use one of {', '.join(LEVELS)}")
        if any(cap.max_impressions < 0 for cap in caps):
            raise ValueError(f"{level} {entity_id}: a frequency cap is never negative")
        self._go_to(at_ms)
        if self.history.caps.replace((level, entity_id), tuple(caps), at_ms):
            self._limits = None

    def set_budget_group(
        self, group_id: str, total_micros: int | None, daily_cap_micros: int | None, at_ms: int, timezone: str = "UTC"
    ) -> None:
        """Limit what the lines of a group spend together, in all and in a day of a time zone (IANA name)."""
        zone = self._days.number(timezone)
        self._go_to(at_ms)
        number = self._group(group_id)
        if self._group_records["zone"][number] != zone:
            self._group_records["zone"][number] = zone
            self._group_records["today"][number] = 0
        self._group_records["total"][number] = NONE if total_micros is None else total_micros
        self._group_records["daily"][number] = NONE if daily_cap_micros is None else daily_cap_micros
        self.history.group_terms.append(GroupTerm(group_id, at_ms, total_micros, daily_cap_micros, timezone))
        for line_number in self._flat:
            if group_id in self.lines[line_number].group_ids:
                self._plan(line_number)

    @staticmethod
    def _check(line: Line) -> None:
        PACING.get(line.pacing)
        local_day(line.start_ms, line.timezone)
        if line.price.rate_micros < 0 or (line.price.bid_micros or 0) < 0:
            raise ValueError(f"line {line.line_id}: a price is never negative")

    def _group(self, group_id: str) -> int:
        if group_id not in self.history.numbers.groups:
            self.history.numbers.groups[group_id] = len(self.history.numbers.groups)
            fresh = np.zeros(1, GROUP)
            fresh["total"] = fresh["daily"] = NONE
            self._group_records = np.concatenate([self._group_records, fresh])
        return self.history.numbers.groups[group_id]

    def _changed(self, number: int) -> None:
        line = self.lines[number]
        for creative in line.creatives:
            self.history.numbers.creatives.setdefault(creative.creative_id, len(self.history.numbers.creatives))
        for group_id in line.group_ids:
            self._group(group_id)
        self._told.discard(line.line_id)
        self.history.line_terms.append(LineTerm(number, self.now_ms, line))
        record, zone = self._records[number], self._days.number(line.timezone)
        if record["zone"] != zone:
            record["zone"], record["today"] = zone, 0
        write_terms(record, line, self.population.users)
        self._plan(number)

    # -- time --------------------------------------------------------------------------------------------

    def advance(self, to_ms: int) -> None:
        """Decide every opportunity earlier than ``to_ms``."""
        while self.now_ms < to_ms:
            hour_ms = self._begin_hour()
            until_ms = min(to_ms, hour_ms + HOUR_MS, self._days.next_ms)
            if self._serving(until_ms):
                self._decide(hour_ms, until_ms)
            for number, accrual in self._flat.items():
                if charge := accrual.charge(until_ms):
                    self._records["spent"][number] += charge
                    self._records["today"][number] += charge
                    self.history.accrued[number][hour_ms] += charge
            for one in self.history.conversions.take(until_ms):
                record = self._records[one.line]
                record["conversions"] += 1
                record["value"] += one.value_micros
                record["pending"] -= one.charge_micros
            self.now_ms = until_ms
            if until_ms == hour_ms + HOUR_MS:
                self._rows.end(hour_ms, self._records, self.lines)
                self._hour = None

    def _go_to(self, at_ms: int) -> None:
        if at_ms < self.now_ms:
            raise ValueError(f"a change at {at_ms} comes too late: everything before {self.now_ms} is decided")
        self.advance(at_ms)
        self._begin_hour()

    def _begin_hour(self) -> int:
        """Begin the hour and the days that the engine stands in, unless that is done; returns when the hour began."""
        hour_ms = self.now_ms - self.now_ms % HOUR_MS
        records, turned = self._records, self._days.turn(self.now_ms)
        for table in (records, self._group_records) if turned else ():
            table["today"][np.isin(table["zone"], turned)] = 0
        if self._begun_ms == hour_ms and not turned:
            return hour_ms
        over = (records["live"] == 0) & ((records["stop"] <= hour_ms) | (records["start"] >= hour_ms + HOUR_MS))
        if self._begun_ms == hour_ms:
            over |= ~np.isin(records["zone"], turned)
        self._begun_ms = hour_ms
        self._rings.make_room(self.now_ms)
        flat = [n for n in self._flat if self.lines[n].end_ms > hour_ms]
        for number in sorted({*np.flatnonzero(~over).tolist(), *flat}):
            self._plan(number)
        return hour_ms

    def _plan(self, number: int) -> None:
        """Plan a line from now to the end of the hour."""
        line, record = self.lines[number], self._records[number]
        hour_end_ms = self.now_ms - self.now_ms % HOUR_MS + HOUR_MS
        day_end_ms = self._days.end_ms(int(record["zone"]))
        write_plan(record, line, self.now_ms, hour_end_ms, day_end_ms, self._memories[number])
        if number in self._flat:
            self._close(number)
            self._open(number, min(hour_end_ms, self._days.next_ms))

    def _close(self, number: int) -> None:
        """End the stretch of a flat-rate line; give back what its groups had set aside for the rest of it."""
        unused = self._flat[number].close()
        for group_id in self.lines[number].group_ids:
            self._group_records["spent"][self.history.numbers.groups[group_id]] -= unused
            self._group_records["today"][self.history.numbers.groups[group_id]] -= unused

    def _open(self, number: int, stretch_end_ms: int) -> None:
        line, record, accrual = self.lines[number], self._records[number], self._flat[number]
        groups = [self._group_records[self.history.numbers.groups[name]] for name in line.group_ids]
        sides = [(record["budget"], record["spent"]), (record["daily_cap"], record["today"])]
        for group in groups:
            sides += [(group["total"], group["spent"]), (group["daily"], group["today"])]
        room = min(int(limit) - int(used) for limit, used in sides if limit != NONE)
        from_ms, to_ms = max(self.now_ms, line.start_ms), min(stretch_end_ms, line.end_ms)
        record["stop"] = accrual.open(from_ms, to_ms, room if line.active else 0)
        for group in groups:
            group["spent"] += accrual.granted_micros
            group["today"] += accrual.granted_micros
        if from_ms < to_ms and record["spent"] >= record["budget"]:
            record["full"] = 1

    def _serving(self, until_ms: int) -> bool:
        records = self._records
        able = (records["live"] != 0) & (records["full"] == 0)
        return bool((able & (records["start"] < until_ms) & (records["stop"] > self.now_ms)).any())

    def _decide(self, hour_ms: int, until_ms: int) -> None:
        from sandbox.delivery.loop import decide

        limits = self._ready_limits()
        hour = self._ready_hour(hour_ms, limits)
        between = [first_tick(hour_ms, self.now_ms), first_tick(hour_ms, until_ms)]
        first, last = (int(n) for n in np.searchsorted(hour.traffic["tick"], between))
        if first == last:
            return
        count, rings = len(self.lines), self._rings
        due_ms, queue = np.empty(count, np.int64), np.empty(count, np.int64)
        state = State(self._records, self._group_records, rings.cells, rings.stride, due_ms, queue)
        out, to = self.log.room(last - first), np.empty(last - first, CONVERSION)
        tick = rings.tick(hour_ms)
        served, converted = decide(hour_ms, tick, hour.traffic, first, last, hour.keys, limits, state, out, to)
        for at_ms, exposure, value in to[:converted].tolist():
            line = int(out.line[exposure])
            charge = int(out.charge_micros[exposure]) if self._records["model"][line] == MODELS["cpa"] else 0
            self.history.conversions.add(Conversion(at_ms, len(self.log) + exposure, line, value, charge))
        self.log.extend(served)

    # -- the tables of the loop --------------------------------------------------------------------------

    def _ready_limits(self) -> Limits:
        if self._limits is None:
            history, streams = self.history, list(self._streams.values())
            of_lines = [entities(line) for line in self.lines]
            counted: dict[Any, list[int]] = {}
            for number, mine in enumerate(of_lines):
                for entity in mine:
                    counted.setdefault(entity, []).append(number)
            for placement in history.placements:
                history.people.identities(placement)
            by_entity, rows = history.caps.by_entity, history.people.rows_count
            fresh = self._rings.rebuild(by_entity, {e: tuple(n) for e, n in counted.items()}, rows)
            creatives = history.numbers.creatives
            if fresh and len(self.log):
                log = self.log.arrays()
                fill(self._rings, slots_of(self._rings, fresh, of_lines, creatives), log, history.identities(log))
            slots = slots_of(self._rings, None, of_lines, creatives)
            self._limits = make_limits(
                streams, self.lines, self.now_ms, history.numbers, slots, self._rings.terms, history.people, self._seed
            )
        return self._limits

    def _ready_hour(self, hour_ms: int, limits: Limits) -> _Hour:
        """The traffic of the hour on all placements where a line may serve."""
        live = self._records["live"] != 0
        parts = zip(limits.places["candidates"].tolist(), limits.places["candidates_end"].tolist(), strict=True)
        places = frozenset(n for n, (first, last) in enumerate(parts) if live[limits.numbers[first:last]].any())
        if self._hour is None or self._hour.hour_ms != hour_ms or not places <= self._hour.places:
            streams = list(self._streams.values())
            keys = np.array([stream.key(hour_ms) for stream in streams], np.uint64)
            made = hour_traffic(hour_ms, streams, sorted(places), self.history.people)
            self._hour = _Hour(hour_ms, places, made, keys)
        return self._hour

    # -- what happened -----------------------------------------------------------------------------------

    @property
    def opportunities(self) -> int:
        """Opportunities decided so far, on all placements."""
        return self._arrived.until(self.now_ms, list(self._streams.values()), self.history.people)

    def totals(self, line_id: str) -> Totals:
        """What a line has delivered so far."""
        return read_totals(self._records[self._index[line_id]])

    def take_rows(self, flush: bool = False) -> list[HourRow]:
        """What was delivered since the last call, by line and hour, in order of time and of lines.

        Only whole hours, unless ``flush`` asks for the part of the present hour too; the rest of that hour
        then comes as a further row, so that rows always add up to totals.
        """
        if flush:
            self._rows.end(self.now_ms - self.now_ms % HOUR_MS, self._records, self.lines)
        return self._rows.take()

    def exhausted(self) -> list[str]:
        """Lines that can buy no further impression, each told once until its terms change."""
        full = [self.lines[number].line_id for number in np.flatnonzero(self._records["full"])]
        found = [line_id for line_id in full if line_id not in self._told]
        self._told.update(found)
        return found

    def exposures(self) -> Exposures:
        """Every impression so far, in order of time."""
        return self.log.arrays()

    @property
    def next_conversion_ms(self) -> int | None:
        """When the next conversion on its way will happen; None if there is none."""
        return self.history.conversions.next_ms

    def reach(self, level: str, entity_id: str) -> int:
        """Different people that have seen an advertiser, campaign, media buy, package or creative."""
        return int(np.count_nonzero(self.history.seen(level, entity_id)))

    def frequency(self, level: str, entity_id: str) -> dict[int, int]:
        """How many people have seen an entity how many times; those who never did are left out."""
        people = np.bincount(self.history.seen(level, entity_id))
        return {count: int(number) for count, number in enumerate(people) if number and count}

    def breakdown(self, line_ids: Sequence[str], start_ms: int, end_ms: int) -> list[Slice]:
        """What lines delivered in ``[start_ms, end_ms)`` by creative, country and device; see :class:`History`."""
        return self.history.breakdown(line_ids, start_ms, end_ms)

    def audit(self) -> list[str]:
        """Breaches found by an independent recount of the exposure log; see ``audit.py``."""
        return breaches(self.history.evidence(self._committed()))

    def beyond_caps(self) -> dict[tuple[str, str], int]:
        """Impressions by entity that a cap would have stopped if every person were known at every publisher."""
        return beyond_people(self.history.evidence(self._committed()))

    def _committed(self) -> list[Totals]:
        """Totals in which the charges of conversions to come are spent already, as they are in the log."""
        pending = self._records["pending"].tolist()
        totals = [self.totals(line.line_id) for line in self.lines]
        return [replace(t, spend_micros=t.spend_micros + more) for t, more in zip(totals, pending, strict=True)]

    def forecast(self, placement_ids: Sequence[str], targeting: Targeting, start_ms: int, end_ms: int) -> float:
        """Opportunities to expect on placements under a targeting, in ``[start_ms, end_ms)``."""
        streams = [self._streams[name] for name in dict.fromkeys(placement_ids) if name in self._streams]
        segments = self.population.segments
        return sum((s.expected(start_ms, end_ms) * share(s.placement, targeting, segments) for s in streams), 0.0)
