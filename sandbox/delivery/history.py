"""What an engine remembers: exposures, conversions, and all terms that were ever in force."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sandbox.core.money import split
from sandbox.delivery.audit import Evidence, GroupTerm, LineTerm
from sandbox.delivery.book import Numbers, entities
from sandbox.delivery.conversions import Pipeline
from sandbox.delivery.exposures import Exposures, Log
from sandbox.delivery.model import Line, Placement, Slice, Totals
from sandbox.delivery.people import People
from sandbox.delivery.rings import Caps
from sandbox.delivery.tables import NONE, OUTCOMES


@dataclass(slots=True)
class Audience:
    """Who has seen some lines in the log up to a row, exclusive."""

    seen: NDArray[np.bool_]
    row: int = 0
    people: int = 0
    impressions: int = 0

    def add(self, users: NDArray[np.int32]) -> None:
        """Count further exposures."""
        self.seen[users] = True
        self.people = int(np.count_nonzero(self.seen))
        self.impressions += len(users)


@dataclass
class History:
    """Answers what was delivered to whom, from the log alone."""

    people: People
    lines: list[Line] = field(default_factory=list)
    placements: list[Placement] = field(default_factory=list)
    numbers: Numbers = field(default_factory=Numbers)
    log: Log = field(default_factory=Log)
    conversions: Pipeline = field(default_factory=Pipeline)
    caps: Caps = field(default_factory=Caps)
    line_terms: list[LineTerm] = field(default_factory=list)
    group_terms: list[GroupTerm] = field(default_factory=list)
    accrued: dict[int, dict[int, int]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(int)))
    """Micros by flat-rate line and hour."""
    audiences: dict[tuple[str, ...], Audience] = field(default_factory=dict)

    def identities(self, log: Exposures) -> NDArray[Any]:
        """The row of rings of each exposure: whom the publisher knew the person as."""
        begin = np.array([self.people.identities(placement) for placement in self.placements], np.int64)
        return self.people.rows_of(log.user, begin[log.place]) if (begin != NONE).any() else log.user

    def seen(self, level: str, entity_id: str) -> NDArray[np.int64]:
        """How often each person has seen an entity."""
        log = self.log.arrays()
        if level == "creative":
            mine = log.creative == self.numbers.creatives.get(entity_id, NONE)
        else:
            mine = np.array([(level, entity_id) in entities(line) for line in self.lines], bool)[log.line]
        return np.bincount(log.user[mine], minlength=self.people.population.users)

    def window(self, start_ms: int, end_ms: int) -> tuple[int, Exposures]:
        """The exposures in ``[start_ms, end_ms)``, and the number of the first."""
        log = self.log.arrays()
        first, last = (int(n) for n in np.searchsorted(log.time_ms, [start_ms, end_ms]))
        return first, log.rows(slice(first, last))

    def reach(self, line_ids: Sequence[str], start_ms: int, end_ms: int) -> tuple[int, float]:
        """Different people that saw one of the lines in ``[start_ms, end_ms)``, and how often on average."""
        last = int(np.searchsorted(self.log.arrays().time_ms, end_ms))
        if any(line.line_id in line_ids and line.start_ms < start_ms for line in self.lines):
            first = int(np.searchsorted(self.log.arrays().time_ms, start_ms))
            audience = Audience(np.zeros(self.people.population.users, bool), first)
        else:  # all that was ever served: count on from the last time
            name = tuple(sorted(line_ids))
            audience = self.audiences.get(name) or Audience(np.zeros(self.people.population.users, bool))
            if last < audience.row:
                audience = Audience(np.zeros(self.people.population.users, bool))
            self.audiences[name] = audience
        log = self.log.arrays().rows(slice(audience.row, last))
        audience.add(log.user[self._among(log, line_ids)])
        audience.row = last
        return audience.people, audience.impressions / audience.people if audience.people else 0.0

    def _among(self, log: Exposures, line_ids: Sequence[str]) -> NDArray[np.bool_]:
        """Which exposures are those of the lines; comparing with one number is several times a look into a table."""
        wanted = self._of(line_ids)
        numbers = np.flatnonzero(wanted)
        among: NDArray[np.bool_] = log.line == numbers[0] if len(numbers) == 1 else wanted[log.line]
        return among

    def _of(self, line_ids: Sequence[str]) -> NDArray[np.bool_]:
        wanted = set(line_ids)
        return np.array([line.line_id in wanted for line in self.lines], bool)

    def breakdown(self, line_ids: Sequence[str], start_ms: int, end_ms: int) -> list[Slice]:
        """What the lines delivered in ``[start_ms, end_ms)``, by line, creative, country and device.

        Conversions count when they happened, at what their impression was. The flat rate that accrued is
        spread over the slices of its line by impressions, if it has any in the window.
        """
        first, log = self.window(start_ms, end_ms)
        mine = np.flatnonzero(self._among(log, line_ids))
        known = log.rows(mine)
        charge = known.charge_micros.copy()
        later = np.array(self.conversions.charged_later, np.int64) - first
        charge[np.isin(mine, later)] = 0
        sizes = [len(n) for n in (self.numbers.creatives, self.numbers.countries, self.numbers.devices)]
        keys, of = np.unique(_keys(known, sizes), return_inverse=True)
        spent = np.zeros(len(keys), np.int64)
        np.add.at(spent, of, charge)
        counts = {"impressions": np.bincount(of, minlength=len(keys))}
        for bit, name in enumerate(OUTCOMES.values()):
            counts[name] = np.bincount(of[known.outcome & (1 << bit) != 0], minlength=len(keys))
        made: dict[int, Totals] = {}
        for i, key in enumerate(keys):
            made[int(key)] = Totals(
                spend_micros=int(spent[i]), **{name: int(count[i]) for name, count in counts.items()}
            )
        self._add_conversions(made, sizes, line_ids, start_ms, end_ms)
        self._add_accrued(made, sizes, line_ids, start_ms, end_ms)
        names = [list(n) for n in (self.numbers.creatives, self.numbers.countries, self.numbers.devices)]
        return [self._slice(key, sizes, names, totals) for key, totals in sorted(made.items())]

    def _add_conversions(
        self, made: dict[int, Totals], sizes: list[int], line_ids: Sequence[str], start_ms: int, end_ms: int
    ) -> None:
        wanted, log = self._of(line_ids), self.log.arrays()
        for conversion in self.conversions.happened:
            if start_ms <= conversion.at_ms < end_ms and wanted[conversion.line]:
                at = log.rows(slice(conversion.exposure, conversion.exposure + 1))
                totals = made.setdefault(int(_keys(at, sizes)[0]), Totals())
                totals.conversions += 1
                totals.conversion_value_micros += conversion.value_micros
                totals.spend_micros += conversion.charge_micros

    def _add_accrued(
        self, made: dict[int, Totals], sizes: list[int], line_ids: Sequence[str], start_ms: int, end_ms: int
    ) -> None:
        whole = sizes[0] * sizes[1] * sizes[2]
        for number, hours in self.accrued.items():
            if self.lines[number].line_id in line_ids:
                amount = sum(micros for hour_ms, micros in hours.items() if start_ms <= hour_ms < end_ms)
                slices = [made[key] for key in sorted(made) if key // whole == number and made[key].impressions]
                if slices:
                    for totals, part in zip(slices, split(amount, [t.impressions for t in slices]), strict=True):
                        totals.spend_micros += part

    def _slice(self, key: int, sizes: list[int], names: list[list[str]], totals: Totals) -> Slice:
        rest, device = divmod(key, sizes[2])
        rest, country = divmod(rest, sizes[1])
        line, creative = divmod(rest, sizes[0])
        return Slice(self.lines[line].line_id, names[0][creative], names[1][country], names[2][device], totals)

    def evidence(self, totals: Sequence[Totals]) -> Evidence:
        """The log and all terms, for the audit."""
        log = self.log.arrays()
        terms = self.line_terms, self.group_terms, self.caps.terms
        return Evidence(log, self.identities(log), list(self.numbers.creatives), *terms, totals)


def _keys(log: Exposures, sizes: list[int]) -> NDArray[np.int64]:
    """One number for line, creative, country and device."""
    key = log.line.astype(np.int64) * sizes[0] + log.creative
    return (key * sizes[1] + log.country) * sizes[2] + log.device
