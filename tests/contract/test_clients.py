"""The official TypeScript client runs whole campaigns against served sales agents."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.contract import steps, storyboards
from tests.contract.serving import serving

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(storyboards.missing()), reason=storyboards.missing() or "-"),
]

PROGRAM = Path(__file__).parent / "client.mjs"


@pytest.fixture(scope="module")
def served() -> Iterator[Path]:
    with serving() as (ready, _):
        yield ready


@pytest.mark.parametrize("transport", ["mcp", "a2a"])
def test_a_campaign_goes_from_discovery_to_its_report(served: Path, transport: str) -> None:
    environment: dict[str, Any] = {**os.environ, "ADCP_SDK": str(storyboards.sdk().parents[2])}
    command = ["node", str(PROGRAM), str(served), "worldview", transport]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, env=environment)
    assert done.returncode == 0, done.stderr[-4000:]
    played = steps.read(done.stdout.splitlines())
    steps.assert_complete(played)
    steps.assert_told_once(played)
    assert played["webhook"]["verified"] is True
    steps.assert_refused(played)
    assert played["proposal"]["status"] == "committed"
    assert played["acceptance"]["status"] == "submitted"
    assert played["media buy from a proposal"]["status"] == "pending_creatives"
    assert len(played["media buy from a proposal"]["budgets"]) == played["proposal"]["products"]
    assert sum(played["media buy from a proposal"]["budgets"]) == pytest.approx(2000)
