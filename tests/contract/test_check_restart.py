"""An outcome agent that a sandbox of ours serves outlives a restart of the sandbox, if that keeps a journal."""

from __future__ import annotations

import asyncio
import json
import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
from aiohttp.test_utils import unused_port

from sandbox.contract.auth import Auth
from sandbox.contract.check import Finding
from sandbox.contract.outcome_agent import SUBJECT
from sandbox.contract.run import run

pytestmark = pytest.mark.slow

WORLD = """
title: An agent of ours, and a market for it
extends: worlds/outcome-flight
actors:
  vcpm: {kind: outcome, strategy: lowest_vcpm}
"""


class Service:
    """A sandbox that is started and stopped by commands, as an agent of somebody else would be."""

    def __init__(self, folder: Path, journal: str) -> None:
        (folder / "world.yaml").write_text(WORLD)
        self.folder = folder
        words = [sys.executable, "-m", "sandbox.cli", "serve", "world.yaml", "--journal", journal]
        words += ["--port", str(unused_port()), "--agents-port", str(unused_port()), "--ready-file", "ready.json"]
        stop = "kill $(cat pid); while kill -0 $(cat pid) 2>/dev/null; do sleep 0.05; done; rm -f ready.json"
        self.start = f"cd {shlex.quote(str(folder))} && {{ {shlex.join(words)} >/dev/null 2>errors & echo $! > pid; }}"
        self.restart = f"(cd {shlex.quote(str(folder))} && {stop}); {self.start}"

    def run(self) -> dict[str, Any]:
        """Start it; gives the ready line."""
        subprocess.run(self.start, shell=True, check=True)
        for _ in range(600):
            if (self.folder / "ready.json").exists():
                line: dict[str, Any] = json.loads((self.folder / "ready.json").read_text())
                return line
            time.sleep(0.1)
        raise AssertionError((self.folder / "errors").read_text())

    def stop(self) -> None:
        """End it."""
        os.kill(int((self.folder / "pid").read_text()), signal.SIGTERM)


def checked(folder: Path, journal: str, clock: bool) -> Finding:
    """What the check of the restart finds."""
    service = Service(folder, journal)
    line = service.run()
    try:
        httpx.post(f"{line['control']}/clock/advance", json={"by": "10s"}, timeout=60).raise_for_status()
        [row] = line["outcome_agents"]
        options = {"restart": service.restart, **({"control": line["control"]} if clock else {})}
        checking = run(SUBJECT, row["url"], Auth("api-key", row["token"]), ["restart."], None, options)
        [finding] = asyncio.run(checking).findings
        return finding
    finally:
        service.stop()


@pytest.mark.parametrize("clock", [True, False])
def test_a_tactic_outlives_a_restart_with_a_journal(tmp_path: Path, clock: bool) -> None:  # rules 203, 205, 207
    finding = checked(tmp_path, "sqlite:///served.db", clock)
    assert finding.outcome == "passed", finding.detail
    asked = [one.url.rpartition("/")[2] for one in finding.exchanges if one.status == 200]
    assert asked[-3:] == ["tactic-feedback", "tactic-context-updated", "accept-proposal"]


def test_without_a_journal_it_does_not(tmp_path: Path) -> None:
    finding = checked(tmp_path, "memory", clock=True)
    assert finding.outcome == "failed"
    assert finding.curl.startswith("curl")


def test_a_command_that_does_not_end_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sandbox.contract.outcome_agent.restart.START_S", 1.0)
    service = Service(tmp_path, "memory")
    line = service.run()
    try:
        [row] = line["outcome_agents"]
        options = {"restart": "sleep 20", "control": line["control"]}
        checking = run(SUBJECT, row["url"], Auth("api-key", row["token"]), ["restart."], None, options)
        [finding] = asyncio.run(checking).findings
    finally:
        service.stop()
    assert (finding.outcome, "--restart: wanted a command that ends" in finding.detail) == ("failed", True)
