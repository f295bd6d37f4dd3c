"""What `adcp-sandbox serve` tells people besides its ready line, on stderr."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
from pathlib import Path

from tests.server.process import Process
from tests.server.test_serve_command import COMMAND


def test_a_restart_says_what_it_is_busy_with(tmp_path: Path) -> None:
    sandbox = Process(tmp_path)
    try:
        assert sandbox.errors.read_text() == ""
        sandbox.advertiser()
        assert sandbox.restart() > 0
        assert sandbox.errors.read_text() == (
            f"doing again what sqlite:///{tmp_path}/journal.db has; another --journal begins anew\n"
        )
    finally:
        sandbox.stop()


def test_a_journal_is_a_file_by_its_path(tmp_path: Path) -> None:
    command = [*COMMAND, "--journal", "kept.db"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        line = json.loads(process.stdout.readline())
        process.send_signal(signal.SIGTERM)
    assert line["journal"] == "sqlite:///kept.db"
    assert (tmp_path / "kept.db").is_file()


def test_a_terminal_gets_addresses_and_keys_in_lines(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    command = [*COMMAND, "--journal", "memory"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=theirs, text=True) as process:
        assert process.stdout is not None
        line = json.loads(process.stdout.readline())
        told = b""
        while b"Ctrl-C" not in told:
            told += os.read(ours, 4096)
        process.send_signal(signal.SIGTERM)
    os.close(theirs)
    os.close(ours)
    shown = told.decode()
    assert f"dashboard  {line['dashboard']}" in shown
    assert f"{line['buyer_api']}/api/v2/buyer  Authorization: Bearer {line['customers'][0]['api_key']}" in shown
    for agent in line["agents"]:
        assert f"{agent['mcp']}  Authorization: Bearer {agent['token']}" in shown
    assert f"{line['outcome_agents'][0]['url']}  X-API-Key: " in shown
    assert "nothing is kept" in shown


def test_a_replay_without_the_uploaded_files_says_where_they_belong(tmp_path: Path) -> None:
    served = tmp_path / "served"
    served.mkdir()
    sandbox = Process(served)
    try:
        campaign = sandbox.campaign(sandbox.advertiser())
        parts = {"metadata": (None, '{"name": "Page"}', "application/json"), "files": ("a.html", "<p>", "text/html")}
        assert sandbox.send("POST", f"campaigns/{campaign}/creatives/create", files=parts).status_code == 201
    finally:
        sandbox.stop()
    (tmp_path / "alone.db").write_bytes((served / "journal.db").read_bytes())
    done = subprocess.run(
        [sys.executable, "-m", "sandbox.cli", "replay", "alone.db"],
        cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "is not in a folder `files` beside the journal" in done.stderr
    assert "hint: files are in .adcp-sandbox/files" in done.stderr
