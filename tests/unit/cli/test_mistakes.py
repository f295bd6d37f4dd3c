"""What somebody sees who mistypes, looks around, or presses Ctrl-C."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from sandbox.cli import run as run_command
from sandbox.cli.main import STOPPED
from tests.unit.cli.conftest import SMALL, Command


def test_ctrl_c_has_an_exit_code_of_its_own(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(_: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(run_command, "load", stop)
    done = command("run", "small.yaml")
    assert (done.code, STOPPED) == (130, 130)
    assert done.err.strip() == "stopped"


def test_the_list_of_commands_cuts_no_sentence_off(command: Command) -> None:
    listed = command("--help").out.partition("Commands:")[2]
    assert len(listed.strip().splitlines()) == 7
    assert "..." not in listed


@pytest.mark.parametrize("what", ["outcome-agent", "sales-agent", "buyer-platform"])
def test_checks_are_listed_without_an_address(command: Command, what: str) -> None:
    done = (
        command("check", what, "--list", "--only", "auth")
        if what != "buyer-platform"
        else command("check", what, "--list")
    )
    assert done.code == 0
    assert "must" in done.out


def test_a_check_without_an_address_says_what_is_missing(command: Command) -> None:
    done = command("check", "sales-agent")
    assert done.code == 2
    assert "Missing argument 'URL': the address of what is checked" in done.err


@pytest.mark.parametrize("name", [".", "nothing", ""])
def test_a_name_that_is_none_is_not_answered_with_all_that_there_are(command: Command, name: str) -> None:
    done = command("run", name)
    assert done.code == 2
    assert "`adcp-sandbox scenarios`" in done.err
    assert len(done.err) < 200


def test_a_name_that_looks_like_one_gets_the_nearest(command: Command) -> None:
    assert "did you mean lifecycle/first-campaign" in command("run", "lifecycle/first-campain").err


def test_a_scenario_without_its_ending_is_recognised(command: Command) -> None:
    done = command("validate", "small")
    assert done.code == 2
    assert "did you mean small.yaml?" in done.err


def test_a_port_that_is_taken_is_told_once(command: Command) -> None:
    Path("small.yaml").write_text(SMALL, "utf-8")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = command("serve", "worlds/default", "--journal", "memory", "--port", str(port))
    assert done.code == 2
    assert f"--port: can't listen on 127.0.0.1:{port}: Address already in use\n" in done.err
