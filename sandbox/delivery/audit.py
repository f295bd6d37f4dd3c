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
    identities: Ints
    creatives: Sequence[str]
    line_terms: Sequence[LineTerm]
    group_terms: Sequence[GroupTerm]
    cap_terms: Sequence[CapTerm]
    totals: Sequence[Totals]


def breaches(evidence: Evidence) -> list[str]:
    """Everything that is wrong with the log; empty if it is right. An entry names the first offence of its kind."""
    log = evidence.log
    found = ["exposures are not in order of time"] if (np.diff(log.time_ms) < 0).any() else []
    order = _by(log.line)
    edges = np.searchsorted(log.line[order], np.arange(len(evidence.totals) + 1))
    of_line = [order[edges[n] : edges[n + 1]] for n in range(len(evidence.totals))]
    terms = _terms_by_line(evidence)
    for mine, theirs, totals in zip(of_line, terms, evidence.totals, strict=True):
        found += _line_breaches(log.rows(mine), theirs, totals, evidence)
    found += _group_breaches(log, of_line, terms, evidence.group_terms)
    for rows, cap_terms in _cap_rows(evidence, of_line, terms):
        found += _cap_breaches(log, evidence.identities, rows, cap_terms)
    return found


def beyond_people(evidence: Evidence) -> dict[tuple[str, str], int]:
    """Impressions beyond a cap, by entity, if every person were one identity at all publishers.

    What an identity graph with a match rate below 1 lets through.
    """
    order = _by(evidence.log.line)
    edges = np.searchsorted(evidence.log.line[order], np.arange(len(evidence.totals) + 1))
    of_line = [order[edges[n] : edges[n + 1]] for n in range(len(evidence.totals))]
    counts: dict[tuple[str, str], int] = {}
    for rows, cap_terms in _cap_rows(evidence, of_line, _terms_by_line(evidence)):
        mine = rows[_by(evidence.log.user[rows])]
        times, people = evidence.log.time_ms[mine], evidence.log.user[mine]
        for entity in dict.fromkeys((term.level, term.entity_id) for term in cap_terms):
            too_many = np.zeros(len(mine), bool)
            for term in cap_terms:
                if (term.level, term.entity_id) == entity:
                    for cap in term.caps:
                        too_many |= over(times, people, cap, term.from_ms, term.until_ms)
            counts[entity] = int(too_many.sum())
    return counts


def _terms_by_line(evidence: Evidence) -> list[list[LineTerm]]:
    terms: list[list[LineTerm]] = [[] for _ in evidence.totals]
    for term in evidence.line_terms:
        terms[term.number].append(term)
    return terms


def _cap_rows(
    evidence: Evidence, of_line: list[Ints], terms: list[list[LineTerm]]
) -> Iterator[tuple[Ints, list[CapTerm]]]:
    """Rows of the log, and all terms of caps that count just these rows."""
    log = evidence.log
    same: dict[tuple[str, tuple[int, ...]], list[CapTerm]] = {}
    for cap_term in evidence.cap_terms:
        same.setdefault(_counted(evidence, terms, cap_term), []).append(cap_term)
    for (column, numbers), cap_terms in same.items():
        if column == "line":
            rows = of_line[numbers[0]] if len(numbers) == 1 else np.flatnonzero(np.isin(log.line, numbers))
        else:
            rows = np.flatnonzero(np.isin(log.creative, numbers))
        yield rows, cap_terms


def _by(values: NDArray[Any]) -> NDArray[np.int64]:
    """Rows in order of value, then of row: one sort of 64-bit keys, which is several times a stable argsort."""
    keys = (values.astype(np.int64) << 32) | np.arange(len(values))
    keys.sort()
    return keys & 0xFFFFFFFF


# -- lines -----------------------------------------------------------------------------------------------


def _line_breaches(log: Exposures, terms: list[LineTerm], totals: Totals, evidence: Evidence) -> Iterator[str]:
    name = f"line {terms[-1].line.line_id}"
    at = np.searchsorted([term.from_ms for term in terms], log.time_ms, side="right") - 1
    if len(at) and at[0] < 0:
        yield f"{name}: served at {iso(int(log.time_ms[0]))}, before it was there"
        return

    def now(value: Callable[[Line], int]) -> Ints:
        return np.array([value(term.line) for term in terms], np.int64)[at]

    spent, shown = np.cumsum(log.charge_micros), np.arange(1, len(at) + 1)
    zones = [term.line.timezone for term in terms]
    in_day = _running(log.charge_micros, _days(log.time_ms, at, zones))
    rotations = np.array([[_rotates(term.line, name) for name in evidence.creatives] for term in terms], bool)
    outside = (log.time_ms < now(lambda x: x.start_ms)) | (log.time_ms >= now(lambda x: x.end_ms))
    checks: list[tuple[Flags, str]] = [
        (now(lambda x: x.active) == 0, "served while it was not active"),
        (outside, "served outside its flight"),
        (~rotations.reshape(len(terms), -1)[at, log.creative], "showed a creative that was not in its rotation"),
        (spent > now(lambda x: x.budget_micros), "spent more than its budget"),
        (in_day > now(lambda x: _or_more(x.daily_cap_micros)), "spent more than its daily cap"),
        (shown > now(lambda x: _or_more(x.impressions_goal)), "delivered more than its goal"),
    ]
    if all(term.line.price.model == "cpm" and term.line.price.fixed for term in terms):
        owed = np.cumsum(now(lambda x: x.price.rate_micros)) // 1000
        checks.append((spent != owed, "was charged something else than its CPM"))
    for bad, what in checks:
        if bad.any():
            yield f"{name}: {what} at {iso(int(log.time_ms[np.argmax(bad)]))}"
    metered = terms[-1].line.price.model != "flat_rate"
    if len(at) != totals.impressions or (metered and int(log.charge_micros.sum()) != totals.spend_micros):
        yield (
            f"{name}: the log has {len(at)} impressions for {log.charge_micros.sum()} micros, its totals say "
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
        mine = np.zeros(len(log.time_ms), bool)
        for rows, theirs in zip(of_line, terms, strict=True):
            member = [group_id in term.line.group_ids for term in theirs]
            at = np.searchsorted([term.from_ms for term in theirs], log.time_ms[rows], side="right") - 1
            mine[rows] = np.array(member)[np.maximum(at, 0)]
        times, charges = log.time_ms[mine], log.charge_micros[mine]
        limits = [term for term in groups if term.group_id == group_id]
        at = np.searchsorted([term.from_ms for term in limits], times, side="right")
        total = np.array([_or_more(None), *(_or_more(term.total_micros) for term in limits)])[at]
        days = _days(times, at, ["UTC", *(term.timezone for term in limits)])
        daily = np.array([_or_more(None), *(_or_more(term.daily_cap_micros) for term in limits)])[at]
        for bad, what in (
            ((np.cumsum(charges) > total) & (charges > 0), "total"),
            ((_running(charges, days) > daily) & (charges > 0), "daily cap"),
        ):
            if bad.any():
                yield f"budget group {group_id}: spent more than its {what} at {iso(int(times[np.argmax(bad)]))}"


# -- frequency caps --------------------------------------------------------------------------------------


def _counted(evidence: Evidence, terms: list[list[LineTerm]], cap: CapTerm) -> tuple[str, tuple[int, ...]]:
    """Which column of the log, and which numbers in it, count for an entity. A line counts for what it is at last."""
    if cap.level == "creative":
        return "creative", tuple(n for n, name in enumerate(evidence.creatives) if name == cap.entity_id)
    attribute = "line_id" if cap.level == "package" else f"{cap.level}_id"
    mine = (n for n, theirs in enumerate(terms) if getattr(theirs[-1].line, attribute) == cap.entity_id)
    return "line", tuple(mine)


def _cap_breaches(log: Exposures, identities: Ints, rows: Ints, terms: list[CapTerm]) -> Iterator[str]:
    """Breaches of caps that all count the same rows of the log."""
    mine = rows[_by(identities[rows])]
    times, users = log.time_ms[mine], identities[mine]
    for term in terms:
        for cap in term.caps:
            worst = first_over(times, users, cap, term.from_ms, term.until_ms)
            if worst is not None:
                window = "all" if cap.window_ms is None else format_duration(cap.window_ms)
                person = log.user[mine[worst[0]]]
                yield (
                    f"{term.level} {term.entity_id}: user {person} got more than {cap.max_impressions} "
                    f"impressions in {window} at {iso(worst[1])}"
                )


def over(time_ms: Ints, user: NDArray[Any], cap: Cap, from_ms: int, until_ms: int) -> Flags:
    """Which exposures in ``[from_ms, until_ms)`` are beyond a cap.

    The exposures are sorted by user, and by time within a user.
    """
    step, bad = cap.max_impressions, np.zeros(len(time_ms), bool)
    if len(time_ms) <= step:
        return bad
    later, earlier = time_ms[step:], time_ms[: len(time_ms) - step]
    hits = (user[step:] == user[: len(user) - step]) & (later >= from_ms) & (later < until_ms)
    if cap.window_ms is not None and step > 0:
        hits &= later - earlier < cap.window_ms
    bad[step:] = hits
    return bad


def first_over(time_ms: Ints, user: NDArray[Any], cap: Cap, from_ms: int, until_ms: int) -> tuple[int, int] | None:
    """The first exposure (its number, its time) that is beyond a cap, or None; see :func:`over`."""
    hits = np.flatnonzero(over(time_ms, user, cap, from_ms, until_ms))
    if not len(hits):
        return None
    first = int(hits[np.argmin(time_ms[hits])])
    return first, int(time_ms[first])
