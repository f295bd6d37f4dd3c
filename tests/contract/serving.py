"""A sandbox that a process of its own serves, for clients that are programs of their own."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


@contextmanager
def serving(scenario: str = "worlds/default", *options: str) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Serve a scenario, with a manual clock unless ``options`` say otherwise; gives the ready file and what it says."""
    with tempfile.TemporaryDirectory() as folder:
        ready = Path(folder) / "ready.json"
        command = [sys.executable, "-m", "sandbox.cli", "serve", scenario, "--port", "0", "--agents-port", "0"]
        process = subprocess.Popen(
            [*command, "--journal", "memory", "--ready-file", str(ready), *options], stdout=subprocess.DEVNULL
        )
        try:
            while not (ready.exists() and ready.read_text().endswith("\n")):
                if process.poll() is not None:
                    raise RuntimeError("the sandbox did not start")
                time.sleep(0.05)
            yield ready, json.loads(ready.read_text())
        finally:
            process.terminate()
            process.wait(30)
