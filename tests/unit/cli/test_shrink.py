"""``adcp-sandbox run --shrink``: what is written, what is told, which exit code."""

import json
from pathlib import Path

import pytest

from sandbox.scenario import load, run
from tests.unit.cli.conftest import SMALL, Command

FAILING = SMALL.replace("do: gazette.go_down}", "do: gazette.go_down}\n  - {name: rest, after: 3h}").replace(
    "name: it falls, eventually", "name: it stands, never"
)


def test_a_failing_scenario_is_written_smaller_beside_its_file(command: Command) -> None:
    Path("folder").mkdir()
    Path("folder/big.yaml").write_text(FAILING)
    done = command("run", "folder/big.yaml", "--shrink")
    assert done.code == 1
    assert "shrinking: it breaks 'it stands': 1 actor, 2 steps, 1 expectation, 2d" in done.err
    assert "folder/big.shrunk.yaml still breaks 'it stands', found in" in done.out
    assert done.out.endswith("play it with: adcp-sandbox run folder/big.shrunk.yaml\n")
    small = load("folder/big.shrunk.yaml")
    assert [step.name for step in small.file.steps] == ["fall"]
    assert [judged.name for judged in run(small).expectations if not judged.held] == ["it stands"]


def test_json_names_the_file(command: Command) -> None:
    Path("big.yaml").write_text(FAILING)
    done = command("run", "big.yaml", "--shrink", "--json")
    assert (done.code, json.loads(done.out)["shrunk"]) == (1, "big.shrunk.yaml")


def test_a_scenario_that_holds_is_left_alone(command: Command) -> None:
    done = command("run", "small.yaml", "--shrink")
    assert (done.code, "shrink" in done.out + done.err) == (0, False)
    assert not Path("small.shrunk.yaml").exists()


def test_time_that_runs_out_is_told(command: Command) -> None:
    Path("big.yaml").write_text(FAILING)
    done = command("run", "big.yaml", "--shrink", "--shrink-limit", "0s")
    assert "stopped after 0s; --shrink-limit gives it more time" in done.out
    assert load("big.shrunk.yaml").file.steps


def test_options_that_do_not_go_together_are_refused(command: Command) -> None:
    assert command("run", "small.yaml", "--shrink", "--against", "http://127.0.0.1:9").code == 2
    done = command("run", "small.yaml", "--shrink", "--shrink-limit", "soon")
    assert (done.code, "--shrink-limit" in done.err) == (2, True)


UPLOAD = """\
title: A picture for a campaign that there is not
clock: {start: 2026-05-01, duration: 5d}
actors:
  gazette: {kind: publisher, domain: gazette.example, placements: [{channel: display, daily_opportunities: 10}]}
  northstar: {kind: seller, publishers: [gazette]}
  buyer: {kind: buyer}
steps:
  - name: send
    call: buyer.create_creative
    path: {campaignId: "7"}
    files: [{path: art/logo.png}]
"""


@pytest.mark.parametrize("folder", [".", "base"])
@pytest.mark.parametrize("limit", ["0s", "1m"])
def test_files_beside_the_scenario_are_found_and_stay_where_they_are(command: Command, folder: str, limit: str) -> None:
    """The smaller one is written beside the scenario, and plays there."""
    Path(folder, "art").mkdir(parents=True)
    Path(folder, "art/logo.png").write_bytes(b"logo")
    Path(folder, "whole.yaml").write_text(UPLOAD)
    Path("s.yaml").write_text(f"extends: {folder}/whole.yaml\ntitle: The same\n")
    assert command("run", "s.yaml", "--shrink", "--shrink-limit", limit).code == 1
    small = load("s.shrunk.yaml")
    assert [judged.name for judged in run(small).expectations if not judged.held] == ["send"]
    if limit == "0s":  # nothing was left out yet
        assert f"path: {Path(folder, 'art/logo.png').as_posix()}" in Path("s.shrunk.yaml").read_text()
