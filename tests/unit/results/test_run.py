"""``sandbox.run``: what it takes, what it changes, what it says about mistakes."""

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

import sandbox
from sandbox.core.errors import InputError
from sandbox.results.run import Run

TEXT = """
title: A publisher alone
clock: {start: 2026-06-01, duration: 2d}
seed: 3
actors:
  gazette: {kind: publisher, domain: gazette.example, placements: [{channel: display}]}
"""


def test_a_scenario_is_a_name_a_path_a_text_or_a_mapping(tmp_path: Path) -> None:
    path = tmp_path / "alone.yaml"
    path.write_text(TEXT, "utf-8")
    results = [sandbox.run(given) for given in (path, str(path), TEXT, yaml.safe_load(TEXT))]
    assert len({result.digest for result in results}) == 1
    assert [result.outcome.scenario for result in results[2:]] == ["A publisher alone"] * 2
    assert sandbox.run("lifecycle/one-agent").status == "passed"


def test_a_run_is_the_one_of_the_command_line() -> None:
    from sandbox.scenario import load, run

    assert sandbox.run("lifecycle/one-agent", seed=5).digest == run(load("lifecycle/one-agent"), 5).digest


def test_a_mapping_may_extend_a_file_beside_the_caller(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "alone.yaml").write_text(TEXT, "utf-8")
    monkeypatch.chdir(tmp_path)
    assert sandbox.run({"extends": "alone.yaml", "seed": 8}).outcome.seed == 8


def test_set_changes_the_scenario_as_extends_does_and_leaves_the_original_alone() -> None:
    before = sandbox.run("lifecycle/one-agent")
    richer = sandbox.run("lifecycle/one-agent", set={"vars.budget": 500, "clock.duration": "9d"})
    assert richer.lines["budget"].tolist() == [460.0]  # rule 55: without the fee of 8 %
    assert richer.outcome.simulated_ms == 9 * 86_400_000
    assert "vars.budget=500" in richer.outcome.scenario
    assert sandbox.run("lifecycle/one-agent").digest == before.digest


def test_none_takes_a_setting_away() -> None:
    alone = sandbox.run("lifecycle/one-agent", set={"steps": None, "expect": None})
    assert alone.expectations.empty
    assert alone.outcome.impressions == 0


@pytest.mark.parametrize(
    ("changes", "where", "message"),
    [
        ({"population.users": -1}, "set.yaml:4", "greater than 0"),
        ({"actors.northstar.aproval": "automatic"}, "set.yaml", "aproval"),
        ({"vars": {"budget": 1}, "vars.budget": 2}, "set", "set twice"),
        ({"seed.of": 1, "seed": 2}, "set", "set twice"),
    ],
)
def test_a_mistake_in_set_names_its_line(changes: dict[str, object], where: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        sandbox.run("lifecycle/one-agent", set=changes)
    assert caught.value.where.startswith(where)
    assert message in f"{caught.value.message} {caught.value.hint}"


def test_a_mistake_in_a_text_names_its_line_there() -> None:
    with pytest.raises(InputError) as caught:
        sandbox.run(TEXT.replace("seed: 3", "seed: three"))
    assert caught.value.where == "scenario.yaml:4"


def test_an_unknown_name_is_an_input_error_with_a_hint() -> None:
    with pytest.raises(InputError) as caught:
        sandbox.run("lifecycle/first-campain")
    assert "lifecycle/first-campaign" in caught.value.hint


def test_importing_the_package_imports_nothing_heavy() -> None:
    heavy = "numpy pandas matplotlib pydantic yaml simpy networkx pyarrow".split()
    code = f"import sys, sandbox; print([name for name in {heavy} if name in sys.modules])"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert shown.strip() == "[]"


def test_playing_a_scenario_needs_neither_pandas_nor_matplotlib() -> None:
    code = (
        "import sys, sandbox; sandbox.run('lifecycle/one-agent');"
        "print([name for name in ('pandas', 'matplotlib') if name in sys.modules])"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert shown.strip() == "[]"


def test_a_result_says_in_one_line_what_came_of_the_run(result: Run) -> None:
    assert repr(result).startswith("<lifecycle/first-campaign with ")
    assert f"{result.outcome.impressions:,} impressions" in repr(result)
    assert result.summary()["digest"] == result.digest


@pytest.mark.parametrize("missing", ["pandas", "matplotlib"])
def test_tables_and_pictures_say_what_to_install(result: Run, monkeypatch: pytest.MonkeyPatch, missing: str) -> None:
    monkeypatch.setattr("sandbox.results.run.find_spec", lambda name: None if name == missing else name)
    plain = Run(result.outcome)
    with pytest.raises(ModuleNotFoundError, match=rf"need {missing}: install the extra `notebook`") as caught:
        _ = plain.plot if missing == "matplotlib" else plain.messages
    assert caught.value.name == missing
    if missing == "pandas":
        for table in ("lines", "terms", "statuses", "plot"):
            with pytest.raises(ModuleNotFoundError, match="extra `notebook`"):
                getattr(plain, table)
        with pytest.raises(ModuleNotFoundError, match="extra `notebook`"):
            plain.by_publisher()
