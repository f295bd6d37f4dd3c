"""Files that the command line writes: a folder that can't take one is told before any work is done."""

from __future__ import annotations

from pathlib import Path

import pytest

from sandbox.cli import shrink
from sandbox.results import tables
from tests.unit.cli.conftest import SMALL, Command

NOWHERE = "http://127.0.0.1:1"
"""Where nothing answers: whoever gets there has begun to work."""


@pytest.mark.parametrize("option", ["--junit", "--html"])
@pytest.mark.parametrize(
    ("path", "message"), [("missing/x", "there is no folder missing"), ("/proc/x", "can't write to the folder /proc")]
)
def test_check_looks_at_its_files_first(command: Command, option: str, path: str, message: str) -> None:
    done = command("check", "outcome-agent", NOWHERE, option, path)
    assert (done.code, done.err.startswith(f"error: {option}: {message}")) == (2, True), done.err


def test_replay_looks_at_its_file_first(command: Command) -> None:
    done = command("replay", "no-journal.db", "--export", "missing/x.yaml")
    assert (done.code, done.err.startswith("error: --export: there is no folder missing")) == (2, True)


def test_serve_looks_at_its_file_first(command: Command) -> None:
    done = command("serve", "no-scenario.yaml", "--ready-file", "missing/ready.json")
    assert (done.code, done.err.startswith("error: --ready-file: there is no folder missing")) == (2, True)


def test_run_looks_at_its_folder_first(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sandbox.cli.run.run", _never)
    done = command("run", "small.yaml", "--out", "/proc")
    assert (done.code, done.err.startswith("error: --out: can't write to the folder /proc")) == (2, True)


def test_run_looks_where_the_smaller_scenario_is_to_be_first(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sandbox.cli.run.run", _never)
    Path("small.shrunk.yaml").mkdir()
    done = command("run", "small.yaml", "--shrink")
    assert (done.code, done.err.startswith("error: --shrink: small.shrunk.yaml is a folder")) == (2, True)


def _never(*_: object) -> None:
    raise AssertionError("it has begun to work")


def test_a_smaller_scenario_that_is_not_written_whole_leaves_the_one_before(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("small.shrunk.yaml").write_text("the one before")
    Path("small.yaml").write_text(SMALL.replace("name: it falls, eventually", "name: it stands, never"))
    monkeypatch.setattr(Path, "replace", _full)
    done = command("run", "small.yaml", "--shrink")
    assert (done.code, "--shrink: can't write small.shrunk.yaml: No space left" in done.err) == (2, True)
    assert Path("small.shrunk.yaml").read_text() == "the one before"
    assert sorted(path.name for path in Path().iterdir()) == ["small.shrunk.yaml", "small.yaml"]


def _full(*_: object) -> None:
    raise OSError(28, "No space left on device")


def test_result_json_is_there_only_if_the_rest_is(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    command("run", "small.yaml", "--out", "out")
    before = {path.name: path.read_bytes() for path in Path("out").iterdir()}
    Path("out/result.json").unlink()
    monkeypatch.setattr(tables, "tables", lambda _result: {"messages": [{"at": "no instant"}]})
    with pytest.raises(TypeError, match="cannot be converted"):
        command("run", "small.yaml", "--out", "out")
    left = {path.name: path.read_bytes() for path in Path("out").iterdir()}
    assert left == {name: content for name, content in before.items() if name != "result.json"}


def test_a_shipped_scenario_is_made_smaller_in_the_present_folder(command: Command) -> None:
    assert shrink.target("lifecycle/first-campaign") == Path("first-campaign.shrunk.yaml")
    assert shrink.target("small.yaml") == Path("small.shrunk.yaml")
