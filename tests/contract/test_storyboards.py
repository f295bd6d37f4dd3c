"""The official conformance storyboards, run by the official runner against agents that are served."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.contract.storyboards import ROLE, UNPLAYED, missing, released, run, served, table

pytestmark = [pytest.mark.slow, pytest.mark.skipif(bool(missing()), reason=missing() or "node is there")]


@pytest.fixture(scope="module")
def line() -> Iterator[dict[str, Any]]:
    with served() as ready:
        yield ready


def test_every_storyboard_of_the_release_is_played_or_has_a_reason() -> None:
    assert sorted([*ROLE, *UNPLAYED]) == sorted(released())


@pytest.mark.parametrize("storyboard", list(ROLE))
def test_a_storyboard_is_passed_over_mcp(storyboard: str, line: dict[str, Any]) -> None:
    (outcome,) = run([storyboard], "mcp", line)
    assert outcome.clean, table([outcome])


@pytest.mark.parametrize("storyboard", ["capability_discovery", "pagination_integrity", "v3_envelope_integrity"])
def test_a_storyboard_is_passed_over_a2a(storyboard: str, line: dict[str, Any]) -> None:
    (outcome,) = run([storyboard], "a2a", line)
    assert outcome.clean, table([outcome])
