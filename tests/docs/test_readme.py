"""What README and the first pages after it show is true: scenario, session with curl, commands, table of actors."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from sandbox.cli.main import cli
from sandbox.contract.subjects import SUBJECTS, subject
from sandbox.kernel.actor import actor_kind, actor_kinds
from sandbox.kernel.world import World
from sandbox.scenario import load, run

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")
SCENARIOS = (ROOT / "docs" / "scenarios.md").read_text("utf-8")
SERVING = (ROOT / "docs" / "serving.md").read_text("utf-8")


def blocks(language: str, page: str = README) -> list[str]:
    """The fenced blocks of a language."""
    fences = re.split(r"^```(.*)$", page, flags=re.MULTILINE)
    opened = zip(fences[1::4], fences[2::4], strict=True)
    return [text.lstrip("\n") for name, text in opened if name == language]


COMMANDS = [line for block in blocks("") for line in block.splitlines() if line.startswith("adcp-sandbox")]


def test_the_scenario_that_is_explained_plays_and_keeps_its_promises(tmp_path: Path) -> None:
    path = tmp_path / "week.yaml"
    path.write_text(blocks("yaml", SCENARIOS)[0], "utf-8")
    result = run(load(str(path)))
    assert [judged for judged in result.expectations if not judged.held] == []
    assert result.status == "passed"
    assert len(result.expectations) >= 7


@pytest.mark.parametrize("line", COMMANDS)
def test_every_command_of_the_readme_exists(line: str) -> None:
    assert len(COMMANDS) >= 6
    words = line.partition("#")[0].split()[1:]
    done = CliRunner().invoke(cli, [words[0], "--help"])
    assert done.exit_code == 0, done.output
    for option in (word for word in words if word.startswith("--")):
        assert option in done.output


@pytest.mark.parametrize("what", ["outcome-agent", "sales-agent", "buyer-platform"])
def test_the_numbers_of_checks_are_true(what: str) -> None:
    figures = re.search(r"More than (\d+), (\d+) and (\d+) named checks", README)
    assert figures is not None
    least = int(dict(zip(SUBJECTS, figures.groups(), strict=True))[what])
    assert least < len(subject(what).checks) < least + 50


def test_the_first_screen_has_the_two_commands_and_ways_to_all_uses() -> None:
    screen = "\n".join(README.splitlines()[:30])
    assert {"make demo", "make test"} <= set(re.findall(r"^make \w+", screen, re.MULTILINE))
    linked = set(re.findall(r"\(docs/([a-z-]+)\.md\)", screen))
    assert linked == {page.stem for page in (ROOT / "docs").glob("*.md")} - {"outcome-agents"}


def test_the_make_targets_of_the_readme_exist() -> None:
    targets = re.findall(r"^make (\w+)", README, re.MULTILINE)
    makefile = (ROOT / "Makefile").read_text("utf-8")
    assert {"demo", "test"} <= set(targets)
    assert all(re.search(rf"^{target}:", makefile, re.MULTILINE) for target in targets)


def test_the_table_of_kinds_names_all_of_them_and_counts_the_sellers_tools() -> None:
    named = set(re.findall(r"^\| `(\w+)` \|", README, re.MULTILINE))
    assert named == set(actor_kinds())
    kind = actor_kind("seller")
    seller = kind.build(World(1, 0), "seller", kind.config())
    assert seller.endpoint is not None
    count = re.search(r"with (\d+) AdCP tools", README)
    assert count is not None
    assert int(count[1]) == len(seller.endpoint.operations)


def test_links_lead_to_files() -> None:
    for target in re.findall(r"\]\((?!http)([^)]+)\)", README):
        assert (ROOT / target).exists(), target


def test_the_session_with_curl_runs_from_the_advertiser_to_the_report(tmp_path: Path) -> None:
    """Against a server of its own: only the port is another one."""
    if shutil.which("curl") is None:
        pytest.skip("needs curl")
    ready = tmp_path / "ready.json"
    command = [sys.executable, "-m", "sandbox.cli", "serve", "--port", "0", "--ready-file", str(ready)]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        line = json.loads(server.stdout.readline())
        assert line == json.loads(ready.read_text())
        script = blocks("sh", SERVING)[0].replace("http://127.0.0.1:8080", line["buyer_api"])
        done = subprocess.run(["bash", "-eu", "-c", script], check=False, capture_output=True, text=True, timeout=120)
        server.terminate()
    assert done.returncode == 0, done.stderr
    assert done.stdout == blocks("text", SERVING)[0]


def test_the_python_example_runs(capsys: pytest.CaptureFixture[str]) -> None:
    exec(compile(blocks("python")[0], "README.md", "exec"), {})
    status, digest = capsys.readouterr().out.split()
    assert status == "passed"
    assert len(digest) == 64
