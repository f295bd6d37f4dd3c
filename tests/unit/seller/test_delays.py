"""When people decide."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from agents.seller.config_times import DelayConfig, OfficeHours, days_of
from agents.seller.policy.delays import decision_time, next_open
from sandbox.core.time import DAY_MS, HOUR_MS, day_start, parse_instant, weekday


def hours(**settings: str) -> OfficeHours:
    return OfficeHours.model_validate(settings)


@given(at_ms=st.integers(0, 10**13), offset=st.sampled_from(["UTC", "-05:00", "+09:30"]))
def test_an_opening_is_never_early_and_always_within_office_hours(at_ms: int, offset: str) -> None:
    office = hours(days="mon-fri", to="17:30", timezone=offset)
    opens = next_open(at_ms, office)
    local = opens + office.offset_ms
    assert opens >= at_ms
    assert weekday(local) < 5
    assert 9 * HOUR_MS <= local - day_start(local) < 17.5 * HOUR_MS
    assert opens - at_ms < 3 * DAY_MS


def test_the_local_clock_decides() -> None:
    new_york = hours(timezone="-05:00")
    assert next_open(parse_instant("2026-05-04T10:00"), new_york) == parse_instant("2026-05-04T14:00")


def test_without_office_hours_the_delay_is_all() -> None:
    delay = DelayConfig.model_validate("2d")
    assert decision_time(5, delay, None, Random(1)) == 5 + 2 * DAY_MS


def test_half_of_the_decisions_take_no_longer_than_the_median() -> None:
    delay, rng = DelayConfig.model_validate({"median": "2d", "p95": "4d"}), Random(1)
    drawn = sorted(decision_time(0, delay, None, rng) for _ in range(2001))
    assert 1.9 * DAY_MS < drawn[1000] < 2.1 * DAY_MS
    assert 3.6 * DAY_MS < drawn[1900] < 4.4 * DAY_MS


def test_days_may_be_spans_lists_and_wrap_around_the_weekend() -> None:
    assert days_of("mon-fri") == (0, 1, 2, 3, 4)
    assert days_of("sat-mon, wed") == (0, 2, 5, 6)


@pytest.mark.parametrize("bad", [{"days": "mon-xyz"}, {"from": "18:00"}, {"from": "9"}, {"timezone": "CET"}])
def test_wrong_office_hours_are_refused(bad: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        hours(**bad)
