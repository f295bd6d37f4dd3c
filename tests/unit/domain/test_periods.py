"""Reporting periods."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.core.time import DAY_MS, iso_date, parse_instant
from sandbox.domain.periods import Cadence, cut


def edges(start: str, end: str, cadence: Cadence) -> list[str]:
    periods = cut(parse_instant(start), parse_instant(end), cadence)
    return [iso_date(first) for first, _ in periods]


def test_periods_are_counted_from_the_start() -> None:
    assert edges("2026-01-06", "2026-01-28", "weekly") == ["2026-01-06", "2026-01-13", "2026-01-20", "2026-01-27"]
    assert edges("2026-01-06", "2026-02-03", "biweekly") == ["2026-01-06", "2026-01-20"]
    assert edges("2026-01-06", "2026-01-08", "continuous") == ["2026-01-06", "2026-01-07"]


def test_months_keep_their_day_as_far_as_they_have_it() -> None:
    assert edges("2025-12-31", "2026-04-30", "monthly") == ["2025-12-31", "2026-01-31", "2026-02-28", "2026-03-31"]
    assert edges("2026-01-15", "2027-01-15", "quarterly") == ["2026-01-15", "2026-04-15", "2026-07-15", "2026-10-15"]


@given(
    st.integers(0, 40_000),
    st.integers(0, 900),
    st.sampled_from(["continuous", "daily", "weekly", "biweekly", "monthly", "quarterly"]),
)
def test_periods_cover_all_days_once(first: int, days: int, cadence: Cadence) -> None:
    start_ms, end_ms = first * DAY_MS, (first + days) * DAY_MS
    periods = cut(start_ms, end_ms, cadence)
    assert all(a < b and a % DAY_MS == b % DAY_MS == 0 for a, b in periods)
    assert [a for a, _ in periods[1:]] == [b for _, b in periods[:-1]]
    assert (periods[0][0], periods[-1][1]) == (start_ms, end_ms) if days else periods == []


@pytest.mark.parametrize("cadence", ["daily", "monthly"])
def test_no_time_has_no_periods(cadence: Cadence) -> None:
    assert cut(0, 0, cadence) == []
