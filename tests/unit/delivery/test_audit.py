"""The audit finds each kind of breach in a log that somebody has tampered with, and none in an honest one."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.core.time import DAY_MS, HOUR_MS
from sandbox.delivery import Cap, Engine, Totals
from sandbox.delivery.audit import Evidence, GroupTerm, beyond, breaches
from sandbox.delivery.exposures import Exposures
from sandbox.delivery.rings import CapTerm
from tests.unit.delivery.test_engine import START_MS, engine, finish, line


@pytest.fixture(scope="module")
def evidence() -> Evidence:
    """An honest day of two lines with a cap, a daily cap, a goal and a budget group."""
    made = engine(
        line(daily_cap_micros=4_000_000, group_ids=("pot",)),
        line("two", impressions_goal=300, group_ids=("pot",), pacing="asap", budget_micros=10**8),
    )
    made.set_caps("campaign", "campaign", [Cap(3, 6 * HOUR_MS)], START_MS)
    made.set_budget_group("pot", 8_000_000, 7_500_000, START_MS)
    return evidence_of(finish(made, 1))


def evidence_of(made: Engine) -> Evidence:
    totals = [made.totals(one.line_id) for one in made.lines]
    log = Exposures(*(column.copy() for column in made.exposures()))
    known = made.history.evidence(totals)
    return replace(known, log=log, cap_terms=list(known.cap_terms))


def with_term(evidence: Evidence, number: int, **fields: Any) -> Evidence:
    """The same log judged by other terms of a line."""
    terms = [
        replace(term, line=replace(term.line, **fields)) if term.number == number else term
        for term in evidence.line_terms
    ]
    return replace(evidence, line_terms=terms)


def with_column(evidence: Evidence, name: str, change: Callable[[Any], Any]) -> Evidence:
    column = getattr(evidence.log, name).copy()
    change(column)
    return replace(evidence, log=evidence.log._replace(**{name: column}))


def test_an_honest_log_has_no_breach(evidence: Evidence) -> None:
    assert len(evidence.log.time_ms) > 500
    assert breaches(evidence) == []


@pytest.mark.parametrize(
    ("number", "fields", "found"),
    [
        (0, {"active": False}, "line one: served while it was not active"),
        (0, {"end_ms": START_MS + HOUR_MS}, "line one: served outside its flight"),
        (0, {"start_ms": START_MS + 12 * HOUR_MS}, "line one: served outside its flight"),
        (0, {"budget_micros": 3_999_999}, "line one: spent more than its budget"),
        (0, {"daily_cap_micros": 3_999_999}, "line one: spent more than its daily cap"),
        (1, {"impressions_goal": 299}, "line two: delivered more than its goal"),
        (1, {"creatives": ()}, "line two: showed a creative that was not in its rotation"),
        (1, {"price": replace(line().price, rate_micros=9_999_000)}, "line two: was charged something else"),
    ],
)
def test_it_finds_a_line_beyond_its_terms(evidence: Evidence, number: int, fields: dict[str, Any], found: str) -> None:
    told = breaches(with_term(evidence, number, **fields))
    assert [text for text in told if text.startswith(found)], told


def test_it_judges_each_exposure_by_the_terms_of_its_time(evidence: Evidence) -> None:
    later = replace(evidence.line_terms[0], from_ms=START_MS + DAY_MS // 2)
    stopped = replace(later, line=replace(later.line, active=False))
    assert "not active" in breaches(replace(evidence, line_terms=[*evidence.line_terms, stopped]))[0]
    after = replace(stopped, from_ms=START_MS + DAY_MS)
    assert breaches(replace(evidence, line_terms=[*evidence.line_terms, after])) == []


def test_it_finds_a_budget_group_beyond_its_limits(evidence: Evidence) -> None:
    spent = int(evidence.log.charge_micros.sum())
    for term, what in (
        (GroupTerm("pot", START_MS, spent - 1, None), "total"),
        (GroupTerm("pot", START_MS, None, spent - 1), "daily cap"),
    ):
        told = breaches(replace(evidence, group_terms=[term]))
        assert told[0].startswith(f"budget group pot: spent more than its {what} at 2026-05-04T")
    assert breaches(replace(evidence, group_terms=[GroupTerm("pot", START_MS, spent, spent)])) == []


def test_it_finds_one_exposure_too_many_in_a_window(evidence: Evidence) -> None:
    counts = np.bincount(evidence.log.user)
    user = int(np.argmax(counts))
    for level, entity in (("campaign", "campaign"), ("advertiser", "brand"), ("creative", "banner")):
        term = CapTerm(level, entity, (Cap(int(counts[user]) - 1),), START_MS)
        told = breaches(replace(evidence, cap_terms=[term]))
        assert told[0].startswith(f"{level} {entity}: user {user} got more than {counts[user] - 1} impressions in all")


def test_it_counts_a_cap_only_while_it_was_in_force(evidence: Evidence) -> None:
    strict = (Cap(1, DAY_MS),)
    assert breaches(replace(evidence, cap_terms=[CapTerm("campaign", "campaign", strict, START_MS)])) != []
    before = CapTerm("campaign", "campaign", strict, START_MS - DAY_MS, START_MS)
    assert breaches(replace(evidence, cap_terms=[before])) == []


def test_a_window_that_is_just_over_is_no_breach() -> None:
    times = np.array([START_MS, START_MS + HOUR_MS])
    nothing = [np.zeros(2, kind) for kind in (*[np.int32] * 4, *[np.int16] * 3)]
    log = Exposures(times, *nothing, np.array([10_000, 10_000]))
    made = engine(line())
    honest = replace(evidence_of(made), log=log, identities=np.zeros(2, np.int64), totals=[Totals(2, 20_000)])
    for window_ms, held in ((HOUR_MS, True), (HOUR_MS + 1, False)):
        term = CapTerm("package", "one", (Cap(1, window_ms),), START_MS)
        assert (breaches(replace(honest, cap_terms=[term])) == []) is held


def test_it_finds_a_log_out_of_order_and_sums_that_do_not_add_up(evidence: Evidence) -> None:
    def swap(times: Any) -> None:
        times[[10, 400]] = times[[400, 10]]

    assert "exposures are not in order of time" in breaches(with_column(evidence, "time_ms", swap))
    totals = [replace(evidence.totals[0], impressions=1), *evidence.totals[1:]]
    assert any("its totals say 1 for" in text for text in breaches(replace(evidence, totals=totals)))


def test_it_finds_an_impression_before_its_line_was_there(evidence: Evidence) -> None:
    terms = [replace(term, from_ms=START_MS + DAY_MS // 2) for term in evidence.line_terms]
    assert any("before it was there" in text for text in breaches(replace(evidence, line_terms=terms)))


def recount(shown: list[tuple[int, int]], cap: Cap, from_ms: int, until_ms: int) -> list[int]:
    """Person by person: the exposures that came when as many as the cap lets through were still in its window."""
    found = []
    for number, (at_ms, user) in enumerate(shown):
        mine = [earlier_ms for earlier_ms, other in shown[:number] if other == user]
        recent = [t for t in mine if cap.window_ms is None or at_ms - t < cap.window_ms]
        if from_ms <= at_ms < until_ms and len(recent) >= cap.max_impressions:
            found.append(number)
    return found


@settings(deadline=None, max_examples=300)
@given(
    shown=st.lists(st.tuples(st.integers(0, 400), st.integers(0, 4)), max_size=60).map(sorted),
    few_people=st.booleans(),
    limit=st.integers(0, 5),
    window=st.one_of(st.none(), st.integers(1, 500)),
    stretch=st.tuples(st.integers(0, 400), st.integers(0, 401)),
)
def test_it_finds_just_those_exposures_that_a_recount_person_by_person_finds(
    shown: list[tuple[int, int]], few_people: bool, limit: int, window: int | None, stretch: tuple[int, int]
) -> None:
    shown = shown if few_people else [(at_ms, user * 1000) for at_ms, user in shown]
    times, users = (np.array([row[n] for row in shown], np.int64) for n in (0, 1))
    cap = Cap(limit, window)
    assert beyond(times, users, cap, *stretch).tolist() == recount(shown, cap, *stretch)
