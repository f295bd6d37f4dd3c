"""Services that are programs of their own, for the contract tests: each prints a line of JSON when it listens."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

EXPRESS = Path(__file__).parent / "express"
CACHE = Path.home() / ".cache" / "adcp-sandbox" / "express"


@contextmanager
def program(command: list[str], environment: Mapping[str, str]) -> Iterator[str]:
    """Run a program until the block ends; gives its address."""
    process = subprocess.Popen(command, env={**os.environ, **environment}, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        for line in process.stdout:
            if line.startswith('{"url"'):
                url = json.loads(line)["url"]
                _wait_for(url, process)
                yield url
                return
        raise RuntimeError(f"{command} ended before it listened")
    finally:
        process.kill()
        process.wait(30)
        process.stdout.close()


def _wait_for(url: str, process: subprocess.Popen[str]) -> None:
    """Wait until somebody listens."""
    at = urlsplit(url)
    assert at.hostname is not None
    while process.poll() is None:
        try:
            socket.create_connection((at.hostname, at.port or 80), timeout=5).close()
        except OSError:
            time.sleep(0.1)
        else:
            return


@contextmanager
def express_agent(key: str) -> Iterator[str]:
    """The Express outcome agent; skips the test where Node or its package can't be had."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("there is no Node on this machine")
    CACHE.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "server.mjs"):
        shutil.copy(EXPRESS / name, CACHE / name)
    if not (CACHE / "node_modules" / "express").is_dir():
        done = subprocess.run(
            ["npm", "install", "--no-audit", "--no-fund"], cwd=CACHE, capture_output=True, check=False, timeout=300
        )
        if done.returncode:
            pytest.skip("npm can't install express here")
    with program(["node", str(CACHE / "server.mjs")], {"OUTCOME_KEY": key}) as url:
        yield url
