"""What the guide to checks shows is true: its agent runs, and its commands come to what it says."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from aiohttp.test_utils import unused_port
from click.testing import CliRunner, Result

from sandbox.cli.main import cli
from sandbox.contract.outcome_agent.agent import PLATFORM_PORT
from sandbox.contract.outcome_agent.flight.grades import USED
from sandbox.contract.outcome_agent.flight.market import PLATFORM_KEY

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs" / "check.md").read_text("utf-8")
FIVE_MINUTES = GUIDE.partition("## Test your outcome agent in five minutes")[2].partition("\n## ")[0]


def block(language: str) -> list[str]:
    """The fenced blocks of a language in the section."""
    return re.findall(rf"^```{language}\n(.*?)^```", FIVE_MINUTES, re.MULTILINE | re.DOTALL)


COMMANDS = [line for text in block("console") for line in text.splitlines() if line.startswith("adcp-sandbox")]


@pytest.fixture(scope="module")
def agent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The agent of the guide, on a port that is free."""
    port = unused_port()
    file = tmp_path_factory.mktemp("agent") / "agent.py"
    file.write_text(block("python")[0].replace("3000", str(port)), "utf-8")
    process = subprocess.Popen([sys.executable, str(file)], stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    for _ in range(100):
        try:
            httpx.post(url, json={})
            break
        except httpx.ConnectError:
            time.sleep(0.05)
    yield url
    process.terminate()
    process.wait(10)


def played(line: str, url: str) -> Result:
    """A command of the guide, against the agent where it is here."""
    words = line.replace("http://127.0.0.1:3000", url).split()[1:]
    return CliRunner().invoke(cli, words)


def test_the_first_command_finds_what_the_agent_gets_right(agent: str) -> None:
    done = played(COMMANDS[0], agent)
    assert done.exit_code == 0, done.output
    assert "conforms" in done.output
    assert "auth.none" in done.output
    assert re.search(r"^warned +context.agrees", done.output, re.MULTILINE)


def test_the_second_command_finds_what_it_gets_wrong(
    agent: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = played(COMMANDS[1], agent)
    assert done.exit_code == 1, done.output
    failed = re.findall(r"^failed +(\S+)", done.output, re.MULTILINE)
    assert {"proposals.empty", "messages.malformed"} <= set(failed)
    assert "curl -sS" in done.output
    page = (tmp_path / "page.html").read_text("utf-8")
    assert "does not conform" in page
    assert "let-me-in" not in page + done.output


def test_the_section_names_the_platform_of_the_flight() -> None:
    assert f"http://127.0.0.1:{PLATFORM_PORT}/rest/v1" in FIVE_MINUTES
    assert PLATFORM_KEY in FIVE_MINUTES
    assert f"({USED * 100:.0f} % at least)" in FIVE_MINUTES


@pytest.mark.parametrize("option", sorted(set(re.findall(r"`(--[a-z-]+)", GUIDE))))
def test_every_option_exists(option: str) -> None:
    assert option in CliRunner().invoke(cli, ["check", "--help"]).output
