"""`check sales-agent --official`: the official storyboards are checks, and our own agents pass each of them."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from sandbox.cli.verdict import unplayed
from sandbox.contract.auth import Auth
from sandbox.contract.outcome_agent import SUBJECT as OUTCOME
from sandbox.contract.run import run
from sandbox.contract.sales_agent import SUBJECT
from sandbox.contract.sales_agent.official import CLOCK, STORYBOARDS
from tests.contract.storyboards import ROLE, missing, served

node = pytest.mark.skipif(bool(missing()), reason=missing() or "node is there")


@pytest.fixture(scope="module")
def line() -> Iterator[dict[str, Any]]:
    with served() as ready:
        yield ready


@node
@pytest.mark.slow
@pytest.mark.parametrize("storyboard", STORYBOARDS)
def test_the_agent_whose_part_it_is_passes_each_storyboard(storyboard: str, line: dict[str, Any]) -> None:
    httpx.post(f"{line['control']}/reset", json={}, timeout=60).raise_for_status()
    agent = next(row for row in line["agents"] if row["id"] == ROLE[storyboard])
    given = {"control": line["control"]}
    name = f"official.{storyboard}"
    verdict = asyncio.run(run(SUBJECT, agent["mcp"], Auth("bearer", agent["token"]), [name], None, given, True))
    assert [(one.check.name, one.outcome, one.detail) for one in verdict.findings] == [(name, "passed", "")]


def _dates(program: str, **environment: str) -> list[int]:
    command = ["node", f"--import={CLOCK.as_uri()}", "-e", program]
    told = subprocess.run(command, env={**os.environ, **environment}, capture_output=True, check=True)
    found: list[int] = json.loads(told.stdout)
    return found


@node
def test_the_runners_clock_goes_in_steps_so_that_a_repeated_request_is_the_same() -> None:
    now = "console.log(JSON.stringify([Date.now(), new Date().getTime(), new Date(5).getTime()]))"
    one, other, given = _dates(now)
    assert one == other
    assert one % 10_000 == 0
    assert given == 5


@node
def test_the_runners_clock_is_that_of_the_agents_world() -> None:
    found = _dates("console.log(JSON.stringify([Date.now()]))", RUNNER_NOW="2026-04-01T00:00:10Z")
    assert found[0] - 1775001610000 in range(-10_000, 20_000)


@pytest.mark.parametrize(("subject", "node", "said"), [
    (SUBJECT, "/usr/bin/node", f"Node is there: --official also plays {len(STORYBOARDS)} official storyboards"),
    (SUBJECT, None, ""),
    (OUTCOME, "/usr/bin/node", ""),
])  # fmt: skip
def test_storyboards_that_could_be_played_are_told_of(
    monkeypatch: pytest.MonkeyPatch, subject: Any, node: str | None, said: str
) -> None:
    monkeypatch.setattr("shutil.which", lambda _: node)
    assert unplayed(subject) == said
