"""``adcp-sandbox serve`` on the command line: a user's mistake is named, with what would be right, and no traceback."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from sandbox.core.errors import InputError
from sandbox.journal.store import Entry, Journal
from sandbox.server.clock import FASTEST, read_mode
from tests.server.conftest import MakeLive

COMMAND = [sys.executable, "-m", "sandbox.cli", "serve", "--port", "0", "--agents-port", "0"]


def mistake(folder: Path, *options: str) -> str:
    """Start with options that can't be; gives what is said about it."""
    done = subprocess.run([*COMMAND, *options], cwd=folder, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2, (done.returncode, done.stderr)
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    return done.stderr


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (("--ready-file", "/proc/none/ready.json"), "--ready-file: there is no folder /proc/none"),
        (("--ready-file", "/dev/full"), "--ready-file: can't write /dev/full: No space left"),
        (("--rate-limit", "nan"), "--rate-limit: not a number of requests"),
        (("--rate-limit", "inf"), "--rate-limit: not a number of requests"),
        (("--allow-host", "https://hooks.example.com/x"), "--allow-host: not the name of a host"),
        (("--host", "nonsense.invalid"), "--host: can't listen on nonsense.invalid"),
        (("--host", "203.0.113.1"), "--host: can't listen on 203.0.113.1"),
        (("--clock", "x99999999999999999999"), "--clock: unknown clock"),
        (("--start", "yesterday"), "--start: not an ISO 8601 instant"),
        (("no/such/world",), "there is no scenario 'no/such/world'"),
    ],
)
def test_an_option_that_can_t_be_is_named(tmp_path: Path, options: tuple[str, ...], named: str) -> None:
    journal = ("--journal", "memory")
    if options[0] == "--ready-file" and options[1] == "/dev/full" and not Path("/dev/full").exists():
        pytest.skip("there is no /dev/full here")
    assert named in mistake(tmp_path, *journal, *options)


def test_a_port_that_is_taken_is_named_with_its_option(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        said = mistake(tmp_path, "--journal", "memory", "--port", port)
    assert f"--port: can't listen on 127.0.0.1:{port}" in said
    assert "0 finds a free port" in said


def test_a_journal_that_is_damaged_is_named(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    journal = Journal(f"sqlite:///{path}")
    text = json.dumps({"text": "x" * 1_000})
    journal.append([Entry("acme", n, "call", "x", text, "acme", "", 200, text) for n in range(200)])
    journal.close()
    whole = path.read_bytes()
    path.write_bytes(whole[:20_000] + bytes(len(whole) - 20_000))
    with pytest.raises(InputError, match="no journal can be kept at"):
        _read_all(Journal(f"sqlite:///{path}"))


def _read_all(journal: Journal) -> None:
    try:
        for world in journal.worlds():
            list(journal.entries(world))
    finally:
        journal.close()


def test_the_fastest_clock_is_the_fastest() -> None:
    assert read_mode(f"x{FASTEST}") == FASTEST
    with pytest.raises(InputError, match="unknown clock"):
        read_mode(f"x{FASTEST + 1}")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
@pytest.mark.parametrize("out", ["full", "closed"])
def test_it_serves_even_if_nobody_can_read_its_output(tmp_path: Path, out: str) -> None:
    ready = tmp_path / "ready.json"
    command = [*COMMAND, "--journal", "memory", "--ready-file", str(ready)]
    shell = f'exec "$@" >{"/dev/full" if out == "full" else "&-"}'
    with subprocess.Popen(["sh", "-c", shell, "sh", *command], cwd=tmp_path, stderr=subprocess.PIPE) as process:
        try:
            while not (ready.exists() and ready.read_text().endswith("\n")):
                assert process.poll() is None
                time.sleep(0.02)
            time.sleep(0.2)
            assert httpx.get(json.loads(ready.read_text())["control"] + "/clock").status_code == 200
        finally:
            process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
        assert process.stderr is not None
        assert process.stderr.read() == b""


def test_uploads_that_do_not_come_whole_leave_no_file(tmp_path: Path, make_live: MakeLive) -> None:
    live = make_live()
    campaign = live.campaign(live.advertiser())
    port = httpx.URL(live.line["buyer_api"]).port or 0
    head = (
        f"POST /api/v2/buyer/campaigns/{campaign}/creatives/create HTTP/1.1\r\nHost: localhost\r\n"
        "Authorization: Bearer sk_sandbox_acme\r\nContent-Length: 5000000\r\n"
        "Content-Type: multipart/form-data; boundary=b\r\n\r\n"
        '--b\r\nContent-Disposition: form-data; name="files"; filename="a.png"\r\n\r\n'
    )
    for _ in range(3):
        with socket.create_connection(("127.0.0.1", port)) as client:
            client.sendall(head.encode() + os.urandom(400_000))
            time.sleep(0.3)
    time.sleep(0.3)
    live.ok("GET", "advertisers")
    assert list((tmp_path / "files").iterdir()) == []


def test_a_start_without_the_uploaded_files_says_where_they_are_looked_for(tmp_path: Path, make_live: MakeLive) -> None:
    live = make_live()
    campaign = live.campaign(live.advertiser())
    parts = {"metadata": (None, '{"name": "Page"}', "application/json"), "files": ("a.html", "<p>x</p>", "text/html")}
    assert live.send("POST", f"campaigns/{campaign}/creatives/create", files=parts).status_code == 201
    live.stop()
    for file in (tmp_path / "files").iterdir():
        file.unlink()
    with pytest.raises(InputError, match=r"a file that came with create_creative .* is not in .*/files") as caught:
        make_live()
    assert caught.value.where == "--journal"


def test_what_can_t_be_written_is_not_told(tmp_path: Path) -> None:  # rule 13
    """What was to be written is one customer's, and who is told of the failure may be another one."""
    journal = Journal(f"sqlite:///{tmp_path}/journal.db")
    nothing: Any = None
    private = Entry(nothing, 1, "call", "x", '{"name": "very private"}', "acme", "", 200, "{}")
    for _ in range(2):
        with pytest.raises(OSError, match="NOT NULL") as caught:
            journal.append([private])
        assert "private" not in str(caught.value)
    journal.append([Entry("acme", 1, "call", "x", "{}", "acme", "", 200, "{}")])
    journal.close()
