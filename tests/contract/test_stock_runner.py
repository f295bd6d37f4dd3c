"""The runner's own command line against `adcp-sandbox serve` as it comes: the default world, no settings of ours."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.contract.sales_agent.official import CLOCK
from tests.contract.serving import serving
from tests.contract.storyboards import missing, sdk

pytestmark = [
    pytest.mark.slow,
    pytest.mark.long,
    pytest.mark.skipif(bool(missing()), reason=missing() or "node is there"),
]

SELLERS = ("newsroom", "worldview", "bigscreen", "soundhouse")

UNGATED = "signed_requests"
"""A storyboard for agents that verify signatures, which this release of the runner plays at all others, too."""


@pytest.fixture(scope="module")
def line() -> Iterator[dict[str, Any]]:
    with serving() as (_, ready):
        yield ready


@pytest.mark.parametrize("agent_id", SELLERS)
def test_all_that_an_agent_claims_passes(agent_id: str, line: dict[str, Any], tmp_path: Path) -> None:
    summary = _assess(agent_id, line, tmp_path / "summary.json")
    failed = [f"{row['storyboard_id']}/{row['step_id']}: {row['reason']}" for row in summary["failures"]]
    assert [row for row in failed if not row.startswith(UNGATED)] == []
    assert summary["passed"] > 150


def _assess(agent_id: str, line: dict[str, Any], summary: Path) -> dict[str, Any]:
    agent = next(row for row in line["agents"] if row["id"] == agent_id)
    command = [str(sdk().parents[1] / ".bin" / "adcp"), "storyboard", "run", agent["mcp"], "--auth", agent["token"]]
    command += ["--allow-http", "--webhook-receiver", "--timeout", "900", "--summary-output", str(summary)]
    clock = {"NODE_OPTIONS": f"--import={CLOCK.as_uri()}", "RUNNER_NOW": "2026-05-01T00:00:00Z"}
    subprocess.run(command, env={**os.environ, **clock}, capture_output=True, check=False)
    told: dict[str, Any] = json.loads(summary.read_text())
    return told
