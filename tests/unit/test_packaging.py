"""The wheel: everything that runs is in it, nothing else, and its scenarios are found."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

TOP_LEVEL = {"agents", "sandbox", "scenarios"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps"]
    command = [*build, "--wheel-dir", str(folder), str(_copy(folder))]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    return next(folder.glob("adcp_sandbox-*.whl"))


def _copy(folder: Path) -> Path:
    """The sources that a wheel is made of, apart from what tests and tools leave beside them."""
    source = folder / "source"
    for path in _sources():
        (source / path).parent.mkdir(parents=True, exist_ok=True)
        (source / path).write_bytes((ROOT / path).read_bytes())
    return source


def _sources() -> list[Path]:
    wanted = [ROOT / name for name in ("pyproject.toml", "README.md")]
    for top in sorted(TOP_LEVEL):
        wanted += [path for path in sorted((ROOT / top).rglob("*")) if path.is_file()]
    named = [path.relative_to(ROOT) for path in wanted if path.suffix not in (".pyc", ".nbi", ".nbc")]
    return [path for path in named if not any(part.startswith(".") for part in path.parts)]


@pytest.mark.slow
def test_the_wheel_holds_the_three_packages_whole_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert {name.partition("/")[0] for name in held} == TOP_LEVEL
    assert held == {path.as_posix() for path in _sources() if path.parts[0] in TOP_LEVEL}


@pytest.mark.slow
def test_scenarios_are_found_in_an_installed_wheel(wheel: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path)
    script = (
        "import sys; sys.path.insert(0, sys.argv[1]); import scenarios; "
        "assert scenarios.__file__.startswith(sys.argv[1]); "
        "from sandbox.scenario.catalog import shipped; print(*shipped())"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert "lifecycle/first-campaign" in done.stdout.split(), done.stderr
    expected = {path.relative_to(ROOT / "scenarios") for path in (ROOT / "scenarios").rglob("*.yaml")}
    assert set(done.stdout.split()) == {path.with_suffix("").as_posix() for path in expected}


def test_constraints_name_a_version_of_everything_and_no_address() -> None:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    names = [line.partition("==")[0] for line in lines]
    assert all(line.count("==") == 1 and "/" not in line and "@" not in line for line in lines)
    assert len(names) == len({name.lower().replace("_", "-") for name in names})
