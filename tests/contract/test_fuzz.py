"""The official fuzzer against agents of every kind: no crash, no 5xx, no answer that breaks its schema."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.core.time import parse_instant
from tests.contract.storyboards import START, WORLD, missing, sdk
from tests.server.conftest import Live, settings

pytestmark = [pytest.mark.slow, pytest.mark.skipif(bool(missing()), reason=missing() or "node is there")]

SEEDS = (1, 20_26, 424_242)

AGENTS = ("open", "governor", "templates", "exchange", "rights", "assistant")
"""A sales, a governance, a creative, a signals, a brand and a sponsored-intelligence agent."""


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    folder = tmp_path_factory.mktemp("fuzzed")
    server = Live(settings(folder, scenario=WORLD, start_ms=parse_instant(START)))
    yield server
    server.stop()


def fuzz(row: dict[str, Any], transport: str, seed: int, folder: Path) -> dict[str, Any]:
    """The report of one run of the fuzzer."""
    tokens = {"--auth-token": row["tokens"]["acme"], "--auth-token-cross-tenant": row["tokens"]["globex"]}
    options = [part for pair in tokens.items() for part in pair]
    command = ["node", str(sdk() / "bin" / "adcp.js"), "fuzz", row[transport], "--protocol", transport]
    command += ["--seed", str(seed), "--auto-seed", "--format", "json", *options]
    output = folder / "report.json"
    with output.open("w") as file:
        code = subprocess.run(command, stdout=file, stderr=subprocess.DEVNULL, timeout=570, check=False).returncode
    report: dict[str, Any] = json.loads(output.read_text())
    report["code"] = code
    return report


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("transport", ["mcp", "a2a"])
@pytest.mark.parametrize("agent", AGENTS)
def test_no_request_of_the_fuzzer_breaks_an_agent(
    live: Live, agent: str, transport: str, seed: int, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    live.ok("POST", "/_sandbox/reset", {})
    (row,) = (row for row in live.line["agents"] if row["id"] == agent)
    report = fuzz(row, transport, seed, tmp_path)
    wrong = [one for one in report.get("uniformError", []) if one["verdict"] == "fail"]
    assert (report["totalFailures"], wrong) == (0, []), json.dumps(report["failures"])[:3000]
    assert report["code"] == 0
    assert report["totalRuns"] >= 50
    assert "Traceback" not in capfd.readouterr().err
    assert live.ok("GET", "/_sandbox/world")["violations"] == []
