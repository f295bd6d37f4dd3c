"""A recount of the exposure log that knows nothing of how the exposures were decided.

It takes the log, the terms that were in force when, and the totals that the engine claims, and says what does
not fit: flights, creatives, budgets, daily caps, goals, budget groups, frequency caps, charges, sums.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sandbox.core.time import DAY_MS, format_duration, iso
from sandbox.delivery.days import local_day
from sandbox.delivery.exposures import Exposures
from sandbox.delivery.model import Cap, Line, Totals
from sandbox.delivery.rings import CapTerm

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(slots=True, frozen=True)
class LineTerm:
    """A line as it was from an instant on, until its next term; ``number`` is the line's in the log."""

    number: int
    from_ms: int
    line: Line


@dataclass(slots=True, frozen=True)
class GroupTerm:
    """The limits of a budget group from an instant on, in micros; None is no limit."""

    group_id: str
    from_ms: int
    total_micros: int | None
    daily_cap_micros: int | None
    timezone: str = "UTC"


@dataclass(slots=True, frozen=True)
class Evidence:
    """What an audit looks at.

    ``identities`` are whom the publishers knew the people of the log as, ``creatives`` ids by number, ``totals``
    the engine's by line number, with the charges of conversions to come.
    """

    log: Exposures
    identities: NDArray[Any]
    creatives: Sequence[str]
    line_terms: Sequence[LineTerm]
    group_terms: Sequence[GroupTerm]
    cap_terms: Sequence[CapTerm]
    totals: Sequence[Totals]


def breaches(evidence: Evidence) -> list[str]:
    """Everything that is wrong with the log; empty if it is right. An entry names the first offence of its kind."""
    log = evidence.log
    found = ["exposures are not in order of time"] if (log.time_ms[1:] < log.time_ms[:-1]).any() else []
    of_line, terms = _by_line(evidence), _terms_by_line(evidence)
    for mine, theirs, totals in zip(of_line, terms, evidence.totals, strict=True):
        times, charges = log.time_ms[mine], log.charge_micros[mine]
        found += _line_breaches(times, charges, log.creative[mine], theirs, totals, evidence)
    found += _group_breaches(log, of_line, terms, evidence.group_terms)
    for rows, cap_terms in _cap_rows(evidence, of_line, terms):
        found += _cap_breaches(log, evidence.identities, rows, cap_terms)
    return found


def beyond_people(evidence: Evidence) -> dict[tuple[str, str], int]:
    """Impressions beyond a cap, by entity, if every person were one identity at all publishers.

    What an identity graph with a match rate below 1 lets through.
    """
    counts: dict[tuple[str, str], int] = {}
    for rows, cap_terms in _cap_rows(evidence, _by_line(evidence), _terms_by_line(evidence)):
        times, people = evidence.log.time_ms[rows], evidence.log.user[rows]
        for entity in dict.fromkeys((term.level, term.entity_id) for term in cap_terms):
            mine = [term for term in cap_terms if (term.level, term.entity_id) == entity]
            over = [beyond(times, people, cap, term.from_ms, term.until_ms) for term in mine for cap in term.caps]
            counts[entity] = len(np.unique(np.concatenate(over)))
    return counts


def _by_line(evidence: Evidence) -> list[Ints]:
    """Rows of the log by line. A stable sort of 16 bits is a radix sort, which is linear."""
    line, lines = evidence.log.line, len(evidence.totals)
    order = np.argsort(line.astype(np.uint16) if lines < 1 << 16 else line, kind="stable")
    return np.split(order, np.cumsum(np.bincount(line, minlength=lines))[:-1]) if lines else []


def _terms_by_line(evidence: Evidence) -> list[list[LineTerm]]:
    terms: list[list[LineTerm]] = [[] for _ in evidence.totals]
    for term in evidence.line_terms:
        terms[term.number].append(term)
    return terms


def _cap_rows(
    evidence: Evidence, of_line: list[Ints], terms: list[list[LineTerm]]
) -> Iterator[tuple[Ints | slice, list[CapTerm]]]:
    """Rows of the log, and all terms of caps that count just these rows."""
    log = evidence.log
    same: dict[tuple[str, tuple[int, ...]], list[CapTerm]] = {}
    for cap_term in evidence.cap_terms:
        same.setdefault(_counted(evidence, terms, cap_term), []).append(cap_term)
    for (column, numbers), cap_terms in same.items():
        if column == "line" and len(numbers) == 1:
            yield of_line[numbers[0]], cap_terms
        else:
            wanted = np.zeros(len(evidence.totals if column == "line" else evidence.creatives), bool)
            wanted[list(numbers)] = True
            values = log.line if column == "line" else log.creative
            yield slice(None) if wanted.all() else np.flatnonzero(wanted[values]), cap_terms


# -- lines -----------------------------------------------------------------------------------------------


def _line_breaches(
    times: Ints, charges: Ints, creatives: NDArray[Any], terms: list[LineTerm], totals: Totals, evidence: Evidence
) -> Iterator[str]:
    name = f"line {terms[-1].line.line_id}"
    at = _in_force([term.from_ms for term in terms], times)
    if len(at) and at[0] < 0:
        yield f"{name}: served at {iso(int(times[0]))}, before it was there"
        return

    def now(value: Callable[[Line], int]) -> Any:
        values = np.array([value(term.line) for term in terms], np.int64)
        return values[at] if (values != values[0]).any() else values[0]

    spent, shown = np.cumsum(charges), np.arange(1, len(at) + 1)
    zones = [term.line.timezone for term in terms]
    in_day = _running(charges, _days(times, at, zones))
    rotations = np.array([[_rotates(term.line, name) for name in evidence.creatives] for term in terms], bool)
    outside = (times < now(lambda x: x.start_ms)) | (times >= now(lambda x: x.end_ms))
    checks: list[tuple[Flags, str]] = [
        (np.broadcast_to(now(lambda x: x.active) == 0, times.shape), "served while it was not active"),
        (outside, "served outside its flight"),
        (~rotations.reshape(len(terms), -1)[at, creatives], "showed a creative that was not in its rotation"),
        (spent > now(lambda x: x.budget_micros), "spent more than its budget"),
        (in_day > now(lambda x: _or_more(x.daily_cap_micros)), "spent more than its daily cap"),
        (shown > now(lambda x: _or_more(x.impressions_goal)), "delivered more than its goal"),
    ]
    if all(term.line.price.model == "cpm" and term.line.price.fixed for term in terms):
        rates = np.broadcast_to(now(lambda x: x.price.rate_micros), times.shape)
        owed = np.cumsum(rates) // 1000
        checks.append((spent != owed, "was charged something else than its CPM"))
    for bad, what in checks:
        if bad.any():
            yield f"{name}: {what} at {iso(int(times[np.argmax(bad)]))}"
    metered = terms[-1].line.price.model != "flat_rate"
    if len(at) != totals.impressions or (metered and int(charges.sum()) != totals.spend_micros):
        yield (
            f"{name}: the log has {len(at)} impressions for {charges.sum()} micros, its totals say "
            f"{totals.impressions} for {totals.spend_micros}"
        )
    if not metered and totals.spend_micros > max(term.line.budget_micros for term in terms):
        yield f"{name}: accrued more than its budget"


def _days(time_ms: Ints, at: Ints, zones: list[str]) -> Ints:
    """A number for the day of each instant, in the zone of its term; a change of zone begins a new day."""
    if set(zones) <= {"UTC"}:
        return time_ms // DAY_MS
    days: Ints = np.zeros(len(time_ms), np.int64)
    ended = 0
    for first in [n for n, zone in enumerate(zones) if n == 0 or zone != zones[n - 1]]:
        last = next((n for n in range(first, len(zones)) if zones[n] != zones[first]), len(zones))
        mine = np.flatnonzero((at >= first) & (at < last))
        if len(mine):
            edges = [local_day(int(time_ms[mine[0]]), zones[first])[1]]
            while edges[-1] <= time_ms[mine[-1]]:
                edges.append(local_day(edges[-1], zones[first])[1])
            days[mine] = ended + np.searchsorted(edges, time_ms[mine], side="right")
            ended = int(days[mine[-1]]) + 1
    return days


def _or_more(limit: int | None) -> int:
    return 1 << 62 if limit is None else limit


def _rotates(line: Line, creative_id: str) -> bool:
    return any(creative.creative_id == creative_id and creative.weight > 0 for creative in line.creatives)


def _running(amounts: Ints, part: Ints) -> Ints:
    """Running sums that begin anew where ``part``, which never falls, changes."""
    running: Ints = np.cumsum(amounts)
    if not len(running):
        return running
    first = np.flatnonzero(np.concatenate([[True], part[1:] != part[:-1]]))
    before: Ints = np.concatenate([[0], running])[first]
    return running - np.repeat(before, np.diff([*first, len(part)]))


# -- budget groups ---------------------------------------------------------------------------------------


def _group_breaches(
    log: Exposures, of_line: list[Ints], terms: list[list[LineTerm]], groups: Sequence[GroupTerm]
) -> Iterator[str]:
    for group_id in dict.fromkeys(term.group_id for term in groups):
        rows = _members(log, of_line, terms, group_id)
        times, charges = log.time_ms[rows], log.charge_micros[rows]
        limits = [term for term in groups if term.group_id == group_id]
        at = _in_force([term.from_ms for term in limits], times) + 1  # 0: before the group had limits
        total = np.array([_or_more(None), *(_or_more(term.total_micros) for term in limits)])
        daily = np.array([_or_more(None), *(_or_more(term.daily_cap_micros) for term in limits)])
        checks = [(np.cumsum(charges), total, "total")]
        if (daily != _or_more(None)).any():
            in_day = _running(charges, _days(times, at, ["UTC", *(term.timezone for term in limits)]))
            checks.append((in_day, daily, "daily cap"))
        for spent, most, what in checks:
            bad = (spent > most[at]) & (charges > 0)
            if bad.any():
                yield f"budget group {group_id}: spent more than its {what} at {iso(int(times[np.argmax(bad)]))}"


def _members(log: Exposures, of_line: list[Ints], terms: list[list[LineTerm]], group_id: str) -> Ints | slice:
    """Rows of the log of lines that were in a budget group at the time, in order."""
    found = []
    for rows, theirs in zip(of_line, terms, strict=True):
        member = np.array([group_id in term.line.group_ids for term in theirs])
        if member.all():
            found.append(rows)
        elif member.any():
            at = _in_force([term.from_ms for term in theirs], log.time_ms[rows])
            found.append(rows[member[np.maximum(at, 0)]])
    if sum(map(len, found)) == len(log.time_ms):
        return slice(None)
    return found[0] if len(found) == 1 else np.sort(np.concatenate([*found, np.zeros(0, np.int64)]))


def _in_force(from_ms: Sequence[int], times: Ints) -> Ints:
    """The number of the term in force at each instant, -1 before the first; both are in order of time."""
    edges = np.searchsorted(times, from_ms)
    return np.repeat(np.arange(-1, len(from_ms)), np.diff([0, *edges, len(times)]))


# -- frequency caps --------------------------------------------------------------------------------------


def _counted(evidence: Evidence, terms: list[list[LineTerm]], cap: CapTerm) -> tuple[str, tuple[int, ...]]:
    """Which column of the log, and which numbers in it, count for an entity. A line counts for what it is at last."""
    if cap.level == "creative":
        return "creative", tuple(n for n, name in enumerate(evidence.creatives) if name == cap.entity_id)
    attribute = "line_id" if cap.level == "package" else f"{cap.level}_id"
    mine = (n for n, theirs in enumerate(terms) if getattr(theirs[-1].line, attribute) == cap.entity_id)
    return "line", tuple(mine)


def _cap_breaches(log: Exposures, identities: NDArray[Any], rows: Ints | slice, terms: list[CapTerm]) -> Iterator[str]:
    """Breaches of caps that all count the same rows of the log."""
    times, users = log.time_ms[rows], identities[rows]
    for term in terms:
        for cap in term.caps:
            over = beyond(times, users, cap, term.from_ms, term.until_ms)
            if len(over):
                window = "all" if cap.window_ms is None else format_duration(cap.window_ms)
                yield (
                    f"{term.level} {term.entity_id}: user {log.user[rows][over[0]]} got more than "
                    f"{cap.max_impressions} impressions in {window} at {iso(int(times[over[0]]))}"
                )


def beyond(time_ms: Ints, user: NDArray[Any], cap: Cap, from_ms: int, until_ms: int) -> Ints:
    """Which exposures in ``[from_ms, until_ms)`` are beyond a cap, in order. The exposures are in order of time."""
    since_ms = 0 if cap.window_ms is None else from_ms - cap.window_ms
    first, last = np.searchsorted(time_ms, [since_ms, until_ms])
    mine = first + _suspects(time_ms[first:last], user[first:last], cap)
    mine = mine[_by(user[mine])]
    step = cap.max_impressions
    later, earlier = mine[step:], mine[: max(0, len(mine) - step)]
    hits = (user[later] == user[earlier]) & (time_ms[later] >= from_ms)
    if cap.window_ms is not None and step > 0:
        hits &= time_ms[later] - time_ms[earlier] < cap.window_ms
    return np.sort(later[hits])


def _suspects(time_ms: Ints, user: NDArray[Any], cap: Cap) -> Ints:
    """The exposures among which all are that can be beyond a cap, so that only those need be sorted by person.

    Time is cut into parts that are no shorter than the window. Exposures that are too many lie in one part or in two
    that follow each other, and so their person has too many in those two together. A part is also so long that there
    is an exposure for each person, as counting takes as long as there are people.
    """
    people = int(user.max(initial=0)) + 1
    if people > 4 * len(user):
        return np.arange(len(user))
    length_ms = int(time_ms[-1] - time_ms[0]) + 1
    part_ms = length_ms if cap.window_ms is None else max(cap.window_ms, length_ms * people // len(user))
    edges = np.searchsorted(time_ms, np.arange(time_ms[0], time_ms[-1] + part_ms + 1, part_ms)).tolist()
    found, before = [], np.zeros(people, np.int64)
    counted = np.bincount(user[: edges[1]], minlength=people)
    for first, last, end in zip(edges, edges[1:], [*edges[2:], len(user)], strict=False):
        after = np.bincount(user[last:end], minlength=people)
        too_many = counted + np.maximum(before, after) > cap.max_impressions
        found.append(first + np.flatnonzero(too_many[user[first:last]]))
        before, counted = counted, after
    return np.concatenate(found)


def _by(values: NDArray[Any]) -> Ints:
    """Rows in order of value, then of row: one sort of 64-bit keys, which is several times a stable argsort."""
    keys = (values.astype(np.int64) << 32) | np.arange(len(values))
    keys.sort()
    return keys & 0xFFFFFFFF
