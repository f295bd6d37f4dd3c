"""Waiting for something of the checked: on a sandbox's clock, or for a moment in real time."""

from __future__ import annotations

import asyncio
from typing import cast

import pytest

from sandbox.contract import control
from sandbox.contract.check import Failed, Skipped
from sandbox.contract.control import Control, pass_days, until


class Hours:
    """A clock that counts how far it was moved; ``done`` is true from an hour on."""

    def __init__(self, true_from: float) -> None:
        self.passed = 0.0
        self._true_from = true_from

    async def advance(self, hours: float) -> None:
        self.passed += hours

    async def done(self) -> str:
        return "there" if self.passed >= self._true_from else ""


@pytest.mark.parametrize(("true_from", "hours", "moved"), [(0, 0, 0), (1, 96, 6), (13, 96, 18), (24, 24, 24)])
def test_the_clock_is_moved_only_as_far_as_it_takes(true_from: float, hours: float, moved: float) -> None:
    clock = Hours(true_from)
    assert asyncio.run(until(cast("Control", clock), clock.done, hours)) == "there"
    assert clock.passed == moved


def test_what_does_not_come_in_its_hours_fails() -> None:
    clock = Hours(100)
    with pytest.raises(Failed, match="done after 12 hours"):
        asyncio.run(until(cast("Control", clock), clock.done, 12))
    assert clock.passed == 12


def test_without_a_clock_it_is_waited_for_and_then_skipped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(control, "PATIENCE_S", 0.5)
    clock = Hours(100)
    with pytest.raises(Skipped, match="not there after 0\\.5 s; --control URL"):
        asyncio.run(until(None, clock.done, 12))
    with pytest.raises(Skipped, match="that takes days; --control URL"):
        asyncio.run(pass_days(None, 2))
