"""Instants and durations as people and protocols write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.core.time import (
    DAY_MS,
    HOUR_MS,
    MINUTE_MS,
    day_start,
    format_duration,
    interval_ms,
    iso,
    iso_date,
    parse_duration,
    parse_instant,
    weekday,
)


def test_a_date_is_its_midnight_and_a_time_without_offset_is_utc() -> None:
    assert parse_instant("2026-05-15") == parse_instant("2026-05-15T00:00:00Z")
    assert parse_instant("2026-05-15T02:00:00+02:00") == parse_instant("2026-05-15T00:00:00")


@given(st.integers(min_value=0, max_value=4_000_000_000_000))
def test_an_instant_survives_its_text(at_ms: int) -> None:
    assert parse_instant(iso(at_ms)) == at_ms


@pytest.mark.parametrize(
    ("text", "expected_ms"),
    [
        ("90s", 90_000),
        ("2h30m", 2 * HOUR_MS + 30 * MINUTE_MS),
        ("3d", 3 * DAY_MS),
        ("P1DT6H", DAY_MS + 6 * HOUR_MS),
        ("PT15M", 15 * MINUTE_MS),
        ("250ms", 250),
        (1.5, 1500),
    ],
)
def test_durations_are_read(text: str | float, expected_ms: int) -> None:
    assert parse_duration(text) == expected_ms


@pytest.mark.parametrize("text", ["", "soon", "3", "2x", "h3", "P", True])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a duration"):
        parse_duration(text)


@given(st.integers(min_value=0, max_value=10**11))
def test_a_duration_survives_its_text(duration_ms: int) -> None:
    assert parse_duration(format_duration(duration_ms)) == duration_ms


def test_days_and_weekdays_are_utc() -> None:
    at_ms = parse_instant("2026-05-15T13:45:00Z")  # a Friday
    assert day_start(at_ms) == parse_instant("2026-05-15")
    assert iso_date(at_ms) == "2026-05-15"
    assert weekday(at_ms) == 4


def test_windows_know_the_units_of_the_platform() -> None:
    assert interval_ms(2, "weeks") == 14 * DAY_MS
    with pytest.raises(ValueError, match="unknown unit 'fortnight'"):
        interval_ms(1, "fortnight")
