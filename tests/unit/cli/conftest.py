"""Runs the command line in this process."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from sandbox.cli.main import main

SMALL = """\
title: A publisher alone
clock: {start: 2026-05-01, duration: 2d}
actors:
  gazette: {kind: publisher, domain: gazette.example, placements: [{channel: display}]}
steps:
  - {name: fall, after: 1h, do: gazette.go_down}
expect:
  - {name: it falls, eventually: {event: {kind: fault, data: {fault: down}}}}
"""


@dataclass
class Done:
    """What a command came to."""

    code: int
    out: str
    err: str


Command = Callable[..., Done]


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Command:
    """Run ``adcp-sandbox`` with arguments in an empty folder that holds ``small.yaml``."""
    monkeypatch.chdir(tmp_path)
    Path("small.yaml").write_text(SMALL, encoding="utf-8")

    def command(*arguments: str) -> Done:
        monkeypatch.setattr(sys, "argv", ["adcp-sandbox", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capfd.readouterr()
        return Done(int(ended.value.code or 0), out, err)

    return command
